//! The tables of `docs/reproduction.md` are what `drr-lab reproduce` wrote, of today's sources, and hold every number of the papers'
//! files. `UPDATE_DOCS=1` takes them from `reports/`, where `cargo xtask results` puts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use drr_kinds::{digest_of, registry};

const PAGE: &str = "docs/reproduction.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The parts between `<!-- reproduce papers/NAME.toml -->` and `<!-- end -->`, by NAME; `drr-protocols` is the search of `drr`.
fn parts(page: &str) -> BTreeMap<String, String> {
    let mut parts = BTreeMap::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("<!-- reproduce ") {
        let (name, after) = after.split_once(" -->\n").expect("the marker ends");
        let (part, after) = after.split_once("<!-- end -->").expect("the part ends");
        parts.insert(name.to_owned(), part.to_owned());
        rest = after;
    }
    parts
}

#[test]
fn verdicts_are_of_todays_sources() {
    let mut page = fs::read_to_string(root().join(PAGE)).expect("the page");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (name, part) in parts(&page) {
            let written = root().join("reports").join(&name).join("index.md");
            if let Ok(text) = fs::read_to_string(&written) {
                page = page.replace(
                    &format!("<!-- reproduce {name} -->\n{part}"),
                    &format!("<!-- reproduce {name} -->\n{text}"),
                );
            }
        }
        fs::write(root().join(PAGE), &page).expect("written");
    }
    let parts = parts(&page);
    assert_eq!(parts.keys().collect::<Vec<_>>(), ["dacrema", "drr", "drr-protocols", "recsys-top10"]);
    for (name, part) in parts {
        let (_, sources) = part.split_once("<!-- of these sources: ").expect("a page says its sources");
        let sources = sources.split_once(" -->").expect("the comment ends").0;
        for source in sources.split(", ") {
            let (kind, digest) = source.split_once(' ').expect("a kind and its digest");
            let mut own = registry::all().filter(|it| it.name == kind).map(|it| digest_of(it).short());
            assert!(
                own.any(|today| today == digest),
                "{PAGE}: {name} is of another {kind}: cargo xtask results, then UPDATE_DOCS=1 cargo test --test suite reproduction::"
            );
        }
    }
}

/// Every published number stands in the page as it stands in the paper's file.
#[test]
fn every_cell_of_the_papers_is_there() {
    let parts = parts(&fs::read_to_string(root().join(PAGE)).expect("the page"));
    for (name, part) in parts.iter().filter(|(name, _)| !name.ends_with("-protocols")) {
        let text = fs::read_to_string(root().join("papers").join(format!("{name}.toml"))).expect("the paper's file");
        let paper: toml::Table = text.parse().expect("TOML");
        let list = |value: &toml::Value, key: &str| value[key].as_array().expect("a list").clone();
        let mut cells = 0;
        for table in paper["table"].as_array().expect("tables") {
            let heading = format!("### {} · ", table["name"].as_str().expect("a name"));
            let of_table: Vec<&str> =
                part.split("### ").filter(|it| format!("### {it}").starts_with(&heading)).collect();
            assert_eq!(of_table.len(), 2, "{name}: {heading} stands there as a whole and cell by cell");
            for row in list(table, "rows") {
                for (column, value) in list(table, "columns").iter().zip(list(&row, "values")) {
                    let Some(value) = value.as_float() else { continue };
                    let start = format!(
                        "| {} | {} |",
                        row["name"].as_str().expect("a name"),
                        column["name"].as_str().expect("a name")
                    );
                    let line = of_table[1].lines().find(|line| line.replace('\\', "").starts_with(&start));
                    let line = line.unwrap_or_else(|| panic!("{name}: no line {start}"));
                    let shown = [format!("{value:.4}"), format!("{value:.1}")];
                    assert!(
                        shown.iter().any(|shown| line.contains(&format!("| {shown}"))),
                        "{name}: {value} in {line}"
                    );
                    cells += 1;
                }
            }
        }
        assert!(cells >= 10, "{name}: {cells} cells");
    }
}
