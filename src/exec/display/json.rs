//! One JSON object per event on stdout.

use super::super::notice::{Notice, Observer};
use crate::printing;

/// Prints every event as a line of JSON.
pub fn json_lines() -> impl Observer {
    struct JsonLines;
    impl Observer for JsonLines {
        fn on(&mut self, notice: &Notice) {
            let mut line = serde_json::to_vec(notice).expect("events are JSON");
            line.push(b'\n');
            printing::out_now(&line);
        }
    }
    JsonLines
}
