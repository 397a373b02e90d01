//! What can be wrong with a file of ratings or items: always the file, and where there is one the line.

use std::io;

/// A file that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// Why not.
        source: io::Error,
    },
    /// Neither the name nor the first line tells the layout.
    #[error("{file}: cannot tell the layout from its name or its first line `{first}`")]
    Layout {
        /// The file.
        file: String,
        /// Its first line, shortened.
        first: String,
    },
    /// The header lacks a column.
    #[error("{file}:1: read the columns {header}, expected one named `{column}`")]
    Column {
        /// The file.
        file: String,
        /// The column that was looked for.
        column: String,
        /// The columns there are.
        header: String,
    },
    /// A line that is not what its layout asks for.
    #[error("{file}:{line}: read `{read}`, expected {expected}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from one.
        line: u64,
        /// What stands there, shortened.
        read: String,
        /// What should.
        expected: String,
    },
    /// Several such lines.
    #[error("{file}: {count} lines cannot be read\n{}{}", listed(first), if *count > first.len() { format!("\n  and {} more", count - first.len()) } else { String::new() })]
    Lines {
        /// The file.
        file: String,
        /// How many.
        count: usize,
        /// The first of them.
        first: Vec<BadLine>,
    },
    /// The first line may be a rating or not: to be said, not guessed.
    #[error("{file}: the first line is `{first}`: {why}")]
    Unsure {
        /// The file.
        file: String,
        /// Its first line, shortened.
        first: String,
        /// What is not sure.
        why: &'static str,
        /// How to say what it is.
        mend: &'static str,
    },
    /// A place where there is no column.
    #[error("{file}: there is no column {place}, the first line has {fields}")]
    Place {
        /// The file.
        file: String,
        /// The column's number, from one.
        place: usize,
        /// How many there are.
        fields: usize,
    },
    /// It is no table of text.
    #[error("{file} is {what}")]
    Foreign {
        /// The file.
        file: String,
        /// What it is.
        what: &'static str,
        /// What makes a table of text of it.
        mend: &'static str,
    },
    /// Times with fractions of seconds beside times too large to be kept with them.
    #[error("{file}: some times have fractions of seconds, others are too large to be kept in microseconds")]
    Times {
        /// The file.
        file: String,
    },
    /// There is nothing left of it.
    #[error("{file}: none of its {lines} lines is kept as a rating")]
    AllLeftOut {
        /// The file.
        file: String,
        /// How many lines it has.
        lines: usize,
    },
    /// Ratings of a pair that are added up and too much.
    #[error("{file}: the ratings of a user and an item add up to more than a rating can be, 10,000,000")]
    Sum {
        /// The file.
        file: String,
    },
    /// There is nothing in it.
    #[error("{file}: no rows in it")]
    Empty {
        /// The file.
        file: String,
    },
    /// More than a table can index.
    #[error("{file}: more than {} rows", u32::MAX)]
    TooLarge {
        /// The file.
        file: String,
    },
}

/// A line that is not what its layout asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The line, counted from one.
    pub line: u64,
    /// What stands there, shortened.
    pub read: String,
    /// What should.
    pub expected: String,
}

/// The error of a line.
pub(super) fn bad_line(file: &str, line: u64, read: &[u8], expected: &str) -> LoadError {
    LoadError::Line { file: file.to_owned(), line, read: shown(read), expected: expected.to_owned() }
}

fn listed(lines: &[BadLine]) -> String {
    let one = |BadLine { line, read, expected }: &BadLine| format!("  line {line}: read `{read}`, expected {expected}");
    lines.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The most characters of a file that an error shows.
const SHOWN: usize = 60;

/// A piece of a file as an error shows it: one line, printable, not long.
pub(super) fn shown(bytes: &[u8]) -> String {
    // Four bytes a character at most: a line of a gigabyte is not decoded to show sixty characters.
    let head = &bytes[..bytes.len().min(4 * (SHOWN + 1))];
    let text = String::from_utf8_lossy(head);
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown.replace("\\'", "'").replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(shown(b"a\tb\x1b[31m \"x\" it's"), "a\\tb\\u{1b}[31m \"x\" it's");
        assert_eq!(shown(&[b'a'; 100_000]).chars().count(), SHOWN + 1);
        assert_eq!(shown(&[0xff, b'x']), "\u{fffd}x");
    }
}
