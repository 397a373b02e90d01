//! Commands that do what programs do at their worst. Each ends as a clear outcome, and what was finished stays whole.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{expect, only_result, said, scripted, trials};
use crate::common::mount::Mount;
use crate::common::worker::{signal, started, wait_until};

/// Whether a process with this text in its command line runs.
fn runs(text: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("processes").flatten();
    let mut lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.any(|line| line.replace('\0', " ").contains(text))
}

#[test]
fn what_is_not_deterministic_is_measured_as_such() {
    let script = "echo \"{\\\"step\\\": 1, \\\"loss\\\": 0.$(date +%N)}\" >> $DRR_LAB_METRICS";
    let place = scripted(script, "", "");
    expect(&place, 0, &["sweep", "small.toml"]);
    let (stdout, _) = expect(&place, 5, &["verify", "small"]);
    assert!(stdout.contains("diverged at step 1, metric loss, by") && stdout.contains("1 diverged"), "{stdout}");
    let kept = fs::read_to_string(trials(&place)[0].join("replayed.json")).expect("kept");
    assert!(kept.contains("\"different\""), "{kept}");
    // The same metrics, but a file that holds the time.
    let script =
        "echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; date +%N > $DRR_LAB_OUT/when; echo same > $DRR_LAB_OUT/what";
    let place = scripted(script, "", "");
    expect(&place, 0, &["sweep", "small.toml"]);
    let (stdout, _) = expect(&place, 5, &["verify", "small"]);
    assert!(stdout.contains("the same metrics, but other artifacts: when"), "{stdout}");
    // Within what the sweep permits.
    let script = "echo \"{\\\"loss\\\": 1.00000000$(date +%N)}\" >> $DRR_LAB_METRICS";
    let place = scripted(script, "determinism = { tolerance = 1e-6 }", "");
    expect(&place, 0, &["sweep", "small.toml"]);
    let (stdout, _) = expect(&place, 0, &["verify", "small"]);
    assert!(stdout.contains("within tolerance, at most"), "{stdout}");
}

#[test]
fn what_hangs_is_ended_and_so_is_what_traps_the_signal_to_end() {
    for script in ["sleep 1000; :", "trap '' TERM; while :; do sleep 0.1; done", "exec 1>&- 2>&-; sleep 1000; :"] {
        let place = scripted(script, "", "timeout = 0.5\ngrace = 0.3\nretries = 0");
        let began = Instant::now();
        let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
        assert!(stderr.contains("it took longer than 0.5 s"), "{stderr}");
        assert!(began.elapsed() < Duration::from_secs(20), "{script}");
        assert!(!trials(&place)[0].join("result.json").exists());
    }
    let place = scripted("sleep 1000; :", "", "stall_timeout = 0.5\ngrace = 0.3\nretries = 0");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("said nothing for 0.5 s"), "{stderr}");
    // Lines of its log are a sign of life.
    let script = "for i in 1 2 3 4 5 6 7 8; do sleep 0.2; echo $i; done; echo '{\"loss\": 1}' >> $DRR_LAB_METRICS";
    let place = scripted(script, "", "stall_timeout = 1\nretries = 0");
    expect(&place, 0, &["sweep", "small.toml"]);
}

#[test]
fn a_daemon_goes_with_the_command_that_started_it() {
    let mark = format!("4242.{}", std::process::id());
    let script =
        format!("setsid sleep {mark} > /dev/null 2>&1 &\nsleep 0.1; echo '{{\"loss\": 1}}' >> $DRR_LAB_METRICS");
    let place = scripted(&script, "", "");
    expect(&place, 0, &["sweep", "small.toml"]);
    assert!(!runs(&format!("sleep {mark}")), "it goes on");
    let log = fs::read_to_string(trials(&place)[0].join("log.txt")).expect("a log");
    assert!(log.contains("1 of its processes had not, and were ended"), "{log}");
    // One that holds the pipes of a command that has ended is not waited for.
    let mark = format!("4343.{}", std::process::id());
    let place = scripted(&format!("setsid sleep {mark} &\necho '{{\"loss\": 1}}' >> $DRR_LAB_METRICS"), "", "");
    let began = Instant::now();
    expect(&place, 0, &["sweep", "small.toml"]);
    assert!(began.elapsed() < Duration::from_secs(20) && !runs(&format!("sleep {mark}")));
}

