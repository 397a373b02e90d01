//! The hyperparameters: every number a person may set or sweep, with its symbol, default, range and source. Where a
//! source says *slides* the default is the published configuration.

use serde::{Deserialize, Serialize};

use super::field::section;

/// The largest whole number a sweep file may hold for a size.
const LARGE: u64 = 1 << 40;

/// How ratings are divided into train and test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitKind {
    /// A seeded shuffle of all ratings.
    Random,
    /// Each user's latest ratings are the test part.
    Temporal,
}

/// PMF's optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam on the rows a batch touches.
    Adam,
    /// Stochastic gradient descent with momentum on the rows a batch touches.
    Sgd,
}

/// Which model PMF hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The one of the epoch with the least validation error.
    BestEpoch,
    /// One trained anew, validation part included, for as many epochs as were best.
    Refit,
}

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

/// What an exploring step draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exploration {
    /// An action, U(-1, 1) in every coordinate; it ranks the items as any other.
    Action,
    /// A candidate, each equally likely; its vector is the action.
    Item,
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

/// Which ratings a split holds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldOut {
    /// The test part: the train part is everything else.
    Test,
    /// A validation part of the same share, out of the train part; the test part is left out altogether.
    Validation,
}

/// Which knowledge an evaluation starts from; numbers of different protocols never share a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// As the slides' numbers were made: the history starts from test positives, which stay candidates.
    Published,
    /// The history starts from the train log; nothing known beforehand is scored.
    Strict,
}

section! {
    /// How the ratings are divided; one split serves PMF and DRR, so no test rating is ever seen in training.
    pub struct SplitSpec in "split" {
        /// How ratings are divided: a seeded shuffle, or each user's latest ratings as test.
        kind: SplitKind = SplitKind::Random, Choice(&["random", "temporal"]);
        /// Share of the ratings held out as test.
        test: f64 = 0.2, Float { min: 0.01, max: 0.9 };
        /// Seed of the split, apart from the trial's, so that seeds measure training's noise alone.
        seed: u64 = 0, Int { min: 0, max: crate::Seed::MAX };
        /// What is held out and evaluated on: the test part, or, to tune on, a validation part out of train that is divided
        /// the same way while the test part is never touched.
        held_out: HeldOut = HeldOut::Test, Choice(&["test", "validation"]), since 2, before HeldOut::Test;
    }
}

section! {
    /// Probabilistic matrix factorisation: r̂(u,i) = p_u · q_i + b_u + b_i on the reward scale R* = (r - 3) / 2.
    pub struct PmfSpec in "pmf" {
        /// Number of factors k of a user's and an item's embedding (DRR paper: 100).
        k ("factors"): u64 = 100, Int { min: 1, max: 4096 };
        /// Optimiser of the minibatch updates.
        optimizer: Optimizer = Optimizer::Adam, Choice(&["adam", "sgd"]);
        /// Learning rate.
        lr ("η"): f64 = 0.0015, Float { min: 0.0, max: 10.0 };
        /// Momentum of SGD; Adam ignores it.
        momentum: f64 = 0.9, Float { min: 0.0, max: 0.999 };
        /// L2 penalty of the embeddings, per rating (the Gaussian priors of PMF; Mnih & Salakhutdinov 2007).
        l2 ("λ"): f64 = 0.055, Float { min: 0.0, max: 100.0 };
        /// L2 penalty of the biases, per rating. A large one leaves the items' quality to the embeddings, which are all
        /// that a recommender ranks by; a small one predicts ratings a little better.
        l2_bias: f64 = 0.05, Float { min: 0.0, max: 100.0 };
        /// Ratings in a minibatch, at most: an epoch is cut into as few as there must be, of one size but for one rating.
        batch_size: u64 = 6400, Int { min: 1, max: 1 << 24 };
        /// Most passes over the train part.
        epochs: u64 = 200, Int { min: 0, max: 100_000 };
        /// Epochs without a better validation RMSE before training stops; the best epoch is kept.
        patience: u64 = 5, Int { min: 1, max: 100_000 };
        /// Share of the train part that early stopping watches.
        validation: f64 = 0.1, Float { min: 0.0, max: 0.9 };
        /// Which model is handed on: the best epoch's, or one trained anew on the validation part as well for as many
        /// epochs.
        select: Select = Select::Refit, Choice(&["best-epoch", "refit"]), since 2, before Select::BestEpoch;
    }
}

