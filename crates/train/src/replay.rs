//! Proportional prioritised replay (Schaul et al., arXiv 1511.05952) over transitions stored as ids: the user, the n items
//! before and after, the action, the reward. States are recomputed when drawn, with today's weights.

use drr_core::math;
use drr_core::seed::Stream;

use crate::actor_critic::Batch;
use crate::sum_tree::SumTree;

/// Added to |δ| so that no transition is forgotten.
const PRIORITY_FLOOR: f64 = 1e-5;

/// One environment step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition<'a> {
    /// The user.
    pub user: u32,
    /// The n items before, oldest first.
    pub before: &'a [u32],
    /// The n items after.
    pub after: &'a [u32],
    /// The action, `[A]`.
    pub action: &'a [f32],
    /// The reward; of several steps their discounted sum.
    pub reward: f32,
    /// What the value after is multiplied by: γ, or γ^m after m steps.
    pub discount: f32,
}

/// A trial's replay buffer.
#[derive(Clone, Debug)]
pub struct Replay {
    capacity: usize,
    next: usize,
    n: usize,
    action: usize,
    alpha: f64,
    // The largest priority seen; new transitions enter with it.
    largest: f64,
    tree: SumTree,
    users: Vec<u32>,
    before: Vec<u32>,
    after: Vec<u32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    discounts: Vec<f32>,
    drawn: Vec<usize>,
}

impl Replay {
    /// An empty buffer for histories of `n` and actions of size `action`; priorities are raised to `alpha`.
    pub fn new(capacity: usize, n: usize, action: usize, alpha: f64) -> Self {
        Self {
            capacity,
            next: 0,
            n,
            action,
            alpha,
            largest: 1.0,
            tree: SumTree::new(capacity),
            users: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            actions: Vec::new(),
            rewards: Vec::new(),
            discounts: Vec::new(),
            drawn: Vec::new(),
        }
    }

    /// Transitions stored, N_D.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Stores a transition with the current maximal priority, over the oldest once the buffer is full.
    pub fn push(&mut self, step: Transition<'_>) {
        let slot = self.next;
        self.next = (self.next + 1) % self.capacity;
        if slot == self.users.len() {
            self.users.push(step.user);
            self.before.extend_from_slice(step.before);
            self.after.extend_from_slice(step.after);
            self.actions.extend_from_slice(step.action);
            self.rewards.push(step.reward);
            self.discounts.push(step.discount);
        } else {
            self.users[slot] = step.user;
            self.before[slot * self.n..][..self.n].copy_from_slice(step.before);
            self.after[slot * self.n..][..self.n].copy_from_slice(step.after);
            self.actions[slot * self.action..][..self.action].copy_from_slice(step.action);
            self.rewards[slot] = step.reward;
            self.discounts[slot] = step.discount;
        }
        self.tree.set(slot, math::pow(self.largest, self.alpha));
    }

    /// Draws `count` transitions, one from each of `count` equal shares of the total priority (stratified, as in the
    /// paper's appendix B.2.1), and appends them to `batch` with their importance weights (N_D · P(j))^-β, divided by
    /// the largest of the draw.
    pub fn draw(&mut self, count: usize, beta: f64, stream: &mut Stream, batch: &mut Batch) {
        self.draw_at(count, beta, || stream.unit(), batch);
    }

    /// As [`Replay::draw`], with the place in each share given by `unit`, from 0 to 1.
    fn draw_at(&mut self, count: usize, beta: f64, mut unit: impl FnMut() -> f64, batch: &mut Batch) {
        let (total, stored) = (self.tree.total(), self.len() as f64);
        let first = batch.weights.len();
        self.drawn.clear();
        let mut largest = 0.0_f64;
        for stratum in 0..count {
            let mass = (stratum as f64 + unit()) / count as f64 * total;
            let slot = self.tree.find(mass);
            self.drawn.push(slot);
            batch.users.push(self.users[slot]);
            batch.before.extend_from_slice(&self.before[slot * self.n..][..self.n]);
            batch.after.extend_from_slice(&self.after[slot * self.n..][..self.n]);
            batch.actions.extend_from_slice(&self.actions[slot * self.action..][..self.action]);
            batch.rewards.push(self.rewards[slot]);
            batch.discounts.push(self.discounts[slot]);
            let weight = math::pow(stored * self.tree.get(slot) / total, -beta);
            largest = largest.max(weight);
            batch.weights.push(weight as f32);
        }
        let scale = (1.0 / largest) as f32;
        batch.weights[first..].iter_mut().for_each(|weight| *weight *= scale);
    }

    /// Gives the transitions of the last draw their new priorities, from their temporal-difference errors.
    pub fn reprioritise(&mut self, td: &[f32]) {
        for (&slot, &td) in self.drawn.iter().zip(td) {
            let priority = f64::from(td.abs()) + PRIORITY_FLOOR;
            if priority.is_finite() {
                self.largest = self.largest.max(priority);
                self.tree.set(slot, math::pow(priority, self.alpha));
            }
        }
    }
}