#[test]
fn nothing_of_a_command_outlives_a_sweep_that_is_killed_once_it_begins_again() {
    let mark = format!("4444.{}", std::process::id());
    let script = format!(
        "if [ -e marked ]; then echo '{{\"loss\": 1}}' >> $DRR_LAB_METRICS; exit 0; fi\n\
         touch marked; setsid sleep {mark} > /dev/null 2>&1 &\nsleep 1000; :"
    );
    let place = scripted(&script, "", "");
    let mut child = started(place.drr_lab(&["sweep", "small.toml"]));
    wait_until("the command runs", || place.path().join("marked").exists() && runs(&format!("sleep {mark}")));
    signal(&child, Signal::SIGKILL);
    child.wait().expect("it was killed");
    let (_, stderr) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stderr.contains("1 finished"), "{stderr}");
    assert!(!runs(&format!("sleep {mark}")), "what the first attempt left goes on");
}

#[test]
fn a_flood_of_output_is_read_to_its_end_and_cut_off_in_the_log() {
    let script =
        "head -c 200000000 /dev/zero | tr '\\0' 'x'; echo; echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; echo the end";
    let place = scripted(script, "", "");
    expect(&place, 0, &["sweep", "small.toml"]);
    let log = fs::metadata(trials(&place)[0].join("log.txt")).expect("a log").len();
    assert!(log < 24 << 20, "{log} bytes of log");
    assert_eq!(only_result(&place)["metrics"]["loss"], 1.0);
}

#[test]
fn half_a_line_of_metrics_is_left_out_where_the_command_dies_and_an_error_where_it_does_not() {
    let half = "printf '{\"step\": 1, \"loss\": 0.5}\\n{\"step\": 2, \"lo' >> $DRR_LAB_METRICS";
    let place = scripted(&format!("{half}; exit 3"), "", "");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("the command ended with exit code 3"), "{stderr}");
    assert!(stderr.contains("the last line of its metrics is cut off"), "{stderr}");
    let journal = fs::read_to_string(trials(&place)[0].join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("[\"loss\",1,0.5]"), "{journal}");
    let place = scripted(half, "", "");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("line 2 of its metrics is no line of metrics: it is cut off within a name"), "{stderr}");
    // Said at once, not when it ends by itself.
    let place = scripted("echo 'loss 0.5' >> $DRR_LAB_METRICS; sleep 1000", "", "retries = 0");
    let began = Instant::now();
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("line 1 of its metrics is no line of metrics: expected `{` at byte 1"), "{stderr}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn what_is_no_number_is_kept_and_shown() {
    let script = "printf '{\"step\": 1, \"loss\": NaN}\\n{\"step\": 2, \"loss\": Infinity, \"gain\": -Infinity}\\n' >> $DRR_LAB_METRICS";
    let place = scripted(script, "", "");
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml"]);
    let result = only_result(&place);
    assert_eq!((result["metrics"]["loss"].as_str(), result["metrics"]["gain"].as_str()), (Some("inf"), Some("-inf")));
    assert!(stdout.contains("inf"), "{stdout}");
    let (stdout, _) = expect(&place, 0, &["verify", "small"]);
    assert!(stdout.contains("replay: 1 bitwise"), "{stdout}");
    fs::remove_file(place.runs().join("lab.db")).expect("there");
    expect(&place, 0, &["runs", "reindex"]);
    let (again, _) = expect(&place, 0, &["report", "small", "--format", "md"]);
    assert!(again.contains("inf"), "{again}");
    let place = scripted("echo '{\"loss\": NaN}' >> $DRR_LAB_METRICS", "", "");
    let (stdout, _) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stdout.contains("NaN"), "{stdout}");
}

#[test]
fn signals_and_exit_codes_say_what_they_are() {
    let place = scripted("kill -SEGV $$", "", "retries = 1");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("after attempt 1: the command was ended by SIGSEGV"), "{stderr}");
    let place = scripted("kill -KILL $$", "", "retries = 0");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("was ended by SIGKILL, as the kernel does when it is out of memory"), "{stderr}");
    // A failure of its own is the same the next time; one that asks to be tried again is.
    let place = scripted("echo told >> ../told 2>&1 || echo told >> told; exit 7", "", "retries = 2");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("the command ended with exit code 7"), "{stderr}");
    let script = "if [ -e second ]; then echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; else touch second; exit 75; fi";
    let place = scripted(script, "", "retries = 2");
    let (_, stderr) = expect(&place, 0, &["sweep", "small.toml"]);
    assert!(stderr.contains("exit code 75, which asks to try again"), "{stderr}");
}

