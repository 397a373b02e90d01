//! Problems of a text that a person wrote, a sweep file, an override or a gate file: collected, so that a person sees all
//! of them in one go, each with the line it stands on underlined.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::excerpt::{self, Excerpts, Shown};
use crate::error::{Error, Located};

/// Problems of one text that are shown; of more, how many there are.
const SHOWN: usize = 20;

/// A text a person wrote: a sweep file, or one `--set`.
#[derive(Clone)]
pub struct Source(Arc<Text>);

struct Text {
    name: String,
    text: String,
    excerpts: OnceLock<Excerpts>,
}

impl Source {
    /// A text and the name it is shown under.
    pub fn new(name: &str, text: &str) -> Self {
        Self(Arc::new(Text { name: name.to_owned(), text: text.to_owned(), excerpts: OnceLock::new() }))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The name it is shown under.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    fn excerpts(&self) -> Excerpts {
        self.0.excerpts.get_or_init(|| Excerpts::new(self.name(), self.text())).clone()
    }

    /// The line of a place, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.excerpts().line(at)
    }

    /// Its first line, for what is missing rather than wrong.
    pub fn start(&self) -> TextSpan {
        self.place(0..self.text().lines().next().map_or(0, str::len))
    }

    /// A part of the text.
    pub fn place(&self, span: Range<usize>) -> TextSpan {
        TextSpan { source: self.clone(), span }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

/// A part of a [`Source`], in bytes.
#[derive(Clone, Debug)]
pub struct TextSpan {
    source: Source,
    span: Range<usize>,
}

impl TextSpan {
    /// The name of the text it is a part of.
    pub fn source_name(&self) -> &str {
        self.source.name()
    }

    /// Which text, and where in it: what problems are sorted by. Overrides are told apart by what they say.
    fn order(&self) -> (String, usize) {
        (
            format!(
                "{}\0{}",
                self.source.name(),
                if self.source.name().starts_with("--") { self.source.text() } else { "" }
            ),
            self.span.start,
        )
    }

    /// The line it begins on, from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// The characters of this place, as written.
    pub fn text(&self) -> &str {
        self.source.text().get(self.span.clone()).unwrap_or_default()
    }
}

/// One problem in the making.
pub(crate) struct Problem {
    message: String,
    help: Option<String>,
}

impl Problem {
    /// A problem, said in one sentence without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what to do about it, if anything is known.
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// An error of this problem alone, at `place`.
    pub fn alone(self, place: &TextSpan, label: impl Into<String>) -> Error {
        let mut problems = Problems::default();
        problems.add(self, place, label);
        problems.into_error(place.source_name())
    }
}

/// The problems found so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<((String, usize), Located)>);

impl Problems {
    /// Adds a problem at `place`; `label` is what is written beside the underlined text.
    pub fn add(&mut self, problem: Problem, place: &TextSpan, label: impl Into<String>) {
        let excerpts = place.source.excerpts();
        let Shown { excerpt, first_line, place: span } = excerpts.around(&place.span);
        let located = Located {
            message: excerpt::plain(&problem.message),
            label: excerpt::plain(&label.into()),
            help: problem.help.map(|help| excerpt::lines(&help)),
            name: excerpts.name().to_owned(),
            excerpt,
            first_line,
            place: span,
        };
        self.0.push((place.order(), located));
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes over the located problems of an error.
    pub fn absorb(&mut self, error: Error, place: &TextSpan) {
        if error.problems.is_empty() {
            self.add(Problem::new(error.message).maybe_help(error.hint), place, "here");
        } else {
            self.0.extend(error.problems.into_iter().map(|located| (place.order(), located)));
        }
    }

    /// One error that holds all problems, text by text and in the order of each.
    pub fn into_error(self, name: &str) -> Error {
        self.into_error_and(name, "nothing was started")
    }

    /// As [`Problems::into_error`], with what has not been done because of them.
    pub fn into_error_and(mut self, name: &str, consequence: &str) -> Error {
        let mut sources: Vec<String> = Vec::new();
        for ((source, _), _) in &self.0 {
            if !sources.contains(source) {
                sources.push(source.clone());
            }
        }
        let rank = |source: &str| sources.iter().position(|known| known == source);
        self.0.sort_by_key(|((source, start), _)| (rank(source), *start));
        let count = match self.0.len() {
            1 => "1 problem".to_owned(),
            n if n > SHOWN => format!("{n} problems, of which the first {SHOWN} are shown"),
            n => format!("{n} problems"),
        };
        let mut error = Error::input(format!("{name}: {count}; {consequence}"));
        error.problems = self.0.into_iter().map(|(_, located)| located).take(SHOWN).collect();
        error
    }
}
