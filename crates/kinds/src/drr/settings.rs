//! DRR's hyperparameters. The defaults are what serves users best on MovieLens 100K (`docs/results.md`); what the slides say stands
//! in each text, and as a whole in `sweeps/paper.toml`.

use drr_core::section;
use drr_core::spec::LARGE;
use serde::{Deserialize, Serialize};

/// DRR's state representation s = f(u, H).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateKind {
    /// `[p_u ; p_u ⊙ g ; g]` with g = Σ_a w_a q_a a learned weighting of the history.
    Ave,
    /// `[q_1 .. q_n ; (w_a q_a) ⊙ (w_b q_b) for a < b]`.
    P,
    /// `[p_u ⊙ (w_a q_a) for all a ; (w_a q_a) ⊙ (w_b q_b) for a < b]`.
    U,
    /// `[q_1 .. q_n]`: no representation is learned.
    N,
}

/// What an action scores of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scoring {
    /// Its embedding: q_i · a.
    Dot,
    /// Its embedding and its bias: `[q_i ; b_i]` · a, with one more coordinate in the action.
    DotBias,
}

/// What is done to the actor's output before it scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionNorm {
    /// Nothing: tanh's range.
    None,
    /// Brought to length 1.
    Unit,
}

/// What the actor's output is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionBase {
    /// Nothing: the output is the action.
    None,
    /// The action by which PMF ranks, `[p_u ; 1]`.
    Pmf,
}

/// What keeps the actor's output within -1 and 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bounding {
    /// tanh of the last layer's sum.
    Tanh,
    /// The last layer's sum, whose gradient shrinks towards the bound it points at and turns beyond it.
    Inverting,
}

/// What an exploring step draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exploration {
    /// An action, U(-1, 1) in every coordinate; it ranks the items as any other.
    Action,
    /// A candidate, each equally likely; its vector is the action.
    Item,
    /// The actor's action with Gaussian noise in every coordinate.
    Near,
}

/// Which items a training session recommends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainItems {
    /// All; the model answers what the user has not rated.
    All,
    /// Those that the user rated in the train part: every answer is the user's own.
    Rated,
}

/// Which recommendations enter the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remembers {
    /// Those that met a positive answer.
    Positive,
    /// All.
    Any,
}

/// What stands for a step's action in the replay, and so what the critic learns the value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CriticAction {
    /// The action that ranked the items.
    Actor,
    /// The vector of the item that was recommended.
    Item,
}

