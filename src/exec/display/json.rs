//! One JSON object per event on stdout.

use std::io::{Write as _, stdout};

use super::super::notice::{Notice, Observer};

/// Prints every event as a line of JSON.
pub fn json_lines() -> impl Observer {
    struct JsonLines;
    impl Observer for JsonLines {
        fn on(&mut self, notice: &Notice) {
            let mut line = serde_json::to_vec(notice).expect("events are JSON");
            line.push(b'\n');
            // A reader that left must not stop the sweep.
            let _ = stdout().lock().write_all(&line);
        }
    }
    JsonLines
}
