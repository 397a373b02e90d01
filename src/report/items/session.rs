//! What the recommender recommends to some users, as the offline evaluation plays it: greedy, among the user's test
//! ratings, a positive one joining the history.

use drr_core::TrialSpec;
use drr_core::data::{Ratings, Split};
use drr_core::spec::RewardRule;
use drr_kinds::protocol::Protocol;

use drr_kinds::recommender::Recommender;

/// Users whose sessions are played; the three shown come from them.
const USERS: usize = 60;

/// A user's session: items with the user's stars.
#[derive(Clone, Debug)]
pub(super) struct ShownSession {
    pub(super) user: u32,
    pub(super) history: Vec<(u32, f32)>,
    pub(super) recommended: Vec<(u32, f32)>,
    liked: usize,
}

impl ShownSession {
    /// Share of recommendations the user liked.
    pub(super) fn precision(&self) -> f64 {
        self.liked as f64 / self.recommended.len() as f64
    }
}

/// Sessions of `length` recommendations for users drawn from those the evaluation would take.
pub(super) fn sessions(
    (ratings, split, rule): (&Ratings, &Split, RewardRule),
    spec: &TrialSpec,
    recommender: &dyn Recommender,
    protocol: Option<&str>,
    length: usize,
) -> Vec<ShownSession> {
    let (n, is_published) = (recommender.history(), protocol == Some(Protocol::Published.name()));
    let users = ratings.users.len();
    // (timestamp, item, stars) by user.
    let by_user = |rows: &[u32]| {
        let mut all: Vec<Vec<(i64, u32, f32)>> = vec![Vec::new(); users];
        for &row in rows {
            let row = ratings.rows[row as usize];
            all[row.user as usize].push((row.timestamp, row.item, row.stars));
        }
        all
    };
    let (train, test) = (by_user(&split.train), by_user(&split.test));
    let start = |user: usize| {
        let log = if is_published { &test[user] } else { &train[user] };
        let mut positive: Vec<(i64, u32, f32)> =
            log.iter().copied().filter(|(_, _, stars)| rule.is_positive(*stars)).collect();
        positive.sort_unstable_by_key(|&(time, item, _)| (time, item));
        let from = if is_published { 0 } else { positive.len().checked_sub(n)? };
        Some(positive.get(from..from + n)?.iter().map(|&(_, item, stars)| (item, stars)).collect::<Vec<_>>())
    };
    let mut eligible: Vec<(u32, Vec<(u32, f32)>)> = (0..users)
        .filter(|&user| test[user].len() >= length)
        .filter_map(|user| Some((user as u32, start(user)?)))
        .collect();
    spec.seed.stream("report/items").shuffle(&mut eligible);
    eligible.truncate(USERS);
    eligible.sort_unstable_by_key(|(user, _)| *user);
    let play = |(user, history): (u32, Vec<(u32, f32)>)| {
        let mut latest: Vec<u32> = history.iter().map(|(item, _)| *item).collect();
        let mut candidates: Vec<(u32, f32)> =
            test[user as usize].iter().map(|&(_, item, stars)| (item, stars)).collect();
        // The evaluation meets them by item; of equal scores the first wins.
        candidates.sort_unstable_by_key(|(item, _)| *item);
        let mut recommended = Vec::new();
        for _ in 0..length {
            let action = recommender.act(user, &latest);
            let mut best = (0, f32::NEG_INFINITY);
            for (index, (item, _)) in candidates.iter().enumerate() {
                let score = recommender.score(*item, &action);
                if score > best.1 {
                    best = (index, score);
                }
            }
            let (item, stars) = candidates.remove(best.0);
            recommended.push((item, stars));
            if recommender.remembers(rule.is_positive(stars)) && !latest.is_empty() {
                latest.rotate_left(1);
                latest[n - 1] = item;
            }
        }
        let liked = recommended.iter().filter(|(_, stars)| rule.is_positive(*stars)).count();
        ShownSession { user, history, recommended, liked }
    };
    eligible.into_iter().map(play).collect()
}

/// A good, a median and a bad session: at the 90th, 50th and 10th percentile of precision, ties by user.
pub(super) fn three(sessions: &[ShownSession]) -> Option<[&ShownSession; 3]> {
    let mut order: Vec<&ShownSession> = sessions.iter().collect();
    order.sort_by(|a, b| b.precision().total_cmp(&a.precision()).then(a.user.cmp(&b.user)));
    let at = |percent: usize| order.get((order.len().checked_sub(1)? * percent + 50) / 100).copied();
    Some([at(10)?, at(50)?, at(90)?])
}

/// Where in the order of sessions the one of that name stands.
pub(super) fn quantile_name(name: &str) -> &'static str {
    match name {
        "good" => "90th percentile",
        "median" => "median",
        _ => "10th percentile",
    }
}

#[cfg(test)]
mod tests {
    use drr_core::data::synthetic;
    use drr_core::spec::{SplitSpec, SyntheticSpec};

    use super::*;
    use crate::store::fabricate::MadeTrials;

    /// Recommends items by number, whoever it is for.
    struct ByNumber;

    impl Recommender for ByNumber {
        fn history(&self) -> usize {
            2
        }

        fn remembers(&self, is_positive: bool) -> bool {
            is_positive
        }

        fn k(&self) -> usize {
            1
        }

        fn items(&self) -> usize {
            40
        }

        fn users(&self) -> usize {
            20
        }

        fn item_embeddings(&self) -> &[f32] {
            &[]
        }

        fn act(&self, _: u32, _: &[u32]) -> Vec<f32> {
            vec![1.0]
        }

        fn score(&self, item: u32, _: &[f32]) -> f32 {
            item as f32
        }
    }

    #[test]
    fn under_strict_nothing_of_the_history_is_recommended_and_under_published_it_may_be() {
        let recipe = SyntheticSpec { users: 20, items: 40, ratings: 500, ..SyntheticSpec::default() };
        let ratings = synthetic::generate(&recipe).expect("a possible world");
        let split = Split::by_rule(&ratings, &SplitSpec::default());
        let spec = MadeTrials::new().pmf(0);
        let repeated = |protocol: Protocol| {
            let parts = (&ratings, &split, RewardRule::STARS);
            let sessions = sessions(parts, &spec, &ByNumber, Some(protocol.name()), 4);
            assert!(!sessions.is_empty());
            let is_known = |session: &ShownSession| session.recommended.iter().any(|it| session.history.contains(it));
            sessions.iter().filter(|session| is_known(session)).count()
        };
        assert_eq!(repeated(Protocol::Strict), 0);
        assert!(repeated(Protocol::Published) > 0);
    }

    #[test]
    fn three_users_are_taken_by_their_precision() {
        let session = |user: u32| ShownSession {
            user,
            history: vec![],
            recommended: (0..10).map(|at| (at, if at < user { 5.0 } else { 1.0 })).collect(),
            liked: user as usize,
        };
        let sessions: Vec<ShownSession> = (0..=10).map(session).collect();
        let users = three(&sessions).expect("sessions").map(|session| session.user);
        assert_eq!(users, [9, 5, 1]);
        assert!(three(&[]).is_none());
    }
}
