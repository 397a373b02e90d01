//! Train and test. One split per (table, split spec) serves every stage, so no test rating is ever seen in training.

use super::table::Ratings;
use crate::seed::Seed;
use crate::spec::{HeldOut, SplitKind, SplitSpec};

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
    ///
    /// With [`HeldOut::Validation`] the train part is divided once more in the same way and its second part stands where
    /// the test part would; the true test part appears nowhere.
    pub fn new(ratings: &Ratings, spec: &SplitSpec) -> Self {
        let all: Vec<u32> = (0..ratings.rows.len() as u32).collect();
        let outer = Self::divide(ratings, spec, &all, "split");
        match spec.held_out {
            HeldOut::Test => outer,
            HeldOut::Validation => Self::divide(ratings, spec, &outer.train, "split/validation"),
        }
    }

    /// Divides the given rows, which are ascending.
    fn divide(ratings: &Ratings, spec: &SplitSpec, rows: &[u32], stream: &str) -> Self {
        let mut test = match spec.kind {
            SplitKind::Random => random(rows, spec, stream),
            SplitKind::Temporal => temporal(ratings, rows, spec.test),
        };
        test.sort_unstable();
        let train = rows.iter().copied().filter(|row| test.binary_search(row).is_err()).collect();
        Self { train, test }
    }
}

fn random(rows: &[u32], spec: &SplitSpec, stream: &str) -> Vec<u32> {
    let mut order = rows.to_vec();
    Seed(spec.seed).stream(stream).shuffle(&mut order);
    order.truncate((rows.len() as f64 * spec.test).round() as usize);
    order
}

fn temporal(ratings: &Ratings, rows: &[u32], share: f64) -> Vec<u32> {
    let rating = |row: u32| &ratings.rows[row as usize];
    let mut test = Vec::new();
    for rows in rows.chunk_by(|&a, &b| rating(a).user == rating(b).user) {
        let mut order = rows.to_vec();
        order.sort_by_key(|&row| (rating(row).timestamp, row));
        let kept = rows.len() - (rows.len() as f64 * share).round() as usize;
        test.extend_from_slice(&order[kept..]);
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
    fn a_validation_part_comes_out_of_train() {
        // A fifth of 80 rows, or of every user's 8, rounded.
        for (kind, held_out) in [(SplitKind::Random, 16), (SplitKind::Temporal, 20)] {
            let spec = SplitSpec { kind, ..SplitSpec::default() };
            let tested = Split::new(&table(), &spec);
            let tuned = Split::new(&table(), &SplitSpec { held_out: HeldOut::Validation, ..spec });
            assert_eq!((tuned.train.len(), tuned.test.len()), (80 - held_out, held_out));
            let mut parts = [tuned.train, tuned.test].concat();
            parts.sort_unstable();
            assert_eq!(parts, tested.train, "no test rating is seen while tuning");
        }
    }

    #[test]
    fn the_seed_decides_a_random_split() {
        let split = |seed| Split::new(&table(), &SplitSpec { seed, ..SplitSpec::default() });
        assert_eq!(split(0), split(0));
        assert_ne!(split(0), split(1));
    }
}
