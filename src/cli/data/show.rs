//! `drr-lab data list` and `drr-lab data show`: what there is, computed from what lies there.

use std::fmt::Write as _;

use drr_core::data::Ratings;
use drr_core::data::catalogue::{Catalogue, Description};
use serde::Serialize;

use super::catalogue_error;
use super::known::{self, KnownDataset};
use super::present::{print, print_json, thousands};
use crate::cli::OutputFormat;
use crate::error::Result;
use crate::neutral;

/// More distinct ratings than this are shown in ranges.
const MOST_BARS: usize = 12;
/// Ranges they are then shown in.
const RANGES: usize = 10;
/// Length of the longest bar.
const BAR: usize = 40;

#[derive(Serialize)]
struct Listing {
    datasets: Vec<Description>,
    fetchable: Vec<Fetchable>,
}

#[derive(Serialize)]
struct Fetchable {
    name: &'static str,
    about: &'static str,
}

/// A dataset in numbers.
#[derive(Serialize)]
struct DatasetSummary {
    dataset: Description,
    density: f64,
    mean: f64,
    histogram: Vec<Bar>,
}

/// The ratings from `low` to `high`, both included.
#[derive(Debug, PartialEq, Serialize)]
struct Bar {
    low: f32,
    high: f32,
    ratings: usize,
}

pub(super) fn list(catalogue: &Catalogue, output: OutputFormat) -> Result<()> {
    let datasets = catalogue.list().map_err(catalogue_error)?;
    let missing = |known: &&KnownDataset| datasets.iter().all(|dataset| dataset.name != known.name);
    let fetchable: Vec<Fetchable> =
        known::all().iter().filter(missing).map(|known| Fetchable { name: known.name, about: known.about }).collect();
    match output {
        OutputFormat::Json => print_json(&Listing { datasets, fetchable }),
        OutputFormat::Quiet if datasets.is_empty() => Ok(()),
        OutputFormat::Quiet => {
            print(&datasets.iter().map(|dataset| dataset.name.as_str()).collect::<Vec<_>>().join("\n"))
        }
        OutputFormat::Human => print(&listed(&datasets, &fetchable)),
    }
}

fn listed(datasets: &[Description], fetchable: &[Fetchable]) -> String {
    let names = datasets.iter().map(|dataset| dataset.name.len());
    let width = names.chain(fetchable.iter().map(|known| known.name.len())).max().unwrap_or(0);
    let mut text = String::new();
    for dataset in datasets {
        let (ratings, users, items) = (dataset.ratings, dataset.users, dataset.items);
        let (ratings, users, items) = (thousands(ratings), thousands(users), thousands(items));
        let _ = writeln!(
            text,
            "{:width$}  {ratings} ratings by {users} users of {items} items, fingerprint {}",
            dataset.name,
            dataset.fingerprint.short()
        );
    }
    if !fetchable.is_empty() {
        let _ = writeln!(text, "{}to be had by `drr-lab data fetch NAME`:", if text.is_empty() { "" } else { "\n" });
        for known in fetchable {
            let _ = writeln!(text, "{:width$}  {}", known.name, known.about);
        }
    }
    text
}

pub(super) fn show(catalogue: &Catalogue, name: &str, output: OutputFormat) -> Result<()> {
    let dataset = catalogue.describe(name).map_err(catalogue_error)?;
    // Opened, not only described: what is shown was counted, and its fingerprint checked, just now.
    let table = catalogue.open(name, None).map_err(catalogue_error)?;
    let shown = DatasetSummary {
        density: table.rows.len() as f64 / (table.users.len() as f64 * table.items.len() as f64),
        mean: table.rows.iter().map(|row| f64::from(row.stars)).sum::<f64>() / table.rows.len() as f64,
        histogram: histogram(&table),
        dataset,
    };
    match output {
        OutputFormat::Human => print(&described(&shown)),
        OutputFormat::Json => print_json(&shown),
        OutputFormat::Quiet => print(&shown.dataset.fingerprint.to_string()),
    }
}

