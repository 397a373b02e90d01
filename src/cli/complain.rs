//! How errors reach a person: what, where in the file, what to do. No panic is ever shown raw.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{IsTerminal, Write as _, stderr};
use std::panic;

use miette::{GraphicalReportHandler, GraphicalTheme};
use tracing_subscriber::EnvFilter;

use super::Colour;
use crate::error::{Error, Exit};
use crate::neutral::{line, lines};

/// Located problems that are shown; a file of another kind has one on every line.
const MOST: usize = 20;

/// Whether what is written to `place` has colours.
pub(super) fn is_colourful(colour: Colour, place: &impl IsTerminal) -> bool {
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => place.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

/// Prints an error with its located problems to stderr.
pub(super) fn print(error: &Error, colour: Colour) {
    // There is no one left to tell where stderr is gone.
    let _ = stderr().lock().write_all(told(error, is_colourful(colour, &stderr())).as_bytes());
}

/// An error with its located problems, as text in which nothing but our own colours is more than text.
fn told(error: &Error, colourful: bool) -> String {
    let theme = if colourful { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    for report in error.reports.iter().take(MOST) {
        let plain = rendered(report, GraphicalTheme::unicode_nocolor());
        let rendered = match lines(&plain) {
            Cow::Borrowed(_) => rendered(report, theme.clone()),
            // In colours, theirs could not be told from ours.
            Cow::Owned(safe) => safe,
        };
        text.push_str(rendered.trim_start_matches('\n').trim_end());
        text.push_str("\n\n");
    }
    if error.reports.len() > MOST {
        text.push_str(&format!("and {} more problems\n\n", error.reports.len() - MOST));
    }
    let (bold_red, bold, plain) = if colourful { ("\x1b[1;31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    text.push_str(&format!("{bold_red}error:{plain} {}\n", lines(&error.message)));
    if let Some(hint) = &error.hint {
        text.push_str(&format!("{bold}hint:{plain} {}\n", lines(hint)));
    }
    text
}

fn rendered(report: &miette::Report, theme: GraphicalTheme) -> String {
    let handler = GraphicalReportHandler::new_themed(theme).with_width(110).with_links(false).without_cause_chain();
    let mut text = String::new();
    if handler.render_report(&mut text, report.as_ref()).is_err() {
        text = report.to_string();
    }
    text
}

/// Says to stderr what `clap` has to say of the arguments.
pub(super) fn usage(error: &clap::Error) {
    let is_plain = |argument: OsString| matches!(line(&argument.to_string_lossy()), Cow::Borrowed(_));
    if std::env::args_os().all(is_plain) {
        // There is no one left to tell where stderr is gone.
        let _ = error.print();
    } else {
        // Without colours: an argument's could not be told from ours.
        eprintln!("{}", error.to_string().trim_end());
    }
}

/// A panic is a bug of ours: say so in one line and how to report it, and end with the exit code for bugs.
pub(super) fn install_panic_hook() {
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        let _ = writeln!(
            stderr().lock(),
            "error: this is a bug in drr-lab {}: {}{place}\nhint: please report it with the command you ran: {}/issues",
            env!("CARGO_PKG_VERSION"),
            lines(message),
            env!("CARGO_PKG_REPOSITORY"),
        );
        std::process::exit(Exit::Environment as i32);
    }));
}

/// Sends log lines to stderr: warnings always, more with -v; RUST_LOG has the last word.
pub(super) fn install_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "drr_lab=info",
        _ => "drr_lab=debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_target(false).init();
}
