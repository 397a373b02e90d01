//! Train and test. One split per (table, split spec) serves every stage, so no test rating is ever seen in training.

use super::table::Ratings;
use crate::seed::Seed;
use crate::spec::{SplitKind, SplitSpec};

/// Row indices of a table, each list ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<u32>,
    /// Rows held out.
    pub test: Vec<u32>,
}

impl Split {
    /// Divides `ratings` as `spec` says: by a seeded shuffle of all rows, or by each user's latest rows.
    pub fn new(ratings: &Ratings, spec: &SplitSpec) -> Self {
        let mut test = match spec.kind {
            SplitKind::Random => random(ratings.rows.len(), spec),
            SplitKind::Temporal => temporal(ratings, spec.test),
        };
        test.sort_unstable();
        let mut held_out = vec![false; ratings.rows.len()];
        for &row in &test {
            held_out[row as usize] = true;
        }
        let train = (0..held_out.len() as u32).filter(|&row| !held_out[row as usize]).collect();
        Self { train, test }
    }
}

fn random(rows: usize, spec: &SplitSpec) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    Seed(spec.seed).stream("split").shuffle(&mut order);
    order.truncate((rows as f64 * spec.test).round() as usize);
    order
}

fn temporal(ratings: &Ratings, share: f64) -> Vec<u32> {
    let mut test = Vec::new();
    let mut start = 0;
    for rows in ratings.rows.chunk_by(|a, b| a.user == b.user) {
        let mut order: Vec<usize> = (start..start + rows.len()).collect();
        order.sort_by_key(|&row| (ratings.rows[row].timestamp, row));
        let kept = rows.len() - (rows.len() as f64 * share).round() as usize;
        test.extend(order[kept..].iter().map(|&row| row as u32));
        start += rows.len();
    }
    test
}

#[cfg(test)]
mod tests {
    use super::super::table::Rating;
    use super::*;

    fn table() -> Ratings {
        let rows = (0..100)
            .map(|i| Rating { user: i / 10, item: i % 10, stars: 3.0, timestamp: i64::from(i * 7919 % 100) })
            .collect();
        let ids = |n| (0..n).map(|i: u32| i.to_string()).collect::<Vec<_>>();
        Ratings::canonical(ids(10), ids(10), rows)
    }

    #[test]
    fn the_parts_are_disjoint_and_whole() {
        for kind in [SplitKind::Random, SplitKind::Temporal] {
            let split = Split::new(&table(), &SplitSpec { kind, ..SplitSpec::default() });
            assert_eq!(split.test.len(), 20);
            let mut all = [split.train, split.test].concat();
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn temporal_holds_out_each_users_latest() {
        let ratings = table();
        let split = Split::new(&ratings, &SplitSpec { kind: SplitKind::Temporal, ..SplitSpec::default() });
        for user in 0..10 {
            let times = |rows: &[u32]| -> Vec<i64> {
                rows.iter()
                    .map(|&row| ratings.rows[row as usize])
                    .filter(|r| r.user == user)
                    .map(|r| r.timestamp)
                    .collect()
            };
            assert!(times(&split.train).iter().max() < times(&split.test).iter().min());
        }
    }

    #[test]
    fn the_seed_decides_a_random_split() {
        let split = |seed| Split::new(&table(), &SplitSpec { seed, ..SplitSpec::default() });
        assert_eq!(split(0), split(0));
        assert_ne!(split(0), split(1));
    }
}
