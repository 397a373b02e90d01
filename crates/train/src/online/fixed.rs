//! A repeat of what learns no networks: rankings, models of one user, what knows the answers.

use drr_core::data::worlds::{Dynamics, Values};
use drr_core::seed::Stream;
use drr_kinds::error::{Error, Result};
use drr_kinds::kind::Extreme;
use drr_kinds::ranking::StaticRanking;

use super::walk::{Course, Walk, Walked};
use crate::bandit::Bandit;
use crate::beliefs::Beliefs;
use crate::evaluate::policy::Policy;

/// What chooses items within a repeat.
enum Recommends<'a> {
    Ranking(&'a StaticRanking),
    Beliefs(&'a mut Beliefs),
    Bandit(&'a mut Bandit),
    Oracle(Extreme),
    Plan(&'a Dynamics, Values),
}

/// Sessions until all recommendations are made.
pub(super) fn run(
    course: &Course<'_>,
    policy: &mut Policy,
    stream: Stream,
    progress: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Walked> {
    let none = |what: &str| Error::Deterministic(format!("there is no {what}"));
    let mut recommends = match policy {
        Policy::Recommender(..) => return Err(none("ranking of a recommender that learns")),
        Policy::Static(ranking) => Recommends::Ranking(ranking),
        Policy::Beliefs(beliefs) => Recommends::Beliefs(beliefs),
        Policy::Bandit(bandit) => {
            bandit.restart();
            Recommends::Bandit(bandit)
        }
        Policy::Oracle(extreme) => Recommends::Oracle(*extreme),
        Policy::Plan => {
            let dynamics = course.scene.world.dynamics.as_deref().ok_or_else(|| none("plan"))?;
            Recommends::Plan(dynamics, dynamics.values(course.k as usize))
        }
    };
    let mut walk = Walk::new(*course, stream);
    while !walk.is_done() {
        if walk.is_between() {
            walk.begin()?;
            match &mut recommends {
                Recommends::Beliefs(beliefs) => beliefs.begin(walk.user),
                Recommends::Bandit(bandit) => bandit.begin(),
                Recommends::Ranking(_) | Recommends::Oracle(_) | Recommends::Plan(..) => {}
            }
        }
        let item = choose(&mut walk, &recommends);
        let Some((item, reward)) = walk.recommend(item) else { continue };
        observe(&mut walk, &mut recommends, (item, reward));
        if walk.steps().is_multiple_of(64) {
            progress(walk.steps())?;
        }
    }
    Ok(walk.end())
}

fn choose(walk: &mut Walk<'_>, recommends: &Recommends<'_>) -> Option<u32> {
    let explores = walk.explores();
    let (user, left, model) = (walk.user, walk.left(), walk.course.scene.model);
    let Walk { stream, answers, ranking, .. } = walk;
    match recommends {
        Recommends::Ranking(StaticRanking::Uniform) => ranking.any(stream),
        _ if explores => ranking.any(stream),
        Recommends::Ranking(StaticRanking::By(scores)) => ranking.best_by(|item| scores.score(user, item)),
        Recommends::Beliefs(beliefs) => ranking.best(model, beliefs.action()),
        Recommends::Bandit(bandit) => ranking.best_by(|item| bandit.score(item)),
        Recommends::Oracle(extreme) => ranking.best_by(|item| extreme.score(Some(answers.peek(user, item).reward))),
        Recommends::Plan(dynamics, values) => {
            let state = answers.state();
            ranking.best_by(|item| dynamics.worth(values, user, state, item, left))
        }
    }
}

/// The user answered: the history moves on, and what learns learns. What the train log told was known at the start, but to a
/// bandit, which knows nothing of it.
fn observe(walk: &mut Walk<'_>, recommends: &mut Recommends<'_>, (item, reward): (u32, f32)) {
    let (world, user) = (walk.course.scene.world, walk.user);
    walk.history.observe(item, world.is_positive(reward));
    match recommends {
        Recommends::Bandit(bandit) => bandit.observe(item, reward),
        Recommends::Beliefs(beliefs) if world.dynamics.is_some() || world.train.reward(user, item).is_none() => {
            beliefs.observe(item, reward);
        }
        Recommends::Beliefs(_) | Recommends::Ranking(_) | Recommends::Oracle(_) | Recommends::Plan(..) => {}
    }
}
