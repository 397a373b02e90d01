//! What is asked of the kernel and of libraries that are loaded at run time. No compiler sees whether such a call is right:
//! the proofs stand here, and what this crate gives out is safe to call.
//!
//! | module | asks |
//! | --- | --- |
//! | [`child`] | the kernel, for a child that ends with its parent, and for what a child used |
//! | [`library`] | the dynamic loader |
//! | [`nvml`] | the NVIDIA driver, for the GPUs of this machine |
//! | [`driver`] | CUDA's driver, for the GPU that this process is shown |

pub mod child;
pub mod driver;
pub mod library;
pub mod nvml;
