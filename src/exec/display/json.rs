//! One JSON object per event on stdout.

use super::super::notice::{Notice, Observer};
use super::aside::aside;
use crate::neutral::{lines, printing};

/// Prints every event as a line of JSON.
pub fn json_lines() -> impl Observer {
    struct JsonLines;
    impl Observer for JsonLines {
        fn on(&mut self, notice: &Notice) {
            let line = serde_json::to_string(notice).expect("events are JSON");
            printing::out_now(format!("{}\n", lines(&line)).as_bytes());
        }
    }
    aside(JsonLines)
}
