//! Initial parameters: orthogonal weights (Saxe et al. 2014), zero biases, and w that starts as the plain mean of the
//! history for state `ave` (1/n) and as the plain embeddings for `p` and `u` (1).

use drr_core::Seed;
use drr_core::seed::Stream;
use drr_kinds::drr::StateKind;

use super::orthogonal::orthogonal;
use super::shapes::{Layout, Shapes};

/// A member's initial actor parameters. Where its output is added to a base its last layer starts at 0, and so does the output.
pub fn actor(layout: &Layout, shapes: &Shapes, seed: Seed) -> Vec<f32> {
    let mut values = network(layout, &mut seed.stream("init/actor"));
    if let (true, Some(last)) = (shapes.departure.base > 0, layout.layers.last()) {
        values[last.weight_at..last.bias_at].fill(0.0);
    }
    let weight = match shapes.kind {
        StateKind::Ave => 1.0 / layout.state_weights as f32,
        StateKind::P | StateKind::U | StateKind::N => 1.0,
    };
    values[layout.state_weight_at..].fill(weight);
    values
}

/// A member's initial critic parameters, by the stream's name: `init/critic`, or `init/twin` of a second one.
pub fn critic(layout: &Layout, seed: Seed, stream: &str) -> Vec<f32> {
    network(layout, &mut seed.stream(stream))
}

fn network(layout: &Layout, stream: &mut Stream) -> Vec<f32> {
    let mut values = vec![0.0; layout.size];
    for layer in &layout.layers {
        let weight = &mut values[layer.weight_at..layer.bias_at];
        weight.copy_from_slice(&orthogonal(layer.inputs, layer.outputs, stream));
    }
    values
}
