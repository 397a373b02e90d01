//! SVD++: predicted ratings from factors that know what a user rated, and the policy that ranks by them.

mod ranking;
mod settings;
#[cfg(test)]
mod tests;
mod train;

pub use settings::SvdppSpec;

use crate::kind::{
    Better, Chooses, Column, Curves, Family, Kind, Marker, Model, ModelUse, PolicyRole, Role, StudyFacts, Style,
    TableColumns, TrivialModel, typed,
};
use crate::work::{Candidates, Effort, Work};

/// The model and the policy.
pub static KINDS: &[&Kind] = &[&MODEL, &POLICY];

static MODEL: Kind = Kind {
    name: "svdpp",
    title: "SVD++",
    fields: SvdppSpec::FIELDS,
    role: Role::Model(
        &Model::of_ratings(
            "SVD++ models",
            train::train,
            seconds,
            // Three vectors in double precision and as many in single, at the most; the shuffled ratings are as the others.
            |settings, _, names| 48 * typed::<SvdppSpec>(settings).factors * names,
            StudyFacts {
                name: "svdpp",
                order: 44,
                families: &[Family {
                    name: "error",
                    title: "SVD++'s test error in stars",
                    axis: "error in stars",
                    columns: TableColumns::Fixed(&[
                        Column { metric: "test_rmse_stars", header: "test RMSE", better: Better::Lower },
                        Column { metric: "test_mae_stars", header: "test MAE", better: Better::Lower },
                    ]),
                }],
                curves: &[Curves {
                    metric: "test/rmse_stars",
                    title: "SVD++'s test error",
                    x: "epochs",
                    y: "RMSE on the test part, stars",
                    last: "test_rmse_stars",
                    window: 1,
                    better: Better::Lower,
                }],
                headline: &[],
                note: None,
                trivial: Some(TrivialModel::MEAN),
                same: None,
                answered_by: |_| None,
            },
        )
        .with_steps(|settings| typed::<SvdppSpec>(settings).epochs),
    ),
};

static POLICY: Kind = Kind {
    name: "svdpp",
    title: "SVD++",
    fields: &[],
    role: Role::Policy(&PolicyRole {
        order: 27,
        model: Some(ModelUse { kind: "svdpp", fixed: &[], shape_only: false }),
        adapts: false,
        by_default: false,
        competes: true,
        effort,
        chooses: Chooses::Ranking(ranking::ranking),
        style: Some(Style { colour: (0x33, 0x22, 0x88), dashes: &[1.0, 2.0, 5.0, 2.0], marker: Marker::Square }),
    }),
};

/// Every rating meets all that its user rated, and users with a long history have most ratings.
fn seconds(work: &Work<'_>) -> f64 {
    let SvdppSpec { factors, epochs, .. } = typed(work.settings);
    let (k, ratings) = (factors as f64, work.data.ratings as f64);
    0.005 + 1e-7 * ratings + epochs as f64 * ratings * (1e-7 + 2.6e-10 * (k + 42.0) * work.data.each_users())
}

/// The model is read once.
fn effort(work: &Work<'_>, candidates: Candidates) -> Effort {
    let k = work.of::<SvdppSpec>("svdpp").factors as f64;
    let each = match candidates {
        Candidates::Rated => 1e-9 * k * work.data.each_users(),
        Candidates::All => 1e-9 * k * work.data.items as f64,
    };
    Effort { once: 4e-9 * k * work.data.names() as f64, each }
}
