//! A Top-N list: the N items that a stored recommender scores highest for one user, now.

use drr_kinds::KindOf as _;
use std::path::Path;

use drr_core::data::{Split, reward};
use drr_core::{TrialId, TrialSpec};
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
    let (ratings, titles) = super::ratings(spec, data).ok_or_else(|| {
        Error::environment(format!("the ratings of {} are not here", spec.dataset.name))
            .hint("`drr-lab data fetch` gets them; --data names another folder")
    })?;
    if ratings.items.len() != recommender.items() || ratings.users.len() != recommender.users() {
        return Err(Error::environment(format!("the models are of another dataset than {}", spec.dataset.name))
            .hint("`drr-lab verify` tells which file is gone or changed"));
    }
    let unknown = || {
        Error::input(format!("{} has no user `{user}`", spec.dataset.name)).hint(format!(
            "it has {} users, the first is `{}`",
            ratings.users.len(),
            ratings.users[0]
        ))
    };
    let row = ratings.users.iter().position(|id| id == user).ok_or_else(unknown)? as u32;
    let split = Split::new(&ratings, &spec.split);
    let log = |rows: &[u32]| {
        rows.iter().map(|&at| ratings.rows[at as usize]).filter(|rating| rating.user == row).collect::<Vec<_>>()
    };
    let (train, test) = (log(&split.train), log(&split.test));
    let mut positive: Vec<(i64, u32)> = train
        .iter()
        .filter(|rating| reward(rating.stars) > 0.0)
        .map(|rating| (rating.timestamp, rating.item))
        .collect();
    positive.sort_unstable();
    let length = recommender.history();
    let from = positive.len().checked_sub(length).ok_or_else(|| {
        Error::input(format!(
            "user {user} likes {} items of the train log; this recommender's history has {length}",
            positive.len()
        ))
    })?;
    let history: Vec<u32> = positive[from..].iter().map(|(_, item)| *item).collect();
    let action = recommender.act(row, &history);
    let known = |item: u32| train.iter().any(|rating| rating.item == item);
    let mut scored: Vec<(u32, f32)> = (0..recommender.items() as u32)
        .filter(|&item| seen || !known(item))
        .map(|item| (item, recommender.score(item, &action)))
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    scored.truncate(n);
    let named = |item: u32| {
        let id = ratings.items[item as usize].clone();
        RankedItem { title: titles.get(&id).cloned().unwrap_or_else(|| format!("item {id}")), id }
    };
    let stars = |item: u32| test.iter().find(|rating| rating.item == item).map(|rating| rating.stars);
    Ok(TopList {
        trial: spec.id(),
        user: user.to_owned(),
        history: history.iter().map(|&item| named(item)).collect(),
        items: scored.iter().map(|&(item, score)| Scored { item: named(item), score, stars: stars(item) }).collect(),
    })
}
