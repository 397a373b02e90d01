//! What the ratings, divided as a sweep asks, have to offer its trials: whether anything is held out, and how many users
//! each measure can take. Known before anything trains, by the split that the worker uses as well.

mod division;
mod lacks;

use std::collections::HashSet;
use std::path::Path;

use drr_core::data::Ratings;
use drr_core::data::load::ScaleGuess;
use drr_core::spec::{DatasetSpec, RatingsSpec, RewardRule, SplitSpec};
use drr_core::trial_dir::TrialDir;
use drr_core::{TrialId, TrialSpec};
use drr_kinds::kind::{Need, Role};
use drr_kinds::protocol::Protocol;
use drr_kinds::{Kind, KindOf as _};
use serde::Serialize;

use self::division::Division;
use super::begun;
use crate::error::Result;
use crate::sweep::{Datasets, Problem, Problems, Sweep, SweepFile};

/// Fewer users than this are a handful: what is measured on them is warned about.
const HANDFUL: usize = 20;

/// What is known of a sweep's ratings before it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// How many users each evaluation can take; the fewest, where seeds have splits of their own.
    pub offers: Vec<Offer>,
    /// What a person should know, a line each.
    pub warnings: Vec<String>,
}

/// How many users an evaluation can take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// The dataset's name.
    pub dataset: String,
    /// The measure.
    pub measure: &'static str,
    /// The protocol, which decides what a history starts from.
    pub protocol: Protocol,
    /// How many positive items it starts from.
    pub history: u64,
    /// The field that says so.
    #[serde(skip)]
    pub field: &'static str,
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
    /// Test ratings that a user needs.
    #[serde(skip)]
    pub least: u64,
    /// How many users have candidates and positives enough.
    pub users: usize,
    /// How many of them have more candidates than K, so that the order of these matters.
    #[serde(skip)]
    pub ordered: usize,
}

impl Offer {
    /// The users that can be taken, in words: of how many, and at each K.
    pub fn counts(&self) -> String {
        let at = self.eligible.iter().map(|Eligible { k, least, users, .. }| match (k, least) {
            (None, 0) => users.to_string(),
            (None, 1) => format!("{users} with a test rating"),
            (None, least) => format!("{users} with {least} test ratings or more"),
            (Some(k), _) => format!("{users} at K = {k}"),
        });
        let history = match self.history {
            0 => String::new(),
            history => format!(" with a history of {history}"),
        };
        format!("of {} users{history}: {}", self.users, at.collect::<Vec<_>>().join(", "))
    }

    /// Ks at which there is nothing to choose.
    fn idle(&self) -> Option<String> {
        let all_alike: Vec<String> = self
            .eligible
            .iter()
            .filter(|eligible| eligible.users > 0 && eligible.ordered == 0)
            .filter_map(|eligible| Some(eligible.k?.to_string()))
            .collect();
        let Self { dataset, measure, .. } = self;
        let protocol = self.protocol.name();
        (!all_alike.is_empty()).then(|| {
            format!(
                "every policy scores the same at K = {} ({measure}, {protocol}): no user of {dataset} has more test ratings than \
                 that, and candidates are the user's test ratings; a split that holds more out of each user leaves a choice",
                all_alike.join(", ")
            )
        })
    }

    /// What a person should know before the sweep runs; nothing where there are users enough.
    fn warning(&self) -> Option<String> {
        let Self { dataset, measure, history, users: all, .. } = self;
        if self.eligible.iter().all(|eligible| eligible.users >= HANDFUL) {
            return None;
        }
        let at = self.eligible.iter().map(|Eligible { k, users, .. }| match k {
            None => format!("{users} of {all}"),
            Some(k) => format!("{users} of {all} at K = {k}"),
        });
        let (at, protocol) = (at.collect::<Vec<_>>().join(", "), self.protocol.name());
        Some(format!("few users of {dataset} to evaluate on ({measure}, {protocol}, history {history}): {at}"))
    }
}

