//! Text that others wrote, kept from doing anything but being read. Escape sequences move a terminal's cursor, marks of
//! writing direction turn a line around, a line that begins with `::` is a command to the machine that runs a pipeline.
//! Records with such characters are refused where they are read ([`check_record`]); whatever is shown goes through
//! [`line()`] or [`lines`], which write them as `\uXXXX`. JSON reads that form as the same character again, so text and JSON
//! share one escape.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

/// A character that a reader does not see, or that changes how the others are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HiddenCharacter(char);

impl HiddenCharacter {
    /// The first of them in a text.
    pub fn first_in(text: &str) -> Option<Self> {
        // Names are ASCII as a rule, and those are many.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        text.chars().find(|letter| is_hidden(*letter)).map(Self)
    }

    /// The first of them in a text of several lines, in which ends of lines and tabs are in their place: the number of the
    /// line, from 1, and where it begins, in bytes.
    pub fn first_in_lines(text: &str) -> Option<(Self, usize, usize)> {
        let mut line = 1;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\n' => line += 1,
                '\t' => {}
                '\r' if letters.peek().is_some_and(|(_, next)| *next == '\n') => {}
                letter if is_hidden(letter) => return Some((Self(letter), line, at)),
                _ => {}
            }
        }
        None
    }

    /// Its length in UTF-8.
    pub fn len_utf8(self) -> usize {
        self.0.len_utf8()
    }
}

impl fmt::Display for HiddenCharacter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            letter if letter.is_control() => "control character",
            '\u{2028}' | '\u{2029}' => "line separator",
            '\u{fffe}' | '\u{ffff}' => "non-character",
            _ => "mark of writing direction",
        };
        write!(f, "the {kind} U+{:04X}", self.0 as u32)
    }
}

/// Whether a character is a control character, a mark of writing direction, an end of a line by another name, or one that
/// no XML may hold.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Commands to build servers that count anywhere in a line.
const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// `text` as one line.
pub fn line(text: &str) -> Cow<'_, str> {
    if is_neutral(text) && !text.contains(['\n', '\t']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escaped(text, "\\t"))
}

/// `text` with its lines and tabs as they are.
pub fn lines(text: &str) -> Cow<'_, str> {
    if text.split('\n').all(is_neutral) {
        return Cow::Borrowed(text);
    }
    let one = |line: &str| escaped(line.strip_suffix('\r').unwrap_or(line), "\t");
    Cow::Owned(text.split('\n').map(one).collect::<Vec<_>>().join("\n"))
}

/// Whether a text of one line can be shown as it is; ends of lines and tabs are looked for elsewhere.
fn is_neutral(line: &str) -> bool {
    // Most lines are ASCII, and a byte is looked at faster than a letter.
    let is_plain = line.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let hides = |letter: char| is_hidden(letter) && !matches!(letter, '\n' | '\t');
    (is_plain || !line.chars().any(hides)) && !line.trim_start().starts_with("::") && !line.contains("##")
}

/// One line, with what is written for a tab.
fn escaped(text: &str, tab: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for (at, letter) in text.char_indices() {
        match letter {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str(tab),
            '#' if COMMANDS.iter().any(|command| starts_with(&text[at..], command)) => escape(&mut safe, '#'),
            letter if is_hidden(letter) => escape(&mut safe, letter),
            letter => safe.push(letter),
        }
    }
    unled(safe)
}

/// A line that is no command by how it begins.
fn unled(line: String) -> String {
    let rest = line.trim_start();
    if !rest.starts_with("::") {
        return line;
    }
    let mut safe = line[..line.len() - rest.len()].to_owned();
    escape(&mut safe, ':');
    safe.push_str(&rest[1..]);
    safe
}

fn starts_with(text: &str, command: &str) -> bool {
    text.as_bytes().get(..command.len()).is_some_and(|start| start.eq_ignore_ascii_case(command.as_bytes()))
}

fn escape(text: &mut String, letter: char) {
    text.push_str(&format!("\\u{:04x}", letter as u32));
}

/// Checks that no text in a record, JSON as it lies on the disk, has a hidden character. What is no JSON is left to
/// whoever reads it.
///
/// # Errors
/// What is hidden, and in which entry.
pub fn check_record(json: &[u8]) -> Result<(), String> {
    // Nothing can hide in plain letters without an escape, and most records are that.
    if json.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t') && *byte != b'\\') {
        return Ok(());
    }
    serde_json::from_slice(json).map_or(Ok(()), |record: Value| check_value(&record))
}

/// As [`check_record`], of a record that has been read.
///
/// # Errors
/// What is hidden, and in which entry.
pub fn check_value(record: &Value) -> Result<(), String> {
    walk(record, &mut Vec::new())
}

