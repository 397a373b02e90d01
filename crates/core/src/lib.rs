//! What the orchestrator `drr-lab` and its workers agree on.
//!
//! | module | job |
//! | --- | --- |
//! | [`digest`], [`canonical`] | SHA-256 values, canonical JSON (RFC 8785), ids |
//! | [`seed`] | named random streams: the only source of randomness |
//! | [`spec`] | trial specs: everything that can change a result |
//! | [`data`] | ratings: the canonical table, splits, loaders, the synthetic generator |
//! | [`trial_dir`], [`journal`], [`result`] | a trial's folder, its metric stream, its signed end |
//! | [`finished`] | a finished trial's folder, read and checked as a whole |
//! | [`failure`] | why a trial has no result |
//! | [`mod@array`] | a plan as the tasks of a job array |
//! | [`claim`] | who may write to a trial's folder where many machines share it |
//! | [`provenance`], [`machine`], [`libraries`] | what code and what machine a trial ran on |
//! | [`time`] | moments as records write them |
//! | [`protocol`] | messages between supervisor and worker |
//!
//! Nothing here knows libtorch or SQLite.

pub mod array;
pub mod canonical;
pub mod claim;
pub mod data;
pub mod digest;
pub mod failure;
pub mod finished;
pub mod journal;
pub mod libraries;
pub mod machine;
pub mod protocol;
pub mod provenance;
pub mod result;
pub mod seed;
pub mod spec;
pub mod time;
pub mod trial_dir;

pub use digest::{Digest, TrialId};
pub use seed::Seed;
pub use spec::TrialSpec;

/// Hash of the sources that can change a training result, taken when this crate was compiled (see `build.rs`).
pub fn train_digest() -> Digest {
    env!("DRR_TRAIN_DIGEST").parse().expect("build.rs writes 64 hexadecimal digits")
}

/// Those sources one by one, each with the beginning of its own hash: where two digests differ, these say which file.
pub fn train_sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    env!("DRR_TRAIN_SOURCES").split(' ').filter_map(|source| source.split_once('='))
}

/// The compiler that made this program.
pub fn rustc() -> &'static str {
    env!("DRR_RUSTC")
}
