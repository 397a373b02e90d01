//! The page of all hyperparameters, written from the fields themselves so that it cannot go out of date.

use std::fmt::Write as _;

use drr_core::spec::{Field, ValueKind};
use drr_kinds::SECTIONS;

/// The page, Markdown.
pub fn reference() -> String {
    let mut page = "# Hyperparameters\n\n\
        Every number a sweep file may fix or vary, as `drr-lab schema --markdown` prints them. A name in brackets is accepted \
        too; what the\nslides say is in brackets; all of it together is `sweeps/paper.toml`.\n"
        .to_owned();
    for (section, fields) in SECTIONS.iter() {
        let _ =
            write!(page, "\n## [{section}]\n\n| field | default | range | what it does |\n| --- | --- | --- | --- |\n");
        for field in *fields {
            page += &row(field);
        }
    }
    page
}

fn row(field: &Field) -> String {
    let aliases: Vec<String> = field.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    let default = (field.default)().to_string().replace('"', "");
    let doc = field.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    format!("| `{}`{aliases} | {default} | {} | {doc} |\n", field.name, range(&field.kind))
}

fn range(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Choice(names) => names.join(", "),
        other => other.expected(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_page_is_current() {
        let committed = include_str!("../../docs/hyperparameters.md");
        let current = super::reference();
        assert!(committed == current, "drr-lab schema --markdown > docs/hyperparameters.md");
    }
}
