//! Offline evaluation: the greedy policy ranks what each user rated in the test log.

mod settings;

use drr_core::spec::Settings;

pub use settings::OfflineSpec;

use crate::kind::{
    Better, Borrowed, Column, Family, Kind, Measure, Need, PolicyRole, Role, SameForAll, StudyFacts, TableColumns,
    typed,
};
use crate::work::{Candidates, Work};

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
                Family {
                    name: "lists",
                    title: "Users' lists: the best ten of all items",
                    axis: "",
                    columns: TableColumns::Fixed(&[
                        Column { metric: "lists/distinct", header: "distinct items", better: Better::Neither },
                        Column { metric: "lists/shared", header: "shared by two users", better: Better::Neither },
                        Column { metric: "lists/agreement", header: "agreement of orders", better: Better::Neither },
                        Column { metric: "lists/gini", header: "Gini of items", better: Better::Neither },
                        Column { metric: "lists/ratings", header: "ratings an item", better: Better::Neither },
                    ]),
                },
                Family {
                    name: "user",
                    title: "What seeing the user is worth: precision@K at the least K, one order of items a session",
                    axis: "",
                    columns: TableColumns::Fixed(&[
                        Column { metric: "user/own", header: "own order", better: Better::Neither },
                        Column { metric: "user/another", header: "another user's", better: Better::Neither },
                        Column { metric: "user/constant", header: "one for all", better: Better::Neither },
                        Column { metric: "user/saturated", header: "saturated coordinates", better: Better::Neither },
                    ]),
                },
            ],
            curves: &[],
            headline: &["precision@"],
            note: None,
            trivial: None,
            same: Some(SameForAll {
                metric: "lists/agreement",
                from: 0.995,
                words: "The same order of items for everybody (users' orders agree by 0.995 or more)",
            }),
            answered_by: |_| None,
        },
    }),
};

fn seconds(work: &Work<'_>, policy: &PolicyRole) -> f64 {
    let OfflineSpec { k, repeats, users, .. } = typed(work.settings);
    let recommendations = k.iter().sum::<u64>() * repeats * users.min(work.data.users);
    let effort = (policy.effort)(work, Candidates::Rated);
    0.003 + 3e-7 * work.data.items as f64 + effort.once + recommendations as f64 * effort.each
}

/// K recommendations come from K test ratings.
fn needs(settings: &Settings) -> Vec<Need> {
    let OfflineSpec { protocol, k, .. } = typed(settings);
    let history = settings.whole("history").unwrap_or(0);
    k.into_iter().map(|k| Need::Users { field: "drr.history", history, protocol, k: Some(k) }).collect()
}
