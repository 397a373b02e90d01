//! PMF's hyperparameters.

use drr_core::section;
use serde::{Deserialize, Serialize};

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
