//! Markdown for a job's summary page or a comment.

use std::fmt::Write as _;

use super::super::verdict::{Checked, Verdict};
use crate::neutral;

/// The check as a Markdown section.
pub fn markdown(checked: &Checked) -> String {
    let mut text = format!("### Gates of {}: {}\n\n", neutral::markdown(&checked.sweep), checked.summary());
    let mut write = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a text can be written to");
    write(format_args!("| | gate | group | metric | must be | |\n|---|---|---|---|---|---|"));
    for finding in &checked.findings {
        let sign = match finding.verdict {
            Verdict::Regressed => "❌",
            Verdict::Inconclusive => "❓",
            Verdict::Improved => "⬆️",
            Verdict::Pass => "✅",
            Verdict::NotCompared => "➖",
        };
        let cells = [&finding.gate, &finding.group, &finding.metric, &finding.rule, &finding.reason]
            .map(|it| neutral::markdown(it));
        let [gate, group, metric, rule, reason] = cells;
        let verdict = finding.verdict;
        write(format_args!("| {sign} {verdict} | {gate} | {group} | {metric} | {rule} | {reason} |"));
    }
    write(format_args!(""));
    let notes = checked.findings.iter().flat_map(|it| it.notes.iter().map(move |note| format!("{}: {note}", it.gate)));
    for note in checked.notes.iter().cloned().chain(notes) {
        write(format_args!("- {}", neutral::markdown(&note)));
    }
    text
}
