//! A report over ten thousand trials, timed: `cargo test -p drr-lab ten_thousand -- --ignored --nocapture`.

use std::time::Instant;

use super::*;

#[test]
#[ignore = "makes ten million points; half a minute"]
fn ten_thousand_trials_of_a_thousand_points() {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let taus: Vec<f64> = (1..=53).map(|at| f64::from(at) * 0.0005).collect();
    let rates: Vec<f64> = (1..=21).map(|at| f64::from(at) * 0.0001).collect();
    let sweep = World { repeats: 2, ..World::new() }.sweep("many", &taus, &rates, 3);
    println!("{} trials", sweep.members.len());
    assert!(sweep.members.len() >= 10_000);
    fabricate::fill(&mut store, &sweep, Some(1000), |_, _| {});
    let out = tempfile::tempdir().expect("a temporary folder");
    let began = Instant::now();
    let sweep = store.sweep("many").expect("read").expect("recorded");
    println!("read in {:.1} s", began.elapsed().as_secs_f64());
    let written = write(&store, &sweep, out.path(), ALL, &Options::default()).expect("written");
    let seconds = began.elapsed().as_secs_f64();
    let page = fs::metadata(written.folder.join("index.html")).expect("a page").len();
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).expect("a peak").to_owned();
    println!("{seconds:.1} s, page of {:.1} MB, {peak} (the filling included)", page as f64 / 1e6);
    if let Ok(keep) = std::env::var("DRR_LAB_KEEP") {
        fs::copy(written.folder.join("index.html"), keep).expect("kept");
    }
    assert!(seconds < 5.0, "{seconds}");
}
