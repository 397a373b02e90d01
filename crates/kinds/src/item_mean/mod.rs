//! Static ranking by the mean rating of an item, drawn towards the mean of all where few have rated it.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;

pub use ranking::smoothed_means;
pub use settings::ItemMeanSpec;

use crate::kind::{Chooses, Kind, Marker, PolicyRole, Role, Style};
use crate::work::Effort;

/// The policy.
pub static KINDS: &[&Kind] = &[&POLICY];

static POLICY: Kind = Kind {
    name: "item-mean",
    title: "item mean",
    fields: ItemMeanSpec::FIELDS,
    role: Role::Policy(&PolicyRole {
        order: 28,
        model: None,
        adapts: false,
        by_default: true,
        competes: true,
        // A pass over the ratings.
        effort: |work, _| Effort { once: 4e-9 * work.data.ratings as f64, each: 0.0 },
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x00, 0x9e, 0x73), dashes: &[3.0, 3.0], marker: Marker::Diamond }),
    }),
};
