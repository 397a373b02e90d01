//! What a linear model believes of one user, and how each answer changes it: the exact Gaussian posterior of
//! θ = [p_u ; b_u] in r = [q_i ; 1] · θ + b_i + noise, whose mode is what PMF found.

use std::sync::Arc;

use drr_kinds::pmf::PmfSpec;
use drr_kinds::world::World;

use crate::pmf::PmfModel;

/// Beliefs about the user at hand, and what they are made from.
pub struct Beliefs {
    model: Arc<PmfModel>,
    world: Arc<World>,
    /// Penalties of the factors and of the bias, a rating.
    penalties: (f64, f64),
    /// θ's mean, `[k + 1]`.
    mean: Vec<f64>,
    /// The same for scores.
    action: Vec<f32>,
    /// Lower triangle of the Cholesky factor of the precision at the session's start, rows one after another, `[k + 1, k + 1]`.
    factor: Vec<f64>,
    /// For each answer since: A⁻¹x and 1 + xᵀA⁻¹x, with the A before it.
    answered: Vec<(Vec<f64>, f64)>,
}

/// A precision is never less, so that a user without ratings and penalties has one.
const LEAST_PRECISION: f64 = 1e-6;

impl Beliefs {
    /// Beliefs as the model's penalties make them; [`Beliefs::begin`] before use.
    pub fn new(model: Arc<PmfModel>, world: Arc<World>, spec: &PmfSpec) -> Self {
        let size = model.k + 1;
        Self {
            penalties: (spec.l2, spec.l2_bias),
            mean: vec![0.0; size],
            action: vec![0.0; size],
            factor: vec![0.0; size * size],
            answered: Vec::new(),
            model,
            world,
        }
    }

    /// A session with `user`: PMF's θ, with the precision that the user's train ratings leave.
    pub fn begin(&mut self, user: u32) {
        let (k, size) = (self.model.k, self.mean.len());
        self.answered.clear();
        let p = self.model.user(user).iter().map(|p| f64::from(*p));
        self.mean.iter_mut().zip(p).for_each(|(mean, p)| *mean = p);
        self.mean[k] = f64::from(self.model.user_bias[user as usize]);
        let (items, _) = self.world.train.of(user);
        let ratings = items.len().max(1) as f64;
        self.factor.fill(0.0);
        for row in 0..size {
            let penalty = if row < k { self.penalties.0 } else { self.penalties.1 };
            self.factor[row * size + row] = (ratings * penalty).max(LEAST_PRECISION);
        }
        for &item in items {
            let x = features(&self.model, item);
            for (row, left) in x.iter().enumerate() {
                let below = &mut self.factor[row * size..][..=row];
                below.iter_mut().zip(&x).for_each(|(sum, right)| *sum += left * right);
            }
        }
        cholesky(&mut self.factor, size);
        self.settle();
    }

    /// An item's expected reward, but for what is the same for all items.
    pub fn score(&self, item: u32) -> f32 {
        self.model.score(item, &self.action)
    }

    /// The action by which items rank: `[p_u ; 1]`.
    pub fn action(&self) -> &[f32] {
        &self.action
    }

    /// The user answered `item` with `reward`.
    pub fn observe(&mut self, item: u32, reward: f32) {
        let x = features(&self.model, item);
        let mut gain = x.clone();
        solve(&self.factor, &mut gain);
        // A⁻¹ as the answers since the start have left it (Sherman & Morrison 1950), one after another.
        for (earlier, scale) in &self.answered {
            let share = dot(earlier, &x) / scale;
            gain.iter_mut().zip(earlier).for_each(|(gain, earlier)| *gain -= share * earlier);
        }
        let scale = 1.0 + dot(&x, &gain);
        let surprise = f64::from(reward) - f64::from(self.model.item_bias[item as usize]) - dot(&x, &self.mean);
        self.mean.iter_mut().zip(&gain).for_each(|(mean, gain)| *mean += gain * surprise / scale);
        self.answered.push((gain, scale));
        self.settle();
    }

    fn settle(&mut self) {
        let k = self.model.k;
        self.action.iter_mut().zip(&self.mean).for_each(|(action, mean)| *action = *mean as f32);
        self.action[k] = 1.0;
    }
}

