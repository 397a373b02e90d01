//! Offline evaluation: the greedy policy ranks what each user rated in the test log.

mod settings;

use drr_core::spec::Settings;

pub use settings::OfflineSpec;

use crate::kind::{Borrowed, TableColumns, Family, Kind, Measure, Need, PolicyRole, Role, StudyFacts, typed};

/// The measure.
pub static KINDS: &[&Kind] = &[&MEASURE];

static MEASURE: Kind = Kind {
    name: "offline",
    title: "offline evaluation",
    fields: OfflineSpec::FIELDS,
    role: Role::Measure(&Measure {
        stands_on: &["pmf"],
        borrowed: &[Borrowed { section: "drr", field: "history", name: "history" }],
        last_step: |settings| settings.whole("repeats").unwrap_or(0),
        seconds,
        needs,
        protocol: |settings| typed::<OfflineSpec>(settings).protocol.name(),
        method: |settings| {
            let OfflineSpec { users, epsilon, .. } = typed(settings);
            vec![("offline.users", format!("at most {users} users")), ("offline.epsilon", format!("ε = {epsilon}"))]
        },
        repeats: |settings| {
            let OfflineSpec { repeats, users, epsilon, .. } = typed(settings);
            format!("{repeats} repeats of at most {users} users, ε = {epsilon}")
        },
        by_default: true,
        study: StudyFacts {
            name: "offline",
            order: 0,
            families: &[
                Family {
                    name: "precision",
                    title: "Offline precision@K",
                    axis: "precision@K (share of positive items among K)",
                    columns: TableColumns::AtK,
                },
                Family { name: "ndcg", title: "Offline NDCG@K", axis: "NDCG@K", columns: TableColumns::AtK },
            ],
            curves: None,
            headline: &["precision@"],
            note: None,
            answered_by: None,
        },
    }),
};

fn seconds(settings: &Settings, _: &PolicyRole) -> f64 {
    let offline: OfflineSpec = typed(settings);
    let lists: u64 = offline.k.iter().sum();
    0.2 + 2e-6 * (lists * offline.repeats * offline.users) as f64
}

/// K recommendations come from K test ratings.
fn needs(settings: &Settings) -> Vec<Need> {
    let OfflineSpec { protocol, k, .. } = typed(settings);
    let history = settings.whole("history").unwrap_or(0);
    k.into_iter().map(|k| Need::Users { field: "drr.history", history, protocol, k: Some(k) }).collect()
}
