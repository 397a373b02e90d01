//! Running a plan: slots, worker processes, the supervisor between them, and what people see of it.
//!
//! | file | job |
//! | --- | --- |
//! | `reactor` | decisions, pure: events and the time in, actions out |
//! | `rules`, `memory_fit` | what it goes by: patience and retries, and how much fits where |
//! | `early_stop` | which trials are hopeless, pure as well |
//! | `supervisor` | carries them out: channels, workers, what they say |
//! | `signals`, `turns` | who asks to stop; time, without that in which nobody listened |
//! | `jobs` | the plan's trials as the reactor sees them |
//! | `dispatch` | prepares what a worker is given |
//! | `recorder` | writes down what becomes of trials |
//! | `worker_program` | which program a worker is |
//! | `process`, `pipes`, `worker_log` | one worker process: its environment, its pipes, its end; what it says on stderr |
//! | `slots`, `inventory`, `devices` | where workers may run, what GPUs there are, what they have free |
//! | `host_memory`, `memory_budget` | what memory the machine has, and for how many workers it is enough |
//! | [`slurm`] | the same on a cluster |
//! | `notice`, `display` | what happens, and how it is shown |
//! | `provenance` | what code and machine a trial ran on: `source_tree` |

mod devices;
mod dispatch;
mod display;
mod early_stop;
mod host_memory;
mod inventory;
mod jobs;
mod memory_budget;
mod memory_fit;
mod notice;
mod pipes;
mod process;
mod provenance;
mod reactor;
mod recorder;
mod rules;
mod signals;
mod slots;
pub mod slurm;
mod source_tree;
mod supervisor;
mod turns;
mod worker_log;
mod worker_program;

pub use display::{bars, json_lines, lines, output_is_stuck, silent, without_effect};
pub use host_memory::{HostMemory, MemoryKills, MemoryLimit};
pub use inventory::{Gpu, Inventory, machine};
pub use memory_budget::{MemoryBudget, MemoryFigures};
pub use notice::{Label, Notice, Observer, SlotState};
pub use recorder::Outcome;
pub use rules::Rules;
pub use slots::{Gpus, Slot, SlotRequest, cpu_slots, slots};
pub use source_tree::{SourceLook, SourceTree};
pub use supervisor::{CoreRequest, RunOptions, execute};
pub use worker_program::{GPU_WORKER_MEND, VERB, by_hand, find_worker, gpu_worker, is_own};
