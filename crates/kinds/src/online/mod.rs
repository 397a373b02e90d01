//! Online evaluation: sessions over all items, in which a policy that adapts goes on learning.

mod settings;

use drr_core::spec::Settings;

pub use settings::{OnlineSpec, Simulated};

use crate::kind::{
    Better, Borrowed, Column, Family, Kind, Measure, Need, PolicyRole, Role, StudyFacts, TableColumns, typed,
};
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
            let OnlineSpec { steps, epsilon, simulator, rounding, .. } = typed(settings);
            let mut words = vec![
                ("online.steps", format!("{steps} recommendations")),
                ("online.epsilon", format!("ε = {epsilon}")),
            ];
            // Rewards of different simulators are never one table, axis or not.
            if simulator == Simulated::HeldOut {
                words.push(("", "rewards by held-out item neighbours".to_owned()));
            }
            if rounding > 0.0 {
                words.push(("", format!("simulated answers rounded to multiples of {rounding}")));
            }
            words
        },
        repeats: |settings| {
            let OnlineSpec { repeats, steps, epsilon, .. } = typed(settings);
            format!("{repeats} repeats of {steps} recommendations, ε = {epsilon}")
        },
        by_default: false,
        study: StudyFacts {
            name: "online",
            order: 10,
            families: &[
                Family {
                    name: "reward",
                    title: "Online reward@K",
                    axis: "mean reward of a recommendation, −1 to 1",
                    columns: TableColumns::AtK,
                },
                Family {
                    name: "answers",
                    title: "Who answered online",
                    axis: "",
                    columns: TableColumns::Fixed(&[Column {
                        metric: "answers/simulated",
                        header: "share simulated",
                        better: Better::Neither,
                    }]),
                },
            ],
            curves: &[],
            headline: &["reward@"],
            note: None,
            trivial: None,
            same: None,
            answered_by: |settings| (typed::<OnlineSpec>(settings).simulator == Simulated::Own).then_some("pmf"),
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
    let protocol = typed::<OnlineSpec>(settings).protocol;
    vec![Need::Users { field: "drr.history", history, protocol, least: 0, k: None, any_item: true }]
}
