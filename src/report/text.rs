//! Tables as text: Markdown for people, CSV for programs, aligned columns for the terminal.

use unicode_width::UnicodeWidthStr as _;

use super::group::Noise;
use super::table::{Cell, Row, Table};
use crate::stats::t_interval;

/// Three decimals; never `-0.000`.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    if text.trim_start_matches('-').chars().all(|letter| matches!(letter, '0' | '.')) {
        return text.trim_start_matches('-').to_owned();
    }
    text
}

/// `0.755 ± 0.004`.
pub(super) fn cell(cell: &Option<Cell>) -> String {
    match cell {
        None => "–".to_owned(),
        Some(Cell { score, .. }) => match score.spread {
            Some(spread) => format!("{} ± {}", number(score.summary.mean), number(spread)),
            None => number(score.summary.mean),
        },
    }
}

fn is_best(cell: &Option<Cell>) -> bool {
    cell.as_ref().is_some_and(|cell| cell.best)
}

/// All headers: keys, numbers, n, and what the ± is over.
fn headers(table: &Table) -> Vec<String> {
    let metrics = table.metrics.iter().map(|metric| metric.header.clone());
    table.keys.iter().cloned().chain(metrics).chain(["n".to_owned(), "± over".to_owned()]).collect()
}

/// The table with title and notes as Markdown.
pub(super) fn markdown(table: &Table) -> String {
    let escape = |text: &str| text.replace('|', "\\|");
    let mut lines = vec![format!("### {}", table.title), String::new()];
    let headers: Vec<String> = headers(table).iter().map(|header| escape(header)).collect();
    lines.push(format!("| {} |", headers.join(" | ")));
    let aligns = (0..headers.len()).map(|column| {
        let numeric = (table.keys.len()..headers.len() - 1).contains(&column);
        if numeric { "---:" } else { "---" }
    });
    lines.push(format!("| {} |", aligns.collect::<Vec<_>>().join(" | ")));
    for row in &table.rows {
        let numbers = row.cells.iter().map(|content| {
            let text = cell(content);
            if is_best(content) { format!("**{text}**") } else { text }
        });
        let all = row.keys.iter().map(|key| escape(key)).chain(numbers).chain([row.count(), row.noise.name()]);
        lines.push(format!("| {} |", all.collect::<Vec<_>>().join(" | ")));
    }
    lines.push(String::new());
    lines.extend(table.notes.iter().map(|note| format!("* {note}")));
    lines.push(String::new());
    lines.join("\n")
}

/// One line a group and metric, in full precision: what other programs read.
pub(super) fn csv(table: &Table) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = ["dataset", "protocol", "policy"];
    let numbers =
        ["metric", "n", "expected", "mean", "std", "std_over", "min", "median", "max", "t95_low", "t95_high", "seeds"];
    let axes = table.axes.iter().map(String::as_str);
    let mut records = vec![fixed.into_iter().chain(axes).chain(numbers).map(str::to_owned).collect::<Vec<_>>()];
    for row in &table.rows {
        for (metric, cell) in table.metrics.iter().zip(&row.cells) {
            records.push(record(table, row, &metric.name, cell.as_ref()));
        }
    }
    for record in records {
        writer.write_record(record).expect("memory does not fail, and all records are as long as the header");
    }
    let bytes = writer.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("text in, text out")
}

fn record(table: &Table, row: &Row, metric: &str, cell: Option<&Cell>) -> Vec<String> {
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let summary = cell.map(|cell| cell.score.summary);
    let interval = summary.as_ref().and_then(|summary| t_interval(summary, 0.95));
    let over = match row.noise {
        Noise::Seeds => "seeds",
        Noise::Repeats(_) => "repeats",
        Noise::Unknown => "",
    };
    let seeds: Vec<String> = row.seeds.iter().map(ToString::to_string).collect();
    let mut record = vec![table.dataset.clone(), table.protocol.unwrap_or_default().to_owned(), row.policy.to_owned()];
    record.extend(row.point.iter().cloned());
    record.extend([
        metric.to_owned(),
        row.finished.to_string(),
        row.expected.to_string(),
        optional(summary.map(|summary| summary.mean)),
        optional(cell.and_then(|cell| cell.score.spread)),
        over.to_owned(),
        optional(summary.map(|summary| summary.min)),
        optional(summary.map(|summary| summary.median)),
        optional(summary.map(|summary| summary.max)),
        optional(interval.map(|interval| interval.0)),
        optional(interval.map(|interval| interval.1)),
        seeds.join(" "),
    ]);
    record
}

/// The table in aligned columns; the best of a column has a star.
pub(super) fn terminal(table: &Table) -> String {
    let mut grid = vec![headers(table)];
    for row in &table.rows {
        let numbers = row.cells.iter().map(|content| {
            // The place of the star is kept free, or the numbers would not stand under each other.
            format!("{}{}", cell(content), if is_best(content) { "*" } else { " " })
        });
        grid.push(row.keys.iter().cloned().chain(numbers).chain([row.count(), row.noise.name()]).collect());
    }
    let columns = grid[0].len();
    for (column, header) in grid[0].iter_mut().enumerate() {
        if (table.keys.len()..table.keys.len() + table.metrics.len()).contains(&column) {
            header.push(' ');
        }
    }
    let widths: Vec<usize> =
        (0..columns).map(|column| grid.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let mut lines = vec![table.title.clone()];
    for row in &grid {
        let mut line = String::from(" ");
        for (column, text) in row.iter().enumerate() {
            let blank = " ".repeat(widths[column] - text.width());
            let numeric = (table.keys.len()..columns - 1).contains(&column);
            line += &if numeric { format!(" {blank}{text}") } else { format!(" {text}{blank}") };
            line.push(' ');
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_decimals_and_no_negative_zero() {
        assert_eq!([0.7549, -0.0312, -0.0001, 0.0, f64::NAN].map(number), ["0.755", "-0.031", "0.000", "0.000", "NaN"]);
    }
}
