//! What a sweep found, in two sentences made from the tests of its main table; or that it found nothing, and what would. A winner is
//! named only where Student's test of the differences by seed tells it from every other after Holm's correction.

use super::audiences::{culprits, deciding_axes, pools, words};
use super::contents::SweepReport;
use super::group::is_subject;
use super::marks::{LEVEL, Race};
use super::notes::covered;
use super::table::{Better, Table};
use super::users::LEAST;
use super::view::{ColumnView, count, finished, seeds_needed};
use super::written::number;
use crate::store::StoredSweep;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conclusion {
    /// Two sentences.
    pub(super) sentences: [String; 2],
    /// What they say nothing about; empty where nothing was tested.
    pub(super) bounds: String,
}

/// Parts of rows on different users that are told one by one.
const TOLD: usize = 3;

/// The table that a sweep is read by: the first that is worth a terminal's room and ranks anything.
pub(super) fn main_table<'r>(report: &'r SweepReport<'_>) -> Option<&'r Table> {
    let headlines = || report.tables.iter().filter(|table| table.id.is_headline());
    headlines().find(|table| table.compared().next().is_some()).or_else(|| headlines().next())
}

/// What `report` found.
pub(super) fn conclusion(report: &SweepReport<'_>) -> Conclusion {
    let Some(table) = main_table(report) else { return nothing(report.sweep) };
    match table.compared().next() {
        Some((column, _)) => ColumnView { table, column, sweep: report.sweep }.conclusion(),
        None => unranked(table),
    }
}

/// Of a sweep that has no number to show.
fn nothing(sweep: &StoredSweep) -> Conclusion {
    let finished = finished(sweep);
    let why = match finished {
        0 => "There is no finding: no trial is finished.".to_owned(),
        count => {
            format!("There is no finding: {count} trials are finished, and none has a number that is shown in a table.")
        }
    };
    let then = "Running the sweep again goes on where it stopped.".to_owned();
    Conclusion { sentences: [why, then], bounds: String::new() }
}

/// Of a table whose columns nobody is ranked by.
fn unranked(table: &Table) -> Conclusion {
    let why = match table.thin() {
        Some(thin) => format!(
            "There is no finding: a number on fewer than {LEAST} users is not tested, and all of these are ({thin})."
        ),
        None => "There is no finding: the main table describes, and higher is not better in it.".to_owned(),
    };
    let groups = table.rows.len();
    let then =
        format!("It has {} for {}.", count(table.metrics.len(), "column", "columns"), count(groups, "group", "groups"));
    Conclusion { sentences: [why, then], bounds: String::new() }
}

