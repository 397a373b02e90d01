//! Shapes of the networks and where each parameter lies in a member's flat memory.

use drr_kinds::drr::{ActionBase, ActionNorm, Bounding, DrrSpec, StateKind};

use crate::kernels::Departure;

/// What all members of a cohort share.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapes {
    /// Factors of an embedding, k.
    pub k: usize,
    /// History length n.
    pub history: usize,
    /// How the state is made.
    pub kind: StateKind,
    /// Size of the state.
    pub state: usize,
    /// Size of an action: k, or k + 1 where it scores the items' biases too.
    pub action: usize,
    /// What is done to the actor's output.
    pub action_norm: ActionNorm,
    /// How the sums of the actor's last layer become an action.
    pub departure: Departure,
    /// The actor's hidden widths.
    pub actor_hidden: [usize; 2],
    /// The critic's hidden widths; the first sees the state, the others `[action ; h]`.
    pub critic_hidden: [usize; 3],
    /// Whether there are two critics.
    pub has_twin: bool,
    /// Whether the target's actions are noisy.
    pub is_smoothed: bool,
    /// Transitions in a minibatch, N.
    pub batch: usize,
}

impl Shapes {
    /// The shapes a resolved spec asks for with `k` factors.
    ///
    /// # Panics
    /// If the spec's widths are not resolved (see [`DrrSpec::resolve`]).
    pub fn new(spec: &DrrSpec, k: usize) -> Self {
        let widths = |list: &[u64]| list.iter().map(|&width| width as usize).collect::<Vec<_>>();
        Self {
            k,
            history: spec.history as usize,
            kind: spec.state,
            state: spec.state_size(k as u64) as usize,
            action: spec.action_size(k as u64) as usize,
            action_norm: spec.action_norm,
            departure: Departure {
                base: if spec.action_base == ActionBase::Pmf { k } else { 0 },
                range: spec.action_range as f32,
                is_tanh: spec.bounding == Bounding::Tanh,
                penalty: spec.sum_penalty as f32 / spec.batch_size as f32,
            },
            actor_hidden: widths(&spec.actor_hidden).try_into().expect("a resolved spec has two actor widths"),
            critic_hidden: widths(&spec.critic_hidden).try_into().expect("a resolved spec has three critic widths"),
            has_twin: spec.critics == 2,
            is_smoothed: spec.smoothing > 0.0,
            batch: spec.batch_size as usize,
        }
    }

    /// The first column of the state that depends on the learned weights w.
    pub fn weighted_from(&self) -> usize {
        match self.kind {
            StateKind::Ave => self.k,
            StateKind::P | StateKind::N => self.history * self.k,
            StateKind::U => 0,
        }
    }
}

/// One linear layer's place in a member's parameters: weight `[inputs, outputs]`, then bias `[outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Size of the input.
    pub inputs: usize,
    /// Size of the output.
    pub outputs: usize,
    /// Offset of the weight.
    pub weight_at: usize,
    /// Offset of the bias.
    pub bias_at: usize,
}

/// The layers of a network and its number of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Layers, first to last.
    pub layers: Vec<Linear>,
    /// Offset of the state's weights w; the actor's only.
    pub state_weight_at: usize,
    /// Number of state weights; 0 for the critic.
    pub state_weights: usize,
    /// Parameters of one member.
    pub size: usize,
}

impl Layout {
    fn of(sizes: &[(usize, usize)], state_weights: usize) -> Self {
        let mut at = 0;
        let layers = sizes
            .iter()
            .map(|&(inputs, outputs)| {
                let layer = Linear { inputs, outputs, weight_at: at, bias_at: at + inputs * outputs };
                at = layer.bias_at + outputs;
                layer
            })
            .collect();
        Self { layers, state_weight_at: at, state_weights, size: at + state_weights }
    }

    /// Actor: state → hidden → hidden → action, then the state's weights w.
    pub fn actor(shapes: &Shapes) -> Self {
        let [first, second] = shapes.actor_hidden;
        Self::of(&[(shapes.state, first), (first, second), (second, shapes.action)], shapes.history)
    }

    /// Critic: state → h; `[action ; h]` → hidden → hidden → value.
    pub fn critic(shapes: &Shapes) -> Self {
        let [h, second, third] = shapes.critic_hidden;
        Self::of(&[(shapes.state, h), (shapes.action + h, second), (second, third), (third, 1)], 0)
    }
}
