//! What gates and their numbers are called in sentences.

use super::file::{Direction, GateTest, Margin, Rule};
use super::resolve::Case;
use super::verdict::{GateNumbers, Verdict};

/// A number with as many digits as anybody reads.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e6).contains(&value.abs()) {
        return format!("{value:.2e}");
    }
    let decimals = (3 - value.abs().log10().floor() as i32).clamp(0, 6);
    format!("{value:.*}", decimals as usize)
}

/// `99 %`, `99.5 %`.
fn percent(share: f64) -> String {
    format!("{} %", (share * 1e5).round() / 1e3)
}

/// `0.712 ± 0.010 (n 5)`.
pub(super) fn spread((mean, std, n): (f64, Option<f64>, usize)) -> String {
    let std = std.map_or_else(String::new, |std| format!(" ± {}", number(std)));
    format!("{}{std} (n {n})", number(mean))
}

/// The groups of a case.
pub(super) fn groups(case: &Case<'_>) -> String {
    match case.groups.as_slice() {
        [one] => one.current.key.words(),
        several => format!("{} groups", several.len()),
    }
}

/// The metric of a rule.
pub(super) fn metric(rule: &Rule) -> String {
    match rule {
        Rule::Digest => "digests".to_owned(),
        Rule::Determinism { .. } => "determinism".to_owned(),
        Rule::Metric { metric: (metric, _), .. } => metric.clone(),
    }
}

/// A rule.
pub(super) fn rule(rule: &Rule) -> String {
    let test = match rule {
        Rule::Metric { test, .. } => test,
        Rule::Digest => return "equal to the bit".to_owned(),
        Rule::Determinism { tolerance: None } => return "two runs equal to the bit".to_owned(),
        Rule::Determinism { tolerance: Some(most) } => return format!("two runs at most {most} apart"),
    };
    match test {
        GateTest::AtLeast(bound) => format!("at least {bound}"),
        GateTest::AtMost(bound) => format!("at most {bound}"),
        GateTest::Same { tolerance } => format!("each seed's within {tolerance}"),
        GateTest::NotWorse { direction, margin } => {
            let margin = match margin {
                Margin::Absolute(margin) => margin.to_string(),
                Margin::Share(share) => percent(*share),
            };
            match direction {
                Direction::Higher => format!("not lower by {margin}"),
                Direction::Lower => format!("not higher by {margin}"),
                Direction::Either => format!("not off by {margin}"),
            }
        }
    }
}

/// The numbers in a sentence.
pub(super) fn reason(verdict: Verdict, numbers: &GateNumbers) -> String {
    let GateNumbers { current, baseline, difference, interval: (low, high), confidence, .. } = numbers;
    let sign = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, number(value));
    let sure = percent(*confidence);
    let against = baseline.map_or_else(String::new, |baseline| format!(" against {}", spread(baseline)));
    let mut text =
        format!("{}{against}: {} [{}, {}; {sure}]", spread(*current), sign(*difference), sign(*low), sign(*high));
    match verdict {
        Verdict::Regressed => text += &format!(", p {} (Holm {})", number(numbers.p), number(numbers.p_holm)),
        Verdict::Improved => text += "; measure the baseline anew with `drr-lab baseline update`",
        Verdict::Inconclusive => text += &undecided(numbers),
        Verdict::Pass | Verdict::NotCompared => {}
    }
    text
}

fn undecided(numbers: &GateNumbers) -> String {
    let n = numbers.n;
    let seen = numbers.detectable.map_or_else(String::new, |least| {
        format!("; n = {n} sees {} beyond the margin of {}", number(least), number(numbers.margin))
    });
    match numbers.deciding_n {
        Some(needed) => format!("{seen}; about n = {needed} would decide"),
        None => format!("{seen}; no n would decide: it lies on the edge of the margin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_lose_their_zeros() {
        assert_eq!([0.98, 0.995, 0.08].map(percent), ["98 %", "99.5 %", "8 %"]);
    }

    #[test]
    fn numbers_keep_four_digits() {
        let shown = [0.0, 0.71234, -0.00123456, 12.3456, 123456.7, 1.5e-9].map(number);
        assert_eq!(shown, ["0", "0.7123", "-0.001235", "12.35", "123457", "1.50e-9"]);
    }
}
