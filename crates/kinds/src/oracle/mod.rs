//! Knows every answer beforehand and takes the best, or the worst: no policy does better, or worse, at one step.

use crate::kind::{Chooses, Extreme, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// Both policies.
pub static KINDS: &[&Kind] = &[&BEST, &WORST];

static BEST: Kind = Kind {
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
        chooses: Chooses::Answers(Extreme::Best),
        style: Some(Style { colour: (0x99, 0x99, 0x99), dashes: &[12.0, 3.0], marker: Marker::Down }),
    }),
};

static WORST: Kind = Kind {
    name: "worst",
    title: "worst order",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 51,
        model: None,
        adapts: false,
        by_default: false,
        competes: false,
        effort: |_, _| Effort { once: 0.0, each: 1e-6 },
        chooses: Chooses::Answers(Extreme::Worst),
        style: Some(Style { colour: (0xbb, 0xbb, 0xbb), dashes: &[2.0, 3.0], marker: Marker::Cross }),
    }),
};
