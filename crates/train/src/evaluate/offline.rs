//! Offline evaluation (slides, Algorithm 2): K recommendations from what the user rated in the test log, judged by that
//! log. Users of a repeat are served together, one forward pass a step.

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_core::spec::{OfflineSpec, Protocol};

use super::policy::{Policy, Ranker};
use super::{initial_history, protocol_name, summarise};
use crate::actor_critic::{ActorPass, Agent, Which};
use crate::environment::explore;
use crate::error::{Error, Result};
use crate::history::History;
use crate::kernels::Array;
use crate::kernels::simd::score;
use crate::pmf::{Metrics, PmfModel};
use crate::trainer::Reporter;
use crate::world::World;

/// Measures precision@K and NDCG@K for every K of the spec.
///
/// Users are drawn with replacement from the eligible ones, so that the spread over repeats is the sampling noise of
/// `users` users also on a dataset that has fewer. Policies of one seed meet the same users.
///
/// # Errors
/// Deterministic if no user is eligible; whatever the reporter says.
pub fn run(
    world: &World,
    model: &PmfModel,
    policy: &Policy,
    n: usize,
    spec: &OfflineSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let mut metrics = Metrics::new();
    let total = spec.k.len() as u64 * spec.repeats;
    let mut done = 0;
    for &k in &spec.k {
        let eligible = eligible(world, spec.protocol, n, k as usize)?;
        let (mut precisions, mut ndcgs) = (Vec::new(), Vec::new());
        for repeat in 0..spec.repeats {
            let name = format!("eval/offline/{}/{k}/{repeat}", protocol_name(spec.protocol));
            let mut stream = seed.stream(&name);
            let users: Vec<u32> = (0..spec.users).map(|_| eligible[stream.below(eligible.len())]).collect();
            let sessions = users.iter().map(|&user| Session::new(world, spec.protocol, user, n)).collect();
            let (precision, ndcg) = episode(model, policy, sessions, k as usize, spec.epsilon, &mut stream);
            reporter.points(
                0,
                vec![
                    Point::new(format!("precision@{k}"), repeat, precision),
                    Point::new(format!("ndcg@{k}"), repeat, ndcg),
                ],
            )?;
            precisions.push(precision);
            ndcgs.push(ndcg);
            done += 1;
            reporter.progress(done, total)?;
        }
        summarise(&mut metrics, &format!("precision@{k}"), &precisions);
        summarise(&mut metrics, &format!("ndcg@{k}"), &ndcgs);
        metrics.insert(format!("users@{k}"), eligible.len() as f64);
    }
    Ok(metrics)
}

/// Users with at least K candidates and n positives to start from.
fn eligible(world: &World, protocol: Protocol, n: usize, k: usize) -> Result<Vec<u32>> {
    let users: Vec<u32> = (0..world.users as u32)
        .filter(|&user| world.test.of(user).0.len() >= k && initial_history(world, protocol, user, n).is_some())
        .collect();
    if users.is_empty() {
        return Err(Error::Deterministic(format!(
            "no user has {k} test ratings and {n} positive ones to start from: lower offline.k or drr.history"
        )));
    }
    Ok(users)
}

/// One user's candidates and how the session goes.
struct Session {
    user: u32,
    history: History,
    candidates: Vec<(u32, f32)>,
    rewards: Vec<f32>,
    ideal: Vec<f32>,
}

impl Session {
    fn new(world: &World, protocol: Protocol, user: u32, n: usize) -> Self {
        let history = initial_history(world, protocol, user, n).expect("eligible users have a history");
        let (items, rewards) = world.test.of(user);
        let candidates: Vec<(u32, f32)> = items.iter().copied().zip(rewards.iter().copied()).collect();
        let mut ideal = rewards.to_vec();
        ideal.sort_unstable_by(|a, b| b.total_cmp(a));
        Self { user, history: History::new(history), candidates, rewards: Vec::new(), ideal }
    }

    /// Recommends the candidate with the highest score, the first of equals.
    fn take_best(&mut self, score: impl Fn(u32) -> f32) {
        let mut best = (0, f32::NEG_INFINITY);
        for (index, &(item, _)) in self.candidates.iter().enumerate() {
            let score = score(item);
            if score > best.1 {
                best = (index, score);
            }
        }
        self.take(best.0);
    }

