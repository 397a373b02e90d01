//! Matrix factorisation: the embeddings and the reward model that recommenders stand on, and a policy of its own.

mod settings;

pub use settings::{Optimizer, PmfSpec, Select};

use crate::kind::{
    Better, Chooses, Column, Curves, Family, Kind, Marker, Model, Need, PolicyRole, Role, StudyFacts, Style,
    TableColumns, Trainer, TrivialModel, complete_nothing, contradicts_nothing, typed,
};
use crate::work::{Candidates, Effort, Work};

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
        contradicts: contradicts_nothing,
        learns: |_| true,
        last_step: |settings| typed::<PmfSpec>(settings).epochs,
        seconds,
        on_device,
        // Batches of ratings, and what is sorted of them.
        device_bytes: |_, _| 512 << 20,
        // Of each vector the values, their gradients and velocities, the best so far, copies.
        host_bytes: |settings, _, names| 6 * 4 * typed::<PmfSpec>(settings).k * names,
        together: false,
        shaped_by: |_| None,
        budget: None,
        needs: |settings| {
            vec![Need::Validation { field: "pmf.validation", share: typed::<PmfSpec>(settings).validation }]
        },
        train: Trainer::Worker,
        recommender: None,
        settings: None,
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
            curves: &[Curves {
                metric: "valid/rmse_stars",
                title: "PMF validation error",
                x: "epochs",
                y: "RMSE on the validation part, stars",
                last: "test_rmse_stars",
                window: 1,
                better: Better::Lower,
            }],
            headline: &["test_rmse_stars"],
            note: None,
            trivial: Some(TrivialModel::MEAN),
            same: None,
            answered_by: |_| None,
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
        by_default: true,
        competes: true,
        effort,
        chooses: Chooses::Predictions,
        style: Some(Style { colour: (0x1b, 0x1f, 0x24), dashes: &[10.0, 4.0, 2.0, 4.0], marker: Marker::Cross }),
    }),
};

/// Ratings, and ratings of a batch, from which on a GPU is worth its launches. The trainer has the same bounds.
pub const WORTH_A_DEVICE: (u64, u64) = (1_000_000, 4096);

fn on_device(work: &Work<'_>) -> bool {
    // The trainer counts the train part: here a fifth is held out, as usual.
    work.data.ratings * 4 / 5 >= WORTH_A_DEVICE.0 && typed::<PmfSpec>(work.settings).batch_size >= WORTH_A_DEVICE.1
}

/// What fits into a core's nearest caches, bytes.
const CACHED: f64 = 16e6;

/// An epoch meets each rating once, in no order that memory likes: where the tables (values, gradients, velocities) are
/// larger than the caches, most of the time is spent waiting for them.
fn seconds(work: &Work<'_>) -> f64 {
    let PmfSpec { epochs, k, .. } = typed(work.settings);
    let ratings = work.data.ratings as f64;
    let tables = (3 * 4 * k * work.data.names()) as f64;
    let waiting = 1.0 + 3.4 * (1.0 - CACHED / tables.max(CACHED));
    0.005 + 1e-7 * ratings + epochs as f64 * ratings * (5e-8 + 1e-9 * k as f64) * waiting
}

/// The scores of all items serve a whole session.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    match candidates {
        Candidates::Rated => Effort::default(),
        Candidates::All => {
            Effort { once: 4e-9 * work.data.ratings as f64, each: 6.8e-11 * (work.factors() * work.data.items) as f64 }
        }
    }
}
