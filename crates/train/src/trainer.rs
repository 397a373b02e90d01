//! The training loop of the slides for a cohort of trials, readable top to bottom.

use std::sync::Arc;

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::drr::{DrrSpec, TrainItems};
use drr_kinds::training::Reporter;

use crate::actor_critic::{Agent, Batch, Losses, Shapes, smooth};
use crate::answers::{Answers, Known};
use crate::environment::{Chooser, Ranking};
use crate::history::History;
use crate::kernels::Backend;
use crate::pmf::PmfModel;
use crate::replay::Replay;
use crate::returns::Returns;
use crate::threads;
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;
use drr_kinds::world::World;

/// One trial of a cohort.
#[derive(Clone, Debug)]
pub struct Member {
    /// Hyperparameters; all members agree in shapes, steps, `learning_starts` and `record_every`.
    pub spec: DrrSpec,
    /// The trial's seed.
    pub seed: Seed,
    /// The ratings it learns from.
    pub world: Arc<World>,
    /// Embeddings and reward model.
    pub model: Arc<PmfModel>,
}

/// How a member's training ended.
pub type Outcome = Result<Metrics>;

/// Trains a cohort. The agent holds all members' networks; a member that diverges fails alone.
///
/// # Errors
/// What stops the whole cohort: the reporter, or a dataset on which nobody can be served.
pub fn train(members: &[Member], backend: Backend, reporter: &mut dyn Reporter) -> Result<(Agent, Vec<Outcome>)> {
    let spec = &members[0].spec;
    let shapes = Shapes::new(spec, members[0].model.k);
    let specs: Vec<&DrrSpec> = members.iter().map(|member| &member.spec).collect();
    let seeds: Vec<Seed> = members.iter().map(|member| member.seed).collect();
    let models = members.iter().map(|member| Arc::clone(&member.model)).collect();
    let mut agent = Agent::new(&shapes, &specs, &seeds, models, backend);
    let mut learners = members.iter().map(Learner::new).collect::<Result<Vec<_>>>()?;
    let mut batch = Batch::default();
    let mut losses = vec![Losses::default(); members.len()];
    let (mut users, mut histories) = (Vec::new(), Vec::new());

    for step in 0..spec.train_steps {
        users.clear();
        histories.clear();
        for learner in &mut learners {
            learner.session_if_over()?; // lines 4–5: a user's session, H from the log
            users.push(learner.user);
            histories.extend_from_slice(learner.history.items()); // line 7: s = f(H)
        }
        let explores: Vec<bool> = learners.iter_mut().map(|learner| learner.explores(step)).collect();
        let acts = |(learner, explores): (&Learner<'_>, &bool)| !explores || learner.chooser.explores_near();
        let actions = learners.iter().zip(&explores).any(acts).then(|| agent.act(&users, &histories));
        threads::for_each(&mut learners, |member, learner| {
            let action = actions.map(|all| &all[member * shapes.action..][..shapes.action]);
            learner.recommend(action, explores[member]); // lines 8–12: a = π(s) or ε-greedy, item, reward, next state, replay
        });
        // Of returns of many steps none may be complete yet.
        if step + 1 >= spec.learning_starts && learners.iter().all(|learner| !learner.replay.is_empty()) {
            threads::for_each(&mut learners, |_, learner| learner.draw(step, &shapes)); // line 13
            batch.clear();
            learners.iter().for_each(|learner| batch.append(&learner.drawn));
            let td = agent.update(&batch, &mut losses); // lines 14–17
            threads::for_each(&mut learners, |member, learner| {
                learner.replay.reprioritise(&td[member * shapes.batch..][..shapes.batch]);
                learner.observe(&losses[member], step);
            });
            if learners.iter().all(|learner| learner.diverged.is_some()) {
                break;
            }
        }
        if (step + 1) % spec.record_every == 0 || step + 1 == spec.train_steps {
            for (member, learner) in learners.iter_mut().enumerate() {
                if learner.diverged.is_none() {
                    reporter.points(member, learner.record(step + 1))?;
                }
            }
        }
        if (step + 1) % 64 == 0 || step + 1 == spec.train_steps {
            reporter.progress(step + 1, spec.train_steps)?;
        }
    }
    Ok((agent, learners.into_iter().map(Learner::finish).collect()))
}

/// A member's side of the loop: its user, its history, its replay and its streams.
struct Learner<'a> {
    member: &'a Member,
    sessions: Stream,
    explore: Stream,
    draws: Stream,
    smooth: Stream,
    order: Vec<u32>,
    position: usize,
    steps_in_session: u64,
    user: u32,
    history: History,
    chooser: Chooser,
    ranking: Ranking,
    answers: Answers<'a>,
    replay: Replay,
    drawn: Batch,
    returns: Returns,
    diverged: Option<u64>,
    tally: Tally,
    steps: u64,
    updates: u64,
    last_tenth: (f64, u64),
}

