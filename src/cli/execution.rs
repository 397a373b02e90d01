//! How a sweep runs: options over the file's `[execution]` over what is usual.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::error::Result;
use crate::exec::{self, CoreRequest, Gpus, Inventory, MemoryBudget, Rules, Slot, SlotRequest};
use crate::sweep::Execution;

/// Options of `sweep` that say how it runs.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How it runs (over the file's [execution])")]
pub struct Choices {
    /// Workers at a time [default: one a GPU, and one a core that is left, as far as memory goes].
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// GPUs to use: `auto` (those there are, else cores), `all` (one at least), `none`, or their places in PCI order, such
    /// as 0,2 [default: auto, if there is a worker for them].
    #[arg(long, value_name = "LIST")]
    gpus: Option<Gpus>,
    /// The part of a GPU one worker takes; 0.5 puts two workers on each [default: 1].
    #[arg(long, value_name = "SHARE", value_parser = share)]
    gpu_share: Option<f64>,
    /// Cores that one worker computes on, with the same bits [default: 1, and those that would idle].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Trials to train together in one process [default: 1 on CPUs, on GPUs as many as fit].
    #[arg(long, value_name = "N")]
    cohort: Option<NonZeroUsize>,
    /// How often an attempt is repeated that was lost to a crash or a full disk [default: 2].
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Longest time of one trial [default: no limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<f64>,
    /// Longest silence of a worker [default: 1800].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    stall_timeout: Option<f64>,
    /// End the sweep when so many trials have failed.
    #[arg(long, value_name = "N")]
    max_failures: Option<NonZeroUsize>,
}

/// Choices resolved for one sweep.
pub(super) struct Resolved {
    /// Where workers run.
    pub slots: Vec<Slot>,
    /// Cores that workers compute on.
    pub cores: CoreRequest,
    /// Who says how many there are.
    count: SlotCount,
    /// GPUs that are left alone for want of a worker.
    pub idle_gpus: usize,
    /// Trials to train together, if it was said.
    pub cohort: Option<usize>,
    /// Patience.
    pub rules: Rules,
    /// What was said and holds for this machine's workers alone, by the names of the settings.
    pub local: Vec<&'static str>,
}

/// Who says how many slots there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlotCount {
    Asked,
    Usual,
}

impl Resolved {
    /// What is to be said about GPUs that nobody uses.
    pub fn about_gpus(&self, of_commands: bool) -> Option<String> {
        (self.idle_gpus > 0).then(|| {
            if of_commands {
                return format!(
                    "{} GPUs are left alone; --gpus all gives each to one command at a time",
                    self.idle_gpus
                );
            }
            format!("{} GPUs are left alone: no worker can use them; {}", self.idle_gpus, exec::GPU_WORKER_MEND)
        })
    }

    /// The slots, no more than memory allows unless so many were asked for.
    pub fn slots_within(&self, budget: &MemoryBudget) -> Vec<Slot> {
        let mut slots = self.slots.clone();
        if self.count == SlotCount::Usual {
            budget.keep_fitting(&mut slots);
        }
        slots
    }
}

/// The machine's devices, looked for once.
pub(super) fn inventory() -> Arc<dyn Inventory> {
    Arc::new(exec::machine())
}

impl Choices {
    /// What holds for a sweep whose file says `file`.
    pub fn resolve(&self, file: &Execution, worker: Option<&Path>, inventory: &dyn Inventory) -> Result<Resolved> {
        let usual = Rules::default();
        let time = |chosen: Option<f64>, file: Option<f64>| chosen.or(file).map(Duration::from_secs_f64);
        let rules = Rules {
            retries: self.retries.or(file.retries).unwrap_or(usual.retries),
            backoff: time(None, file.backoff).unwrap_or(usual.backoff),
            timeout: time(self.timeout, file.timeout),
            stall_timeout: time(self.stall_timeout, file.stall_timeout).unwrap_or(usual.stall_timeout),
            grace: time(None, file.grace).unwrap_or(usual.grace),
            max_failures: self.max_failures.map(NonZeroUsize::get).or(file.max_failures),
        };
        // Where nobody asked for GPUs, those that no worker can use are no reason to stop.
        let can_use = worker.is_some() || exec::gpu_worker().is_some();
        let idle_gpus = if self.gpus.is_none() && !can_use { inventory.gpus().len() } else { 0 };
        let request = SlotRequest {
            gpus: self.gpus.clone().unwrap_or(if can_use { Gpus::Auto } else { Gpus::None }),
            gpu_share: self.gpu_share.or(file.gpu_share).unwrap_or(1.0),
            jobs: self.jobs,
            threads: self.threads,
        };
        let slots = exec::slots(&request, inventory)?;
        // Never more than so many workers would have.
        let machine = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let all = self.jobs.map_or_else(machine, NonZeroUsize::get);
        let cores = CoreRequest { all, each: self.threads.map(NonZeroUsize::get) };
        let cohort = self.cohort.map(NonZeroUsize::get).or(file.cohort);
        let count = if self.jobs.is_some() { SlotCount::Asked } else { SlotCount::Usual };
        Ok(Resolved { slots, cores, count, idle_gpus, cohort, rules, local: self.local(file) })
    }

