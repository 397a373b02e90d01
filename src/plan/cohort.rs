//! Which trials can be trained together: those of one kind on the same ratings whose models have the same shapes and that
//! take the same steps.

use std::collections::HashMap;

use drr_core::Digest;
use drr_core::spec::Varies;
use drr_kinds::KindOf as _;
use serde_json::Value;

use super::Task;

/// What all members of a cohort share; seeds and whatever else varies freely may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CohortKey {
    kind: &'static str,
    dataset: Option<Digest>,
    settings: Vec<Option<Value>>,
    /// What the models below give them their shape by.
    below: Option<u64>,
}

/// The cohort a trial can be part of; `None` for trials that run alone.
pub fn cohort(task: &Task) -> Option<CohortKey> {
    let spec = &task.trial.spec;
    let kind = spec.kind();
    kind.model().filter(|model| model.together)?;
    let shared = kind.fields.iter().filter(|field| field.varies != Varies::Freely);
    let settings = shared.map(|field| spec.settings.get(field.name).cloned()).collect();
    let dataset = spec.dataset().map(|it| it.fingerprint);
    Some(CohortKey { kind: kind.name, dataset, settings, below: task.shaped_by })
}

/// How many programs some trials make: those of one key in cohorts of up to `most` (of so many members), others one
/// each.
pub fn cohorts<'a>(tasks: impl Iterator<Item = &'a Task>, most: impl Fn(usize) -> usize) -> usize {
    let (mut members, mut alone) = (HashMap::<CohortKey, usize>::new(), 0);
    for task in tasks {
        match cohort(task) {
            Some(key) => *members.entry(key).or_default() += 1,
            None => alone += 1,
        }
    }
    members.into_values().map(|members| members.div_ceil(most(members).max(1))).sum::<usize>() + alone
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::made_up::expanded;
    use super::super::{FailedBefore, Plan, Sizes};
    use super::*;

    #[test]
    fn trials_on_factorisations_of_other_sizes_are_never_trained_together() {
        let count = |pmf: &str, drr: &str| {
            let text = format!("dataset = \"ml-100k\"\nseeds = 3\nbaselines = []\n[pmf]\n{pmf}\n[drr]\n{drr}");
            let plan =
                Plan::new(&expanded(&text, &[]), Path::new("/nowhere"), &Sizes::of_recipes(), FailedBefore::Skip);
            let is_drr = |task: &&Task| task.trial.spec.kind.as_str() == "drr";
            cohorts(plan.tasks.iter().filter(is_drr), |_| 64)
        };
        assert_eq!(count("k = 50", "tau = [0.1, 0.2]"), 1, "seeds and rates may differ");
        assert_eq!(count("k = [50, 100]", ""), 2);
        assert_eq!(count("k = [50, 100]", "actor_hidden = []\ncritic_hidden = []"), 2);
        assert_eq!(count("lr = [0.001, 0.002]", ""), 1, "models of one size may differ");
    }
}
