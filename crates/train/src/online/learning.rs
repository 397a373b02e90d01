//! Repeats of the recommender, which goes on learning within sessions. Repeats know nothing of each other, so several may go
//! side by side as a cohort: a device wants few launches, and several cores want work. Each has the bits it has alone.

use drr_core::seed::Stream;
use drr_kinds::drr::DrrSpec;
use drr_kinds::error::{Error, Result};
use drr_kinds::protocol::Protocol;

use super::walk::{Course, Walk, Walked};
use crate::actor_critic::{Agent, Batch, Losses, Shapes, smooth};
use crate::environment::Chooser;
use crate::kernels::Backend;
use crate::kernels::accelerator::BLOCK;
use crate::replay::Replay;
use crate::returns::Returns;
use crate::threads;

/// How many repeats may go in step: on a device as many as it computes at once, on cores one each. Only one where somebody
/// could run out of candidates, for then a session would end earlier than the others'.
pub(super) fn together(course: &Course<'_>, backend: Backend) -> usize {
    let Course { scene, spec, k, eligible } = *course;
    let (world, published) = (scene.world, spec.protocol == Protocol::Published);
    let known = |user: &u32| if published { 0 } else { world.train.of(*user).0.len() + scene.n };
    let most_known = eligible.iter().map(known).max().unwrap_or(0);
    if most_known + k as usize > world.items {
        return 1;
    }
    if backend.is_slices() { threads::now() } else { BLOCK }
}

/// One repeat for each stream, all in step.
pub(super) fn run(
    course: &Course<'_>,
    (agent, drr): (&mut Agent, &DrrSpec),
    streams: Vec<Stream>,
    progress: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Vec<Walked>> {
    let mut cohort = (streams.len() > 1).then(|| agent.repeated(streams.len(), drr));
    let agent = cohort.as_mut().unwrap_or(agent);
    let trained = agent.snapshot();
    let shapes = agent.shapes.clone();
    let mut repeats: Vec<Repeat<'_>> =
        streams.into_iter().map(|stream| Repeat::new(Walk::new(*course, stream), drr, &shapes)).collect();
    let (mut batch, mut losses) = (Batch::default(), vec![Losses::default(); repeats.len()]);
    let (mut users, mut histories) = (Vec::new(), Vec::new());
    let mut changed = false;
    while !repeats.iter().all(|repeat| repeat.walk.is_done()) {
        if repeats.iter().any(|repeat| repeat.walk.is_between()) {
            if changed {
                agent.restore(&trained);
                changed = false;
            }
            repeats.iter_mut().try_for_each(Repeat::begin)?;
        }
        users.clear();
        histories.clear();
        for repeat in &repeats {
            users.push(repeat.walk.user);
            histories.extend_from_slice(repeat.walk.history.items());
        }
        let actions = agent.act(&users, &histories);
        threads::for_each(&mut repeats, |at, repeat| {
            repeat.step(&actions[at * shapes.action..][..shapes.action], &shapes);
        });
        if repeats.iter().all(|repeat| repeat.learns) {
            batch.clear();
            repeats.iter().for_each(|repeat| batch.append(&repeat.drawn));
            let td = agent.update(&batch, &mut losses);
            threads::for_each(&mut repeats, |at, repeat| {
                repeat.replay.reprioritise(&td[at * shapes.batch..][..shapes.batch]);
            });
            changed = true;
            if losses.iter().any(|losses| !losses.critic.is_finite()) {
                return Err(Error::Deterministic(
                    "the loss is not finite while learning online: lower drr.critic_lr".to_owned(),
                ));
            }
        }
        if repeats[0].walk.steps().is_multiple_of(64) {
            progress(repeats[0].walk.steps())?;
        }
    }
    if changed {
        agent.restore(&trained);
    }
    Ok(repeats.into_iter().map(|repeat| repeat.walk.end()).collect())
}

/// A repeat's side: its walk, its replay, and how its steps' actions come about.
struct Repeat<'a> {
    walk: Walk<'a>,
    drr: &'a DrrSpec,
    replay: Replay,
    returns: Returns,
    chooser: Chooser,
    drawn: Batch,
    /// The last step drew a minibatch.
    learns: bool,
}

impl<'a> Repeat<'a> {
    fn new(walk: Walk<'a>, drr: &'a DrrSpec, shapes: &Shapes) -> Self {
        let n = walk.course.scene.n;
        Self {
            replay: Replay::new(drr.replay_capacity as usize, n, shapes.action, drr.alpha),
            returns: Returns::new(drr.n_step, drr.gamma),
            chooser: Chooser::new(drr, shapes.action),
            drawn: Batch::default(),
            learns: false,
            walk,
            drr,
        }
    }

    /// The session before is over: what waits for its return enters the replay. Then the next user's.
    fn begin(&mut self) -> Result<()> {
        self.returns.end(&self.walk.history, &mut self.replay);
        self.walk.begin()
    }

    /// One recommendation, and a minibatch where the replay holds enough for one.
    fn step(&mut self, action: &[f32], shapes: &Shapes) {
        self.learns = false;
        let explores = self.walk.explores();
        let Walk { stream, ranking, course, .. } = &mut self.walk;
        let item = if explores {
            let near = self.chooser.explores_near().then_some(action);
            self.chooser.explore(near, stream, ranking, course.scene.model)
        } else {
            self.chooser.exploit(action, ranking, course.scene.model)
        };
        let Some((item, reward)) = self.walk.recommend(item) else { return };
        let before = self.walk.history.clone();
        let is_positive = self.walk.course.scene.world.is_positive(reward);
        self.walk.history.observe(item, self.drr.remembers(is_positive));
        let learned = reward.max(self.drr.reward_floor as f32);
        let (action, after) = (self.chooser.action(), &self.walk.history);
        self.returns.push(self.walk.user, &before, action, learned, after, &mut self.replay);
        let starts = self.walk.course.spec.learning_starts.max(shapes.batch as u64);
        if (self.replay.len() as u64) < starts {
            return;
        }
        self.drawn.clear();
        let stream = &mut self.walk.stream;
        self.replay.draw(shapes.batch, self.drr.beta, stream, &mut self.drawn);
        smooth(self.drr, shapes.batch * shapes.action, stream, &mut self.drawn.noise);
        self.learns = true;
    }
}
