//! One line per event on stderr: for logs and pipes, readable without colour.

use std::io::{Write as _, stderr};

use super::super::notice::{Notice, Observer};
use super::aside::aside;
use super::{duration, headline, title};
use crate::neutral;

/// Prints what happens, a line each, to stderr.
pub fn lines() -> impl Observer {
    aside(PlainLines { done: 0, to_run: 0 })
}

struct PlainLines {
    done: usize,
    to_run: usize,
}

impl Observer for PlainLines {
    fn on(&mut self, notice: &Notice) {
        if let Some(line) = self.shown(notice) {
            // A reader that left must not stop the sweep.
            let _ = writeln!(stderr().lock(), "{line}");
        }
    }
}

impl PlainLines {
    /// An event is a line, whatever a worker says; but for the state, which is several.
    fn shown(&mut self, notice: &Notice) -> Option<String> {
        let line = self.line(notice)?;
        let shown = match notice {
            Notice::State { .. } => neutral::lines(&line),
            _ => neutral::line(&line),
        };
        Some(shown.into_owned())
    }

    fn line(&mut self, notice: &Notice) -> Option<String> {
        match notice {
            Notice::SweepStarted { sweep, found, to_run, slots, ignored, .. } => {
                (self.done, self.to_run) = (0, *to_run);
                let slots = match slots.len() {
                    0 => "Slurm".to_owned(),
                    1 => "1 slot".to_owned(),
                    n => format!("{n} slots"),
                };
                let line = format!("{sweep}: {to_run} trials to run on {slots}, {found} found finished");
                Some(without_effect(ignored).map_or(line.clone(), |more| format!("{line}\n{sweep}: {more}")))
            }
            Notice::WorkerReady { .. } | Notice::TrialProgress { .. } | Notice::TrialMetrics { .. } => None,
            Notice::TrialStarted { label, .. } => Some(format!("started  {}", title(label))),
            Notice::TrialFinished { label, metrics, wall_s, .. } => {
                self.done += 1;
                let count = format!("[{}/{}]", self.done, self.to_run);
                let metrics = headline(metrics);
                let separator = if metrics.is_empty() { "" } else { ": " };
                Some(format!("finished {} in {} {count}{separator}{metrics}", title(label), duration(*wall_s)))
            }
            Notice::TrialRetried { label, reason, attempt, rest_s, .. } => {
                Some(format!("retrying {}{} after attempt {attempt}: {reason}", title(label), rest(*rest_s)))
            }
            Notice::TrialFailed { label, reason, .. } => {
                self.done += 1;
                Some(format!("FAILED   {} [{}/{}]: {reason}", title(label), self.done, self.to_run))
            }
            Notice::ArraySubmitted { job, name, tasks } => Some(submitted(*job, name, *tasks)),
            Notice::Cluster { message } | Notice::DatabaseLocked { message } => Some(message.clone()),
            Notice::TrialStopped { label, reason, .. } => {
                self.done += 1;
                Some(format!("stopped  {} [{}/{}]: {reason}", title(label), self.done, self.to_run))
            }
            Notice::SlotFull { slot } => Some(full(*slot)),
            Notice::SlotLost { slot, why } => Some(lost(*slot, why)),
            Notice::TooManyFailures { failures, running } => Some(too_many(*failures, *running)),
            Notice::State { .. } => Some(super::state::text(notice)),
            Notice::Draining { running } => Some(draining(*running)),
            Notice::Stopping => Some(STOPPING.to_owned()),
            Notice::SweepEnded { sweep, finished, failed, stopped, left, wall_s } => {
                let mut line = format!("{sweep}: {finished} finished");
                if *failed > 0 {
                    line.push_str(&format!(", {failed} failed"));
                }
                if *stopped > 0 {
                    line.push_str(&format!(", {stopped} stopped early"));
                }
                if *left > 0 {
                    line.push_str(&format!(", {left} left; run the same command again to go on"));
                }
                Some(format!("{line} ({})", duration(*wall_s)))
            }
        }
    }
}

