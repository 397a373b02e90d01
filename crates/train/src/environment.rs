//! The ranking of items by an action, slides' Eq. (2), and how a step's action comes about.

use drr_core::seed::Stream;
use drr_kinds::drr::{ActionNorm, CriticAction, DrrSpec, Exploration};

use crate::kernels::slices::to_unit;
use crate::pmf::PmfModel;

/// Ranks all items for one session, leaving out what was recommended or excluded.
#[derive(Clone, Debug)]
pub struct Ranking {
    // An item is out when its mark is the session's number, so that a new session costs nothing.
    marks: Vec<u32>,
    session: u32,
    left: usize,
    scores: Vec<f32>,
}

impl Ranking {
    /// A ranking over `items` items; call [`Ranking::begin`] before use.
    pub fn new(items: usize) -> Self {
        Self { marks: vec![0; items], session: 0, left: items, scores: vec![0.0; items] }
    }

    /// A new session: every item is a candidate.
    pub fn begin(&mut self) {
        self.session += 1;
        self.left = self.marks.len();
    }

    /// A new session: only these items, each named once, are candidates.
    pub fn begin_with(&mut self, items: &[u32]) {
        self.session += 1;
        self.marks.fill(self.session);
        items.iter().for_each(|&item| self.marks[item as usize] = 0);
        self.left = items.len();
    }

    /// Takes an item out of the candidates.
    pub fn exclude(&mut self, item: u32) {
        let mark = &mut self.marks[item as usize];
        if *mark != self.session {
            *mark = self.session;
            self.left -= 1;
        }
    }

    /// The candidate with the highest score for the action, the first of equals; `None` when no candidate is left.
    pub fn best(&mut self, model: &PmfModel, action: &[f32]) -> Option<u32> {
        model.scores_into(action, &mut self.scores);
        self.argmax()
    }

    /// The candidate with the highest score that `score` gives.
    pub fn best_by(&mut self, score: impl Fn(u32) -> f32) -> Option<u32> {
        for (item, slot) in self.scores.iter_mut().enumerate() {
            *slot = score(item as u32);
        }
        self.argmax()
    }

    /// A uniform draw from the candidates.
    pub fn any(&self, stream: &mut Stream) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        let mut skip = stream.below(self.left);
        self.marks
            .iter()
            .position(|&mark| {
                let candidate = mark != self.session;
                let found = candidate && skip == 0;
                skip -= usize::from(candidate && !found);
                found
            })
            .map(|item| item as u32)
    }

    fn argmax(&self) -> Option<u32> {
        let mut best = None;
        let mut highest = f32::NEG_INFINITY;
        for (item, (&score, &mark)) in self.scores.iter().zip(&self.marks).enumerate() {
            if mark != self.session && (score > highest || best.is_none()) {
                best = Some(item as u32);
                highest = score;
            }
        }
        best
    }
}

/// How a step's action comes about and what of it is remembered: the part of the agent that stands between the actor and
/// the ranking, the same in training and in online evaluation.
#[derive(Clone, Debug)]
pub struct Chooser {
    exploration: Exploration,
    critic_action: CriticAction,
    norm: ActionNorm,
    noise: f32,
    action: Vec<f32>,
}

impl Chooser {
    /// For actions of size `action`, k or k + 1.
    pub fn new(spec: &DrrSpec, action: usize) -> Self {
        Self {
            exploration: spec.exploration,
            critic_action: spec.critic_action,
            norm: spec.action_norm,
            noise: spec.noise as f32,
            action: vec![0.0; action],
        }
    }

    /// The item that the actor's action ranks first; `None` when no candidate is left.
    pub fn exploit(&mut self, action: &[f32], ranking: &mut Ranking, model: &PmfModel) -> Option<u32> {
        self.action.copy_from_slice(action);
        let item = ranking.best(model, action)?;
        if self.critic_action == CriticAction::Item {
            self.take_item(model, item);
        }
        Some(item)
    }

    /// Whether an exploring step needs the actor's action.
    pub fn explores_near(&self) -> bool {
        self.exploration == Exploration::Near
    }

    /// An exploring step's item; `None` when no candidate is left. `near` is the actor's action, where exploring needs it.
    pub fn explore(
        &mut self,
        near: Option<&[f32]>,
        stream: &mut Stream,
        ranking: &mut Ranking,
        model: &PmfModel,
    ) -> Option<u32> {
        match (self.exploration, near) {
            (Exploration::Item, _) => {
                let item = ranking.any(stream)?;
                self.take_item(model, item);
                return Some(item);
            }
            (Exploration::Near, Some(near)) => {
                let noise = self.noise;
                self.action.iter_mut().zip(near).for_each(|(own, near)| *own = near + noise * stream.normal() as f32);
                if self.norm == ActionNorm::Unit {
                    let width = self.action.len();
                    to_unit(&mut self.action, width, &mut [0.0]);
                }
            }
            (Exploration::Near | Exploration::Action, _) => explore(stream, self.norm, &mut self.action),
        }
        let item = ranking.best(model, &self.action)?;
        if self.critic_action == CriticAction::Item {
            self.take_item(model, item);
        }
        Some(item)
    }

    /// What stands for the last step's action in the replay.
    pub fn action(&self) -> &[f32] {
        &self.action
    }

    fn take_item(&mut self, model: &PmfModel, item: u32) {
        let (embedding, bias) = self.action.split_at_mut(model.k);
        embedding.copy_from_slice(model.item(item));
        bias.fill(model.item_bias[item as usize]);
        if self.norm == ActionNorm::Unit {
            let width = self.action.len();
            to_unit(&mut self.action, width, &mut [0.0]);
        }
    }
}

/// An exploring step's action, a ~ U(-1, 1)^A, brought to length 1 where the actor's are.
pub fn explore(stream: &mut Stream, norm: ActionNorm, action: &mut [f32]) {
    action.iter_mut().for_each(|value| *value = stream.uniform(-1.0, 1.0));
    if norm == ActionNorm::Unit {
        to_unit(action, action.len(), &mut [0.0]);
    }
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::*;

    #[test]
    fn the_best_candidate_wins_until_none_is_left() {
        let model = PmfModel { k: 1, items: vec![0.1, 0.9, 0.5], ..PmfModel::default() };
        let mut ranking = Ranking::new(3);
        ranking.begin();
        let mut order = Vec::new();
        while let Some(item) = ranking.best(&model, &[1.0]) {
            ranking.exclude(item);
            order.push(item);
        }
        assert_eq!(order, [1, 2, 0]);
        assert_eq!(ranking.any(&mut Seed(0).stream("test")), None);
        ranking.begin();
        assert_eq!(ranking.best(&model, &[-1.0]), Some(0));
    }

    #[test]
    fn a_uniform_draw_reaches_every_candidate_and_no_other() {
        let mut ranking = Ranking::new(5);
        ranking.begin();
        ranking.exclude(2);
        ranking.exclude(2);
        let mut stream = Seed(0).stream("test");
        let mut counts = [0; 5];
        (0..400).for_each(|_| counts[ranking.any(&mut stream).expect("four are left") as usize] += 1);
        assert_eq!(counts[2], 0);
        assert!([0, 1, 3, 4].iter().all(|&item| (60..140).contains(&counts[item])), "{counts:?}");
    }

    #[test]
    fn scores_that_are_not_numbers_still_rank_something() {
        let model = PmfModel { k: 1, items: vec![f32::NAN, f32::NAN], ..PmfModel::default() };
        let mut ranking = Ranking::new(2);
        ranking.begin();
        assert_eq!(ranking.best(&model, &[1.0]), Some(0));
    }
}
