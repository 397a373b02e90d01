//! One repeat as it goes from session to session.

use drr_core::seed::Stream;
use drr_kinds::error::{Error, Result};
use drr_kinds::online::OnlineSpec;
use drr_kinds::protocol::Protocol;

use super::Scene;
use crate::answers::Answers;
use crate::environment::Ranking;
use crate::history::History;

/// What is the same for all repeats of one K.
#[derive(Clone, Copy)]
pub(super) struct Course<'a> {
    pub scene: &'a Scene<'a>,
    pub spec: &'a OnlineSpec,
    /// Recommendations of a session.
    pub k: u64,
    pub eligible: &'a [u32],
}

/// What came of a repeat.
pub(super) struct Walked {
    /// The mean reward of a recommendation.
    pub mean: f64,
    /// Answers that no log had.
    pub simulated: u64,
}

/// A repeat under way: sessions until `steps` recommendations are made.
pub(super) struct Walk<'a> {
    pub course: Course<'a>,
    pub stream: Stream,
    pub answers: Answers<'a>,
    pub ranking: Ranking,
    pub history: History,
    pub user: u32,
    order: Vec<u32>,
    /// The next user's place.
    next: usize,
    /// Recommendations in this session, and whether it is over.
    position: u64,
    is_over: bool,
    steps: u64,
    /// Those before the present pass over all users.
    before: Option<u64>,
    sum: f64,
    simulated: u64,
}

impl<'a> Walk<'a> {
    pub fn new(course: Course<'a>, stream: Stream) -> Self {
        let Course { scene, eligible, .. } = course;
        Self {
            answers: scene.answers,
            ranking: Ranking::new(scene.world.items),
            history: History::new(&[]),
            user: 0,
            order: eligible.to_vec(),
            next: eligible.len(),
            position: 0,
            is_over: true,
            steps: 0,
            before: None,
            sum: 0.0,
            simulated: 0,
            course,
            stream,
        }
    }

    /// Recommendations so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether all are made.
    pub fn is_done(&self) -> bool {
        self.steps == self.course.spec.steps
    }

    /// Whether the next user's session is to begin.
    pub fn is_between(&self) -> bool {
        self.is_over
    }

    /// Recommendations that the session has left.
    pub fn left(&self) -> usize {
        (self.course.k - self.position) as usize
    }

    /// The next session. Users come in a drawn order, another for every pass over them. `published`: all items are candidates.
    /// Otherwise none that the user rated in the train log.
    ///
    /// # Errors
    /// If nobody had a candidate in a whole pass.
    pub fn begin(&mut self) -> Result<()> {
        let Course { scene, spec, .. } = self.course;
        if self.next == self.order.len() {
            if self.before == Some(self.steps) {
                return Err(Error::Deterministic("no user has a candidate left under this protocol".to_owned()));
            }
            self.stream.shuffle(&mut self.order);
            (self.next, self.before) = (0, Some(self.steps));
        }
        self.user = self.order[self.next];
        self.next += 1;
        (self.position, self.is_over) = (0, false);
        let start = scene.world.history(spec.protocol, self.user, scene.n);
        self.history = History::new(start.expect("eligible users have a history"));
        self.answers.begin(self.user, self.history.items());
        self.ranking.begin();
        if spec.protocol != Protocol::Published {
            let known = scene.world.train.of(self.user).0;
            known.iter().chain(self.history.items()).for_each(|&item| self.ranking.exclude(item));
        }
        Ok(())
    }

    /// Whether this step explores.
    pub fn explores(&mut self) -> bool {
        let epsilon = self.course.spec.epsilon;
        epsilon > 0.0 && self.stream.unit() < epsilon
    }

    /// Recommends an item and returns the reward; without one the session is over.
    pub fn recommend(&mut self, item: Option<u32>) -> Option<(u32, f32)> {
        let Some(item) = item else {
            self.is_over = true;
            return None;
        };
        self.ranking.exclude(item);
        let answer = self.answers.answer(self.user, item);
        self.simulated += u64::from(answer.is_simulated);
        self.sum += f64::from(answer.reward);
        self.position += 1;
        self.steps += 1;
        self.is_over = self.position == self.course.k;
        Some((item, answer.reward))
    }

    pub fn end(self) -> Walked {
        Walked { mean: self.sum / self.steps as f64, simulated: self.simulated }
    }
}
