//! The live page over ten thousand trials of a thousand points each: how long each view takes, the first time and while
//! nothing changed, and how much memory. A bench that needs made-up trials, so it stands with the tests; it prints and judges
//! nothing but that all trials are there: `cargo test -p drr-lab --lib live_of_ten_thousand -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

/// Tells the second process where the trials are.
const RUNS: &str = "DRR_LAB_LIVE_RUNS";

#[test]
#[ignore = "takes a minute: makes ten million points"]
fn live_of_ten_thousand_trials() {
    if let Some(runs) = std::env::var_os(RUNS) {
        return views(Path::new(&runs));
    }
    let runs = fabricate::ten_thousand();
    // In a process of its own, whose memory is the page's alone.
    let program = std::env::current_exe().expect("this program");
    let status = std::process::Command::new(program)
        .args(["--exact", "live::tests::many::live_of_ten_thousand_trials"])
        .args(["--ignored", "--nocapture", "--quiet"])
        .env(RUNS, runs.path())
        .status()
        .expect("it starts");
    assert!(status.success());
}

fn views(runs: &Path) {
    let site = Site::new(runs);
    let sweep = site.path_of("many").expect("recorded");
    for (path, query) in [
        ("/".to_owned(), ""),
        (format!("/{sweep}"), ""),
        (format!("/{sweep}/now"), ""),
        (format!("/{sweep}/trials"), ""),
        (format!("/{sweep}/groups"), ""),
        (format!("/{sweep}/curves"), ""),
        (format!("/{sweep}/compare"), "first=drr%2Cdrr.tau%3D0.001%2Cdrr.actor_lr%3D0.0001&second=popularity"),
        (format!("/{sweep}/groups"), "filter=tau%3D0.001"),
        (format!("/{sweep}/trials"), "filter=tau%3D0.001+seed%3D2&page=1"),
    ] {
        let took = |_| {
            let began = Instant::now();
            let bytes = view(&site, &path, query).len();
            (began.elapsed().as_secs_f64() * 1e3, bytes)
        };
        let [(first, bytes), (again, _)] = [0, 1].map(took);
        println!("{path}?{query}: {first:.0} ms, again {again:.1} ms, {:.2} MB", bytes as f64 / 1e6);
    }
    let text = view(&site, &format!("/{sweep}/trials"), "");
    assert!(text.contains("1 to 100 of 10047"), "{text}");
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak").trim();
    println!("peak {peak}");
}
