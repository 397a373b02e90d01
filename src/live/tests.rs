//! The views over a made-up sweep; the server over a real socket; the pages in a real browser.

mod browser;
mod many;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use drr_core::Status;
use drr_core::journal::{Point, Writer};
use drr_core::trial_dir::TrialDir;

use super::{Site, SiteAccess, listen};
use crate::neutral::hostile::{TEXTS, assert_harmless};
use crate::report::{ReportOptions, SweepReport};
use crate::store::fabricate::{self, MadeTrials};
use crate::store::{RunsLock, Store, SweepRecord};

/// A recorded sweep of two τ, all of it finished but two trials: one failed, one running with a journal that grows.
struct Recorded {
    folder: tempfile::TempDir,
    sweep: SweepRecord,
    running: drr_core::TrialId,
    failed: drr_core::TrialId,
    journal: Writer,
    store: Store,
}

impl Recorded {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::open(folder.path()).expect("a new database");
        let sweep = MadeTrials::new().sweep("made", &[0.001, 0.01], &[0.0005], 3);
        let failing = sweep.trials.iter().find(|trial| trial.spec.kind == "drr" && !trial.point.is_empty());
        let failing = failing.expect("a DRR trial").spec.id();
        fabricate::run(&mut store, folder.path(), &sweep, |spec| (spec.id() == failing).then_some("loss is NaN"));
        let running = sweep.trials.iter().rfind(|trial| trial.spec.kind == "drr" && !trial.point.is_empty());
        let running = running.expect("another").spec.clone();
        let place = TrialDir::new(folder.path(), running.id());
        place.withdraw_result().expect("withdrawn");
        store.mark(running.id(), Status::Running, None).expect("marked");
        let journal = Writer::create(&place.journal(), running.id()).expect("a journal");
        let provenance = serde_json::json!({"format": 1, "worker": {"pid": 4711}});
        std::fs::write(place.provenance(), provenance.to_string()).expect("written");
        let mut made = Self { folder, sweep, running: running.id(), failed: failing, journal, store };
        made.train(&[(250, 0.1), (500, 0.2), (750, 0.25)]);
        made
    }

    fn runs(&self) -> &Path {
        self.folder.path()
    }

    fn site(&self) -> Site {
        Site::new(self.runs())
    }

    /// The running trial tells these rewards.
    fn train(&mut self, rewards: &[(u64, f64)]) {
        let points = rewards.iter().map(|(step, reward)| Point::new("train/reward", *step, *reward)).collect();
        self.journal.append(points).expect("appended");
    }
}

/// The text of a view that is there.
fn view(site: &Site, path: &str, query: &str) -> String {
    let answer = site.answer(path, query);
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    assert_eq!(answer.status, 200, "{path}?{query}: {text}");
    text
}

#[test]
fn the_overview_counts_what_is_recorded_and_waits_where_nothing_is() {
    let nothing = tempfile::tempdir().expect("a temporary folder");
    let site = Site::new(&nothing.path().join("not-there"));
    assert!(view(&site, "/", "").contains("Nothing is recorded here yet"));
    assert!(site.path_of("made").is_err());

    let made = Recorded::new();
    let text = view(&made.site(), "/sweeps", "");
    let blocked = made.sweep.trials.iter().filter(|trial| trial.spec.upstream().contains(&made.failed)).count();
    let all = made.sweep.trials.len();
    let row = text.lines().find(|line| line.contains("/sweep/made")).expect("a row");
    let numbers = [all, all - 2 - blocked, 1, 0, 0, blocked + 1];
    let cells: String = numbers.iter().map(|it| format!("<td>{it}</td>")).collect();
    let plain = row.replace(" class=\"number failed\"", "").replace(" class=\"number\"", "");
    assert!(plain.contains(&cells), "{plain}\n{cells}");
    assert!(text.contains("Nothing is running"), "no sweep holds the folder");
    assert_eq!(made.site().path_of("made").expect("recorded"), "sweep/made");
}

