//! A number in a report's table, led back to the trials behind it, and computed from what they recorded once more.
//! A table's CSV says where each cell stands and which trials it is of; see `docs/report.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use drr_core::TrialId;
use drr_core::finished::{self, Finished};
use drr_core::neutral::HiddenCharacter;
use drr_core::trial_dir::TrialDir;

use crate::error::{Error, Result};
use crate::neutral::unguarded;
use drr_stats::{Summary, t_interval};

/// A cell of a written table.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenCell {
    /// What it is, in words, for example `precision@5 of drr, drr.tau = 0.001`.
    pub name: String,
    /// The trials that its table names behind it.
    pub trials: Vec<TrialId>,
    /// What the table says, where it is a mean over those trials; other numbers are of several metrics or groups.
    pub number: Option<Number>,
}

/// A mean over trials, as a table says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The metric, as trials record it.
    pub metric: String,
    /// Trials behind it.
    pub n: usize,
    /// The mean.
    pub mean: f64,
    /// Its spread: over trials, or over the repeats of the only one; `None` where there is none.
    pub spread: Option<f64>,
    /// What else is said of the same scores, by the table's headers.
    pub more: BTreeMap<&'static str, f64>,
}

/// Headers of what else a metric's line says of its scores.
const MORE: [&str; 5] = ["min", "median", "max", "t95_low", "t95_high"];

/// A line of a table's CSV by its headers.
type Line = BTreeMap<String, String>;

/// Headers of a metric's line that say where it stands; the others before `metric` are axes.
const PLACE: [&str; 5] = ["row", "column", "dataset", "protocol", "policy"];

/// Finds a cell by the number of its row, from 1, and by its column's header or metric.
///
/// # Errors
/// No such file, row or column, or a table that names no trials behind it.
pub fn find_cell(table: &Path, row: &str, column: &str) -> Result<WrittenCell> {
    let (headers, lines) = read(table)?;
    let shown = table.display();
    let rows: BTreeSet<usize> = lines.iter().filter_map(|line| line["row"].parse().ok()).collect();
    let in_row: Vec<&Line> = lines.iter().filter(|line| line["row"] == row).collect();
    if in_row.is_empty() {
        let all = match rows.last() {
            Some(last) => format!("its rows are 1 to {last}, counted below the header"),
            None => "it has no rows".to_owned(),
        };
        return Err(Error::input(format!("{shown} has no row `{row}`")).hint(all));
    }
    let by_cell = ["column", "metric"].iter().all(|name| headers.iter().any(|header| header == name));
    let found = in_row.iter().find(|line| {
        let names = if by_cell { [line.get("column"), line.get("metric")] } else { [line.get(column), None] };
        names.into_iter().flatten().any(|name| !by_cell || name == column)
    });
    let Some(line) = found else {
        let known: BTreeSet<&str> = match by_cell {
            true => in_row.iter().map(|line| line["column"].as_str()).collect(),
            false => headers.iter().map(String::as_str).filter(|header| !["row", "trials"].contains(header)).collect(),
        };
        let known: Vec<&str> = known.into_iter().collect();
        return Err(Error::input(format!("{shown} has no column `{column}` in row {row}"))
            .hint(format!("its columns: {}", known.join(", "))));
    };
    let ids: Option<Vec<TrialId>> = line["trials"].split_whitespace().map(|id| id.parse().ok()).collect();
    let trials = ids.ok_or_else(|| Error::input(format!("{shown}: row {row} names trials by no ids")))?;
    if trials.is_empty() {
        return Err(Error::input(format!("{shown}: nothing is finished behind row {row}, column {column}")));
    }
    Ok(WrittenCell { name: name(&headers, line, column), trials, number: if by_cell { number(line) } else { None } })
}

fn read(table: &Path) -> Result<(Vec<String>, Vec<Line>)> {
    let shown = table.display();
    let cannot = |why: String| Error::input(format!("{shown} cannot be read as a table: {why}"));
    if table.extension().is_none_or(|extension| extension != "csv") {
        return Err(cannot("it is no CSV file".to_owned()).hint("name the .csv file that a report wrote beside it"));
    }
    let mut reader = csv::Reader::from_path(table).map_err(|error| cannot(error.to_string()))?;
    let headers: Vec<String> = reader
        .headers()
        .map_err(|error| cannot(error.to_string()))?
        .iter()
        .map(|header| unguarded(header).to_owned())
        .collect();
    let plain = |texts: &csv::StringRecord, line: u64| match texts.iter().find_map(HiddenCharacter::first_in) {
        Some(hidden) => Err(cannot(format!("line {line} holds {hidden}"))),
        None => Ok(()),
    };
    plain(&headers.iter().map(String::as_str).collect(), 1)?;
    if ["row", "trials"].iter().any(|needed| !headers.iter().any(|header| header == needed)) {
        return Err(cannot("it does not say which trials are behind its numbers".to_owned())
            .hint("write it anew: drr-lab report SWEEP"));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| cannot(error.to_string()))?;
        plain(&record, record.position().map_or(0, csv::Position::line))?;
        lines.push(headers.iter().cloned().zip(record.iter().map(|cell| unguarded(cell).to_owned())).collect());
    }
    Ok((headers, lines))
}

