//! `drr-lab runs list --watch`: the list again whenever it changes, from a second terminal.

use std::io::{IsTerminal as _, stdout};
use std::time::Duration;

use super::list;
use crate::cli::{Context, OutputFormat};
use crate::error::{Exit, Result};
use crate::neutral::{lines, printing};
use crate::store::{LockHolder, RunsLock};

/// How often the folders are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Shows the list until the reader goes.
pub(super) fn run(context: &Context, sweep: Option<&str>) -> Result<Exit> {
    let in_place = context.output == OutputFormat::Human && stdout().is_terminal();
    let mut last = String::new();
    loop {
        let mut text = list::text(context, sweep)?;
        if context.output == OutputFormat::Human {
            text.push_str(&match RunsLock::holder(&context.runs) {
                LockHolder::Held(by) => format!("\nrunning: {by}\n"),
                _ => "\nnothing is running\n".to_owned(),
            });
        }
        text = lines(&text).into_owned();
        if text != last {
            // In place: home, the new text with each line's rest cleared, and all below it.
            let shown =
                if in_place { format!("\x1b[H{}\x1b[J", text.replace('\n', "\x1b[K\n")) } else { format!("{text}\n") };
            let shown = if in_place && last.is_empty() { format!("\x1b[2J{shown}") } else { shown };
            printing::out_now(shown.as_bytes());
            if printing::is_closed() {
                return Ok(Exit::Done);
            }
            last = text;
        }
        std::thread::sleep(LOOK);
    }
}
