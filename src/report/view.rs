//! One column of a table in the words of a sentence: what its rows are called, their means, how far apart two are, on what all of it
//! stands, and how many seeds a difference needs.

use drr_core::Status;

use super::marks::{LEVEL, differences};
use super::table::{Better, Metric, Row, Table};
use super::users::UserCount;
use super::written::{number, spread};
use crate::store::StoredSweep;
use drr_stats::{Paired, deciding_n};

/// With this probability a test shall find what it is to find.
const POWER: f64 = 0.8;
/// More seeds than this nobody trains.
const MOST: usize = 10_000;

/// A column that is looked at.
pub(super) struct ColumnView<'r> {
    pub(super) table: &'r Table,
    pub(super) column: usize,
    pub(super) sweep: &'r StoredSweep,
}

impl ColumnView<'_> {
    pub(super) fn metric(&self) -> &Metric {
        &self.table.metrics[self.column]
    }

    pub(super) fn row(&self, at: usize) -> &Row {
        &self.table.rows[at]
    }

    pub(super) fn competes(&self, at: usize) -> bool {
        let known = self.row(at).cells[self.column].as_ref().is_some_and(|cell| !cell.score.summary.mean.is_nan());
        known && self.row(at).competes()
    }

    pub(super) fn seeds(&self, at: usize) -> usize {
        self.row(at).cells[self.column].as_ref().map_or(0, |cell| cell.scores.len())
    }

    /// `drr (tau 0.01)`.
    pub(super) fn name(&self, at: usize) -> String {
        self.table.called(self.row(at))
    }

    pub(super) fn mean(&self, at: usize) -> String {
        let cell = self.row(at).cells[self.column].as_ref();
        cell.map_or_else(String::new, |cell| spread(cell.score.summary.mean, cell.score.spread, self.metric().decimals))
    }

    pub(super) fn interval(&self, (low, high): (f64, f64), decimals: usize) -> String {
        format!("[{}, {}]", number(low, decimals), number(high, decimals))
    }

    /// The difference to another row, with its interval and p, and its pairs.
    pub(super) fn difference(&self, leader: usize, (other, p): &(usize, f64), begin: &str) -> (String, Paired) {
        let none = Paired { differences: Vec::new(), unpaired: Vec::new() };
        let pairs = differences(self.row(leader), self.row(*other), self.column).unwrap_or(none);
        let finer = self.metric().decimals + 1;
        let mean = pairs.summary().map_or(f64::NAN, |summary| summary.mean);
        let interval = pairs.interval(0.95).map_or_else(String::new, |it| format!(" {}", self.interval(it, finer)));
        let p = match *p {
            p if p < 0.0001 => "p < 0.0001".to_owned(),
            p if p >= 1.0 => "p = 1".to_owned(),
            p => format!("p = {}", number(p, 4)),
        };
        let sign = if mean > 0.0 { "+" } else { "" };
        let words = format!(
            "{begin} {}, {}: the difference is {sign}{}{interval}, n = {} pairs, {p}",
            self.name(*other),
            self.mean(*other),
            number(mean, finer),
            pairs.n()
        );
        (words, pairs)
    }

    /// The data, the protocol, users, seeds, and how far the sweep is.
    pub(super) fn context(&self, pool: &[usize]) -> String {
        let table = self.table;
        let cells = || pool.iter().filter_map(|&at| self.row(at).cells[self.column].as_ref());
        let users = UserCount::over(cells().filter_map(|cell| cell.users));
        let seeds = || pool.iter().map(|&at| self.seeds(at));
        let n = match (seeds().min().unwrap_or(0), seeds().max().unwrap_or(0)) {
            (least, most) if least == most => format!("n = {}", count(most, "seed", "seeds")),
            (least, most) => format!("n = {least} to {most} seeds"),
        };
        let (done, all) = (finished(self.sweep), self.sweep.trials.len());
        let parts = [
            Some(table.dataset.clone()).filter(|dataset| !dataset.is_empty()),
            table.protocol.map(|protocol| format!("protocol {protocol}")),
            users.map(|users| users.to_string()),
            Some(n),
            (self.metric().better == Better::Lower).then(|| "less is better".to_owned()),
            (done < all).then(|| format!("{done} of {all} trials finished")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

pub(super) fn finished(sweep: &StoredSweep) -> usize {
    sweep.trials.iter().filter(|trial| trial.status == Status::Finished).count()
}

/// `1 seed`, `3 seeds`.
pub(super) fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How many seeds would find such a difference, were it and its spread as they are: with the correction that the hardest of so many
/// tests gets.
pub(super) fn seeds_needed(pairs: &Paired, tests: usize) -> String {
    let Some(summary) = pairs.summary() else { return "it has no seeds in common with it".to_owned() };
    let std = summary.std.unwrap_or(f64::NAN);
    let (effect, alpha) = (summary.mean.abs(), LEVEL / 2.0 / tests.max(1) as f64);
    match deciding_n(std, effect, alpha, POWER, MOST).filter(|_| effect > 0.0) {
        Some(seeds) => format!(
            "were it and its spread as measured, about {seeds} seeds would find it (power {POWER}, corrected for {})",
            count(tests, "test", "tests")
        ),
        None => format!("to find so small a difference would take more than {MOST} seeds"),
    }
}
