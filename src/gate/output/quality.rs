//! GitLab's code quality report: a list of issues, each at the line of its gate.

use drr_core::Digest;
use serde_json::{Value, json};

use super::super::verdict::{Checked, Finding, Verdict};

/// The gates that are not as they should be, as a code quality report; an empty list where all are.
pub fn gitlab_code_quality(checked: &Checked) -> Value {
    checked.findings.iter().filter_map(|finding| issue(checked, finding)).collect()
}

fn issue(checked: &Checked, finding: &Finding) -> Option<Value> {
    let severity = match finding.verdict {
        Verdict::Regressed => "major",
        Verdict::Inconclusive => "minor",
        Verdict::Improved => "info",
        Verdict::Pass | Verdict::NotCompared => return None,
    };
    // The same finding in the next pipeline is the same issue, whatever its numbers.
    let identity = format!("{}\0{}\0{}", checked.file, finding.gate, finding.verdict);
    Some(json!({
        "description": format!("{} {}: {}: {}", finding.gate, finding.verdict, finding.group, finding.reason),
        "check_name": "drr-lab check",
        "fingerprint": Digest::of(identity.as_bytes()).to_string(),
        "severity": severity,
        "location": { "path": checked.file, "lines": { "begin": finding.line } },
    }))
}
