//! DRR's kernels on GPUs by libtorch (feature `libtorch`, without which this crate is empty), and the worker for them.
//!
//! | module | job |
//! | --- | --- |
//! | `kernels`, `embeddings`, `optimiser` | what [`drr_train::kernels::Accelerator`] asks for |
//! | `devices` | GPUs found and named; libtorch loaded with what it must find |
#![cfg(feature = "libtorch")]

pub mod devices;
mod embeddings;
pub mod kernels;
mod optimiser;