impl ColumnView<'_> {
    fn conclusion(&self) -> Conclusion {
        let pools = pools(&self.table.rows, self.column);
        let (sentences, is_tested) = match pools.as_slice() {
            [] => return nothing(self.sweep),
            [only] => self.of_same_users(only),
            several => self.of_different_users(several),
        };
        let chosen = "The best of several, chosen and tested on the same data, is favoured.";
        let bounds = if is_tested { format!("{} {chosen}", covered(self.table.seeding)) } else { String::new() };
        Conclusion { sentences, bounds }
    }

    /// Among rows on the same users; and whether anything was tested.
    fn of_same_users(&self, pool: &[usize]) -> ([String; 2], bool) {
        let competing: Vec<usize> = pool.iter().copied().filter(|&at| self.competes(at)).collect();
        let metric = self.metric().name();
        let context = self.context(pool);
        let race = match (
            Race::of(&self.table.rows, (self.column, self.metric()), pool, self.table.least),
            competing.as_slice(),
        ) {
            (_, []) => {
                let why = format!("There is no finding by {metric} ({context}): no group with a number may be ranked.");
                let then = "What knows the answers or was stopped early is compared with nothing.".to_owned();
                return ([why, then], false);
            }
            (_, [only]) => return (self.alone(*only, pool.len() - 1, &context), false),
            (None, all) => {
                let why =
                    format!("No group is found best by {metric} ({context}): all {} have the same mean.", all.len());
                let then = "A difference of nothing needs no test, and no number of seeds would find one.".to_owned();
                return ([why, then], false);
            }
            (Some(race), _) => race,
        };
        if race.others().all(|(_, p)| p.is_nan()) {
            return (self.untested(&competing, &context), false);
        }
        (self.decided(&race, &context), true)
    }

    /// One group has nothing beside it.
    fn alone(&self, at: usize, yardsticks: usize, context: &str) -> [String; 2] {
        let beside = if yardsticks > 0 { ", beside yardsticks that are not ranked" } else { "" };
        let cell = self.row(at).cells[self.column].as_ref();
        let interval = match cell.and_then(|cell| cell.interval) {
            Some((low, high)) => format!(", 95 % interval {}", self.interval((low, high), self.metric().decimals)),
            None => format!(", and no interval below {} seeds", self.table.least),
        };
        [
            format!("There is nothing to compare: {} is the only group{beside}.", self.name(at)),
            format!("Its {} is {}{interval} ({context}).", self.metric().name(), self.mean(at)),
        ]
    }

    /// Too few seeds for a test.
    fn untested(&self, competing: &[usize], context: &str) -> [String; 2] {
        let least = self.table.least;
        let most = competing.iter().map(|&at| self.seeds(at)).max().unwrap_or(0);
        let why = if most < least {
            format!("below {least} seeds nothing is tested")
        } else {
            format!("the group in front has fewer than {least} seeds in common with every other")
        };
        let means =
            competing.iter().filter_map(|&at| Some(self.row(at).cells[self.column].as_ref()?.score.summary.mean));
        let (low, high) = means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let decimals = self.metric().decimals;
        [
            format!("There is no finding by {} ({context}): {why}.", self.metric().name()),
            format!(
                "The means of the {} groups lie between {} and {}, which may be the noise of seeds: no number of seeds needed can be \
                 told before there are {least} of each.",
                competing.len(),
                number(low, decimals),
                number(high, decimals)
            ),
        ]
    }

    /// What tests say of the group in front.
    fn decided(&self, race: &Race, context: &str) -> [String; 2] {
        let (leader, metric) = (race.leader(), self.metric().name());
        let others: Vec<(usize, f64)> = race.others().collect();
        let is_like = |p: f64| p.is_nan() || p > LEVEL;
        let alike: Vec<&(usize, f64)> = others.iter().filter(|(_, p)| is_like(*p)).collect();
        let few = alike.iter().filter(|(_, p)| p.is_nan()).count();
        let front = match self.metric().better {
            Better::Lower => "least",
            Better::Higher | Better::Neither => "greatest",
        };
        let test = "Student's test of the differences by seed at 5 % after Holm's correction";
        if alike.is_empty() {
            let than = match others.len() {
                1 => "the other".to_owned(),
                count => format!("each of the {count} others"),
            };
            let nearest = self.difference(leader, &others[0], "The nearest is");
            return [
                format!(
                    "{} has the best {metric}, {} ({context}): {test} tells it from {than}.",
                    self.name(leader),
                    self.mean(leader)
                ),
                format!("{}.", nearest.0),
            ];
        }
        let cannot = match (alike.len() == others.len(), alike.len()) {
            (true, 1) => "cannot tell it from the other".to_owned(),
            (true, _) => format!("cannot tell it from any of the {} others", others.len()),
            (false, count) => format!("cannot tell it from {count} of the {} others", others.len()),
        };
        let least = self.table.least;
        let few = match few {
            0 => String::new(),
            count if count == alike.len() => format!(", for want of {least} seeds in common"),
            count => format!(", {count} of them for want of {least} seeds in common"),
        };
        let first = format!(
            "No group is found best by {metric} ({context}): {} has the {front} mean, {}, and {test} {cannot}{few}.",
            self.name(leader),
            self.mean(leader)
        );
        [first, self.nearest(leader, &others)]
    }

    /// How far the others are: the best setting of what the sweep is about where a baseline is in front, else the nearest that no test
    /// tells from it.
    fn nearest(&self, leader: usize, others: &[(usize, f64)]) -> String {
        let is_own = |at: usize| is_subject(self.row(at).policy);
        let tested: Vec<&(usize, f64)> = others.iter().filter(|(_, p)| !p.is_nan()).collect();
        let own = tested.iter().find(|(at, _)| is_own(*at) && !is_own(leader));
        let alike = tested.iter().find(|(_, p)| *p > LEVEL);
        let (other, begin) = match (own, alike) {
            (Some(own), _) => (own, "The best of the settings that vary is"),
            (None, Some(alike)) => (alike, "The nearest of these is"),
            (None, None) => return "It is told from all that it has seeds enough in common with.".to_owned(),
        };
        let (words, pairs) = self.difference(leader, other, begin);
        match other.1 > LEVEL {
            true => format!("{words}; {}.", seeds_needed(&pairs, tested.len())),
            false => format!("{words}."),
        }
    }

    /// Rows on different users are told part by part.
    fn of_different_users(&self, pools: &[Vec<usize>]) -> ([String; 2], bool) {
        let deciding = deciding_axes(&self.table.axes, &self.table.rows, pools);
        let mut is_tested = false;
        let part = |pool: &Vec<usize>| {
            let of = words(&self.table.axes, &self.table.rows, self.column, pool, &deciding);
            let race = Race::of(&self.table.rows, (self.column, self.metric()), pool, self.table.least);
            let race = race.filter(|race| race.others().any(|(_, p)| !p.is_nan()));
            is_tested |= race.is_some();
            let said = match race {
                None => "nothing is tested".to_owned(),
                Some(race) => {
                    let others: Vec<(usize, f64)> = race.others().collect();
                    match others.iter().find(|(_, p)| p.is_nan() || *p > LEVEL) {
                        None => {
                            let (words, _) = self.difference(race.leader(), &others[0], "the nearest is");
                            format!("{} is best, {}; {words}", self.name(race.leader()), self.mean(race.leader()))
                        }
                        Some((other, _)) => format!(
                            "none is found best, for {} cannot be told from {}",
                            self.name(race.leader()),
                            self.name(*other)
                        ),
                    }
                }
            };
            format!("on {of}: {said}")
        };
        let parts: Vec<String> = pools.iter().take(TOLD).map(part).collect();
        let more = if pools.len() > TOLD { "; the table has the rest" } else { "" };
        let first = format!(
            "No group is found best by {} over all ({}): {} who is evaluated, and numbers on different users are not ranked across.",
            self.metric().name(),
            self.context(&pools.concat()),
            culprits(&deciding)
        );
        let second = format!("Among the same users, {}{more}.", parts.join("; and "));
        ([first, second], is_tested)
    }
}
