//! A table of any kind as its writers get it: headers, cells with their looks, notes. Markdown, LaTeX, CSV, JSON, the page
//! and the terminal each write all of them.

use std::borrow::Cow;

use drr_core::TrialId;

use super::users::UserCount;
use super::value::CellValue;
use crate::neutral;

/// A table as its writers get it.
#[derive(Debug)]
pub(super) struct Grid {
    /// What its files are called.
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) headers: Vec<GridHeader>,
    pub(super) rows: Vec<GridRow>,
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
            cell.more.iter_mut().for_each(line);
            match &mut cell.value {
                CellValue::Text(text) => line(text),
                // What is no text has none to hide, and words on an axis become text on one line.
                CellValue::Axis(_) | CellValue::Missing(_) | CellValue::Number(_) => {}
                CellValue::Count { .. } | CellValue::Interval { .. } | CellValue::Users(_) => {}
            }
        }
        self
    }
}

/// A column's header.
#[derive(Debug)]
pub(super) struct GridHeader {
    pub(super) text: String,
    pub(super) align: Align,
    /// Users behind the column's numbers.
    pub(super) users: Option<UserCount>,
}

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A row.
#[derive(Debug)]
pub(super) struct GridRow {
    pub(super) cells: Vec<GridCell>,
    /// The trials behind its numbers.
    pub(super) trials: Vec<TrialId>,
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct GridCell {
    pub(super) value: CellValue,
    pub(super) look: Look,
    /// What a pointer that rests on it is told.
    pub(super) more: Option<String>,
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

impl GridHeader {
    /// A column of words.
    pub(super) fn words(text: &str) -> Self {
        Self { text: text.to_owned(), align: Align::Left, users: None }
    }

    /// A column of numbers.
    pub(super) fn numbers(text: &str) -> Self {
        Self { text: text.to_owned(), align: Align::Right, users: None }
    }

    /// With the users behind its numbers.
    pub(super) fn on(self, users: Option<UserCount>) -> Self {
        Self { users, ..self }
    }
}

impl GridCell {
    /// Plain words.
    pub(super) fn words(text: &str) -> Self {
        CellValue::Text(text.to_owned()).into()
    }

    /// How many of how many; told apart where some are missing.
    pub(super) fn count(count: usize, of: usize) -> Self {
        let look = if count == of { Look::Plain } else { Look::Short };
        Self::from(CellValue::Count { count, of }).looking(look)
    }

    /// With another look.
    pub(super) fn looking(self, look: Look) -> Self {
        Self { look, ..self }
    }
}

impl From<CellValue> for GridCell {
    fn from(value: CellValue) -> Self {
        Self { value, look: Look::Plain, more: None, trials: Vec::new() }
    }
}