/// Sums since the last recorded point.
#[derive(Default)]
struct Tally {
    reward: f64,
    steps: u64,
    critic: f64,
    value: f64,
    updates: u64,
    epsilon: f64,
}

impl<'a> Learner<'a> {
    fn new(member: &'a Member) -> Result<Self> {
        let (spec, world) = (&member.spec, &member.world);
        let n = spec.history as usize;
        let order: Vec<u32> = (0..world.users as u32).filter(|&user| world.train.positives(user).len() >= n).collect();
        if order.is_empty() {
            return Err(Error::Deterministic(format!(
                "no user has {n} positive train ratings: lower drr.history, or reward.positive"
            )));
        }
        let action = spec.action_size(member.model.k as u64) as usize;
        Ok(Self {
            member,
            sessions: member.seed.stream("sessions"),
            explore: member.seed.stream("explore"),
            draws: member.seed.stream("replay"),
            smooth: member.seed.stream("smooth"),
            position: order.len(),
            order,
            steps_in_session: spec.episode_length,
            user: 0,
            history: History::new(&vec![0; n]),
            chooser: Chooser::new(spec, action),
            ranking: Ranking::new(world.items),
            answers: Answers::new(world, &*member.model, Known::Train, 0.0),
            replay: Replay::new(spec.replay_capacity as usize, n, action, spec.alpha),
            drawn: Batch::default(),
            returns: Returns::new(spec.n_step, spec.gamma),
            diverged: None,
            tally: Tally::default(),
            steps: 0,
            updates: 0,
            last_tenth: (0.0, 0),
        })
    }

    /// Begins the next user's session when the current one has had its T recommendations. Users come in seeded random
    /// order, shuffled anew for every pass; H starts as the user's first n positive train items by time.
    fn session_if_over(&mut self) -> Result<()> {
        if self.steps_in_session < self.member.spec.episode_length {
            return Ok(());
        }
        self.returns.end(&self.history, &mut self.replay);
        if self.position == self.order.len() {
            self.sessions.shuffle(&mut self.order);
            self.position = 0;
        }
        self.user = self.order[self.position];
        self.position += 1;
        self.steps_in_session = 0;
        let positives = self.member.world.train.positives(self.user);
        self.history = History::new(&positives[..self.member.spec.history as usize]);
        self.answers.begin(self.user, self.history.items());
        match self.member.spec.train_items {
            TrainItems::All => self.ranking.begin(),
            TrainItems::Rated => self.ranking.begin_with(self.member.world.train.of(self.user).0),
        }
        Ok(())
    }

    /// ε falls linearly from `eps_start` to `eps_end` over `eps_steps`.
    fn explores(&mut self, step: u64) -> bool {
        let spec = &self.member.spec;
        let share = if spec.eps_steps == 0 { 1.0 } else { (step as f64 / spec.eps_steps as f64).min(1.0) };
        let epsilon = spec.eps_start + (spec.eps_end - spec.eps_start) * share;
        self.tally.epsilon = epsilon;
        self.explore.unit() < epsilon
    }

    fn beta(&self, step: u64) -> f64 {
        let spec = &self.member.spec;
        if spec.beta_steps == 0 {
            return spec.beta;
        }
        spec.beta + (1.0 - spec.beta) * (step as f64 / spec.beta_steps as f64).min(1.0)
    }

