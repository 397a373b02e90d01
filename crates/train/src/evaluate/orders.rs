//! The order in which a policy has items for a user at the beginning of a session, and what seeing the user is worth: how the
//! same orders do when users exchange them, and how one for everybody does.

use drr_core::seed::Stream;
use drr_kinds::ranking::Scores;
use drr_kinds::training::Metrics;
use drr_kinds::world::World;

use crate::pmf::PmfModel;

/// Orders of some users.
pub(crate) enum Orders<'a> {
    /// By the actions of each.
    Actions(&'a PmfModel, Vec<Vec<f32>>),
    /// By scores.
    Scores(&'a dyn Scores),
    /// None: each is as good.
    Uniform,
}

impl Orders<'_> {
    /// All items' scores for each of the users.
    pub(crate) fn scores(&self, users: &[u32], items: usize, stream: &mut Stream) -> Vec<Vec<f32>> {
        let of = |(at, &user): (usize, &u32)| match self {
            Self::Actions(model, actions) => {
                let mut scores = vec![0.0; items];
                model.scores_into(&actions[at], &mut scores);
                scores
            }
            Self::Scores(scores) => (0..items as u32).map(|item| scores.score(user, item)).collect(),
            Self::Uniform => (0..items).map(|_| stream.unit() as f32).collect(),
        };
        users.iter().enumerate().map(of).collect()
    }

    /// `user/own`: mean precision at `k` over the users, each candidate in the order that the session begins with.
    /// `user/another`: the same when everybody has the order of the next user. `user/constant`: when all have that of the
    /// mean action.
    pub(crate) fn exchange(&self, world: &World, users: &[u32], k: usize, metrics: &mut Metrics) {
        let next = |at: usize| (at + 1) % users.len();
        let mean = |score: &dyn Fn(usize, u32, u32) -> f32| {
            let precisions =
                users.iter().enumerate().map(|(at, &user)| precision(world, user, k, |item| score(at, user, item)));
            precisions.sum::<f64>() / users.len() as f64
        };
        let (own, another) = match self {
            Self::Actions(model, actions) => {
                let constant = mean_action(actions);
                let everybody = mean(&|_, _, item| model.score(item, &constant));
                metrics.insert("user/constant".to_owned(), everybody);
                let by = |at: usize, item: u32| model.score(item, &actions[at]);
                (mean(&|at, _, item| by(at, item)), mean(&|at, _, item| by(next(at), item)))
            }
            Self::Scores(scores) => (
                mean(&|_, user, item| scores.score(user, item)),
                mean(&|at, _, item| scores.score(users[next(at)], item)),
            ),
            Self::Uniform => return,
        };
        metrics.insert("user/own".to_owned(), own);
        metrics.insert("user/another".to_owned(), another);
    }
}

/// Each coordinate's mean.
fn mean_action(actions: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0_f64; actions.first().map_or(0, Vec::len)];
    actions.iter().for_each(|action| sum.iter_mut().zip(action).for_each(|(sum, a)| *sum += f64::from(*a)));
    sum.iter().map(|sum| (sum / actions.len() as f64) as f32).collect()
}

/// The share of positives among the user's best `k` test items, the first of equals first.
fn precision(world: &World, user: u32, k: usize, score: impl Fn(u32) -> f32) -> f64 {
    let (items, rewards) = world.test.of(user);
    let mut order: Vec<(f32, f32)> = items.iter().zip(rewards).map(|(item, reward)| (score(*item), *reward)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order[..k.min(order.len())].iter().filter(|(_, reward)| world.is_positive(*reward)).count() as f64 / k as f64
}