#[test]
fn a_command_that_removes_its_folders_has_no_result() {
    let place = scripted("echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; rm -r $DRR_LAB_OUT", "", "retries = 0");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("it removed the folder of its artifacts"), "{stderr}");
    let place = scripted("rm -r $DRR_LAB_OUT/..", "", "retries = 0");
    let (code, _, stderr) = said(&place.run(&["sweep", "small.toml"]));
    assert_eq!(code, 1, "{stderr}");
    let place = scripted("echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; ln -s /etc/passwd $DRR_LAB_OUT/link", "", "");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("link: it is a symbolic link, and only plain files are kept"), "{stderr}");
}

#[test]
#[ignore = "needs permission to mount"]
fn a_command_that_fills_the_disk_has_no_result_and_the_others_stay() {
    let script = "echo '{\"loss\": 1}' >> $DRR_LAB_METRICS\n\
                  if [ \"$DRR_LAB_SEED\" = 1 ]; then cat /dev/zero > $DRR_LAB_OUT/all || exit 9; fi";
    let place = scripted(script, "", "retries = 0");
    let runs = place.runs();
    let _disk = Mount::new(&runs, &["-t", "tmpfs", "-o", "size=12m", "tmpfs"]);
    let (code, _, stderr) = said(&place.run(&["sweep", "small.toml", "--seeds", "2", "--jobs", "1"]));
    assert!(code == 1 || code == 3, "{code}: {stderr}");
    assert!(stderr.contains("exit code 9") || stderr.contains("No space left"), "{stderr}");
    let (stdout, _) = expect(&place, 0, &["verify", "--integrity-only"]);
    assert!(stdout.contains("1 as they were written, 0 changed"), "{stdout}");
}

#[test]
fn a_sweep_that_is_asked_to_stop_asks_its_commands() {
    let script = "trap 'echo ended > ended; exit 1' TERM\ntouch begun; while :; do sleep 0.05; done";
    let place = scripted(script, "", "");
    let mut child = started(place.drr_lab(&["sweep", "small.toml"]));
    wait_until("the command runs", || place.path().join("begun").exists());
    signal(&child, Signal::SIGTERM);
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    wait_until("the command was asked", || place.path().join("ended").exists());
    assert!(!trials(&place)[0].join("result.json").exists());
}

#[test]
fn a_command_that_signals_its_group_or_rewrites_its_metrics_has_no_result() {
    let place = scripted("echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; kill -TERM 0; sleep 1000", "", "retries = 0");
    let began = Instant::now();
    let (code, _, stderr) = said(&place.run(&["sweep", "small.toml"]));
    assert_eq!(code, 1, "{stderr}");
    assert!(began.elapsed() < Duration::from_secs(30), "{stderr}");
    let script = "for loss in 3 2 1; do echo \"{\\\"loss\\\": $loss}\" > $DRR_LAB_METRICS.new; mv $DRR_LAB_METRICS.new $DRR_LAB_METRICS; sleep 0.3; done";
    let place = scripted(script, "", "");
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("the file of its metrics was shortened or replaced"), "{stderr}");
    let place = scripted(
        "echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; rm -r $DRR_LAB_OUT; ln -s /etc $DRR_LAB_OUT",
        "",
        "retries = 0",
    );
    let (_, stderr) = expect(&place, 1, &["sweep", "small.toml"]);
    assert!(stderr.contains("it removed the folder of its artifacts"), "{stderr}");
}

#[test]
fn thousands_of_artifacts_are_sealed_and_read_back() {
    let script =
        "echo '{\"loss\": 1}' >> $DRR_LAB_METRICS; mkdir $DRR_LAB_OUT/a; cd $DRR_LAB_OUT/a; seq 3000 | xargs touch";
    let place = scripted(script, "", "retries = 0");
    expect(&place, 0, &["sweep", "small.toml"]);
    assert_eq!(only_result(&place)["artifacts"].as_object().expect("artifacts").len(), 3000);
    expect(&place, 0, &["verify", "--integrity-only"]);
}
