//! Offline evaluation (slides, Algorithm 2): K recommendations from what the user rated in the test log, judged by that
//! log. Users are served together, a step at a time.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::drr::Remembers;
use drr_kinds::kind::Extreme;
use drr_kinds::offline::OfflineSpec;
use drr_kinds::ranking::StaticRanking;

use crate::evaluate::field::Field;
use crate::evaluate::judged::{Judge, Judged};
use crate::evaluate::orders::Orders;
use crate::evaluate::policy::Policy;
use crate::evaluate::served::{Actor, Session};
use crate::evaluate::{lists, summarise};
use crate::pmf::PmfModel;
use drr_kinds::error::Result;
use drr_kinds::training::Metrics;
use drr_kinds::training::Reporter;
use drr_kinds::world::World;

/// Measures precision@K and NDCG@K for every K of the spec, and describes whom the policy recommends what.
///
/// Users are drawn with replacement from the eligible ones, so that the spread over repeats is the sampling noise of
/// `users` users also on a dataset that has fewer; or each takes part once. Policies of one seed meet the same users. A policy
/// that never draws serves a user the same way every time: each session is then played once, as long as the largest K, and
/// its beginnings serve every K and every repeat.
///
/// # Errors
/// Deterministic if no user is eligible; whatever the reporter says.
pub fn run(
    world: &World,
    model: &PmfModel,
    policy: &mut Policy,
    n: usize,
    spec: &OfflineSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let (field, judge) = (Field { world, spec, n, seed }, Judge::new(world, spec));
    let mut metrics = Metrics::new();
    let repeats = spec.repeats_made();
    let total = spec.k.len() as u64 * repeats;
    let mut done = 0;
    let draws = spec.epsilon > 0.0 || matches!(policy, Policy::Static(StaticRanking::Uniform));
    let mut served = Vec::new();
    for &k in &spec.k {
        let eligible = field.eligible(k)?;
        metrics.insert(format!("users@{k}"), eligible.len() as f64);
        for repeat in 0..repeats {
            let mut stream = seed.stream(&format!("eval/offline/{}/{k}/{repeat}", spec.protocol.name()));
            let users: Vec<u32> = match spec.users {
                0 => eligible.clone(),
                count => (0..count).map(|_| eligible[stream.below(eligible.len())]).collect(),
            };
            served.push((users, stream));
        }
    }
    let mut played = BTreeMap::new();
    if !draws {
        let most = spec.k.iter().max().copied().unwrap_or(0);
        let users: BTreeSet<u32> = served.iter().flat_map(|(users, _)| users).copied().collect();
        let users: Vec<u32> = users.into_iter().collect();
        for users in users.chunks(field.together()) {
            let sessions = field.start(users);
            let lists = play(model, policy, sessions, most as usize, 0.0, &mut seed.stream("eval/offline"));
            played.extend(users.iter().copied().zip(lists));
            reporter.progress(0, total)?;
        }
    }
    let mut served = served.into_iter();
    for &k in &spec.k {
        let mut measured: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (repeat, (users, mut stream)) in (0..repeats).zip(served.by_ref()) {
            let scores = if draws {
                let mut lists = Vec::with_capacity(users.len());
                for users in users.chunks(field.together()) {
                    lists.extend(play(model, policy, field.start(users), k as usize, spec.epsilon, &mut stream));
                }
                field.judge(&judge, lists.iter(), k as usize)
            } else {
                field.judge(&judge, users.iter().map(|user| &played[user]), k as usize)
            };
            let points = scores.iter().map(|(name, value)| Point::new(format!("{name}@{k}"), repeat, *value));
            reporter.points(0, points.collect())?;
            for (name, value) in scores {
                measured.entry(format!("{name}@{k}")).or_default().push(value);
            }
            done += 1;
            reporter.progress(done, total)?;
        }
        measured.iter().for_each(|(name, values)| summarise(&mut metrics, name, values));
    }
    let least = spec.k.iter().min().copied().unwrap_or(0);
    let all = field.eligible(least)?;
    let users = lists::sample(&all, lists::USERS);
    if let Some(orders) = orders(model, policy, &mut field.start(&users), &mut Metrics::new()) {
        let scores = orders.scores(&users, world.items, &mut seed.stream("eval/offline/lists"));
        lists::describe(world, &scores, &mut metrics);
    }
    let users = lists::sample(&all, EXCHANGING);
    if let Some(orders) = orders(model, policy, &mut field.start(&users), &mut metrics) {
        orders.exchange(world, &users, least as usize, &mut metrics);
    }
    Ok(metrics)
}

/// Users who exchange their orders, at most.
const EXCHANGING: usize = 1000;

