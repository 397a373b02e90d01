//! What the ratings, divided as a sweep asks, have to offer its trials: whether anything is held out, and how many users
//! each measure can take. Known before anything trains, by the split that the worker uses as well.

mod division;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use drr_core::TrialId;
use drr_core::data::Ratings;
use drr_core::data::load::{Scale, has_positives};
use drr_core::spec::{DatasetSpec, HeldOut, Job, Measure, Protocol, SplitSpec};
use drr_core::trial_dir::TrialDir;
use serde::Serialize;

use self::division::Division;
use super::begun;
use crate::error::Result;
use crate::sweep::{Datasets, Problem, Problems, Sweep, SweepFile};

/// Fewer users than this are a handful: what is measured on them is warned about.
const HANDFUL: usize = 20;

/// How many users an evaluation can take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// The dataset's name.
    pub dataset: String,
    /// `offline` or `online`.
    pub measure: &'static str,
    /// The protocol, which decides what a history starts from.
    pub protocol: Protocol,
    /// How many positive items it starts from.
    pub history: u64,
    /// Users of the dataset.
    pub users: usize,
    /// Users that can be taken, by K.
    pub eligible: Vec<Eligible>,
}

/// Users that can be taken for one K.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Eligible {
    /// Recommendations that are judged; online any number can be.
    pub k: Option<u64>,
    /// How many users have candidates and positives enough.
    pub users: usize,
}

impl Offer {
    /// What a person should know before the sweep runs; nothing where there are users enough.
    pub fn warning(&self) -> Option<String> {
        let Self { dataset, measure, history, users: all, .. } = self;
        if self.eligible.iter().all(|eligible| eligible.users >= HANDFUL) {
            return None;
        }
        let at = self.eligible.iter().map(|Eligible { k, users }| match k {
            None => format!("{users} of {all}"),
            Some(k) => format!("{users} of {all} at K = {k}"),
        });
        let (at, protocol) = (at.collect::<Vec<_>>().join(", "), name(self.protocol));
        Some(format!("few users of {dataset} to evaluate on ({measure}, {protocol}, history {history}): {at}"))
    }
}

/// What an unfinished trial needs of its division.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// Ratings to learn from and a share of them that validates, as its bits.
    Factors(u64),
    /// Users with so many positive train ratings.
    Sessions(u64),
    /// Users for an evaluation; offline with at least K candidates.
    Users { measure: &'static str, protocol: Protocol, history: u64, k: Option<u64> },
}

/// Looks at the ratings of every trial that is not finished, once for each division.
///
/// # Errors
/// A part of the ratings is empty, or nobody can be trained or evaluated on: a trial would fail, or measure nothing.
pub fn examine(file: &SweepFile, sweep: &Sweep, runs: &Path, datasets: &mut Datasets) -> Result<Vec<Offer>> {
    let (mut offers, mut problems, mut said) = (Vec::new(), Problems::default(), HashSet::new());
    for (dataset, split, needs) in needed(sweep, runs) {
        let table = datasets.table(dataset)?;
        let division = Division::new(&table, split);
        let examined = Examined { dataset, split, table: &table, division: &division };
        let found = examined.offers(&needs);
        for (message, help) in examined.lacks(&needs, &found) {
            // Ten seeds with a split each lack the same ten times.
            if said.insert(message.clone()) {
                problems.add(Problem::new(message).help(help), &file.dataset.place, "of these ratings");
            }
        }
        offers.extend(found.into_iter().filter(|offer| !offers.contains(offer)).collect::<Vec<_>>());
    }
    if problems.is_empty() { Ok(offers) } else { Err(problems.into_error(file.start.source_name())) }
}