    /// Recommends a candidate: feedback from the log, a new history, one candidate less.
    fn take(&mut self, index: usize) {
        let (item, reward) = self.candidates.remove(index);
        self.history.observe(item, reward);
        self.rewards.push(reward);
    }

    /// Share of positive recommendations.
    fn precision(&self) -> f64 {
        self.rewards.iter().filter(|&&reward| reward > 0.0).count() as f64 / self.rewards.len() as f64
    }

    /// Discounted gain over that of the best order of the same candidates; the gain is R* above that of half a star.
    fn ndcg(&self) -> f64 {
        let gain = |rewards: &[f32]| -> f64 {
            rewards
                .iter()
                .enumerate()
                .map(|(rank, &reward)| f64::from(reward + 1.25) / (rank as f64 + 2.0).log2())
                .sum()
        };
        gain(&self.rewards) / gain(&self.ideal[..self.rewards.len()])
    }
}

/// K steps of the policy for all users; mean precision and NDCG.
fn episode(
    model: &PmfModel,
    policy: &Policy,
    mut sessions: Vec<Session>,
    k: usize,
    epsilon: f64,
    stream: &mut Stream,
) -> (f64, f64) {
    let mut actor = match policy {
        Policy::Recommender(agent, _) => Some(Actor::new(agent, sessions.len())),
        Policy::Static(_) => None,
    };
    for _ in 0..k {
        if let Some(actor) = &mut actor {
            actor.act(&sessions);
        }
        for (row, session) in sessions.iter_mut().enumerate() {
            let explores = epsilon > 0.0 && stream.unit() < epsilon;
            match (policy, &mut actor) {
                (Policy::Recommender(..), Some(actor)) => {
                    let action = actor.action(row, explores.then_some(&mut *stream));
                    session.take_best(|item| score(model.item(item), action));
                }
                (Policy::Static(Ranker::Random), _) => session.take(stream.below(session.candidates.len())),
                (Policy::Static(_), _) if explores => session.take(stream.below(session.candidates.len())),
                (Policy::Static(ranker), _) => {
                    let user = session.user;
                    session.take_best(|item| ranker.score(user, item).unwrap_or(0.0));
                }
                (Policy::Recommender(..), None) => unreachable!("a recommender has its actor"),
            }
        }
    }
    let mean = |value: fn(&Session) -> f64| sessions.iter().map(value).sum::<f64>() / sessions.len() as f64;
    (mean(Session::precision), mean(Session::ndcg))
}

/// The actor's forward pass for all users of a repeat.
struct Actor<'a> {
    agent: &'a Agent,
    pass: ActorPass,
    states: Array,
    actions: Vec<f32>,
    users: Vec<u32>,
    histories: Vec<u32>,
}

impl<'a> Actor<'a> {
    fn new(agent: &'a Agent, rows: usize) -> Self {
        Self {
            pass: ActorPass::new(&agent.shapes, 1, rows, agent.backend()),
            states: Array::zeros(&[1, rows, agent.shapes.state], agent.backend()),
            actions: vec![0.0; rows * agent.shapes.k],
            agent,
            users: Vec::new(),
            histories: Vec::new(),
        }
    }

    fn act(&mut self, sessions: &[Session]) {
        self.users.clear();
        self.histories.clear();
        for session in sessions {
            self.users.push(session.user);
            self.histories.extend_from_slice(session.history.items());
        }
        self.agent.states_into(&self.users, &self.histories, &mut self.states);
        self.pass.run(&self.agent.actor, Which::Online, &self.states);
        self.pass.action.read_into(&mut self.actions);
    }

    /// A user's action; drawn anew from `stream` where the step explores.
    fn action(&mut self, row: usize, stream: Option<&mut Stream>) -> &[f32] {
        let k = self.agent.shapes.k;
        let action = &mut self.actions[row * k..][..k];
        if let Some(stream) = stream {
            explore(stream, action);
        }
        action
    }
}
