//! How a running sweep is shown: bars on a terminal, a line per event elsewhere, JSON for programs, or not at all.

mod aside;
mod bars;
mod json;
mod lines;
mod state;

use std::time::Duration;

use drr_kinds::{Kind, registry};

pub use aside::output_is_stuck;
pub use bars::bars;
pub use json::json_lines;
pub use lines::{lines, without_effect};

use super::notice::{Label, Notice, Observer};
use crate::neutral;

/// Shows nothing.
pub fn silent() -> impl Observer {
    struct SilentDisplay;
    impl Observer for SilentDisplay {
        fn on(&mut self, _event: &Notice) {}
    }
    SilentDisplay
}

/// Seconds as people say them.
fn duration(seconds: f64) -> String {
    let seconds = Duration::from_secs_f64(seconds.clamp(0.0, 1e9));
    match seconds.as_secs() {
        0..10 => format!("{:.1} s", seconds.as_secs_f64()),
        whole @ 10..120 => format!("{whole} s"),
        whole @ 120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        whole => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A trial on one line.
fn title(label: &Label) -> String {
    let text = format!("{:<4} {} seed {} {}", label.stage.name(), label.short, label.seed, neutral::line(&label.what));
    text.trim_end().to_owned()
}

/// The few metrics that fit on a line.
fn headline<'a>(metrics: impl IntoIterator<Item = (&'a String, &'a f64)>) -> String {
    let headlines: Vec<&str> =
        registry::all().filter_map(Kind::study).flat_map(|study| study.headline).copied().collect();
    let plain: Vec<(&String, &f64)> = metrics.into_iter().filter(|(name, _)| !name.contains('/')).collect();
    let wanted = |name: &str| !name.contains(' ') && headlines.iter().any(|start| name.starts_with(start));
    // Of a command nobody here knows what matters.
    let is_known = plain.iter().any(|(name, _)| wanted(name));
    let shown: Vec<String> = plain
        .into_iter()
        .filter(|(name, _)| !is_known || wanted(name))
        .take(if is_known { 4 } else { 3 })
        .map(|(name, value)| format!("{} {value:.3}", neutral::line(name)))
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(
            [0.04, 9.96, 75.0, 131.0, 7384.0].map(duration),
            ["0.0 s", "10.0 s", "75 s", "2 min 11 s", "2 h 03 min"]
        );
    }
}
