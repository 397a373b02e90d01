//! A stored recommender: PMF's embeddings and the actor, read from safetensors, and the forward pass of one user. It
//! draws a picture and lists items; no number of a table comes from here.

use std::path::Path;

use drr_core::math;
use drr_core::spec::Settings;
use safetensors::tensor::{Dtype, SafeTensors};

use super::{ActionBase, ActionNorm, Bounding, DrrSpec, Remembers, Scoring, StateKind};
use crate::kind::typed;
use crate::recommender::Recommender;

/// What the trainer adds to an action's length, to divide by it.
const LEAST_LENGTH: f32 = 1e-6;

/// A linear layer: weight [outputs, inputs], bias [outputs].
struct LinearLayer {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// PMF's embeddings and the actor.
struct StoredDrr {
    state: StateKind,
    k: usize,
    users: Vec<f32>,
    items: Vec<f32>,
    /// The items' biases, where they are scored too.
    biases: Option<Vec<f32>>,
    layers: Vec<LinearLayer>,
    norm: ActionNorm,
    base: ActionBase,
    bounding: Bounding,
    /// What the bounded output is multiplied by.
    range: f32,
    remembers: Remembers,
    /// The learned weights w of the history, oldest first.
    history_weights: Vec<f32>,
}

impl StoredDrr {
    /// Reads both models; `None` where one is gone or damaged.
    fn read(pmf: &Path, drr: &Path, spec: &DrrSpec) -> Option<Self> {
        let (pmf, drr) = (std::fs::read(pmf).ok()?, std::fs::read(drr).ok()?);
        let (pmf, drr) = (SafeTensors::deserialize(&pmf).ok()?, SafeTensors::deserialize(&drr).ok()?);
        let k = *pmf.tensor("item.embedding").ok()?.shape().get(1)?;
        let layer = |index: usize| {
            Some(LinearLayer {
                weight: values(&drr, &format!("actor.{index}.weight"))?,
                bias: values(&drr, &format!("actor.{index}.bias"))?,
            })
        };
        let biases = match spec.scoring {
            Scoring::Dot => None,
            Scoring::DotBias => Some(values(&pmf, "item.bias")?),
        };
        let read = Self {
            state: spec.state,
            norm: spec.action_norm,
            base: spec.action_base,
            bounding: spec.bounding,
            range: spec.action_range as f32,
            remembers: spec.remembers,
            k,
            biases,
            users: values(&pmf, "user.embedding")?,
            items: values(&pmf, "item.embedding")?,
            layers: (0..3).map(layer).collect::<Option<_>>()?,
            history_weights: values(&drr, "state.weight")?,
        };
        let n = spec.history as usize;
        let mut inputs = k * match spec.state {
            StateKind::Ave => 3,
            StateKind::P | StateKind::U => n + n * (n - 1) / 2,
            StateKind::N => n,
        };
        for layer in &read.layers {
            if layer.weight.len() != inputs * layer.bias.len() {
                return None;
            }
            inputs = layer.bias.len();
        }
        let scored = k + usize::from(read.biases.is_some());
        (inputs == scored && read.history_weights.len() == n).then_some(read)
    }

    /// The state s = f(u, H) of a user with a history, oldest first.
    fn encode(&self, user: u32, history: &[u32]) -> Vec<f32> {
        let row = |table: &'_ [f32], at: u32| table[at as usize * self.k..][..self.k].to_vec();
        let times = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f32>>();
        let p = row(&self.users, user);
        let items: Vec<Vec<f32>> = history.iter().map(|item| row(&self.items, *item)).collect();
        let weighted: Vec<Vec<f32>> =
            items.iter().zip(&self.history_weights).map(|(q, w)| q.iter().map(|q| w * q).collect()).collect();
        let mut blocks = match self.state {
            StateKind::Ave => {
                let mut g = vec![0.0; self.k];
                weighted.iter().for_each(|q| g.iter_mut().zip(q).for_each(|(g, q)| *g += q));
                return [p.clone(), times(&p, &g), g].concat(); // [3k]
            }
            StateKind::N => return items.concat(), // [nk]
            StateKind::P => items,
            StateKind::U => weighted.iter().map(|q| times(&p, q)).collect(),
        };
        for (a, left) in weighted.iter().enumerate() {
            blocks.extend(weighted[a + 1..].iter().map(|right| times(left, right)));
        }
        blocks.concat() // [(n + n (n - 1) / 2) k]
    }
}

impl Recommender for StoredDrr {
    fn history(&self) -> usize {
        self.history_weights.len()
    }

    fn remembers(&self, is_positive: bool) -> bool {
        is_positive || self.remembers == Remembers::Any
    }

