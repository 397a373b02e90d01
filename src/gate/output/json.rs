//! For programs: one object, with everything that the text says.

use serde_json::{Value, json};

use super::super::verdict::{Checked, Finding, GateNumbers};

/// The version of the form.
const FORMAT: u32 = 1;

/// The check as JSON.
pub fn json(checked: &Checked) -> Value {
    json!({
        "format": FORMAT,
        "gates": checked.file,
        "sweep": checked.sweep,
        "notes": checked.notes,
        "findings": checked.findings.iter().map(finding).collect::<Vec<Value>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "gate": finding.gate,
        "line": finding.line,
        "group": finding.group,
        "metric": finding.metric,
        "rule": finding.rule,
        "verdict": finding.verdict.name(),
        "reason": finding.reason,
        "notes": finding.notes,
        "numbers": finding.numbers.as_ref().map(numbers),
    })
}

fn numbers(it: &GateNumbers) -> Value {
    let spread = |(mean, std, n): (f64, Option<f64>, usize)| json!({ "mean": mean, "std": std, "n": n });
    json!({
        "current": spread(it.current),
        "baseline": it.baseline.map(spread),
        "difference": it.difference,
        "interval": [it.interval.0, it.interval.1],
        "confidence": it.confidence,
        "margin": it.margin,
        "paired": it.paired,
        "n": it.n,
        "p": it.p,
        "p_holm": it.p_holm,
        "permutation": it.permutation.map(|(p, least)| json!({ "p": p, "least": least })),
        "detectable": it.detectable,
        "deciding_n": it.deciding_n,
    })
}
