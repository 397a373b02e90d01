//! Trial specs: everything that can change a result, fully resolved, no default left implicit.
//!
//! A spec names the kind of its work and holds that kind's settings as data: what they mean is for the kind to say. So
//! nothing here knows an algorithm, and a spec of a kind that this program does not have can still be read, hashed and
//! shown.
//!
//! | file | job |
//! | --- | --- |
//! | `mod` | a spec and its identity |
//! | `settings` | settings as data |
//! | `field` | what a hyperparameter is to a person |
//! | `sections` | the ratings' own: how they are divided, how they are made up |
//! | `reward` | how ratings become rewards |
//! | `legacy` | specs of older formats, read and written as they were |

pub mod field;
mod legacy;
mod reward;
mod sections;
mod settings;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

pub use field::{Field, Section, ValueKind, Varies};
pub use reward::{RatingScale, RewardRule};
pub use sections::{HeldOut, LARGE, RewardSpec, SplitKind, SplitSpec, SyntheticSpec, Ties, WorldKind};
pub use settings::{Name, Settings, Upstream};

use crate::canonical;
use crate::digest::{Digest, TrialId};
use crate::seed::Seed;

/// The version of the spec's format; newer ones are refused, older ones are read and keep their ids.
pub const FORMAT: u32 = 5;

/// The last format in which every trial stands on ratings, divided by one of two rules.
pub const WITH_RATINGS: u32 = 3;

/// The first in which a trial may bring its own data.
pub const WITHOUT_RATINGS: u32 = 4;

/// The last format that had one hash for all training sources, and jobs of three shapes.
const LAST_OF_JOBS: u32 = 2;

/// One training or evaluation job. Its canonical JSON is its identity.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialSpec {
    /// Format of this record: [`FORMAT`], or the older one it was written in.
    pub format: u32,
    /// The kind of its work.
    pub kind: Name,
    /// Hash of the sources that can change what this kind computes; before format 3, of all training sources.
    pub digest: Digest,
    /// The kind's settings.
    pub settings: Settings,
    /// What an evaluation evaluates.
    pub policy: Option<PolicySpec>,
    /// The trials that must be finished before this one starts, by the kind of each.
    pub upstream: Upstream,
    /// The ratings it stands on; none where it brings its own data.
    pub ratings: Option<RatingsSpec>,
    /// Seed of every random stream but the split's.
    pub seed: Seed,
}

/// A policy under evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Its kind.
    pub kind: Name,
    /// Hash of the sources that can change what it recommends.
    pub digest: Digest,
    /// Its own settings, beside those of the model it stands on.
    pub settings: Settings,
}

/// Ratings, and how they are divided.
#[derive(Clone, Debug, PartialEq)]
pub struct RatingsSpec {
    /// Which they are.
    pub dataset: DatasetSpec,
    /// Their division into train and test.
    pub split: SplitSpec,
    /// How they become rewards.
    pub reward: RewardRule,
}

/// Which ratings, by name for people and by content for identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Name below the data folder, or `synthetic`.
    pub name: String,
    /// SHA-256 of the canonical rating table.
    pub fingerprint: Digest,
    /// Recipe of a made-up dataset; the worker generates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synthetic: Option<SyntheticSpec>,
}

impl DatasetSpec {
    /// What tables and figures call it: its name, and of a made-up world with rules of its own which one it is.
    pub fn label(&self) -> &str {
        match self.synthetic.as_ref().map(|recipe| recipe.world) {
            None | Some(WorldKind::Factors) => &self.name,
            Some(WorldKind::Plain) => "synthetic plain",
            Some(WorldKind::Satiation) => "synthetic satiation",
            Some(WorldKind::DelayedTaste) => "synthetic delayed taste",
            Some(WorldKind::Drift) => "synthetic drift",
        }
    }
}

/// A spec as today's format writes it.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    kind: &'a Name,
    digest: &'a Digest,
    settings: &'a Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: &'a Option<PolicySpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<&'a RewardRule>,
    upstream: &'a Upstream,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<&'a DatasetSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a SplitSpec>,
    seed: Seed,
}

