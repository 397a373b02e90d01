//! Which protocols fit a paper's numbers, as tables and as lines for the terminal.

use super::grid::{Grid, GridCell, GridHeader, GridRow};
use super::group::slug;
use super::value::CellValue;
use crate::paper::{Fit, FittedRow, Searched};

/// Fits that are shown of a search.
const FITS: usize = 12;

/// Fits that a terminal shows.
const FEW: usize = 3;

/// What a terminal shows: the best few, and what must be known of them.
pub(super) fn lines(searched: &Searched) -> String {
    let mut lines = vec![format!("{} · which protocol fits, the best of them first", searched.table)];
    let paper = |row: &FittedRow| row.reading.cells.iter().map(|cell| number(cell.map(|it| it.0))).collect::<String>();
    let ours = |row: &FittedRow| row.reading.cells.iter().map(|cell| number(cell.map(|it| it.1))).collect::<String>();
    for fit in searched.fits.iter().take(FEW) {
        lines.push(format!("  off by {:.4} (root mean square), {:.4} at most: {}", fit.rms, fit.worst, switches(fit)));
        for row in &fit.rows {
            lines.push(format!("    {:<24}{}", format!("{}, published", row.name), paper(row)));
            lines.push(format!("    {:<24}{}", format!("  {}", row.reading.policies), ours(row)));
        }
        if !fit.impossible.is_empty() {
            lines.push(format!("    cannot be under it: {}", excluded(fit)));
        }
    }
    if let Some(best) = searched.fits.first() {
        lines.push("  The best as a sweep file says it:".to_owned());
        lines.extend(settings(best).into_iter().map(|line| format!("    {line}")));
    }
    lines.extend(notes(searched).into_iter().map(|note| format!("  {note}")));
    lines.push(format!("{} · each row alone", searched.table));
    for (name, fit) in &searched.alone {
        let row = &fit.rows[0];
        lines.push(format!("    {:<24}{}   {name}", "published", paper(row)));
        lines.push(format!("    {:<24}{}   {}", format!("  {}", row.reading.policies), ours(row), switches(fit)));
    }
    lines.join("\n") + "\n"
}

/// The switches of a fit as lines of a sweep file.
fn settings(fit: &Fit) -> Vec<String> {
    let line = |(key, value): &(String, String)| {
        let name = if key.contains('.') { key.clone() } else { format!("offline.{key}") };
        let is_number = value.parse::<f64>().is_ok();
        format!("{name} = {}", if is_number { value.clone() } else { format!("\"{value}\"") })
    };
    let each_once = ["offline.protocol = \"cold\"", "offline.users = 0"].map(str::to_owned);
    each_once.into_iter().chain(fit.switches.iter().map(line)).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| format!("{:>9}", "–"), |value| format!("{value:>9.4}"))
}

/// What must be known of a search.
fn notes(searched: &Searched) -> Vec<String> {
    let mut notes = Vec::new();
    if !searched.left.is_empty() {
        notes.push(format!("Not measured, and so left out: {}.", searched.left.join(", ")));
    }
    notes.push(format!(
        "{} combinations tried; fit is the root mean square of all differences to the paper, the greatest of them beside it.",
        searched.tried
    ));
    if let Some(best) = searched.fits.first() {
        let worst = best.worst;
        notes.push(if worst <= searched.margin {
            format!("The best fits every number within ±{}.", searched.margin)
        } else {
            format!("None fits every number within ±{}: the best misses one by {worst:.4}.", searched.margin)
        });
        notes.push(match searched.equal {
            1 => "No other fits as well.".to_owned(),
            equal => format!("{equal} that give different numbers fit as well, within 0.001."),
        });
        notes.push(format!("{} more combinations give the same numbers as the first.", best.alike - 1));
    }
    notes
}

/// The combinations that fit best. What all of them have in common stands below.
pub(super) fn fits(searched: &Searched) -> Grid {
    let shown = || searched.fits.iter().take(FITS);
    let is_common = |switch: &(String, String)| shown().all(|fit| fit.switches.contains(switch));
    let fixed = [GridHeader::words("switches")].into_iter().chain(["fit", "greatest"].map(GridHeader::numbers));
    let values = searched.fits.first().into_iter().flat_map(|fit| {
        let names =
            fit.rows.iter().flat_map(|row| searched.columns.iter().map(move |column| format!("{} {column}", row.name)));
        names.map(|name| GridHeader::numbers(&name)).collect::<Vec<_>>()
    });
    let rows = shown().map(|fit| {
        let ours = fit.rows.iter().flat_map(|row| &row.reading.cells);
        let ours = ours.map(|cell| CellValue::number(cell.map(|(_, ours)| ours), 4).into());
        let ends = [GridCell::words(&readings(fit)), GridCell::words(&excluded(fit))];
        let errors = [fit.rms, fit.worst].map(|error| CellValue::number(Some(error), 4).into());
        let own = fit.switches.iter().filter(|switch| !is_common(switch));
        let first = std::iter::once(GridCell::words(&joined(own)));
        GridRow { cells: first.chain(errors).chain(ours).chain(ends).collect(), trials: Vec::new() }
    });
    let first = searched.fits.first().map_or(&[][..], |fit| &fit.switches);
    let common = joined(first.iter().filter(|switch| is_common(switch)));
    let common = (!common.is_empty()).then(|| format!("All of these: {common}."));
    let ends = ["read as", "cannot be"].map(GridHeader::words);
    Grid {
        slug: format!("protocols-{}", slug(&searched.table)),
        title: format!("{} · which protocol fits", searched.table),
        headers: fixed.chain(values).chain(ends).collect(),
        rows: rows.collect(),
        notes: common.into_iter().chain(notes(searched)).collect(),
    }
}

/// For each row alone the combination that fits it best.
pub(super) fn alone(searched: &Searched) -> Grid {
    let headers = ["row", "published", "ours"].map(GridHeader::words).into_iter();
    let rows = searched.alone.iter().map(|(name, fit)| {
        let list = |of: fn(&(f64, f64)) -> f64| {
            let cells = fit.rows.iter().flat_map(|row| row.reading.cells.iter().flatten());
            cells.map(|cell| format!("{:.4}", of(cell))).collect::<Vec<_>>().join(" ")
        };
        let cells = vec![
            GridCell::words(name),
            GridCell::words(&list(|(theirs, _)| *theirs)),
            GridCell::words(&list(|(_, ours)| *ours)),
            CellValue::number(Some(fit.worst), 4).into(),
            GridCell::words(&readings(fit)),
            GridCell::words(&switches(fit)),
        ];
        GridRow { cells, trials: Vec::new() }
    });
    let rest = [GridHeader::numbers("greatest"), GridHeader::words("read as"), GridHeader::words("switches")];
    Grid {
        slug: format!("protocols-alone-{}", slug(&searched.table)),
        title: format!("{} · which protocol fits each row alone", searched.table),
        headers: headers.chain(rest).collect(),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn readings(fit: &Fit) -> String {
    let of = |row: &FittedRow| format!("{}: {}", row.name, row.reading.policies);
    fit.rows.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn switches(fit: &Fit) -> String {
    joined(fit.switches.iter())
}

fn joined<'s>(switches: impl Iterator<Item = &'s (String, String)>) -> String {
    switches.map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}

fn excluded(fit: &Fit) -> String {
    let of = |(row, column, bound): &(String, String, f64)| format!("{row} {column} (≤ {bound:.4})");
    fit.impossible.iter().map(of).collect::<Vec<_>>().join("; ")
}
