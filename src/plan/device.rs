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
    /// Bytes of the vectors of one model that a trial stands on.
    pub vectors: u64,
    /// How many different models trials of its stage stand on: a cohort holds those of its members.
    pub models: u64,
    /// Whether it is one of networks, which can divide its work among cores.
    pub is_network: bool,
}

impl DeviceNeeds {
    /// Bytes of so many trials together.
    pub fn of(&self, trials: usize) -> u64 {
        let trials = trials as u64;
        CONTEXT + self.models.min(trials) * self.vectors + trials.div_ceil(self.block) * self.bytes
    }

    /// How many trials fit into so many bytes.
    pub fn fitting(&self, bytes: u64) -> u64 {
        let (left, own) = (bytes.saturating_sub(CONTEXT), self.bytes.max(1));
        // More trials than there are models share those; of fewer each has its own.
        let sharing = left.saturating_sub(self.models * self.vectors) / own * self.block;
        if sharing >= self.models {
            return sharing;
        }
        let block = own + self.block * self.vectors;
        let (blocks, rest) = (left / block, left % block);
        let more = if rest > own { ((rest - own) / self.vectors.max(1)).min(self.block - 1) } else { 0 };
        blocks * self.block + more
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
                true => DeviceNeeds { on, block, bytes: block * own, vectors, models, is_network: true },
                false => DeviceNeeds { on, block: 1, bytes: own + tables, vectors: 0, models: 0, is_network: false },
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
            let on = if is_network { Needs::Gpu } else { Needs::Core };
            DeviceNeeds { on, block: 1, bytes, vectors, models: 1, is_network }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_take_room_by_blocks_and_hold_the_vectors_of_their_models() {
        let need = DeviceNeeds { on: Needs::Gpu, block: 16, bytes: 1000, vectors: 50, models: 2, is_network: true };
        assert_eq!([1, 2, 16, 17].map(|trials| need.of(trials) - CONTEXT), [1050, 1100, 1100, 2100]);
        assert_eq!([1049, 1050, 1099, 1100, 2100].map(|bytes| need.fitting(CONTEXT + bytes)), [0, 1, 1, 16, 32]);
        // Of many models a cohort holds no more than it has members.
        let many = DeviceNeeds { models: 1000, ..need };
        assert_eq!([1051, 1100, 1800, 3701].map(|bytes| many.fitting(CONTEXT + bytes)), [1, 2, 16, 32]);
        for bytes in (0..40_000).step_by(7) {
            for need in [need, many] {
                let trials = need.fitting(CONTEXT + bytes) as usize;
                assert!(trials == 0 || need.of(trials) <= CONTEXT + bytes, "{trials} trials in {bytes}");
            }
        }
    }
}
