//! Small made-up worlds in which a user's answer depends on what the user was shown before, so that planning can pay; the
//! optimal policy of each is computed exactly. One file a world, all behind [`WorldRules`].
//!
//! Items have a genre and users a taste; what counts is the *role* a genre has for a taste, (genre + taste) mod genres:
//! equal rules for everybody, and another favourite for each taste. Items of a genre differ in nothing.

mod delayed;
mod drift;
mod plain;
mod satiation;

use super::table::{Rating, Ratings};
use crate::seed::Seed;
use crate::spec::{SyntheticSpec, WorldKind};

/// How the users of a world answer.
pub trait WorldRules: Sync {
    /// How many genres, and so roles and tastes, there are.
    fn roles(&self) -> u8;
    /// How many hidden states a user can be in.
    fn states(&self) -> u8;
    /// The state after a history, the roles of its items oldest first, all of which were liked.
    fn start(&self, history: &[u8]) -> u8;
    /// The mean reward of an item, -1 to 1.
    fn reward(&self, state: u8, role: u8) -> f32;
    /// The state after it.
    fn next(&self, state: u8, role: u8) -> u8;
}

/// The rules of a world; none where ratings come from latent factors and nothing depends on what was shown before.
fn rules(world: WorldKind) -> Option<&'static dyn WorldRules> {
    match world {
        WorldKind::Factors => None,
        WorldKind::Plain => Some(&plain::PlainWorld),
        WorldKind::Satiation => Some(&satiation::Satiation),
        WorldKind::DelayedTaste => Some(&delayed::DelayedTaste),
        WorldKind::Drift => Some(&drift::Drift),
    }
}

/// A world as its users live in it.
pub struct Dynamics {
    rules: &'static dyn WorldRules,
    /// Each item's genre.
    genres: Vec<u8>,
    /// Each user's taste.
    tastes: Vec<u8>,
}

impl std::fmt::Debug for Dynamics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dynamics").field("roles", &self.rules.roles()).finish_non_exhaustive()
    }
}

/// The genre or the taste behind an id, which is a number from 1.
fn class(id: &str, roles: u8) -> u8 {
    (id.parse::<u64>().unwrap_or(1).saturating_sub(1) % u64::from(roles)) as u8
}

impl Dynamics {
    /// The dynamics behind a table of that world; `None` where there are none.
    pub fn of(world: WorldKind, ratings: &Ratings) -> Option<Self> {
        let rules = rules(world)?;
        let classes = |ids: &[String]| ids.iter().map(|id| class(id, rules.roles())).collect();
        Some(Self { rules, genres: classes(&ratings.items), tastes: classes(&ratings.users) })
    }

    fn role(&self, user: u32, item: u32) -> u8 {
        (self.genres[item as usize] + self.tastes[user as usize]) % self.rules.roles()
    }

    /// The state of a user with a history, oldest first.
    pub fn start(&self, user: u32, history: &[u32]) -> u8 {
        let roles: Vec<u8> = history.iter().map(|&item| self.role(user, item)).collect();
        self.rules.start(&roles)
    }

    /// The mean reward of recommending an item.
    pub fn reward(&self, user: u32, state: u8, item: u32) -> f32 {
        self.rules.reward(state, self.role(user, item))
    }

    /// The state after it was recommended.
    pub fn next(&self, user: u32, state: u8, item: u32) -> u8 {
        self.rules.next(state, self.role(user, item))
    }

    /// What recommending an item is worth with `left` recommendations to come, itself included, all later ones optimal.
    pub fn worth(&self, values: &Values, user: u32, state: u8, item: u32, left: usize) -> f32 {
        let role = self.role(user, item);
        let rest = values.of(left.saturating_sub(1), self.rules.next(state, role));
        (f64::from(self.rules.reward(state, role)) + rest) as f32
    }

    /// The values of optimal sessions of up to `steps` recommendations.
    pub fn values(&self, steps: usize) -> Values {
        Values::new(self.rules, steps)
    }
}

/// Optimal values by value iteration over the hidden states: V_0 = 0, V_k(s) = max over roles of r(s, role) + V_{k-1}(s').
/// Items of a genre are alike and a session repeats none, so this is exact while a genre has items left.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    states: usize,
    sums: Vec<f64>,
}

impl Values {
    fn new(rules: &dyn WorldRules, steps: usize) -> Self {
        let states = usize::from(rules.states());
        let mut sums = vec![0.0; states * (steps + 1)];
        for step in 1..=steps {
            for state in 0..rules.states() {
                let worth = |role: u8| {
                    let next = usize::from(rules.next(state, role));
                    f64::from(rules.reward(state, role)) + sums[(step - 1) * states + next]
                };
                let best = (0..rules.roles()).map(worth).fold(f64::NEG_INFINITY, f64::max);
                sums[step * states + usize::from(state)] = best;
            }
        }
        Self { states, sums }
    }

    /// The sum of rewards of an optimal session of `steps` from a state.
    pub fn of(&self, steps: usize, state: u8) -> f64 {
        self.sums[steps * self.states + usize::from(state)]
    }
}

/// Ratings of a session of a log; the next one starts anew.
const LOGGED: usize = 5;

