//! Linear bandits with an upper confidence bound over PMF's item vectors: LinUCB (Li et al. 2010), and with hidden features
//! of items HLinUCB (Wang, Wu and Wang 2016). Inverses are kept by rank-one updates (Sherman and Morrison 1950), and so are
//! the mean and the variance of every item's score.

use std::sync::Arc;

use drr_core::Seed;
use drr_kinds::bandit::BanditSettings;

use crate::pmf::PmfModel;

/// A bandit in a session.
pub struct Bandit {
    settings: BanditSettings,
    seed: Seed,
    /// Features `[items, k + hidden]`: q_i, and then v_i.
    features: Vec<f64>,
    size: usize,
    /// Of each item C⁻¹ `[hidden, hidden]` and d `[hidden]`.
    hidden: Vec<(Vec<f64>, Vec<f64>)>,
    /// θ of the user at hand, `[k + hidden]`.
    theta: Vec<f64>,
    /// For each answer of the session: A⁻¹x and 1 + xᵀA⁻¹x, with the A before it.
    answered: Vec<(Vec<f64>, f64)>,
    /// Each item's x·θ and xᵀA⁻¹x.
    known: Vec<(f64, f64)>,
}

impl Bandit {
    /// A bandit over the items of `model`; [`Bandit::restart`] and [`Bandit::begin`] before use.
    pub fn new(model: &Arc<PmfModel>, settings: BanditSettings, seed: Seed) -> Self {
        let items = model.item_bias.len();
        let size = model.k + settings.hidden;
        let mut features = vec![0.0; items * size];
        for (item, row) in features.chunks_exact_mut(size).enumerate() {
            row.iter_mut().zip(model.item(item as u32)).for_each(|(x, q)| *x = f64::from(*q));
        }
        let known = vec![(0.0, 0.0); items];
        let mut bandit = Self {
            settings,
            seed,
            features,
            size,
            hidden: Vec::new(),
            theta: vec![0.0; size],
            answered: Vec::new(),
            known,
        };
        bandit.restart();
        bandit
    }

    /// Forgets what was learned of items: hidden features are as they were drawn.
    pub fn restart(&mut self) {
        let l = self.settings.hidden;
        if l == 0 {
            return;
        }
        let mut stream = self.seed.stream("bandit/hidden");
        let scale = 1.0 / (l as f64).sqrt();
        for row in self.features.chunks_exact_mut(self.size) {
            row[self.size - l..].iter_mut().for_each(|v| *v = scale * stream.normal());
        }
        let ridge = |at: usize| if at.is_multiple_of(l + 1) { 1.0 / self.settings.l2_hidden } else { 0.0 };
        let inverse: Vec<f64> = (0..l * l).map(ridge).collect();
        self.hidden = vec![(inverse, vec![0.0; l]); self.known.len()];
    }

    /// A session begins, with a user of whom nothing is known.
    pub fn begin(&mut self) {
        self.theta.fill(0.0);
        self.answered.clear();
        let l2 = self.settings.l2;
        for (known, x) in self.known.iter_mut().zip(self.features.chunks_exact(self.size)) {
            *known = (0.0, dot(x, x) / l2);
        }
    }

    /// The upper confidence bound of an item's reward.
    pub fn score(&self, item: u32) -> f32 {
        let (mean, variance) = self.known[item as usize];
        let BanditSettings { alpha, hidden, alpha_hidden, .. } = self.settings;
        let mut bound = mean + alpha * variance.max(0.0).sqrt();
        if hidden > 0 {
            let theta = &self.theta[self.size - hidden..];
            let (inverse, _) = &self.hidden[item as usize];
            let rows = inverse.chunks_exact(hidden).zip(theta);
            bound += alpha_hidden * rows.map(|(row, left)| left * dot(row, theta)).sum::<f64>().max(0.0).sqrt();
        }
        bound as f32
    }

    /// The user answered `item` with `reward`.
    pub fn observe(&mut self, item: u32, reward: f32) {
        let size = self.size;
        let x = self.features[item as usize * size..][..size].to_vec();
        let mut gain: Vec<f64> = x.iter().map(|x| x / self.settings.l2).collect();
        for (earlier, scale) in &self.answered {
            let share = dot(earlier, &x) / scale;
            gain.iter_mut().zip(earlier).for_each(|(gain, earlier)| *gain -= share * earlier);
        }
        let scale = 1.0 + dot(&x, &gain);
        let step = (f64::from(reward) - dot(&x, &self.theta)) / scale;
        self.theta.iter_mut().zip(&gain).for_each(|(theta, gain)| *theta += step * gain);
        for (known, x) in self.known.iter_mut().zip(self.features.chunks_exact(size)) {
            let along = dot(x, &gain);
            known.0 += step * along;
            known.1 -= along * along / scale;
        }
        self.answered.push((gain, scale));
        self.learn_of_item(item as usize, f64::from(reward), &x);
    }