/// What a line is about: its column, its policy and its place on the axes.
fn name(headers: &[String], line: &Line, column: &str) -> String {
    let what = line.get("metric").map_or(column, String::as_str);
    let axes = headers.iter().take_while(|header| *header != "metric").filter(|it| !PLACE.contains(&it.as_str()));
    let axes = axes.filter(|axis| !line[*axis].is_empty()).map(|axis| format!("{axis} = {}", line[axis]));
    let policy = line.get("policy").filter(|policy| !policy.is_empty()).cloned();
    let group: Vec<String> = if line.contains_key("metric") && line.contains_key("policy") {
        policy.into_iter().chain(axes).collect()
    } else {
        vec![format!("row {}", line["row"])]
    };
    format!("{what} of {}", group.join(", "))
}

fn number(line: &Line) -> Option<Number> {
    let value = |name: &str| line.get(name).and_then(|text| text.parse::<f64>().ok());
    let n = line.get("n")?.parse().ok()?;
    let more = MORE.into_iter().filter_map(|name| Some((name, value(name)?))).collect();
    Some(Number { metric: line.get("metric")?.clone(), n, mean: value("mean")?, spread: value("std"), more })
}

/// Trials with all that they stand on, as their specs say; a spec that cannot be read leads no further.
pub fn with_upstream(runs: &Path, trials: &[TrialId]) -> BTreeSet<TrialId> {
    let (mut all, mut open) = (BTreeSet::new(), trials.to_vec());
    while let Some(trial) = open.pop() {
        if all.insert(trial)
            && let Ok(spec) = finished::read_spec(&TrialDir::new(runs, trial))
        {
            open.extend(spec.upstream());
        }
    }
    all
}

