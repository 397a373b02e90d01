//! A baseline: what a sweep measured once, as a small text that is committed and reviewed. Sorted throughout, one metric
//! a line, values in the order of the seeds; settings that all groups share stand once at the top.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use drr_core::result::EnvironmentClass;
use drr_core::trial_dir::write_whole;
use drr_core::{canonical, neutral};
use serde::Deserialize;

use super::measured::{EVERY_KIND, Measured, MeasuredGroup, SeedValues};
use crate::error::{Error, Result};
use crate::study::axis::AxisValue;
use crate::study::key::GroupKey;

/// The version of the format; newer ones are refused.
const FORMAT: u32 = 2;

/// A baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub(super) measured: Measured,
    /// Why it is as it is, oldest first.
    pub(super) changes: Vec<Change>,
}

/// Why a baseline was written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The day, UTC.
    pub date: String,
    pub reason: String,
    /// The beginning of the digest of the training sources then; from format 2 on, of the digests of all kinds.
    pub train_digest: String,
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineFile {
    format: u32,
    sweep: String,
    /// Of all training sources; format 1.
    #[serde(default)]
    train_digest: Option<String>,
    /// By kind; from format 2 on.
    #[serde(default)]
    sources: BTreeMap<String, String>,
    environment: EnvironmentClass,
    #[serde(default)]
    change: Vec<Change>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    #[serde(default)]
    group: Vec<BaselineGroup>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineGroup {
    measure: String,
    #[serde(default)]
    protocol: String,
    policy: String,
    #[serde(default)]
    point: BTreeMap<String, String>,
    dataset: String,
    fingerprint: String,
    split: String,
    seeds: Vec<u64>,
    trials: Vec<String>,
    metrics_digests: Vec<String>,
    #[serde(default)]
    model_digests: Vec<String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    values: BTreeMap<String, Vec<f64>>,
}

impl Baseline {
    /// A baseline of what was measured.
    ///
    /// # Errors
    /// Nothing finished, something unfinished, or trials of several environment classes.
    pub(super) fn new(measured: Measured, mut changes: Vec<Change>, reason: &str, date: &str) -> Result<Self> {
        let sweep = &measured.sweep;
        let unfinished: usize = measured.groups.iter().map(|group| group.failed.len() + group.pending.len()).sum();
        if unfinished > 0 {
            return Err(Error::input(format!("{sweep}: {unfinished} trials are not finished; a baseline is of all"))
                .hint("run `drr-lab sweep` again with the sweep's file"));
        }
        match measured.environments.as_slice() {
            [_] => {}
            [] => return Err(Error::input(format!("{sweep}: no trial is finished"))),
            several => {
                let names: Vec<String> = several.iter().map(ToString::to_string).collect();
                return Err(Error::input(format!(
                    "{sweep}: its trials ran in several environments: {}",
                    names.join("; ")
                ))
                .hint("a baseline is of one: run the sweep anew, with another --runs folder"));
            }
        }
        let train_digest = canonical::digest(&measured.sources).short();
        changes.push(Change { date: date.to_owned(), reason: reason.to_owned(), train_digest });
        Ok(Self { measured, changes })
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// A file that is not there, no baseline, or of a newer format.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::input(format!("cannot read the baseline {name}: {error}"))
                .hint("`drr-lab baseline save SWEEP FILE` writes one from a recorded sweep")
        })?;
        Self::parse(&text).map_err(|why| Error::input(format!("{name} is no baseline: {why}")))
    }

    pub(super) fn parse(text: &str) -> std::result::Result<Self, String> {
        // The format first: a newer file may hold keys that this program does not know.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        refuse_hidden(&table)?;
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(format) if format > i64::from(FORMAT) => {
                return Err(format!("format {format} is newer than this program reads ({FORMAT})"));
            }
            Some(_) => {}
            None => return Err("it says no format".to_owned()),
        }
        let file: BaselineFile = toml::from_str(text).map_err(|error| error.to_string())?;
        let groups =
            file.group.into_iter().map(|group| group.read(&file.settings)).collect::<std::result::Result<_, _>>()?;
        let measured = Measured {
            sweep: file.sweep,
            sources: file.train_digest.map(|it| (EVERY_KIND.to_owned(), it)).into_iter().chain(file.sources).collect(),
            environments: vec![file.environment],
            groups,
        };
        debug_assert!(file.format <= FORMAT);
        Ok(Self { measured, changes: file.change })
    }

    /// Writes the file, as a whole or not at all.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, self.text().as_bytes())
            .map_err(|error| Error::environment(format!("cannot write the baseline {}: {error}", path.display())))
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let Measured { sweep, sources, environments, groups } = &self.measured;
        let shared = shared(groups);
        let mut text = format!(
            "# What `drr-lab check` holds new results against. `drr-lab baseline update` writes it anew after an accepted change.\n\
             format = {FORMAT}\nsweep = {}\n\n[sources]\n",
            quoted(sweep)
        );
        sources.iter().for_each(|(kind, digest)| line(&mut text, &quoted(kind), &quoted(digest)));
        text += "\n[environment]\n";
        for class in environments {
            let fields = [("device", &class.device), ("isa", &class.isa), ("libtorch", &class.libtorch)];
            for (name, value) in fields.into_iter().chain([("numerics", &class.numerics)]) {
                line(&mut text, name, &quoted(value));
            }
        }
        for change in &self.changes {
            text += "\n[[change]]\n";
            line(&mut text, "date", &quoted(&change.date));
            line(&mut text, "reason", &quoted(&change.reason));
            line(&mut text, "train_digest", &quoted(&change.train_digest));
        }
        text += "\n[settings]\n";
        shared.iter().for_each(|(name, value)| line(&mut text, &quoted(name), &quoted(value)));
        groups.iter().for_each(|group| write_group(&mut text, group, &shared));
        text
    }
}

