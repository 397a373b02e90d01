//! PMF and DRR: what a training job computes, in loops of its own; on other devices by what
//! implements [`kernels::Accelerator`].
//!
//! | module | job |
//! | --- | --- |
//! | [`pmf`] | matrix factorisation: embeddings and the reward model |
//! | [`kernels`] | the arithmetic of networks, over slices (CPU) or on a device |
//! | [`actor_critic`], [`optim`] | the networks of a cohort, forward, backward, Adam with soft update |
//! | [`state`] | s = f(u, H) and the gradient of its weights |
//! | [`sum_tree`], [`replay`], [`returns`] | prioritised replay over ids; returns of several steps |
//! | [`history`], [`answers`], [`environment`] | the latest positives, what users answer, ranking and exploring |
//! | [`beliefs`] | a linear model of one user that follows each answer |
//! | [`bandit`] | linear bandits: LinUCB, and with hidden features of items |
//! | [`trainer`] | the loop of the slides, readable top to bottom |
//! | [`offline`], [`online`], [`evaluate`] | evaluation of models and of rankings that never change |
//! | [`protocols`] | one ranking judged under every sensible protocol |
//! | [`model`] | safetensors files |
//! | [`threads`] | one trial on several cores |
//! | [`worker`] | the protocol around all this: a process that trains |
//!
//! Every draw comes from a named [`drr_core::Seed`] stream.

pub mod actor_critic;
pub mod answers;
pub mod bandit;
pub mod beliefs;
pub mod environment;
pub mod evaluate;
pub mod history;
pub mod kernels;
pub mod model;
pub mod offline;
pub mod online;
pub mod optim;
pub mod pmf;
pub mod protocols;
pub mod replay;
pub mod returns;
pub mod state;
pub mod sum_tree;
pub mod threads;
pub mod trainer;
pub mod worker;