impl Number {
    /// The same number from what the trials recorded; `None` where none of them did.
    pub fn computed<'a>(&self, trials: impl Iterator<Item = &'a Finished>) -> Option<Self> {
        let results: Vec<_> = trials.map(|trial| &trial.result.metrics).collect();
        let scores: Vec<f64> = results.iter().filter_map(|metrics| metrics.get(&self.metric).copied()).collect();
        let summary = Summary::of(&scores)?;
        let of_repeats = || results.iter().find_map(|metrics| metrics.get(&format!("{}/std", self.metric)).copied());
        let spread = summary.std.or_else(of_repeats);
        let interval = t_interval(&summary, 0.95).unzip();
        let more = [Some(summary.min), Some(summary.median), Some(summary.max), interval.0, interval.1];
        let more = MORE.into_iter().zip(more).filter_map(|(name, value)| Some((name, value?))).collect();
        Some(Self { metric: self.metric.clone(), n: results.len(), mean: summary.mean, spread, more })
    }

    /// In what it differs from the number that was computed, in words. A bound that the table does not say, as below a
    /// number of seeds that was asked for, is no difference.
    pub fn apart(&self, computed: &Self) -> Vec<String> {
        let same = |one: f64, other: f64| one == other || (one.is_nan() && other.is_nan());
        let show = |value: Option<f64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        let mut apart = Vec::new();
        if self.n != computed.n {
            apart.push(format!("n is {}, not {}", self.n, computed.n));
        }
        if !same(self.mean, computed.mean) {
            apart.push(format!("mean is {}, not {}", self.mean, computed.mean));
        }
        if !same(self.spread.unwrap_or(f64::NAN), computed.spread.unwrap_or(f64::NAN)) {
            apart.push(format!("std is {}, not {}", show(self.spread), show(computed.spread)));
        }
        for (name, &value) in &self.more {
            let other = computed.more.get(name).copied();
            if other.is_none_or(|other| !same(value, other)) {
                apart.push(format!("{name} is {value}, not {}", show(other)));
            }
        }
        apart
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.spread {
            Some(spread) => write!(f, "{} ± {spread} (n = {})", self.mean, self.n),
            None => write!(f, "{} (n = {})", self.mean, self.n),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use drr_core::Digest;

    use super::*;
    use crate::store::fabricate::{MadeTrials, finish_with};

    fn table(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("table.csv");
        fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn a_cell_is_found_by_header_or_metric_and_computed_again() {
        let runs = tempfile::tempdir().expect("a folder");
        let world = MadeTrials::new();
        let metrics = |score: f64| BTreeMap::from([("precision@5".to_owned(), score), ("precision@5/std".into(), 0.5)]);
        let run = |seed: u64, score: f64| {
            let folder = finish_with(runs.path(), &world.pmf(seed), Vec::new(), metrics(score), 2);
            finished::read(&folder).expect("whole")
        };
        let both = [run(1, 0.1), run(2, 0.2)];
        let ids: Vec<String> = both.iter().map(|it| it.spec.id().to_string()).collect();
        let head = "row,column,dataset,protocol,policy,drr.tau,metric,n,expected,mean,std,std_over,trials\n";
        let text = format!(
            "{head}1,@5,d,strict,pmf,,precision@5,1,2,0.1,0.5,repeats,{}\n\
             2,@5,d,strict,drr,0.001,precision@5,2,2,{},{},seeds,{}\n2,@9,d,strict,drr,0.001,precision@9,0,2,,,,\n",
            ids[0],
            (0.1 + 0.2) / 2.0,
            0.1 / 2.0_f64.sqrt(),
            ids.join(" ")
        );
        let (_folder, path) = table(&text);
        let cell = find_cell(&path, "2", "@5").expect("there");
        assert_eq!(cell, find_cell(&path, "2", "precision@5").expect("there"));
        assert_eq!(cell.name, "precision@5 of drr, drr.tau = 0.001");
        assert_eq!(cell.trials, both.iter().map(|it| it.spec.id()).collect::<Vec<_>>());
        let number = cell.number.expect("a mean");
        let computed = number.computed(both.iter()).expect("recorded");
        assert!((number.mean - computed.mean).abs() < 1e-12 && computed.n == 2);
        let one = find_cell(&path, "1", "@5").expect("there").number.expect("a mean");
        let alone = one.computed(both[..1].iter()).expect("recorded");
        assert_eq!(one.apart(&alone), Vec::<String>::new(), "one seed: the spread is that of its repeats");
        let says = |row: &str, column: &str| {
            let error = find_cell(&path, row, column).expect_err("not there");
            format!("{} {}", error.message, error.hint.unwrap_or_default())
        };
        assert!(says("3", "@5").ends_with("its rows are 1 to 2, counted below the header"));
        assert!(says("2", "@7").ends_with("its columns: @5, @9"));
        assert!(says("2", "@9").contains("nothing is finished"));
    }

    #[test]
    fn every_number_that_a_line_says_is_compared() {
        let runs = tempfile::tempdir().expect("a folder");
        let world = MadeTrials::new();
        let run = |(seed, score): (u64, f64)| {
            let metrics = BTreeMap::from([("precision@5".to_owned(), score)]);
            finished::read(&finish_with(runs.path(), &world.pmf(seed), Vec::new(), metrics, 2)).expect("whole")
        };
        let trials: Vec<Finished> = [(1, 0.1), (2, 0.2), (3, 0.4)].into_iter().map(run).collect();
        let metric = "precision@5".to_owned();
        let blank = Number { metric, n: 3, mean: 0.0, spread: None, more: BTreeMap::new() };
        let right = blank.computed(trials.iter()).expect("recorded");
        assert_eq!(right.more.keys().copied().collect::<Vec<_>>(), ["max", "median", "min", "t95_high", "t95_low"]);
        let head = "row,column,policy,metric,n,mean,std,min,median,max,t95_low,t95_high,trials";
        let mut said = vec![right.n.to_string(), right.mean.to_string(), right.spread.expect("three").to_string()];
        said.extend(MORE.map(|name| right.more[name].to_string()));
        let ids = trials.iter().map(|it| it.spec.id().to_string()).collect::<Vec<_>>().join(" ");
        let apart = |said: &[String]| {
            let (_folder, path) = table(&format!("{head}\n1,@5,drr,precision@5,{},{ids}\n", said.join(",")));
            find_cell(&path, "1", "@5").expect("there").number.expect("a mean").apart(&right)
        };
        assert_eq!(apart(&said), Vec::<String>::new());
        let names = ["n", "mean", "std", "min", "median", "max", "t95_low", "t95_high"];
        for (at, name) in names.into_iter().enumerate() {
            let mut changed = said.clone();
            changed[at] = "7".to_owned();
            assert_eq!(apart(&changed), [format!("{name} is 7, not {}", said[at])]);
        }
        said[6].clear();
        said[7].clear();
        assert_eq!(apart(&said), Vec::<String>::new(), "no interval is said for few seeds");
    }

    #[test]
    fn a_derived_table_leads_to_its_rows_trials() {
        let id = Digest::of(b"a");
        let (_folder, path) = table(&format!("row,policy,metric,difference,trials\n1,drr,precision@5,0.1,{id}\n"));
        let cell = find_cell(&path, "1", "difference").expect("there");
        assert_eq!((cell.trials, cell.number), (vec![TrialId(id)], None));
        assert!(find_cell(&path, "1", "policies").is_err());
        let (_folder, old) = table("policy,mean\ndrr,0.1\n");
        assert!(find_cell(&old, "1", "mean").expect_err("no ids").hint.is_some_and(|hint| hint.contains("report")));
    }
}
