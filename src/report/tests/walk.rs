//! The whole page walked through in a real browser, as a reader does: what is seen first, what is folded, where links lead, what
//! lies beside it, and how it prints.

use serde_json::{Value, json};

use super::chromium::Chromium;
use super::*;

/// How tall a page may be before anything is unfolded, at 1280 points: a third of what it was.
const TALLEST: u64 = 9_000;

/// A report like that of the quickstart, in every format.
fn written(out: &Path) -> WrittenReport {
    let (_runs, store) = recorded();
    report(&store, "quickstart", out)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
#[ignore = "needs Chromium"]
fn the_page_is_read_from_the_top_and_everything_is_reached() {
    let mut browser = Chromium::start();
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = written(out.path());
    let page = &written.files[0];
    let pictures = std::env::var_os("DRR_LAB_SCREENSHOTS").map(PathBuf::from);
    for (width, height) in [(1280, 800), (390, 844)] {
        for scheme in ["light", "dark"] {
            browser.window(width, height, scheme);
            browser.open(page);
            let wide = number(&browser.value("document.documentElement.scrollWidth"));
            assert!(wide <= f64::from(width), "{wide} at {width}");
            // The question and the finding are read without scrolling; beside a figure there is room for a table.
            let below = number(&browser.value("document.querySelector('.finding').getBoundingClientRect().bottom"));
            assert!(below <= f64::from(height), "the finding ends at {below} of {height}");
            if width == 1280 {
                let tall = browser.value("document.documentElement.scrollHeight").as_u64().expect("a number");
                assert!(tall <= TALLEST, "{tall} points tall");
                for what in ["#main figure", "#main table"] {
                    let top = format!("document.querySelector('{what}').getBoundingClientRect().top");
                    assert!(number(&browser.value(&top)) < 480.0, "{what}");
                }
            }
            if let Some(folder) = &pictures {
                fs::create_dir_all(folder).expect("a folder");
                browser.picture(&folder.join(format!("first-{width}-{scheme}.png")), false);
            }
            leads_to_all(&mut browser);
            // With all of it open nothing runs out of the page either.
            browser.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })");
            let wide = number(&browser.value("document.documentElement.scrollWidth"));
            assert!(wide <= f64::from(width), "unfolded {wide} at {width}");
        }
    }
    beside(&mut browser, &written);
    from_outside_and_on_paper(&mut browser, page);
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

/// Every link within the page leads to what is there, and opens it; back at the top all is folded again.
fn leads_to_all(browser: &mut Chromium) {
    let links =
        browser.value("[...document.querySelectorAll('nav a, .inside a, .main a[href^=\"#\"]')].map((it) => it.hash)");
    let links: Vec<String> =
        links.as_array().expect("a list").iter().map(|link| link.as_str().expect("text").to_owned()).collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links.iter().filter(|link| *link != "#behind") {
        let shown = browser.value(&format!(
            "new Promise((done) => {{
                document.querySelectorAll('details').forEach((each) => {{ each.open = false; }});
                document.querySelector('a[href=\"{link}\"]').click();
                requestAnimationFrame(() => requestAnimationFrame(() => {{
                    const box = document.getElementById('{}').getBoundingClientRect();
                    done(box.height > 0 && box.top < innerHeight && box.bottom > 0);
                }}));
            }})",
            &link[1..]
        ));
        assert_eq!(shown, true, "{link} is not shown");
    }
    browser.value("document.querySelectorAll('details').forEach((each) => { each.open = false; })");
}

/// Every download is a file that was written, and every file but the page is a download.
fn beside(browser: &mut Chromium, written: &WrittenReport) {
    let links =
        browser.value("[...document.querySelectorAll('a:not([href^=\"#\"])')].map((it) => it.getAttribute('href'))");
    let links: BTreeSet<PathBuf> = links
        .as_array()
        .expect("a list")
        .iter()
        .map(|link| written.folder.join(link.as_str().expect("text")))
        .collect();
    let files: BTreeSet<PathBuf> = written.files[1..].iter().cloned().collect();
    assert_eq!(links, files);
    assert!(links.iter().all(|file| file.is_file()));
}

/// A link into a folded part from another page opens it; with the script off the browser itself does; paper has all.
fn from_outside_and_on_paper(browser: &mut Chromium, page: &Path) {
    let page = page.canonicalize().expect("the page is there");
    let target = "table-offline-published-ml-100k-precision-against";
    for is_off in [false, true] {
        browser.ask("Emulation.setScriptExecutionDisabled", json!({ "value": is_off }));
        browser.ask("Page.navigate", json!({ "url": "about:blank" }));
        browser.ask("Page.navigate", json!({ "url": format!("file://{}#{target}", page.display()) }));
        std::thread::sleep(std::time::Duration::from_secs(1));
        // Scripts of the test itself run all the same.
        let shown = format!("document.getElementById('{target}').getBoundingClientRect().height > 0");
        assert_eq!(browser.value(&shown), true, "script off: {is_off}");
    }
    browser.ask("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&page);
    browser.ask("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    let all =
        "[...document.querySelectorAll('details.part > section')].every((it) => it.getBoundingClientRect().height > 0)";
    assert_eq!(browser.value(all), true, "on paper, the script off");
    browser.ask("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    browser.open(&page);
    browser.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.value("document.querySelectorAll('details:not([open])').length"), 0);
    browser.value("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.value("document.querySelectorAll('details[open]').length"), 0);
}
