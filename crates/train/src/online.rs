//! Online evaluation (slides, Algorithm 1): sessions of K recommendations over all items. The recommender goes on
//! learning inside a session; networks and optimiser go back to the trained ones before the next, replay stays.

use drr_core::Seed;
use drr_core::data::worlds::{Dynamics, Values};
use drr_core::journal::Point;
use drr_core::seed::Stream;
use drr_kinds::drr::DrrSpec;
use drr_kinds::kind::Extreme;
use drr_kinds::online::OnlineSpec;
use drr_kinds::protocol::Protocol;
use drr_kinds::ranking::StaticRanking;

use crate::actor_critic::{Agent, Batch, Losses, smooth};
use crate::answers::{Answers, Known};
use crate::bandit::Bandit;
use crate::beliefs::Beliefs;
use crate::environment::{Chooser, Ranking};
use crate::evaluate::policy::Policy;
use crate::evaluate::summarise;
use crate::history::History;
use crate::pmf::PmfModel;
use crate::replay::Replay;
use crate::returns::Returns;
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Metrics;
use drr_kinds::training::Reporter;
use drr_kinds::world::World;

/// Where sessions take place.
pub struct Scene<'a> {
    /// The ratings.
    pub world: &'a World,
    /// The factorisation that policies stand on.
    pub model: &'a PmfModel,
    /// Who answers.
    pub answers: Answers<'a>,
    /// Length of the histories.
    pub n: usize,
}

impl<'a> Scene<'a> {
    /// One in which the policies' own factorisation answers what no log has.
    pub fn own(world: &'a World, model: &'a PmfModel, n: usize) -> Self {
        Self { world, model, answers: Answers::new(world, model, Known::All, 0.0), n }
    }
}

/// Measures the mean reward of sessions of every length K of the spec, and `answers/simulated`: the share of answers that no
/// log had, over all of them.
///
/// # Errors
/// Deterministic if no user is eligible or learning diverges; whatever the reporter says.
pub fn run(
    scene: &Scene<'_>,
    policy: &mut Policy,
    spec: &OnlineSpec,
    seed: Seed,
    reporter: &mut dyn Reporter,
) -> Result<Metrics> {
    let Scene { world, n, .. } = *scene;
    let eligible: Vec<u32> =
        (0..world.users as u32).filter(|&user| world.history(spec.protocol, user, n).is_some()).collect();
    if eligible.is_empty() {
        return Err(Error::Deterministic(format!(
            "no user has {n} positive ratings to start from under this protocol: lower drr.history"
        )));
    }
    let (low, high) = world.reward_range;
    let steps = f64::from(high - low) * world.unit / spec.rounding;
    if spec.rounding > 0.0 && (steps - steps.round()).abs() > 1e-4 {
        return Err(Error::Deterministic(format!(
            "online.rounding = {} does not divide the range of these ratings, {} wide",
            spec.rounding,
            f64::from(high - low) * world.unit
        )));
    }
    let mut metrics = Metrics::new();
    let total = spec.k.len() as u64 * spec.repeats * spec.steps;
    let (mut done, mut simulated) = (0, 0);
    for &k in &spec.k {
        let mut means = Vec::new();
        let values = world.dynamics.as_ref().map(|dynamics| dynamics.values(k as usize));
        for repeat in 0..spec.repeats {
            let name = format!("eval/online/{}/{k}/{repeat}", spec.protocol.name());
            let stream = seed.stream(&name);
            let values = values.as_ref();
            let answers = scene.answers;
            let mut repeat_run = Repeat { scene, spec, k, eligible: &eligible, answers, values, stream, simulated: 0 };
            let mean = repeat_run.run(policy, &mut |steps| reporter.progress(done + steps, total))?;
            simulated += repeat_run.simulated;
            reporter.points(0, vec![Point::new(format!("reward@{k}"), repeat, mean)])?;
            means.push(mean);
            done += spec.steps;
        }
        summarise(&mut metrics, &format!("reward@{k}"), &means);
    }
    metrics.insert("users".to_owned(), eligible.len() as f64);
    metrics.insert("answers/simulated".to_owned(), simulated as f64 / total as f64);
    Ok(metrics)
}