/// Refuses names and values with characters that nobody sees. A reason is of a person, who may write several lines.
fn refuse_hidden(table: &toml::Table) -> std::result::Result<(), String> {
    let mut record = serde_json::to_value(table).map_err(|error| error.to_string())?;
    for change in record.get_mut("change").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
        if let Some(serde_json::Value::String(reason)) = change.get_mut("reason") {
            *reason = reason.replace(['\n', '\t'], " ");
        }
    }
    neutral::check_value(&record)
}

/// Settings with the same value in every group that has them.
fn shared(groups: &[MeasuredGroup]) -> BTreeMap<String, String> {
    let mut values: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (name, value) in groups.iter().flat_map(|group| &group.settings) {
        values.entry(name).or_default().insert(value);
    }
    let single = |(name, values): (&String, BTreeSet<&String>)| {
        (values.len() == 1).then(|| Some((name.clone(), (*values.first()?).clone())))?
    };
    values.into_iter().filter_map(single).collect()
}

fn write_group(text: &mut String, group: &MeasuredGroup, shared: &BTreeMap<String, String>) {
    let GroupKey { measure, protocol, policy, point, dataset, fingerprint, split } = &group.key;
    *text += "\n[[group]]\n";
    line(text, "measure", &quoted(measure));
    if !protocol.is_empty() {
        line(text, "protocol", &quoted(protocol));
    }
    line(text, "policy", &quoted(policy));
    if !point.is_empty() {
        let values: Vec<String> =
            point.iter().map(|(axis, value)| format!("{} = {}", quoted(axis), quoted(&value.to_string()))).collect();
        line(text, "point", &format!("{{ {} }}", values.join(", ")));
    }
    line(text, "dataset", &quoted(dataset));
    line(text, "fingerprint", &quoted(fingerprint));
    line(text, "split", &quoted(split));
    let of = |value: &dyn Fn(&SeedValues) -> String| -> String {
        format!("[{}]", group.seeds.values().map(value).collect::<Vec<_>>().join(", "))
    };
    line(text, "seeds", &format!("{:?}", group.seeds.keys().collect::<Vec<_>>()));
    line(text, "trials", &of(&|seed| quoted(&seed.trial)));
    line(text, "metrics_digests", &of(&|seed| quoted(&seed.metrics_digest)));
    if group.seeds.values().any(|seed| !seed.model_digest.is_empty()) {
        line(text, "model_digests", &of(&|seed| quoted(&seed.model_digest)));
    }
    let own: Vec<_> = group.settings.iter().filter(|(name, _)| !shared.contains_key(*name)).collect();
    if !own.is_empty() {
        *text += "[group.settings]\n";
        own.into_iter().for_each(|(name, value)| line(text, &quoted(name), &quoted(value)));
    }
    *text += "[group.values]\n";
    for metric in group.metrics() {
        let values: Option<Vec<String>> =
            group.seeds.values().map(|seed| seed.values.get(metric).map(|value| number(*value))).collect();
        // What not every seed has, no gate can hold seed by seed.
        if let Some(values) = values {
            line(text, &quoted(metric), &format!("[{}]", values.join(", ")));
        }
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    writeln!(text, "{name} = {value}").expect("a text can be written to");
}

/// The shortest text that reads as the same number.
fn number(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{value:?}") }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

impl BaselineGroup {
    fn read(self, shared: &BTreeMap<String, String>) -> std::result::Result<MeasuredGroup, String> {
        let n = self.seeds.len();
        let key = GroupKey {
            measure: self.measure,
            protocol: self.protocol,
            policy: self.policy,
            point: self.point.into_iter().map(|(axis, value)| (axis, AxisValue::written(&value))).collect(),
            dataset: self.dataset,
            fingerprint: self.fingerprint,
            split: self.split,
        };
        let lengths = [&self.trials, &self.metrics_digests].map(Vec::len);
        let models = if self.model_digests.is_empty() { vec![String::new(); n] } else { self.model_digests };
        let whole = lengths == [n, n] && models.len() == n && self.values.values().all(|values| values.len() == n);
        if !whole {
            return Err(format!("a list of {} has not one entry a seed", key.words()));
        }
        let mut seeds = BTreeMap::new();
        for (at, seed) in self.seeds.into_iter().enumerate() {
            let values = self.values.iter().map(|(metric, values)| (metric.clone(), values[at])).collect();
            let of = SeedValues {
                trial: self.trials[at].clone(),
                metrics_digest: self.metrics_digests[at].clone(),
                model_digest: models[at].clone(),
                values,
            };
            if seeds.insert(seed, of).is_some() {
                return Err(format!("{} has the seed {seed} twice", key.words()));
            }
        }
        let mut settings = shared.clone();
        settings.extend(self.settings);
        Ok(MeasuredGroup {
            key,
            settings,
            seeds,
            replayed: BTreeMap::new(),
            failed: BTreeMap::new(),
            pending: Vec::new(),
        })
    }
}
