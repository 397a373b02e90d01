//! What the sweep's axes call for: a panel of sensitivity an axis, a heat map for two, parallel coordinates for three or
//! more; and the profile of scores over seeds and K.

use super::build::{best, one, subtitle};
use super::style::{of_baseline, of_recommender};
use super::{Figure, Heat, Lines, Parallel, Plot, Series, Shape, XAxis, XKind};
use crate::report::aggregate::{HOW, matrix};
use crate::report::group::{Group, Study, is_subject, plain, short_axis};
use crate::report::table::Table;
use crate::stats::{BOOTSTRAP_N, Draw, ScoreMatrix, Summary};

/// x, mean, standard deviation where there is one.
type Points = Vec<(f64, f64, Option<f64>)>;

/// Points of a profile.
const THRESHOLDS: usize = 101;
/// Values beyond this make a parallel plot's axis unreadable, and a heat map's cells too small for anything.
const VALUES: usize = 60;

/// How the first metric of `table` depends on the axes of `study`; nothing for a study that has none.
pub(in crate::report) fn sensitivity(study: &Study<'_>, table: &Table) -> Vec<Figure> {
    let Some(metric) = table.metrics.first() else { return Vec::new() };
    let label = if study.subject.is_of_policies() { metric.name.clone() } else { metric.header.clone() };
    // Baselines stand on no axis.
    let groups: Vec<(&Group<'_>, f64)> = study
        .groups
        .iter()
        .filter(|group| study.axes.iter().all(|axis| group.point.contains_key(*axis)))
        .filter_map(|group| Some((group, group.score(&metric.name)?.summary.mean)))
        .filter(|(_, mean)| mean.is_finite())
        .collect();
    if groups.len() < 2 {
        return Vec::new();
    }
    let mut figures: Vec<Figure> =
        study.axes.iter().filter_map(|axis| panel(study, table, axis, &groups, &label)).collect();
    match study.axes.as_slice() {
        [x, y] => figures.extend(heat(study, table, (x, y), &groups, &label)),
        [_, _, _, ..] => figures.push(parallel(study, table, &groups, &label)),
        _ => {}
    }
    figures
}

/// The values of an axis in order: numbers by size, else as they come.
fn values(axis: &str, groups: &[(&Group<'_>, f64)]) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for value in groups.iter().filter_map(|(group, _)| group.point.get(axis)).map(plain) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let number = |text: &String| text.parse::<f64>().unwrap_or(f64::INFINITY);
    values.sort_by(|a, b| number(a).total_cmp(&number(b)));
    values
}

/// One axis: every other setting a line, where they can be told apart, and the mean over them.
fn panel(study: &Study<'_>, table: &Table, axis: &str, groups: &[(&Group<'_>, f64)], label: &str) -> Option<Figure> {
    let at: Vec<f64> = values(axis, groups).iter().filter_map(|value| value.parse().ok()).collect();
    if at.len() < 2 || values(axis, groups).len() != at.len() {
        return None;
    }
    let logarithmic = at[0] > 0.0 && at[at.len() - 1] / at[0] >= 10.0;
    let place = |group: &Group<'_>| group.point.get(axis).map(plain)?.parse::<f64>().ok();
    let mut marginal = Vec::new();
    for &x in &at {
        let here: Vec<f64> =
            groups.iter().filter(|(group, _)| place(group) == Some(x)).map(|(_, mean)| *mean).collect();
        if let Some(summary) = Summary::of(&here) {
            marginal.push((x, summary.mean, summary.std.filter(|_| study.axes.len() > 1)));
        }
    }
    let others: Vec<&str> = study.axes.iter().copied().filter(|other| *other != axis).collect();
    let mut series = Vec::new();
    if others.is_empty() {
        let spread = |x: f64| {
            let (group, _) = groups.iter().find(|(group, _)| place(group) == Some(x))?;
            group.score(&table.metrics[0].name)?.spread
        };
        let points = marginal.iter().map(|&(x, mean, _)| (x, mean, spread(x))).collect();
        series.push(Series {
            name: groups[0].0.policy.to_owned(),
            detail: String::new(),
            style: of_recommender(0),
            shape: Shape::Points(points),
        });
    } else {
        let mut lines: Vec<(String, Points)> = Vec::new();
        for (group, mean) in groups {
            let name: Vec<String> = others
                .iter()
                .map(|other| {
                    format!(
                        "{}\u{a0}{}",
                        short_axis(other, &study.axes),
                        group.point.get(*other).map(plain).unwrap_or_default()
                    )
                })
                .collect();
            let (name, Some(x)) = (name.join(", "), place(group)) else { continue };
            let spread = group.score(&table.metrics[0].name).and_then(|score| score.spread);
            match lines.iter_mut().find(|line| line.0 == name) {
                Some(line) => line.1.push((x, *mean, spread)),
                None => lines.push((name, vec![(x, *mean, spread)])),
            }
        }
        if lines.len() <= 6 {
            for (index, (name, mut points)) in lines.into_iter().enumerate() {
                points.sort_by(|a, b| a.0.total_cmp(&b.0));
                series.push(Series {
                    name: String::new(),
                    detail: name,
                    style: of_recommender(index),
                    shape: Shape::Points(points),
                });
            }
        } else {
            let detail = format!("mean over {} settings of the other axes", lines.len());
            series.push(Series {
                name: String::new(),
                detail,
                style: of_recommender(0),
                shape: Shape::Points(marginal),
            });
        }
    }
    let short = short_axis(axis, &study.axes);
    let note = match series.len() {
        1 if !others.is_empty() => {
            "Mean ± sample std over the settings of the other axes, each the mean over its seeds."
        }
        _ => "Mean ± sample std over seeds.",
    };
    let kind = if logarithmic { XKind::Logarithms(thinned(at)) } else { XKind::Values(thinned(at)) };
    Some(Figure {
        slug: format!("{}-by-{}", table.slug, crate::report::group::slug(axis)),
        title: format!("Sensitivity to {short}"),
        subtitle: subtitle(study),
        note: format!("{note} {}", if logarithmic { "Logarithmic axis." } else { "" }).trim_end().to_owned(),
        plot: Plot::Lines(Lines { x: XAxis { label: axis.to_owned(), kind }, y_label: label.to_owned(), series }),
    })
}

/// At most a dozen ticks, the ends among them.
fn thinned(at: Vec<f64>) -> Vec<f64> {
    let step = at.len().div_ceil(12).max(1);
    let last = at.len() - 1;
    at.into_iter()
        .enumerate()
        .filter(|(index, _)| index % step == 0 || *index == last)
        .map(|(_, value)| value)
        .collect()
}

fn heat(
    study: &Study<'_>,
    table: &Table,
    (x, y): (&str, &str),
    groups: &[(&Group<'_>, f64)],
    label: &str,
) -> Option<Figure> {
    let (columns, mut rows) = (values(x, groups), values(y, groups));
    if columns.len() < 2 || rows.len() < 2 || columns.len().max(rows.len()) > VALUES {
        return None;
    }
    // Values rise upwards, as on any axis.
    rows.reverse();
    let cell = |column: &String, row: &String| {
        let here = groups.iter().filter(|(group, _)| {
            group.point.get(x).map(plain).as_ref() == Some(column)
                && group.point.get(y).map(plain).as_ref() == Some(row)
        });
        let means: Vec<f64> = here.map(|(_, mean)| *mean).collect();
        Some((Summary::of(&means)?.mean, means.len()))
    };
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect();
    Some(Figure {
        slug: format!("{}-heat", table.slug),
        title: format!("{label} over two axes"),
        subtitle: subtitle(study),
        note: "Each cell is the mean over its seeds; deeper is higher. A stroke: nothing is finished there.".to_owned(),
        plot: Plot::Heat(Heat {
            x_label: short_axis(x, &study.axes).to_owned(),
            y_label: short_axis(y, &study.axes).to_owned(),
            x: columns,
            y: rows,
            cells,
            label: label.to_owned(),
        }),
    })
}

fn parallel(study: &Study<'_>, table: &Table, groups: &[(&Group<'_>, f64)], label: &str) -> Figure {
    let axes: Vec<(String, Vec<String>)> =
        study.axes.iter().map(|axis| (short_axis(axis, &study.axes).to_owned(), values(axis, groups))).collect();
    let index = |axis: &str, all: &[String], group: &Group<'_>| {
        let value = group.point.get(axis).map(plain).unwrap_or_default();
        all.iter().position(|known| *known == value).unwrap_or(0)
    };
    let lines = groups.iter().map(|(group, mean)| {
        let places = study.axes.iter().zip(&axes).map(|(axis, (_, all))| index(axis, all, group)).collect();
        (places, *mean)
    });
    let groups = lines.collect();
    Figure {
        slug: format!("{}-parallel", table.slug),
        title: format!("{label} by setting"),
        subtitle: subtitle(study),
        note: "One line a group, through its values to its mean over seeds; deeper is better. Values stand in order, evenly \
               spaced."
            .to_owned(),
        plot: Plot::Parallel(Parallel { axes, label: label.to_owned(), groups }),
    }
}

