//! Online evaluation: sessions over all items, in which a policy that adapts goes on learning.

mod settings;

use drr_core::spec::Settings;

pub use settings::OnlineSpec;

use crate::kind::{Borrowed, Family, Kind, Measure, Need, PolicyRole, Role, StudyFacts, TableColumns, typed};
use crate::work::{Candidates, Work};

/// The measure.
pub static KINDS: &[&Kind] = &[&MEASURE];

static MEASURE: Kind = Kind {
    name: "online",
    title: "online evaluation",
    fields: OnlineSpec::FIELDS,
    role: Role::Measure(&Measure {
        stands_on: &["pmf"],
        borrowed: &[Borrowed { section: "drr", field: "history", name: "history" }],
        last_step: |settings| settings.whole("repeats").unwrap_or(0),
        seconds,
        needs,
        protocol: |settings| typed::<OnlineSpec>(settings).protocol.name(),
        method: |settings| {
            let OnlineSpec { steps, epsilon, .. } = typed(settings);
            vec![("online.steps", format!("{steps} recommendations")), ("online.epsilon", format!("ε = {epsilon}"))]
        },
        repeats: |settings| {
            let OnlineSpec { repeats, steps, epsilon, .. } = typed(settings);
            format!("{repeats} repeats of {steps} recommendations, ε = {epsilon}")
        },
        by_default: false,
        study: StudyFacts {
            name: "online",
            order: 10,
            families: &[Family {
                name: "reward",
                title: "Online reward@K",
                axis: "mean reward of a recommendation, −1 to 1",
                columns: TableColumns::AtK,
            }],
            curves: &[],
            headline: &["reward@"],
            note: None,
            trivial: None,
            answered_by: Some("pmf"),
        },
    }),
};

fn seconds(work: &Work<'_>, policy: &PolicyRole) -> f64 {
    let online: OnlineSpec = typed(work.settings);
    let steps = (online.steps * online.repeats) as f64 * online.k.len() as f64;
    let effort = (policy.effort)(work, Candidates::All);
    0.001 + 4e-7 * work.data.items as f64 + effort.once + steps * effort.each
}

/// Any item can be recommended, so that only the history counts.
fn needs(settings: &Settings) -> Vec<Need> {
    let history = settings.whole("history").unwrap_or(0);
    vec![Need::Users { field: "drr.history", history, protocol: typed::<OnlineSpec>(settings).protocol, k: None }]
}