/// `[q_i ; 1]`.
fn features(model: &PmfModel, item: u32) -> Vec<f64> {
    model.item(item).iter().map(|q| f64::from(*q)).chain([1.0]).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle of a positive definite matrix becomes its factor L, with A = L Lᵀ.
fn cholesky(a: &mut [f64], size: usize) {
    for row in 0..size {
        for column in 0..=row {
            let (upper, lower) = (&a[column * size..][..column], &a[row * size..][..column]);
            let rest = a[row * size + column] - dot(upper, lower);
            a[row * size + column] =
                if row == column { rest.max(LEAST_PRECISION).sqrt() } else { rest / a[column * size + column] };
        }
    }
}

/// x = A⁻¹x by the factor of A.
fn solve(factor: &[f64], x: &mut [f64]) {
    let size = x.len();
    for row in 0..size {
        let known = dot(&factor[row * size..][..row], &x[..row]);
        x[row] = (x[row] - known) / factor[row * size + row];
    }
    for row in (0..size).rev() {
        x[row] /= factor[row * size + row];
        let value = x[row];
        for (x, l) in x[..row].iter_mut().zip(&factor[row * size..][..row]) {
            *x -= l * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use drr_core::data::{Rating, Ratings, Split};
    use drr_core::spec::RewardRule;

    use super::*;

    /// One user with the given (item, stars), all train, of three items.
    fn world(rows: &[(u32, f32)]) -> Arc<World> {
        let rows: Vec<Rating> =
            rows.iter().map(|&(item, stars)| Rating { user: 0, item, stars, timestamp: 0 }).collect();
        let items = ["1", "2", "3"].map(str::to_owned).to_vec();
        let split = Split { train: (0..rows.len() as u32).collect(), test: Vec::new() };
        let table = Ratings { users: vec!["1".to_owned()], items, rows };
        Arc::new(World::new(&table, &split, RewardRule::STARS))
    }

    /// The posterior mean after all ratings, by normal equations in two dimensions.
    #[test]
    fn answers_in_a_session_teach_what_ratings_in_the_log_would() {
        let model = |users: Vec<f32>, user_bias: f32| {
            Arc::new(PmfModel {
                k: 1,
                users,
                items: vec![0.5, -1.0, 2.0],
                user_bias: vec![user_bias],
                item_bias: vec![0.25, 0.0, -0.125],
            })
        };
        // The mode of n·(λ p² + λ_b b²) + Σ (r - b_i - q p - b)²: [Σq² + nλ, Σq; Σq, n + nλ_b] θ = [Σq(r-b_i); Σ(r-b_i)].
        let (l2, l2_bias) = (0.5, 0.25);
        let mode = |rows: &[(f64, f64)], n: f64| {
            let sum = |f: &dyn Fn(f64, f64) -> f64| rows.iter().map(|&(q, r)| f(q, r)).sum::<f64>();
            let (a, b, d) = (sum(&|q, _| q * q) + n * l2, sum(&|q, _| q), rows.len() as f64 + n * l2_bias);
            let (e, f) = (sum(&|q, r| q * r), sum(&|_, r| r));
            let determinant = a * d - b * b;
            ((d * e - b * f) / determinant, (a * f - b * e) / determinant)
        };
        // In the log: item 0 at reward 1 (5 stars), item 1 at -0.5; asked: item 2 at 0.5.
        let known = [(0.5, 1.0 - 0.25), (-1.0, -0.5)];
        let (p, b) = mode(&known, 2.0);
        let spec = PmfSpec { l2, l2_bias, ..PmfSpec::default() };
        let mut beliefs = Beliefs::new(model(vec![p as f32], b as f32), world(&[(0, 5.0), (1, 2.0)]), &spec);
        beliefs.begin(0);
        assert!((beliefs.action[0] - p as f32).abs() < 1e-6);
        beliefs.observe(2, 0.5);
        let (after, bias) = mode(&[known[0], known[1], (2.0, 0.5 + 0.125)], 2.0);
        assert!((beliefs.mean[0] - after).abs() < 1e-6 && (beliefs.mean[1] - bias).abs() < 1e-6, "{:?}", beliefs.mean);
        // And a second answer, on top of the first.
        beliefs.observe(0, -1.0);
        let (after, bias) = mode(&[known[0], known[1], (2.0, 0.5 + 0.125), (0.5, -1.0 - 0.25)], 2.0);
        assert!((beliefs.mean[0] - after).abs() < 1e-6 && (beliefs.mean[1] - bias).abs() < 1e-6, "{:?}", beliefs.mean);
        beliefs.begin(0);
        assert!((beliefs.mean[0] - p).abs() < 1e-6, "a new session forgets the last");
    }
}