/// What the unfinished trials of a sweep need, by the division they stand on.
fn needed<'a>(sweep: &'a Sweep, runs: &Path) -> Vec<(&'a DatasetSpec, &'a SplitSpec, BTreeSet<Need>)> {
    let begun = begun(runs);
    let is_finished = |id: TrialId| begun.contains(&id) && TrialDir::new(runs, id).is_complete();
    let mut divisions: Vec<(&DatasetSpec, &SplitSpec, BTreeSet<Need>)> = Vec::new();
    for trial in &sweep.trials {
        let spec = &trial.spec;
        let same = |(dataset, split, _): &(&DatasetSpec, &SplitSpec, _)| {
            dataset.fingerprint == spec.dataset.fingerprint && **split == spec.split
        };
        let new: Vec<Need> = needs(&spec.job);
        let at = divisions.iter().rposition(same);
        if at.is_some_and(|at| new.iter().all(|need| divisions[at].2.contains(need))) || is_finished(trial.id) {
            continue;
        }
        match at {
            Some(at) => divisions[at].2.extend(new),
            None => divisions.push((&spec.dataset, &spec.split, new.into_iter().collect())),
        }
    }
    divisions
}

fn needs(job: &Job) -> Vec<Need> {
    match job {
        Job::Pmf(pmf) => vec![Need::Factors(pmf.validation.to_bits())],
        Job::Drr(job) => vec![Need::Sessions(job.drr.history)],
        Job::Eval(job) => {
            let users = |measure, protocol, k| Need::Users { measure, protocol, history: job.history, k };
            match &job.measure {
                Measure::Offline(it) => it.k.iter().map(|k| users("offline", it.protocol, Some(*k))).collect(),
                Measure::Online(it) => vec![users("online", it.protocol, None)],
            }
        }
    }
}

/// One division, and what is asked of it.
struct Examined<'a> {
    dataset: &'a DatasetSpec,
    split: &'a SplitSpec,
    table: &'a Ratings,
    division: &'a Division,
}

/// What is wrong, and what to do about it.
type Lack = (String, String);