#[test]
fn groups_are_the_reports_own_tables_and_follow_the_filter() {
    let made = Recorded::new();
    let (site, options) = (made.site(), ReportOptions::default());
    let sweep = made.store.sweep("made").expect("read").expect("recorded");
    let report = SweepReport::new(&sweep, &options).expect("a report");
    assert_eq!(view(&site, "/sweep/made/groups", ""), report.tables_html().expect("tables"));
    let chosen = view(&site, "/sweep/made/groups", "filter=tau%3D0.01");
    assert!(chosen.contains("2/3") || chosen.contains("3"), "{chosen}");
    assert!(!chosen.contains("popularity"), "what has no τ is not chosen");
    let none = view(&site, "/sweep/made/groups", "filter=tau%3D7");
    assert!(none.contains("No trial is chosen"), "{none}");
    let rows = |filter: &str| view(&site, "/sweep/made/trials", filter).matches("<tr><td><a").count();
    assert_eq!(rows(""), made.sweep.trials.len());
    assert_eq!(rows("filter=status%3Dfailed"), 1);
    assert_eq!(rows("filter=seed%3D1"), made.sweep.trials.iter().filter(|it| it.spec.seed.0 == 1).count());
    let two = format!("filter={}%7C{}", made.failed.short(), made.running.short());
    assert_eq!(rows(&two), 2, "either of two ids");
    assert_eq!(rows("filter=popularity+seed%3D0"), 2, "offline and online");
}

#[test]
fn curves_grow_with_the_journal_and_progress_with_them() {
    let mut made = Recorded::new();
    let site = made.site();
    let idle = view(&site, "/sweep/made/now", "");
    assert!(idle.contains("nothing is running") && !idle.contains(&made.running.to_string()), "{idle}");
    let _lock = RunsLock::acquire(made.runs()).expect("nobody else");
    let site = made.site();
    let now = view(&site, "/sweep/made/now", "");
    assert!(now.contains("process 4711") && now.contains("750 of 20000"), "{now}");
    assert!(now.contains("loss is NaN") && now.contains(&made.failed.short()), "{now}");
    let before = view(&site, "/sweep/made/curves", "");
    assert!(before.contains("Learning curves") && before.contains("<svg"), "{before}");
    made.train(&[(1_000, 0.9), (1_250, 1.0)]);
    // Another site, since a fresh answer is kept for a while.
    let site = made.site();
    assert!(view(&site, "/sweep/made/now", "").contains("1250 of 20000"));
    assert_ne!(view(&site, "/sweep/made/curves", ""), before, "the curve went on");
    let trial = view(&site, &format!("/trial/{}/now", made.running), "");
    assert!(trial.contains("running") && trial.contains("train/reward") && trial.contains("5 points"), "{trial}");
}

#[test]
fn two_groups_are_compared_by_seed() {
    let made = Recorded::new();
    let site = made.site();
    let form = view(&site, "/sweep/made/compare", "");
    assert!(form.contains("<option value=\"drr,drr.tau=0.001\">drr, tau 0.001</option>"), "{form}");
    let both = view(&site, "/sweep/made/compare", "first=drr%2Cdrr.tau%3D0.01&second=popularity");
    assert!(both.contains("against popularity") && both.contains("95 % interval"), "{both}");
    assert!(!both.contains("<bdi>0.001</bdi>") && both.contains("selected"), "{both}");
    let same = view(&site, "/sweep/made/compare", "first=pmf&second=pmf");
    assert!(same.contains("These are one group"), "{same}");
    let unknown = view(&site, "/sweep/made/compare", "first=nobody&second=pmf");
    assert!(unknown.contains("No table has both"), "{unknown}");
}

#[test]
fn a_trial_tells_how_it_ended_what_it_is_and_what_it_stands_on() {
    let made = Recorded::new();
    let site = made.site();
    let finished = made.sweep.trials.iter().find(|trial| trial.spec.policy.is_some()).expect("an evaluation");
    let text = view(&site, &format!("/trial/{}", finished.spec.id()), "");
    assert!(text.contains("<strong>finished</strong>") && text.contains("precision@5"), "{text}");
    for above in finished.spec.upstream() {
        assert!(text.contains(&format!("/trial/{above}")), "{above}");
    }
    assert!(text.contains("href=\"/sweep/made\"") && text.contains("drr-lab verify"), "{text}");
    for (path, status) in [("/trial/12ab", 404), ("/trial", 404), ("/sweep/other", 404), ("/sweep/made/other", 404)] {
        assert_eq!(site.answer(path, "").status, status, "{path}");
    }
    assert_eq!(site.answer(&format!("/trial/{}", "0".repeat(64)), "").status, 404);
    assert_eq!(site.answer("/sweep/%ff", "").status, 400);
}