/// The orders that sessions begin with; none of what knows the answers. `user/saturated`: the share of coordinates of actions
/// within a hundredth of their bounds.
fn orders<'a>(
    model: &'a PmfModel,
    policy: &'a mut Policy,
    sessions: &mut [Session],
    metrics: &mut Metrics,
) -> Option<Orders<'a>> {
    match policy {
        Policy::Recommender(agent, _) => {
            let mut actor = Actor::new(agent, sessions.len());
            actor.act(sessions);
            metrics.insert("user/saturated".to_owned(), actor.saturated as f64 / actor.actions.len().max(1) as f64);
            let actions = (0..sessions.len()).map(|session| actor.action(session, None).to_vec());
            Some(Orders::Actions(model, actions.collect()))
        }
        Policy::Beliefs(beliefs) => {
            let begin = |session: &Session| {
                beliefs.begin(session.user);
                beliefs.action().to_vec()
            };
            Some(Orders::Actions(model, sessions.iter().map(begin).collect()))
        }
        Policy::Static(StaticRanking::By(scores)) => Some(Orders::Scores(&**scores)),
        Policy::Static(StaticRanking::Uniform) => Some(Orders::Uniform),
        Policy::Bandit(_) | Policy::Oracle(_) | Policy::Plan => None,
    }
}

/// K steps of the policy for all users, and what each was recommended; a user without a candidate left stops early.
pub(crate) fn play(
    model: &PmfModel,
    policy: &mut Policy,
    mut sessions: Vec<Session>,
    k: usize,
    epsilon: f64,
    stream: &mut Stream,
) -> Vec<Judged> {
    match policy {
        Policy::Recommender(agent, spec) => {
            let mut actor = Actor::new(agent, sessions.len());
            for _ in 0..k {
                actor.act(&mut sessions);
                for (row, session) in sessions.iter_mut().enumerate() {
                    if session.candidates.is_empty() {
                        continue;
                    }
                    let explores = epsilon > 0.0 && stream.unit() < epsilon;
                    let action = actor.action(row, explores.then_some(&mut *stream));
                    session.take_best(|item, _| model.score(item, action), spec.remembers);
                }
            }
        }
        Policy::Beliefs(beliefs) => {
            for session in &mut sessions {
                beliefs.begin(session.user);
                for _ in 0..k.min(session.candidates.len()) {
                    let (item, reward) = match epsilon > 0.0 && stream.unit() < epsilon {
                        true => session.take(stream.below(session.candidates.len()), Remembers::Positive),
                        false => session.take_best(|item, _| beliefs.score(item), Remembers::Positive),
                    };
                    if !reward.is_nan() {
                        beliefs.observe(item, reward);
                    }
                }
            }
        }
        Policy::Bandit(bandit) => {
            bandit.restart();
            for session in &mut sessions {
                bandit.begin();
                for _ in 0..k.min(session.candidates.len()) {
                    let (item, reward) = match epsilon > 0.0 && stream.unit() < epsilon {
                        true => session.take(stream.below(session.candidates.len()), Remembers::Positive),
                        false => session.take_best(|item, _| bandit.score(item), Remembers::Positive),
                    };
                    if !reward.is_nan() {
                        bandit.observe(item, reward);
                    }
                }
            }
        }
        Policy::Static(_) | Policy::Oracle(_) | Policy::Plan => {
            // Whatever plans knows no more of a log than what it says.
            let (ranking, extreme) = match policy {
                Policy::Static(ranking) => (Some(&*ranking), Extreme::Best),
                Policy::Oracle(extreme) => (None, *extreme),
                _ => (None, Extreme::Best),
            };
            let told = |_, reward: f32| extreme.score((!reward.is_nan()).then_some(reward));
            let explores = epsilon > 0.0 || matches!(ranking, Some(StaticRanking::Uniform));
            // Of what draws, all sessions share one stream, step by step.
            for _ in 0..if explores { k } else { 0 } {
                for session in sessions.iter_mut().filter(|session| !session.candidates.is_empty()) {
                    let explores = epsilon > 0.0 && stream.unit() < epsilon;
                    let user = session.user;
                    match ranking {
                        Some(StaticRanking::By(scores)) if !explores => {
                            session.take_best(|item, _| scores.score(user, item), Remembers::Positive)
                        }
                        None if !explores => session.take_best(told, Remembers::Positive),
                        _ => session.take(stream.below(session.candidates.len()), Remembers::Positive),
                    };
                }
            }
            for session in sessions.iter_mut().filter(|_| !explores) {
                let user = session.user;
                match ranking {
                    Some(StaticRanking::By(scores)) => session.take_list(|item, _| scores.score(user, item), k),
                    _ => session.take_list(told, k),
                }
            }
        }
    }
    sessions.into_iter().map(Session::end).collect()
}
