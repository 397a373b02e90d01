//! How the verbs of `drr-lab data` speak: results to stdout, progress to stderr, a bar only where someone watches.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::Output;
use crate::error::{Error, Result};

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
pub(super) fn tell(output: Output, line: &str) {
    if output != Output::Quiet {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// A bar for `total` bytes; it shows itself on a terminal only.
pub(super) fn byte_bar(output: Output, total: Option<u64>) -> ProgressBar {
    let Some(total) = total else { return spinner(output, "downloading") };
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    watched(output, ProgressBar::new(total), template)
}

/// A bar for a step that cannot tell how far it is.
pub(super) fn spinner(output: Output, message: &'static str) -> ProgressBar {
    let bar = watched(output, ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}");
    bar.set_message(message);
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(120));
    }
    bar
}

fn watched(output: Output, bar: ProgressBar, template: &str) -> ProgressBar {
    if output != Output::Human || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
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
    fn thousands_are_apart() {
        let texts = [0, 999, 1_000, 25_000_095].map(thousands);
        assert_eq!(texts, ["0", "999", "1,000", "25,000,095"]);
    }
}
