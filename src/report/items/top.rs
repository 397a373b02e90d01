//! A Top-N list: the N items that a stored recommender scores highest for one user, now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{DatasetSpec, RatingScale, RatingsSpec, RewardRule};
use drr_core::{TrialId, TrialSpec};
use drr_kinds::KindOf as _;
use drr_kinds::recommender::Recommender;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::report::contents::SweepReport;

/// The N best items for a user.
#[derive(Clone, Debug, Serialize)]
pub struct TopList {
    /// The recommender.
    pub trial: TrialId,
    /// The user, by the dataset's id.
    pub user: String,
    /// What the user was last seen to like in the train log, oldest first: the history H of the state.
    pub history: Vec<RankedItem>,
    /// Best first.
    pub items: Vec<Scored>,
    /// How it stands among other users' lists.
    pub alike: Alike,
    /// Whether ratings are stars.
    #[serde(skip)]
    pub in_stars: bool,
}

/// A user's list among those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Alike {
    /// How many users' lists were made, this one's among them.
    pub users: usize,
    /// How many of them have the same items, in any order.
    pub same: usize,
    /// Different items in all of these lists.
    pub distinct: usize,
}

/// An item by the dataset's id, and its title where the dataset has titles.
#[derive(Clone, Debug, Serialize)]
pub struct RankedItem {
    /// The dataset's id.
    pub id: String,
    /// The title, or `item ID`.
    pub title: String,
}

/// An item of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Scored {
    /// Which.
    #[serde(flatten)]
    pub item: RankedItem,
    /// q_i · a, with the bias coordinate where that is scored.
    pub score: f32,
    /// The user's rating in the held-out part, if there is one.
    pub stars: Option<f32>,
}

impl SweepReport<'_> {
    /// The recommender that the sweep's offline evaluation found best: its lowest seed.
    pub fn best_recommender(&self) -> Option<TrialId> {
        let trial = self.studies.iter().find_map(|(study, _)| super::best(study))?;
        super::model_of(trial.spec())
    }
}

/// Users whose lists are compared, at most.
const COMPARED: usize = 100;

/// The train ratings of a user and of some others, evenly over all.
fn train_logs(ratings: &Ratings, split: &Split, user: u32) -> BTreeMap<u32, Vec<Rating>> {
    let (all, count) = (ratings.users.len(), ratings.users.len().min(COMPARED));
    let others = (0..count).map(|at| (at * all / count) as u32);
    let mut logs: BTreeMap<u32, Vec<Rating>> = others.chain([user]).map(|user| (user, Vec::new())).collect();
    for rating in split.train.iter().map(|&at| ratings.rows[at as usize]) {
        if let Some(log) = logs.get_mut(&rating.user) {
            log.push(rating);
        }
    }
    logs
}

/// The latest positive items, oldest first; how many there are where they are too few.
fn positive_history(log: &[Rating], rule: RewardRule, length: usize) -> std::result::Result<Vec<u32>, usize> {
    let liked = log.iter().filter(|rating| rule.is_positive(rating.stars));
    let mut positive: Vec<(i64, u32)> = liked.map(|rating| (rating.timestamp, rating.item)).collect();
    positive.sort_unstable();
    let from = positive.len().checked_sub(length).ok_or(positive.len())?;
    Ok(positive[from..].iter().map(|(_, item)| *item).collect())
}

/// What makes lists.
struct Serve<'a> {
    recommender: &'a dyn Recommender,
    /// Items of a list.
    n: usize,
    /// Whether rated items stand in it.
    seen: bool,
    /// What is liked.
    rule: RewardRule,
}

impl Serve<'_> {
    /// The items with the highest scores, and these.
    fn list(&self, user: u32, history: &[u32], log: &[Rating]) -> Vec<(u32, f32)> {
        let action = self.recommender.act(user, history);
        let known: BTreeSet<u32> = log.iter().map(|rating| rating.item).collect();
        let mut scored: Vec<(u32, f32)> = (0..self.recommender.items() as u32)
            .filter(|item| self.seen || !known.contains(item))
            .map(|item| (item, self.recommender.score(item, &action)))
            .collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        scored.truncate(self.n);
        scored
    }
}

