//! Evenly spaced points: `{ range = [low, high], step | n }` and `{ log = [low, high], n }`.

use serde_json::Value;

use super::tree::Entry;

/// Most points of one spaced axis; more is a slip of the pen.
const MOST: u64 = 100_000;

/// The points an axis asks for, or what is wrong with it.
pub(super) fn points(entries: &[Entry]) -> Result<Vec<f64>, String> {
    let find = |name: &str| entries.iter().find(|entry| entry.key == name);
    let number = |name: &str| find(name).map(|entry| entry.node.to_json().and_then(|value| value.as_f64()));
    let (name, log) = if find("log").is_some() { ("log", true) } else { ("range", false) };
    let Some([low, high]) = find(name).and_then(ends) else {
        return Err(format!("needs two numbers: `{name} = [low, high]`"));
    };
    if low >= high || (log && low <= 0.0) {
        let positive = if log { " and above 0" } else { "" };
        return Err(format!("needs its low end below its high end{positive}"));
    }
    match (number("step"), number("n")) {
        (Some(Some(step)), None) if step > 0.0 && (high - low) / step < MOST as f64 => {
            let count = ((high - low) / step * (1.0 + 1e-12)).floor() as u64;
            Ok((0..=count).map(|i| tidy(low + step * i as f64)).collect())
        }
        (None, Some(Some(n))) if n.fract() == 0.0 && (2.0..=MOST as f64).contains(&n) => {
            let last = n as u64 - 1;
            let at = |i: u64| match (i, i as f64 / last as f64) {
                (0, _) => low,
                (i, _) if i == last => high,
                (_, share) if log => tidy((low.ln() + (high.ln() - low.ln()) * share).exp()),
                (_, share) => tidy(low + (high - low) * share),
            };
            Ok((0..=last).map(at).collect())
        }
        _ if log => Err("needs `n`, a number of points from 2".to_owned()),
        _ => Err("needs either `step`, above 0, or `n`, a number of points from 2".to_owned()),
    }
}

/// The two numbers of `[low, high]`.
pub(super) fn ends(entry: &Entry) -> Option<[f64; 2]> {
    let value = entry.node.to_json()?;
    let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// Twelve significant digits: 0.1 + 0.2 is 0.3 to a person, and ids are made of what a person means.
pub(super) fn tidy(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}
