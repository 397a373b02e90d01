//! What a policy recommends to whom: how much of the catalogue stands in the users' lists, how alike they are, how well
//! known what stands in them is. A policy that is the same for everybody has one list.

use drr_kinds::training::Metrics;
use drr_kinds::world::World;

/// Items of a list.
const LENGTH: usize = 10;

/// Users whose lists are made, at most: more of them tell no more.
pub(crate) const USERS: usize = 100;

/// At most so many of the users, evenly over all.
pub(crate) fn sample(users: &[u32], most: usize) -> Vec<u32> {
    let count = users.len().min(most);
    (0..count).map(|at| users[at * users.len() / count]).collect()
}

/// The items with the highest scores, the first of equals first.
fn best(scores: &[f32]) -> Vec<u32> {
    let mut list: Vec<(f32, u32)> = Vec::with_capacity(LENGTH + 1);
    for (item, &score) in (0..).zip(scores) {
        if list.len() == LENGTH && score <= list[LENGTH - 1].0 {
            continue;
        }
        let at = list.partition_point(|(other, _)| *other >= score);
        list.insert(at, (score, item));
        list.truncate(LENGTH);
    }
    list.into_iter().map(|(_, item)| item).collect()
}

/// `lists/distinct`: different items in all lists. `lists/shared`: the share of a list that another user's has too, over
/// all pairs of users; 1 where all have the same. `lists/ratings`: ratings of an item of a list in the train part.
/// `lists/gini`: how unevenly the places in lists fall to items, 0 where each has as many and near 1 where few have all.
/// `lists/agreement`: the mean correlation of two users' orders of all items (Spearman's, ties at their mean rank).
///
/// `scores` are all items' for each of some users; lists are of the best of all, rated ones too.
pub(crate) fn describe(world: &World, scores: &[Vec<f32>], metrics: &mut Metrics) {
    let lists: Vec<Vec<u32>> = scores.iter().map(|scores| best(scores)).collect();
    metrics.extend(agreement(scores).map(|agreement| ("lists/agreement".to_owned(), agreement)));
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
    metrics.insert("lists/gini".to_owned(), gini(&counts));
    let pairs = listed * (lists.len() as u64 - 1);
    if pairs > 0 {
        let shared: u64 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
        metrics.insert("lists/shared".to_owned(), shared as f64 / pairs as f64);
    }
}

/// The Gini coefficient of counts.
fn gini(counts: &[u64]) -> f64 {
    let mut sorted = counts.to_vec();
    sorted.sort_unstable();
    let (n, total) = (sorted.len() as f64, sorted.iter().sum::<u64>() as f64);
    let ranked: f64 = sorted.iter().enumerate().map(|(at, count)| (at as f64 + 1.0) * *count as f64).sum();
    2.0 * ranked / (n * total) - (n + 1.0) / n
}

/// The mean of Spearman's correlation over all pairs of users; none where fewer than two have an order.
fn agreement(scores: &[Vec<f32>]) -> Option<f64> {
    let orders: Vec<Vec<f64>> = scores.iter().filter_map(|scores| standard_ranks(scores)).collect();
    let count = orders.len() as f64;
    let mut sum = vec![0.0_f64; orders.first()?.len()];
    orders.iter().for_each(|order| sum.iter_mut().zip(order).for_each(|(sum, rank)| *sum += rank));
    // The ranks of each have length 1: of their sum's square what is no pair of two users is theirs.
    let squares: f64 = sum.iter().map(|sum| sum * sum).sum();
    (count > 1.0).then(|| (squares - count) / (count * (count - 1.0)))
}

/// Ranks less their mean, equals at their mean rank, scaled to length 1; none where all are equal.
fn standard_ranks(scores: &[f32]) -> Option<Vec<f64>> {
    let mut order: Vec<u32> = (0..scores.len() as u32).collect();
    order.sort_unstable_by(|a, b| scores[*a as usize].total_cmp(&scores[*b as usize]));
    let mut ranks = vec![0.0; scores.len()];
    let mut before = 0;
    for equals in order.chunk_by(|a, b| scores[*a as usize] == scores[*b as usize]) {
        let rank = before as f64 + (equals.len() as f64 - 1.0) / 2.0;
        equals.iter().for_each(|&item| ranks[item as usize] = rank);
        before += equals.len();
    }
    let mean = (scores.len() as f64 - 1.0) / 2.0;
    ranks.iter_mut().for_each(|rank| *rank -= mean);
    let length = ranks.iter().map(|rank| rank * rank).sum::<f64>().sqrt();
    (length > 0.0).then(|| ranks.iter().map(|rank| rank / length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_agree_as_spearman_has_it() {
        // Without ties 1 - 6 Σd² / (n (n² - 1)): d = (0, 1, 1), so 1 - 12/24.
        let of = |scores: &[&[f32]]| agreement(&scores.iter().map(|it| it.to_vec()).collect::<Vec<_>>());
        let close = |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}");
        close(of(&[&[1.0, 2.0, 3.0], &[1.0, 9.0, 4.0]]), 0.5);
        close(of(&[&[1.0, 2.0, 3.0], &[-5.0, 0.0, 0.5]]), 1.0);
        close(of(&[&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]]), -1.0);
        // Of three users the mean of three pairs: 0.5, 1 and 0.5.
        close(of(&[&[1.0, 2.0, 3.0], &[1.0, 9.0, 4.0], &[0.0, 1.0, 2.0]]), 2.0 / 3.0);
        // Ties at their mean rank: (0.5, 0.5, 2) against (0, 1, 2).
        close(of(&[&[7.0, 7.0, 8.0], &[1.0, 2.0, 3.0]]), 1.5 / (1.5_f64 * 2.0).sqrt());
        assert_eq!(of(&[&[1.0, 1.0], &[1.0, 2.0]]), None);
    }

    #[test]
    fn places_are_shared_as_gini_has_it() {
        assert!(gini(&[2, 2, 2, 2]).abs() < 1e-12);
        assert!((gini(&[0, 0, 0, 8]) - 0.75).abs() < 1e-12);
        assert!((gini(&[1, 3]) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_best_come_first_and_of_equals_the_first() {
        let scores = [0.5, 2.0, -1.0, 2.0, f32::NEG_INFINITY, 0.5, 0.0, 0.1, 0.2, 0.3, 0.4, 3.0];
        assert_eq!(best(&scores), [11, 1, 3, 0, 5, 10, 9, 8, 7, 6]);
        assert_eq!(best(&[0.0, 1.0, 2.0]), [2, 1, 0]);
    }

    #[test]
    fn users_are_taken_evenly() {
        let all: Vec<u32> = (0..250).collect();
        let some = sample(&all, 100);
        assert_eq!((some.len(), some[0], some[1], some[99]), (100, 0, 2, 247));
        assert_eq!(sample(&[7, 9], 100), [7, 9]);
    }
}
