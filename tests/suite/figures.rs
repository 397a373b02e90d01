//! The tables of README and `docs/results.md` are those of committed baselines, which `drr-lab check` holds against trials to the
//! bit, and the baselines are of today's sources. Each table stands behind a comment that says in TOML what it shows:
//!
//! ```text
//! <!-- figures
//! baseline = "gates/quickstart.baseline.toml"
//! columns = [["precision@5", "offline published precision@5"]]
//! rows = [["DRR", "drr", { tau = "0.001" }], ["PMF", "pmf", {}]]
//! -->
//! ```
//!
//! `UPDATE_DOCS=1` writes the tables anew; `cargo xtask results` runs the sweeps again and checks them.

use std::fs;
use std::path::Path;

use drr_kinds::{digest_of, registry};
use serde::Deserialize;

/// What a table shows.
#[derive(Deserialize)]
struct Figures {
    baseline: String,
    columns: Vec<Column>,
    /// Label, policy, values of axes by their last part.
    rows: Vec<(String, String, toml::Table)>,
}

/// Its header; measure, protocol and metric; values of axes, where columns differ in some.
#[derive(Deserialize)]
#[serde(untagged)]
enum Column {
    Plain(String, String),
    At(String, String, toml::Table),
}

impl Column {
    fn parts(&self) -> (&str, &str, toml::Table) {
        match self {
            Self::Plain(header, metric) => (header, metric, toml::Table::new()),
            Self::At(header, metric, point) => (header, metric, point.clone()),
        }
    }
}

const PAGES: [&str; 2] = ["README.md", "docs/results.md"];
const BEGIN: &str = "<!-- figures\n";
const SAID: &str = "-->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Mean ± sample standard deviation.
fn shown(values: &[f64]) -> String {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // No sign before a zero.
    format!("{mean:.3} ± {:.3}", variance.sqrt()).replace("-0.000", "0.000")
}

/// A metric of a policy by seed; a dash where the policy has none.
fn cell(baseline: &toml::Table, column: &Column, (label, policy, point): &(String, String, toml::Table)) -> String {
    let (_, column, own) = column.parts();
    let point: toml::Table = point.clone().into_iter().chain(own).collect();
    let mut words = column.split(' ');
    let [measure, protocol, metric] = [(); 3].map(|()| words.next().expect("measure, protocol, metric"));
    let groups = baseline["group"].as_array().expect("groups").iter();
    let is_it = |group: &&toml::Value| {
        let own = |axis: &str| {
            let points = group.get("point").and_then(toml::Value::as_table);
            points.and_then(|points| points.iter().find(|(name, _)| name.ends_with(&format!(".{axis}")))).map(|it| it.1)
        };
        [("measure", measure), ("protocol", protocol), ("policy", policy)]
            .iter()
            .all(|(name, value)| group.get(*name).and_then(toml::Value::as_str) == Some(value))
            && point.iter().all(|(axis, value)| own(axis) == Some(value))
    };
    let found: Vec<_> = groups.filter(is_it).collect();
    assert_eq!(found.len(), 1, "{label}: {} groups of {policy} {point:?} by {column}", found.len());
    let values = found[0]["values"].get(metric).and_then(toml::Value::as_array);
    let numbers = |values: &Vec<toml::Value>| values.iter().filter_map(toml::Value::as_float).collect::<Vec<f64>>();
    values.map_or_else(|| "–".to_owned(), |values| shown(&numbers(values)))
}

fn table(figures: &Figures) -> String {
    let baseline: toml::Table = read(&figures.baseline).parse().expect("TOML");
    assert_eq!(baseline["environment"]["numerics"].as_str(), Some("own-1"));
    let headers: Vec<&str> = figures.columns.iter().map(|column| column.parts().0).collect();
    let mut lines = vec![
        format!("| | {} |", headers.join(" | ")),
        format!("| --- | {} |", vec!["---:"; headers.len()].join(" | ")),
    ];
    for row in &figures.rows {
        let cells: Vec<String> = figures.columns.iter().map(|column| cell(&baseline, column, row)).collect();
        lines.push(format!("| {} | {} |", row.0, cells.join(" | ")));
    }
    lines.join("\n") + "\n"
}

/// The page with every table as its baseline has it, and the baselines.
fn as_measured(page: &str) -> (String, Vec<String>) {
    let text = read(page);
    let (mut whole, mut rest, mut baselines) = (String::new(), text.as_str(), Vec::new());
    while let Some(at) = rest.find(BEGIN) {
        let said = at + BEGIN.len();
        let end = said + rest[said..].find(SAID).unwrap_or_else(|| panic!("{page}: an open comment"));
        let figures: Figures = toml::from_str(&rest[said..end]).unwrap_or_else(|error| panic!("{page}: {error}"));
        whole += &rest[..end + SAID.len()];
        whole += &table(&figures);
        baselines.push(figures.baseline);
        rest = &rest[end + SAID.len()..];
        // What stands there now.
        while rest.starts_with('|') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }
    (whole + rest, baselines)
}

#[test]
fn tables_are_those_of_their_baselines() {
    for page in PAGES {
        let (right, baselines) = as_measured(page);
        assert!(!baselines.is_empty(), "{page} shows figures");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(root().join(page), &right).expect("written");
        }
        assert!(read(page) == right, "{page}: UPDATE_DOCS=1 cargo test --test suite figures::");
    }
}

#[test]
fn baselines_are_of_todays_sources_and_of_sweeps_that_are_there() {
    for baseline in PAGES.iter().flat_map(|page| as_measured(page).1) {
        let text: toml::Table = read(&baseline).parse().expect("TOML");
        let sweep = text["sweep"].as_str().expect("a name");
        assert!(root().join(format!("sweeps/{sweep}.toml")).is_file(), "{baseline}: no sweep file {sweep}");
        assert!(root().join(baseline.replace(".baseline", "")).is_file(), "{baseline}: no gate");
        for (name, digest) in text["sources"].as_table().expect("digests") {
            let kind = registry::all().find(|kind| kind.name == name).expect("a kind of today");
            assert_eq!(
                digest.as_str(),
                Some(digest_of(kind).to_string().as_str()),
                "{baseline}: the sources of {name} have changed since it was measured: cargo xtask results"
            );
        }
    }
}
