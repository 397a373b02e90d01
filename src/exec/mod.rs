//! Running a plan: slots, worker processes, the supervisor between them, and what people see of it.
//!
//! | file | job |
//! | --- | --- |
//! | `reactor` | decisions, pure: events in, actions out |
//! | `supervisor` | carries them out: channels, workers, deadlines |
//! | `recorder` | writes down what becomes of trials |
//! | `process` | one worker process: its environment, its pipes, its end |
//! | `slots` | where workers may run |
//! | [`slurm`] | the same on a cluster |
//! | `event`, `display` | what happens, and how it is shown |
//! | `provenance` | what code and machine a trial ran on: `source_tree` |

mod display;
mod event;
mod process;
mod provenance;
mod reactor;
mod recorder;
mod slots;
pub mod slurm;
mod source_tree;
mod supervisor;

pub use display::{bars, json_lines, lines, silent};
pub use event::{Event, Label, Observer};
pub use process::find_worker;
pub use recorder::Outcome;
pub use slots::{Slot, cpu_slots};
pub use source_tree::SourceTree;
pub use supervisor::{Options, execute};
