//! A made-up world of any size, for tests and offline use: latent factors make tastes, a Zipf law makes popularity.
//!
//! All randomness comes from `Seed(spec.seed).stream("synthetic")`: one spec, one table, on every machine.

use super::table::{Rating, Ratings};
use super::worlds;
use crate::math;
use crate::seed::{Seed, Stream};
use crate::spec::SyntheticSpec;

/// The level of the ratings before biases: with it the mean lies near MovieLens' 3.5 stars.
const LEVEL: f64 = 3.55;
/// Standard deviation of an item's quality, in stars.
const QUALITY: f64 = 0.35;
/// Standard deviation of the tastes' part of a rating, in stars.
const TASTE: f64 = 0.75;
/// Spread of the users' activity, as the standard deviation of its logarithm.
const ACTIVITY: f64 = 0.8;
/// The first second a user may rate in, and how many seconds later the last user begins.
const EPOCH: i64 = 880_000_000;
const SPAN: usize = 200 * 24 * 3600;
/// The longest pause between two ratings of a user, in seconds.
const PAUSE: usize = 600;

/// A world that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntheticError {
    /// Not enough pairs for that many ratings.
    #[error("{ratings} ratings asked for, but {users} users and {items} items make only {pairs} pairs")]
    TooManyRatings {
        /// Ratings asked for.
        ratings: u64,
        /// Users asked for.
        users: u64,
        /// Items asked for.
        items: u64,
        /// Users times items.
        pairs: u128,
    },
    /// More than a table can index.
    #[error("{0} is more than a table holds ({max})", max = u32::MAX)]
    TooLarge(u64),
}

/// Makes the world: `spec.ratings` distinct (user, item) pairs with whole stars 1..5, each user's timestamps rising in
/// the order of the draws. Users get at least half the mean number of ratings, the rest by a skewed activity.
///
/// # Errors
/// If `spec` asks for more ratings than pairs, or more than 2^32 - 1.
pub fn generate(spec: &SyntheticSpec) -> Result<Ratings, SyntheticError> {
    let pairs = u128::from(spec.users) * u128::from(spec.items);
    if u128::from(spec.ratings) > pairs {
        let SyntheticSpec { users, items, ratings, .. } = *spec;
        return Err(SyntheticError::TooManyRatings { ratings, users, items, pairs });
    }
    for count in [spec.users, spec.items, spec.ratings] {
        u32::try_from(count).map_err(|_| SyntheticError::TooLarge(count))?;
    }
    if let Some(table) = worlds::generate(spec) {
        return Ok(table);
    }
    let mut stream = Seed(spec.seed).stream("synthetic");
    let (users, items, factors) = (spec.users as usize, spec.items as usize, spec.factors as usize);
    let counts = activity(users, items, spec.ratings as usize, &mut stream);
    let mut popularity = Popularity::new(items, spec.zipf, &mut stream);
    let quality: Vec<f64> = (0..items).map(|_| QUALITY * stream.normal()).collect();
    let tastes: Vec<f32> = (0..items * factors).map(|_| stream.normal() as f32).collect();
    let scale = TASTE / (factors as f64).sqrt();
    let mut rows = Vec::with_capacity(spec.ratings as usize);
    for (user, count) in counts.into_iter().enumerate() {
        let taste: Vec<f32> = (0..factors).map(|_| stream.normal() as f32).collect();
        let level = LEVEL + spec.user_bias * stream.normal();
        let mut timestamp = EPOCH + stream.below(SPAN) as i64;
        for item in popularity.draw(count, &mut stream) {
            let item_taste = &tastes[item as usize * factors..][..factors];
            let product: f32 = taste.iter().zip(item_taste).map(|(a, b)| a * b).sum();
            let noise = spec.noise * stream.normal();
            let stars = level + quality[item as usize] + scale * f64::from(product) + noise;
            timestamp += 1 + stream.below(PAUSE) as i64;
            rows.push(Rating { user: user as u32, item, stars: stars.round().clamp(1.0, 5.0) as f32, timestamp });
        }
    }
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect();
    Ok(Ratings::canonical(ids(users), ids(items), rows))
}

/// How many ratings each user gives: `ratings` in all, at most `items` each, none below half the mean.
fn activity(users: usize, items: usize, ratings: usize, stream: &mut Stream) -> Vec<usize> {
    let least = (ratings / users / 2).max(usize::from(ratings >= users));
    let weights: Vec<f64> = (0..users).map(|_| math::exp(ACTIVITY * stream.normal())).collect();
    let total: f64 = weights.iter().sum();
    let rest = ratings - least * users;
    // Rounding the running sum, not the parts, spends exactly `rest`.
    let (mut sum, mut spent, mut over) = (0.0, 0, 0);
    let mut counts = Vec::with_capacity(users);
    for (user, weight) in weights.iter().enumerate() {
        sum += weight;
        let until = if user + 1 == users { rest } else { ((sum / total * rest as f64).round() as usize).min(rest) };
        let count = least + until.saturating_sub(spent);
        spent = spent.max(until);
        counts.push(count.min(items));
        over += count.saturating_sub(items);
    }
    // What did not fit goes to the others, a layer at a time.
    while over > 0 {
        let open = counts.iter().filter(|&&count| count < items).count();
        let layer = (over / open.max(1)).max(1);
        for count in counts.iter_mut().filter(|count| **count < items) {
            let more = layer.min(items - *count).min(over);
            *count += more;
            over -= more;
        }
    }
    counts
}

/// Items by popularity: draws without replacement, the next always in proportion to the weights of what is left.
struct Popularity {
    weights: Vec<f64>,
    /// Running sums of the weights.
    until: Vec<f64>,
    /// The last draw each item was in.
    seen: Vec<u32>,
    draws: u32,
}