impl Batch {
    /// Empties the batch, keeping its memory.
    pub fn clear(&mut self) {
        self.users.clear();
        self.before.clear();
        self.after.clear();
        self.actions.clear();
        self.rewards.clear();
        self.discounts.clear();
        self.noise.clear();
        self.weights.clear();
    }

    /// Puts another member's behind it.
    pub fn append(&mut self, other: &Self) {
        self.users.extend_from_slice(&other.users);
        self.before.extend_from_slice(&other.before);
        self.after.extend_from_slice(&other.after);
        self.actions.extend_from_slice(&other.actions);
        self.rewards.extend_from_slice(&other.rewards);
        self.discounts.extend_from_slice(&other.discounts);
        self.noise.extend_from_slice(&other.noise);
        self.weights.extend_from_slice(&other.weights);
    }
}

#[cfg(test)]
mod tests {
    use drr_core::Seed;

    use super::*;

    fn filled(capacity: usize, count: u32, alpha: f64) -> Replay {
        let mut replay = Replay::new(capacity, 2, 1, alpha);
        for i in 0..count {
            replay.push(Transition {
                user: i,
                before: &[i, i],
                after: &[i, i + 1],
                action: &[i as f32],
                reward: i as f32,
                discount: 0.9,
            });
        }
        replay
    }

    #[test]
    fn the_oldest_goes_first() {
        let replay = filled(4, 6, 0.5);
        assert_eq!(replay.len(), 4);
        assert_eq!(replay.users, [4, 5, 2, 3]);
        assert_eq!(replay.after, [4, 5, 5, 6, 2, 3, 3, 4]);
    }

    #[test]
    fn without_alpha_a_draw_is_uniform_and_unweighted() {
        let mut replay = filled(64, 50, 0.0);
        let mut stream = Seed(3).stream("test");
        let mut counts = vec![0u32; 50];
        let mut batch = Batch::default();
        for round in 0..2_000 {
            batch.clear();
            replay.draw(10, 0.4, &mut stream, &mut batch);
            assert!(batch.weights.iter().all(|&weight| weight == 1.0));
            // Errors of any size change nothing when α = 0.
            replay.reprioritise(&[round as f32; 10]);
            batch.users.iter().for_each(|&user| counts[user as usize] += 1);
        }
        let five_sigma = 5.0 * (20_000.0_f64 * 0.02 * 0.98).sqrt();
        assert!(counts.iter().all(|&count| (f64::from(count) - 400.0).abs() < five_sigma), "{counts:?}");
    }

    #[derive(serde::Deserialize)]
    struct GoldenReplay {
        alpha: f64,
        beta: f64,
        td: Vec<f32>,
        units: Vec<f64>,
        slots: Vec<usize>,
        weights: Vec<f32>,
    }

    #[test]
    fn a_draw_agrees_with_a_search_of_the_cumulative_sum() {
        let golden: GoldenReplay =
            serde_json::from_str(include_str!("../tests/goldens/replay.json")).expect("the golden file is JSON");
        let mut replay = filled(64, golden.td.len() as u32, golden.alpha);
        replay.drawn = (0..golden.td.len()).collect();
        replay.reprioritise(&golden.td);
        let (mut batch, mut units) = (Batch::default(), golden.units.iter().copied());
        let unit = || units.next().expect("a number for every share");
        replay.draw_at(golden.units.len(), golden.beta, unit, &mut batch);
        assert_eq!(replay.drawn, golden.slots);
        for (ours, theirs) in batch.weights.iter().zip(&golden.weights) {
            assert!((ours - theirs).abs() < 1e-6, "{ours} is not {theirs}");
        }
    }

    #[test]
    fn weights_follow_the_paper() {
        let mut replay = filled(4, 2, 1.0);
        let mut batch = Batch::default();
        replay.draw(2, 0.5, &mut Seed(0).stream("test"), &mut batch);
        let drawn = replay.drawn.clone();
        assert_eq!(drawn, [0, 1]);
        replay.reprioritise(&[3.0, 1.0]);
        batch.clear();
        replay.draw(64, 0.5, &mut Seed(0).stream("test"), &mut batch);
        // P = 3/4 and 1/4: weights (2 · 3/4)^-½ and (2 · 1/4)^-½, their ratio 1/√3.
        for (user, weight) in batch.users.iter().zip(&batch.weights) {
            let expected = if *user == 0 { 1.0 / 3.0_f32.sqrt() } else { 1.0 };
            assert!((weight - expected).abs() < 1e-5);
        }
        assert_eq!(batch.users.iter().filter(|&&user| user == 0).count(), 48);
    }
}