/// A spec of any format as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    format: u32,
    dataset: Option<DatasetSpec>,
    split: Option<SplitSpec>,
    reward: Option<RewardRule>,
    seed: Seed,
    kind: Option<Name>,
    digest: Option<Digest>,
    settings: Option<Settings>,
    policy: Option<PolicySpec>,
    upstream: Option<Upstream>,
    train_digest: Option<Digest>,
    job: Option<legacy::LegacyJob>,
}

impl Serialize for TrialSpec {
    /// A spec of an older format is written as it was then.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.format <= LAST_OF_JOBS {
            return legacy::write(self).map_err(ser::Error::custom)?.serialize(serializer);
        }
        let Self { format, kind, digest, settings, policy, upstream, ratings, seed } = self;
        let (dataset, split) = ratings.as_ref().map(|it| (&it.dataset, &it.split)).unzip();
        let reward = ratings.as_ref().map(|it| &it.reward).filter(|reward| **reward != RewardRule::STARS);
        Written { format: *format, kind, digest, settings, policy, reward, upstream, dataset, split, seed: *seed }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TrialSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { format, dataset, split, reward, seed, kind, digest, settings, policy, upstream, train_digest, job } =
            Read::deserialize(deserializer)?;
        let missing = |name| de::Error::missing_field(name);
        let ratings = match (dataset, split) {
            (Some(dataset), Some(split)) => {
                Some(RatingsSpec { dataset, split, reward: reward.unwrap_or(RewardRule::STARS) })
            }
            (None, None) if format > WITH_RATINGS => None,
            (None, _) => return Err(missing("dataset")),
            (_, None) => return Err(missing("split")),
        };
        if format <= LAST_OF_JOBS {
            for (name, is_there) in [("kind", kind.is_some()), ("digest", digest.is_some())] {
                if is_there {
                    return Err(de::Error::custom(format!("format {format} has no field `{name}`")));
                }
            }
            let digest = train_digest.ok_or_else(|| missing("train_digest"))?;
            let legacy::Parts { kind, settings, policy, upstream } =
                job.ok_or_else(|| missing("job"))?.parts(digest).map_err(de::Error::custom)?;
            return Ok(Self { format, kind, digest, settings, policy, upstream, ratings, seed });
        }
        for (name, is_there) in [("job", job.is_some()), ("train_digest", train_digest.is_some())] {
            if is_there {
                return Err(de::Error::custom(format!("format {format} has no field `{name}`")));
            }
        }
        Ok(Self {
            format,
            kind: kind.ok_or_else(|| missing("kind"))?,
            digest: digest.ok_or_else(|| missing("digest"))?,
            settings: settings.ok_or_else(|| missing("settings"))?,
            policy,
            upstream: upstream.ok_or_else(|| missing("upstream"))?,
            ratings,
            seed,
        })
    }
}

/// The format of a trial on ratings that are divided and become rewards so, or on none: the oldest that holds it, so that
/// its id stays.
pub fn format_of(ratings: Option<(&SplitSpec, &RewardRule)>) -> u32 {
    match ratings {
        None => WITHOUT_RATINGS,
        Some((split, reward)) if split.is_plain() && *reward == RewardRule::STARS => WITH_RATINGS,
        Some(_) => FORMAT,
    }
}

impl TrialSpec {
    /// The trial's identity.
    pub fn id(&self) -> TrialId {
        TrialId(canonical::digest(self))
    }

    /// Whether its digest is of its kind's sources alone; in older formats it is of all training sources.
    pub fn has_digest_of_kind(&self) -> bool {
        self.format > LAST_OF_JOBS
    }

    /// The trials that must be finished before this one starts, in the order of their slots.
    pub fn upstream(&self) -> Vec<TrialId> {
        self.upstream.iter().map(|(_, trial)| trial).collect()
    }

    /// The ratings it stands on, if it does.
    pub fn dataset(&self) -> Option<&DatasetSpec> {
        self.ratings.as_ref().map(|it| &it.dataset)
    }

