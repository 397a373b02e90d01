//! What is shown of a text that a person wrote, or somebody else did: short, however long its lines are, and without
//! characters that a terminal obeys.

use std::ops::Range;
use std::sync::Arc;

use drr_core::neutral::is_hidden;

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
    /// Where its lines end.
    ends: Arc<[usize]>,
}

impl Excerpts {
    pub fn new(name: &str, text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { name: plain(name).into(), text: tamed(text).into(), ends }
    }

    /// The line of a place, from 1.
    pub fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|&end| end < at)
    }

    /// The name, to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lines of a span with one before and one after, as far as they are short.
    pub fn around(&self, span: &Range<usize>) -> Shown {
        let start = boundary(&self.text, span.start);
        let marked = start..boundary(&self.text, span.end.min(start + MARKED)).max(start);
        let line_start = |at: usize| self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line_end = |at: usize| self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        // The line before, and the one after.
        let (mut from, mut to) = (line_start(marked.start), line_end(marked.end));
        from = line_start(from.saturating_sub(1));
        to = line_end((to + 1).min(self.text.len()));
        if to - from > MOST {
            from = boundary(&self.text, marked.start.saturating_sub(MOST / 4)).max(from);
            to = boundary(&self.text, marked.end + MOST / 4).min(to);
        }
        Shown {
            excerpt: self.text[from..to].to_owned(),
            first_line: self.line(from),
            place: marked.start - from..marked.end - from,
        }
    }
}

/// A part of a text, and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub excerpt: String,
    /// From 1.
    pub first_line: usize,
    /// In bytes of the excerpt.
    pub place: Range<usize>,
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
        for (start, len, line) in [(10, long.len() + 2, 1), (long.len(), 4, 2), (text.len() - 6, 1, 2)] {
            let seen = excerpts.around(&(start..start + len));
            assert!(seen.excerpt.len() < 1000, "{}", seen.excerpt.len());
            assert_eq!(seen.first_line, line, "{start}");
            assert!(!seen.place.is_empty() && seen.place.end <= seen.excerpt.len());
        }
        let excerpts = Excerpts::new("x", "a\nb\n\nc = 1\r\nd\n");
        let seen = |span: Range<usize>| {
            let Shown { excerpt, first_line, place } = excerpts.around(&span);
            (excerpt, first_line, place)
        };
        assert_eq!(seen(0..1), ("a\nb".to_owned(), 1, 0..1));
        assert_eq!(seen(5..6), ("\nc = 1\r\nd".to_owned(), 3, 1..2));
        assert_eq!(seen(12..13), ("c = 1\r\nd\n".to_owned(), 4, 7..8));
        assert_eq!(Excerpts::new("x", "").around(&(0..0)).place, 0..0);
    }
}
