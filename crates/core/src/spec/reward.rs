//! How ratings become rewards: the scale they are on, and from where on one is positive.
//!
//! On a scale from `low` to `high` the reward of a rating r is (r - centre) / half-range, from -1 to 1: for stars from 1 to 5
//! the slides' R* = (r - 3) / 2 ("Normalization"). On a logarithmic scale, for counts, the same is done to logarithms. A
//! rating is positive above the centre, or from where it is said.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::math;

/// The scale that ratings are on, written `1..5`, `-10..10`, or for counts `log 1..1000`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatingScale {
    /// The least rating there can be.
    pub low: f32,
    /// The greatest.
    pub high: f32,
    /// Whether equal ratios, not equal differences, mean equal steps: for counts.
    pub is_log: bool,
}

impl RatingScale {
    /// Stars, the scale of MovieLens; half stars below 1 lie beyond its end.
    pub const STARS: Self = Self { low: 1.0, high: 5.0, is_log: false };

    /// Whether a rating lies on it. On that of stars half a star does, and on a logarithmic one whatever is less than its
    /// lower end, which has the reward of that end.
    pub fn holds(self, rating: f32) -> bool {
        let low = match self {
            Self::STARS => 0.5,
            Self { is_log: true, .. } => 0.0,
            Self { low, .. } => low,
        };
        (low..=self.high).contains(&rating)
    }
}

impl fmt::Display for RatingScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, is_log } = self;
        write!(f, "{}{low}..{high}", if *is_log { "log " } else { "" })
    }
}

impl FromStr for RatingScale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "a scale such as 1..5, 0..100, -10..10, or for counts log 1..1000".to_owned();
        let is_log = text.starts_with("log ");
        let (low, high) = text.strip_prefix("log ").unwrap_or(text).split_once("..").ok_or_else(expected)?;
        let end = |text: &str| text.trim().parse().ok().filter(|end: &f32| end.is_finite()).map(|end| end + 0.0);
        let (low, high) = end(low).zip(end(high)).ok_or_else(expected)?;
        if low >= high {
            return Err(format!("{}: its lower end comes first", expected()));
        }
        if is_log && low <= 0.0 {
            return Err("a logarithmic scale begins above 0, for example log 1..1000".to_owned());
        }
        Ok(Self { low, high, is_log })
    }
}

impl Serialize for RatingScale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RatingScale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// How ratings become rewards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardRule {
    /// The scale.
    pub scale: RatingScale,
    /// The least rating that is positive; where none is named it is what lies above the centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<f32>,
}

impl Default for RewardRule {
    fn default() -> Self {
        Self::STARS
    }
}

impl RewardRule {
    /// Stars from 1 to 5, positive above 3: what every trial had before there was another scale.
    pub const STARS: Self = Self { scale: RatingScale::STARS, positive: None };

    /// The reward of a rating; -1 for what lies below a logarithmic scale.
    pub fn reward(self, rating: f32) -> f32 {
        let RatingScale { low, high, is_log } = self.scale;
        if is_log {
            let [low, high, at] = [low, high, rating.max(low)].map(|it| math::ln(f64::from(it)));
            return ((at - (low + high) / 2.0) / ((high - low) / 2.0)) as f32;
        }
        (rating - (low + high) / 2.0) / ((high - low) / 2.0)
    }

    /// The least reward that counts as positive.
    pub fn least_positive(self) -> f32 {
        // No rating has a reward between zero and this.
        self.positive.map_or(f32::MIN_POSITIVE, |rating| self.reward(rating))
    }

    /// Whether a rating counts as positive.
    pub fn is_positive(self, rating: f32) -> bool {
        self.reward(rating) >= self.least_positive()
    }

    /// What a unit of reward is on the ratings' own scale; on a logarithmic one errors are told as rewards.
    pub fn unit(self) -> f64 {
        let RatingScale { low, high, is_log } = self.scale;
        if is_log { 1.0 } else { (f64::from(high) - f64::from(low)) / 2.0 }
    }

    /// The rating whose reward is 0; 1 on a logarithmic scale, whose rewards are -1 and more.
    pub fn centre(self) -> f64 {
        let RatingScale { low, high, is_log } = self.scale;
        if is_log { 1.0 } else { (f64::from(low) + f64::from(high)) / 2.0 }
    }

    /// What errors are told in: stars, points of another scale, or rewards.
    pub fn units(self) -> String {
        match self.scale {
            RatingScale::STARS => "stars".to_owned(),
            RatingScale { is_log: true, .. } => "rewards".to_owned(),
            scale => format!("points of {scale}"),
        }
    }

    /// From where on a rating is positive, in words.
    pub fn positive_words(self) -> String {
        let RatingScale { low, high, is_log } = self.scale;
        match (self.positive, self.scale) {
            (Some(least), RatingScale::STARS) => format!("from {least} stars"),
            (Some(least), _) => format!("from {least}"),
            (None, RatingScale::STARS) => "above 3 stars".to_owned(),
            (None, _) if is_log => {
                format!("above {:.3}", math::exp((math::ln(low.into()) + math::ln(high.into())) / 2.0))
            }
            (None, _) => format!("above {}", (low + high) / 2.0),
        }
    }