impl Examined<'_> {
    fn offers(&self, needs: &BTreeSet<Need>) -> Vec<Offer> {
        let mut offers: Vec<Offer> = Vec::new();
        for need in needs {
            let Need::Users { measure, protocol, history, k } = need else { continue };
            let users = self.division.eligible(*protocol, *history, k.unwrap_or(0));
            let eligible = Eligible { k: *k, users };
            let is_same =
                |offer: &&mut Offer| (offer.measure, offer.protocol, offer.history) == (*measure, *protocol, *history);
            match offers.iter_mut().find(is_same) {
                Some(offer) => offer.eligible.push(eligible),
                None => offers.push(Offer {
                    dataset: self.dataset.name.clone(),
                    measure,
                    protocol: *protocol,
                    history: *history,
                    users: self.table.users.len(),
                    eligible: vec![eligible],
                }),
            }
        }
        offers
    }

    fn lacks(&self, needs: &BTreeSet<Need>, offers: &[Offer]) -> Vec<Lack> {
        let Division { train, test, .. } = *self.division;
        if train == 0 || test == 0 {
            return vec![self.empty_part()];
        }
        let mut lacks = Vec::new();
        for need in needs {
            match need {
                Need::Factors(share) => lacks.extend(self.no_validation(f64::from_bits(*share))),
                Need::Sessions(history) if self.division.eligible(Protocol::Strict, *history, 0) == 0 => {
                    lacks.push(self.no_positives(*history, "train", "to train a recommender on"));
                }
                Need::Sessions(_) | Need::Users { .. } => {}
            }
        }
        lacks.extend(offers.iter().filter_map(|offer| self.nobody(offer)));
        lacks
    }

    fn empty_part(&self) -> Lack {
        let (ratings, users) = (self.table.rows.len(), self.table.users.len());
        let held_out = match self.split.held_out {
            HeldOut::Test => "test",
            HeldOut::Validation => "validation",
        };
        let (what, part) = match self.division.train {
            0 => ("leaves nothing to learn from", "train"),
            _ => ("holds nothing out", held_out),
        };
        let SplitSpec { kind, test, .. } = self.split;
        let kind = serde_json::to_value(kind).expect("a kind is a word");
        let message = format!(
            "the split {what}: of {ratings} ratings by {users} users none is in the {part} part (split.kind = {kind}, \
             split.test = {test})"
        );
        let help = match part {
            "train" => "lower split.test, or import more ratings",
            _ if kind == "temporal" => {
                "a temporal split holds out the rounded share of each user's ratings: raise split.test, or set split.kind = \
                 \"random\""
            }
            _ => "raise split.test, or import more ratings",
        };
        (message, help.to_owned())
    }

    /// The factorisation's own validation part, by which the best epoch is chosen.
    fn no_validation(&self, share: f64) -> Option<Lack> {
        let train = self.division.train;
        let validation = (train as f64 * share).round() as usize;
        if validation == train {
            let message = format!("pmf.validation = {share} leaves none of the {train} train ratings to learn from");
            return Some((message, "lower pmf.validation".to_owned()));
        }
        (share > 0.0 && validation == 0).then(|| {
            let message = format!("pmf.validation = {share} holds out none of the {train} train ratings");
            (message, "raise it, or set pmf.validation = 0 to train without".to_owned())
        })
    }

    fn no_positives(&self, history: u64, part: &str, purpose: &str) -> Lack {
        let most = self.division.most_positives(if part == "train" { Protocol::Strict } else { Protocol::Published });
        let message = format!(
            "no user of {} has {history} positive {part} ratings (above 3 stars) {purpose}: the most is {most}",
            self.dataset.name
        );
        let cause = match Scale::of(self.table) {
            Scale::Other { range: [low, high], looks, mend } => Some(format!(
                "the ratings run from {low} to {high} and look like {looks}, while above 3 stars is positive: {mend}"
            )),
            Scale::Stars if !has_positives(self.table) => Some(
                "no rating at all is above 3 stars: is it the scale from 1 to 5 that drr-lab takes it for?".to_owned(),
            ),
            Scale::Stars => None,
        };
        let lower = match most {
            0 => "import ratings with positive ones".to_owned(),
            most => format!("set drr.history to {most} or less"),
        };
        (message, cause.unwrap_or(lower))
    }

    /// An evaluation, or one K of it, that nobody can be taken for.
    fn nobody(&self, offer: &Offer) -> Option<Lack> {
        let Offer { measure, history, users, eligible, .. } = offer;
        let (none, kept): (Vec<Eligible>, Vec<Eligible>) = eligible.iter().partition(|eligible| eligible.users == 0);
        if none.is_empty() {
            return None;
        }
        let part = match offer.protocol {
            Protocol::Published => "test",
            Protocol::Strict => "train",
        };
        let protocol = name(offer.protocol);
        if self.division.eligible(offer.protocol, *history, 0) == 0 {
            let purpose = format!("to start from ({measure}, {protocol})");
            return Some(self.no_positives(*history, part, &purpose));
        }
        let list =
            |all: &[Eligible]| all.iter().filter_map(|it| it.k).map(|k| k.to_string()).collect::<Vec<_>>().join(", ");
        let least = none.iter().filter_map(|it| it.k).min().unwrap_or(0);
        let counts = kept.iter().map(|it| format!("{} of {users} users at K = {}", it.users, it.k.unwrap_or(0)));
        let others = match kept.as_slice() {
            [] => String::new(),
            _ => format!("; there are {}", counts.collect::<Vec<_>>().join(", ")),
        };
        let message = format!(
            "K = {} cannot be measured {measure} ({protocol}): no user of {} has {least} test ratings and {history} positive \
             {part} ratings to start from{others}",
            list(&none),
            self.dataset.name,
        );
        let help = match kept.as_slice() {
            [] => {
                let most = self.division.most_candidates(offer.protocol, *history);
                format!("the most test ratings of such a user are {most}: set offline.k = [{most}] or less")
            }
            _ => format!("set offline.k = [{}]; a larger split.test or a smaller drr.history leaves more", list(&kept)),
        };
        Some((message, help))
    }
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Published => "published",
        Protocol::Strict => "strict",
    }
}

#[cfg(test)]
mod tests;
