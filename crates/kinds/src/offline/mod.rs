//! Offline evaluation: the greedy policy ranks what each user rated in the test log.

mod settings;
mod switches;

use drr_core::spec::Settings;

pub use settings::OfflineSpec;
pub use switches::{Denominator, Gain, Ideal, MeasureSet, Ranked, Relevant, Remain, TieOrder};

use crate::kind::{
    Better, Borrowed, Chooses, Column, Family, Kind, Measure, Need, PolicyRole, Role, SameForAll, StudyFacts,
    TableColumns, typed,
};
use crate::protocol::Protocol;
use crate::work::{Candidates, Effort, Work};

/// The measure.
pub static KINDS: &[&Kind] = &[&MEASURE];

static MEASURE: Kind = Kind {
    name: "offline",
    title: "offline evaluation",
    fields: OfflineSpec::FIELDS,
    role: Role::Measure(&Measure {
        stands_on: &["pmf"],
        borrowed: &[Borrowed { section: "drr", field: "history", name: "history" }],
        last_step: |settings| typed::<OfflineSpec>(settings).repeats_made(),
        seconds,
        needs,
        protocol: |settings| typed::<OfflineSpec>(settings).protocol.name(),
        method,
        repeats: |settings| {
            let OfflineSpec { repeats, users, epsilon, .. } = typed(settings);
            let times = if users == 0 { String::new() } else { format!("{repeats} repeats of ") };
            format!("{times}{}, ε = {epsilon}", users_words(users))
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
                    name: "recall",
                    title: "Offline recall@K",
                    axis: "recall@K (share of the relevant test ratings among K)",
                    columns: TableColumns::AtK,
                },
                Family {
                    name: "hit",
                    title: "Offline hit rate@K",
                    axis: "hit rate@K (share of users with a relevant item among K)",
                    columns: TableColumns::AtK,
                },
                Family {
                    name: "mrr",
                    title: "Offline reciprocal rank@K",
                    axis: "mean reciprocal rank of the first relevant item among K",
                    columns: TableColumns::AtK,
                },
                Family {
                    name: "coverage",
                    title: "Offline coverage@K",
                    axis: "coverage@K (share of all items that somebody is recommended)",
                    columns: TableColumns::AtK,
                },
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
    let OfflineSpec { k, repeats, users, candidates, sampled, epsilon, .. } = typed(work.settings);
    let users = if users == 0 { work.data.users } else { users.min(work.data.users) };
    // What never changes is asked once for each candidate, what explores anew in each repeat.
    let is_asked_once = matches!(policy.chooses, Chooses::Ranking(_) | Chooses::Predictions | Chooses::Answers(_));
    let lists = match (epsilon > 0.0, is_asked_once) {
        (true, _) => k.iter().sum::<u64>() * repeats,
        (false, true) => 1,
        (false, false) => k.iter().copied().max().unwrap_or(0),
    };
    let (effort, asked) = match candidates {
        Ranked::Rated => ((policy.effort)(work, Candidates::Rated), k.iter().sum::<u64>() * repeats),
        Ranked::Unseen => ((policy.effort)(work, Candidates::All), lists),
        Ranked::Sampled => {
            let Effort { once, each } = (policy.effort)(work, Candidates::All);
            let share = (sampled as f64 / work.data.items.max(1) as f64).min(1.0);
            (Effort { once, each: each * share }, lists)
        }
    };
    0.003 + 3e-7 * work.data.items as f64 + effort.once + (asked * users) as f64 * effort.each
}

/// What is not as it usually is changes what the numbers mean.
fn method(settings: &Settings) -> Vec<(&'static str, String)> {
    let spec: OfflineSpec = typed(settings);
    let mut words =
        vec![("offline.users", users_words(spec.users)), ("offline.epsilon", format!("ε = {}", spec.epsilon))];
    let mut say = |is_usual: bool, field: &'static str, text: String| {
        if !is_usual {
            words.push((field, text));
        }
    };
    let candidates = match spec.candidates {
        Ranked::Rated => String::new(),
        Ranked::Unseen => "all unseen items ranked".to_owned(),
        Ranked::Sampled => format!("test ratings ranked among {} unseen items", spec.sampled),
    };
    say(spec.candidates.is_usual(), "offline.candidates", candidates);
    say(spec.history_items.is_usual(), "offline.history_items", "without the history's items".to_owned());
    say(spec.least_test == 0, "offline.least_test", format!("users with {} test ratings or more", spec.least_test));
    let relevant = format!("users with {} relevant ones or more", spec.least_relevant);
    say(spec.least_relevant == 0, "offline.least_relevant", relevant);
    say(spec.relevant.is_usual(), "offline.relevant", "every test rating relevant".to_owned());
    let denominator = format!("hits over min(K, {})", spec.denominator.name());
    say(spec.denominator.is_usual(), "offline.denominator", denominator);
    say(spec.gain.is_usual(), "offline.gain", format!("{} gain", spec.gain.name()));
    let ideal = if spec.ideal == Ideal::All { "ideal over all candidates" } else { "ideal over the list itself" };
    say(spec.ideal.is_usual(), "offline.ideal", ideal.to_owned());
    let ties = if spec.ties == TieOrder::Last { "the last of equals first" } else { "equals as drawn" };
    say(spec.ties.is_usual(), "offline.ties", ties.to_owned());
    words
}

fn users_words(users: u64) -> String {
    if users == 0 { "each user once".to_owned() } else { format!("at most {users} users") }
}

/// Recommendations come from test ratings.
fn needs(settings: &Settings) -> Vec<Need> {
    let spec: OfflineSpec = typed(settings);
    let history = if spec.protocol == Protocol::Cold { 0 } else { settings.whole("history").unwrap_or(0) };
    let gone = if spec.history_items == Remain::Leave && spec.protocol == Protocol::Published { history } else { 0 };
    let any_item = spec.candidates != Ranked::Rated;
    let of = |k: Option<u64>, least: u64| Need::Users {
        field: "drr.history",
        history,
        protocol: spec.protocol,
        least: least + gone,
        k,
        any_item,
    };
    match spec.least_test {
        0 => spec.k.iter().map(|&k| of(Some(k), k)).collect(),
        least => vec![of(None, least)],
    }
}
