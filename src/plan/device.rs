//! What trials take of a GPU, and which are computed on one: from their specs and the size of their ratings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::protocol::BLOCK;
use drr_core::{TrialId, TrialSpec};
use drr_kinds::kind::{Chooses, Role};
use drr_kinds::{DataSize, KindOf as _, Stage, Work};

use super::{Plan, Sizes, Task};

/// What a process takes of a GPU's memory before it computes: CUDA's context and libtorch's kernels, bytes.
pub const CONTEXT: u64 = 600 << 20;

/// What evaluations take beside their networks, bytes: batches of users.
const EVALUATION: u64 = 512 << 20;

/// What a trial is computed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// A core, whatever else there is.
    Core,
    /// A GPU where there are some, else a core.
    Gpu,
}

/// What a trial takes of a GPU beside [`CONTEXT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceNeeds {
    /// What it is computed on.
    pub on: Needs,
    /// How many trials take the room of one that is alone.
    pub block: u64,
    /// Bytes of a block, or of the one trial.
    pub bytes: u64,
    /// Bytes that all trials of a cohort share: the vectors of every model that any of them stands on.
    pub shared: u64,
}

impl DeviceNeeds {
    /// Bytes of so many trials together.
    pub fn of(&self, trials: usize) -> u64 {
        CONTEXT + self.shared + (trials as u64).div_ceil(self.block) * self.bytes
    }

    /// How many trials fit into so many bytes.
    pub fn fitting(&self, bytes: u64) -> u64 {
        bytes.saturating_sub(CONTEXT + self.shared) / self.bytes.max(1) * self.block
    }
}

/// What each trial of a plan takes.
pub fn device_needs(plan: &Plan, data: &Path) -> Vec<DeviceNeeds> {
    let sizes = Sizes::new(data);
    let mut below: BTreeMap<Stage, BTreeSet<TrialId>> = BTreeMap::new();
    for task in &plan.tasks {
        below.entry(task.stage).or_default().extend(task.trial.spec.upstream());
    }
    let need = |task: &Task| {
        let upstream: Vec<&TrialSpec> = task.upstream.iter().map(|&above| &plan.tasks[above].trial.spec).collect();
        let size = sizes.of_trial(&task.trial.spec).unwrap_or_default();
        of_trial(&task.trial.spec, &upstream, size, below[&task.stage].len() as u64)
    };
    plan.tasks.iter().map(need).collect()
}

/// What a trial takes whose stage stands on so many different models.
fn of_trial(spec: &TrialSpec, upstream: &[&TrialSpec], size: DataSize, models: u64) -> DeviceNeeds {
    let below: Vec<_> = upstream.iter().map(|spec| &spec.settings).collect();
    let work = Work { settings: &spec.settings, upstream, data: size };
    let vectors = 4 * work.factors() * size.names();
    match spec.kind().role {
        Role::Model(model) => {
            let (own, block) = ((model.device_bytes)(&spec.settings, &below), BLOCK as u64);
            let on = if (model.on_device)(&work) { Needs::Gpu } else { Needs::Core };
            let tables = 12 * spec.settings.whole("k").unwrap_or_default() * size.names();
            match model.together {
                true => DeviceNeeds { on, block, bytes: block * own, shared: models * vectors },
                false => DeviceNeeds { on, block: 1, bytes: own + tables, shared: 0 },
            }
        }
        Role::Measure(_) | Role::Policy(_) => {
            let of_networks = |policy: &drr_kinds::kind::PolicyRole| matches!(policy.chooses, Chooses::Networks);
            let is_network = spec.policy_kind().and_then(|kind| kind.policy()).is_some_and(of_networks);
            let networks = |spec: &&TrialSpec| {
                spec.kind()
                    .model()
                    .filter(|model| model.together)
                    .map_or(0, |model| (model.device_bytes)(&spec.settings, &below))
            };
            // Its repeats learn side by side.
            let bytes = EVALUATION + BLOCK as u64 * upstream.iter().map(networks).sum::<u64>();
            DeviceNeeds { on: if is_network { Needs::Gpu } else { Needs::Core }, block: 1, bytes, shared: vectors }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_take_room_by_blocks_and_share_vectors() {
        let need = DeviceNeeds { on: Needs::Gpu, block: 16, bytes: 1000, shared: 50 };
        assert_eq!([1, 16, 17].map(|trials| need.of(trials) - CONTEXT), [1050, 1050, 2050]);
        assert_eq!([1049, 1050, 2049, 2050].map(|bytes| need.fitting(CONTEXT + bytes)), [0, 16, 16, 32]);
    }
}
