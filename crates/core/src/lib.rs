//! What the orchestrator `drr-lab` and its workers agree on.
//!
//! | module | job |
//! | --- | --- |
//! | [`digest`], [`canonical`] | SHA-256 values, canonical JSON (RFC 8785), ids |
//! | [`seed`] | named random streams: the only source of randomness |
//! | [`spec`] | trial specs: everything that can change a result |
//! | [`data`] | ratings: the canonical table, splits, loaders, the synthetic generator |
//! | [`trial`] | one trial of a sweep, and how far it is |
//! | [`trial_dir`], [`journal`], [`result`] | a trial's folder, its metric stream, its signed end |
//! | [`artifacts`] | what a trial leaves beside its metrics, file by file |
//! | [`finished`] | a finished trial's folder, read and checked as a whole |
//! | [`replayed`] | what came of running a trial again |
//! | [`failure`], [`mod@excerpt`] | why a trial has no result, and how much of what others say is kept |
//! | [`mod@array`] | a plan as the tasks of a job array |
//! | [`claim`] | who may write to a trial's folder where many machines share it |
//! | [`provenance`], [`machine`], [`libraries`] | what code and what machine a trial ran on |
//! | [`real`] | numbers in JSON that may be none |
//! | [`math`] | logarithms and their like, the same bits on every machine |
//! | [`time`] | moments as records write them |
//! | [`neutral`] | text that others wrote, kept from doing anything but being read |
//! | [`command`] | where a trial that is a command runs, and with what |
//! | [`protocol`] | messages between supervisor and worker |
//!
//! Nothing here knows libtorch or SQLite.

extern crate self as drr_core; // the macro `section!` names this crate, here as elsewhere

pub mod array;
pub mod artifacts;
pub mod canonical;
pub mod claim;
pub mod command;
pub mod data;
pub mod digest;
pub mod excerpt;
pub mod failure;
pub mod finished;
pub mod journal;
pub mod libraries;
pub mod machine;
pub mod math;
pub mod neutral;
pub mod protocol;
pub mod provenance;
pub mod real;
pub mod replayed;
pub mod result;
pub mod seed;
pub mod spec;
pub mod time;
pub mod trial;
pub mod trial_dir;

pub use digest::{Digest, TrialId};
pub use seed::Seed;
pub use spec::TrialSpec;
pub use trial::{AxisPoint, Status, Trial};

/// The compiler that made this program.
pub fn rustc() -> &'static str {
    env!("DRR_RUSTC")
}