/// Counts by rating; by ranges of equal width where the ratings take many values.
fn histogram(table: &Ratings) -> Vec<Bar> {
    let mut stars: Vec<f32> = table.rows.iter().map(|row| row.stars).collect();
    stars.sort_unstable_by(f32::total_cmp);
    let mut bars: Vec<Bar> = stars
        .chunk_by(|a, b| a == b)
        .map(|equal| Bar { low: equal[0], high: equal[0], ratings: equal.len() })
        .collect();
    if bars.len() > MOST_BARS {
        let (low, high) = (stars[0], stars[stars.len() - 1]);
        let edge = |range: usize| low + (high - low) * range as f32 / RANGES as f32;
        let below = |range| if range == RANGES { stars.len() } else { stars.partition_point(|&s| s < edge(range)) };
        let bar = |range| Bar { low: edge(range), high: edge(range + 1), ratings: below(range + 1) - below(range) };
        bars = (0..RANGES).map(bar).collect();
    }
    bars
}

fn described(shown: &DatasetSummary) -> String {
    let dataset = &shown.dataset;
    let [low, high] = dataset.rating_range;
    let mut text = format!("{}\n", dataset.name);
    let mut line = |key: &str, value: String| {
        let _ = writeln!(text, "  {key:12} {}", neutral::line(&value));
    };
    line("ratings", thousands(dataset.ratings));
    line("users", thousands(dataset.users));
    line("items", thousands(dataset.items));
    line("density", format!("{:.2} %", 100.0 * shown.density));
    line("stars", format!("{low} to {high}, mean {:.2}", shown.mean));
    if dataset.duplicates > 0 {
        line("left out", format!("{} ratings given anew later", thousands(dataset.duplicates)));
    }
    line("fingerprint", dataset.fingerprint.to_string());
    line("source", dataset.source.clone());
    if let Some(licence) = &dataset.licence {
        line("licence", licence.clone());
    }
    let most = shown.histogram.iter().map(|bar| bar.ratings).max().unwrap_or(1).max(1);
    let label = |bar: &Bar| {
        if bar.low == bar.high { format!("{}", bar.low) } else { format!("{:.2} to {:.2}", bar.low, bar.high) }
    };
    let width = shown.histogram.iter().map(|bar| label(bar).len()).max().unwrap_or(0);
    text.push('\n');
    for bar in &shown.histogram {
        let length = (bar.ratings * BAR).div_ceil(most);
        let share = 100.0 * bar.ratings as f64 / dataset.ratings as f64;
        let count = thousands(bar.ratings);
        let _ = writeln!(text, "  {:>width$}  {:BAR$}  {count} ({share:.1} %)", label(bar), "█".repeat(length));
    }
    text
}

#[cfg(test)]
mod tests {
    use drr_core::data::load::ratings;

    use super::*;

    fn table(stars: impl Iterator<Item = f32>) -> Ratings {
        let text: String = stars.enumerate().map(|(item, stars)| format!("1\t{item}\t{stars}\t7\n")).collect();
        ratings("u.data", text.as_bytes(), None).expect("a good file").ratings
    }

    #[test]
    fn few_values_are_counted_and_many_in_ranges() {
        let bar = |low, high, ratings| Bar { low, high, ratings };
        let few = histogram(&table([1.0, 4.5, 1.0].into_iter()));
        assert_eq!(few, [bar(1.0, 1.0, 2), bar(4.5, 4.5, 1)]);
        let many = histogram(&table((0..=100).map(|i| i as f32 / 10.0)));
        assert_eq!(many.len(), RANGES);
        assert_eq!(many.iter().map(|bar| bar.ratings).sum::<usize>(), 101);
        assert_eq!((many[0].low, many[RANGES - 1].high), (0.0, 10.0));
    }

    #[test]
    fn a_dataset_in_words() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let catalogue = Catalogue::new(folder.path());
        let table = table([1.0, 5.0, 5.0, 4.0].into_iter());
        let dataset = catalogue.install("mine", &table, &[], Default::default()).expect("installs");
        let shown = DatasetSummary { dataset, density: 1.0, mean: 3.75, histogram: histogram(&table) };
        insta::assert_snapshot!(described(&shown));
    }
}
