//! Recommends what the user is known to like: what a protocol is worth that leaves the history among the candidates.

mod ranking;

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "repeat-history",
    title: "repeated history",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 35,
        model: None,
        adapts: false,
        by_default: true,
        competes: false,
        // A pass over the ratings.
        effort: |work, _| Effort { once: 4e-9 * work.data.ratings as f64, each: 0.0 },
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0xd5, 0x5e, 0x00), dashes: &[1.0, 3.0], marker: Marker::Square }),
    }),
};
