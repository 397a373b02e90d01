//! A plan's trials as the reactor sees them.

use std::collections::{BTreeSet, HashMap};

use super::reactor::Job;
use crate::plan::{CohortKey, Plan, cohort};

/// One job a task, in the plan's order.
pub(super) fn jobs(plan: &Plan) -> Vec<Job> {
    let seeds: BTreeSet<u64> = plan.tasks.iter().map(|task| task.trial.spec.seed.0).collect();
    let replicates: HashMap<u64, u32> = seeds.into_iter().zip(0..).collect();
    let mut groups: HashMap<CohortKey, u32> = HashMap::new();
    let job = |task: &crate::plan::Task| {
        let next = groups.len() as u32;
        Job {
            short: task.trial.id.short(),
            stage: task.stage,
            replicate: replicates[&task.trial.spec.seed.0],
            cost: task.cost,
            group: cohort(task).map(|key| *groups.entry(key).or_insert(next)),
            upstream: task.upstream.clone(),
            status: task.status,
        }
    };
    plan.tasks.iter().map(job).collect()
}
