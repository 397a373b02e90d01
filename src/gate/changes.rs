//! What differs between two baselines, group by group and metric by metric: what a reviewer of an update looks at.

use std::collections::BTreeSet;

use super::baseline::Baseline;
use super::measured::{Measured, MeasuredGroup};
use super::words::{number, spread};
use drr_stats::Summary;

/// The differences from `old` to `new`, a line each; none where they say the same.
pub fn changes(old: &Baseline, new: &Baseline) -> Vec<String> {
    let (old, new) = (&old.measured, &new.measured);
    let mut lines = Vec::new();
    let short = |of: &Measured, kind: &String| {
        of.sources.get(kind).map_or_else(|| "none".to_owned(), |digest| digest.chars().take(12).collect::<String>())
    };
    let kinds: BTreeSet<&String> = old.sources.keys().chain(new.sources.keys()).collect();
    for kind in kinds.into_iter().filter(|kind| old.sources.get(*kind) != new.sources.get(*kind)) {
        lines.push(format!("sources of {kind}: {} → {}", short(old, kind), short(new, kind)));
    }
    if old.environments != new.environments {
        let words = |of: &Measured| of.environments.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        lines.push(format!("environment: {} → {}", words(old), words(new)));
    }
    for group in &old.groups {
        match new.groups.iter().find(|other| other.key == group.key) {
            None => lines.push(format!("− {}", group.key.words())),
            Some(other) => between(group, other, &mut lines),
        }
    }
    let known = |group: &&MeasuredGroup| !old.groups.iter().any(|other| other.key == group.key);
    lines.extend(new.groups.iter().filter(known).map(|group| format!("+ {}", group.key.words())));
    lines
}

fn between(old: &MeasuredGroup, new: &MeasuredGroup, lines: &mut Vec<String>) {
    let name = new.key.words();
    let all: BTreeSet<&String> = old.settings.keys().chain(new.settings.keys()).collect();
    for setting in all {
        let of = |group: &MeasuredGroup| group.settings.get(setting).cloned();
        // A setting of one side only stands at the top of its file and may belong to another group.
        if let (Some(before), Some(after)) = (of(old), of(new))
            && before != after
        {
            lines.push(format!("{name}: {setting} {before} → {after}"));
        }
    }
    let seeds = |group: &MeasuredGroup| group.seeds.keys().copied().collect::<Vec<u64>>();
    if seeds(old) != seeds(new) {
        lines.push(format!("{name}: seeds {:?} → {:?}", seeds(old), seeds(new)));
    }
    let both = new.seeds.iter().filter_map(|(seed, after)| Some((old.seeds.get(seed)?, after)));
    let bits = both.filter(|(before, after)| {
        (&before.metrics_digest, &before.model_digest) != (&after.metrics_digest, &after.model_digest)
    });
    let bits = bits.count();
    if bits > 0 {
        lines.push(format!("{name}: other bits in {bits} of {} seeds", new.seeds.len()));
    }
    let mut metrics = old.metrics();
    metrics.extend(new.metrics());
    metrics.sort_unstable();
    metrics.dedup();
    for metric in metrics {
        let summary = |group: &MeasuredGroup| {
            Summary::of(&group.scores(metric).iter().map(|(_, value)| *value).collect::<Vec<f64>>())
                .map(|summary| (summary.mean, summary.std, summary.n))
        };
        match (summary(old), summary(new)) {
            (Some(before), Some(after)) if old.scores(metric) != new.scores(metric) => lines.push(format!(
                "{name}: {metric} {} → {}, {}{}",
                spread(before),
                spread(after),
                if after.0 > before.0 { "+" } else { "" },
                number(after.0 - before.0)
            )),
            (Some(_), None) => lines.push(format!("{name}: {metric} is gone")),
            (None, Some(after)) => lines.push(format!("{name}: {metric} is new, {}", spread(after))),
            _ => {}
        }
    }
}
