//! Trial specs: everything that can change a result, fully resolved, no default left implicit.
//!
//! Three kinds make three stages: `pmf` → `drr` → `eval`. Asking for another protocol or another K evaluates stored
//! models and retrains nothing.

mod field;
mod history;
mod sections;

use serde::{Deserialize, Serialize, Serializer, ser};

pub use field::{Field, Kind};
pub use sections::{
    ActionNorm, CriticAction, DrrSpec, Exploration, HeldOut, OfflineSpec, OnlineSpec, Optimizer, PmfSpec, Protocol,
    Scoring, Select, SplitKind, SplitSpec, StateKind, SyntheticSpec,
};

use crate::canonical;
use crate::digest::{Digest, TrialId};
use crate::seed::Seed;

/// The version of the spec's format; newer ones are refused, older ones are read and keep their ids.
pub const FORMAT: u32 = 2;

/// One training or evaluation job. Its canonical JSON is its identity.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// Format of this record: [`FORMAT`], or the older one it was written in.
    pub format: u32,
    /// Hash of the training sources, [`crate::train_digest`].
    pub train_digest: Digest,
    /// The ratings.
    pub dataset: DatasetSpec,
    /// Their division into train and test.
    pub split: SplitSpec,
    /// Seed of every random stream but the split's.
    pub seed: Seed,
    /// What to do.
    pub job: Job,
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

/// What a trial does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Job {
    /// Train matrix factorisation: the reward model and the embeddings.
    Pmf(PmfSpec),
    /// Train the recommender on a finished PMF.
    Drr(DrrJob),
    /// Evaluate a finished model or a baseline.
    Eval(EvalJob),
}

/// Train the recommender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrrJob {
    /// The PMF trial that gives embeddings and the reward model.
    pub pmf: TrialId,
    /// Hyperparameters, with the widths resolved.
    pub drr: DrrSpec,
}

/// Evaluate a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvalJob {
    /// The PMF trial that gives embeddings and the reward model.
    pub pmf: TrialId,
    /// History length n: what a user needs to be eligible, the same for the recommender and its baselines.
    pub history: u64,
    /// The policy to evaluate.
    pub policy: Policy,
    /// How it is measured.
    pub measure: Measure,
}

/// A policy to evaluate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Policy {
    /// A trained recommender, by its trial.
    Drr(TrialId),
    /// Networks as initialised (a trial with `train_steps = 0`); online it learns as it goes.
    DrrUntrained(TrialId),
    /// Static ranking by PMF's predicted rating.
    Pmf,
    /// Static ranking by the number of positive train ratings.
    Popularity,
    /// Uniform choice.
    Random,
}

impl Policy {
    /// The name tables show.
    pub fn name(&self) -> &'static str {
        match self {
            Policy::Drr(_) => "drr",
            Policy::DrrUntrained(_) => "drr-untrained",
            Policy::Pmf => "pmf",
            Policy::Popularity => "popularity",
            Policy::Random => "random",
        }
    }

    /// The trial whose networks it needs, if any.
    pub fn trial(&self) -> Option<TrialId> {
        match self {
            Policy::Drr(trial) | Policy::DrrUntrained(trial) => Some(*trial),
            Policy::Pmf | Policy::Popularity | Policy::Random => None,
        }
    }
}

/// How a policy is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Measure {
    /// Precision and NDCG on the test log.
    Offline(OfflineSpec),
    /// Mean reward of sessions over all items.
    Online(OnlineSpec),
}

/// The stages of a sweep, in the order they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Matrix factorisation.
    Pmf,
    /// Recommender training.
    Drr,
    /// Evaluation.
    Eval,
}

impl Stage {
    /// The name records and tables use.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Pmf => "pmf",
            Stage::Drr => "drr",
            Stage::Eval => "eval",
        }
    }
}

impl Serialize for TrialSpec {
    /// A spec of an older format is written without the fields that came later, as it was then.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record<'a> {
            format: u32,
            train_digest: &'a Digest,
            dataset: &'a DatasetSpec,
            split: &'a SplitSpec,
            seed: Seed,
            job: &'a Job,
        }
        let Self { format, train_digest, dataset, split, seed, job } = self;
        let record = Record { format: *format, train_digest, dataset, split, seed: *seed, job };
        if *format >= FORMAT {
            return record.serialize(serializer);
        }
        let mut record = serde_json::to_value(record).map_err(ser::Error::custom)?;
        history::forget_later(&mut record, *format);
        record.serialize(serializer)
    }
}

impl TrialSpec {
    /// The trial's identity.
    pub fn id(&self) -> TrialId {
        TrialId(canonical::digest(self))
    }

    /// The stage it belongs to.
    pub fn stage(&self) -> Stage {
        match self.job {
            Job::Pmf(_) => Stage::Pmf,
            Job::Drr(_) => Stage::Drr,
            Job::Eval(_) => Stage::Eval,
        }
    }

    /// The trials that must be finished before this one starts.
    pub fn upstream(&self) -> Vec<TrialId> {
        match &self.job {
            Job::Pmf(_) => Vec::new(),
            Job::Drr(job) => vec![job.pmf],
            Job::Eval(job) => std::iter::once(job.pmf).chain(job.policy.trial()).collect(),
        }
    }
}