section! {
    /// DRR: an actor-critic recommender after Liu et al. (arXiv 1810.12027), trained as DDPG with prioritised replay.
    pub struct DrrSpec in "drr" {
        /// State representation s = f(u, H) (slides, DRR-ave, DRR-p and DRR-u).
        state: StateKind = StateKind::Ave, Choice(&["ave", "p", "u", "n"]), varies Shape;
        /// History length n: the latest positive items that make the state (slides: 5).
        history ("n"): u64 = 5, Int { min: 1, max: 1000 }, varies Shape;
        /// The actor's two hidden widths; an empty list means as wide as the state (slides).
        actor_hidden: Vec<u64> = vec![128, 128], Ints { min: 1, max: 65_536, lengths: &[0, 2] }, varies Shape;
        /// The critic's three hidden widths; an empty list means each as wide as its input (slides).
        critic_hidden: Vec<u64> = vec![128, 128, 128], Ints { min: 1, max: 65_536, lengths: &[0, 3] }, varies Shape;
        /// What an action scores of an item: its embedding (slides, `dot`), or its embedding and its bias.
        scoring: Scoring = Scoring::DotBias, Choice(&["dot", "dot-bias"]), since 2, before Scoring::Dot, varies Shape;
        /// Whether the actor's output is brought to length 1; the order of items does not depend on it, the critic's
        /// task does.
        action_norm: ActionNorm = ActionNorm::None, Choice(&["none", "unit"]), since 2, before ActionNorm::None, varies Shape;
        /// What the actor's output is added to: nothing (slides), or the action by which PMF ranks, so that what is untrained
        /// ranks as PMF does and training learns what to do otherwise. The output then starts at 0. State `ave` alone has it.
        action_base: ActionBase = ActionBase::Pmf, Choice(&["none", "pmf"]), since 5, before ActionBase::None, varies Shape;
        /// What the actor's bounded output is multiplied by: the farthest that a coordinate comes from its base (slides: 1).
        action_range ("ρ"): f64 = 0.05, Float { min: 0.0, max: 100.0 }, since 5, before 1.0, varies Shape;
        /// What bounds the actor's output: tanh (slides), or gradients that are scaled by the room left to the bound they point
        /// at (inverting gradients; Hausknecht & Stone, arXiv 1511.04143).
        bounding: Bounding = Bounding::Tanh, Choice(&["tanh", "inverting"]), since 5, before Bounding::Tanh, varies Shape;
        /// Weight λ of a penalty of the actor's sums z before they are bounded, λ/2 · |z|² a state; what keeps it from corners
        /// where nothing is learned any more (slides: 0).
        sum_penalty ("λ_z"): f64 = 0.02, Float { min: 0.0, max: 1e6 }, since 5, before 0.0, varies Shape;
        /// What an exploring step draws: an action (slides), one of the candidates, or an action near the actor's own.
        exploration: Exploration = Exploration::Near, Choice(&["action", "item", "near"]), since 2, before Exploration::Action;
        /// Standard deviation of the noise of every coordinate where `exploration` is `near`.
        noise ("σ"): f64 = 0.2, Float { min: 0.0, max: 100.0 }, since 5, before 0.2;
        /// What the critic learns the value of: the action that ranked the items (slides), or the vector of the recommended
        /// item, of length 1 where actions are (as the critic of Dulac-Arnold et al., arXiv 1512.07679, does).
        critic_action: CriticAction = CriticAction::Actor, Choice(&["actor", "item"]), since 2, before CriticAction::Actor;
        /// Least reward that is learned from; 0 clips dislikes, -1 keeps all (slides). Recorded rewards are never clipped.
        reward_floor: f64 = -1.0, Float { min: -1.0, max: 1.0 }, since 2, before -1.0;
        /// Which items a training session recommends: all (slides), or those that the user rated in the train part, so that
        /// every reward is the user's own.
        train_items: TrainItems = TrainItems::All, Choice(&["all", "rated"]), since 5, before TrainItems::All;
        /// Which recommendations enter the history H: those that met a positive answer (slides), or all, where a dislike too
        /// changes what comes next.
        remembers: Remembers = Remembers::Positive, Choice(&["positive", "any"]), since 5, before Remembers::Positive;
        /// Discount factor γ (slides: 0.9).
        gamma ("γ"): f64 = 0.9, Float { min: 0.0, max: 1.0 };
        /// Rewards in a transition's return, n: r_t + γ r_{t+1} + … up to the end of the session, before the value after them (slides:
        /// 1).
        n_step: u64 = 1, Int { min: 1, max: 1000 }, since 5, before 1;
        /// How many critics there are: one (slides), or two, of whose target values the lesser counts (TD3; Fujimoto, van Hoof &
        /// Meger, arXiv 1802.09477).
        critics: u64 = 1, Int { min: 1, max: 2 }, since 5, before 1, varies Shape;
        /// Standard deviation of the noise on every coordinate of the target's action, clipped at two and a half of them: target
        /// policy smoothing (TD3); 0 for none (slides).
        smoothing: f64 = 0.0, Float { min: 0.0, max: 100.0 }, since 5, before 0.0, varies Shape;
        /// Soft-update rate τ of both target networks (slides: 0.001).
        tau ("τ"): f64 = 0.005, Float { min: 0.0, max: 1.0 };
        /// Adam's learning rate for the actor and the state's weights, η_a (slides: 0.0005).
        actor_lr ("η_a"): f64 = 0.0005, Float { min: 0.0, max: 10.0 };
        /// Adam's learning rate for the critic, η_c (slides: 0.001).
        critic_lr ("η_c"): f64 = 0.0005, Float { min: 0.0, max: 10.0 };
        /// L2 penalty added to both networks' gradients, as `torch.optim.Adam` does; 0 is plain Adam.
        weight_decay: f64 = 0.0, Float { min: 0.0, max: 10.0 };
        /// Largest norm of the critic's gradient; 0 does not clip.
        grad_clip: f64 = 1.0, Float { min: 0.0, max: f64::MAX };
        /// Transitions in a minibatch, N.
        batch_size ("N"): u64 = 64, Int { min: 1, max: 65_536 }, varies Pace;
        /// Recommendations in a training session, T.
        episode_length ("T"): u64 = 10, Int { min: 1, max: 100_000 };
        /// Transitions the replay buffer holds (slides: 200,000).
        replay_capacity: u64 = 200_000, Int { min: 1, max: 1 << 28 };
        /// Transitions stored before updates begin; at least one minibatch.
        learning_starts: u64 = 1_000, Int { min: 1, max: LARGE }, varies Pace;
        /// Exponent α of the replay priorities; 0 draws uniformly (slides: 0.3).
        alpha ("α"): f64 = 0.3, Float { min: 0.0, max: 2.0 };
        /// Exponent β of the importance weights (slides: 0.4).
        beta ("β"): f64 = 0.4, Float { min: 0.0, max: 1.0 };
        /// Steps over which β rises linearly to 1; 0 keeps it constant.
        beta_steps: u64 = 0, Int { min: 0, max: LARGE };
        /// Exploration rate ε at the first step (slides: 1).
        eps_start ("ε"): f64 = 1.0, Float { min: 0.0, max: 1.0 };
        /// Exploration rate once `eps_steps` are done (slides: 0.1).
        eps_end: f64 = 0.1, Float { min: 0.0, max: 1.0 };
        /// Steps over which ε falls linearly.
        eps_steps: u64 = 5_000, Int { min: 0, max: LARGE };
        /// Environment steps to train for; 0 leaves the networks as initialised.
        train_steps: u64 = 10_000, Int { min: 0, max: LARGE }, varies Pace;
        /// Steps between two recorded points of a training metric (each is the mean since the last).
        record_every: u64 = 250, Int { min: 1, max: LARGE }, varies Pace;
    }
}

