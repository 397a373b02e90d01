//! Offline evaluation (slides, Algorithm 2): K recommendations from what the user rated in the test log, judged by that
//! log. Users are served together, a step at a time.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::drr::Remembers;
use drr_kinds::offline::OfflineSpec;
use drr_kinds::protocol::Protocol;
use drr_kinds::ranking::StaticRanking;

use crate::evaluate::orders::Orders;
use crate::evaluate::policy::Policy;
use crate::evaluate::served::{Actor, Session};
use crate::evaluate::{lists, summarise};
use crate::pmf::PmfModel;
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;
use drr_kinds::training::Reporter;
use drr_kinds::world::World;

/// Measures precision@K and NDCG@K for every K of the spec, and describes whom the policy recommends what.
///
/// Users are drawn with replacement from the eligible ones, so that the spread over repeats is the sampling noise of
/// `users` users also on a dataset that has fewer. Policies of one seed meet the same users. A policy that never draws
/// serves a user the same way every time: each session is then played once, as long as the largest K, and its
/// beginnings serve every K and every repeat.
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
    let mut metrics = Metrics::new();
    let total = spec.k.len() as u64 * spec.repeats;
    let mut done = 0;
    let draws = spec.epsilon > 0.0 || matches!(policy, Policy::Static(StaticRanking::Uniform));
    let mut served = Vec::new();
    for &k in &spec.k {
        let eligible = eligible(world, spec.protocol, n, k as usize)?;
        metrics.insert(format!("users@{k}"), eligible.len() as f64);
        for repeat in 0..spec.repeats {
            let mut stream = seed.stream(&format!("eval/offline/{}/{k}/{repeat}", spec.protocol.name()));
            let users: Vec<u32> = (0..spec.users).map(|_| eligible[stream.below(eligible.len())]).collect();
            served.push((users, stream));
        }
    }
    let mut played = BTreeMap::new();
    if !draws {
        let most = spec.k.iter().max().copied().unwrap_or(0);
        let users: BTreeSet<u32> = served.iter().flat_map(|(users, _)| users).copied().collect();
        let users: Vec<u32> = users.into_iter().collect();
        for users in users.chunks(TOGETHER) {
            let mut sessions = start(world, spec.protocol, users, n);
            play(model, policy, &mut sessions, most as usize, 0.0, &mut seed.stream("eval/offline"));
            played.extend(users.iter().copied().zip(sessions));
            reporter.progress(0, total)?;
        }
    }
    let mut served = served.into_iter();
    for &k in &spec.k {
        let (mut precisions, mut ndcgs) = (Vec::new(), Vec::new());
        for (repeat, (users, mut stream)) in (0..spec.repeats).zip(served.by_ref()) {
            let (precision, ndcg) = if draws {
                let mut sessions = start(world, spec.protocol, &users, n);
                for sessions in sessions.chunks_mut(TOGETHER) {
                    play(model, policy, sessions, k as usize, spec.epsilon, &mut stream);
                }
                judge(sessions.iter(), k as usize)
            } else {
                judge(users.iter().map(|user| &played[user]), k as usize)
            };
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
    }
    let least = spec.k.iter().min().copied().unwrap_or(0);
    let all = eligible(world, spec.protocol, n, least as usize)?;
    let users = lists::sample(&all, lists::USERS);
    if let Some(orders) = orders(model, policy, &mut start(world, spec.protocol, &users, n), &mut Metrics::new()) {
        let scores = orders.scores(&users, world.items, &mut seed.stream("eval/offline/lists"));
        lists::describe(world, &scores, &mut metrics);
    }
    let users = lists::sample(&all, EXCHANGING);
    if let Some(orders) = orders(model, policy, &mut start(world, spec.protocol, &users, n), &mut metrics) {
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
        Policy::Oracle | Policy::Plan => None,
    }
}

/// Users served together, a step at a time.
const TOGETHER: usize = 512;

fn start(world: &World, protocol: Protocol, users: &[u32], n: usize) -> Vec<Session> {
    users.iter().map(|&user| Session::new(world, protocol, user, n)).collect()
}

/// Mean precision and NDCG of the first K recommendations.
fn judge<'a>(sessions: impl Iterator<Item = &'a Session>, k: usize) -> (f64, f64) {
    let (mut precision, mut ndcg, mut count) = (0.0, 0.0, 0.0);
    for session in sessions {
        precision += session.precision(k);
        ndcg += session.ndcg(k);
        count += 1.0;
    }
    (precision / count, ndcg / count)
}

/// Users with at least K candidates and n positives to start from.
fn eligible(world: &World, protocol: Protocol, n: usize, k: usize) -> Result<Vec<u32>> {
    let users: Vec<u32> = (0..world.users as u32)
        .filter(|&user| world.test.of(user).0.len() >= k && world.history(protocol, user, n).is_some())
        .collect();
    if users.is_empty() {
        return Err(Error::Deterministic(format!(
            "no user has {k} test ratings and {n} positive ones to start from: lower offline.k or drr.history"
        )));
    }
    Ok(users)
}

/// K steps of the policy for all users; a user without a candidate left stops early.
fn play(model: &PmfModel, policy: &mut Policy, sessions: &mut [Session], k: usize, epsilon: f64, stream: &mut Stream) {
    match policy {
        Policy::Recommender(agent, spec) => {
            let mut actor = Actor::new(agent, sessions.len());
            for _ in 0..k {
                actor.act(sessions);
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
            for session in sessions {
                beliefs.begin(session.user);
                for _ in 0..k.min(session.candidates.len()) {
                    let (item, reward) = match epsilon > 0.0 && stream.unit() < epsilon {
                        true => session.take(stream.below(session.candidates.len()), Remembers::Positive),
                        false => session.take_best(|item, _| beliefs.score(item), Remembers::Positive),
                    };
                    beliefs.observe(item, reward);
                }
            }
        }
        Policy::Static(_) | Policy::Oracle | Policy::Plan => {
            let ranking = if let Policy::Static(ranking) = policy { Some(&*ranking) } else { None };
            for _ in 0..k {
                for session in sessions.iter_mut().filter(|session| !session.candidates.is_empty()) {
                    let explores = epsilon > 0.0 && stream.unit() < epsilon;
                    let user = session.user;
                    match ranking {
                        Some(StaticRanking::Uniform) => {
                            session.take(stream.below(session.candidates.len()), Remembers::Positive)
                        }
                        _ if explores => session.take(stream.below(session.candidates.len()), Remembers::Positive),
                        Some(StaticRanking::By(scores)) => {
                            session.take_best(|item, _| scores.score(user, item), Remembers::Positive)
                        }
                        // Whatever plans knows no more of a log than what it says.
                        None => session.take_best(|_, reward| reward, Remembers::Positive),
                    };
                }
            }
        }
    }
}