/// The share of scores, over seeds and K, above each threshold; `None` for a table of one metric or without scores.
pub(in crate::report) fn profile(study: &Study<'_>, table: &Table) -> Option<Figure> {
    if table.metrics.len() < 2 || !table.metrics.iter().all(|metric| metric.name.contains('@')) {
        return None;
    }
    let all: Vec<(usize, ScoreMatrix)> =
        table.rows.iter().enumerate().filter_map(|(at, row)| Some((at, matrix(table, row)?))).collect();
    let scores = table.rows.iter().flat_map(|row| row.cells.iter().flatten()).flat_map(|cell| &cell.scores);
    let finite = scores.map(|(_, score)| *score).filter(|score| score.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if all.is_empty() || high <= low {
        return None;
    }
    let air = (high - low) * 0.03;
    let step = (high - low + 2.0 * air) / (THRESHOLDS - 1) as f64;
    let thresholds: Vec<f64> = (0..THRESHOLDS).map(|at| low - air + at as f64 * step).collect();
    // Which are shown is decided by a cheap number before any interval is drawn.
    let order = all.iter().map(|(at, matrix)| {
        let group = &study.groups[*at];
        let shape = Shape::Points(vec![(*at as f64, matrix.iqm(), None)]);
        Series { shape, ..one(study, group, *at, Shape::Points(Vec::new())) }
    });
    let baselines: Vec<&str> = study.groups.iter().map(|group| group.policy).filter(|name| !is_subject(name)).collect();
    let (shown, left_out) = best(order.collect(), 1.0, &baselines);
    let (mut recommenders, mut banded) = (0, false);
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
        let style = of_baseline(study.groups[row].policy).unwrap_or_else(|| {
            recommenders += 1;
            of_recommender(recommenders - 1)
        });
        Some(Series { shape: Shape::Curve { band: band.collect(), faint }, style, ..series })
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
    Some(Figure {
        slug: format!("{}-profile", table.slug),
        title: format!("Performance profile, {}", table.metrics[0].name.split('@').next().unwrap_or_default()),
        subtitle: subtitle(study),
        note: format!(
            "The share of scores, over seeds and K, above a threshold; further right is better. Faint: each seed over its K. \
             {bands}{left_out}"
        ),
        plot: Plot::Lines(Lines {
            series,
            x: XAxis { label: "threshold".to_owned(), kind: XKind::Continuous },
            y_label: "share of scores above the threshold".to_owned(),
        }),
    })
}
