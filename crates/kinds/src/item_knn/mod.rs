//! Item nearest neighbours: a model of each item's most similar items, and the policy that ranks by its predictions.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::ItemKnnSpec;
pub use train::predictions;

use crate::kind::{
    Better, Chooses, Column, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style, TableColumns,
    TrivialModel, typed,
};
use crate::work::{Candidates, Effort, Work};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "item-knn",
    title: "item neighbours",
    fields: ItemKnnSpec::FIELDS,
    role: Role::Model(&Model::of_ratings(
        "item neighbour models",
        train::train,
        seconds,
        // Of each neighbour its number and its similarity, once more while they are written; sorting takes less than reading.
        |settings, _, names| 2 * 8 * typed::<ItemKnnSpec>(settings).neighbours * names,
        StudyFacts {
            name: "item-knn",
            order: 40,
            families: &[Family {
                name: "error",
                title: "Item neighbours' test error in stars",
                axis: "error in stars",
                columns: TableColumns::Fixed(&[
                    Column { metric: "test_rmse_stars", header: "test RMSE", better: Better::Lower },
                    Column { metric: "test_mae_stars", header: "test MAE", better: Better::Lower },
                ]),
            }],
            curves: &[],
            headline: &[],
            note: None,
            trivial: Some(TrivialModel::MEAN),
            same: None,
            answered_by: |_| None,
        },
    )),
};

static POLICY: Kind = Kind {
    name: "item-knn",
    title: "item neighbours",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 25,
        model: Some(ModelUse { kind: "item-knn", fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x56, 0xb4, 0xe9), dashes: &[7.0, 3.0], marker: Marker::Triangle }),
    }),
};

/// Every pair of a user's ratings is a pair of items; many items are more than caches hold.
fn seconds(work: &Work<'_>) -> f64 {
    let pairs = work.data.ratings as f64 * work.data.each_users();
    0.005 + 1e-7 * work.data.ratings as f64 + 1.2e-8 * pairs * (1.0 + work.data.items as f64 / 15_000.0)
}

/// A candidate asks its neighbours. Of rated ones there are few, but users with a long history are those who are asked
/// about; how many more is between one and the square of the catalogue's growth.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let ItemKnnSpec { neighbours, .. } = work.of("item-knn");
    let (items, neighbours) = (work.data.items as f64, neighbours as f64 / 60.0);
    let each = match candidates {
        Candidates::Rated => 2.7e-9 * items.sqrt() * work.data.each_users(),
        Candidates::All => 5e-7 * items,
    };
    Effort { once: 0.0, each: each * neighbours }
}
