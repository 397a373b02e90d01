//! JUnit XML, one case a gate: what most systems for continuous integration show as test results.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::super::verdict::{Checked, Finding, Inconclusive, Verdict};
use crate::error::{Error, Result};
use crate::neutral;

/// The check as JUnit XML. A gate that is inconclusive is a failure, unless it is to pass; then it is skipped.
///
/// # Errors
/// A text that XML cannot hold.
pub fn junit(checked: &Checked, inconclusive: Inconclusive) -> Result<String> {
    let mut suite = TestSuite::new(line(&checked.sweep));
    suite.add_test_cases(checked.findings.iter().map(|finding| case(checked, finding, inconclusive)));
    if !checked.notes.is_empty() {
        let notes: Vec<_> = checked.notes.iter().map(|note| line(note)).collect();
        suite.set_system_out(notes.join("\n"));
    }
    let mut report = Report::new("drr-lab check");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Error::environment(format!("the check cannot be written as JUnit XML: {error}")))
}

fn case(checked: &Checked, finding: &Finding, inconclusive: Inconclusive) -> TestCase {
    let failure = || {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(finding.verdict.name());
        status
    };
    let mut status = match finding.verdict {
        Verdict::Pass | Verdict::Improved => TestCaseStatus::success(),
        Verdict::NotCompared => TestCaseStatus::skipped(),
        Verdict::Inconclusive if inconclusive == Inconclusive::Pass => TestCaseStatus::skipped(),
        Verdict::Regressed | Verdict::Inconclusive => failure(),
    };
    if !matches!(finding.verdict, Verdict::Pass | Verdict::Improved) {
        status.set_message(format!("{}: {}", finding.verdict, line(&finding.reason)));
    }
    let mut case = TestCase::new(line(&finding.gate), status);
    case.set_classname(format!("{}:{}", line(&checked.file), finding.line));
    let words = [&finding.group, &finding.metric, &finding.rule].map(String::as_str).join(" · ");
    let lines = [words, format!("{}: {}", finding.verdict, finding.reason)].into_iter().chain(finding.notes.clone());
    case.set_system_out(lines.map(|said| line(&said)).collect::<Vec<_>>().join("\n"));
    case
}

/// XML holds no control characters, and what reads it shows them to people.
fn line(text: &str) -> String {
    neutral::line(text).into_owned()
}
