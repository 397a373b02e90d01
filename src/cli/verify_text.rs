//! How `drr-lab verify` speaks: verdicts to stdout, a line a trial, as text or as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::OutputFormat;
use crate::audit::{Difference, Divergence, ExaminedFolder, ReplayVerdict, Replayed, WrittenCell};
use crate::error::Error;
use crate::neutral::line;

/// Records shown that the database does not have.
const MOST_BEHIND: usize = 5;

/// Entries shown of two environments that differ in many.
const MOST_DIFFERENCES: usize = 24;

pub(super) struct VerifyText {
    output: OutputFormat,
}

impl VerifyText {
    pub(super) fn new(output: OutputFormat) -> Self {
        Self { output }
    }

    /// Says what is wrong with folders and rows; returns how many trials are.
    pub(super) fn integrity(&self, examined: &[ExaminedFolder]) -> usize {
        let (mut bad, mut unfinished) = (0, 0);
        for trial in examined {
            let faults: Vec<String> = trial.faults().collect();
            if !faults.is_empty() {
                bad += 1;
            } else if trial.found.is_err() {
                unfinished += 1;
            }
            for fault in faults {
                match self.output {
                    OutputFormat::Json => {
                        println!("{}", json!({"trial": trial.trial, "check": "integrity", "fault": fault}))
                    }
                    OutputFormat::Human | OutputFormat::Quiet => {
                        println!("{}  CHANGED: {}", trial.trial.short(), line(&fault))
                    }
                }
            }
        }
        let sound = examined.len() - bad - unfinished;
        match self.output {
            OutputFormat::Human => {
                let open = if unfinished > 0 { format!(", {unfinished} not finished") } else { String::new() };
                println!("integrity: {sound} as they were written, {bad} changed{open}");
            }
            OutputFormat::Json => {
                println!("{}", json!({"check": "integrity", "intact": sound, "changed": bad, "unfinished": unfinished}))
            }
            OutputFormat::Quiet => {}
        }
        bad
    }

    /// A fault of the index or of a recorded sweep.
    pub(super) fn fault(&self, fault: &str) {
        match self.output {
            OutputFormat::Json => println!("{}", json!({"check": "index", "fault": fault})),
            OutputFormat::Human | OutputFormat::Quiet => println!("CHANGED: {}", line(fault)),
        }
    }

    /// That the database does not have all that the folders have, and what mends it; no fault.
    pub(super) fn behind(&self, mut behind: Vec<String>, runs: &Path) {
        behind.sort();
        behind.dedup();
        if behind.is_empty() {
            return;
        }
        let catch_up = format!("drr-lab --runs {} runs reindex", runs.display());
        match self.output {
            OutputFormat::Json => println!("{}", json!({"check": "index", "behind": behind, "mend": catch_up})),
            OutputFormat::Human => {
                let more = behind.len().saturating_sub(MOST_BEHIND);
                println!("index: lab.db is behind the folders, which are not changed by that");
                behind.iter().take(MOST_BEHIND).for_each(|what| println!("  {}", line(what)));
                if more > 0 {
                    println!("  and {more} more");
                }
                println!("  `{catch_up}` catches it up, and so does the next sweep");
            }
            OutputFormat::Quiet => {}
        }
    }

    /// A number of a table, and the same from what its trials recorded; returns how many faults there are.
    pub(super) fn cell(&self, cell: &WrittenCell, examined: &[ExaminedFolder]) -> usize {
        let found: Vec<_> = cell.trials.iter().map(|id| examined.iter().find(|it| it.trial == *id)).collect();
        let sound: Vec<_> = found.iter().filter_map(|it| it.and_then(|it| it.found.as_ref().ok())).collect();
        let missing: Vec<String> =
            found.iter().flatten().filter(|it| it.found.is_err()).map(|it| it.trial.short()).collect();
        let computed = cell.number.as_ref().map(|number| number.computed(sound.iter().copied()));
        let apart = match (&cell.number, &computed) {
            (Some(number), Some(Some(computed))) => number.apart(computed),
            (Some(_), Some(None)) => vec!["the trials recorded no such metric".to_owned()],
            (Some(_) | None, None) | (None, Some(_)) => Vec::new(),
        };
        let same = apart.is_empty();
        let faults = missing.len() + usize::from(!same);
        let (trials, behind) = (examined.len(), cell.trials.len());
        match (self.output, &cell.number) {
            (OutputFormat::Json, _) => println!(
                "{}",
                json!({"check": "cell", "cell": cell.name, "trials": cell.trials, "missing": missing,
                       "table": cell.number.as_ref().map(ToString::to_string),
                       "computed": computed.flatten().map(|it| it.to_string()), "same": same, "apart": apart})
            ),
            (OutputFormat::Quiet, _) if faults == 0 => {}
            (_, number) => {
                println!("cell: {}, {behind} trials behind it, {trials} with those they stand on", line(&cell.name));
                if !missing.is_empty() {
                    println!("CHANGED: not finished here, or not as written: {}", missing.join(", "));
                }
                match (number, same) {
                    (Some(number), true) => println!("  {number} in the table and from the trials' results"),
                    (Some(number), false) => {
                        let computed = computed.flatten().map_or_else(|| "nothing".to_owned(), |it| it.to_string());
                        println!("CHANGED: the table says {number}, the trials' results give {computed}");
                        apart.iter().for_each(|what| println!("  {}", line(what)));
                    }
                    (None, _) => println!("  a number of several metrics or groups: `drr-lab report` computes it anew"),
                }
            }
        }
        faults
    }

