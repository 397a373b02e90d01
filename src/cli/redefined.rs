//! What becomes of a sweep's record when a sweep of that name runs again: reads what is recorded, expands the whole
//! definition where a part was asked for, and says what no longer belongs to it.

use drr_core::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use drr_core::trial_dir::TrialDir;
use drr_kinds::KindOf as _;
use serde_json::{Value, json};

use super::{Context, OutputFormat};
use crate::audit;
use crate::error::{Error, Result};
use crate::neutral::line;
use crate::plan::{Kept, read_sweep};
use crate::sweep::{Datasets, Request, Sweep, SweepRequest, expand};

/// Settings shown of a definition that changed in many.
const MOST: usize = 6;

/// What was asked for, and of it what only says which part of the definition is to run.
pub(super) struct Asked<'a> {
    /// The sweep that is to run, and its request.
    pub sweep: &'a Sweep,
    pub whole_request: &'a SweepRequest,
    /// The sweep file.
    pub file: &'a Path,
    /// Profile, overrides and selection, without the number of seeds.
    pub request: &'a Request,
    /// How many seeds, if it was said.
    pub seeds: Option<u64>,
}

/// What the record of the sweep is to hold, and the request that stands for it; `None` if none of that name is there.
///
/// # Errors
/// A record that cannot be read: what it holds would be lost.
pub(super) fn kept(asked: &Asked<'_>, context: &Context) -> Result<Option<(Kept, SweepRequest)>> {
    let sweep = asked.sweep;
    let folder = context.runs.join("sweeps").join(&sweep.name);
    if !context.runs.join("sweeps").join(&sweep.name).join("trials.jsonl").is_file() {
        return Ok(None);
    }
    let recorded = read_sweep(&context.runs, &sweep.name).map_err(|error| {
        let folder = context.runs.join("sweeps").join(&sweep.name);
        let hint =
            format!("what it holds would be lost; move {} away, or give the sweep another name", folder.display());
        Error { hint: error.hint.or(Some(hint)), ..Error::environment(error.message) }
    })?;
    let (whole, request) = match asked.request.only.is_empty() && asked.seeds.is_none() {
        true => (sweep.clone(), asked.whole_request.clone()),
        false => whole(asked, recorded.seeds, context)
            .unwrap_or_else(|_| (both(sweep, &recorded), asked.whole_request.clone())),
    };
    let text = recorded.text.clone();
    let kept = Kept::new(sweep, &whole, recorded);
    let request = match &kept.record.text {
        own if *own == sweep.text => asked.whole_request.clone(),
        own if *own == text => SweepRequest::of_record(&folder)?,
        _ => request,
    };
    Ok(Some((kept, request)))
}

/// All that the definition holds, with as many seeds as it, the record and the command line have; and its request.
fn whole(asked: &Asked<'_>, recorded_seeds: usize, context: &Context) -> Result<(Sweep, SweepRequest)> {
    let mut datasets = Datasets::new(&context.data);
    let mut options = Request { only: Vec::new(), ..asked.request.clone() };
    let mut request = SweepRequest::read(asked.file, &options)?;
    let mut file = request.file(&mut datasets)?;
    let most = asked.seeds.map_or(0, |seeds| seeds.max(recorded_seeds as u64));
    if most > file.seeds.len() as u64 {
        options.set.push(format!("seeds={most}"));
        request = SweepRequest::read(asked.file, &options)?;
        file = request.file(&mut datasets)?;
    }
    Ok((expand(&file, &mut datasets)?, request))
}

/// Where the whole cannot be told, as when it is too large: nothing leaves.
fn both(sweep: &Sweep, recorded: &Sweep) -> Sweep {
    let rest = recorded.trials.iter().filter(|trial| !sweep.trials.iter().any(|it| it.id == trial.id));
    Sweep { trials: sweep.trials.iter().chain(rest).cloned().collect(), ..sweep.clone() }
}

/// Says what a sweep's record held before and no longer does.
pub(super) fn say(kept: &Kept, context: &Context) {
    let (name, left) = (&kept.record.name, kept.left.len());
    if left == 0 {
        return;
    }
    let finished = kept.left.iter().filter(|trial| TrialDir::new(&context.runs, trial.id).is_complete()).count();
    let changes = changes(kept);
    match context.output {
        OutputFormat::Json => println!(
            "{}",
            json!({"event": "sweep-redefined", "sweep": name, "before": kept.before, "left": left,
                   "finished": finished, "changes": changes})
        ),
        OutputFormat::Human => {
            eprintln!(
                "{name}: the record of this name had {} trials; {left} of them, {finished} finished, are not in today's \
                 definition",
                kept.before
            );
            changes.iter().for_each(|change| eprintln!("  {}", line(change)));
            eprintln!(
                "hint: nothing is removed, but reports of {name} no longer show them; give the changed sweep a name of its \
                 own to have both"
            );
        }
        OutputFormat::Quiet => {}
    }
}

/// In what the trials that left differ from those that are recorded, in words.
fn changes(kept: &Kept) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let (mut seeds, mut rest) = (BTreeSet::new(), Vec::new());
    let now: &[Arc<Trial>] = &kept.record.trials;
    let known: BTreeSet<(&str, String)> =
        now.iter().flat_map(|trial| trial.point.iter().map(|(axis, value)| (axis.as_str(), plain(value)))).collect();
    let known_seeds: BTreeSet<u64> = now.iter().map(|trial| trial.spec.seed.0).collect();
    for trial in &kept.left {
        let gone: Vec<_> =
            trial.point.iter().filter(|(axis, value)| !known.contains(&(axis.as_str(), plain(value)))).collect();
        let seed = trial.spec.seed.0;
        if gone.is_empty() && known_seeds.contains(&seed) {
            rest.push(trial);
        }
        seeds.extend((!known_seeds.contains(&seed)).then_some(seed));
        gone.into_iter().for_each(|(axis, value)| {
            values.entry(axis).or_default().insert(plain(value));
        });
    }
    let list = |values: BTreeSet<String>| values.into_iter().collect::<Vec<_>>().join(", ");
    let mut changes: Vec<String> =
        values.into_iter().map(|(axis, values)| format!("{axis} no longer has {}", list(values))).collect();
    if !seeds.is_empty() {
        changes.push(format!("no longer of the seeds: {}", list(seeds.iter().map(u64::to_string).collect())));
    }
    let mut settings = BTreeSet::new();
    for trial in rest {
        let twin = |other: &&Arc<Trial>| {
            let (one, other) = (&trial.spec, &other.spec);
            one.stage() == other.stage() && one.seed == other.seed
        };
        let nearest = now.iter().filter(twin).map(|other| audit::settings_apart(&trial.spec, &other.spec));
        let nearest = nearest.min_by_key(Vec::len).unwrap_or_default();
        settings.extend(nearest);
    }
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let more = settings.len().saturating_sub(MOST);
    changes.extend(
        settings.iter().take(MOST).map(|it| format!("{} was {}, is {}", it.entry, show(&it.one), show(&it.other))),
    );
    if more > 0 {
        changes.push(format!("and {more} more settings"));
    }
    if changes.is_empty() {
        changes.push(
            "the same settings by other ids: what trains or is run has other sources, or the ratings are others"
                .to_owned(),
        );
    }
    changes
}
