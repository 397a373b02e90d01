//! EASE: a linear model of every item by all others, and the policy that ranks by it.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::EaseSpec;

use crate::kind::{
    Better, Chooses, Column, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style, TableColumns,
};
use crate::work::{Candidates, Effort, Work};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "ease",
    title: "EASE",
    fields: EaseSpec::FIELDS,
    role: Role::Model(&Model::of_ratings(
        "EASE models",
        train::train,
        seconds,
        // Of each pair of items a number in double precision and one in single, or the latter thrice while they are written.
        |_, _, names| 12 * names.min(train::MOST_ITEMS as u64).pow(2),
        StudyFacts {
            name: "ease",
            order: 41,
            families: &[Family {
                name: "fit",
                title: "EASE's fit to the train part",
                axis: "share of ‖X‖²",
                columns: TableColumns::Fixed(&[Column {
                    metric: "explained",
                    header: "explained",
                    better: Better::Neither,
                }]),
            }],
            curves: &[],
            headline: &[],
            note: None,
            trivial: None,
            same: None,
            answered_by: |_| None,
        },
    )),
};

static POLICY: Kind = Kind {
    name: "ease",
    title: "EASE",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 23,
        model: Some(ModelUse { kind: "ease", fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x88, 0x22, 0x55), dashes: &[8.0, 2.0, 2.0, 2.0], marker: Marker::Circle }),
    }),
};

/// Half the cube of the items for the inverse; every pair of a user's ratings for XᵀX.
fn seconds(work: &Work<'_>) -> f64 {
    let (items, pairs) = (work.data.items as f64, work.data.ratings as f64 * work.data.each_users());
    0.005 + 1e-7 * work.data.ratings as f64 + 2e-9 * pairs + 8e-11 * items * items * items
}

/// The model is read once. A candidate asks what the user rated, and users with a long history are those who are asked about.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let (items, rated) = (work.data.items as f64, work.data.each_users());
    let each = match candidates {
        Candidates::Rated => 1.5e-9 * rated * rated,
        Candidates::All => 1.5e-9 * rated * items,
    };
    Effort { once: 4e-9 * items * items, each }
}
