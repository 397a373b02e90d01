//! One JSON object per event on stdout.

use std::io::{Write as _, stdout};

use super::super::notice::{Notice, Observer};
use super::aside::aside;
use crate::neutral;

/// Prints every event as a line of JSON.
pub fn json_lines() -> impl Observer {
    struct JsonLines;
    impl Observer for JsonLines {
        fn on(&mut self, notice: &Notice) {
            let line = serde_json::to_string(notice).expect("events are JSON");
            // A reader that left must not stop the sweep.
            let _ = stdout().lock().write_all(format!("{}\n", neutral::lines(&line)).as_bytes());
        }
    }
    aside(JsonLines)
}
