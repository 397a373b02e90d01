//! How much of a GPU's memory a trial may take: good enough to decide how many fit, always with some to spare.

use drr_core::TrialSpec;
use drr_core::spec::{DrrSpec, Job};

/// What a process takes before it computes: CUDA's context and libtorch's kernels, bytes.
pub const CONTEXT: u64 = 600 << 20;

/// What trials take that train no recommender, bytes: tables of factors and batches of users.
const OTHERS: u64 = 512 << 20;

/// Bytes of a GPU's memory beside [`CONTEXT`]; `k` is the length of the item vectors it stands on.
pub fn device_bytes(spec: &TrialSpec, k: u64) -> u64 {
    match &spec.job {
        Job::Drr(job) => recommender(&job.drr, k),
        Job::Pmf(_) | Job::Eval(_) => OTHERS,
    }
}

/// Networks, targets, gradients and Adam's two moments; the activations of a batch and their gradients, there and back;
/// half as much again for what an allocator leaves between.
fn recommender(drr: &DrrSpec, k: u64) -> u64 {
    let (state, action) = (drr.state_size(k), drr.action_size(k));
    let weights = |input: u64, widths: &[u64], output: u64| {
        let layers: Vec<u64> = [&[input], widths, &[output]].concat();
        layers.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum::<u64>()
    };
    let parameters = weights(state, &drr.actor_hidden, action) + weights(state + action, &drr.critic_hidden, 1);
    let widths = drr.actor_hidden.iter().chain(&drr.critic_hidden).sum::<u64>() + 2 * (state + action);
    let floats = 5 * parameters + 8 * drr.batch_size * (widths + drr.history * k);
    6 * floats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slides_network_takes_some_megabytes_and_grows_with_its_parts() {
        let mut drr = DrrSpec::default();
        drr.resolve(100);
        let base = recommender(&drr, 100);
        assert!((8 << 20..64 << 20).contains(&base), "{base}");
        assert!(recommender(&drr, 200) > base);
        assert!(recommender(&DrrSpec { batch_size: 2 * drr.batch_size, ..drr.clone() }, 100) > base);
        assert!(recommender(&DrrSpec { actor_hidden: vec![4096], ..drr }, 100) > base);
    }
}
