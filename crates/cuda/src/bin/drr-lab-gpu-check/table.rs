//! What was found: a table for people, JSON for programs.

use std::fmt;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// Whether something held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CheckMark {
    Held,
    Fell,
    Measured,
}

/// All of it, in order.
pub struct Findings {
    rows: Vec<(CheckMark, String, String)>,
    figures: Map<String, Value>,
    last: Instant,
}

impl Default for Findings {
    fn default() -> Self {
        Self { rows: Vec::new(), figures: Map::new(), last: Instant::now() }
    }
}

impl Findings {
    pub fn held(&mut self, what: &str, how: &str) {
        self.add(CheckMark::Held, what, how);
    }

    pub fn fell(&mut self, what: &str, why: &str) {
        self.add(CheckMark::Fell, what, why);
    }

    pub fn hold(&mut self, what: &str, holds: bool, how: &str) {
        self.add(if holds { CheckMark::Held } else { CheckMark::Fell }, what, how);
    }

    pub fn measured(&mut self, what: &str, value: f64) {
        self.figures.insert(what.to_owned(), json!(value));
        let text = if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        self.add(CheckMark::Measured, what, &text);
    }

    /// Keeps something for the JSON alone.
    pub fn says(&mut self, name: &str, value: Value) {
        self.figures.insert(name.to_owned(), value);
    }

    pub fn all_hold(&self) -> bool {
        self.rows.iter().all(|(finding, ..)| *finding != CheckMark::Fell)
    }

    fn add(&mut self, finding: CheckMark, what: &str, how: &str) {
        let took = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        eprintln!("{took:6.1} s  {what}: {how}");
        self.rows.push((finding, what.to_owned(), how.to_owned()));
    }

    pub fn json(&self, is_pretended: bool) -> Value {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let rows: Vec<Value> = self
            .rows
            .iter()
            .filter(|(finding, ..)| *finding != CheckMark::Measured)
            .map(|(finding, what, how)| json!({"what": what, "holds": *finding == CheckMark::Held, "how": how}))
            .collect();
        json!({"pretended": is_pretended, "at_unix": at, "all_hold": self.all_hold(), "checks": rows, "figures": self.figures})
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(_, what, _)| what.chars().count()).max().unwrap_or(0);
        writeln!(f)?;
        for (finding, what, how) in &self.rows {
            let mark = match finding {
                CheckMark::Held => "holds",
                CheckMark::Fell => "FELL ",
                CheckMark::Measured => "     ",
            };
            writeln!(f, "{mark}  {what:width$}  {how}")?;
        }
        writeln!(f, "\n{}", if self.all_hold() { "all hold" } else { "something fell" })
    }
}