/// Names settings that have no effect on a cluster; `None` if there are none.
pub fn without_effect(ignored: &[&str]) -> Option<String> {
    let named = |name: &&str| if *name == "early_stop" { format!("[{name}]") } else { format!("`{name}`") };
    let names: Vec<String> = ignored.iter().map(named).collect();
    (!names.is_empty()).then(|| {
        let have = if names.len() == 1 { "has" } else { "have" };
        format!("{} {have} no effect on a cluster; `time` in [slurm] limits its tasks", names.join(", "))
    })
}

pub(super) const STOPPING: &str = "stopping now; what is finished is kept";

pub(super) fn submitted(job: u64, name: &str, tasks: usize) -> String {
    let tasks = if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") };
    format!("submitted {name} as job {job}: {tasks}")
}

pub(super) fn draining(running: usize) -> String {
    let trials = if running == 1 { "1 running trial".to_owned() } else { format!("{running} running trials") };
    format!("no new trial starts; waiting for {trials} to end (Ctrl-C again stops now)")
}

pub(super) fn full(slot: usize) -> String {
    format!("slot {slot} has no room for the next trial; it waits for memory")
}

pub(super) fn lost(slot: usize, why: &str) -> String {
    format!("slot {slot} is closed: {why}; the others go on")
}

pub(super) fn too_many(failures: usize, running: usize) -> String {
    format!("{failures} trials failed, which is enough (max_failures): no new one starts, {running} running may end")
}

/// How long a trial rests before it is tried again.
pub(super) fn rest(seconds: f64) -> String {
    if seconds > 0.0 { format!(" in {}", duration(seconds)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use drr_core::{Digest, TrialId};
    use drr_kinds::Stage;

    use super::super::super::notice::{Label, SlotState};
    use super::super::super::slots::Slot;
    use super::*;
    use crate::neutral::hostile::{TEXTS, assert_harmless, name};

    #[test]
    fn an_event_is_a_harmless_line_whatever_its_names_and_reasons_are() {
        let whole = name();
        for text in TEXTS.into_iter().chain([whole.as_str()]) {
            let (trial, text) = (TrialId(Digest::of(b"trial")), text.to_owned());
            let label =
                Label { short: trial.short(), stage: Stage::EVAL, seed: 1, what: text.clone(), expected_s: 1.0 };
            let slot = SlotState {
                place: Slot::Cpu,
                pid: Some(1),
                worker: "busy",
                trials: vec![label.clone(), label.clone()],
                since_s: 1.0,
                silent_s: 1.0,
            };
            let state = Notice::State {
                slots: vec![slot],
                ready: 0,
                resting: 0,
                waiting: 0,
                finished: 0,
                failed: 0,
                wall_s: 1.0,
            };
            let metrics = [(format!("precision@{text}"), 0.5)].into();
            let (job, reason) = (1, text.clone());
            let events = [
                Notice::Cluster { message: text.clone() },
                Notice::ArraySubmitted { job, name: text.clone(), tasks: 1 },
                Notice::TrialRetried { trial, label: label.clone(), reason: text.clone(), attempt: 1, rest_s: 0.0 },
                Notice::TrialStopped { trial, label: label.clone(), reason },
                Notice::TrialFinished { slot: 0, trial, label, metrics, wall_s: 1.0 },
            ];
            let mut lines = PlainLines { done: 0, to_run: 1 };
            for event in events {
                let shown = lines.shown(&event).expect("a line");
                assert_harmless("an event", &shown);
                assert_eq!(shown.lines().count(), 1, "{shown}");
            }
            let shown = lines.shown(&state).expect("lines");
            assert_harmless("the state", &shown);
            assert_eq!(shown.lines().count(), 4, "{shown}");
        }
    }
}
