//! The optimal plan of a small made-up world, by value iteration.

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "optimum",
    title: "optimal plan",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 52,
        model: None,
        adapts: false,
        by_default: false,
        competes: false,
        effort: |_, _| Effort { once: 0.0, each: 1e-6 },
        chooses: Chooses::Plan,
        style: Some(Style { colour: (0x1b, 0x1f, 0x24), dashes: &[12.0, 3.0], marker: Marker::Square }),
    }),
};
