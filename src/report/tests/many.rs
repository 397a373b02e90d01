//! A report over ten thousand trials of a thousand points each, and its page in a browser: how long, how much memory. A
//! bench that needs made-up trials, so it stands with the tests; it prints and judges nothing but that all rows are there:
//! `cargo test -p drr-lab --lib ten_thousand -- --ignored --nocapture`.

use std::process::Command;
use std::time::Instant;

use super::chromium::Chromium;
use super::*;

/// Tells the second process where the trials are.
const RUNS: &str = "DRR_LAB_TEN_THOUSAND_RUNS";
const OUT: &str = "DRR_LAB_TEN_THOUSAND_OUT";

#[test]
#[ignore = "takes a minute: makes ten million points"]
fn ten_thousand_trials_of_a_thousand_points() {
    if let (Some(runs), Some(out)) = (std::env::var_os(RUNS), std::env::var_os(OUT)) {
        return report_alone(Path::new(&runs), Path::new(&out));
    }
    let runs = fabricate::ten_thousand();
    // In a process of its own, whose memory is the report's alone.
    let out = tempfile::tempdir().expect("a temporary folder");
    let program = std::env::current_exe().expect("this program");
    let status = Command::new(program)
        .args(["--exact", "report::tests::many::ten_thousand_trials_of_a_thousand_points"])
        .args(["--ignored", "--nocapture", "--quiet"])
        .env(RUNS, runs.path())
        .env(OUT, out.path())
        .status()
        .expect("it starts");
    assert!(status.success());
    let page = out.path().join("many/index.html");
    if let Some(keep) = std::env::var_os("DRR_LAB_KEEP") {
        fs::copy(&page, keep).expect("kept");
    }
    in_a_browser(&page);
}

fn report_alone(runs: &Path, out: &Path) {
    let began = Instant::now();
    let store = Store::open_existing(runs).expect("a database");
    let sweep = store.sweep("many").expect("read").expect("recorded");
    let read = began.elapsed().as_secs_f64();
    let written = write(&store, &sweep, out, ALL, &ReportOptions::default()).expect("written");
    let seconds = began.elapsed().as_secs_f64();
    let page = fs::metadata(out.join("many/index.html")).expect("a page").len();
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak").trim();
    println!(
        "report: {seconds:.2} s of which reading {read:.2} s; {} tables, {} figures, page of {:.1} MB; peak {peak}",
        written.tables,
        written.figures,
        page as f64 / 1e6
    );
    let table = fs::read_to_string(out.join("many/tables/offline-published-ml-100k-precision.csv")).expect("a table");
    assert_eq!(table.lines().count(), 1 + (53 * 21 + 4) * 4, "no group is dropped");
}

fn in_a_browser(page: &Path) {
    let mut browser = Chromium::start();
    browser.window(1280, 900, "light");
    let began = Instant::now();
    browser.open(page);
    println!("page: loaded in {:.2} s", began.elapsed().as_secs_f64());
    let count = browser.value("document.querySelector('#trials .count').textContent");
    assert!(count.as_str().is_some_and(|count| count.starts_with("10047 of 10047 rows")), "{count}");
    // What a person waits for: the script and the frame after it.
    let mut timed = |what: &str, action: &str| {
        let measure = format!(
            "(async () => {{
                const began = performance.now();
                {action};
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
                return performance.now() - began;
            }})()"
        );
        let took = browser.value(&measure);
        println!("page: {what} in {:.0} ms", took.as_f64().expect("a number"));
    };
    timed("10,000 rows sorted by number", "document.querySelector('#trials thead th:nth-child(5) button').click()");
    timed("10,000 rows sorted by word", "document.querySelector('#trials thead th:nth-child(1) button').click()");
    let filter = "const input = document.querySelector('#trials input.filter');
        input.value = 'drr 0.0105';
        input.dispatchEvent(new Event('input'));
        await new Promise((done) => setTimeout(done, 121))";
    timed("10,000 rows filtered (121 ms of waiting for the typist included)", filter);
    let show_all = "document.querySelector('#trials input.filter').value = '';
        document.querySelector('#trials thead th:nth-child(5) button').click();
        document.querySelector('#trials .count button').click()";
    timed("all 10,000 rows shown and sorted", show_all);
    timed(
        "a table of metrics sorted",
        "document.querySelector('#part-offline-published-ml-100k thead th:nth-child(4) button').click()",
    );
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
