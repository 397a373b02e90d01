//! PureSVD: a truncated singular value decomposition of the rating matrix, and the policy that ranks by it.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::PureSvdSpec;

use crate::kind::{
    Better, Chooses, Column, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style, TableColumns,
    typed,
};
use crate::work::{Candidates, Effort, Work};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "pure-svd",
    title: "PureSVD",
    fields: PureSvdSpec::FIELDS,
    role: Role::Model(&Model::of_ratings(
        "PureSVD models",
        train::train,
        seconds,
        // A block of vectors twice as wide as the factors, of which some are at hand at once; the ratings as a matrix.
        |settings, _, names| {
            let k = typed::<PureSvdSpec>(settings).factors;
            6 * 8 * (2 * k).max(k + 10) * names
        },
        StudyFacts {
            name: "pure-svd",
            order: 42,
            families: &[Family {
                name: "fit",
                title: "PureSVD's fit to the train part",
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
    name: "pure-svd",
    title: "PureSVD",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 24,
        model: Some(ModelUse { kind: "pure-svd", fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x11, 0x77, 0x33), dashes: &[4.0, 2.0, 1.0, 2.0], marker: Marker::Triangle }),
    }),
};

/// Some fifty products with X and its transpose, and as often a basis of what came of them.
fn seconds(work: &Work<'_>) -> f64 {
    let width = 2.0 * typed::<PureSvdSpec>(work.settings).factors as f64;
    let ratings = work.data.ratings as f64;
    0.005 + 1e-7 * ratings + 2.2e-8 * width * ratings + 1e-8 * width * width * work.data.names() as f64
}

/// The model is read once.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let k = work.of::<PureSvdSpec>("pure-svd").factors as f64;
    let each = match candidates {
        Candidates::Rated => 1e-9 * k * work.data.each_users(),
        Candidates::All => 1e-9 * k * work.data.items as f64,
    };
    Effort { once: 4e-9 * k * work.data.names() as f64, each }
}