    /// How they are divided.
    pub fn split(&self) -> Option<&SplitSpec> {
        self.ratings.as_ref().map(|it| &it.split)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec() -> TrialSpec {
        TrialSpec {
            format: WITH_RATINGS,
            kind: "slow".into(),
            digest: Digest::of(b"sources"),
            settings: Settings::new(json!({"rate": 1.0, "widths": [3, 4.0], "name": "x"})).expect("an object"),
            policy: Some(PolicySpec {
                kind: "fast".into(),
                digest: Digest::of(b"others"),
                settings: Settings::default(),
            }),
            upstream: Upstream::new([("b".into(), TrialId(Digest::of(b"b"))), ("a".into(), TrialId(Digest::of(b"a")))]),
            ratings: Some(RatingsSpec {
                dataset: DatasetSpec { name: "ml-100k".to_owned(), fingerprint: Digest::of(b"table"), synthetic: None },
                split: SplitSpec::default(),
                reward: RewardRule::STARS,
            }),
            seed: Seed(3),
        }
    }

    fn ratings(spec: &mut TrialSpec) -> &mut RatingsSpec {
        spec.ratings.as_mut().expect("it stands on ratings")
    }

    #[test]
    fn a_trial_with_data_of_its_own_is_of_the_next_format() {
        let own = TrialSpec { format: format_of(None), ratings: None, ..spec() };
        let text = String::from_utf8(canonical::to_bytes(&own)).expect("text");
        assert!(!text.contains("dataset") && !text.contains("split"), "{text}");
        assert_eq!(serde_json::from_str::<TrialSpec>(&text).expect("read"), own);
        let older = text.replacen("\"format\":4", "\"format\":3", 1);
        let error = serde_json::from_str::<TrialSpec>(&older).expect_err("format 3 has ratings").to_string();
        assert!(error.contains("missing field `dataset`"), "{error}");
    }

    #[test]
    fn a_spec_reads_back_with_the_same_id() {
        let text = canonical::to_bytes(&spec());
        let again: TrialSpec = serde_json::from_slice(&text).expect("a spec reads what it writes");
        assert_eq!(again, spec());
        assert_eq!(again.id(), spec().id());
        assert_eq!(again.upstream(), ["a", "b"].map(|name| TrialId(Digest::of(name.as_bytes()))), "by name");
    }

    #[test]
    fn everything_changes_the_id() {
        let changes: [fn(&mut TrialSpec); 12] = [
            |spec| spec.kind = "other".into(),
            |spec| spec.digest = Digest::of(b"other"),
            |spec| spec.settings = Settings::new(json!({"rate": 1.5})).expect("an object"),
            |spec| spec.policy = None,
            |spec| spec.policy.as_mut().expect("there").digest = Digest::of(b"other"),
            |spec| spec.upstream = Upstream::default(),
            |spec| ratings(spec).dataset.fingerprint = Digest::of(b"other"),
            |spec| ratings(spec).dataset.synthetic = Some(SyntheticSpec::default()),
            |spec| ratings(spec).split.seed = 7,
            |spec| ratings(spec).reward.positive = Some(4.0),
            |spec| ratings(spec).reward.scale.low = 0.5,
            |spec| spec.seed = Seed(4),
        ];
        let mut ids = vec![spec().id()];
        ids.extend(changes.map(|change| {
            let mut spec = spec();
            change(&mut spec);
            spec.id()
        }));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 13);
    }

    #[test]
    fn parts_of_another_format_are_refused() {
        let text = String::from_utf8(canonical::to_bytes(&spec())).expect("text");
        for (from, to, says) in [
            ("\"format\":3", "\"format\":2", "format 2 has no field `kind`"),
            ("\"kind\":\"slow\",", "", "missing field `kind`"),
            ("\"upstream\"", "\"train_digest\":null,\"upsteam\"", "unknown field `upsteam`"),
        ] {
            let error = serde_json::from_str::<TrialSpec>(&text.replacen(from, to, 1)).expect_err(says);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
