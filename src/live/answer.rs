//! What goes back to a browser: a status, a kind of content, bytes.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;

use crate::error::{Error, Result};

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    Html,
    Css,
    Script,
    Svg,
    Text,
}

impl ContentType {
    /// As HTTP names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Css => "text/css; charset=utf-8",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Svg => "image/svg+xml",
            Self::Text => "text/plain; charset=utf-8",
        }
    }
}

/// What goes back.
#[derive(Clone, Debug)]
pub(super) struct PageAnswer {
    pub(super) status: u16,
    pub(super) content: ContentType,
    pub(super) body: Arc<[u8]>,
    /// It is of a while ago, and worth asking for again after this long.
    pub(super) again: Option<Duration>,
}

impl PageAnswer {
    fn new(status: u16, content: ContentType, body: &[u8]) -> Self {
        Self { status, content, body: Arc::from(body), again: None }
    }

    /// A file that the program carries.
    pub(super) fn file(content: ContentType, body: &str) -> Self {
        Self::new(200, content, body.as_bytes())
    }

    /// HTML whose text is escaped.
    pub(super) fn html(text: &str) -> Self {
        Self::new(200, ContentType::Html, text.as_bytes())
    }

    /// A template, filled in.
    ///
    /// # Errors
    /// The template refuses, which is a bug.
    pub(super) fn of(template: &impl Template) -> Result<Self> {
        let text = template.render();
        text.map(|text| Self::html(&text))
            .map_err(|error| Error::environment(format!("cannot write the page: {error}")))
    }

    /// Words instead of what was asked for.
    pub(super) fn refusal(status: u16, why: &str) -> Self {
        Self::new(status, ContentType::Text, format!("{why}\n").as_bytes())
    }
}

/// A sweep that is not recorded.
pub(super) fn unknown(name: &str) -> Error {
    Error::input(format!("no sweep called `{}` is recorded", crate::neutral::line(name))).hint("/ lists the sweeps")
}
