//! Knows every answer beforehand and takes the best: no policy does better at one step.

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "oracle",
    title: "oracle",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 50,
        model: None,
        adapts: false,
        by_default: true,
        competes: false,
        effort: |_, _| Effort { once: 0.0, each: 1e-6 },
        chooses: Chooses::Answers,
        style: Some(Style { colour: (0x99, 0x99, 0x99), dashes: &[12.0, 3.0], marker: Marker::Down }),
    }),
};