impl DrrSpec {
    /// Size of the state for `k` factors: 3k for `ave`, k (n + n(n-1)/2) for `p` and `u`.
    pub fn state_size(&self, k: u64) -> u64 {
        let n = self.history;
        match self.state {
            StateKind::Ave => 3 * k,
            StateKind::P | StateKind::U => k * (n + n * (n - 1) / 2),
        }
    }

    /// Size of an action for `k` factors.
    pub fn action_size(&self, k: u64) -> u64 {
        match self.scoring {
            Scoring::Dot => k,
            Scoring::DotBias => k + 1,
        }
    }

    /// Fills in the widths left to the default: as wide as the layer's input.
    pub fn resolve(&mut self, k: u64) {
        let state = self.state_size(k);
        if self.actor_hidden.is_empty() {
            self.actor_hidden = vec![state, state];
        }
        if self.critic_hidden.is_empty() {
            let joined = self.action_size(k) + state;
            self.critic_hidden = vec![state, joined, joined];
        }
        self.learning_starts = self.learning_starts.max(self.batch_size);
    }
}

/// Every section a sweep file may hold, with its fields.
pub const SECTIONS: &[(&str, &[Field])] = &[
    ("split", SplitSpec::FIELDS),
    ("pmf", PmfSpec::FIELDS),
    ("drr", DrrSpec::FIELDS),
    ("offline", OfflineSpec::FIELDS),
    ("online", OnlineSpec::FIELDS),
    ("synthetic", SyntheticSpec::FIELDS),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> TrialSpec {
        TrialSpec {
            format: FORMAT,
            train_digest: Digest::of(b"sources"),
            dataset: DatasetSpec { name: "ml-100k".to_owned(), fingerprint: Digest::of(b"table"), synthetic: None },
            split: SplitSpec::default(),
            seed: Seed(3),
            job: Job::Pmf(PmfSpec::default()),
        }
    }

    #[test]
    fn a_spec_reads_back_with_the_same_id() {
        let text = canonical::to_bytes(&spec());
        let again: TrialSpec = serde_json::from_slice(&text).expect("a spec reads what it writes");
        assert_eq!(again, spec());
        assert_eq!(again.id(), spec().id());
    }

    /// Another value that the field accepts.
    fn another(field: &Field, value: &serde_json::Value) -> serde_json::Value {
        let candidates = match field.kind {
            Kind::Choice(names) => names.iter().map(|&name| name.into()).collect(),
            Kind::Float { min, max } => vec![serde_json::json!(min), serde_json::json!(max)],
            Kind::Int { min, max } => vec![serde_json::json!(min), serde_json::json!(max)],
            Kind::Ints { .. } => vec![serde_json::json!([7]), serde_json::json!([7, 7]), serde_json::json!([7, 7, 7])],
        };
        let other = candidates.into_iter().map(|other| field.kind.normalise(other));
        other.clone().find(|other| other != value && field.kind.accepts(other)).expect("a field takes several values")
    }

    #[test]
    fn every_field_changes_the_id() {
        let drr = DrrJob { pmf: spec().id(), drr: DrrSpec::default() };
        let eval = |measure| EvalJob { pmf: spec().id(), policy: Policy::Pmf, history: 5, measure };
        let synthetic = DatasetSpec { synthetic: Some(SyntheticSpec::default()), ..spec().dataset };
        let with = |job| TrialSpec { job, ..spec() };
        let cases = [
            (spec(), "/split", SplitSpec::FIELDS),
            (spec(), "/job/pmf", PmfSpec::FIELDS),
            (with(Job::Drr(drr)), "/job/drr/drr", DrrSpec::FIELDS),
            (
                with(Job::Eval(eval(Measure::Offline(OfflineSpec::default())))),
                "/job/eval/measure/offline",
                OfflineSpec::FIELDS,
            ),
            (
                with(Job::Eval(eval(Measure::Online(OnlineSpec::default())))),
                "/job/eval/measure/online",
                OnlineSpec::FIELDS,
            ),
            (TrialSpec { dataset: synthetic, ..spec() }, "/dataset/synthetic", SyntheticSpec::FIELDS),
        ];
        for (base, place, fields) in cases {
            let mut seen = vec![base.id()];
            for field in fields {
                let mut value = serde_json::to_value(&base).expect("a spec is JSON");
                let slot = &mut value.pointer_mut(place).unwrap_or_else(|| panic!("{place} is there"))[field.name];
                *slot = another(field, slot);
                let changed: TrialSpec = serde_json::from_value(value).expect("still a spec");
                seen.push(changed.id());
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), fields.len() + 1, "{place}");
        }
    }

    #[test]
    fn defaults_lie_in_their_own_range() {
        for (section, fields) in SECTIONS {
            for field in *fields {
                let value = (field.default)();
                assert!(field.kind.accepts(&value), "{section}.{} = {value}", field.name);
                assert!(!field.doc.is_empty());
            }
        }
    }

    #[test]
    fn widths_default_to_their_input() {
        let mut drr = DrrSpec::default();
        drr.resolve(100);
        assert_eq!(drr.actor_hidden, [300, 300]);
        assert_eq!(drr.critic_hidden, [300, 400, 400]);
    }
}
