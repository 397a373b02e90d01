//! The page in a real browser: no error, no request, and what the page promises works.

use serde_json::Value;

use super::chromium::Chromium;
use super::*;

/// A page of the sweep that [`recorded`] makes, with enough rows to be filtered.
fn page(out: &Path) -> PathBuf {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let sweep = MadeTrials::new().sweep("shown", &[0.001, 0.003, 0.01, 0.03], &[0.0005, 0.001], 3);
    let is = |spec: &TrialSpec, field: &str, value: f64| fabricate::number(spec, field) == Some(value);
    let fails = |spec: &TrialSpec| match spec.kind.as_str() {
        "drr" if is(spec, "tau", 0.03) && is(spec, "actor_lr", 0.001) && spec.seed.0 == 2 => Some("NaN <b>at</b> 7"),
        _ => None,
    };
    fabricate::run(&mut store, runs.path(), &sweep, fails);
    report_as(&store, "shown", out, TEXT).files[0].clone()
}

/// The part of the page that the tests look into, which is folded.
const PART: &str = "#part-offline-published-ml-100k";

/// Opens every part of the page.
fn unfold(browser: &mut Chromium) {
    browser.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
}

/// What stands in a column of the first table of that part, of the rows that are shown.
fn column(browser: &mut Chromium, index: usize) -> Vec<String> {
    let cells = format!(
        "[...document.querySelector('{PART} table').tBodies[0].rows].filter((row) => !row.hidden)
            .map((row) => row.cells[{index}].dataset.sort)"
    );
    let cells = browser.value(&cells);
    cells.as_array().expect("a list").iter().map(|cell| cell.as_str().expect("text").to_owned()).collect()
}

