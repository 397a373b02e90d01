//! For a terminal or a log: a line a gate with the sentence behind it, the worst last, where the eye is.

use std::fmt::Write as _;

use super::super::verdict::{Checked, Finding};
use crate::neutral;

/// The check as text.
pub fn text(checked: &Checked) -> String {
    let mut text = String::new();
    // What is asked to be written is one line, whatever names are in it.
    let mut write = |line: std::fmt::Arguments<'_>| {
        writeln!(text, "{}", neutral::line(&line.to_string())).expect("a text can be written to");
    };
    for note in &checked.notes {
        write(format_args!("note: {note}"));
    }
    let mut findings: Vec<&Finding> = checked.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    for finding in findings {
        write(format_args!("{:12}  {} · {}, {}", finding.verdict, finding.gate, finding.metric, finding.rule));
        write(format_args!("              {}: {}", finding.group, finding.reason));
        if let Some((p, least)) = finding.numbers.and_then(|numbers| numbers.permutation) {
            let p = super::super::words::number(p);
            let least = super::super::words::number(least);
            write(format_args!("              permutation test: p {p}, at least {least} with so many pairs"));
        }
        for note in &finding.notes {
            write(format_args!("              note: {note}"));
        }
    }
    write(format_args!(""));
    write(format_args!("{}: {}", checked.sweep, checked.summary()));
    text
}
