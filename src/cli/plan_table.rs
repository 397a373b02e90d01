//! What `--dry-run` shows: stages, trials to run and found, and how long it may take.

use std::collections::{BTreeMap, HashMap};

use drr_core::{Status, TrialId};
use serde_json::{Value, json};

use super::execution::Resolved;
use super::{OutputFormat, plan_trials};
use crate::error::Result;
use crate::exec::{MemoryBudget, MemoryFigures, Slot};
use crate::neutral;
use crate::plan::{Outlook, Plan, Sizes, StageCount, Task, Timings, cohorts};
use crate::store::Store;
use crate::sweep::Sweep;

/// Past trials that estimates are made from.
const PAST: usize = 2_000;

/// How much of a plan is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// The stages.
    Stages,
    /// Every trial, resolved.
    Trials,
}

/// A plan and what is known beside it.
pub(super) struct PlanTable<'a> {
    pub sweep: &'a Sweep,
    pub plan: &'a Plan,
    pub slots: usize,
    /// Most trials of one program.
    cohort: Option<usize>,
    timings: Timings,
    elsewhere: HashMap<TrialId, Vec<String>>,
    outlook: Option<&'a Outlook>,
    /// What the machine's memory is enough for, where trials run on its cores.
    memory: Option<MemoryFigures>,
    /// Slots there were without regard to memory.
    wanted: usize,
}

impl<'a> PlanTable<'a> {
    /// Reads from the database, where there is one, what past trials took and which sweeps hold them.
    pub fn new(
        sweep: &'a Sweep,
        plan: &'a Plan,
        resolved: &Resolved,
        budget: &MemoryBudget,
        (store, sizes): (Option<&Store>, &Sizes),
    ) -> Result<Self> {
        let (timings, elsewhere) = match store {
            Some(store) => (Timings::new(store.timings(PAST)?, sizes), store.finished_elsewhere(&sweep.name)?),
            None => Default::default(),
        };
        let (slots, wanted) = (resolved.slots_within(budget).len(), resolved.slots.len());
        // A cohort on a GPU grows to what fits, shared out over the slots.
        let on_gpus = resolved.slots.iter().any(|slot| matches!(slot, Slot::Cuda(_)));
        let cohort = resolved.cohort.or((!on_gpus).then_some(1));
        let memory = budget.figures().filter(|_| !on_gpus);
        Ok(Self { sweep, plan, slots, cohort, timings, elsewhere, memory, wanted, outlook: None })
    }

    /// Shows what the ratings have to offer as well.
    pub fn looking_out(self, outlook: &'a Outlook) -> Self {
        Self { outlook: Some(outlook), ..self }
    }

    /// The other sweeps that hold a trial that was found.
    pub fn sweeps(&self, task: &Task) -> &[String] {
        let found = task.status == Status::Finished;
        self.elsewhere.get(&task.trial.id).filter(|_| found).map_or(&[], Vec::as_slice)
    }

    /// Prints to stdout.
    pub fn print(&self, detail: Detail, output: OutputFormat) {
        match output {
            OutputFormat::Json => self.json(detail, &Value::Null),
            OutputFormat::Human | OutputFormat::Quiet => {
                self.stages();
                if detail == Detail::Trials {
                    plan_trials::print(self.plan, |task| self.sweeps(task));
                }
            }
        }
    }

    /// How many programs a stage's trials to run make.
    fn cohorts(&self, count: &StageCount) -> usize {
        cohorts(self.plan.to_run_of(count.stage), |members| self.cohort.unwrap_or(members.div_ceil(self.slots)))
    }

    /// Prints the stages as JSON, with more fields.
    pub fn json_with(&self, more: &Value) {
        self.json(Detail::Stages, more);
    }