section! {
    /// DRR: an actor-critic recommender after Liu et al. (arXiv 1810.12027), trained as DDPG with prioritised replay.
    pub struct DrrSpec in "drr" {
        /// State representation s = f(u, H) (slides, DRR-ave, DRR-p and DRR-u).
        state: StateKind = StateKind::Ave, Choice(&["ave", "p", "u"]);
        /// History length n: the latest positive items that make the state (slides: 5).
        history ("n"): u64 = 5, Int { min: 1, max: 1000 };
        /// The actor's two hidden widths; an empty list means as wide as the state.
        actor_hidden: Vec<u64> = Vec::new(), Ints { min: 1, max: 65_536, lengths: &[0, 2] };
        /// The critic's three hidden widths; an empty list means each as wide as its input.
        critic_hidden: Vec<u64> = Vec::new(), Ints { min: 1, max: 65_536, lengths: &[0, 3] };
        /// What an action scores of an item: its embedding (slides), or its embedding and its bias.
        scoring: Scoring = Scoring::Dot, Choice(&["dot", "dot-bias"]), since 2, before Scoring::Dot;
        /// Whether the actor's output is brought to length 1; the order of items does not depend on it, the critic's
        /// task does.
        action_norm: ActionNorm = ActionNorm::None, Choice(&["none", "unit"]), since 2, before ActionNorm::None;
        /// What an exploring step draws: an action (slides), or one of the candidates.
        exploration: Exploration = Exploration::Action, Choice(&["action", "item"]), since 2, before Exploration::Action;
        /// What the critic learns the value of: the action that ranked the items (slides), or the vector of the recommended
        /// item, of length 1 where actions are (as the critic of Dulac-Arnold et al., arXiv 1512.07679, does).
        critic_action: CriticAction = CriticAction::Actor, Choice(&["actor", "item"]), since 2, before CriticAction::Actor;
        /// Least reward that is learned from; 0 clips dislikes, -1 keeps all (slides). Recorded rewards are never clipped.
        reward_floor: f64 = -1.0, Float { min: -1.0, max: 1.0 }, since 2, before -1.0;
        /// Discount factor γ (slides: 0.9).
        gamma ("γ"): f64 = 0.9, Float { min: 0.0, max: 1.0 };
        /// Soft-update rate τ of both target networks (slides: 0.001).
        tau ("τ"): f64 = 0.001, Float { min: 0.0, max: 1.0 };
        /// Adam's learning rate for the actor and the state's weights, η_a (slides: 0.0005).
        actor_lr ("η_a"): f64 = 0.0005, Float { min: 0.0, max: 10.0 };
        /// Adam's learning rate for the critic, η_c (slides: 0.001).
        critic_lr ("η_c"): f64 = 0.001, Float { min: 0.0, max: 10.0 };
        /// L2 penalty added to both networks' gradients, as `torch.optim.Adam` does; 0 is plain Adam.
        weight_decay: f64 = 0.0, Float { min: 0.0, max: 10.0 };
        /// Largest norm of the critic's gradient; 0 does not clip.
        grad_clip: f64 = 1.0, Float { min: 0.0, max: f64::MAX };
        /// Transitions in a minibatch, N.
        batch_size ("N"): u64 = 64, Int { min: 1, max: 65_536 };
        /// Recommendations in a training session, T.
        episode_length ("T"): u64 = 10, Int { min: 1, max: 100_000 };
        /// Transitions the replay buffer holds (slides: 200,000).
        replay_capacity: u64 = 200_000, Int { min: 1, max: 1 << 28 };
        /// Transitions stored before updates begin; at least one minibatch.
        learning_starts: u64 = 5_000, Int { min: 1, max: LARGE };
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
        eps_steps: u64 = 10_000, Int { min: 0, max: LARGE };
        /// Environment steps to train for; 0 leaves the networks as initialised.
        train_steps: u64 = 20_000, Int { min: 0, max: LARGE };
        /// Steps between two recorded points of a training metric (each is the mean since the last).
        record_every: u64 = 250, Int { min: 1, max: LARGE };
    }
}

section! {
    /// Offline evaluation (slides, Algorithm 2): the greedy policy ranks what the user rated in the test log.
    pub struct OfflineSpec in "offline" {
        /// What the evaluation may know beforehand.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict"]);
        /// Episode lengths K; each is an evaluation of its own.
        k ("K"): Vec<u64> = vec![5, 10, 15, 20], Ints { min: 1, max: 10_000, lengths: &[] };
        /// Repeats R, each with its own draw of users.
        repeats ("R"): u64 = 20, Int { min: 1, max: 100_000 };
        /// Eligible users drawn per repeat; all of them where there are fewer.
        users: u64 = 500, Int { min: 1, max: LARGE };
        /// Exploration rate during evaluation.
        epsilon ("ε", "eps_offline"): f64 = 0.0, Float { min: 0.0, max: 1.0 };
    }
}

section! {
    /// Online evaluation (slides, Algorithm 1): sessions over all items, learning goes on inside a session, and the
    /// trained networks come back before the next.
    pub struct OnlineSpec in "online" {
        /// What the evaluation may know beforehand.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict"]);
        /// Session lengths K; each is an evaluation of its own.
        k ("K"): Vec<u64> = vec![5, 10, 15, 20], Ints { min: 1, max: 10_000, lengths: &[] };
        /// Repeats R, each with its own order of users and its own exploration.
        repeats ("R"): u64 = 20, Int { min: 1, max: 100_000 };
        /// Recommendations made per repeat.
        steps ("online_steps"): u64 = 20_000, Int { min: 1, max: LARGE };
        /// Exploration rate during evaluation.
        epsilon ("ε", "eps_online"): f64 = 0.1, Float { min: 0.0, max: 1.0 };
        /// Transitions stored in a repeat before its updates begin; at least one minibatch.
        learning_starts: u64 = 64, Int { min: 1, max: LARGE };
    }
}

section! {
    /// A made-up world for tests and offline use: latent factors, Zipf popularity, user bias, noise.
    pub struct SyntheticSpec in "synthetic" {
        /// Number of users.
        users: u64 = 200, Int { min: 1, max: 10_000_000 };
        /// Number of items.
        items: u64 = 300, Int { min: 1, max: 10_000_000 };
        /// Number of ratings; at most users × items.
        ratings: u64 = 12_000, Int { min: 1, max: 1 << 32 };
        /// Latent factors behind the ratings.
        factors: u64 = 8, Int { min: 1, max: 1024 };
        /// Zipf exponent of the items' popularity; 0 is uniform.
        zipf: f64 = 0.8, Float { min: 0.0, max: 5.0 };
        /// Standard deviation of a user's bias, in stars.
        user_bias: f64 = 0.4, Float { min: 0.0, max: 10.0 };
        /// Standard deviation of a rating's noise, in stars.
        noise: f64 = 0.5, Float { min: 0.0, max: 10.0 };
        /// Seed of the world.
        seed: u64 = 0, Int { min: 0, max: crate::Seed::MAX };
    }
}
