//! The profile of scores over seeds and K.

use super::build::{best, one, styles, subtitle};
use super::content::{Figure, Plot, PlottedCurves, Series, Shape, XAxis, XKind};
use super::looks::{GroupLooks, shared};
use crate::report::aggregate::{HOW, matrix};
use crate::report::audiences::caution;
use crate::report::group::{Study, is_subject};
use crate::report::notes::thin;
use crate::report::table::Table;
use drr_stats::{BOOTSTRAP_N, Draw, ScoreMatrix};

/// Points of a profile.
const THRESHOLDS: usize = 101;

/// The share of scores, over seeds and K, above each threshold; `None` for a table of one metric or without scores.
pub(in crate::report) fn profile(study: &Study<'_>, table: &Table, looks: &GroupLooks) -> Option<Figure> {
    if table.compared().count() < 2 || !table.is_at_k() {
        return None;
    }
    let all: Vec<(usize, ScoreMatrix)> =
        table.rows.iter().enumerate().filter_map(|(at, row)| Some((at, matrix(table, row)?))).collect();
    let cells = table.rows.iter().flat_map(|row| table.compared().filter_map(|(column, _)| row.cells[column].as_ref()));
    let scores = cells.flat_map(|cell| &cell.scores);
    let finite = scores.map(|(_, score)| *score).filter(|score| score.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if all.is_empty() || high <= low || !(high - low).is_finite() {
        return None;
    }
    let air = (high - low) * 0.03;
    let step = (high - low + 2.0 * air) / (THRESHOLDS - 1) as f64;
    let thresholds: Vec<f64> = (0..THRESHOLDS).map(|at| low - air + at as f64 * step).collect();
    // Which are shown is decided by a cheap number before any interval is drawn.
    let order = all.iter().map(|(at, matrix)| {
        let group = &study.groups[*at];
        let shape = Shape::Points(vec![(*at as f64, matrix.iqm(), None)]);
        Series { shape, ..one(study, group, looks, Shape::Points(Vec::new())) }
    });
    let baselines: Vec<&str> = study.groups.iter().map(|group| group.policy).filter(|name| !is_subject(name)).collect();
    let (shown, left_out) = best(order.collect(), 1.0, &baselines);
    let mut banded = false;
    let series = shown.into_iter().filter_map(|series| {
        let Shape::Points(points) = &series.shape else { return None };
        let row = points.first()?.0 as usize;
        let (_, matrix) = all.iter().find(|(at, _)| *at == row)?;
        let values = matrix.profile(&thresholds);
        // Fewer would be drawn too narrow; each seed's own profile shows the spread in any case.
        let enough = matrix.runs() >= BOOTSTRAP_N;
        let intervals = enough
            .then(|| matrix.profile_interval(&thresholds, 0.95, Draw::WholeRuns, HOW))
            .flatten()
            .unwrap_or_else(|| values.iter().map(|value| (*value, *value)).collect());
        banded |= enough;
        let of_runs = matrix.profiles_of_runs(&thresholds).into_iter();
        let faint = of_runs.map(|values| thresholds.iter().copied().zip(values).collect()).collect();
        let band = thresholds.iter().zip(values).zip(intervals).map(|((x, value), (low, high))| (*x, value, low, high));
        Some(Series { shape: Shape::Curve { band: band.collect(), faint }, ..series })
    });
    let series: Vec<Series> = series.collect();
    let bands = if banded {
        format!(
            "Bands: 95 % bootstrap of whole seeds, {} resamples, seed {}; none below {BOOTSTRAP_N} seeds.",
            HOW.resamples, HOW.seed.0
        )
    } else {
        format!("No interval below {BOOTSTRAP_N} seeds.")
    };
    let thin = thin(&table.metrics).map(|thin| format!(" {thin}")).unwrap_or_default();
    Some(Figure {
        slug: format!("{}-profile", table.slug()),
        title: format!("Performance profile, {}", table.id.family),
        subtitle: subtitle(study),
        note: format!(
            "The share of scores, over seeds and K, above a threshold; further right is better. Faint: each seed over its K. \
             {bands}{thin}{left_out}{}{}",
            shared(&styles(&series)),
            caution(table)
        ),
        plot: Plot::Lines(PlottedCurves {
            series,
            x: XAxis { label: "threshold".to_owned(), kind: XKind::Continuous },
            y_label: "share of scores above the threshold".to_owned(),
        }),
    })
}
