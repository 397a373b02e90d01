//! The kinds of trials: what is trained, what recommends, what measures. Each has a folder of its own, and nothing
//! outside of this crate knows one by name: who plans, runs, shows or judges trials asks the kind.
//!
//! | module | job |
//! | --- | --- |
//! | [`kind`] | what a kind says of itself |
//! | [`kind_of`] | a spec and what its kind says of it |
//! | [`registry`] | finding kinds, and what all of them say together |
//! | [`sources`] | the hash of the sources behind each kind |
//! | [`stage`] | the order in which trials of a sweep come |
//! | [`protocol`] | what an evaluation may know beforehand |
//! | [`bandit`] | what a linear bandit can be told |
//! | [`work`] | what a trial's time follows from |
//! | [`world`] | ratings as trainers and evaluations want them |
//! | [`training`], [`ranking`] | what a training and a ranking are given, and leave |
//! | [`mod@recommender`] | a stored recommender as it answers one user |
//! | [`matrix`], [`dense`], [`factors`] | the train part as a matrix, linear algebra, models of factors |
//! | [`tensors`] | models on disk |
//! | [`command`] | any program as a trial |
//! | [`error`] | why a trial ends without a result |
//! | the others | the kinds |

pub mod bandit;
pub mod dense;
pub mod error;
pub mod factors;
#[cfg(test)]
mod goldens;
pub mod kind;
pub mod kind_of;
pub mod matrix;
pub mod protocol;
pub mod ranking;
pub mod recommender;
pub mod registry;
pub mod sources;
pub mod stage;
pub mod tensors;
pub mod training;
pub mod work;
pub mod world;

pub use kind::Kind;
pub use kind_of::{KindOf, kind_settings};
pub use registry::SECTIONS;
pub use sources::{digest_of, train_digest, train_sources};
pub use stage::Stage;
pub use work::{Candidates, DataSize, Effort, Work};

/// A folder of kinds.
struct Folder {
    name: &'static str,
    kinds: &'static [&'static Kind],
    /// What it computes, for people.
    page: &'static str,
}

/// Declares the folders of the kinds.
macro_rules! kinds {
    ($($(#[$attribute:meta])* $folder:ident,)*) => {
        $($(#[$attribute])* pub mod $folder;)*

        static FOLDERS: &[Folder] = &[$(Folder {
            name: stringify!($folder),
            kinds: $folder::KINDS,
            page: include_str!(concat!(stringify!($folder), "/", stringify!($folder), ".md")),
        },)*];
    };
}

// One line a kind. Sections of sweep files, and so axes, come in this order.
kinds! {
    pmf,
    drr,
    offline,
    online,
    popularity,
    random,
    item_mean,
    item_knn,
    ease,
    pure_svd,
    ials,
    svdpp,
    pmf_adaptive,
    repeat_history,
    oracle,
    optimum,
    protocols,
    linucb,
    command,
}