    /// Recommends the best candidate for the actor's action, or explores; takes the user's feedback
    /// and stores the transition.
    fn recommend(&mut self, action: Option<&[f32]>, explores: bool) {
        let (world, model) = (&self.member.world, &self.member.model);
        let item = match action {
            Some(action) if !explores => self.chooser.exploit(action, &mut self.ranking, model),
            near => self.chooser.explore(near, &mut self.explore, &mut self.ranking, model),
        };
        let Some(item) = item else {
            // Every candidate was recommended in this session: it is over before its T steps.
            self.steps_in_session = self.member.spec.episode_length;
            return;
        };
        self.ranking.exclude(item);
        let reward = self.answers.answer(self.user, item).reward;
        let before = self.history.clone();
        self.history.observe(item, self.member.spec.remembers(world.is_positive(reward)));
        let learned = reward.max(self.member.spec.reward_floor as f32);
        let action = self.chooser.action();
        self.returns.push(self.user, &before, action, learned, &self.history, &mut self.replay);
        self.steps_in_session += 1;
        self.steps += 1;
        self.tally.reward += f64::from(reward);
        self.tally.steps += 1;
        if self.steps * 10 > self.member.spec.train_steps * 9 {
            self.last_tenth.0 += f64::from(reward);
            self.last_tenth.1 += 1;
        }
    }

    /// A minibatch from its replay.
    fn draw(&mut self, step: u64, shapes: &Shapes) {
        let beta = self.beta(step);
        self.drawn.clear();
        self.replay.draw(shapes.batch, beta, &mut self.draws, &mut self.drawn);
        smooth(&self.member.spec, shapes.batch * shapes.action, &mut self.smooth, &mut self.drawn.noise);
    }

    fn observe(&mut self, losses: &Losses, step: u64) {
        if !(losses.critic.is_finite() && losses.value.is_finite()) && self.diverged.is_none() {
            self.diverged = Some(step + 1);
        }
        self.tally.critic += losses.critic;
        self.tally.value += losses.value;
        self.tally.updates += 1;
        self.updates += 1;
    }

    /// The points since the last record: means, and ε as it is now.
    fn record(&mut self, step: u64) -> Vec<Point> {
        let tally = std::mem::take(&mut self.tally);
        let mut points = vec![
            Point::new("train/reward", step, tally.reward / tally.steps.max(1) as f64),
            Point::new("train/epsilon", step, tally.epsilon),
        ];
        if tally.updates > 0 {
            points.push(Point::new("train/critic_loss", step, tally.critic / tally.updates as f64));
            points.push(Point::new("train/q", step, tally.value / tally.updates as f64));
        }
        points
    }

    fn finish(self) -> Outcome {
        if let Some(step) = self.diverged {
            return Err(Error::Deterministic(format!(
                "the loss is not finite at step {step}: lower drr.critic_lr or drr.actor_lr"
            )));
        }
        let mut metrics = Metrics::from([("updates".to_owned(), self.updates as f64)]);
        if self.last_tenth.1 > 0 {
            metrics.insert("reward_last_tenth".to_owned(), self.last_tenth.0 / self.last_tenth.1 as f64);
        }
        Ok(metrics)
    }
}

#[cfg(test)]
mod tests {
    use drr_core::data::{Rating, Ratings, Split};
    use drr_core::spec::{RewardRule, SplitKind, SplitSpec};

    use super::*;

    fn member(spec: DrrSpec) -> Member {
        let rows = (0..10).map(|item| Rating { user: 0, item, stars: 5.0, timestamp: i64::from(item) }).collect();
        let ids = |count: u32| (0..count).map(|id| id.to_string()).collect();
        let ratings = Ratings::canonical(ids(1), ids(10), rows);
        let world = World::new(
            &ratings,
            &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, ..SplitSpec::default() }),
            RewardRule::STARS,
        );
        Member {
            spec,
            seed: Seed(0),
            world: Arc::new(world),
            model: Arc::new(PmfModel { k: 1, ..PmfModel::default() }),
        }
    }

    #[test]
    fn schedules_are_linear_and_end() {
        let spec = DrrSpec { eps_end: 0.5, eps_steps: 8, beta: 0.5, beta_steps: 6, ..DrrSpec::published() };
        let member = member(spec);
        let mut learner = Learner::new(&member).expect("one user has enough positives");
        let epsilons = [0, 4, 8, 100].map(|step| {
            learner.explores(step);
            learner.tally.epsilon
        });
        assert_eq!(epsilons, [1.0, 0.75, 0.5, 0.5]);
        assert_eq!([0, 3, 6, 100].map(|step| learner.beta(step)), [0.5, 0.75, 1.0, 1.0]);
    }
}
