//! What a trial may take, from its spec and the size of its ratings: seconds, good enough to start the longest first and to weigh a progress
//! bar.

use drr_core::TrialSpec;
use drr_kinds::kind::Role;
use drr_kinds::{DataSize, KindOf as _, Work};

/// The size of a dataset that nothing is known of: that of MovieLens 100K.
pub const USUAL: DataSize = DataSize { users: 943, items: 1_682, ratings: 100_000 };

/// Expected seconds on one core, but for a factor that is the machine's; `upstream` is what it stands on.
pub fn seconds(spec: &TrialSpec, upstream: &[&TrialSpec], data: DataSize) -> f64 {
    let work = Work { settings: &spec.settings, upstream, data };
    match spec.kind().role {
        Role::Model(model) => (model.seconds)(&work),
        Role::Measure(measure) => {
            let policy = spec.policy_kind().and_then(|kind| kind.policy());
            policy.map_or(0.0, |policy| (measure.seconds)(&work, policy))
        }
        Role::Policy(_) => 0.0,
    }
}
