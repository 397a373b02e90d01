//! Every sensible protocol at once: one ranking, judged under all combinations of the switches that papers leave unsaid.

mod combinations;
mod settings;

use drr_core::spec::Settings;

pub use combinations::{Combination, Positive, Users};
pub use settings::ProtocolsSpec;

use crate::kind::{Kind, Measure, Need, PolicyRole, Role, StudyFacts, typed};
use crate::protocol::Protocol;
use crate::work::{Candidates, Work};

/// The measure.
pub static KINDS: &[&Kind] = &[&MEASURE];

static MEASURE: Kind = Kind {
    name: "protocols",
    title: "all protocols",
    fields: ProtocolsSpec::FIELDS,
    role: Role::Measure(&Measure {
        stands_on: &["pmf"],
        borrowed: &[],
        last_step: |_| 1,
        seconds,
        needs,
        protocol: |_| Protocol::Cold.name(),
        method: |_| Vec::new(),
        repeats: |_| "each user once".to_owned(),
        by_default: false,
        study: StudyFacts {
            name: "protocols",
            order: 2,
            families: &[],
            curves: &[],
            headline: &[],
            note: None,
            trivial: None,
            same: None,
            answered_by: |_| None,
        },
    }),
};

/// Every candidate is scored twice, among the rated and among the unseen, and each list judged some thousand times.
fn seconds(work: &Work<'_>, policy: &PolicyRole) -> f64 {
    let effort = (policy.effort)(work, Candidates::All);
    let users = work.data.users as f64;
    0.01 + effort.once + users * (effort.each + 1e-7 * work.data.items as f64 + 1e-4)
}

fn needs(settings: &Settings) -> Vec<Need> {
    let _: ProtocolsSpec = typed(settings);
    let protocol = Protocol::Cold;
    vec![Need::Users { field: "drr.history", history: 0, protocol, least: 1, k: None, any_item: true }]
}
