//! `drr-lab data list` and `drr-lab data show`: what there is, computed from what lies there.

use std::fmt::Write as _;
use std::path::Path;

use drr_core::data::Ratings;
use drr_core::data::catalogue::{Catalogue, Description};
use drr_core::data::load::day;
use drr_core::spec::RewardRule;
use serde::Serialize;

use super::catalogue_error;
use super::known::{self, KnownDataset};
use super::present::{print, print_json, thousands};
use crate::cli::OutputFormat;
use crate::error::Result;
use crate::neutral;
use crate::plan::{Offer, Outlook, examine};
use crate::sweep::{Datasets, Request, Source, SweepRequest};

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
    /// How ratings become rewards, where sweeps say nothing else.
    reward: RewardRule,
    /// Ratings that are positive then.
    positive: usize,
    histogram: Vec<Bar>,
    /// Ratings of a user: the least, the quartiles, the most.
    per_user: [usize; 5],
    /// Ratings of an item.
    per_item: [usize; 5],
    /// The first and the last time.
    times: [i64; 2],
    /// What a sweep of nothing but defaults could measure on it.
    with_defaults: Defaults,
}

/// What a sweep of defaults makes of a dataset.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Defaults {
    /// Users that can be evaluated.
    Offers(Vec<Offer>),
    /// It would not start, and why.
    Refused(Vec<String>),
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

pub(super) fn show(data: &Path, catalogue: &Catalogue, name: &str, output: OutputFormat) -> Result<()> {
    let dataset = catalogue.describe(name).map_err(catalogue_error)?;
    // Opened, not only described: what is shown was counted, and its fingerprint checked, just now.
    let table = catalogue.open(name, None).map_err(catalogue_error)?;
    let mut datasets = Datasets::new(data);
    let table = datasets.keep(dataset.fingerprint, table);
    let shown = summarised(dataset, &table, defaults(&mut datasets, name, data));
    match output {
        OutputFormat::Human => print(&described(&shown)),
        OutputFormat::Json => print_json(&shown),
        OutputFormat::Quiet => print(&shown.dataset.fingerprint.to_string()),
    }
}

fn summarised(dataset: Description, table: &Ratings, with_defaults: Defaults) -> DatasetSummary {
    let rule = dataset.rule();
    let times = || table.rows.iter().map(|row| row.timestamp);
    DatasetSummary {
        density: table.rows.len() as f64 / (table.users.len() as f64 * table.items.len() as f64),
        mean: table.rows.iter().map(|row| f64::from(row.stars)).sum::<f64>() / table.rows.len() as f64,
        reward: rule,
        positive: table.rows.iter().filter(|row| rule.is_positive(row.stars)).count(),
        histogram: histogram(table),
        per_user: quantiles(table.users.len(), table.rows.iter().map(|row| row.user)),
        per_item: quantiles(table.items.len(), table.rows.iter().map(|row| row.item)),
        times: [times().min().unwrap_or(0), times().max().unwrap_or(0)],
        with_defaults,
        dataset,
    }
}

/// How many ratings each of so many has: the least, the quartiles, the most.
fn quantiles(count: usize, whose: impl Iterator<Item = u32>) -> [usize; 5] {
    let mut counts = vec![0_usize; count];
    whose.for_each(|at| counts[at as usize] += 1);
    counts.sort_unstable();
    [0, 25, 50, 75, 100].map(|percent| counts.get(count.saturating_sub(1) * percent / 100).copied().unwrap_or(0))
}

/// What a sweep of nothing but defaults could measure.
fn defaults(datasets: &mut Datasets, name: &str, data: &Path) -> Defaults {
    let mut looked = || -> Result<Outlook> {
        let text = format!(
            "dataset = \"{name}\"\nseeds = 1\nbaselines = []\n[offline]\nprotocol = [\"published\", \"strict\"]\n"
        );
        let request = SweepRequest::of_text(&Source::new("defaults.toml", &text), Path::new("."), &Request::default())?;
        let file = request.file(datasets)?;
        let sweep = request.expand(datasets)?;
        // Nothing is finished where nothing was run.
        examine(&file, &sweep, &data.join(".nothing-was-run"), datasets)
    };
    match looked() {
        Ok(outlook) => Defaults::Offers(outlook.offers),
        Err(error) if error.problems.is_empty() => Defaults::Refused(vec![error.message]),
        Err(error) => Defaults::Refused(error.problems.iter().map(ToString::to_string).collect()),
    }
}

/// A span of times: days where they are seconds, milliseconds or microseconds since 1970.
fn span([first, last]: [i64; 2], ratings: usize) -> String {
    // From 1980 to 2100; smaller numbers only count.
    const SECONDS: std::ops::Range<i64> = 315_532_800..4_102_444_800;
    let of = [1, 1_000, 1_000_000]
        .into_iter()
        .find(|unit| [first, last].iter().all(|time| SECONDS.contains(&(time / unit))));
    match of {
        Some(unit) => format!("{} to {}", day(first / unit), day(last / unit)),
        None if first == 0 && last == ratings as i64 - 1 => "the order in which they were read".to_owned(),
        None => format!("{first} to {last}"),
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
    let [least, lower, median, upper, most] = shown.per_user.map(thousands);
    line("per user", format!("{least} to {most} ratings, half of them {lower} to {upper}, median {median}"));
    let [least, lower, median, upper, most] = shown.per_item.map(thousands);
    line("per item", format!("{least} to {most}, half of them {lower} to {upper}, median {median}"));
    line("times", span(shown.times, dataset.ratings));
    line("values", format!("{low} to {high}, mean {:.2}", shown.mean));
    line("scale", shown.reward.words());
    let share = 100.0 * shown.positive as f64 / dataset.ratings.max(1) as f64;
    line("positive", format!("{} ratings, {share:.1} %", thousands(shown.positive)));
    match &shown.with_defaults {
        Defaults::Offers(offers) => {
            offers.iter().for_each(|offer| line(offer.protocol.name(), offer.counts()));
        }
        Defaults::Refused(why) => {
            why.iter().for_each(|why| line("by default", why.clone()));
        }
    }
    if dataset.duplicates > 0 {
        line("left out", format!("{} ratings of a pair that has another", thousands(dataset.duplicates)));
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
        let shown = summarised(dataset, &table, defaults(&mut Datasets::new(folder.path()), "mine", folder.path()));
        insta::assert_snapshot!(described(&shown));
    }
}
