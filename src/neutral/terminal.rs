//! `println!`, `print!`, `eprintln!` and `eprint!` for this crate: the standard library's, but for what the text may hold, and without
//! their panics. They take the names of those, so that nobody has to remember another.

use std::fmt::Arguments;

use super::{lines, printing};

macro_rules! print {
    ($($text:tt)*) => { $crate::neutral::to_stdout(format_args!($($text)*), "") };
}

macro_rules! println {
    () => { $crate::neutral::to_stdout(format_args!(""), "\n") };
    ($($text:tt)*) => { $crate::neutral::to_stdout(format_args!($($text)*), "\n") };
}

macro_rules! eprintln {
    () => { $crate::neutral::to_stderr(format_args!(""), "\n") };
    ($($text:tt)*) => { $crate::neutral::to_stderr(format_args!($($text)*), "\n") };
}

#[allow(unused_macros, reason = "so that who needs it next has this one")]
macro_rules! eprint {
    ($($text:tt)*) => { $crate::neutral::to_stderr(format_args!($($text)*), "") };
}

/// Writes to stdout what every `print!` of this crate says.
pub(crate) fn to_stdout(text: Arguments<'_>, end: &str) {
    printing::out(&format!("{}{end}", lines(&text.to_string())));
}

/// Writes to stderr what every `eprint!` of this crate says.
pub(crate) fn to_stderr(text: Arguments<'_>, end: &str) {
    printing::aside(&format!("{}{end}", lines(&text.to_string())));
}
