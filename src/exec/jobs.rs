//! A plan's trials as the reactor sees them.

use std::collections::{BTreeSet, HashMap};

use super::reactor::Job;
use super::slots::{Slot, place};
use crate::plan::{CohortKey, DeviceNeeds, Needs, Plan, cohort};

/// One job a task, in the plan's order, as they run in these slots; `needs` are what they take of a GPU, where there are some.
pub(super) fn jobs(plan: &Plan, slots: &[Slot], needs: &[DeviceNeeds]) -> Vec<Job> {
    let seeds: BTreeSet<u64> = plan.tasks.iter().map(|task| task.trial.spec.seed.0).collect();
    let replicates: HashMap<u64, u32> = seeds.into_iter().zip(0..).collect();
    let mut groups: HashMap<CohortKey, u32> = HashMap::new();
    let job = |(index, task): (usize, &crate::plan::Task)| {
        let next = groups.len() as u32;
        Job {
            needs: place(slots, needs.get(index).map_or(Needs::Core, |needs| needs.on)),
            short: task.trial.id.short(),
            stage: task.stage,
            replicate: replicates[&task.trial.spec.seed.0],
            cost: task.cost,
            group: cohort(task).map(|key| *groups.entry(key).or_insert(next)),
            upstream: task.upstream.clone(),
            status: task.status,
        }
    };
    plan.tasks.iter().enumerate().map(job).collect()
}
