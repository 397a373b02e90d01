//! What is shown of a text that a person wrote, or somebody else did: short, however long its lines are, and without
//! characters that a terminal obeys.

use std::ops::Range;
use std::sync::Arc;

use drr_core::neutral::is_hidden;
use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// Most bytes of a message, and of the lines around a problem.
const MOST: usize = 600;

/// Most bytes that are underlined.
const MARKED: usize = 200;

/// A text to show parts of.
#[derive(Clone, Debug)]
pub(super) struct Excerpts {
    name: Arc<str>,
    /// As long as the text itself, byte for byte.
    text: Arc<str>,
}

impl Excerpts {
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: plain(name).into(), text: tamed(text).into() }
    }

    /// As much of a span as is underlined.
    pub fn marked(&self, span: &Range<usize>) -> Range<usize> {
        if span.len() <= MARKED { span.clone() } else { span.start..boundary(&self.text, span.start + MARKED) }
    }
}

impl SourceCode for Excerpts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = self.text.read_span(span, lines_before, lines_after)?;
        let (start, end) = (whole.span().offset(), whole.span().offset() + whole.span().len());
        let (from, to) = match end - start {
            0..=MOST => (start, end),
            _ => {
                let from = boundary(&self.text, span.offset().saturating_sub(MOST / 4)).max(start);
                (from, boundary(&self.text, span.offset() + span.len().min(MARKED) + MOST / 4).min(end))
            }
        };
        let skipped = self.text[start..from].matches('\n').count();
        let column = if from == start { whole.column() } else { 0 };
        let part = &self.text.as_bytes()[from..to];
        let (line, lines) = (whole.line() + skipped, whole.line_count());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            part,
            (from, to - from).into(),
            line,
            column,
            lines,
        )))
    }
}

/// The nearest place at or before `at` that splits no character.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// The text with a sign in the place of each character that acts, line ends and tabs left as they are.
fn tamed(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        shown.push(match c {
            '\n' | '\t' => c,
            '\r' if rest.peek() == Some(&'\n') => c,
            // A sign of as many bytes, so that places stay where they are.
            c if is_hidden(c) => ['?', '¿', '\u{fffd}'][c.len_utf8() - 1],
            c => c,
        });
    }
    shown
}

/// One line for people: what acts is escaped, and of a long text the middle is left out.
pub(super) fn plain(text: &str) -> String {
    shortened(&escaped(text, &[]))
}

/// As [`plain`], with its line ends.
pub(super) fn lines(text: &str) -> String {
    shortened(&escaped(text, &['\n']))
}

fn escaped(text: &str, kept: &[char]) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !kept.contains(&c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line
}

fn shortened(text: &str) -> String {
    if text.len() <= MOST {
        return text.to_owned();
    }
    let (head, tail) = (boundary(text, MOST / 2), boundary(text, text.len() - MOST / 4));
    format!("{} … {}", &text[..head], &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_seen_and_moves_nothing() {
        let text = "a = \"\u{1b}[2J\u{9b}\u{202e}ü\"\r\nb\rc\0\n\td";
        let shown = tamed(text);
        assert_eq!(shown, "a = \"?[2J¿\u{fffd}ü\"\r\nb?c?\n\td");
        assert_eq!(shown.len(), text.len());
        assert_eq!(plain("a\u{1b}\n\u{202e}ü"), "a\\u{1b}\\n\\u{202e}ü");
        assert_eq!(lines("a\u{7}\nb"), "a\\u{7}\nb");
    }

    #[test]
    fn a_long_text_is_shown_by_its_ends_and_a_long_line_around_the_place() {
        let long = "ü".repeat(1 << 20);
        let short = plain(&format!("\"{long}\" cannot name a sweep"));
        assert!(
            short.len() < 1000 && short.starts_with("\"üü") && short.ends_with("\" cannot name a sweep"),
            "{short}"
        );
        let text = format!("a = 1\nb = \"{long}\"\nc = 2\n");
        let excerpts = Excerpts::new("x", &text);
        for (start, len, line) in [(10, long.len() + 2, 0), (long.len(), 4, 1), (text.len() - 6, 1, 1)] {
            let span: SourceSpan = (start, excerpts.marked(&(start..start + len)).len()).into();
            let seen = excerpts.read_span(&span, 1, 1).expect("in the text");
            assert!(seen.data().len() < 1000, "{}", seen.data().len());
            assert_eq!(seen.line(), line, "{start}");
            assert!(seen.span().offset() <= start && start + span.len() <= seen.span().offset() + seen.span().len());
        }
    }
}
