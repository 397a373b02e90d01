//! Workflow commands of GitHub Actions: a note at the gate's line in the pull request.

use super::super::verdict::{Checked, Verdict};
use crate::neutral;

/// A line for each gate that is not as it should be; none where all are. The one output that a runner is to act on.
pub fn github_annotations(checked: &Checked) -> String {
    let mut text = String::new();
    for finding in &checked.findings {
        let level = match finding.verdict {
            Verdict::Regressed => "error",
            Verdict::Inconclusive => "warning",
            Verdict::Improved => "notice",
            Verdict::Pass | Verdict::NotCompared => continue,
        };
        let (file, line) = (property(&checked.file), finding.line);
        let title = property(&format!("{}: {}", finding.gate, finding.verdict));
        let message = data(&format!("{}: {}", finding.group, finding.reason));
        text += &format!("::{level} file={file},line={line},title={title}::{message}\n");
    }
    text
}

/// Text that the runner takes for the end of a command: it unescapes what is escaped here.
fn data(text: &str) -> String {
    // The ends of lines are the runner's to unescape; the rest is shown as on a terminal.
    let lines: Vec<_> = text.split('\n').map(neutral::line).collect();
    lines.join("\n").replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text within a command, where colons and commas end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