impl DrrSpec {
    /// DRR as it was published, with widths as wide as their input: `sweeps/paper.toml`.
    pub fn published() -> Self {
        Self {
            actor_hidden: Vec::new(),
            critic_hidden: Vec::new(),
            scoring: Scoring::Dot,
            action_base: ActionBase::None,
            action_range: 1.0,
            sum_penalty: 0.0,
            exploration: Exploration::Action,
            tau: 0.001,
            critic_lr: 0.001,
            learning_starts: 5_000,
            eps_steps: 10_000,
            train_steps: 20_000,
            ..Self::default()
        }
    }

    /// Size of the state for `k` factors: 3k for `ave`, k (n + n(n-1)/2) for `p` and `u`, kn for `n`.
    pub fn state_size(&self, k: u64) -> u64 {
        let n = self.history;
        match self.state {
            StateKind::Ave => 3 * k,
            StateKind::P | StateKind::U => k * (n + n * (n - 1) / 2),
            StateKind::N => k * n,
        }
    }

    /// Whether a recommendation enters the history.
    pub fn remembers(&self, is_positive: bool) -> bool {
        is_positive || self.remembers == Remembers::Any
    }

    /// Size of an action for `k` factors.
    pub fn action_size(&self, k: u64) -> u64 {
        match self.scoring {
            Scoring::Dot => k,
            Scoring::DotBias => k + 1,
        }
    }

    /// Fills in the widths that are left open: as wide as the layer's input.
    pub fn resolve(&mut self, k: u64) {
        let state = self.state_size(k);
        if self.actor_hidden.is_empty() {
            self.actor_hidden = vec![state, state];
        }
        if self.critic_hidden.is_empty() {
            let joined = self.action_size(k) + state;
            self.critic_hidden = vec![state, joined, joined];
        }
        self.learning_starts = self.learning_starts.max(self.batch_size);
    }
}
