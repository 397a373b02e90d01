//! drr-lab: sweeps of seeded PMF and DRR training jobs, recorded to the bit.
//!
//! By floor, imports going down only (`tests/suite/layering.rs` checks it):
//!
//! | module | floor | job |
//! | --- | --- | --- |
//! | [`cli`] | 7 | one file a verb; wires everything, decides nothing |
//! | [`live`] | 6 | what is recorded, shown in a browser while it grows |
//! | [`report`] | 5 | tables, plots, HTML |
//! | [`paper`] | 4 | a paper's tables, and what becomes of each cell |
//! | [`rows`] | 4 | a sweep as rows for other programs |
//! | [`bundle`] | 4 | a sweep as one archive: out and in |
//! | [`audit`] | 4 | integrity, replay, comparison: can a number be trusted |
//! | [`gate`] | 4 | regression gates: recorded sweeps against a baseline, and a verdict |
//! | [`exec`] | 3 | supervisor (I/O), reactor (pure decisions), slots, worker processes |
//! | [`study`] | 3 | which trials belong together |
//! | [`store`] | 2 | the only SQL |
//! | [`plan`] | 2 | stages, what is found, what is to run |
//! | [`sweep`] | 1 | the sweep file, its axes, its expansion into trial specs |
//! | [`error`] | 0 | one error type for users |
//! | [`neutral`] | 0 | text that others wrote, made harmless for where it is shown |

// First, for its macros.
#[macro_use]
pub mod neutral;

pub mod audit;
pub mod bundle;
pub mod cli;
pub mod error;
pub mod exec;
pub mod gate;
pub mod live;
pub mod paper;
pub mod plan;
pub mod report;
pub mod rows;
pub mod store;
pub mod study;
pub mod sweep;
