//! Bars on a terminal: one for the whole sweep, weighed by expected time so that its ETA means something, and one
//! line per slot.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use drr_core::TrialId;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::super::notice::{Label, Notice, Observer};
use super::aside::aside;
use super::lines::{STOPPING, draining, full, lost, rest, submitted, too_many, without_effect};
use super::{duration, headline, title};
use crate::neutral;

/// Bar units per expected second.
const RESOLUTION: f64 = 1000.0;

/// Most slots that are shown.
const MOST_LINES: usize = 24;

/// Bars on stderr.
pub fn bars() -> impl Observer {
    aside(Bars {
        all: MultiProgress::new(),
        overall: ProgressBar::hidden(),
        slots: HashMap::new(),
        done_s: 0.0,
        finished: 0,
        failed: 0,
        stopped: 0,
        to_run: 0,
    })
}

struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
    slots: HashMap<usize, SlotBar>,
    done_s: f64,
    finished: usize,
    failed: usize,
    stopped: usize,
    to_run: usize,
}

/// A slot's line.
struct SlotBar {
    bar: ProgressBar,
    /// What its worker does now: one trial, or the members of a cohort.
    trials: Vec<(TrialId, Label)>,
    share: f64,
}

impl SlotBar {
    /// Shows the trials it has, or that it has none.
    fn rename(&self) {
        match self.trials.as_slice() {
            [] => {
                self.bar.set_style(style("  {prefix}"));
                self.bar.set_prefix("idle");
            }
            [(_, only)] => self.bar.set_prefix(title(only)),
            [(_, first), others @ ..] => self.bar.set_prefix(format!("{} and {} more", title(first), others.len())),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is a constant")
        .with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
            // A terminal that cannot be written to is noticed elsewhere.
            let _ = write!(text, "{:.0}/s", state.per_sec());
        })
        .progress_chars("━╸─")
}

impl Observer for Bars {
    fn on(&mut self, notice: &Notice) {
        match notice {
            Notice::SweepStarted { sweep, to_run, expected_s, ignored, .. } => {
                (self.done_s, self.finished, self.failed, self.stopped, self.to_run) = (0.0, 0, 0, 0, *to_run);
                if let Some(line) = without_effect(ignored) {
                    self.say(&format!("{sweep}: {line}"));
                }
                self.overall = self.all.add(ProgressBar::new((expected_s * RESOLUTION) as u64));
                self.overall
                    .set_style(style("{prefix} {bar:30} {percent:>3}%  {msg}  {elapsed} gone, about {eta} left"));
                self.overall.set_prefix(neutral::line(sweep).into_owned());
                self.overall.enable_steady_tick(Duration::from_millis(250));
                self.overall();
            }
            Notice::WorkerReady { .. } => {}
            Notice::ArraySubmitted { job, name, tasks } => self.say(&submitted(*job, name, *tasks)),
            Notice::Cluster { message } | Notice::DatabaseLocked { message } => self.say(message),
            // A screen of slots; a cluster may have thousands.
            Notice::TrialStarted { slot, .. } if *slot >= MOST_LINES => {}
            Notice::TrialStarted { slot, trial, label } => {
                let all = &self.all;
                let line = self.slots.entry(*slot).or_insert_with(|| {
                    let bar = all.add(ProgressBar::new(1));
                    SlotBar { bar, trials: Vec::new(), share: 0.0 }
                });
                if line.trials.is_empty() {
                    line.share = 0.0;
                    line.bar.set_style(style("  {prefix} {bar:16} {percent:>3}%  {msg}"));
                    line.bar.set_length(1);
                    line.bar.reset();
                    line.bar.set_message("");
                }
                line.trials.push((*trial, label.clone()));
                line.rename();
            }
            Notice::TrialProgress { slot, done, total, .. } => {
                if let Some(line) = self.slots.get_mut(slot) {
                    if line.share == 0.0 {
                        // Only now is there something to tell a rate from.
                        line.bar.set_style(style("  {prefix} {bar:16} {percent:>3}%  {rate:>8}  {eta:>4} left  {msg}"));
                    }
                    line.share = *done as f64 / (*total).max(1) as f64;
                    line.bar.set_length(*total);
                    line.bar.set_position(*done);
                }
                self.overall();
            }
            Notice::TrialMetrics { slot, points, .. } => {
                if let (Some(line), Some(point)) = (self.slots.get(slot), points.last()) {
                    line.bar.set_message(format!("{} {:.4}", neutral::line(&point.name), point.value));
                }
            }
            Notice::TrialFinished { trial, label, metrics, wall_s, .. } => {
                self.finished += 1;
                self.done_s += label.expected_s;
                self.clear(*trial);
                let metrics = headline(metrics);
                self.say(&format!("✓ {}  {}  {metrics}", title(label), duration(*wall_s)));
                self.overall();
            }
            Notice::TrialRetried { trial, label, reason, attempt, rest_s } => {
                self.clear(*trial);
                self.say(&format!("↻ {}  again{} after attempt {attempt}: {reason}", title(label), rest(*rest_s)));
            }
            Notice::TrialStopped { trial, label, reason } => {
                self.stopped += 1;
                self.done_s += label.expected_s;
                self.clear(*trial);
                self.say(&format!("■ {}  stopped: {reason}", title(label)));
                self.overall();
            }
            Notice::SlotFull { slot } => self.say(&full(*slot)),
            Notice::SlotLost { slot, why } => self.say(&lost(*slot, why)),
            Notice::TooManyFailures { failures, running } => self.say(&too_many(*failures, *running)),
            Notice::State { .. } => super::state::text(notice).lines().for_each(|line| self.say(line)),
            Notice::TrialFailed { trial, label, reason, .. } => {
                self.failed += 1;
                self.done_s += label.expected_s;
                self.clear(*trial);
                self.say(&format!("✗ {}  {reason}", title(label)));
                self.overall();
            }
            Notice::Draining { running } => self.say(&draining(*running)),
            Notice::Stopping => self.say(STOPPING),
            Notice::SweepEnded { .. } => {
                for line in self.slots.values() {
                    line.bar.finish_and_clear();
                }
                self.overall.finish_and_clear();
            }
        }
    }
}

impl Bars {
    fn overall(&self) {
        let running: f64 = self
            .slots
            .values()
            .flat_map(|line| line.trials.iter().map(|(_, label)| label.expected_s * line.share))
            .sum();
        self.overall.set_position(((self.done_s + running) * RESOLUTION) as u64);
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let stopped = if self.stopped > 0 { format!(", {} stopped", self.stopped) } else { String::new() };
        self.overall.set_message(format!("{}/{} trials{failed}{stopped}", self.finished, self.to_run));
    }

    fn clear(&mut self, trial: TrialId) {
        for line in self.slots.values_mut() {
            let before = line.trials.len();
            line.trials.retain(|(running, _)| *running != trial);
            if line.trials.len() < before {
                line.rename();
            }
        }
    }

    fn say(&self, line: &str) {
        // A terminal that went away must not stop the sweep.
        let _ = self.all.println(neutral::line(line));
    }
}
