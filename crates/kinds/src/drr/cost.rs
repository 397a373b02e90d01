//! What a training takes: seconds, good enough to start the longest first and to weigh a progress bar, and bytes of a
//! GPU's memory, always with some to spare.

use drr_core::spec::Settings;

use super::DrrSpec;
use crate::kind::typed;
use crate::work::{Candidates, DataSize, Effort, Work};

/// Expected seconds on one core: the start of the weights, steps, and updates by their products.
pub(super) fn seconds(work: &Work<'_>) -> f64 {
    let drr: DrrSpec = typed(work.settings);
    let k = work.factors();
    let updates = drr.train_steps.saturating_sub(drr.learning_starts) as f64;
    let (actor, critic) = parameters(&drr, k);
    let start = 0.002 + 1.1e-7 * (actor + critic) as f64;
    start + drr.train_steps as f64 * step(work.data, k) + updates * update(&drr, k)
}

/// What it takes of an evaluation: offline its actor answers, online it takes a step and learns from it.
pub(super) fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let drr: DrrSpec = work.of("drr");
    let k = work.factors();
    let each = match candidates {
        Candidates::Rated => 2e-11 * parameters(&drr, k).0 as f64,
        Candidates::All => step(work.data, k) + update(&drr, k),
    };
    Effort { once: 0.0, each }
}

/// A step scores all items.
fn step(data: DataSize, k: u64) -> f64 {
    1.5e-5 + 2.2e-10 * (k * data.items) as f64
}

/// An update multiplies a batch by every weight, there and back.
fn update(drr: &DrrSpec, k: u64) -> f64 {
    let (actor, critic) = parameters(drr, k);
    2.5e-5 + 3e-9 * (actor + critic) as f64 * (drr.batch_size as f64 / 64.0)
}

/// The parameters of actor and critic.
fn parameters(drr: &DrrSpec, k: u64) -> (u64, u64) {
    let (state, action) = (drr.state_size(k), drr.action_size(k));
    let weights = |input: u64, widths: &[u64], output: u64| {
        let layers: Vec<u64> = [&[input], widths, &[output]].concat();
        layers.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum::<u64>()
    };
    (weights(state, &drr.actor_hidden, action), drr.critics * weights(state + action, &drr.critic_hidden, 1))
}

/// Bytes of a GPU's memory beside a process's own.
pub(super) fn device_bytes(settings: &Settings, upstream: &[&Settings]) -> u64 {
    let k = upstream.first().and_then(|model| model.whole("k")).unwrap_or_default();
    network_bytes(&typed(settings), k)
}

/// Bytes of the machine's memory beside the ratings: the vectors it stands on, its networks, what its buffer comes to hold.
pub(super) fn host_bytes(settings: &Settings, upstream: &[&Settings], names: u64) -> u64 {
    let drr: DrrSpec = typed(settings);
    let k = upstream.first().and_then(|model| model.whole("k")).unwrap_or_default();
    let transition = 8 * drr.history + 4 * drr.action_size(k) + 32;
    4 * k * names + network_bytes(&drr, k) + drr.replay_capacity.min(drr.train_steps) * transition
}

/// Networks, targets, gradients and Adam's two moments; the activations of a batch and their gradients, there and back;
/// half as much again for what an allocator leaves between.
fn network_bytes(drr: &DrrSpec, k: u64) -> u64 {
    let (state, action) = (drr.state_size(k), drr.action_size(k));
    let (actor, critic) = parameters(drr, k);
    let parameters = actor + critic;
    let widths = drr.actor_hidden.iter().chain(&drr.critic_hidden).sum::<u64>() + 2 * (state + action);
    let floats = 5 * parameters + 8 * drr.batch_size * (widths + drr.history * k);
    6 * floats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slides_network_takes_some_megabytes_and_grows_with_its_parts() {
        let mut drr = DrrSpec::published();
        drr.resolve(100);
        let base = network_bytes(&drr, 100);
        assert!((8 << 20..64 << 20).contains(&base), "{base}");
        assert!(network_bytes(&drr, 200) > base);
        assert!(network_bytes(&DrrSpec { batch_size: 2 * drr.batch_size, ..drr.clone() }, 100) > base);
        assert!(network_bytes(&DrrSpec { actor_hidden: vec![4096], ..drr }, 100) > base);
    }
}