    /// What is said, here or in the file, that a cluster's own settings decide.
    fn local(&self, file: &Execution) -> Vec<&'static str> {
        let said = [
            ("timeout", self.timeout.or(file.timeout).is_some()),
            ("stall_timeout", self.stall_timeout.or(file.stall_timeout).is_some()),
            ("grace", file.grace.is_some()),
            ("backoff", file.backoff.is_some()),
            ("gpu_share", self.gpu_share.or(file.gpu_share).is_some()),
            ("gpus", self.gpus.is_some()),
            ("jobs", self.jobs.is_some()),
            ("threads", self.threads.is_some()),
        ];
        said.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
    }
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0 and up to 1".to_owned()),
    }
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e9 => Ok(seconds),
        _ => Err("expected seconds, more than 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        choices: Choices,
    }

    fn resolved(line: &str, file: &Execution) -> Resolved {
        let line =
            CommandLine::try_parse_from(std::iter::once("test").chain(line.split_whitespace())).expect("options");
        line.choices.resolve(file, None, &exec::machine()).expect("slots")
    }

    #[test]
    fn options_win_over_the_file_and_the_file_over_what_is_usual() {
        let file = Execution { retries: Some(5), timeout: Some(60.0), cohort: Some(4), ..Execution::default() };
        let it = resolved("--gpus none --jobs 3 --timeout 0.5", &file);
        assert_eq!((it.slots.len(), it.cohort, it.rules.retries), (3, Some(4), 5));
        assert_eq!(it.rules.timeout, Some(Duration::from_millis(500)));
        assert_eq!(it.rules.stall_timeout, Rules::default().stall_timeout);
        let it = resolved("--gpus none --retries 0 --cohort 2 --max-failures 9", &Execution::default());
        assert_eq!((it.cohort, it.rules.retries, it.rules.max_failures), (Some(2), 0, Some(9)));
    }

    /// A machine with two GPUs.
    #[derive(Debug)]
    struct TwoGpus;

    impl Inventory for TwoGpus {
        fn gpus(&self) -> Vec<exec::Gpu> {
            let gpu = |index| exec::Gpu {
                index,
                card: index,
                name: "a GPU".to_owned(),
                uuid: String::new(),
                total: 1,
                free: 1,
            };
            vec![gpu(0), gpu(1)]
        }

        fn free(&self, _: u32) -> Option<u64> {
            Some(1)
        }

        fn driver(&self) -> String {
            "a driver".to_owned()
        }

        fn memory(&self) -> Option<exec::HostMemory> {
            None
        }

        fn memory_kills(&self) -> exec::MemoryKills {
            exec::MemoryKills::default()
        }
    }

    #[test]
    fn gpus_that_no_worker_can_use_are_left_alone_unless_they_are_asked_for() {
        assert_eq!(exec::gpu_worker(), None, "the tests lie where no worker for GPUs does");
        let resolved = |line: &str, worker: Option<&Path>| {
            let line = CommandLine::try_parse_from(std::iter::once("test").chain(line.split_whitespace()));
            line.expect("options").choices.resolve(&Execution::default(), worker, &TwoGpus).expect("slots")
        };
        let it = resolved("--jobs 1", None);
        assert_eq!(it.slots, [Slot::Cpu]);
        assert!(it.about_gpus(false).is_some_and(|said| said.starts_with("2 GPUs are left alone")));
        for (line, worker) in [("", Some(Path::new("a-worker"))), ("--gpus all", None)] {
            let it = resolved(line, worker);
            let on_gpus = it.slots.iter().filter(|slot| **slot != Slot::Cpu).count();
            assert_eq!((on_gpus, it.about_gpus(false)), (2, None), "{line}");
        }
        assert_eq!(resolved("--gpus none --jobs 1", None).about_gpus(false), None);
    }

    #[test]
    fn what_a_cluster_decides_by_itself_is_named_where_it_is_said() {
        let file = Execution { timeout: Some(60.0), grace: Some(1.0), retries: Some(5), ..Execution::default() };
        assert_eq!(resolved("--stall-timeout 9 --jobs 2", &file).local, ["timeout", "stall_timeout", "grace", "jobs"]);
        assert!(resolved("--cohort 2 --retries 1", &Execution::default()).local.is_empty());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--gpu-share 0", "--gpu-share 2", "--timeout 0", "--cohort 0", "--gpus 1,x"] {
            assert!(
                CommandLine::try_parse_from(std::iter::once("test").chain(line.split_whitespace())).is_err(),
                "{line}"
            );
        }
    }
}
