//! Implicit alternating least squares, and the policy that ranks by its factors.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::IalsSpec;

use crate::kind::{
    Better, Chooses, Column, Curves, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style,
    TableColumns, typed,
};
use crate::work::{Candidates, Effort, Work};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "ials",
    title: "iALS",
    fields: IalsSpec::FIELDS,
    role: Role::Model(
        &Model::of_ratings(
            "iALS models",
            train::train,
            seconds,
            // Factors in double precision, and in single while they are written.
            |settings, _, names| 24 * typed::<IalsSpec>(settings).factors * names,
            StudyFacts {
                name: "ials",
                order: 43,
                families: &[Family {
                    name: "fit",
                    title: "iALS's loss on the train part",
                    axis: "loss a value",
                    columns: TableColumns::Fixed(&[Column { metric: "loss", header: "loss", better: Better::Neither }]),
                }],
                curves: &[Curves {
                    metric: "train/loss",
                    title: "iALS's loss",
                    x: "epochs",
                    y: "loss a value of the train part",
                    last: "loss",
                    window: 1,
                    better: Better::Lower,
                }],
                headline: &[],
                note: None,
                trivial: None,
                same: None,
                answered_by: |_| None,
            },
        )
        .with_steps(|settings| typed::<IalsSpec>(settings).epochs),
    ),
};

static POLICY: Kind = Kind {
    name: "ials",
    title: "iALS",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 26,
        model: Some(ModelUse { kind: "ials", fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x99, 0x99, 0x33), dashes: &[9.0, 3.0, 3.0, 3.0], marker: Marker::Bar }),
    }),
};

/// Every rating adds a square of the factors, for its user and for its item; every vector takes a cube.
fn seconds(work: &Work<'_>) -> f64 {
    let IalsSpec { factors, epochs, .. } = typed(work.settings);
    let (k, ratings) = (factors as f64, work.data.ratings as f64);
    let epoch = 2.4e-10 * k * (k + 8.0) * ratings + 3e-11 * k * k * (k + 60.0) * work.data.names() as f64;
    0.005 + 1e-7 * ratings + epochs as f64 * epoch
}

/// The model is read once.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let k = work.of::<IalsSpec>("ials").factors as f64;
    let each = match candidates {
        Candidates::Rated => 1e-9 * k * work.data.each_users(),
        Candidates::All => 1e-9 * k * work.data.items as f64,
    };
    Effort { once: 4e-9 * k * work.data.names() as f64, each }
}
