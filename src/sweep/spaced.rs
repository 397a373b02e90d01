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
    let on_grid = |number: f64| tidy(if low < 0.0 && high > 0.0 { near_zero(number, low, high) } else { number });
    let too_many = || Err(format!("has more than {MOST} points"));
    if low >= high || (log && low <= 0.0) {
        let positive = if log { " and above 0" } else { "" };
        return Err(format!("needs its low end below its high end{positive}"));
    }
    if find("n").is_some() && find("points").is_some() {
        return Err("says `n` and `points`, which mean the same".to_owned());
    }
    match (number("step"), number("n").or_else(|| number("points"))) {
        (Some(Some(step)), None) if step > 0.0 && (high - low) / step >= MOST as f64 => too_many(),
        (None, Some(Some(n))) if n > MOST as f64 => too_many(),
        (Some(Some(step)), None) if step > 0.0 => {
            let count = ((high - low) / step * (1.0 + 1e-12)).floor() as u64;
            Ok((0..=count).map(|i| on_grid(low + step * i as f64)).collect())
        }
        (None, Some(Some(n))) if n.fract() == 0.0 && n >= 2.0 => {
            let last = n as u64 - 1;
            let at = |i: u64| match (i, i as f64 / last as f64) {
                (0, _) => low,
                (i, _) if i == last => high,
                (_, share) if log => tidy((low.ln() + (high.ln() - low.ln()) * share).exp()),
                (_, share) => on_grid(low + (high - low) * share),
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

/// A point of a range of two signs, without the digits that are lost where its ends cancel out: -0.7 + 7 · 0.1 is 0 to a
/// person.
fn near_zero(number: f64, low: f64, high: f64) -> f64 {
    let digits = 15 - low.abs().max(high).log10().ceil() as i32;
    let rounded: f64 = format!("{number:.*}", digits.max(0) as usize).parse().unwrap_or(number);
    rounded + 0.0
}

/// Twelve significant digits: 0.1 + 0.2 is 0.3 to a person, and ids are made of what a person means.
pub(super) fn tidy(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}
