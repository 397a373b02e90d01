//! Static ranking by the number of train ratings.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::{CountedRatings, PopularitySpec};

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "popularity",
    title: "popularity",
    fields: PopularitySpec::FIELDS,
    role: Role::Policy(&PolicyRole {
        order: 30,
        model: None,
        adapts: false,
        by_default: true,
        competes: true,
        // A pass over the ratings.
        effort: |work, _| Effort { once: 5e-9 * work.data.ratings as f64, each: 0.0 },
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0xe6, 0x9f, 0x00), dashes: &[5.0, 4.0], marker: Marker::Plus }),
    }),
};
