//! JUnit XML, one case a gate: what most systems for continuous integration show as test results.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::super::verdict::{Checked, Finding, Inconclusive, Verdict};
use crate::error::{Error, Result};
use crate::neutral;

type Xml = Writer<Vec<u8>>;

/// How a case shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CaseStatus {
    Passed,
    Skipped,
    Failed,
}

/// The check as JUnit XML. A gate that is inconclusive is a failure, unless it is to pass; then it is skipped.
///
/// # Errors
/// A text that XML cannot hold.
pub fn junit(checked: &Checked, inconclusive: Inconclusive) -> Result<String> {
    let written = write(checked, inconclusive).map(|xml| String::from_utf8_lossy(&xml).into_owned() + "\n");
    written.map_err(|error| Error::environment(format!("the check cannot be written as JUnit XML: {error}")))
}

fn write(checked: &Checked, inconclusive: Inconclusive) -> io::Result<Vec<u8>> {
    let cases: Vec<(&Finding, CaseStatus)> =
        checked.findings.iter().map(|finding| (finding, status(finding.verdict, inconclusive))).collect();
    let count = |wanted: CaseStatus| cases.iter().filter(|(_, status)| *status == wanted).count().to_string();
    let (tests, skipped, failures) = (cases.len().to_string(), count(CaseStatus::Skipped), count(CaseStatus::Failed));
    let counts = [("tests", &*tests), ("skipped", &*skipped), ("failures", &*failures), ("errors", "0")];
    let mut xml: Xml = Writer::new_with_indent(Vec::new(), b' ', 4);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let whole = xml.create_element("testsuites").with_attribute(("name", "drr-lab check")).with_attributes(counts);
    whole.write_inner_content(|xml| {
        let sweep = line(&checked.sweep);
        let suite = xml.create_element("testsuite").with_attribute(("name", &*sweep)).with_attributes(counts);
        suite.write_inner_content(|xml| {
            cases.iter().try_for_each(|(finding, status)| case(xml, checked, finding, *status))?;
            match checked.notes.as_slice() {
                [] => Ok(()),
                notes => said(xml, notes.iter().map(|note| line(note))),
            }
        })?;
        Ok(())
    })?;
    Ok(xml.into_inner())
}

fn status(verdict: Verdict, inconclusive: Inconclusive) -> CaseStatus {
    match verdict {
        Verdict::Pass | Verdict::Improved => CaseStatus::Passed,
        Verdict::NotCompared => CaseStatus::Skipped,
        Verdict::Inconclusive if inconclusive == Inconclusive::Pass => CaseStatus::Skipped,
        Verdict::Regressed | Verdict::Inconclusive => CaseStatus::Failed,
    }
}

fn case(xml: &mut Xml, checked: &Checked, finding: &Finding, status: CaseStatus) -> io::Result<()> {
    let (gate, class) = (line(&finding.gate), format!("{}:{}", line(&checked.file), finding.line));
    let message = format!("{}: {}", finding.verdict, line(&finding.reason));
    let words = [&finding.group, &finding.metric, &finding.rule].map(String::as_str).join(" · ");
    let lines = [words, format!("{}: {}", finding.verdict, finding.reason)].into_iter().chain(finding.notes.clone());
    let element = xml.create_element("testcase").with_attributes([("name", &*gate), ("classname", &*class)]);
    element.write_inner_content(|xml| {
        match status {
            CaseStatus::Passed => {}
            CaseStatus::Skipped => {
                xml.create_element("skipped").with_attribute(("message", &*message)).write_empty()?;
            }
            CaseStatus::Failed => {
                let attributes = [("message", &*message), ("type", finding.verdict.name())];
                xml.create_element("failure").with_attributes(attributes).write_empty()?;
            }
        }
        said(xml, lines.map(|text| line(&text)))
    })?;
    Ok(())
}

/// What a case, or all of them, has to say.
fn said(xml: &mut Xml, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let text = lines.collect::<Vec<_>>().join("\n");
    xml.create_element("system-out").write_text_content(BytesText::new(&text))?;
    Ok(())
}

/// XML holds no control characters, and what reads it shows them to people.
fn line(text: &str) -> String {
    neutral::line(text).into_owned()
}