impl Popularity {
    /// A Zipf law over the items in shuffled order, so that an item's id says nothing of its rank.
    fn new(items: usize, exponent: f64, stream: &mut Stream) -> Self {
        let mut weights: Vec<f64> = (1..=items).map(|rank| math::pow(rank as f64, -exponent)).collect();
        stream.shuffle(&mut weights);
        let mut sum = 0.0;
        let until = weights.iter().map(|weight| {
            sum += weight;
            sum
        });
        Self { until: until.collect(), seen: vec![0; items], weights, draws: 0 }
    }

    fn draw(&mut self, count: usize, stream: &mut Stream) -> Vec<u32> {
        self.draws += 1;
        let total = self.until.last().copied().unwrap_or(0.0);
        let mut drawn = Vec::with_capacity(count);
        // Drawing with replacement and leaving repeats out: quick while most of the weight is left.
        for _ in 0..4 * count + 16 {
            if drawn.len() == count {
                return drawn;
            }
            let point = stream.unit() * total;
            let item = self.until.partition_point(|&until| until <= point).min(self.until.len() - 1);
            if self.seen[item] != self.draws {
                self.seen[item] = self.draws;
                drawn.push(item as u32);
            }
        }
        // Else exponential keys (Efraimidis & Spirakis 2006): the same law for what is left, in one pass over it.
        let rest = (0..self.seen.len() as u32).filter(|&item| self.seen[item as usize] != self.draws);
        let key = |item: u32, stream: &mut Stream| -math::ln(1.0 - stream.unit()) / self.weights[item as usize];
        let mut keys: Vec<(f64, u32)> = rest.map(|item| (key(item, stream), item)).collect();
        keys.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let missing = count - drawn.len();
        drawn.extend(keys.into_iter().take(missing).map(|(_, item)| item));
        drawn
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn mean(table: &Ratings) -> f64 {
        table.rows.iter().map(|row| f64::from(row.stars)).sum::<f64>() / table.rows.len() as f64
    }

    #[test]
    fn the_default_world_is_pinned() {
        let table = generate(&SyntheticSpec::default()).expect("a possible world");
        assert_eq!((table.users.len(), table.rows.len()), (200, 12_000));
        let mean = mean(&table);
        assert!((3.3..3.7).contains(&mean), "mean {mean}");
        let positive = table.rows.iter().filter(|row| row.stars > 3.0).count() as f64 / 12_000.0;
        assert!((0.4..0.65).contains(&positive), "share of positives {positive}");
        // Pinned: a change here changes every result recorded on this world.
        assert_eq!(table.fingerprint().to_string(), "446ef25b147e7cc239b4ed31f1b782003887bb1e579adf6dc552ca56c379fa03");
    }

    #[test]
    fn popularity_follows_its_exponent() {
        let share = |zipf| {
            let table = generate(&SyntheticSpec { zipf, ..SyntheticSpec::default() }).expect("a possible world");
            let mut counts = vec![0; table.items.len()];
            table.rows.iter().for_each(|row| counts[row.item as usize] += 1);
            counts.sort_unstable_by(|a, b| b.cmp(a));
            f64::from(counts[..30].iter().sum::<u32>()) / 12_000.0
        };
        assert!(share(0.0) < 0.15 && share(0.8) > 0.2 && share(0.8) > share(0.4), "{} {}", share(0.0), share(0.8));
    }

    #[test]
    fn an_impossible_world_is_refused() {
        let spec = SyntheticSpec { users: 2, items: 3, ratings: 7, ..SyntheticSpec::default() };
        let error = generate(&spec).expect_err("seven ratings on six pairs");
        assert_eq!(error.to_string(), "7 ratings asked for, but 2 users and 3 items make only 6 pairs");
    }

    #[test]
    fn a_full_and_a_steep_world_end() {
        for (ratings, zipf) in [(6_000, 5.0), (5_999, 0.8), (3_000, 5.0), (1, 1.0)] {
            let spec = SyntheticSpec { users: 20, items: 300, ratings, zipf, ..SyntheticSpec::default() };
            assert_eq!(generate(&spec).expect("a possible world").rows.len() as u64, ratings);
        }
    }

    proptest! {
        #[test]
        fn a_world_keeps_its_word(users in 1u64..40, items in 1u64..40, share in 0.01f64..=1.0, zipf in 0.0f64..3.0, seed in 0u64..1000) {
            let ratings = ((users * items) as f64 * share).ceil() as u64;
            let spec = SyntheticSpec { users, items, ratings, zipf, seed, ..SyntheticSpec::default() };
            let table = generate(&spec).expect("a possible world");
            prop_assert_eq!(&table, &generate(&spec).expect("a possible world"));
            prop_assert_eq!(table.rows.len() as u64, ratings);
            let pairs: HashSet<_> = table.rows.iter().map(|row| (row.user, row.item)).collect();
            prop_assert_eq!(pairs.len() as u64, ratings);
            prop_assert!(table.rows.iter().all(|row| (1.0..=5.0).contains(&row.stars) && row.stars.fract() == 0.0));
            let least = (ratings / users / 2).max(u64::from(ratings >= users));
            if least > 0 {
                prop_assert_eq!(table.users.len() as u64, users);
            }
            for rows in table.rows.chunk_by(|a, b| a.user == b.user) {
                prop_assert!(rows.len() as u64 >= least);
                let times: HashSet<_> = rows.iter().map(|row| row.timestamp).collect();
                prop_assert_eq!(times.len(), rows.len());
            }
        }
    }
}