    fn json(&self, detail: Detail, more: &Value) {
        let stage = |count: &StageCount| {
            let tasks = self.plan.to_run_of(count.stage);
            json!({"stage": count.stage, "to_run": count.to_run, "found": count.found, "skipped": count.skipped, "stopped": count.stopped,
                   "cohorts": self.cohorts(count), "expected_s": self.timings.together(tasks, self.slots)})
        };
        let stages: Vec<_> = self.plan.stages().iter().map(stage).collect();
        let mut plan = json!({"sweep": self.sweep.name, "axes": self.sweep.axes, "seeds": self.sweep.seeds,
            "configurations": self.sweep.configurations, "trials": self.plan.tasks.len(), "slots": self.slots,
            "stages": stages, "eligible": self.outlook.map(|it| &it.offers),
            "warnings": self.outlook.map(|it| &it.warnings), "memory": self.memory});
        for (name, value) in more.as_object().into_iter().flatten() {
            plan[name] = value.clone();
        }
        println!("{plan}");
        for task in &self.plan.tasks {
            let trial = &task.trial;
            let mut line = json!({"sweep": self.sweep.name, "trial": trial.id, "stage": task.stage,
                "seed": trial.spec.seed, "point": *trial.point, "state": task.word(), "sweeps": self.sweeps(task),
                "expected_s": self.timings.seconds(task)});
            if let Some(why) = &task.reason {
                line["why"] = json!(why);
            }
            if detail == Detail::Trials {
                line["spec"] = json!(trial.spec);
            }
            println!("{line}");
        }
    }

    fn stages(&self) {
        let Sweep { name, configurations, seeds, .. } = self.sweep;
        let s = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
        let trials = s(self.plan.tasks.len(), "trial");
        // Of a sweep of baselines alone there are no configurations to count.
        let of = match configurations {
            0 => String::new(),
            count => format!("{} × ", s(*count, "configuration")),
        };
        println!("{}: {trials} of {of}{}", neutral::line(name), s(*seeds, "seed"));
        let stages = self.plan.stages();
        let width = stages.iter().map(|count| count.stage.name().len()).max().unwrap_or(0).max(6);
        println!("{:<width$} {:>8} {:>8} {:>8} {:>8}  expected", "stage", "to run", "found", "skipped", "cohorts");
        let mut whole = Some(0.0);
        for count in stages {
            let tasks = self.plan.to_run_of(count.stage);
            let seconds = self.timings.together(tasks, self.slots);
            whole = whole.zip(seconds).map(|(whole, seconds)| whole + seconds);
            let (stage, to_run, found) = (count.stage.name(), count.to_run, count.found);
            let skipped = count.skipped + count.stopped;
            println!(
                "{stage:<width$} {to_run:>8} {found:>8} {skipped:>8} {:>8}  {}",
                self.cohorts(&count),
                expected(seconds)
            );
        }
        let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
        for task in &self.plan.tasks {
            self.sweeps(task).iter().for_each(|sweep| *shared.entry(sweep).or_default() += 1);
        }
        for (sweep, count) in shared {
            println!("found in {}: {count}", neutral::line(sweep));
        }
        for offer in self.outlook.iter().flat_map(|it| &it.offers) {
            println!("{} of {}, {}: {}", offer.measure, offer.dataset, offer.protocol.name(), offer.counts());
        }
        self.outlook.iter().flat_map(|it| &it.warnings).for_each(|line| println!("{line}"));
        if let Some(memory) = self.memory.filter(|memory| memory.workers < self.wanted as u64) {
            println!("memory: {memory}");
        }
        println!("in all: {}, on {}; nothing was started", expected(whole), s(self.slots, "slot"));
    }
}

fn expected(seconds: Option<f64>) -> String {
    match seconds {
        None => "unknown".to_owned(),
        Some(0.0) => "-".to_owned(),
        Some(seconds) if seconds < 120.0 => format!("about {:.0} s", seconds.ceil()),
        Some(seconds) if seconds < 7200.0 => format!("about {:.0} min", (seconds / 60.0).ceil()),
        Some(seconds) => format!("about {:.1} h", seconds / 3600.0),
    }
}
