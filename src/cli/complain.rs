//! How errors reach a person: what, where in the file, what to do. No panic is ever shown raw.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{IsTerminal, Write as _, stderr};
use std::panic;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Colour;
use crate::error::{Error, Exit, Located};
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
    let mut text = String::new();
    for problem in error.problems.iter().take(MOST) {
        let plain = rendered(problem, &Renderer::plain());
        let rendered = match lines(&plain) {
            Cow::Borrowed(_) if colourful => rendered(problem, &Renderer::styled()),
            Cow::Borrowed(_) => plain,
            // In colours, theirs could not be told from ours.
            Cow::Owned(safe) => safe,
        };
        text.push_str(rendered.trim_end());
        text.push_str("\n\n");
    }
    if error.problems.len() > MOST {
        text.push_str(&format!("and {} more problems\n\n", error.problems.len() - MOST));
    }
    let (bold_red, bold, plain) = if colourful { ("\x1b[1;31m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    text.push_str(&format!("{bold_red}error:{plain} {}\n", lines(&error.message)));
    if let Some(hint) = &error.hint {
        text.push_str(&format!("{bold}hint:{plain} {}\n", lines(hint)));
    }
    text
}

/// A problem with its lines, and what helps.
fn rendered(problem: &Located, renderer: &Renderer) -> String {
    let mark = AnnotationKind::Primary.span(problem.place.clone()).label(&problem.label);
    let snippet = Snippet::source(&problem.excerpt).line_start(problem.first_line).path(&problem.name);
    let title = Level::ERROR.no_name().primary_title(&problem.message);
    let shown = title.element(snippet.fold(false).annotation(mark));
    let help = problem.help.as_ref().map(|help| Group::with_title(Level::HELP.secondary_title(help)));
    let groups: Vec<Group<'_>> = std::iter::once(shown).chain(help).collect();
    renderer.clone().term_width(110).render(&groups)
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
        1 => "warn,drr_lab=info",
        _ => "warn,drr_lab=debug",
    };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format(|to, record| {
            let (now, level) = (drr_core::time::utc_now(), record.level());
            writeln!(to, "{now} {level:5} {}", lines(&record.args().to_string()))
        })
        .init();
}
