//! What a division of the ratings cannot give, in words: what is wrong, and what to do about it.

use drr_core::data::load::ScaleGuess;
use drr_core::spec::{HeldOut, RatingScale, SplitKind, SplitSpec};
use drr_kinds::kind::Need;
use drr_kinds::protocol::Protocol;

use super::division::Division;
use super::{Demand, Eligible, Examined, Offer};

/// What is wrong, and what to do about it.
pub(super) type Lack = (String, String);

impl Examined<'_> {
    /// Everything a division cannot give.
    pub(super) fn lacks(&self, demands: &[Demand], offers: &[Offer]) -> Vec<Lack> {
        let Division { train, test, .. } = *self.division;
        if train == 0 || test == 0 {
            return vec![self.empty_part()];
        }
        let mut lacks = Vec::new();
        for (_, need) in demands {
            match need {
                Need::Validation { field, share } => lacks.extend(self.no_validation(field, *share)),
                Need::Sessions { field, history } if self.division.eligible(Protocol::Strict, *history, 0) == 0 => {
                    lacks.push(self.no_positives((field, *history), "train", "to train a recommender on"));
                }
                Need::Sessions { .. } | Need::Users { .. } => {}
            }
        }
        lacks.extend(offers.iter().filter_map(|offer| self.nobody(offer)));
        lacks
    }

    fn empty_part(&self) -> Lack {
        let (ratings, users) = (self.table.rows.len(), self.table.users.len());
        let held_out = match self.split.held_out {
            HeldOut::Test => "test",
            HeldOut::Validation => "validation",
        };
        let (what, part) = match self.division.train {
            0 => ("leaves nothing to learn from", "train"),
            _ => ("holds nothing out", held_out),
        };
        let SplitSpec { kind, test, last, min_per_user, min_per_item, .. } = self.split;
        let rule = match kind {
            SplitKind::LeaveLast => format!("split.kind = \"leave-last\", split.last = {last}"),
            SplitKind::Folds | SplitKind::Given => format!("split.kind = \"{}\"", kind.name()),
            _ => format!("split.kind = \"{}\", split.test = {test}", kind.name()),
        };
        let message =
            format!("the split {what}: of {ratings} ratings by {users} users none is in the {part} part ({rule})");
        let help = match (part, kind) {
            _ if *min_per_user > 1 || *min_per_item > 1 => "lower split.min_per_user and split.min_per_item",
            (_, SplitKind::Given) => "the file says so: does it hold the whole of the ratings, or none?",
            (_, SplitKind::LeaveLast) => "lower split.last: who has no more ratings than that keeps all in train",
            (_, SplitKind::Folds) => "lower split.folds, or import more ratings",
            ("train", _) => "lower split.test, or import more ratings",
            (_, SplitKind::Temporal | SplitKind::ByUser) => {
                "the rounded share of each user's ratings is held out: raise split.test, or set split.kind = \"random\""
            }
            _ => "raise split.test, or import more ratings",
        };
        (message, help.to_owned())
    }

    /// A trainer's own validation part, by which the best epoch is chosen.
    fn no_validation(&self, field: &str, share: f64) -> Option<Lack> {
        let train = self.division.train;
        let validation = (train as f64 * share).round() as usize;
        if validation == train {
            let message = format!("{field} = {share} leaves none of the {train} train ratings to learn from");
            return Some((message, format!("lower {field}")));
        }
        (share > 0.0 && validation == 0).then(|| {
            let message = format!("{field} = {share} holds out none of the {train} train ratings");
            (message, format!("raise it, or set {field} = 0 to train without"))
        })
    }

    fn no_positives(&self, (field, history): (&str, u64), part: &str, purpose: &str) -> Lack {
        let most = self.division.most_positives(if part == "train" { Protocol::Strict } else { Protocol::Published });
        let words = self.reward.positive_words();
        let message = format!(
            "no user of {} has {history} positive {part} ratings ({words}) {purpose}: the most is {most}",
            self.dataset.name
        );
        let any = self.table.rows.iter().any(|row| self.reward.is_positive(row.stars));
        let cause = match ScaleGuess::of(self.table) {
            ScaleGuess::Other { range: [low, high], looks, scale, .. } if self.reward.scale == RatingScale::STARS => {
                Some(format!(
                    "the ratings run from {low} to {high} and look like {looks}, while {words} is positive: set \
                     reward.scale = \"{scale}\", or import them with `--scale=\"{scale}\"`"
                ))
            }
            _ if !any => Some(format!(
                "no rating at all is positive ({words}): is {} their scale? reward.scale and reward.positive say another",
                self.reward.scale
            )),
            _ => None,
        };
        let lower = match most {
            0 => "import ratings with positive ones".to_owned(),
            most => format!("set {field} to {most} or less"),
        };
        (message, cause.unwrap_or(lower))
    }

    /// An evaluation, or one K of it, that nobody can be taken for.
    fn nobody(&self, offer: &Offer) -> Option<Lack> {
        let Offer { measure, field, history, users, eligible, .. } = offer;
        let (none, kept): (Vec<Eligible>, Vec<Eligible>) = eligible.iter().partition(|eligible| eligible.users == 0);
        if none.is_empty() {
            return None;
        }
        let part = match offer.protocol {
            Protocol::Published => "test",
            Protocol::Strict | Protocol::Cold => "train",
        };
        let protocol = offer.protocol.name();
        if self.division.eligible(offer.protocol, *history, 0) == 0 {
            let purpose = format!("to start from ({measure}, {protocol})");
            return Some(self.no_positives((field, *history), part, &purpose));
        }
        if let Some(Eligible { least, .. }) = none.iter().find(|it| it.k.is_none()) {
            let most = self.division.most_candidates(offer.protocol, *history);
            let message = format!(
                "nothing can be measured {measure} ({protocol}): no user of {} has {least} test ratings and {history} positive \
                 {part} ratings to start from",
                self.dataset.name
            );
            return Some((
                message,
                format!("the most test ratings of such a user are {most}: lower {measure}.least_test"),
            ));
        }
        let list =
            |all: &[Eligible]| all.iter().filter_map(|it| it.k).map(|k| k.to_string()).collect::<Vec<_>>().join(", ");
        let least = none.iter().filter_map(|it| it.k).min().unwrap_or(0);
        let counts = kept.iter().map(|it| format!("{} of {users} users at K = {}", it.users, it.k.unwrap_or(0)));
        let others = match kept.as_slice() {
            [] => String::new(),
            _ => format!("; there are {}", counts.collect::<Vec<_>>().join(", ")),
        };
        let message = format!(
            "K = {} cannot be measured {measure} ({protocol}): no user of {} has {least} test ratings and {history} positive \
             {part} ratings to start from{others}",
            list(&none),
            self.dataset.name,
        );
        let help = match kept.as_slice() {
            [] => {
                let most = self.division.most_candidates(offer.protocol, *history);
                match most {
                    0 => "no user that has such a history has a test rating: another split.kind holds some out of each"
                        .to_owned(),
                    _ => format!("the most test ratings of such a user are {most}: set {measure}.k = [{most}] or less"),
                }
            }
            _ => format!("set {measure}.k = [{}]; a larger split.test or a smaller {field} leaves more", list(&kept)),
        };
        Some((message, help))
    }
}
