//! Uniform choice: what a policy is worth that knows nothing.

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::ranking::StaticRanking;
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "random",
    title: "random",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 40,
        model: None,
        adapts: false,
        by_default: true,
        competes: true,
        effort: |_, _| Effort::default(),
        chooses: Chooses::Ranking(|_| Ok(StaticRanking::Uniform)),
        style: Some(Style { colour: (0x57, 0x60, 0x6a), dashes: &[2.0, 4.0], marker: Marker::Bar }),
    }),
};
