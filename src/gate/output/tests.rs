//! Checks whose every text is an attack: nothing of it gets out in any form.

use super::super::verdict::{Checked, Finding, Inconclusive, Verdict};
use super::*;
use crate::neutral::hostile::{TEXTS, assert_harmless, command, name};

fn checked(text: &str) -> Checked {
    let verdicts = [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved, Verdict::Pass, Verdict::NotCompared];
    let finding = |verdict| Finding {
        gate: text.to_owned(),
        line: 3,
        group: text.to_owned(),
        metric: text.to_owned(),
        rule: text.to_owned(),
        verdict,
        reason: text.to_owned(),
        numbers: None,
        notes: vec![text.to_owned()],
    };
    Checked {
        file: text.to_owned(),
        sweep: text.to_owned(),
        notes: vec![text.to_owned()],
        findings: verdicts.map(finding).into(),
    }
}

/// As the runner undoes it.
fn unescaped(text: &str) -> String {
    ["%0A\n", "%3A:", "%2C,", "%25%"].iter().fold(text.to_owned(), |text, pair| text.replace(&pair[..3], &pair[3..]))
}

#[test]
fn nothing_of_a_hostile_check_gets_out_in_any_form() {
    let whole = name();
    for hostile in TEXTS.into_iter().chain([whole.as_str()]) {
        let checked = checked(hostile);
        let said = text(&checked);
        assert_harmless("the terminal", &said);
        // A note, two lines and a note for each of five, a blank one, the sum.
        assert_eq!(said.lines().count(), 1 + 5 * 3 + 2, "{said}");

        let table = markdown(&checked);
        assert_harmless("Markdown", &table);
        assert!(!table.contains("<img") && !table.contains("**b**") && !table.contains("[d]("), "{table}");
        let blank = |line: &&str| line.is_empty();
        assert_eq!(table.lines().filter(blank).count(), 2, "{table}");
        assert_eq!(table.lines().filter(|line| line.starts_with("| ")).count(), 1 + 5, "{table}");

        let xml = junit(&checked, Inconclusive::Own).expect("XML");
        assert_harmless("JUnit", &xml);
        assert_eq!((xml.matches("<testcase ").count(), xml.matches("<script>").count()), (5, 0), "{xml}");
        assert!(xml.chars().all(|letter| matches!(letter, '\n' | ' '..='\u{fffd}' | '\u{10000}'..)));

        for (what, value) in [("JSON", json(&checked)), ("code quality", gitlab_code_quality(&checked))] {
            let written = crate::neutral::lines(&format!("{value:#}")).into_owned();
            assert_harmless(what, &written);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("JSON"), value);
        }
    }
}

#[test]
fn an_annotation_is_one_command_and_says_what_the_gate_is_called() {
    let whole = name();
    for hostile in TEXTS.into_iter().chain([whole.as_str()]) {
        let notes = github_annotations(&checked(hostile));
        assert!(!notes.contains(['\r', '\x1b', '\x07', '\u{202e}', '\u{2028}']), "{notes:?}");
        let lines: Vec<&str> = notes.lines().collect();
        assert_eq!(lines.len(), 3, "{notes}");
        for (line, level) in lines.into_iter().zip(["error", "warning", "notice"]) {
            let (name, rest) = command(line).and_then(|it| it.split_once(' ')).expect("a command");
            assert_eq!(name, level);
            let properties: Vec<&str> = rest.split(',').collect();
            let [file, at, title] = properties.as_slice() else { panic!("{rest}") };
            assert_eq!((*at, file.split_once('=').map(|it| it.0)), ("line=3", Some("file")));
            let title = unescaped(title.strip_prefix("title=").expect("a title"));
            let called: Vec<_> = hostile.split('\n').map(crate::neutral::line).collect();
            assert!(title.starts_with(&format!("{}: ", called.join("\n"))), "{title:?}");
        }
    }
}