/// What the unfinished trials of a kind need of their division.
type Demand = (&'static Kind, Need);

/// Looks at the ratings of every trial that is not finished, once for each division.
///
/// # Errors
/// A part of the ratings is empty, or nobody can be trained or evaluated on: a trial would fail, or measure nothing.
pub fn examine(file: &SweepFile, sweep: &Sweep, runs: &Path, datasets: &mut Datasets) -> Result<Outlook> {
    let (mut outlook, mut problems) = (Outlook::default(), Problems::default());
    let (mut said, mut looked_at) = (HashSet::new(), HashSet::new());
    for (ratings, needs) in needed(sweep, runs) {
        let RatingsSpec { dataset, split, reward } = ratings;
        let (table, parts) = datasets.divided(dataset, split)?;
        let division = Division::new(&table, &parts, *reward);
        let examined = Examined { dataset, split, reward: *reward, table: &table, division: &division };
        let found = examined.offers(&needs);
        for (message, help) in examined.lacks(&needs, &found) {
            // Ten seeds with a split each lack the same ten times.
            if said.insert(message.clone()) {
                problems.add(Problem::new(message).help(help), file.place_of(&dataset.name), "of these ratings");
            }
        }
        let all_positive = table.rows.iter().all(|row| reward.is_positive(row.stars));
        let line = format!(
            "every rating of {} is positive: among what a user rated every order has a precision of 1",
            dataset.name
        );
        if all_positive && !found.is_empty() && !outlook.warnings.contains(&line) {
            outlook.warnings.push(line);
        }
        // Whatever divides them.
        let is_new = looked_at.insert((dataset.fingerprint, reward.words()));
        if let Some(line) = is_new.then(|| off_scale(&dataset.name, &table, *reward)).flatten() {
            // What an import kept is meant; a sweep that says another scale is held to it.
            if reward.scale == datasets.rule_of(dataset)?.scale {
                outlook.warnings.push(line);
            } else {
                let help = "name the scale that they are on: reward.scale, or leave it out to take the dataset's own";
                problems.add(Problem::new(line).help(help), file.place_of_field("reward.scale"), "not on it");
            }
        }
        found.into_iter().for_each(|offer| outlook.add(offer));
    }
    let few: Vec<String> = outlook.offers.iter().filter_map(Offer::warning).collect();
    outlook.warnings.extend(few);
    let idle: Vec<String> = outlook.offers.iter().filter_map(Offer::idle).collect();
    outlook.warnings.extend(idle);
    if problems.is_empty() { Ok(outlook) } else { Err(problems.into_error(file.start.source_name())) }
}

impl Outlook {
    /// Adds what one division offers.
    fn add(&mut self, offer: Offer) {
        let is_same = |other: &&mut Offer| {
            (&other.dataset, other.measure, other.protocol, other.history)
                == (&offer.dataset, offer.measure, offer.protocol, offer.history)
        };
        let Some(known) = self.offers.iter_mut().find(is_same) else { return self.offers.push(offer) };
        for eligible in offer.eligible {
            match known.eligible.iter_mut().find(|known| (known.k, known.least) == (eligible.k, eligible.least)) {
                Some(known) => {
                    known.users = known.users.min(eligible.users);
                    known.ordered = known.ordered.min(eligible.ordered);
                }
                None => known.eligible.push(eligible),
            }
        }
    }
}

/// Ratings that do not lie on the scale that they are taken for.
fn off_scale(name: &str, table: &Ratings, rule: RewardRule) -> Option<String> {
    let outside = table.rows.iter().filter(|row| !rule.scale.holds(row.stars)).count();
    if outside == 0 {
        return None;
    }
    let [low, high] = table.range();
    let looks = match ScaleGuess::of(table) {
        ScaleGuess::Other { looks, .. } => format!(" and look like {looks}"),
        ScaleGuess::Stars => String::new(),
    };
    Some(format!(
        "{outside} of {} ratings of {name} lie outside of {}, with rewards beyond -1 to 1: they run from {low} to {high}{looks}",
        table.rows.len(),
        rule.scale
    ))
}

/// What the unfinished trials of a sweep need, by the division they stand on.
fn needed<'a>(sweep: &'a Sweep, runs: &Path) -> Vec<(&'a RatingsSpec, Vec<Demand>)> {
    let begun = begun(runs);
    let is_finished = |id: TrialId| begun.contains(&id) && TrialDir::new(runs, id).is_complete();
    let mut divisions: Vec<(&RatingsSpec, Vec<Demand>)> = Vec::new();
    for trial in &sweep.trials {
        let spec = &trial.spec;
        let Some(own) = &spec.ratings else { continue };
        let same = |(other, _): &(&RatingsSpec, _)| {
            (other.dataset.fingerprint, &other.split, other.reward) == (own.dataset.fingerprint, &own.split, own.reward)
        };
        let mut new = demands(spec);
        let at = divisions.iter().rposition(same);
        if let Some(at) = at {
            new.retain(|demand| !divisions[at].1.contains(demand));
        }
        if (at.is_some() && new.is_empty()) || is_finished(trial.id) {
            continue;
        }
        match at {
            Some(at) => divisions[at].1.extend(new),
            None => divisions.push((own, new)),
        }
    }
    divisions
}

fn demands(spec: &TrialSpec) -> Vec<Demand> {
    let kind = spec.kind();
    let needs = match kind.role {
        Role::Model(model) => (model.needs)(&spec.settings),
        Role::Measure(measure) => (measure.needs)(&spec.settings),
        Role::Policy(_) => Vec::new(),
    };
    needs.into_iter().map(|need| (kind, need)).collect()
}

/// One division, and what is asked of it.
struct Examined<'a> {
    dataset: &'a DatasetSpec,
    split: &'a SplitSpec,
    reward: RewardRule,
    table: &'a Ratings,
    division: &'a Division,
}

impl Examined<'_> {
    fn offers(&self, demands: &[Demand]) -> Vec<Offer> {
        let mut offers: Vec<Offer> = Vec::new();
        for (kind, need) in demands {
            let Need::Users { field, protocol, history, least, k, any_item } = need else { continue };
            let users = self.division.eligible(*protocol, *history, *least);
            let ordered = k.filter(|_| !any_item).map_or(users, |k| self.division.ordered(*protocol, *history, k));
            let eligible = Eligible { k: *k, least: *least, users, ordered };
            let is_same =
                |offer: &&mut Offer| (offer.measure, offer.protocol, offer.history) == (kind.name, *protocol, *history);
            match offers.iter_mut().find(is_same) {
                Some(offer) => offer.eligible.push(eligible),
                None => offers.push(Offer {
                    dataset: self.dataset.name.clone(),
                    measure: kind.name,
                    field,
                    protocol: *protocol,
                    history: *history,
                    users: self.table.users.len(),
                    eligible: vec![eligible],
                }),
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests;
