//! What a policy recommends to whom: how much of the catalogue stands in the users' lists, how alike they are, how well
//! known what stands in them is. A policy that is the same for everybody has one list.

use drr_core::seed::Stream;
use drr_kinds::ranking::StaticRanking;
use drr_kinds::training::Metrics;
use drr_kinds::world::World;

use crate::evaluate::policy::Policy;
use crate::pmf::PmfModel;

/// Items of a list.
const LENGTH: usize = 10;

/// Users whose lists are made, at most: more of them tell no more.
const USERS: usize = 100;

/// Some of the users, evenly over all.
pub(crate) fn sample(users: &[u32]) -> Vec<u32> {
    let count = users.len().min(USERS);
    (0..count).map(|at| users[at * users.len() / count]).collect()
}

/// The best items of all for each user: rated ones too, so that lists of a policy that does not look at its user are one.
/// `actions` are a recommender's, one a user. What has no preference draws.
pub(crate) fn lists(
    world: &World,
    model: &PmfModel,
    policy: &Policy,
    users: &[u32],
    actions: &[Vec<f32>],
    stream: &mut Stream,
) -> Vec<Vec<u32>> {
    let of = |(at, &user): (usize, &u32)| match policy {
        Policy::Recommender(..) => best(world.items, |item| model.score(item, &actions[at])),
        Policy::Static(StaticRanking::By(scores)) => best(world.items, |item| scores.score(user, item)),
        Policy::Static(StaticRanking::Uniform) => drawn(world.items, stream),
    };
    users.iter().enumerate().map(of).collect()
}

/// The items with the highest scores, the first of equals first.
fn best(items: usize, score: impl Fn(u32) -> f32) -> Vec<u32> {
    let mut list: Vec<(f32, u32)> = Vec::with_capacity(LENGTH + 1);
    for item in 0..items as u32 {
        let score = score(item);
        if list.len() == LENGTH && score <= list[LENGTH - 1].0 {
            continue;
        }
        let at = list.partition_point(|(other, _)| *other >= score);
        list.insert(at, (score, item));
        list.truncate(LENGTH);
    }
    list.into_iter().map(|(_, item)| item).collect()
}

fn drawn(items: usize, stream: &mut Stream) -> Vec<u32> {
    let mut list = Vec::with_capacity(LENGTH);
    while list.len() < LENGTH.min(items) {
        let item = stream.below(items) as u32;
        if !list.contains(&item) {
            list.push(item);
        }
    }
    list
}

/// `lists/distinct`: different items in all lists. `lists/shared`: the share of a list that another user's has too, over
/// all pairs of users; 1 where all have the same. `lists/ratings`: ratings of an item of a list in the train part.
pub(crate) fn describe(world: &World, lists: &[Vec<u32>], metrics: &mut Metrics) {
    let mut counts = vec![0u64; world.items];
    lists.iter().flatten().for_each(|&item| counts[item as usize] += 1);
    let mut rated = vec![0u64; world.items];
    world.train.ratings().for_each(|(_, item, _)| rated[item as usize] += 1);
    let listed: u64 = counts.iter().sum();
    if listed == 0 {
        return;
    }
    let ratings: u64 = counts.iter().zip(&rated).map(|(count, rated)| count * rated).sum();
    metrics.insert("lists/distinct".to_owned(), counts.iter().filter(|count| **count > 0).count() as f64);
    metrics.insert("lists/ratings".to_owned(), ratings as f64 / listed as f64);
    let pairs = listed * (lists.len() as u64 - 1);
    if pairs > 0 {
        let shared: u64 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
        metrics.insert("lists/shared".to_owned(), shared as f64 / pairs as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_of_equals_the_first() {
        let scores = [0.5, 2.0, -1.0, 2.0, f32::NEG_INFINITY, 0.5, 0.0, 0.1, 0.2, 0.3, 0.4, 3.0];
        assert_eq!(best(scores.len(), |item| scores[item as usize]), [11, 1, 3, 0, 5, 10, 9, 8, 7, 6]);
        assert_eq!(best(3, |item| item as f32), [2, 1, 0]);
    }

    #[test]
    fn users_are_taken_evenly() {
        let all: Vec<u32> = (0..250).collect();
        let some = sample(&all);
        assert_eq!((some.len(), some[0], some[1], some[99]), (100, 0, 2, 247));
        assert_eq!(sample(&[7, 9]), [7, 9]);
    }
}
