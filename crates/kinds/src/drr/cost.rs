//! What a training takes: seconds, good enough to start the longest first and to weigh a progress bar, and bytes of a
//! GPU's memory, always with some to spare.

use drr_core::spec::Settings;

use super::DrrSpec;
use crate::kind::typed;

/// One update at the slides' widths (k = 100, minibatches of 64) on one core, in seconds.
pub const UPDATE: f64 = 0.007;

/// Expected seconds on one core.
pub(super) fn seconds(settings: &Settings) -> f64 {
    let drr: DrrSpec = typed(settings);
    let updates = drr.train_steps.saturating_sub(drr.learning_starts) as f64;
    let steps = drr.train_steps as f64 * 0.000_2;
    0.2 + steps + updates * UPDATE * relative_work(&drr)
}

/// Work of one update relative to the slides' network.
fn relative_work(drr: &DrrSpec) -> f64 {
    let layers = |widths: &[u64]| widths.windows(2).map(|pair| (pair[0] * pair[1]) as f64).sum::<f64>();
    let weights = layers(&drr.actor_hidden) + layers(&drr.critic_hidden);
    (0.05 + 0.95 * weights / 370_000.0) * (drr.batch_size as f64 / 64.0)
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
        let base = network_bytes(&drr, 100);
        assert!((8 << 20..64 << 20).contains(&base), "{base}");
        assert!(network_bytes(&drr, 200) > base);
        assert!(network_bytes(&DrrSpec { batch_size: 2 * drr.batch_size, ..drr.clone() }, 100) > base);
        assert!(network_bytes(&DrrSpec { actor_hidden: vec![4096], ..drr }, 100) > base);
    }
}