#[test]
fn names_that_attack_a_page_are_text_on_it() {
    for text in TEXTS {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Store::open(folder.path()).expect("a new database");
        let name: &'static str = Box::leak(text.to_owned().into_boxed_str());
        let sweep = MadeTrials { dataset: name, ..MadeTrials::new() }.sweep(text, &[0.001], &[0.0005], 3);
        fabricate::fill(&mut store, &sweep, None, |_, _| {});
        let failed = sweep.trials.iter().find(|trial| trial.spec.kind == "drr").expect("a trial").spec.id();
        store.mark(failed, Status::Failed, Some(text)).expect("marked");
        let site = Site::new(folder.path());
        let address = super::asked::encoded(text);
        let query = format!("filter={address}&first={address}&second={address}");
        let mut pages = vec![("/".to_owned(), String::new())];
        for part in ["", "/now", "/groups", "/curves", "/compare", "/trials"] {
            pages.push((format!("/sweep/{address}{part}"), String::new()));
            pages.push((format!("/sweep/{address}{part}"), query.clone()));
        }
        for (path, query) in pages {
            let answer = site.answer(&path, &query);
            let html = String::from_utf8(answer.body.to_vec()).expect("text");
            assert_harmless(&path, &html);
            assert!(!html.contains("<img") && !html.contains("<script>"), "{path}: {html}");
        }
    }
}

/// A server of the made sweep on a port of its own; it goes on until the tests end.
fn served(made: &Recorded, token: Option<&str>) -> SocketAddr {
    let token = token.map(str::to_owned);
    let any = "127.0.0.1:0".parse().expect("an address");
    let server = listen(&[any], made.site(), |address| SiteAccess::new(address, token.clone())).expect("a free port");
    let url = server.url("");
    let address = url.trim_start_matches("http://").split('/').next().expect("a host").parse().expect("an address");
    std::thread::spawn(move || server.run());
    address
}

/// Head and body of what a server says to these lines.
fn said(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    write!(stream, "{request}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

#[test]
fn only_this_machine_is_answered_and_only_to_read() {
    let made = Recorded::new();
    let address = served(&made, None);
    let (head, body) = said(address, &format!("GET / HTTP/1.1\r\nHost: {address}"));
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("/sweep/made"), "{head}\n{body}");
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff", "no-store"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let (head, body) = said(address, "GET / HTTP/1.1\r\nHost: evil.example");
    assert!(head.starts_with("HTTP/1.1 403") && !body.contains("made"), "{head}\n{body}");
    let (head, _) = said(address, &format!("POST /sweep/made HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0"));
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
    let (head, _) = said(address, "not HTTP at all");
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    let guarded = served(&made, Some("secret"));
    let (head, body) = said(guarded, &format!("GET / HTTP/1.1\r\nHost: {guarded}"));
    assert!(head.starts_with("HTTP/1.1 403") && body.contains("token"), "{head}\n{body}");
    let (head, _) = said(guarded, "GET /?token=secret HTTP/1.1\r\nHost: anything");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("HttpOnly; SameSite=Strict"), "{head}");
    let (head, _) = said(guarded, "GET / HTTP/1.1\r\nHost: anything\r\nCookie: drr-lab-token=secret");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let taken = listen(&[address], made.site(), |address| SiteAccess::new(address, None)).err().expect("taken");
    assert!(taken.to_string().contains("cannot listen") && taken.hint.is_some_and(|hint| hint.contains("--port")));
}

#[test]
fn an_open_page_is_told_when_something_was_recorded() {
    let mut made = Recorded::new();
    let _lock = RunsLock::acquire(made.runs()).expect("nobody else");
    let address = served(&made, None);
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    write!(stream, "GET /events HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("sent");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line"));
    assert!(lines.by_ref().any(|line| line == "content-type: text/event-stream"));
    assert!(lines.by_ref().any(|line| line == "event: open"));
    // The first look, then one for each change.
    let mut recorded = || lines.by_ref().skip_while(|line| line != "event: recorded").nth(1).expect("what it is");
    let first = recorded();
    made.train(&[(1_000, 0.5)]);
    let second = recorded();
    made.store.mark(made.running, Status::Stopped, Some("enough")).expect("marked");
    let third = recorded();
    assert!(first != second && second != third && first.starts_with("data: "), "{first} {second} {third}");
}
