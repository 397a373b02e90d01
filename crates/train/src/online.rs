//! Online evaluation (slides, Algorithm 1): sessions of K recommendations over all items. The recommender goes on
//! learning inside a session; networks and optimiser go back to the trained ones before the next, replay stays.

use drr_core::Seed;
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::drr::DrrSpec;
use drr_kinds::online::OnlineSpec;
use drr_kinds::protocol::Protocol;

use drr_kinds::ranking::StaticRanking;

use crate::actor_critic::{Agent, Batch, Losses};
use crate::environment::{Chooser, Known, Ranking, feedback};
use crate::evaluate::policy::Policy;
use crate::evaluate::{initial_history, summarise};
use crate::history::History;
use crate::pmf::PmfModel;
use crate::replay::{Replay, Transition};
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;
use drr_kinds::training::Reporter;
use drr_kinds::world::World;

/// Measures the mean reward of sessions of every length K of the spec.
///
/// # Errors
/// Deterministic if no user is eligible or learning diverges; whatever the reporter says.
pub fn run(
    world: &World,
    model: &PmfModel,
    policy: &mut Policy,
    n: usize,
    spec: &OnlineSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let eligible: Vec<u32> =
        (0..world.users as u32).filter(|&user| initial_history(world, spec.protocol, user, n).is_some()).collect();
    if eligible.is_empty() {
        return Err(Error::Deterministic(format!(
            "no user has {n} positive ratings to start from under this protocol: lower drr.history"
        )));
    }
    let mut metrics = Metrics::new();
    let total = spec.k.len() as u64 * spec.repeats * spec.steps;
    let mut done = 0;
    for &k in &spec.k {
        let mut means = Vec::new();
        for repeat in 0..spec.repeats {
            let name = format!("eval/online/{}/{k}/{repeat}", spec.protocol.name());
            let repeat_run = Repeat { world, model, n, spec, k, eligible: &eligible, stream: seed.stream(&name) };
            let mean = repeat_run.run(policy, &mut |steps| reporter.progress(done + steps, total))?;
            reporter.points(0, vec![Point::new(format!("reward@{k}"), repeat, mean)])?;
            means.push(mean);
            done += spec.steps;
        }
        summarise(&mut metrics, &format!("reward@{k}"), &means);
    }
    metrics.insert("users".to_owned(), eligible.len() as f64);
    Ok(metrics)
}

/// One repeat: sessions until `steps` recommendations are made.
struct Repeat<'a> {
    world: &'a World,
    model: &'a PmfModel,
    n: usize,
    spec: &'a OnlineSpec,
    k: u64,
    eligible: &'a [u32],
    stream: Stream,
}

