//! The switches of an offline evaluation, on a table small enough to rank by hand.

use std::collections::BTreeMap;

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::RewardRule;
use drr_kinds::kind::Extreme;
use drr_kinds::offline::{MeasureSet, OfflineSpec, Ranked, Relevant, Remain, TieOrder};
use drr_kinds::protocol::Protocol;
use drr_kinds::ranking::StaticRanking;
use drr_kinds::training::Silent;
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::offline;
use drr_train::pmf::PmfModel;

/// Two users and six items. User 0 has train ratings of items 0 and 1, and test ratings of 2 (5 stars), 3 (2) and 4 (4); user 1
/// a train rating of 5, and a test rating of 0 (1 star).
fn world() -> World {
    let row = |user, item, stars| Rating { user, item, stars, timestamp: i64::from(item) };
    let rows = vec![
        row(0, 0, 5.0),
        row(0, 1, 4.0),
        row(0, 2, 5.0),
        row(0, 3, 2.0),
        row(0, 4, 4.0),
        row(1, 0, 1.0),
        row(1, 5, 5.0),
    ];
    let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let table = Ratings { users: names(2), items: names(6), rows };
    World::new(&table, &Split { train: vec![0, 1, 6], test: vec![2, 3, 4, 5] }, RewardRule::STARS)
}

fn measure_policy(mut policy: Policy, spec: &OfflineSpec) -> BTreeMap<String, f64> {
    let world = world();
    let zeros = |rows: usize| vec![0.0; rows];
    let model = PmfModel { k: 1, users: zeros(2), items: zeros(6), user_bias: zeros(2), item_bias: zeros(6) };
    offline::run(&world, &model, &mut policy, 1, spec, Seed(0), &mut Silent).expect("measured")
}

/// Of a ranking by these scores of the six items.
fn measure(scores: [f32; 6], spec: &OfflineSpec) -> BTreeMap<String, f64> {
    measure_policy(Policy::Static(StaticRanking::By(Box::new(scores.to_vec()))), spec)
}

fn each_once() -> OfflineSpec {
    OfflineSpec { protocol: Protocol::Cold, users: 0, k: vec![2], least_test: 1, ..OfflineSpec::default() }
}

#[test]
fn each_user_takes_part_once_who_has_enough() {
    let found = measure([0.0, 0.0, 3.0, 2.0, 1.0, 0.0], &each_once());
    // User 0 is given items 2 and 3, one of them liked; user 1 has one candidate, which is not.
    assert_eq!((found["users@2"], found["precision@2"]), (2.0, 0.25));
    assert!(!found.contains_key("precision@2/std"), "one repeat has no spread");
    let found = measure([0.0, 0.0, 3.0, 2.0, 1.0, 0.0], &OfflineSpec { least_test: 0, ..each_once() });
    assert_eq!((found["users@2"], found["precision@2"]), (1.0, 0.5));
    let found = measure([0.0; 6], &OfflineSpec { least_relevant: 1, ..each_once() });
    assert_eq!(found["users@2"], 1.0);
    let found = measure([0.0; 6], &OfflineSpec { least_relevant: 1, relevant: Relevant::Rated, ..each_once() });
    assert_eq!(found["users@2"], 2.0);
}

#[test]
fn unseen_items_stand_among_the_rated() {
    let spec = OfflineSpec { candidates: Ranked::Unseen, measures: MeasureSet::Long, ..each_once() };
    // User 0 sees 5 (not rated) and then 2; user 1, for whom 5 is known, 0 (1 star) and 1 (not rated).
    let found = measure([4.0, 3.5, 3.0, 2.0, 1.0, 5.0], &spec);
    assert_eq!((found["precision@2"], found["recall@2"], found["hit@2"], found["mrr@2"]), (0.25, 0.25, 0.5, 0.25));
    assert_eq!(found["coverage@2"], 4.0 / 6.0);
    let found = measure([4.0, 3.5, 3.0, 2.0, 1.0, 5.0], &OfflineSpec { relevant: Relevant::Rated, ..spec });
    assert_eq!((found["recall@2"], found["mrr@2"]), ((1.0 / 3.0 + 1.0) / 2.0, 0.75));
}

#[test]
fn sampled_candidates_are_the_same_for_every_policy() {
    let spec =
        OfflineSpec { candidates: Ranked::Sampled, sampled: 2, k: vec![4], measures: MeasureSet::Long, ..each_once() };
    // Of user 0 the only unseen item is drawn, of user 1 two of four: whatever comes first, all candidates are the same.
    let found = |scores| measure(scores, &spec)["coverage@4"];
    let up = found([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(up, found([5.0, 4.0, 3.0, 2.0, 1.0, 0.0]));
    assert!(up >= 5.0 / 6.0);
}

#[test]
fn equals_come_as_is_said() {
    let of = |ties| measure([0.0; 6], &OfflineSpec { ties, least_test: 2, ..each_once() })["precision@2"];
    // Items 2 and 3 are the first, 4 and 3 the last.
    assert_eq!((of(TieOrder::First), of(TieOrder::Last)), (0.5, 0.5));
    let one = |ties| measure([0.0; 6], &OfflineSpec { ties, k: vec![1], least_test: 2, ..each_once() })["ndcg@1"];
    assert_eq!((one(TieOrder::First), one(TieOrder::Last)), (1.0, 1.75 / 2.25));
    let drawn = OfflineSpec { ties: TieOrder::Drawn, ..each_once() };
    assert_eq!(measure([0.0; 6], &drawn), measure([1.0; 6], &drawn), "a draw does not depend on the scores");
}

#[test]
fn items_of_the_history_leave_where_they_are_told_to() {
    let spec = OfflineSpec { protocol: Protocol::Published, history_items: Remain::Leave, ..each_once() };
    // User 0 starts from item 2, and 3 and 4 are left, one of them liked; user 1 has no positive test rating.
    let found = measure([0.0; 6], &spec);
    assert_eq!((found["users@2"], found["precision@2"]), (1.0, 0.5));
}

#[test]
fn no_order_is_better_or_worse_than_the_extremes() {
    for candidates in [Ranked::Rated, Ranked::Unseen] {
        let spec = OfflineSpec { candidates, ..each_once() };
        let of = |extreme| measure_policy(Policy::Oracle(extreme), &spec);
        let (best, worst) = (of(Extreme::Best), of(Extreme::Worst));
        for order in [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0, 0.0], [0.0; 6]] {
            let found = measure(order, &spec);
            for metric in ["precision@2", "ndcg@2"] {
                assert!(worst[metric] <= found[metric] && found[metric] <= best[metric], "{candidates:?} {metric}");
            }
        }
        assert_eq!(best["precision@2"], 0.5, "user 0 likes two, user 1 none");
        assert_eq!(worst["precision@2"], if candidates == Ranked::Rated { 0.25 } else { 0.0 });
    }
}
