//! Workflow commands of GitHub Actions: a note at the gate's line in the pull request.

use super::super::verdict::{Checked, Verdict};

/// A line for each gate that is not as it should be; none where all are.
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

/// Escapes as the runner unescapes.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