impl Repeat<'_> {
    fn run(mut self, policy: &mut Policy, progress: &mut dyn FnMut(u64) -> Result<()>) -> Result<f64> {
        let (mut learner, ranker) = match policy {
            Policy::Recommender(agent, spec) => (Some(Online::new(agent, spec, self.n)), None),
            Policy::Static(ranker) => (None, Some(&*ranker)),
        };
        let mut ranking = Ranking::new(self.world.items);
        let mut order = self.eligible.to_vec();
        let (mut steps, mut sum) = (0, 0.0);
        'repeat: loop {
            self.stream.shuffle(&mut order);
            let before = steps;
            for &user in &order {
                if let Some(learner) = &mut learner {
                    learner.restore();
                }
                let start = initial_history(self.world, self.spec.protocol, user, self.n);
                let mut history = History::new(start.expect("eligible users have a history"));
                self.candidates(&mut ranking, user, &history);
                for _ in 0..self.k {
                    let Some(item) = self.choose(ranker, &mut learner, &mut ranking, user, &history) else {
                        break;
                    };
                    ranking.exclude(item);
                    let reward = feedback(self.world, self.model, Known::All, user, item);
                    sum += f64::from(reward);
                    let previous = history.clone();
                    let is_positive = self.world.is_positive(reward);
                    history.observe(item, learner.as_ref().map_or(is_positive, |it| it.spec.remembers(is_positive)));
                    if let Some(learner) = &mut learner {
                        learner.learn(
                            user,
                            &previous,
                            &history,
                            reward,
                            self.spec.learning_starts,
                            &mut self.stream,
                        )?;
                    }
                    steps += 1;
                    if steps % 64 == 0 {
                        progress(steps)?;
                    }
                    if steps == self.spec.steps {
                        break 'repeat;
                    }
                }
            }
            if steps == before {
                return Err(Error::Deterministic("no user has a candidate left under this protocol".to_owned()));
            }
        }
        if let Some(learner) = &mut learner {
            learner.restore();
        }
        Ok(sum / steps as f64)
    }

    /// `published`: all items. `strict`: none that the user rated in the train log.
    fn candidates(&self, ranking: &mut Ranking, user: u32, history: &History) {
        ranking.begin();
        if self.spec.protocol == Protocol::Strict {
            self.world.train.of(user).0.iter().chain(history.items()).for_each(|&item| ranking.exclude(item));
        }
    }

    fn choose(
        &mut self,
        ranker: Option<&StaticRanking>,
        learner: &mut Option<Online<'_>>,
        ranking: &mut Ranking,
        user: u32,
        history: &History,
    ) -> Option<u32> {
        let explores = self.spec.epsilon > 0.0 && self.stream.unit() < self.spec.epsilon;
        match (learner, ranker) {
            (Some(learner), _) => {
                let Online { agent, chooser, .. } = learner;
                if explores {
                    let near = chooser.explores_near().then(|| agent.act(&[user], history.items()));
                    chooser.explore(near, &mut self.stream, ranking, self.model)
                } else {
                    chooser.exploit(agent.act(&[user], history.items()), ranking, self.model)
                }
            }
            (None, Some(StaticRanking::Uniform) | None) => ranking.any(&mut self.stream),
            (None, Some(_)) if explores => ranking.any(&mut self.stream),
            (None, Some(StaticRanking::By(scores))) => ranking.best_by(|item| scores.score(user, item)),
        }
    }
}

/// The recommender while it learns within sessions.
struct Online<'a> {
    agent: &'a mut Agent,
    spec: &'a DrrSpec,
    trained: crate::actor_critic::Snapshot,
    replay: Replay,
    batch: Batch,
    chooser: Chooser,
    changed: bool,
}

impl<'a> Online<'a> {
    fn new(agent: &'a mut Agent, spec: &'a DrrSpec, n: usize) -> Self {
        let action = agent.shapes.action;
        Self {
            trained: agent.snapshot(),
            replay: Replay::new(spec.replay_capacity as usize, n, action, spec.alpha),
            batch: Batch::default(),
            chooser: Chooser::new(spec, action),
            changed: false,
            agent,
            spec,
        }
    }

    /// Back to the trained networks and optimiser state.
    fn restore(&mut self) {
        if self.changed {
            self.agent.restore(&self.trained);
            self.changed = false;
        }
    }

    fn learn(
        &mut self,
        user: u32,
        before: &History,
        after: &History,
        reward: f32,
        learning_starts: u64,
        stream: &mut Stream,
    ) -> Result<()> {
        self.replay.push(Transition {
            user,
            before: before.items(),
            after: after.items(),
            action: self.chooser.action(),
            reward: reward.max(self.spec.reward_floor as f32),
        });
        if (self.replay.len() as u64) < learning_starts.max(self.agent.shapes.batch as u64) {
            return Ok(());
        }
        self.batch.clear();
        self.replay.draw(self.agent.shapes.batch, self.spec.beta, stream, &mut self.batch);
        let mut losses = [Losses::default()];
        let td = self.agent.update(&self.batch, &mut losses);
        self.replay.reprioritise(td);
        self.changed = true;
        if losses[0].critic.is_finite() {
            Ok(())
        } else {
            Err(Error::Deterministic("the loss is not finite while learning online: lower drr.critic_lr".to_owned()))
        }
    }
}
