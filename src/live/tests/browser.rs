//! The pages in a real browser, in both sizes and colour schemes. With `DRR_LAB_SCREENSHOTS=DIR` pictures are left there.

use super::*;
use crate::report::tests::chromium::Chromium;

/// Waits until an expression holds.
#[track_caller]
fn until(browser: &mut Chromium, expression: &str) {
    let wait = format!(
        "(async () => {{
            for (let turn = 0; turn < 900; turn += 1) {{
                if ({expression}) return true;
                await new Promise((done) => setTimeout(done, 50));
            }}
            return document.body.innerText;
        }})()"
    );
    let held = browser.value(&wait);
    assert!(held == true, "{expression}: {held}");
}

fn picture(browser: &mut Chromium, name: &str) {
    if let Some(folder) = std::env::var_os("DRR_LAB_SCREENSHOTS") {
        browser.picture(&Path::new(&folder).join(format!("live-{name}.png")), false);
    }
}

const LOADED: &str =
    "![...document.querySelectorAll('[data-part]')].some((part) => part.innerText.startsWith('Loading'))";

#[test]
#[ignore = "needs Chromium"]
fn the_live_page_is_walked_in_both_sizes_and_schemes() {
    let mut made = Recorded::new();
    let _lock = RunsLock::acquire(made.runs()).expect("nobody else");
    let address = served(&made, None);
    let server = format!("http://{address}");
    let mut browser = Chromium::start();
    let mut step = 1_000;
    for (width, height, scheme) in [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")]
    {
        let name = format!("{width}-{scheme}");
        browser.window(width, height, scheme);
        browser.open_at(&server, "/");
        picture(&mut browser, &format!("{name}-overview"));
        let fits = "document.documentElement.scrollWidth <= innerWidth";
        until(&mut browser, fits);
        assert_eq!(browser.value("document.querySelector('a[href^=\"/sweep/\"]').textContent"), "made");
        browser.open_at(&server, "/sweep/made");
        until(&mut browser, LOADED);
        until(&mut browser, fits);
        picture(&mut browser, &format!("{name}-sweep"));
        let sorted = "document.querySelector('.sortable th[aria-sort]')?.getAttribute('aria-sort')";
        browser.value("document.querySelector('.sortable th.number button').click()");
        assert_eq!(browser.value(sorted), "descending", "tables are sorted as the report's are");
        // A curve grows under the reader's eyes, and an opened part stays open.
        browser.value("document.querySelector('#failures').open = false");
        made.train(&[(step, 0.4), (step + 250, 0.45)]);
        step += 500;
        until(
            &mut browser,
            &format!("document.querySelector('#at-work').innerText.includes('{} of 20000')", step - 250),
        );
        assert_eq!(browser.value("document.querySelector('#failures').open"), false);
        // The filter, by keyboard.
        browser.press("/");
        assert_eq!(browser.value("document.activeElement.id"), "filter");
        browser.value("filter.value = 'tau=0.01 seed=2'; filter.dispatchEvent(new Event('input', {bubbles: true}))");
        until(&mut browser, "document.querySelectorAll('#rows tbody tr').length === 3");
        assert!(browser.value("location.search").as_str().is_some_and(|query| query.contains("filter=tau")));
        browser.press("Escape");
        until(&mut browser, "document.querySelectorAll('#rows tbody tr').length > 3 && location.search === ''");
        // Two groups.
        let choose = |which: &str, value: &str| {
            format!(
                "document.querySelector('#choose [name={which}]').value = '{value}';
                 document.querySelector('#choose [name={which}]').dispatchEvent(new Event('change', {{bubbles: true}}))"
            )
        };
        until(&mut browser, "document.querySelector('#choose option[value=\"popularity\"]')");
        browser.value(&choose("first", "drr,drr.tau=0.001"));
        until(&mut browser, "document.querySelector('#choose [name=first]').value.startsWith('drr')");
        browser.value(&choose("second", "popularity"));
        until(&mut browser, "document.querySelector('#compared table')");
        until(&mut browser, fits);
        // A number leads to its trials.
        browser.value("document.querySelector('#compared a.runs').click()");
        until(&mut browser, "filter.value.includes('|') && document.querySelectorAll('#rows tbody tr').length <= 6");
        let trial = browser.value("document.querySelector('#rows tbody a').getAttribute('href')");
        browser.open_at(&server, trial.as_str().expect("an address"));
        until(&mut browser, "document.querySelector('h1')?.textContent.startsWith('Trial ')");
        until(&mut browser, fits);
        picture(&mut browser, &format!("{name}-trial"));
        browser.open_at(&server, &format!("/trial/{}", made.running));
        until(&mut browser, "document.querySelector('#state')?.innerText.includes('running')");
        until(&mut browser, "document.querySelector('figure svg')");
        until(&mut browser, fits);
        picture(&mut browser, &format!("{name}-running"));
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
