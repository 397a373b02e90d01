//! Matrix factorisation: the embeddings and the reward model that recommenders stand on, and a policy of its own.

mod settings;

use drr_core::spec::Settings;

pub use settings::{Optimizer, PmfSpec, Select};

use crate::kind::{
    Better, Column, TableColumns, Curves, Family, Kind, Marker, Model, Need, PolicyRole, Role, StudyFacts, Style, complete_nothing, typed,
};

/// The model and the static ranking by its predicted ratings.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "pmf",
    title: "PMF",
    fields: PmfSpec::FIELDS,
    role: Role::Model(&Model {
        plural: "PMF models",
        stands_on: &[],
        complete: complete_nothing,
        learns: |_| true,
        last_step: |settings| typed::<PmfSpec>(settings).epochs,
        seconds,
        // Tables of factors and batches of users.
        device_bytes: |_, _| 512 << 20,
        // Of each vector the values, their gradients and velocities, the best so far, copies.
        host_bytes: |settings, _, names| 6 * 4 * typed::<PmfSpec>(settings).k * names,
        together: false,
        budget: None,
        needs: |settings| {
            vec![Need::Validation { field: "pmf.validation", share: typed::<PmfSpec>(settings).validation }]
        },
        train: None,
        recommender: None,
        study: StudyFacts {
            name: "pmf",
            order: 30,
            families: &[Family {
                name: "error",
                title: "PMF test error in stars",
                axis: "error in stars",
                columns: TableColumns::Fixed(&[
                    Column { metric: "test_rmse_stars", header: "test RMSE", better: Better::Lower },
                    Column { metric: "test_mae_stars", header: "test MAE", better: Better::Lower },
                ]),
            }],
            curves: Some(Curves {
                metric: "valid/rmse_stars",
                title: "PMF validation error",
                x: "epochs",
                y: "RMSE on the validation part, stars",
                last: "test_rmse_stars",
                window: 1,
                better: Better::Lower,
            }),
            headline: &["test_rmse_stars"],
            note: None,
            answered_by: None,
        },
    }),
};

static POLICY: Kind = Kind {
    name: "pmf",
    title: "PMF",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 20,
        model: None,
        adapts: false,
        ranking: None,
        style: Some(Style {
            colour: (0x1b, 0x1f, 0x24),
            dashes: &[10.0, 4.0, 2.0, 4.0],
            marker: Marker::Cross,
        }),
    }),
};

fn seconds(settings: &Settings) -> f64 {
    let PmfSpec { epochs, k, .. } = typed(settings);
    0.5 + 0.3 * epochs as f64 * (0.2 + k as f64 / 125.0)
}
