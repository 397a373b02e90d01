//! Which recommenders can be trained together: those whose networks have the same shapes and that take the same steps.

use std::collections::HashMap;

use drr_core::spec::{ActionNorm, Job, Scoring, StateKind};
use drr_core::{Digest, TrialSpec};

/// What all members of a cohort share; seeds, learning rates, τ, γ, α, β, T and the ε schedule may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CohortKey {
    dataset: Digest,
    state: StateKind,
    scoring: Scoring,
    action_norm: ActionNorm,
    history: u64,
    widths: Vec<u64>,
    batch_size: u64,
    steps: [u64; 3],
}

/// The cohort a trial can be part of; `None` for trials that run alone.
pub fn cohort(spec: &TrialSpec) -> Option<CohortKey> {
    let Job::Drr(job) = &spec.job else { return None };
    let drr = &job.drr;
    Some(CohortKey {
        dataset: spec.dataset.fingerprint,
        state: drr.state,
        scoring: drr.scoring,
        action_norm: drr.action_norm,
        history: drr.history,
        widths: drr.actor_hidden.iter().chain(&drr.critic_hidden).copied().collect(),
        batch_size: drr.batch_size,
        steps: [drr.train_steps, drr.learning_starts, drr.record_every],
    })
}

/// How many programs some trials make: recommenders of one key in cohorts of up to `most` (of so many members), others
/// one each.
pub fn cohorts<'a>(specs: impl Iterator<Item = &'a TrialSpec>, most: impl Fn(usize) -> usize) -> usize {
    let (mut members, mut alone) = (HashMap::<CohortKey, usize>::new(), 0);
    for spec in specs {
        match cohort(spec) {
            Some(key) => *members.entry(key).or_default() += 1,
            None => alone += 1,
        }
    }
    members.into_values().map(|members| members.div_ceil(most(members).max(1))).sum::<usize>() + alone
}