/// How a list stands among those of the users with enough of a history.
fn alike(serve: &Serve<'_>, logs: &BTreeMap<u32, Vec<Rating>>, own: &[(u32, f32)]) -> Alike {
    let set = |list: &[(u32, f32)]| list.iter().map(|(item, _)| *item).collect::<BTreeSet<u32>>();
    let own = set(own);
    let lists: Vec<BTreeSet<u32>> = logs
        .iter()
        .filter_map(|(&user, log)| {
            let history = positive_history(log, serve.rule, serve.recommender.history()).ok()?;
            Some(set(&serve.list(user, &history, log)))
        })
        .collect();
    let distinct: BTreeSet<u32> = lists.iter().flatten().copied().collect();
    Alike { users: lists.len(), same: lists.iter().filter(|list| **list == own).count(), distinct: distinct.len() }
}

/// The list of one user. The history is the user's latest positive train ratings; items of the train log are left out
/// unless `seen` is set. Items with equal scores stand in the dataset's order.
///
/// # Errors
/// `spec` trains no recommender, its models or its data are gone, or the user is unknown or has too few positives.
pub fn top(runs: &Path, data: &Path, spec: &TrialSpec, user: &str, n: usize, seen: bool) -> Result<TopList> {
    let read = spec.kind().model().and_then(|model| model.recommender).ok_or_else(|| {
        Error::input(format!("trial {} is no recommender", spec.id().short()))
            .hint("`drr-lab runs list SWEEP` shows which trials are of the stage drr")
    })?;
    let recommender = super::read(runs, spec, read).ok_or_else(|| {
        Error::environment(format!("the models of {} and of its PMF cannot be read", spec.id().short()))
            .hint("`drr-lab verify` tells which file is gone or changed")
    })?;
    let RatingsSpec { dataset: DatasetSpec { name, .. }, split, reward } = spec
        .ratings
        .as_ref()
        .ok_or_else(|| Error::input(format!("trial {} stands on no ratings", spec.id().short())))?;
    let (ratings, titles) = super::ratings(spec, data).ok_or_else(|| {
        Error::environment(format!("the ratings of {name} are not here"))
            .hint("`drr-lab data fetch` gets them; --data names another folder")
    })?;
    if ratings.items.len() != recommender.items() || ratings.users.len() != recommender.users() {
        return Err(Error::environment(format!("the models are of another dataset than {name}"))
            .hint("`drr-lab verify` tells which file is gone or changed"));
    }
    let unknown = || {
        Error::input(format!("{name} has no user `{user}`")).hint(format!(
            "it has {} users, the first is `{}`",
            ratings.users.len(),
            ratings.users[0]
        ))
    };
    let row = ratings.users.iter().position(|id| id == user).ok_or_else(unknown)? as u32;
    let split = Split::of(&ratings, split, data).map_err(|error| Error::environment(error.to_string()))?;
    let test: Vec<Rating> =
        split.test.iter().map(|&at| ratings.rows[at as usize]).filter(|rating| rating.user == row).collect();
    let logs = train_logs(&ratings, &split, row);
    let length = recommender.history();
    let serve = Serve { recommender: &*recommender, n, seen, rule: *reward };
    let own = &logs[&row];
    let history = positive_history(own, *reward, length).map_err(|liked| {
        Error::input(format!(
            "user {user} likes {liked} items of the train log; this recommender's history has {length}"
        ))
    })?;
    let scored = serve.list(row, &history, own);
    let alike = alike(&serve, &logs, &scored);
    let named = |item: u32| {
        let id = ratings.items[item as usize].clone();
        RankedItem { title: titles.get(&id).cloned().unwrap_or_else(|| format!("item {id}")), id }
    };
    let stars = |item: u32| test.iter().find(|rating| rating.item == item).map(|rating| rating.stars);
    Ok(TopList {
        trial: spec.id(),
        user: user.to_owned(),
        history: history.iter().map(|&item| named(item)).collect(),
        alike,
        in_stars: reward.scale == RatingScale::STARS,
        items: scored.iter().map(|&(item, score)| Scored { item: named(item), score, stars: stars(item) }).collect(),
    })
}