    /// What the answer teaches of the item's hidden features; its own score in this session stays as it was.
    fn learn_of_item(&mut self, item: usize, reward: f64, x: &[f64]) {
        let l = self.settings.hidden;
        if l == 0 {
            return;
        }
        let seen = self.size - l;
        let theta = self.theta[seen..].to_vec();
        let rest = reward - dot(&x[..seen], &self.theta[..seen]);
        let (inverse, target) = &mut self.hidden[item];
        let gain: Vec<f64> = inverse.chunks_exact(l).map(|row| dot(row, &theta)).collect();
        let scale = 1.0 + dot(&gain, &theta);
        for (row, left) in inverse.chunks_exact_mut(l).zip(&gain) {
            row.iter_mut().zip(&gain).for_each(|(entry, right)| *entry -= left * right / scale);
        }
        target.iter_mut().zip(&theta).for_each(|(target, theta)| *target += rest * theta);
        let learned: Vec<f64> = inverse.chunks_exact(l).map(|row| dot(row, target)).collect();
        self.features[item * self.size + seen..][..l].copy_from_slice(&learned);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Arc<PmfModel> {
        let items = vec![0.5, -1.0, 1.0, 0.25, -0.75, 0.5];
        Arc::new(PmfModel { k: 2, users: vec![0.0; 2], items, user_bias: vec![0.0], item_bias: vec![0.0; 3] })
    }

    /// x·θ + α √(xᵀA⁻¹x) in two dimensions, by Cramer's rule.
    fn bound(answers: &[([f64; 2], f64)], x: [f64; 2], alpha: f64, l2: f64) -> f64 {
        let (mut a, mut b) = ([l2, 0.0, l2], [0.0; 2]);
        for (x, r) in answers {
            a = [a[0] + x[0] * x[0], a[1] + x[0] * x[1], a[2] + x[1] * x[1]];
            b = [b[0] + x[0] * r, b[1] + x[1] * r];
        }
        let determinant = a[0] * a[2] - a[1] * a[1];
        let solve =
            |y: [f64; 2]| [(a[2] * y[0] - a[1] * y[1]) / determinant, (a[0] * y[1] - a[1] * y[0]) / determinant];
        let (theta, own) = (solve(b), solve(x));
        x[0] * theta[0] + x[1] * theta[1] + alpha * (x[0] * own[0] + x[1] * own[1]).sqrt()
    }

    #[test]
    fn scores_are_the_bounds_of_a_ridge_regression() {
        let settings = BanditSettings { alpha: 0.7, l2: 0.5, hidden: 0, alpha_hidden: 0.0, l2_hidden: 1.0 };
        let mut bandit = Bandit::new(&model(), settings, Seed(1));
        let x = [[0.5, -1.0], [1.0, 0.25], [-0.75, 0.5]];
        bandit.begin();
        let answers = [(0, 1.0_f32), (2, -0.5), (1, 0.25)];
        for told in 0..=answers.len() {
            let known: Vec<([f64; 2], f64)> =
                answers[..told].iter().map(|(item, r)| (x[*item as usize], f64::from(*r))).collect();
            for (item, x) in (0..).zip(x) {
                let expected = bound(&known, x, 0.7, 0.5);
                assert!((f64::from(bandit.score(item)) - expected).abs() < 1e-6, "{told}, item {item}");
            }
            if let Some((item, reward)) = answers.get(told) {
                bandit.observe(*item, *reward);
            }
        }
        bandit.begin();
        assert!((f64::from(bandit.score(1)) - bound(&[], x[1], 0.7, 0.5)).abs() < 1e-6, "a new session knows nothing");
    }

    /// One hidden feature, by the paper's formulas.
    #[test]
    fn hidden_features_learn_from_answers_and_stay() {
        let settings = BanditSettings { alpha: 0.0, l2: 1.0, hidden: 1, alpha_hidden: 2.0, l2_hidden: 0.5 };
        let mut bandit = Bandit::new(&model(), settings, Seed(3));
        let drawn: Vec<f64> = bandit.features.chunks_exact(3).map(|x| x[2]).collect();
        assert!(drawn.iter().all(|v| *v != 0.0));
        bandit.begin();
        bandit.observe(0, 1.0);
        // θ = A⁻¹ x r with A = I + xxᵀ: x r / (1 + x·x).
        let x = [0.5, -1.0, drawn[0]];
        let theta = x.map(|x| x / (1.0 + 0.25 + 1.0 + drawn[0] * drawn[0]));
        let c = 0.5 + theta[2] * theta[2];
        let v = theta[2] * (1.0 - 0.5 * theta[0] + theta[1]) / c;
        assert!((bandit.features[2] - v).abs() < 1e-12);
        let mean = theta[0] + 0.25 * theta[1] + drawn[1] * theta[2];
        let expected = mean + 2.0 * (theta[2] * theta[2] / 0.5).sqrt();
        assert!((f64::from(bandit.score(1)) - expected).abs() < 1e-6);
        bandit.begin();
        assert!((bandit.features[2] - v).abs() < 1e-12, "a new session keeps what is known of items");
        bandit.restart();
        assert_eq!(bandit.features[2], drawn[0], "a new repeat does not");
    }
}
