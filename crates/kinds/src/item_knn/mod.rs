//! Item nearest neighbours: a model of each item's most similar items, and the policy that ranks by its predictions.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::ItemKnnSpec;

use crate::kind::{
    Better, Column, TableColumns, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style, complete_nothing,
    typed,
};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "item-knn",
    title: "item neighbours",
    fields: ItemKnnSpec::FIELDS,
    role: Role::Model(&Model {
        plural: "item neighbour models",
        stands_on: &[],
        complete: complete_nothing,
        learns: |_| true,
        last_step: |_| 1,
        seconds: |_| 2.0,
        device_bytes: |_, _| 0,
        // Of each neighbour its number and its similarity, once more while they are written; sorting takes less than reading.
        host_bytes: |settings, _, names| 2 * 8 * typed::<ItemKnnSpec>(settings).neighbours * names,
        together: false,
        budget: None,
        needs: |_| Vec::new(),
        train: Some(train::train),
        recommender: None,
        study: StudyFacts {
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
            curves: None,
            headline: &[],
            note: None,
            answered_by: None,
        },
    }),
};

static POLICY: Kind = Kind {
    name: "item-knn",
    title: "item neighbours",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 25,
        model: Some(ModelUse { kind: "item-knn", fixed: &[], shape_only: false }),
        adapts: false,
        ranking: Some(ranking::ranking),
        style: Some(Style { colour: (0x56, 0xb4, 0xe9), dashes: &[7.0, 3.0], marker: Marker::Triangle }),
    }),
};