/// One repeat: sessions until `steps` recommendations are made.
struct Repeat<'a> {
    scene: &'a Scene<'a>,
    spec: &'a OnlineSpec,
    k: u64,
    eligible: &'a [u32],
    answers: Answers<'a>,
    /// The values of an optimal plan, where there is one.
    values: Option<&'a Values>,
    stream: Stream,
    /// Answers that no log had.
    simulated: u64,
}

/// What chooses items within a repeat.
enum Recommends<'a> {
    Learner(Box<Online<'a>>),
    Ranking(&'a StaticRanking),
    Beliefs(&'a mut Beliefs),
    Bandit(&'a mut Bandit),
    Oracle(Extreme),
    Plan(&'a Dynamics),
}

impl Repeat<'_> {
    fn run(&mut self, policy: &mut Policy, progress: &mut dyn FnMut(u64) -> Result<()>) -> Result<f64> {
        let Scene { world, n, .. } = *self.scene;
        let mut recommends = match policy {
            Policy::Recommender(agent, spec) => Recommends::Learner(Box::new(Online::new(agent, spec, n))),
            Policy::Static(ranking) => Recommends::Ranking(ranking),
            Policy::Beliefs(beliefs) => Recommends::Beliefs(beliefs),
            Policy::Bandit(bandit) => {
                bandit.restart();
                Recommends::Bandit(bandit)
            }
            Policy::Oracle(extreme) => Recommends::Oracle(*extreme),
            Policy::Plan => {
                let dynamics = world.dynamics.as_deref();
                Recommends::Plan(dynamics.ok_or_else(|| Error::Deterministic("there is no plan".to_owned()))?)
            }
        };
        let mut ranking = Ranking::new(world.items);
        let mut order = self.eligible.to_vec();
        let (mut steps, mut sum) = (0, 0.0);
        'repeat: loop {
            self.stream.shuffle(&mut order);
            let before = steps;
            for &user in &order {
                let start = world.history(self.spec.protocol, user, n);
                let mut history = History::new(start.expect("eligible users have a history"));
                self.begin(&mut recommends, &mut ranking, user, &history);
                for position in 0..self.k {
                    let left = (self.k - position) as usize;
                    let Some(item) = self.choose(&mut recommends, &mut ranking, (user, left), &history) else {
                        break;
                    };
                    ranking.exclude(item);
                    let answer = self.answers.answer(user, item);
                    self.simulated += u64::from(answer.is_simulated);
                    sum += f64::from(answer.reward);
                    self.observe(&mut recommends, user, &mut history, (item, answer.reward))?;
                    steps += 1;
                    if steps % 64 == 0 {
                        progress(steps)?;
                    }
                    if steps == self.spec.steps {
                        break 'repeat;
                    }
                }
                if let Recommends::Learner(learner) = &mut recommends {
                    learner.returns.end(&history, &mut learner.replay);
                }
            }
            if steps == before {
                return Err(Error::Deterministic("no user has a candidate left under this protocol".to_owned()));
            }
        }
        if let Recommends::Learner(learner) = &mut recommends {
            learner.restore();
        }
        Ok(sum / steps as f64)
    }

    /// A session begins. `published`: all items are candidates. Otherwise none that the user rated in the train log.
    fn begin(&mut self, recommends: &mut Recommends<'_>, ranking: &mut Ranking, user: u32, history: &History) {
        match recommends {
            Recommends::Learner(learner) => learner.restore(),
            Recommends::Beliefs(beliefs) => beliefs.begin(user),
            Recommends::Bandit(bandit) => bandit.begin(),
            Recommends::Ranking(_) | Recommends::Oracle(_) | Recommends::Plan(_) => {}
        }
        self.answers.begin(user, history.items());
        ranking.begin();
        if self.spec.protocol != Protocol::Published {
            let known = self.scene.world.train.of(user).0;
            known.iter().chain(history.items()).for_each(|&item| ranking.exclude(item));
        }
    }

    fn choose(
        &mut self,
        recommends: &mut Recommends<'_>,
        ranking: &mut Ranking,
        (user, left): (u32, usize),
        history: &History,
    ) -> Option<u32> {
        let explores = self.spec.epsilon > 0.0 && self.stream.unit() < self.spec.epsilon;
        let (model, stream, answers) = (self.scene.model, &mut self.stream, &self.answers);
        match recommends {
            Recommends::Learner(learner) if explores => {
                let Online { agent, chooser, .. } = &mut **learner;
                let near = chooser.explores_near().then(|| agent.act(&[user], history.items()));
                chooser.explore(near, stream, ranking, model)
            }
            Recommends::Learner(learner) => {
                let Online { agent, chooser, .. } = &mut **learner;
                chooser.exploit(agent.act(&[user], history.items()), ranking, model)
            }
            Recommends::Ranking(StaticRanking::Uniform) => ranking.any(stream),
            _ if explores => ranking.any(stream),
            Recommends::Ranking(StaticRanking::By(scores)) => ranking.best_by(|item| scores.score(user, item)),
            Recommends::Beliefs(beliefs) => ranking.best(model, beliefs.action()),
            Recommends::Bandit(bandit) => ranking.best_by(|item| bandit.score(item)),
            Recommends::Oracle(extreme) => ranking.best_by(|item| extreme.score(Some(answers.peek(user, item).reward))),
            Recommends::Plan(dynamics) => {
                let (values, state) = (self.values?, answers.state());
                ranking.best_by(|item| dynamics.worth(values, user, state, item, left))
            }
        }
    }

    /// The user answered: the history moves on, and what learns learns.
    fn observe(
        &mut self,
        recommends: &mut Recommends<'_>,
        user: u32,
        history: &mut History,
        (item, reward): (u32, f32),
    ) -> Result<()> {
        let is_positive = self.scene.world.is_positive(reward);
        let Recommends::Learner(learner) = recommends else {
            history.observe(item, is_positive);
            // What the train log told was known at the start.
            if let Recommends::Bandit(bandit) = recommends {
                // It knows nothing of the train log.
                bandit.observe(item, reward);
                return Ok(());
            }
            let is_news = self.scene.world.dynamics.is_some() || self.scene.world.train.reward(user, item).is_none();
            if let (Recommends::Beliefs(beliefs), true) = (recommends, is_news) {
                beliefs.observe(item, reward);
            }
            return Ok(());
        };
        let previous = history.clone();
        history.observe(item, learner.spec.remembers(is_positive));
        learner.learn(user, &previous, history, reward, self.spec.learning_starts, &mut self.stream)
    }
}

/// The recommender while it learns within sessions.
struct Online<'a> {
    agent: &'a mut Agent,
    spec: &'a DrrSpec,
    trained: crate::actor_critic::Snapshot,
    replay: Replay,
    returns: Returns,
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
            returns: Returns::new(spec.n_step, spec.gamma),
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
        let learned = reward.max(self.spec.reward_floor as f32);
        self.returns.push(user, before, self.chooser.action(), learned, after, &mut self.replay);
        if (self.replay.len() as u64) < learning_starts.max(self.agent.shapes.batch as u64) {
            return Ok(());
        }
        self.batch.clear();
        self.replay.draw(self.agent.shapes.batch, self.spec.beta, stream, &mut self.batch);
        let shapes = &self.agent.shapes;
        smooth(self.spec, shapes.batch * shapes.action, stream, &mut self.batch.noise);
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
