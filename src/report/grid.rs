//! A table as shown: headers, cells with their looks, notes. Every kind of table becomes one of these, and Markdown,
//! LaTeX, the page and the terminal each write all of them.

use std::borrow::Cow;

use drr_core::TrialId;

use super::group::Noise;
use super::table::{Cell, Row, Standing, Table};
use crate::neutral;

/// A table as shown.
#[derive(Debug)]
pub(super) struct Grid {
    /// What its files are called.
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) headers: Vec<Header>,
    pub(super) rows: Vec<Line>,
    /// What no number may be read without.
    pub(super) notes: Vec<String>,
}

impl Grid {
    /// The table with all its text on one line each and nothing hidden in it, as every format writes it.
    pub(super) fn neutral(mut self) -> Self {
        let line = |text: &mut String| {
            if let Cow::Owned(safe) = neutral::line(text) {
                *text = safe;
            }
        };
        line(&mut self.title);
        self.headers.iter_mut().for_each(|header| line(&mut header.text));
        self.notes.iter_mut().for_each(line);
        for cell in self.rows.iter_mut().flat_map(|row| &mut row.cells) {
            [&mut cell.text, &mut cell.value, &mut cell.more].into_iter().for_each(line);
        }
        self
    }
}

/// A column's header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) text: String,
    pub(super) align: Align,
}

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A row as shown.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) cells: Vec<Shown>,
    /// The trials behind its numbers.
    pub(super) trials: Vec<TrialId>,
}

/// A cell as shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) text: String,
    /// What it sorts by and what programs read, in full precision; empty where nothing is known.
    pub(super) value: String,
    pub(super) look: Look,
    /// What a pointer that rests on it is told; may be empty.
    pub(super) more: String,
    /// The trials behind it, where they are not all of its row's.
    pub(super) trials: Vec<TrialId>,
}

/// What a cell's look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// The best of its column, or a finding.
    Strong,
    /// Not distinguishable from the best.
    Like,
    /// Something is missing or went wrong.
    Short,
}

impl Header {
    /// A column of words.
    pub(super) fn words(text: &str) -> Self {
        Self { text: text.to_owned(), align: Align::Left }
    }

    /// A column of numbers.
    pub(super) fn numbers(text: &str) -> Self {
        Self { text: text.to_owned(), align: Align::Right }
    }
}

impl Shown {
    /// Plain words.
    pub(super) fn words(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            value: text.to_owned(),
            look: Look::Plain,
            more: String::new(),
            trials: Vec::new(),
        }
    }

    /// A number shown with `decimals`; a dash where it is not known.
    pub(super) fn number(value: Option<f64>, decimals: usize) -> Self {
        let text = value.map_or_else(|| "–".to_owned(), |value| number(value, decimals));
        Self { text, value: value.map(|value| value.to_string()).unwrap_or_default(), ..Self::words("") }
    }

    /// With another look.
    pub(super) fn looking(self, look: Look) -> Self {
        Self { look, ..self }
    }
}

/// `value` with `decimals`; never `-0.000`.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.trim_start_matches('-').chars().all(|letter| matches!(letter, '0' | '.')) {
        return text.trim_start_matches('-').to_owned();
    }
    text
}

/// A cell of a table of metrics, with its mark and what is to be told of it.
pub(super) fn shown(row: &Row, cell: Option<&Cell>, decimals: usize) -> Shown {
    Shown {
        text: mean_and_spread(cell, decimals),
        value: cell.map(|cell| cell.score.summary.mean.to_string()).unwrap_or_default(),
        look: match cell.map(|cell| cell.standing) {
            Some(Standing::Best) => Look::Strong,
            Some(Standing::LikeBest) => Look::Like,
            Some(Standing::Other) | None => Look::Plain,
        },
        more: cell.map(|cell| more(cell, row.noise, decimals)).unwrap_or_default(),
        trials: Vec::new(),
    }
}

/// `0.755 ± 0.004`.
pub(super) fn mean_and_spread(cell: Option<&Cell>, decimals: usize) -> String {
    match cell {
        None => "–".to_owned(),
        Some(Cell { score, .. }) => match score.spread {
            Some(spread) => format!("{} ± {}", number(score.summary.mean, decimals), number(spread, decimals)),
            None => number(score.summary.mean, decimals),
        },
    }
}

/// `table` as shown: keys, numbers, n, and what the ± is over.
pub(super) fn of_table(table: &Table) -> Grid {
    let keys = table.keys.iter().map(|key| Header::words(key));
    let metrics = table.metrics.iter().map(|metric| Header::numbers(&metric.header));
    let headers = keys.chain(metrics).chain([Header::numbers("n"), Header::words("± over")]).collect();
    let rows = table.rows.iter().map(|row| {
        let mut cells: Vec<Shown> = row.keys.iter().map(|key| Shown::words(key)).collect();
        for (metric, cell) in table.metrics.iter().zip(&row.cells) {
            cells.push(shown(row, cell.as_ref(), metric.decimals));
        }
        let look = if row.finished == row.expected { Look::Plain } else { Look::Short };
        cells.push(Shown::words(&row.count()).looking(look));
        cells.push(Shown::words(&row.noise.name()));
        Line { cells, trials: row.trials.clone() }
    });
    Grid {
        slug: table.slug.clone(),
        title: table.title.clone(),
        headers,
        rows: rows.collect(),
        notes: table.notes.clone(),
    }
}

fn more(cell: &Cell, noise: Noise, decimals: usize) -> String {
    if noise != Noise::Seeds {
        return "one seed: no interval over seeds".to_owned();
    }
    let summary = cell.score.summary;
    let shown = |value| number(value, decimals);
    let interval = match cell.interval {
        Some((low, high)) => format!("95 % interval {} to {}", shown(low), shown(high)),
        None => format!("n = {}, no interval", summary.n),
    };
    let seeds: Vec<String> = cell.scores.iter().map(|(seed, score)| format!("{seed}: {}", shown(*score))).collect();
    format!(
        "{interval}; least {}, median {}, greatest {}; by seed {}",
        shown(summary.min),
        shown(summary.median),
        shown(summary.max),
        seeds.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_their_decimals_and_no_negative_zero() {
        let three = |value| number(value, 3);
        assert_eq!([0.7549, -0.0312, -0.0001, 0.0, f64::NAN].map(three), ["0.755", "-0.031", "0.000", "0.000", "NaN"]);
        assert_eq!(number(0.123_456, 5), "0.12346");
    }
}
