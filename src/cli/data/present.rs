//! How the verbs of `drr-lab data` speak: results to stdout, progress to stderr, a bar only where someone watches.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::error::{Error, Result};
use crate::neutral::lines;

/// Writes a result to stdout. A reader that has gone away, such as `head`, is no error.
pub(super) fn print(text: &str) -> Result<()> {
    println!("{}", text.trim_end());
    Ok(())
}

/// Writes a result to stdout as JSON.
pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::environment(format!("cannot write the result as JSON: {error}")))?;
    print(&text)
}

/// A line of progress on stderr.
pub(super) fn tell(output: OutputFormat, line: &str) {
    if output != OutputFormat::Quiet {
        let _ = writeln!(io::stderr(), "{}", lines(line));
    }
}

/// A bar for `total` bytes; it shows itself on a terminal only.
pub(super) fn byte_bar(output: OutputFormat, total: Option<u64>) -> ProgressBar {
    let Some(total) = total else { return spinner(output, "downloading") };
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    watched(output, ProgressBar::new(total), template)
}

/// A bar for a step that cannot tell how far it is.
pub(super) fn spinner(output: OutputFormat, message: &'static str) -> ProgressBar {
    let bar = watched(output, ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}");
    bar.set_message(message);
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

fn watched(output: OutputFormat, bar: ProgressBar, template: &str) -> ProgressBar {
    if output != OutputFormat::Human || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Of a list of things, as many as a person reads.
const MOST_LISTED: usize = 20;

/// The first of many things, between commas, and how many there are beside.
pub(super) fn first_of(all: &[String]) -> String {
    let shown =
        all.iter().take(MOST_LISTED).map(|one| format!("`{}`", one.escape_debug())).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {} more", thousands(more)),
    }
}

/// A number with commas between thousands.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_the_first_twenty_are_shown() {
        let all: Vec<String> = (0..45_008).map(|number| number.to_string()).collect();
        assert_eq!(first_of(&all[..2]), "`0`, `1`");
        let shown = first_of(&all);
        assert!(shown.ends_with("`18`, `19` and 44,988 more"), "{shown}");
    }

    #[test]
    fn thousands_are_apart() {
        let texts = [0, 999, 1_000, 25_000_095].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "25,000,095"]);
    }
}
