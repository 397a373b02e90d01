//! What tests throw at every output, and how they tell that it did nothing.

use drr_core::neutral::HiddenCharacter;

/// Names and messages that drive terminals, pipelines, tables, XML and spreadsheets where they are shown raw.
pub(crate) const TEXTS: [&str; 14] = [
    "\x1b]0;title\x07\x1b[2J\x1b[31m",
    "a\rerror: forged",
    "\u{9b}31m\u{7f}\u{8}\0",
    "\u{202e}desrever\u{202c} \u{2066}x\u{2069} \u{200f}\u{61c}",
    "one\n::error file=a.rs,line=1::forged",
    "::stop-commands::token",
    " \u{a0}::set-output name=x::y",
    "x ##[error]forged ##vso[task.complete result=Failed]",
    "\u{2028}::warning::forged\u{2029}",
    "=HYPERLINK(\"http://x\")",
    "-1+2+cmd|' /C calc'!A0",
    "|\n# <img src=x onerror=alert(1)> **b** `c` [d](javascript:e) &amp;",
    "\u{ffff}]]></title><script>x</script>\"'",
    "%0A::error::forged, title=x: y",
];

/// All of them as one name.
pub(crate) fn name() -> String {
    TEXTS.join("\n")
}

/// Fails if `text` holds a character that nobody sees, or a line that a build server obeys.
#[track_caller]
pub(crate) fn assert_harmless(what: &str, text: &str) {
    if let Some((hidden, line, _)) = HiddenCharacter::first_in_lines(text) {
        panic!("{what}: line {line} holds {hidden}: {:?}", text.lines().nth(line - 1));
    }
    assert!(!text.contains('\r'), "{what} holds a return");
    for line in text.lines() {
        assert_eq!(command(line), None, "{what}: {line}");
    }
}

/// The command that a runner of GitHub Actions, or of Azure Pipelines, would take a line of a log for. GitHub's are read
/// from the line's beginning but for blanks, `::name properties::text`; the older form counts wherever it stands.
pub(crate) fn command(line: &str) -> Option<&str> {
    let begun = line.trim_start().strip_prefix("::").and_then(|rest| rest.split_once("::"));
    let older = ["##[", "##vso["].iter().find_map(|start| line.split_once(start)?.1.split_once(']'));
    begun.or(older).map(|(command, _)| command)
}

#[test]
#[should_panic(expected = "holds the control character U+001B")]
fn an_escape_is_no_harmless_text() {
    assert_harmless("a text", "one\n\x1b[2J");
}

#[test]
fn commands_are_known_as_such() {
    assert_eq!(command(" ::error file=a::b"), Some("error file=a"));
    assert_eq!(command("x ##[warning]y"), Some("warning"));
    assert_eq!(command("a::b::c ## [x]"), None);
}

#[test]
fn nothing_of_it_gets_through_any_of_the_functions() {
    for text in TEXTS.into_iter().chain([name().as_str()]) {
        for line in [super::line(text), super::markdown(text).into(), super::guarded(text)] {
            assert_harmless("a line", &line);
            assert_eq!(line.lines().count(), 1, "{line}");
        }
        assert_harmless("lines", &super::lines(text));
    }
}
