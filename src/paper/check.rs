//! Whether a file of published tables is whole: told at once, before anything runs.

use std::collections::BTreeSet;

use drr_kinds::registry;

use super::file::{Names, Paper, PublishedTable, PublishedValue};

impl Paper {
    /// What is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        if self.tables.is_empty() {
            return Err("it has no [[table]]".to_owned());
        }
        for table in &self.tables {
            if table.name.contains(',') {
                return Err(format!(
                    "the table's name `{}` holds a comma, which stands between names in --table",
                    table.name
                ));
            }
            if !names.insert(&table.name) {
                return Err(format!("two tables are called `{}`", table.name));
            }
            if !self.data.contains_key(&table.data) {
                let known: Vec<&str> = self.data.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "there is none".to_owned() } else { known.join(", ") };
                return Err(format!(
                    "table `{}`: no [data.{}] says what its data is ({known})",
                    table.name, table.data
                ));
            }
            let positive = |margin: Option<f64>| margin.is_none_or(|margin| margin > 0.0 && margin.is_finite());
            let margins =
                table.columns.iter().map(|column| column.margin).chain(table.rows.iter().map(|row| row.margin));
            if !positive(table.margin.or(self.margin)) || !margins.into_iter().all(positive) {
                return Err(format!("table `{}`: a margin is not positive", table.name));
            }
            table.check_rows()?;
        }
        for search in &self.searches {
            let table = self.tables.iter().find(|table| table.name == search.table);
            let table = table.ok_or_else(|| format!("[[search]] names no table of this file: `{}`", search.table))?;
            let unknown = search.rows.iter().find(|row| !table.rows.iter().any(|known| known.name == row.name));
            if let Some(row) = unknown {
                return Err(format!("[[search]] of table `{}` has no such row: `{}`", table.name, row.name));
            }
            let readings = search.rows.iter().flat_map(|row| &row.readings).flat_map(Names::list);
            check_policies(readings.chain(search.best.as_deref()))
                .map_err(|why| format!("[[search]] of table `{}`: {why}", table.name))?;
        }
        Ok(())
    }
}

/// Whether there are policies, or models, of these names.
fn check_policies<'n>(mut names: impl Iterator<Item = &'n str>) -> Result<(), String> {
    let known: BTreeSet<&str> = registry::all().map(|kind| kind.name).collect();
    // Stages of commands have names of their own.
    let is_known = |name: &&str| known.contains(name) || name.starts_with("command");
    let Some(unknown) = names.find(|name| !is_known(name)) else { return Ok(()) };
    let near =
        known.iter().map(|other| (strsim::jaro_winkler(unknown, other), *other)).max_by(|a, b| a.0.total_cmp(&b.0));
    let near = near.filter(|(likeness, _)| *likeness > 0.75).map(|(_, other)| format!("; did you mean `{other}`?"));
    Err(format!(
        "there is no policy `{unknown}`{}",
        near.unwrap_or_else(|| format!(": there is {}", known.iter().copied().collect::<Vec<_>>().join(", ")))
    ))
}

impl PublishedTable {
    fn check_rows(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        for row in &self.rows {
            let place = format!("table `{}`, row `{}`", self.name, row.name);
            if !names.insert(&row.name) {
                return Err(format!("{place} is there twice"));
            }
            for (what, values) in [("values", &row.values), ("std", &row.std)] {
                if values.len() != self.columns.len() && !(what == "std" && values.is_empty()) {
                    return Err(format!("{place}: {} {what} for {} columns", values.len(), self.columns.len()));
                }
                let word = values.iter().find_map(|value| match value {
                    PublishedValue::Word(word) if word != PublishedValue::NOT_KNOWN => Some(word),
                    _ => None,
                });
                if let Some(word) = word {
                    return Err(format!("{place}: `{word}` is no number; what is not known is \"not known\""));
                }
            }
            let is_tried = self.not_tried.is_none() && row.not_tried.is_none();
            let names =
                row.policy.list().into_iter().chain(self.bounds.best.as_deref()).chain(self.bounds.worst.as_deref());
            check_policies(names).map_err(|why| format!("{place}: {why}"))?;
            if is_tried && row.policy.list().is_empty() {
                return Err(format!("{place} names no policy: say which of ours it is, or not_tried = \"why\""));
            }
            if is_tried
                && (self.sweep.is_none() && row.sweep.is_none() || self.measure.is_empty() && row.measure.is_none())
            {
                return Err(format!("table `{}` needs a sweep and a measure, or not_tried = \"why\"", self.name));
            }
        }
        Ok(())
    }
}
