//! The recommenders against each baseline, seed by seed: how large the difference is, how sure, and whether it may as well
//! be none.

use std::collections::BTreeSet;

use super::audiences::{are_alike, caution};
use super::figure::{Figure, Forest, ForestSection, GroupLooks, Plot, PlottedDifference, subtitle};
use super::group::{Study, is_subject};
use super::marks::{LEVEL, differences, sign, t_test};
use super::notes::covered;
use super::reference::Reference;
use super::table::{Row, Table};
use super::written::number;
use drr_stats::{Paired, holm};

/// Recommenders that are shown against each baseline.
const MOST: usize = 4;

/// Baselines that they are shown against, beside the reference.
const STRONGEST: usize = 4;

/// Of each baseline its best row, and of these the reference and the strongest, in the table's order; and how many rows are left
/// out.
fn strongest<'t>(table: &Table, rows: &[&'t Row], mean: impl Fn(&Row) -> Option<f64>) -> (Vec<&'t Row>, usize) {
    let by_mean = |a: &&Row, b: &&Row| mean(b).partial_cmp(&mean(a)).unwrap_or(std::cmp::Ordering::Equal);
    let mut best: Vec<&Row> = rows.to_vec();
    best.sort_by(by_mean);
    let mut seen = BTreeSet::new();
    best.retain(|row| seen.insert(row.policy));
    let reference = Reference::untrained();
    let (mut taken, others): (Vec<&Row>, Vec<&Row>) = best.into_iter().partition(|row| reference.names(table, row));
    taken.extend(others.into_iter().take(STRONGEST));
    let left = rows.len() - taken.len();
    (rows.iter().copied().filter(|row| taken.iter().any(|it| std::ptr::eq(*it, *row))).collect(), left)
}

/// The comparison for the first metric of `table`; `None` without baselines, recommenders, or pairs enough for an interval.
pub(super) fn forest(study: &Study<'_>, table: &Table, looks: &GroupLooks) -> Option<Figure> {
    let metric = table.metrics.first().filter(|metric| metric.is_ranked())?;
    let cell = |row: &Row| row.cells.first()?.as_ref().map(|cell| sign(metric) * cell.score.summary.mean);
    let known = |row: &&Row| row.competes() && cell(row).is_some_and(f64::is_finite);
    let baselines: Vec<&Row> = table.rows.iter().filter(|row| !is_subject(row.policy)).filter(known).collect();
    let (shown, left) = strongest(table, &baselines, cell);
    let mut ours: Vec<&Row> = table.rows.iter().filter(|row| is_subject(row.policy)).filter(known).collect();
    let pairs: Vec<(&Row, &Row, Paired)> = baselines
        .iter()
        .flat_map(|base| ours.iter().map(move |row| (*base, *row)))
        .filter(|(base, row)| are_alike(base, row, std::iter::once(0)))
        .filter_map(|(base, row)| Some((base, row, differences(row, base, 0)?)))
        .collect();
    let p: Vec<f64> = pairs.iter().map(|(.., paired)| t_test(paired, table.least).unwrap_or(f64::NAN)).collect();
    if p.iter().all(|p| p.is_nan()) {
        return None;
    }
    // Corrected for all, also for those that are not shown.
    let adjusted = holm(&p);
    let all = ours.len();
    ours.sort_by(|a, b| cell(b).partial_cmp(&cell(a)).unwrap_or(std::cmp::Ordering::Equal));
    ours.truncate(MOST);
    let name = |row: &Row| {
        let point = table.short_axes().into_iter().zip(&row.point);
        let point: Vec<String> =
            point.filter_map(|(axis, value)| Some(format!("{axis} {}", value.as_ref()?))).collect();
        match (is_subject(row.policy), point.is_empty()) {
            (true, false) => point.join(", "),
            (_, true) => row.policy.to_owned(),
            (false, false) => format!("{} ({})", row.policy, point.join(", ")),
        }
    };
    let decimals = metric.decimals;
    let line = |at: usize, row: &Row, paired: &Paired| {
        let mean = paired.summary()?.mean;
        let interval = paired.interval(0.95).filter(|_| paired.n() >= table.least);
        let sign = if mean > 0.0 { "+" } else { "" };
        let text = match interval {
            Some((low, high)) => format!(
                "{sign}{} [{}, {}], n = {}, p {}",
                number(mean, decimals),
                number(low, decimals),
                number(high, decimals),
                paired.n(),
                if adjusted[at] < 0.0001 { "< 0.0001".to_owned() } else { format!("= {}", number(adjusted[at], 4)) }
            ),
            None => format!("{sign}{}, n = {}, no interval", number(mean, decimals), paired.n()),
        };
        let found = adjusted[at] <= LEVEL;
        let place = table.rows.iter().position(|known| std::ptr::eq(known, row))?;
        let group = study.groups.get(place)?;
        let style = looks.look(group.policy, &group.point);
        Some(PlottedDifference { name: name(row), style, mean, interval, found, text })
    };
    let section = |base: &&Row| {
        let own = ours.iter().filter_map(|row| {
            let same = |pair: &(&Row, &Row, Paired)| std::ptr::eq(pair.0, *base) && std::ptr::eq(pair.1, *row);
            let at = pairs.iter().position(same)?;
            line(at, row, &pairs[at].2)
        });
        ForestSection { name: format!("minus {}", name(base)), lines: own.collect() }
    };
    let sections: Vec<ForestSection> = shown.iter().map(section).filter(|section| !section.lines.is_empty()).collect();
    let mut note = format!(
        "Differences of {} with the same seed. Bars: 95 % interval by Student's t. Filled: p at most {LEVEL} after Holm's \
         correction over all {} comparisons; hollow: it may as well be none.",
        metric.on_users(),
        p.iter().filter(|p| !p.is_nan()).count(),
    );
    if all > ours.len() {
        note += &format!(" The best {} of {all} configurations by these same scores, which favours them.", ours.len());
    } else if all > 1 {
        note += " Settings were chosen on no other data: the best of several is favoured.";
    }
    if left > 0 {
        note += &format!(
            " Of each baseline its best row, of these the strongest; {left} more rows, corrected for as well, are in the table."
        );
    }
    note += &format!(" {}", covered(table.seeding));
    note += caution(table);
    (!sections.is_empty()).then(|| Figure {
        slug: format!("{}-differences", table.slug()),
        title: format!("DRR against the baselines, {}", metric.name()),
        subtitle: subtitle(study),
        note,
        plot: Plot::Forest(Forest { label: format!("difference in {}", metric.name()), sections }),
    })
}
