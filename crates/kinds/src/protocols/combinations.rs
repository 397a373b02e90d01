//! The combinations of switches that are tried, and what each is called: the keys of sweep files with their values.

use crate::offline::{Denominator, Gain, Ideal, OfflineSpec, Ranked, Relevant, TieOrder};
use crate::protocol::Protocol;

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Users {
    /// Who has K test ratings.
    WithK,
    /// Who has so many, whatever K is.
    With(u64),
    /// Who has one that is relevant.
    WithRelevant,
}

impl Users {
    /// All that are tried.
    pub const ALL: [Self; 10] = [
        Self::WithK,
        Self::With(1),
        Self::With(2),
        Self::With(3),
        Self::With(4),
        Self::With(5),
        Self::With(8),
        Self::With(10),
        Self::With(20),
        Self::WithRelevant,
    ];
}

/// From where on a rating is relevant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Positive {
    /// As the reward has it: above the centre of the scale.
    Usual,
    /// From the centre on.
    Centre,
    /// The best rating alone.
    Best,
    /// Every rating.
    Rated,
}

impl Positive {
    /// All that are tried.
    pub const ALL: [Self; 4] = [Self::Usual, Self::Centre, Self::Best, Self::Rated];

    /// As sweep files say it; `centre` and `best` are ratings.
    fn words(self, (centre, best): (f64, f64)) -> String {
        match self {
            Self::Usual => "relevant=positive".to_owned(),
            Self::Centre => format!("relevant=positive reward.positive={centre}"),
            Self::Best => format!("relevant=positive reward.positive={best}"),
            Self::Rated => "relevant=rated".to_owned(),
        }
    }
}

/// One combination, of a measure: switches that do not touch the measure are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Combination {
    /// What is ranked.
    pub candidates: Ranked,
    /// Who takes part.
    pub users: Users,
    /// Which of equals comes first.
    pub ties: TieOrder,
    /// What is relevant.
    pub positive: Positive,
    /// What precision divides by; of precision alone.
    pub denominator: Option<Denominator>,
    /// Gain and ideal; of NDCG alone.
    pub gain: Option<(Gain, Ideal)>,
}

impl Combination {
    /// All that are tried, of one choice of candidates, users and ties.
    pub fn all(candidates: Ranked, users: Users, ties: TieOrder) -> impl Iterator<Item = Self> {
        let whole = move |positive| Self { candidates, users, ties, positive, denominator: None, gain: None };
        let of_precision = Positive::ALL.into_iter().flat_map(move |positive| {
            Denominator::ALL.iter().map(move |it| Self { denominator: Some(*it), ..whole(positive) })
        });
        let gains = Positive::ALL.into_iter().flat_map(|positive| {
            // What is relevant matters to the binary gain, and to who has something that is.
            Gain::ALL.iter().map(move |gain| (positive, *gain))
        });
        let gains = gains.filter(move |(positive, gain)| {
            *gain == Gain::Binary || *positive == Positive::Usual || users == Users::WithRelevant
        });
        let of_ndcg = gains.flat_map(move |(positive, gain)| {
            Ideal::ALL.iter().map(move |ideal| Self { gain: Some((gain, *ideal)), ..whole(positive) })
        });
        of_precision.chain(Positive::ALL.into_iter().map(whole)).chain(of_ndcg)
    }

    /// The measure it is of.
    pub fn measure(&self) -> &'static str {
        match (self.denominator, self.gain) {
            (Some(_), _) => "precision",
            (None, Some(_)) => "ndcg",
            (None, None) => "recall",
        }
    }

    /// The settings of an offline evaluation that are these switches; what is relevant is told by the reward.
    pub fn settings(&self) -> OfflineSpec {
        let (least_test, least_relevant) = match self.users {
            Users::WithK => (0, 0),
            Users::With(count) => (count, 0),
            Users::WithRelevant => (1, 1),
        };
        let usual = OfflineSpec::default();
        OfflineSpec {
            protocol: Protocol::Cold,
            users: 0,
            candidates: self.candidates,
            ties: self.ties,
            least_test,
            least_relevant,
            relevant: if self.positive == Positive::Rated { Relevant::Rated } else { Relevant::Positive },
            denominator: self.denominator.unwrap_or(usual.denominator),
            gain: self.gain.map_or(usual.gain, |(gain, _)| gain),
            ideal: self.gain.map_or(usual.ideal, |(_, ideal)| ideal),
            ..usual
        }
    }

    /// Its name: fields of an offline evaluation as `key=value`, separated by blanks; `scale` are the ratings at the centre and
    /// at the upper end of theirs. Keys that two measures have agree where their protocols do.
    pub fn name(&self, scale: (f64, f64)) -> String {
        let OfflineSpec { least_test, least_relevant, .. } = self.settings();
        let mut name = format!(
            "candidates={} least_test={least_test} least_relevant={least_relevant} ties={}",
            self.candidates.name(),
            self.ties.name()
        );
        if self.gain.is_none_or(|(gain, _)| gain == Gain::Binary) || self.users == Users::WithRelevant {
            name += &format!(" {}", self.positive.words(scale));
        }
        if let Some(denominator) = self.denominator {
            name += &format!(" denominator={}", denominator.name());
        }
        if let Some((gain, ideal)) = self.gain {
            name += &format!(" gain={} ideal={}", gain.name(), ideal.name());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_tell_combinations_apart() {
        let mut seen = HashSet::new();
        for users in Users::ALL {
            for combination in Combination::all(Ranked::Rated, users, TieOrder::First) {
                assert!(seen.insert((combination.measure(), combination.name((3.0, 5.0)))), "{combination:?}");
            }
        }
        let of = |measure: &str| seen.iter().filter(|(it, _)| *it == measure).count();
        // 10 choices of users × 4 of what is relevant × 3 denominators; NDCG's 3 gains and 4 binary ones, 16 where users
        // must have something relevant, × 3 ideals.
        assert_eq!((of("precision"), of("recall"), of("ndcg")), (120, 40, (9 * 7 + 16) * 3));
    }
}
