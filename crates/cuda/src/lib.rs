//! DRR's kernels on GPUs by libtorch (feature `libtorch`, without which this crate is empty), and the worker for them.
//!
//! | module | job |
//! | --- | --- |
//! | `kernels`, `embeddings`, `optimiser`, `factors` | what [`drr_train::kernels::Accelerator`] asks for |
//! | `blocks` | memory and sums that give the same bits in any cohort |
//! | `devices` | GPUs found and named; libtorch loaded with what it must find |
//! | `forced`, `trials` | failures on demand; trials that are made up to be measured |
#![cfg(feature = "libtorch")]

mod blocks;
pub mod devices;
mod embeddings;
mod factors;
mod forced;
pub mod kernels;
mod optimiser;
pub mod trials;
