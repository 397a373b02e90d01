//! The trials that could start now, in the order they should, and those that rest before they are tried again.
//!
//! Models that stand on nothing come first, for others stand on them. Then replicate by replicate, so that at any moment every
//! configuration has been run with about the same seeds and partial results can be compared; within a replicate what
//! stands on others last, and within a stage the longest first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use drr_kinds::Stage;

use super::Job;
use crate::plan::Needs;

/// Where a job stands in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_later: bool,
    replicate: u32,
    stage: Stage,
    longest_first: u64,
    job: usize,
}

impl Rank {
    fn new(job: usize, it: &Job) -> Self {
        Self {
            is_later: !it.stage.stands_on_nothing(),
            replicate: it.replicate,
            stage: it.stage,
            // The bits of a positive float sort like the float.
            longest_first: u64::MAX - it.cost.max(0.0).to_bits(),
            job,
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// By what they are computed on.
    all: BTreeMap<Needs, BTreeSet<Rank>>,
    /// Those that start only when nothing else runs or could.
    solitary: BTreeSet<Rank>,
    /// Those that can be trained together, by group.
    groups: HashMap<u32, BTreeSet<Rank>>,
    /// When a resting job may start.
    resting: BTreeSet<(Duration, usize)>,
}

impl Ready {
    pub fn len(&self) -> usize {
        self.all.values().map(BTreeSet::len).sum::<usize>() + self.solitary.len()
    }

    /// How many rest.
    pub fn resting(&self) -> usize {
        self.resting.len()
    }

    /// Whether nothing can start now or later.
    pub fn is_over(&self) -> bool {
        self.len() == 0 && self.resting.is_empty()
    }

    /// Whether something can start now beside what runs.
    pub fn any(&self) -> bool {
        self.all.values().any(|jobs| !jobs.is_empty())
    }

    /// How many that are computed there can start now beside what runs.
    pub fn beside(&self, on: Needs) -> usize {
        self.all.get(&on).map_or(0, BTreeSet::len)
    }

    /// Adds a job that is to have the machine for itself.
    pub fn add_solitary(&mut self, job: usize, it: &Job) {
        self.solitary.insert(Rank::new(job, it));
    }

    /// The job to start when nothing runs; none as long as others could.
    pub fn solitary(&self) -> Option<usize> {
        self.solitary.first().map(|rank| rank.job).filter(|_| !self.any())
    }

    /// Adds a job, and to `group` if it may be trained with others.
    pub fn add(&mut self, job: usize, it: &Job, group: Option<u32>) {
        let rank = Rank::new(job, it);
        self.all.entry(it.needs).or_default().insert(rank);
        if let Some(group) = group {
            self.groups.entry(group).or_default().insert(rank);
        }
    }

    /// Puts a job aside until `until`.
    pub fn rest(&mut self, job: usize, until: Duration) {
        self.resting.insert((until, job));
    }

    /// The jobs whose rest is over.
    pub fn rested(&mut self, now: Duration) -> Vec<usize> {
        let mut rested = Vec::new();
        while let Some(&(until, job)) = self.resting.first().filter(|(until, _)| *until <= now) {
            self.resting.remove(&(until, job));
            rested.push(job);
        }
        rested
    }

    /// When the next rest is over.
    pub fn next_rested(&self) -> Option<Duration> {
        self.resting.first().map(|(until, _)| *until)
    }

    /// The job to start there next, of those that may.
    pub fn first(&self, on: Needs, may: impl Fn(usize) -> bool) -> Option<usize> {
        self.all.get(&on)?.iter().map(|rank| rank.job).find(|&job| may(job))
    }

    /// How many jobs of a group could start now.
    pub fn in_group(&self, group: u32) -> usize {
        self.groups.get(&group).map_or(0, BTreeSet::len)
    }

    /// Takes a job out, with up to `most - 1` others of its group, in the order they should start.
    pub fn take(&mut self, job: usize, it: &Job, most: usize) -> Vec<usize> {
        let rank = Rank::new(job, it);
        let all = self.all.entry(it.needs).or_default();
        all.remove(&rank);
        self.solitary.remove(&rank);
        let mut taken = vec![job];
        // One that is to run alone is in no group.
        if let Some(group) = it.group.and_then(|group| self.groups.get_mut(&group))
            && group.remove(&rank)
        {
            while taken.len() < most
                && let Some(other) = group.pop_first()
            {
                all.remove(&other);
                taken.push(other.job);
            }
        }
        taken
    }
}