    /// A recorded request that gives no trials at all today, and why.
    pub(super) fn meaningless(&self, sweep: &str, error: &Error) {
        let located: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
        let why = if located.is_empty() { error.to_string() } else { located.join("; ") };
        match self.output {
            OutputFormat::Json => println!("{}", json!({"check": "meaning", "sweep": sweep, "fault": why})),
            OutputFormat::Human | OutputFormat::Quiet => {
                println!("{sweep}: what was asked for cannot be expanded today: {why}")
            }
        }
    }

    /// A recorded sweep file that gives other trials today.
    pub(super) fn meaning(&self, sweep: &str, differences: &[Difference]) {
        match self.output {
            OutputFormat::Json => {
                println!("{}", json!({"check": "meaning", "sweep": sweep, "differs": records(differences)}))
            }
            OutputFormat::Human | OutputFormat::Quiet => {
                println!("{sweep}: the recorded sweep file gives other trials today:");
                table(differences, ["recorded", "today"]);
            }
        }
    }

    /// Verdicts, the environments where they differ, and how many there are of each.
    pub(super) fn verdicts(&self, replayed: &[Replayed]) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for trial in replayed {
            *counts.entry(word(&trial.verdict)).or_default() += 1;
            match self.output {
                OutputFormat::Json => println!("{}", record(trial)),
                OutputFormat::Human => {
                    println!("{:<5} {}  {}", trial.stage.name(), trial.trial.short(), line(&trial.verdict.to_string()))
                }
                OutputFormat::Quiet
                    if !matches!(trial.verdict, ReplayVerdict::Bitwise | ReplayVerdict::Within { .. }) =>
                {
                    println!("{:<5} {}  {}", trial.stage.name(), trial.trial.short(), line(&trial.verdict.to_string()));
                }
                OutputFormat::Quiet => {}
            }
        }
        let counted: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        match self.output {
            OutputFormat::Json => println!("{}", json!({"check": "replay", "verdicts": counts})),
            OutputFormat::Human => {
                self.environments(replayed);
                println!(
                    "replay: {}",
                    if counted.is_empty() { "nothing to run again".into() } else { counted.join(", ") }
                );
            }
            OutputFormat::Quiet => {}
        }
    }

    /// The environments of then and now; once for all trials in which the same differs.
    fn environments(&self, replayed: &[Replayed]) {
        let mut sets: Vec<(&[Difference], usize)> = Vec::new();
        for trial in replayed.iter().filter(|trial| !trial.environments.is_empty()) {
            match sets.iter_mut().find(|(known, _)| *known == trial.environments.as_slice()) {
                Some((_, count)) => *count += 1,
                None => sets.push((&trial.environments, 1)),
            }
        }
        for (differences, count) in sets {
            let trials = if count == 1 { "1 trial".to_owned() } else { format!("{count} trials") };
            println!("\nenvironments that differ, {trials}:");
            table(differences, ["recorded", "now"]);
            println!();
        }
    }
}

fn word(verdict: &ReplayVerdict) -> &'static str {
    match verdict {
        ReplayVerdict::Bitwise => "bitwise",
        ReplayVerdict::Artifacts(_) => "the same but for artifacts",
        ReplayVerdict::Within { .. } => "within tolerance",
        ReplayVerdict::Diverged(_) => "diverged",
        ReplayVerdict::OtherClass { .. } => "of another class",
        ReplayVerdict::CannotRun(_) => "cannot be run",
    }
}

fn record(trial: &Replayed) -> serde_json::Value {
    let mut record = json!({"check": "replay", "trial": trial.trial, "stage": trial.stage,
        "verdict": word(&trial.verdict), "says": trial.verdict.to_string(), "environments": records(&trial.environments)});
    if let ReplayVerdict::Diverged(Divergence::Point { step, metric, recorded, again }) = &trial.verdict {
        record["at"] = json!({"step": step, "metric": metric, "recorded": recorded, "again": again});
    }
    record
}

fn records(differences: &[Difference]) -> serde_json::Value {
    let entries = differences.iter().map(|it| json!({"entry": it.entry, "recorded": it.one, "now": it.other}));
    entries.collect()
}

/// Two columns side by side.
pub(super) fn table(differences: &[Difference], heads: [&str; 2]) {
    let short = |value: &Option<String>| -> String {
        let value = value.as_deref().unwrap_or("-");
        // Digests are known by their beginning.
        let hex = value.len() >= 40 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        let most = if hex { 12 } else { 44 };
        let value = line(value);
        let cut: String = value.chars().take(most).collect();
        if !hex && value.chars().count() > most { format!("{cut}…") } else { cut }
    };
    let shown = &differences[..differences.len().min(MOST_DIFFERENCES)];
    let rows: Vec<[String; 3]> = std::iter::once(["".to_owned(), heads[0].to_owned(), heads[1].to_owned()])
        .chain(shown.iter().map(|it| [line(&it.entry).into_owned(), short(&it.one), short(&it.other)]))
        .collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    for [entry, one, other] in &rows {
        println!("  {entry:<first$}  {one:<second$}  {other}");
    }
    if differences.len() > shown.len() {
        println!("  and {} more", differences.len() - shown.len());
    }
}
