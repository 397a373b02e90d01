//! Specs of formats 1 and 2. A trial's id is the hash of its spec as it was written, so such a spec is read into today's
//! shape and written again as it was: one hash for all training sources, and jobs of three shapes.
//!
//! | format | fields that came with it |
//! | --- | --- |
//! | 1 | those without `since` |
//! | 2 | those `since 2`: absent in a spec of format 1, they say what trials did without them |

use serde::{Deserialize, Serialize, ser::Error as _};
use serde_json::{Map, Value, json};

use super::sections::{SplitSpec, SyntheticSpec};
use super::{Field, Name, PolicySpec, RatingsSpec, RewardRule, Settings, TrialSpec, Upstream};
use crate::digest::{Digest, TrialId};

/// The kind that stood behind evaluations, and the recommender's, by their names of then.
const MODEL: &str = "pmf";
const RECOMMENDER: &str = "drr";

/// What a trial did.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum LegacyJob {
    Pmf(Settings),
    Drr(LegacyTraining),
    Eval(Evaluation),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LegacyTraining {
    pmf: TrialId,
    drr: Settings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Evaluation {
    pmf: TrialId,
    history: u64,
    policy: EvaluatedPolicy,
    measure: MeasuredBy,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum EvaluatedPolicy {
    Drr(TrialId),
    DrrUntrained(TrialId),
    Pmf,
    Popularity,
    Random,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum MeasuredBy {
    Offline(Settings),
    Online(Settings),
}

/// A job in today's shape.
pub(super) struct Parts {
    pub kind: Name,
    pub settings: Settings,
    pub policy: Option<PolicySpec>,
    pub upstream: Upstream,
}

impl LegacyJob {
    /// The job in today's shape; `digest` is that of all training sources.
    pub fn parts(self, digest: Digest) -> Result<Parts, String> {
        let parts = |kind: &str, settings, policy, upstream: Vec<(Name, TrialId)>| Parts {
            kind: kind.into(),
            settings,
            policy,
            upstream: Upstream::new(upstream),
        };
        Ok(match self {
            Self::Pmf(settings) => parts(MODEL, settings, None, Vec::new()),
            Self::Drr(LegacyTraining { pmf, drr }) => parts(RECOMMENDER, drr, None, vec![(MODEL.into(), pmf)]),
            Self::Eval(Evaluation { pmf, history, policy, measure }) => {
                let (kind, measure) = match measure {
                    MeasuredBy::Offline(settings) => ("offline", settings),
                    MeasuredBy::Online(settings) => ("online", settings),
                };
                let mut settings = measure.to_json();
                if settings.get("history").is_some() {
                    return Err("a measure has no field `history`".to_owned());
                }
                settings["history"] = json!(history);
                let settings = Settings::new(settings).expect("an object stays one");
                let (policy, model) = match policy {
                    EvaluatedPolicy::Drr(trial) => ("drr", Some(trial)),
                    EvaluatedPolicy::DrrUntrained(trial) => ("drr-untrained", Some(trial)),
                    EvaluatedPolicy::Pmf => ("pmf", None),
                    EvaluatedPolicy::Popularity => ("popularity", None),
                    EvaluatedPolicy::Random => ("random", None),
                };
                let policy = PolicySpec { kind: policy.into(), digest, settings: Settings::default() };
                let model = model.map(|trial| (RECOMMENDER.into(), trial));
                parts(kind, settings, Some(policy), [(MODEL.into(), pmf)].into_iter().chain(model).collect())
            }
        })
    }
}

/// The spec as its format has it.
pub(super) fn write(spec: &TrialSpec) -> Result<Value, serde_json::Error> {
    #[derive(Serialize)]
    struct LegacyRecord<'a> {
        format: u32,
        train_digest: &'a Digest,
        dataset: &'a super::DatasetSpec,
        split: &'a SplitSpec,
        seed: crate::seed::Seed,
        job: Value,
    }
    let TrialSpec { format, kind, digest, settings, policy, upstream, ratings, seed } = spec;
    let Some(RatingsSpec { dataset, split, reward: RewardRule::STARS }) = ratings else {
        return Err(serde_json::Error::custom(format!("in format {format} every trial stands on ratings in stars")));
    };
    let model = upstream.get(MODEL);
    let job = match policy {
        Some(policy) => {
            let mut measure = settings.to_json();
            let history = measure.as_object_mut().and_then(|fields| fields.remove("history"));
            let policy = match upstream.get(RECOMMENDER) {
                Some(trial) => json!({ (policy.kind.as_str()): trial }),
                None => json!(policy.kind),
            };
            let measure = json!({ (kind.as_str()): measure });
            json!({"eval": {"history": history, "measure": measure, "pmf": model, "policy": policy}})
        }
        None if *kind == MODEL => json!({ MODEL: settings }),
        None => json!({ (kind.as_str()): { (kind.as_str()): settings, MODEL: model } }),
    };
    let mut record =
        serde_json::to_value(LegacyRecord { format: *format, train_digest: digest, dataset, split, seed: *seed, job })?;
    for (place, fields) in [("/split", SplitSpec::FIELDS), ("/dataset/synthetic", SyntheticSpec::FIELDS)] {
        if let Some(section) = record.pointer_mut(place).and_then(Value::as_object_mut) {
            forget_later(section, fields, *format);
        }
    }
    Ok(record)
}

/// Removes the fields that came after `format` where they say what every trial did until then. Others stay: what they
/// say must not get lost, and a spec that holds them was never written by a program of that format.
fn forget_later(section: &mut Map<String, Value>, fields: &[Field], format: u32) {
    for field in fields.iter().filter(|field| field.since > format) {
        if section.get(field.name) == Some(&(field.before)()) {
            section.remove(field.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::canonical;
    use crate::spec::{HeldOut, TrialSpec};

    /// A recommender's spec as the first format had it.
    const FIRST: &str = r#"{"dataset":{"fingerprint":"0f4e43f5b34aa0fb0a4a0cd3d4c6eeb6b4b0e8e2fb2a3c6e0b8a9d7b1c5f2e30","name":"ml-100k"},"format":1,"job":{"drr":{"drr":{"actor_hidden":[8,8],"actor_lr":0.0005,"alpha":0.3,"batch_size":8,"beta":0.4,"beta_steps":0,"critic_hidden":[8,8,8],"critic_lr":0.001,"episode_length":10,"eps_end":0.1,"eps_start":1,"eps_steps":30,"gamma":0.9,"grad_clip":1,"history":5,"learning_starts":20,"record_every":10,"replay_capacity":200000,"state":"ave","tau":0.001,"train_steps":60,"weight_decay":0},"pmf":"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"}},"seed":1,"split":{"kind":"random","seed":0,"test":0.2},"train_digest":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}"#;

    /// An evaluation's as the second had it.
    const SECOND: &str = r#"{"dataset":{"fingerprint":"0f4e43f5b34aa0fb0a4a0cd3d4c6eeb6b4b0e8e2fb2a3c6e0b8a9d7b1c5f2e30","name":"ml-100k"},"format":2,"job":{"eval":{"history":2,"measure":{"online":{"epsilon":0.1,"k":[3],"learning_starts":8,"protocol":"published","repeats":2,"steps":30}},"pmf":"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9","policy":{"drr-untrained":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}}},"seed":0,"split":{"held_out":"validation","kind":"random","seed":0,"test":0.2},"train_digest":"da25ab514db6b65c964f247034bcd3834eb704663e06076ccc54e0d5022ca2d2"}"#;

    #[test]
    fn specs_of_older_formats_are_read_in_todays_shape_and_keep_their_ids() {
        let first: TrialSpec = serde_json::from_str(FIRST).expect("readable");
        assert_eq!((first.kind.as_str(), first.settings.whole("train_steps")), ("drr", Some(60)));
        assert_eq!(first.split().expect("ratings").held_out, HeldOut::Test);
        assert_eq!(first.upstream().len(), 1);
        let second: TrialSpec = serde_json::from_str(SECOND).expect("readable");
        assert_eq!((second.kind.as_str(), second.settings.whole("history")), ("online", Some(2)));
        assert_eq!(second.policy.as_ref().expect("a policy").kind, "drr-untrained");
        for (spec, text) in [(first, FIRST), (second, SECOND)] {
            assert_eq!(String::from_utf8(canonical::to_bytes(&spec)).expect("text"), text);
        }
        for policy in ["\"pmf\"", "\"popularity\"", "\"random\""] {
            let (start, end) = SECOND.split_once("{\"drr-untrained\"").expect("there");
            let text = format!("{start}{policy}{}", end.split_once('}').expect("closed").1);
            let spec: TrialSpec = serde_json::from_str(&text).expect("readable");
            assert_eq!(String::from_utf8(canonical::to_bytes(&spec)).expect("text"), text);
        }
    }

    #[test]
    fn what_a_later_field_says_is_never_lost() {
        let mut spec: TrialSpec = serde_json::from_str(FIRST).expect("readable");
        let id = spec.id();
        spec.ratings.as_mut().expect("ratings").split.held_out = HeldOut::Validation;
        assert_ne!(spec.id(), id);
        let again: TrialSpec = serde_json::from_slice(&canonical::to_bytes(&spec)).expect("readable");
        assert_eq!(again, spec);
    }
}