fn walk(value: &Value, place: &mut Vec<String>) -> Result<(), String> {
    let found = |place: &[String], what: &str, hidden| {
        let place = if place.is_empty() { "the record".to_owned() } else { format!("`{}`", place.join(".")) };
        Err(format!("{what}{place} holds {hidden}; no text of a record does"))
    };
    match value {
        Value::String(text) => match HiddenCharacter::first_in(text) {
            Some(hidden) => found(place, "", hidden),
            None => Ok(()),
        },
        Value::Array(entries) => entries.iter().enumerate().try_for_each(|(at, entry)| {
            place.push(at.to_string());
            walk(entry, place)?;
            place.pop();
            Ok(())
        }),
        Value::Object(entries) => entries.iter().try_for_each(|(key, entry)| {
            if let Some(hidden) = HiddenCharacter::first_in(key) {
                return found(place, &format!("the key \"{}\" of ", line(key)), hidden);
            }
            place.push(key.clone());
            walk(entry, place)?;
            place.pop();
            Ok(())
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harmless_stays_as_it_is() {
        for text in ["", "precision@5", "a::b", "## title", "שלום 🎬 é", "#1", "user::item", "C:\\x", "👩‍👩‍👧"]
        {
            assert_eq!(line(text), text);
            assert_eq!(lines(text), text);
        }
        for text in ["", "±", "╭─ שלום", "🎬"] {
            assert!(matches!((line(text), lines(text)), (Cow::Borrowed(_), Cow::Borrowed(_))), "{text} is not copied");
        }
        assert_eq!(lines("one\n\ttwo  é\n"), "one\n\ttwo  é\n");
        assert_eq!(lines("one\r\ntwo\r\n"), "one\ntwo\n", "the ends of lines of another system are ends of lines");
    }

    #[test]
    fn what_is_hidden_is_shown() {
        assert_eq!(line("a\x1b[31mb\x07\rc\u{9b}d\x7f"), r"a\u001b[31mb\u0007\rc\u009bd\u007f");
        assert_eq!(line("\u{202e}abc\u{2066}\u{200f}\u{61c}\u{2028}"), r"\u202eabc\u2066\u200f\u061c\u2028");
        assert_eq!(line("one\ntwo\tthree"), r"one\ntwo\tthree");
        assert_eq!(lines("a\rb\x1b\nc\u{202e}\td"), "a\\rb\\u001b\nc\\u202e\td");
    }

    #[test]
    fn no_line_is_a_command() {
        assert_eq!(line("::error::x"), r"\u003a:error::x");
        assert_eq!(line(" \u{a0}::stop-commands::t"), " \u{a0}\\u003a:stop-commands::t");
        assert_eq!(lines("a\n::error::x\n\t ::warning::y\n"), "a\n\\u003a:error::x\n\t \\u003a:warning::y\n");
        assert_eq!(
            line("a ##[error]b ###[x] ##VSO[task] #[y]"),
            r"a \u0023#[error]b #\u0023#[x] \u0023#VSO[task] #[y]"
        );
        assert_eq!(lines("\x1b\n\t::error::x"), "\\u001b\n\t\\u003a:error::x");
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({"\u{202e}a": "b\u{9b}\x1b\\\u{2028}", "c": ["::x", "##[error]", "\x7f"]});
        for text in [value.to_string(), format!("{value:#}")] {
            let shown = lines(&text);
            assert!(HiddenCharacter::first_in_lines(&shown).is_none() && !shown.contains("##["), "{shown}");
            assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), value);
        }
    }

    #[test]
    fn records_are_refused_by_entry() {
        assert_eq!(check_record(br#"{"a": {"b": ["x", 1, "\"quoted\" \\ \u00e9"]}}"#), Ok(()));
        assert_eq!(check_record("{\"a\": \"שלום\"}\n".as_bytes()), Ok(()));
        for (record, says) in [
            (r#"{"a":{"b":["x","\u001b[2J"]}}"#, "`a.b.1` holds the control character U+001B"),
            ("{\"a\":\"\u{202e}\"}", "`a` holds the mark of writing direction U+202E"),
            (r#"{"a":{"\u0007":1}}"#, r#"the key "\u0007" of `a` holds the control character U+0007"#),
            (r#""\n""#, "the record holds the control character U+000A"),
        ] {
            let error = check_record(record.as_bytes()).expect_err("hidden");
            assert!(error.starts_with(says), "{error}");
        }
        assert_eq!(check_record(b"{\"a\\"), Ok(()), "what is no JSON is for others to refuse");
    }

    #[test]
    fn a_text_of_lines_is_refused_by_line() {
        assert_eq!(HiddenCharacter::first_in_lines("a\r\n\tb\n"), None);
        let (hidden, line, at) = HiddenCharacter::first_in_lines("a\nb\rc").expect("a return within a line");
        assert_eq!((hidden.to_string().as_str(), line, at), ("the control character U+000D", 2, 3));
    }
}
