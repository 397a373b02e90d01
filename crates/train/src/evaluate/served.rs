//! A user's offline session, and the actor that serves many of them together.

use std::mem;

use drr_core::math;
use drr_core::seed::Stream;
use drr_kinds::drr::Remembers;
use drr_kinds::protocol::Protocol;
use drr_kinds::world::World;

use crate::actor_critic::{ActorPass, Agent, Which};
use crate::environment::explore;
use crate::history::History;
use crate::kernels::Array;

/// One user's candidates and how the session goes.
pub(crate) struct Session {
    pub(crate) user: u32,
    history: History,
    pub(crate) candidates: Vec<(u32, f32)>,
    rewards: Vec<f32>,
    ideal: Vec<f32>,
    /// The least reward that counts as positive.
    least_positive: f32,
    /// The history is another one than that of the last action.
    moved: bool,
}

impl Session {
    pub(crate) fn new(world: &World, protocol: Protocol, user: u32, n: usize) -> Self {
        let history = world.history(protocol, user, n).expect("eligible users have a history");
        let (items, rewards) = world.test.of(user);
        let candidates: Vec<(u32, f32)> = items.iter().copied().zip(rewards.iter().copied()).collect();
        let mut ideal = rewards.to_vec();
        ideal.sort_unstable_by(|a, b| b.total_cmp(a));
        let (history, least_positive) = (History::new(history), world.least_positive);
        Self { user, history, candidates, rewards: Vec::new(), ideal, least_positive, moved: true }
    }

    /// Recommends the candidate with the highest score for its item and its reward, the first of equals.
    pub(crate) fn take_best(&mut self, score: impl Fn(u32, f32) -> f32, remembers: Remembers) -> (u32, f32) {
        let mut best = (0, f32::NEG_INFINITY);
        for (index, &(item, reward)) in self.candidates.iter().enumerate() {
            let score = score(item, reward);
            if score > best.1 {
                best = (index, score);
            }
        }
        self.take(best.0, remembers)
    }

    /// Recommends a candidate: feedback from the log, a new history, one candidate less.
    pub(crate) fn take(&mut self, index: usize, remembers: Remembers) -> (u32, f32) {
        let (item, reward) = self.candidates.remove(index);
        self.moved |= self.history.observe(item, remembers == Remembers::Any || reward >= self.least_positive);
        self.rewards.push(reward);
        (item, reward)
    }

    /// Share of positives among the first K recommendations.
    pub(crate) fn precision(&self, k: usize) -> f64 {
        self.rewards[..k].iter().filter(|&&reward| reward >= self.least_positive).count() as f64 / k as f64
    }

    /// Discounted gain over that of the best order of the same candidates; the gain is R* above -1.25, that of half a star.
    pub(crate) fn ndcg(&self, k: usize) -> f64 {
        let gain = |rewards: &[f32]| -> f64 {
            rewards
                .iter()
                .enumerate()
                .map(|(rank, &reward)| f64::from((reward + 1.25).max(0.0)) / math::log2(rank as f64 + 2.0))
                .sum()
        };
        gain(&self.rewards[..k]) / gain(&self.ideal[..k])
    }
}

/// The actor's actions for sessions that are played together. A state that has not changed since has the same action: only the others
/// go through the network, a block at a time.
pub(crate) struct Actor<'a> {
    agent: &'a Agent,
    pass: ActorPass,
    states: Array,
    /// One a session.
    pub(crate) actions: Vec<f32>,
    block: Block,
    explored: Vec<f32>,
    /// Coordinates within a hundredth of their bounds, of all actions so far.
    pub(crate) saturated: usize,
}

/// The sessions of one forward pass, and what goes in and comes out.
#[derive(Default)]
struct Block {
    sessions: Vec<usize>,
    users: Vec<u32>,
    histories: Vec<u32>,
    actions: Vec<f32>,
}

/// From here on a bounded output is saturated.
const NEAR_BOUND: f32 = 0.99;

impl<'a> Actor<'a> {
    pub(crate) fn new(agent: &'a Agent, sessions: usize) -> Self {
        // A GPU wants few launches, a CPU no idle rows.
        let rows = if agent.backend().is_slices() { 32 } else { sessions };
        let size = agent.shapes.action;
        Self {
            pass: ActorPass::new(&agent.shapes, 1, rows, agent.backend()),
            states: Array::zeros(&[1, rows, agent.shapes.state], agent.backend()),
            actions: vec![0.0; sessions * size],
            block: Block { actions: vec![0.0; rows * size], ..Block::default() },
            explored: vec![0.0; size],
            saturated: 0,
            agent,
        }
    }

    /// Brings the actions of all sessions up to date.
    pub(crate) fn act(&mut self, sessions: &mut [Session]) {
        let rows = self.states.size(1);
        for (index, session) in sessions.iter_mut().enumerate() {
            if !mem::take(&mut session.moved) {
                continue;
            }
            self.block.sessions.push(index);
            self.block.users.push(session.user);
            self.block.histories.extend_from_slice(session.history.items());
            if self.block.sessions.len() == rows {
                self.run();
            }
        }
        if !self.block.sessions.is_empty() {
            self.run();
        }
    }

    fn run(&mut self) {
        let Self { agent, pass, states, actions, block, .. } = self;
        let (rows, size) = (states.size(1), agent.shapes.action);
        // Rows to spare repeat the first one.
        let n = block.histories.len() / block.users.len();
        while block.users.len() < rows {
            block.users.push(block.users[0]);
            block.histories.extend_from_within(..n);
        }
        agent.states_into(&block.users, &block.histories, states);
        pass.run(&agent.actor, Which::Online, states);
        pass.action.read_into(&mut block.actions);
        let bounded = pass.bounded();
        let own = &bounded[..block.sessions.len() * size];
        self.saturated += own.iter().filter(|value| value.abs() > NEAR_BOUND).count();
        for (session, action) in block.sessions.drain(..).zip(block.actions.chunks_exact(size)) {
            actions[session * size..][..size].copy_from_slice(action);
        }
        block.users.clear();
        block.histories.clear();
    }

    /// A session's action; one drawn from `stream` where the step explores.
    pub(crate) fn action(&mut self, session: usize, stream: Option<&mut Stream>) -> &[f32] {
        let size = self.agent.shapes.action;
        match stream {
            Some(stream) => {
                explore(stream, self.agent.shapes.action_norm, &mut self.explored);
                &self.explored
            }
            None => &self.actions[session * size..][..size],
        }
    }
}