fn numbers(column: &[String]) -> Vec<f64> {
    column.iter().filter_map(|text| text.parse().ok()).collect()
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_sorts_filters_and_leads_to_trials_without_an_error() {
    let mut browser = Chromium::start();
    let out = tempfile::tempdir().expect("a temporary folder");
    let page = page(out.path());
    browser.window(1280, 900, "light");
    browser.open(&page);
    unfold(&mut browser);
    let press = |browser: &mut Chromium, selector: &str| {
        browser.value(&format!("document.querySelector({selector:?}).click()"));
    };

    // Nothing of a table of two axes and four K is cut off on a screen of this width.
    let cut = format!(
        "[...document.querySelectorAll('{PART} .scroll:not(.picture)')].slice(0, 3).filter((it) => it.scrollWidth > it.clientWidth).length"
    );
    assert_eq!(browser.value(&cut), 0);
    assert_eq!(browser.value(&format!("document.querySelector('{PART} th small').textContent")), "280 users");

    // Sorted by a number: the greatest first, then the least, what is missing last.
    let before = column(&mut browser, 3);
    press(&mut browser, &format!("{PART} table thead th:nth-child(4) button"));
    let down = column(&mut browser, 3);
    assert_ne!(before, down);
    assert!(numbers(&down).is_sorted_by(|a, b| a >= b), "{down:?}");
    assert_eq!(browser.value("document.querySelector('th[aria-sort]').ariaSort"), "descending");
    press(&mut browser, &format!("{PART} table thead th:nth-child(4) button"));
    assert!(numbers(&column(&mut browser, 3)).is_sorted());
    press(&mut browser, &format!("{PART} table thead th:nth-child(2) button"));
    let taus = column(&mut browser, 1);
    assert!(numbers(&taus).is_sorted() && taus.last().is_some_and(|last| last == "–"), "{taus:?}");

    // Filtered by words, all of them, either of those with a bar between.
    let type_in = |browser: &mut Chromium, table: &str, text: &str| {
        browser.value(&format!(
            "new Promise((done) => {{
                const input = document.querySelector('{table} input.filter');
                input.value = {text:?};
                input.dispatchEvent(new Event('input'));
                setTimeout(done, 300);
            }})"
        ));
    };
    type_in(&mut browser, PART, "UNTRAINED seeds");
    assert_eq!(column(&mut browser, 0), ["drr-untrained"]);
    assert_eq!(browser.value(&format!("document.querySelector('{PART} .count').textContent")), "1 of 12 rows");
    type_in(&mut browser, PART, "pmf|random");
    assert_eq!(column(&mut browser, 0).len(), 2);
    type_in(&mut browser, PART, "nothing of the kind");
    assert_eq!(column(&mut browser, 0).len(), 0);
    type_in(&mut browser, PART, "");
    assert_eq!(column(&mut browser, 0).len(), 12);

    // From a number to its trials and back.
    let shown = "[...document.querySelectorAll('#trials tbody tr')].filter((row) => !row.hidden).length";
    browser.value(&format!("document.querySelector('{PART} table tbody tr td.number').click()"));
    browser.value("new Promise((done) => setTimeout(done, 300))");
    assert_eq!(browser.value(shown), 3);
    let command = browser.value("document.querySelector('#behind code').textContent");
    assert_eq!(command.as_str().expect("text").split(' ').count(), 5, "drr-lab verify and three ids: {command}");
    press(&mut browser, "#behind button.all");
    browser.value("new Promise((done) => setTimeout(done, 300))");
    assert!(browser.value(shown).as_u64().expect("a number") > 100);
    // A cell of a pivoted table has trials of its own.
    browser.value("document.querySelector('td[data-trials] a.runs').click()");
    browser.value("new Promise((done) => setTimeout(done, 300))");
    assert_eq!(browser.value(shown), 3);

    // Figures tell their numbers, failures open.
    assert!(browser.value("document.querySelectorAll('svg .spot title').length").as_u64().expect("a number") > 100);
    press(&mut browser, "#failures details summary");
    assert_eq!(browser.value("document.querySelector('#failures details').open"), false, "it was open");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_works_from_the_keyboard() {
    let mut browser = Chromium::start();
    let out = tempfile::tempdir().expect("a temporary folder");
    let page = page(out.path());
    browser.window(1280, 900, "light");
    browser.open(&page);
    unfold(&mut browser);
    let at = |browser: &mut Chromium| {
        browser.value(&format!("document.activeElement.closest('{PART} th')?.cellIndex ?? null"))
    };
    let mut steps = 0;
    while at(&mut browser) != 3 {
        browser.press("Tab");
        steps += 1;
        assert!(steps < 120, "a header is not reached");
    }
    let outline = browser.value("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid", "what has the focus is seen");
    browser.press("Enter");
    assert!(numbers(&column(&mut browser, 3)).is_sorted_by(|a, b| a >= b));
    while browser.value("document.activeElement.className") != "runs" {
        browser.press("Tab");
        steps += 1;
        assert!(steps < 200, "a link to trials is not reached");
    }
    browser.press("Enter");
    assert_eq!(browser.value("document.activeElement.id"), "behind");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_fits_a_telephone_and_is_legible_light_and_dark_and_on_paper() {
    let mut browser = Chromium::start();
    let out = tempfile::tempdir().expect("a temporary folder");
    let page = page(out.path());
    let pictures = std::env::var_os("DRR_LAB_SCREENSHOTS").map(PathBuf::from);
    // WCAG's contrast of two colours, of text to the page's ground.
    let contrast = "(() => {
        const light = (color) => color.match(/[0-9.]+/g).slice(0, 3).map((part) => {
            part /= 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        }).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
        const ground = light(getComputedStyle(document.body).backgroundColor);
        const one = (selector) => {
            const text = light(getComputedStyle(document.querySelector(selector)).color);
            return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
        };
        return ['body', '.notes', 'a', 'td.short', 'td.failed', '.kind', 'footer'].map(one);
    })()";
    for (width, height) in [(360, 740), (1280, 900)] {
        for scheme in ["light", "dark"] {
            browser.window(width, height, scheme);
            browser.open(&page);
            unfold(&mut browser);
            let wide = browser.value("document.documentElement.scrollWidth");
            assert!(wide.as_u64().is_some_and(|wide| wide <= u64::from(width)), "{wide} at {width}");
            let contrasts = browser.value(contrast);
            let enough = |value: &Value| value.as_f64().is_some_and(|value| value >= 4.5);
            assert!(contrasts.as_array().is_some_and(|all| all.iter().all(enough)), "{scheme}: {contrasts}");
            if let Some(folder) = &pictures {
                fs::create_dir_all(folder).expect("a folder");
                browser.picture(&folder.join(format!("page-{width}-{scheme}.png")), true);
            }
        }
    }
    // On paper: dark on white whatever the screen has, no tools, nothing cut off.
    browser.ask("Emulation.setEmulatedMedia", serde_json::json!({ "media": "print" }));
    assert_eq!(browser.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(browser.value("getComputedStyle(document.querySelector('.tools')).display"), "none");
    assert_eq!(browser.value("getComputedStyle(document.querySelector('.scroll')).overflowX"), "visible");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
#[ignore = "needs Chromium"]
fn hard_names_do_nothing_in_a_browser() {
    let mut browser = Chromium::start();
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let name = "</script><script>hacked = 1</script><img src=x onerror='hacked = 2'> \" ' & 🎬 שלום";
    let sweep =
        MadeTrials { dataset: "<svg onload=hacked=3>", ..MadeTrials::new() }.sweep(name, &[0.001, 0.01], &[0.0005], 3);
    fabricate::fill(&mut store, &sweep, None, |_, _| {});
    store.mark(sweep.trials[0].spec.id(), Status::Failed, Some(name)).expect("marked");
    let out = tempfile::tempdir().expect("a temporary folder");
    let page = report_as(&store, name, out.path(), &[Format::Html]).files[0].clone();
    browser.window(360, 740, "light");
    browser.open(&page);
    assert_eq!(browser.value("typeof hacked"), "undefined");
    assert_eq!(browser.value("document.querySelector('h1').textContent"), name);
    assert_eq!(browser.value("document.querySelectorAll('img').length"), 0);
    let wide = browser.value("document.documentElement.scrollWidth");
    assert!(wide.as_u64().is_some_and(|wide| wide <= 360), "{wide}");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
#[ignore = "needs Chromium"]
fn a_papers_page_leads_to_trials_and_its_names_do_nothing() {
    let mut browser = Chromium::start();
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    fabricate::fill(&mut store, &MadeTrials::new().sweep("shown", &[0.001], &[0.0005], 3), None, |_, _| {});
    let sweep = store.sweep("shown").expect("read").expect("recorded");
    let name = "<script>hacked = 1</script><img src=x onerror='hacked = 2'> & 🎬 שלום";
    let text = format!(
        "title = \"\"\"{name}\"\"\"\nsource = \"\"\"{name}\"\"\"\n[data.ml-100k]\n[[table]]\nname = \"\"\"{name}\"\"\"\n\
         title = \"Offline\"\ndata = \"ml-100k\"\nsweep = \"any.toml\"\nmeasure = \"offline\"\n\
         where = {{ \"offline.protocol\" = \"published\" }}\ncolumns = [{{ name = \"P@5\", metric = \"precision@5\" }}]\n\
         rows = [{{ name = \"PMF\", policy = \"pmf\", values = [0.7] }}, {{ name = \"\"\"{name}\"\"\", policy = \"random\", values = [0.7] }}]\n"
    );
    let file = runs.path().join("paper.toml");
    fs::write(&file, text).expect("written");
    let paper = Paper::read(&file, Path::new("/nowhere")).expect("a paper");
    let judged = judge(&paper, &[], &|_| Some(&sweep));
    let written = PaperPage::new(&judged, &[], std::iter::once(&sweep)).write("p", runs.path(), ALL).expect("written");
    for (width, scheme) in [(360, "dark"), (1280, "light")] {
        browser.window(width, 900, scheme);
        browser.open(&written.files[0]);
        assert_eq!(browser.value("document.querySelector('h1').textContent"), name);
        let wide = browser.value("document.documentElement.scrollWidth");
        assert!(wide.as_u64().is_some_and(|wide| wide <= u64::from(width)), "{wide} at {width}");
    }
    // The n of the first row of the table of cells.
    browser.value("document.querySelectorAll('table')[1].querySelector('a.runs').click()");
    browser.value("new Promise((done) => setTimeout(done, 300))");
    let shown = "[...document.querySelectorAll('#trials tbody tr')].filter((row) => !row.hidden).length";
    assert_eq!(browser.value(shown), 3);
    assert_eq!(browser.value("typeof hacked"), "undefined");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