/// Ratings of a world under uniformly random recommendations: short sessions, and no item twice for a user; an answer is the
/// mean with noise of `spec.noise` stars, rounded to half stars.
/// `None` where the world has no rules.
pub(super) fn generate(spec: &SyntheticSpec) -> Option<Ratings> {
    let rules = rules(spec.world)?;
    let mut stream = Seed(spec.seed).stream("synthetic/world");
    let (users, items) = (spec.users as usize, spec.items as usize);
    let mut rows = Vec::with_capacity(spec.ratings as usize);
    let mut order: Vec<u32> = (0..spec.items as u32).collect();
    for user in 0..users {
        // An equal share for everybody, to the last rating.
        let count = spec.ratings as usize * (user + 1) / users - spec.ratings as usize * user / users;
        let taste = (user % usize::from(rules.roles())) as u8;
        stream.shuffle(&mut order);
        let mut state = rules.start(&[]);
        for (at, &item) in order.iter().take(count.min(items)).enumerate() {
            if at % LOGGED == 0 {
                state = rules.start(&[]);
            }
            let role = (class(&(item + 1).to_string(), rules.roles()) + taste) % rules.roles();
            let mean = 3.0 + 2.0 * f64::from(rules.reward(state, role));
            let stars = (2.0 * (mean + spec.noise * stream.normal())).round() / 2.0;
            rows.push(Rating {
                user: user as u32,
                item,
                stars: stars.clamp(1.0, 5.0) as f32,
                timestamp: (user * items + at) as i64,
            });
            state = rules.next(state, role);
        }
    }
    let ids = |count: usize| (1..=count).map(|id| id.to_string()).collect();
    Some(Ratings::canonical(ids(users), ids(items), rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean reward of an optimal session of ten, and of one that always takes the best of the moment.
    fn ten(rules: &dyn WorldRules, history: &[u8]) -> (f64, f64) {
        let start = rules.start(history);
        let (mut state, mut greedy) = (start, 0.0);
        for _ in 0..10 {
            let by_reward = |a: &u8, b: &u8| rules.reward(state, *a).total_cmp(&rules.reward(state, *b));
            let best = (0..rules.roles()).rev().max_by(by_reward).expect("some role");
            greedy += f64::from(rules.reward(state, best));
            state = rules.next(state, best);
        }
        (Values::new(rules, 10).of(10, start) / 10.0, greedy / 10.0)
    }

    fn close(found: (f64, f64), expected: (f64, f64)) {
        assert!((found.0 - expected.0).abs() < 1e-6 && (found.1 - expected.1).abs() < 1e-6, "{found:?} {expected:?}");
    }

    #[test]
    fn optima_and_greedy_values_by_hand() {
        // Two favourites, a rest at 0.25, and so on: seven at 1 and three rests; greedy is stuck with 0.3.
        close(ten(&satiation::Satiation, &[]), (0.775, 0.44));
        // It starts at its fill: a rest first, three rounds, and a third favourite at the end, which nothing follows.
        close(ten(&satiation::Satiation, &[0, 0]), (0.705, 0.3));
        // Once -0.5, then nine times 1; greedy never opens.
        close(ten(&delayed::DelayedTaste, &[0]), (0.85, 0.3));
        close(ten(&delayed::DelayedTaste, &[2]), (1.0, 1.0));
        // Two steps at 0.05 to where everything is worth 1.
        close(ten(&drift::Drift, &[0]), (0.81, 0.4));
        close(ten(&drift::Drift, &[2]), (1.0, 1.0));
        close(ten(&plain::PlainWorld, &[]), (0.8, 0.8));
    }

    #[test]
    fn of_two_states_every_value_is_known() {
        // Delayed taste, closed and open: V_1 = (0.3, 1), V_2 = (max(0.6, -0.5 + 1), 2), V_3 = (max(0.9, -0.5 + 2), 3).
        let values = Values::new(&delayed::DelayedTaste, 3);
        let found: Vec<f64> = (0..=3).flat_map(|steps| [values.of(steps, 0), values.of(steps, 1)]).collect();
        let expected = [0.0, 0.0, 0.3, 1.0, 0.6, 2.0, 1.5, 3.0];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn ratings_are_what_the_rules_answer() {
        let spec = SyntheticSpec {
            world: WorldKind::DelayedTaste,
            users: 30,
            items: 60,
            ratings: 900,
            noise: 0.0,
            ..SyntheticSpec::default()
        };
        let table = generate(&spec).expect("a possible world");
        assert_eq!(table.rows.len(), 900);
        let dynamics = Dynamics::of(spec.world, &table).expect("it has some");
        for rows in table.rows.chunk_by(|a, b| a.user == b.user) {
            let mut rows = rows.to_vec();
            rows.sort_unstable_by_key(|row| row.timestamp);
            let mut state = 0;
            for (at, row) in rows.into_iter().enumerate() {
                if at % LOGGED == 0 {
                    state = 0;
                }
                let mean = 3.0 + 2.0 * dynamics.reward(row.user, state, row.item);
                assert!((row.stars - mean).abs() <= 0.25, "{} {mean}", row.stars);
                state = dynamics.next(row.user, state, row.item);
            }
        }
    }
}
