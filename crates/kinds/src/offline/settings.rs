//! What an offline evaluation can be told.

use drr_core::section;
use drr_core::spec::LARGE;

use super::switches::{Denominator, Gain, Ideal, MeasureSet, Ranked, Relevant, Remain, TieOrder};
use crate::protocol::Protocol;

section! {
    /// Offline evaluation (slides, Algorithm 2): the greedy policy ranks what the user rated in the test log.
    pub struct OfflineSpec in "offline" {
        /// What the evaluation may know beforehand: `published`, the history starts from test positives; `strict`, from train
        /// positives; `cold`, there is none, every user takes part, and policies that look at a history can't.
        protocol: Protocol = Protocol::Published, Choice(&["published", "strict", "cold"]);
        /// Episode lengths K; each is an evaluation of its own.
        k ("K"): Vec<u64> = vec![5, 10, 15, 20], Ints { min: 1, max: 10_000, lengths: &[] };
        /// Repeats R, each with its own draw of users.
        repeats ("R"): u64 = 20, Int { min: 1, max: 100_000 };
        /// Eligible users drawn per repeat, with replacement; 0 for each of them once, in one repeat that is always the same.
        users: u64 = 500, Int { min: 0, max: LARGE };
        /// Exploration rate during evaluation.
        epsilon ("ε", "eps_offline"): f64 = 0.0, Float { min: 0.0, max: 1.0 };
        /// What is ranked: `rated`, the user's test ratings; `unseen`, all items without a train rating of the user;
        /// `sampled`, the test ratings and some of the other unseen items, the same for every policy of a seed.
        candidates: Ranked = Ranked::Rated, Choice(&["rated", "unseen", "sampled"]), since 5, before Ranked::Rated,
            unless "Ranked::is_usual";
        /// How many other items `sampled` adds.
        sampled: u64 = 100, Int { min: 1, max: LARGE }, since 5, before 100, unless "is_hundred";
        /// Whether items of the history at the session's beginning stay candidates.
        history_items: Remain = Remain::Stay, Choice(&["stay", "leave"]), since 5, before Remain::Stay,
            unless "Remain::is_usual";
        /// Least test ratings of a user who takes part, whatever K is; 0 for K of them.
        least_test: u64 = 0, Int { min: 0, max: LARGE }, since 5, before 0, unless "is_zero";
        /// Least relevant test ratings of a user who takes part.
        least_relevant: u64 = 0, Int { min: 0, max: LARGE }, since 5, before 0, unless "is_zero";
        /// Which test ratings are relevant: the `positive` ones (reward.positive says from where on), or whatever is `rated`.
        relevant: Relevant = Relevant::Positive, Choice(&["positive", "rated"]), since 5, before Relevant::Positive,
            unless "Relevant::is_usual";
        /// What precision divides hits by: `k`; `candidates`, or K where they are more; `relevant`, the user's relevant test
        /// ratings, or K where they are more.
        denominator: Denominator = Denominator::K, Choice(&["k", "candidates", "relevant"]), since 5,
            before Denominator::K, unless "Denominator::is_usual";
        /// What NDCG gains from an item: `reward`, R* above that of half a star; `binary`, 1 if it is relevant; `exponential`,
        /// 2 to the power of the rating, less 1; `rating`, the rating itself. What is not rated gains nothing.
        gain: Gain = Gain::Reward, Choice(&["reward", "binary", "exponential", "rating"]), since 5, before Gain::Reward,
            unless "Gain::is_usual";
        /// What NDCG's ideal is: the best `k` candidates; `all` of them in their best order, beyond K too; the `list` that was
        /// recommended, in its best order.
        ideal: Ideal = Ideal::K, Choice(&["k", "all", "list"]), since 5, before Ideal::K, unless "Ideal::is_usual";
        /// Which of equally good candidates comes first: the `first` by number, the `last`, or as `drawn` for the user.
        ties: TieOrder = TieOrder::First, Choice(&["first", "last", "drawn"]), since 5, before TieOrder::First,
            unless "TieOrder::is_usual";
        /// What is measured: `short`, precision and NDCG; `long`, recall, hit rate, reciprocal rank and coverage as well.
        measures: MeasureSet = MeasureSet::Short, Choice(&["short", "long"]), since 5, before MeasureSet::Short,
            unless "MeasureSet::is_usual";
    }
}

impl OfflineSpec {
    /// Repeats that are made: where each user takes part once there is nothing to repeat.
    pub fn repeats_made(&self) -> u64 {
        if self.users == 0 { 1 } else { self.repeats }
    }

    /// Test ratings that a user must have to take part in the evaluation at K.
    pub fn least_test_at(&self, k: u64) -> u64 {
        if self.least_test == 0 { k } else { self.least_test }
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_hundred(value: &u64) -> bool {
    *value == 100
}