    fn k(&self) -> usize {
        self.k
    }

    fn items(&self) -> usize {
        self.items.len() / self.k
    }

    fn users(&self) -> usize {
        self.users.len() / self.k
    }

    fn item_embeddings(&self) -> &[f32] {
        &self.items
    }

    fn act(&self, user: u32, history: &[u32]) -> Vec<f32> {
        let mut x = self.encode(user, history);
        for (index, layer) in self.layers.iter().enumerate() {
            let last = index + 1 == self.layers.len();
            let inputs = x.len();
            let output = |(row, bias): (&[f32], &f32)| {
                let sum = row.iter().zip(&x).map(|(w, x)| w * x).sum::<f32>() + bias;
                match (last, self.bounding) {
                    (true, Bounding::Tanh) => self.range * math::tanh(sum),
                    (true, Bounding::Inverting) => self.range * sum,
                    (false, _) => sum.max(0.0),
                }
            };
            x = layer.weight.chunks_exact(inputs).zip(&layer.bias).map(output).collect();
        }
        if self.base == ActionBase::Pmf {
            let p = &self.users[user as usize * self.k..][..self.k];
            x.iter_mut().zip(p).for_each(|(x, p)| *x += p);
            x[self.k..].iter_mut().for_each(|x| *x += 1.0);
        }
        if self.norm == ActionNorm::Unit {
            let length = x.iter().map(|x| x * x).sum::<f32>().sqrt() + LEAST_LENGTH;
            x.iter_mut().for_each(|x| *x /= length);
        }
        x
    }

    fn score(&self, item: u32, action: &[f32]) -> f32 {
        let own: f32 = self.items[item as usize * self.k..][..self.k].iter().zip(action).map(|(q, a)| q * a).sum();
        own + self.biases.as_ref().map_or(0.0, |biases| biases[item as usize] * action[self.k])
    }
}

/// Reads a stored recommender and the model it stands on; `None` where one is gone or damaged.
pub(super) fn read(below: &[&Path], own: &Path, settings: &Settings) -> Option<Box<dyn Recommender>> {
    let recommender = StoredDrr::read(below.first()?, own, &typed(settings))?;
    Some(Box::new(recommender))
}

fn values(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let view = file.tensor(name).ok()?;
    (view.dtype() == Dtype::F32).then(|| {
        let bytes = view.data().as_chunks::<4>().0;
        bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forward_pass_is_that_of_the_slides() {
        // k = 1, n = 2: g = 2·3 + (-1)·5 = 1, s = [0.5, 0.5, 1]; every layer sums its inputs and adds its bias.
        let layer = |inputs: usize, bias: f32| LinearLayer { weight: vec![1.0; inputs], bias: vec![bias] };
        let mut recommender = StoredDrr {
            state: StateKind::Ave,
            norm: ActionNorm::None,
            base: ActionBase::None,
            bounding: Bounding::Tanh,
            range: 1.0,
            remembers: Remembers::Positive,
            biases: None,
            k: 1,
            users: vec![0.5],
            items: vec![3.0, 5.0],
            layers: vec![layer(3, -1.0), layer(1, -3.0), layer(1, 0.25)],
            history_weights: vec![2.0, -1.0],
        };
        // 2 - 1 = 1; max(1 - 3, 0) = 0; tanh(0.25).
        assert_eq!(recommender.act(0, &[0, 1]), [math::tanh(0.25)]);
        assert_eq!(recommender.score(1, &[0.5]), 2.5);
        recommender.norm = ActionNorm::Unit;
        assert!((recommender.act(0, &[0, 1])[0] - 1.0).abs() < 1e-5);
        recommender.norm = ActionNorm::None;
        (recommender.base, recommender.range, recommender.bounding) = (ActionBase::Pmf, 0.5, Bounding::Inverting);
        // 0.5 + 0.5 · 0.25
        assert_eq!(recommender.act(0, &[0, 1]), [0.625]);
        // The weighted history is [6, -5], its only pair -30; the user 0.5.
        recommender.state = StateKind::P;
        assert_eq!(recommender.encode(0, &[0, 1]), [3.0, 5.0, -30.0]);
        recommender.state = StateKind::U;
        assert_eq!(recommender.encode(0, &[0, 1]), [3.0, -2.5, -30.0]);
        recommender.biases = Some(vec![0.1, 0.25]);
        assert_eq!(recommender.score(1, &[0.5, 2.0]), 3.0);
    }

    #[test]
    fn a_model_that_is_gone_is_no_error() {
        let nowhere = Path::new("/nowhere/model.safetensors");
        assert!(StoredDrr::read(nowhere, nowhere, &DrrSpec::default()).is_none());
    }
}
