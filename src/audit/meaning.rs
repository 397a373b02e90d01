//! What a recorded request would expand to today. The trials it became are recorded in full, so a default that
//! changed since does not touch them; but whoever runs the file again gets others, and should know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::TrialSpec;
use drr_kinds::kind_settings;
use serde_json::{Map, Value, json};

use super::difference::{Difference, differences};
use crate::error::Result;
use crate::plan::is_part;
use crate::sweep::{Datasets, Sweep, SweepRequest};

/// In which settings the trials differ that the recorded request gives today; files are not looked at. Ids and the hash of the training sources
/// differ as a consequence and are left out.
///
/// # Errors
/// The request cannot be read or expanded any more, or its dataset is not there.
pub fn changed_meaning(sweep: &Sweep, runs: &Path, data: &Path) -> Result<Vec<Difference>> {
    let request = SweepRequest::of_record(&runs.join("sweeps").join(&sweep.name))?;
    let today = request.expand(&mut Datasets::new(data))?;
    let specs = |sweep: &Sweep| -> Vec<Value> { sweep.trials.iter().map(|trial| settings(&trial.spec)).collect() };
    let (mut then, mut now) = (specs(sweep), specs(&today));
    // What is in both says nothing; what remains is told in the order of the file.
    let mut count: BTreeMap<String, i64> = BTreeMap::new();
    now.iter().for_each(|spec| *count.entry(spec.to_string()).or_default() += 1);
    let mut shared: BTreeMap<String, i64> = BTreeMap::new();
    then.retain(|spec| {
        let left = count.entry(spec.to_string()).or_default();
        *left -= 1;
        if *left >= 0 {
            *shared.entry(spec.to_string()).or_default() += 1;
        }
        *left < 0
    });
    now.retain(|spec| match shared.get_mut(&spec.to_string()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    });
    let found: BTreeSet<Difference> = then.iter().zip(&now).flat_map(|(then, now)| differences(then, now)).collect();
    let mut found: Vec<Difference> = found.into_iter().collect();
    // Where only a part of the file's trials was ever asked for, those never asked for are no difference.
    let part_alone = then.is_empty() && is_part(&sweep.text);
    if then.len() != now.len() && !part_alone {
        found.push(Difference {
            entry: "trials".to_owned(),
            one: Some(sweep.trials.len().to_string()),
            other: Some(today.trials.len().to_string()),
        });
    }
    Ok(found)
}

/// In which settings two trials differ; ids and the hash of the training sources are none.
pub fn settings_apart(one: &TrialSpec, other: &TrialSpec) -> Vec<Difference> {
    differences(&settings(one), &settings(other))
}

/// What a spec says, whatever its format: its kind and settings, without what follows from other specs or from the
/// sources.
fn settings(spec: &TrialSpec) -> Value {
    let mut said: Map<String, Value> = kind_settings(spec).into_iter().collect();
    said.insert("kind".to_owned(), json!(spec.kind));
    said.insert("policy".to_owned(), json!(spec.policy.as_ref().map(|policy| &policy.kind)));
    said.insert("seed".to_owned(), json!(spec.seed));
    said.insert("split".to_owned(), json!(spec.split()));
    said.insert("dataset".to_owned(), json!(spec.dataset()));
    Value::Object(said)
}
