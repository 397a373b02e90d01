//! Specs of older formats. A trial's id is the hash of its spec as it was written, so a spec that was written before a
//! field existed is read with what trials did then, and written again without it.
//!
//! | format | fields that came with it |
//! | --- | --- |
//! | 1 | those without `since` |
//! | 2 | `split.held_out`, `pmf.select`, `drr.scoring`, `drr.action_norm`, `drr.reward_floor` |

use serde_json::Value;

use super::Field;
use super::sections::{DrrSpec, OfflineSpec, OnlineSpec, PmfSpec, SplitSpec, SyntheticSpec};

/// Where a spec's sections stand in its JSON.
const PLACES: [(&str, &[Field]); 6] = [
    ("/split", SplitSpec::FIELDS),
    ("/dataset/synthetic", SyntheticSpec::FIELDS),
    ("/job/pmf", PmfSpec::FIELDS),
    ("/job/drr/drr", DrrSpec::FIELDS),
    ("/job/eval/measure/offline", OfflineSpec::FIELDS),
    ("/job/eval/measure/online", OnlineSpec::FIELDS),
];

/// Removes the fields that came after `format` where they say what every trial did until then. Others stay: what they
/// say must not get lost, and a spec that holds them was never written by a program of that format.
pub(super) fn forget_later(record: &mut Value, format: u32) {
    for (place, fields) in PLACES {
        let Some(section) = record.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
        for field in fields.iter().filter(|field| field.since > format) {
            if section.get(field.name) == Some(&(field.before)()) {
                section.remove(field.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::canonical;
    use crate::spec::{ActionNorm, HeldOut, Job, Scoring, Select, TrialSpec};

    /// A recommender's spec as the first format had it.
    const FIRST: &str = r#"{"dataset":{"fingerprint":"0f4e43f5b34aa0fb0a4a0cd3d4c6eeb6b4b0e8e2fb2a3c6e0b8a9d7b1c5f2e30","name":"ml-100k"},"format":1,"job":{"drr":{"drr":{"actor_hidden":[8,8],"actor_lr":0.0005,"alpha":0.3,"batch_size":8,"beta":0.4,"beta_steps":0,"critic_hidden":[8,8,8],"critic_lr":0.001,"episode_length":10,"eps_end":0.1,"eps_start":1,"eps_steps":30,"gamma":0.9,"grad_clip":1,"history":5,"learning_starts":20,"record_every":10,"replay_capacity":200000,"state":"ave","tau":0.001,"train_steps":60,"weight_decay":0},"pmf":"5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"}},"seed":1,"split":{"kind":"random","seed":0,"test":0.2},"train_digest":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}"#;

    #[test]
    fn a_spec_of_the_first_format_is_read_as_it_was_meant_and_keeps_its_id() {
        let spec: TrialSpec = serde_json::from_str(FIRST).expect("readable");
        let Job::Drr(job) = &spec.job else { panic!("a recommender") };
        let drr = &job.drr;
        assert_eq!((drr.scoring, drr.action_norm, drr.reward_floor), (Scoring::Dot, ActionNorm::None, -1.0));
        assert_eq!(spec.split.held_out, HeldOut::Test);
        assert_eq!(String::from_utf8(canonical::to_bytes(&spec)).expect("text"), FIRST);
    }

    #[test]
    fn what_a_later_field_says_is_never_lost() {
        let mut spec: TrialSpec = serde_json::from_str(FIRST).expect("readable");
        let id = spec.id();
        spec.split.held_out = HeldOut::Validation;
        assert_ne!(spec.id(), id);
        let again: TrialSpec = serde_json::from_slice(&canonical::to_bytes(&spec)).expect("readable");
        assert_eq!(again, spec);
    }

    #[test]
    fn factorisations_of_the_first_format_kept_the_best_epoch() {
        let pmf: crate::spec::PmfSpec = serde_json::from_str("{}").expect("readable");
        assert_eq!((pmf.select, crate::spec::PmfSpec::default().select), (Select::BestEpoch, Select::Refit));
    }
}
