//! The one error type people see: what went wrong, where, and what to do about it; with the exit code it ends in.

use std::ops::Range;
use std::{fmt, io};

/// How the program ends. The numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// A trial failed or a gate regressed.
    Failed = 1,
    /// Bad input or usage.
    BadInput = 2,
    /// The environment, or a bug.
    Environment = 3,
    /// A gate is inconclusive, or what was recorded elsewhere cannot be compared here.
    Inconclusive = 4,
    /// A verification did not match.
    Mismatch = 5,
    /// Interrupted; the state is kept.
    Interrupted = 130,
}

/// An error for the person at the terminal.
#[derive(Debug)]
pub struct Error {
    /// What went wrong, one sentence without a full stop.
    pub message: String,
    /// What to do about it, if anything is known to help.
    pub hint: Option<String>,
    /// The located problems of an input file.
    pub problems: Vec<Located>,
    /// The exit code.
    pub exit: Exit,
}

/// A problem in a text that a person wrote, with the lines around it. All of it may be shown as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What is written beside the place.
    pub label: String,
    /// What to do about it, if anything is known to help.
    pub help: Option<String>,
    /// The name of the text.
    pub name: String,
    /// The lines around the place.
    pub excerpt: String,
    /// The number of the first of these, from 1.
    pub first_line: usize,
    /// The place, in bytes of the excerpt.
    pub place: Range<usize>,
}

impl Located {
    /// The line of the place, from 1.
    pub fn line(&self) -> usize {
        self.first_line + self.excerpt[..self.place.start].matches('\n').count()
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What to do about a full disk.
pub const FULL: &str = "free some disk space and run the same command again; what is finished is kept";

/// Shorthand for results with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Bad input: exit code 2.
    pub fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, problems: Vec::new(), exit: Exit::BadInput }
    }

    /// The environment failed: exit code 3.
    pub fn environment(message: impl Into<String>) -> Self {
        Self { exit: Exit::Environment, ..Self::input(message) }
    }

    /// The file system refused: `what` was not possible. Exit code 3.
    pub fn disk(what: impl fmt::Display, error: &io::Error) -> Self {
        let mended = Self::environment(format!("{what}: {error}"));
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => mended.hint(FULL),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                mended.hint("see that you may write there, or name another folder with --runs")
            }
            _ => mended,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