    /// The rule in words, as plans and notes tell it.
    pub fn words(self) -> String {
        let RatingScale { low, high, is_log } = self.scale;
        let formula = match is_log {
            true => format!("the logarithms of {low} to {high} brought to -1 to 1"),
            false => {
                let (centre, half) = ((low + high) / 2.0, (high - low) / 2.0);
                let difference = match centre {
                    0.0 => "r".to_owned(),
                    _ if centre < 0.0 => format!("(r + {})", -centre),
                    _ => format!("(r - {centre})"),
                };
                if half == 1.0 { difference } else { format!("{difference} / {half}") }
            }
        };
        format!("ratings on {}, reward {formula}, positive {}", self.scale, self.positive_words())
    }

    /// What is wrong with it, if anything.
    pub fn fault(self) -> Option<String> {
        let RatingScale { low, high, .. } = self.scale;
        let least = self.positive.filter(|least| !(low..=high).contains(least))?;
        Some(format!("positive from {least} on lies outside of the scale {}", self.scale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(scale: &str, positive: Option<f32>) -> RewardRule {
        RewardRule { scale: scale.parse().expect("a scale"), positive }
    }

    #[test]
    fn stars_are_as_they_always_were() {
        for halves in 1_u8..=10 {
            let stars = f32::from(halves) / 2.0;
            let reward = RewardRule::STARS.reward(stars);
            assert_eq!(reward.to_bits(), ((stars - 3.0) / 2.0).to_bits());
            assert_eq!(RewardRule::STARS.is_positive(stars), reward > 0.0);
        }
        assert_eq!(RewardRule::STARS.words(), "ratings on 1..5, reward (r - 3) / 2, positive above 3 stars");
    }

    #[test]
    fn one_world_on_five_scales_has_one_reward() {
        for (scale, times) in [("2..10", 2.0), ("20..100", 20.0), ("0.5..2.5", 0.5)] {
            let rule = rule(scale, None);
            for stars in [1.0, 2.0, 3.0, 4.0, 5.0_f32] {
                assert_eq!(rule.reward(times * stars), RewardRule::STARS.reward(stars), "{scale}");
                assert_eq!(rule.is_positive(times * stars), stars > 3.0);
            }
        }
        let ends = |text: &str| {
            let rule = rule(text, None);
            [rule.scale.low, rule.scale.high].map(|end| rule.reward(end))
        };
        for scale in ["1..10", "0..100", "-10..10", "0..1", "0.5..5", "log 1..1000"] {
            assert_eq!(ends(scale), [-1.0, 1.0], "{scale}");
        }
        let counts = rule("log 1..100", None);
        assert_eq!([0.0, 1.0, 10.0].map(|count| counts.reward(count)), [-1.0, -1.0, 0.0]);
        assert!(!counts.is_positive(10.0) && counts.is_positive(11.0));
        assert!(counts.words().ends_with("positive above 10.000"), "{}", counts.words());
    }

    #[test]
    fn a_threshold_is_held_to_the_rating() {
        for scale in ["1..10", "0..100", "0.1..0.9"] {
            let RatingScale { low, high, .. } = scale.parse().expect("a scale");
            for step in 0_u8..=90 {
                let least = low + (high - low) * f32::from(step) / 90.0;
                let rule = rule(scale, Some(least));
                for other in 0_u8..=90 {
                    let rating = low + (high - low) * f32::from(other) / 90.0;
                    assert!(rating < least || rule.is_positive(rating), "{rating} from {least} on {scale}");
                }
                assert!(!rule.is_positive(least - (high - low) / 180.0));
            }
        }
        assert_eq!(rule("1..10", Some(7.0)).words(), "ratings on 1..10, reward (r - 5.5) / 4.5, positive from 7");
        assert_eq!(rule("-10..10", None).words(), "ratings on -10..10, reward r / 10, positive above 0");
        assert!(rule("1..10", Some(11.0)).fault().is_some() && rule("1..10", Some(10.0)).fault().is_none());
    }

    #[test]
    fn a_scale_is_its_text() {
        for text in ["1..5", "-10..10", "0.5..5", "log 1..1000"] {
            let rule = rule(text, None);
            assert_eq!(rule.scale.to_string(), text);
            let json = serde_json::to_string(&rule).expect("JSON");
            assert_eq!(json, format!("{{\"scale\":\"{text}\"}}"));
            assert_eq!(serde_json::from_str::<RewardRule>(&json).expect("read"), rule);
        }
        for text in ["", "5", "5..1", "1..1", "a..b", "log 0..5", "1..inf", "1-5"] {
            assert!(text.parse::<RatingScale>().is_err(), "{text}");
        }
    }
}
