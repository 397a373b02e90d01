//! What the sweep's axes call for: a panel of sensitivity an axis, a heat map for two, parallel coordinates for three or
//! more; and the profile of scores over seeds and K.

use super::build::subtitle;
use super::content::{Figure, Heat, Parallel, Plot, PlottedCurves, Series, Shape, XAxis, XKind};
use super::style::of_slice;
use crate::report::audiences::caution;
use crate::report::axis::{AxisValue, ordered, short_axis};
use crate::report::group::{Group, Study};
use crate::report::table::Table;
use drr_stats::Summary;

/// x, mean, standard deviation where there is one.
type Points = Vec<(f64, f64, Option<f64>)>;

/// Values beyond this make a parallel plot's axis unreadable, and a heat map's cells too small for anything.
const VALUES: usize = 60;

/// How the first metric of `table` depends on the axes of `study`, of the first policy that stands on all of them; nothing for
/// a study that has none. Policies are never averaged, nor joined by a line.
pub(in crate::report) fn sensitivity(study: &Study<'_>, table: &Table) -> Vec<Figure> {
    let Some(metric) = table.metrics.first() else { return Vec::new() };
    let label = if study.subject.is_of_policies() { metric.name() } else { metric.header.clone() };
    // Baselines stand on no axis.
    let mut groups: Vec<(&Group<'_>, f64)> = study
        .groups
        .iter()
        .filter(|group| study.axes.iter().all(|axis| group.point.contains_key(*axis)))
        .filter_map(|group| Some((group, group.score(&metric.name())?.summary.mean)))
        .filter(|(_, mean)| mean.is_finite())
        .collect();
    let Some(policy) = groups.first().map(|(group, _)| group.policy) else { return Vec::new() };
    let all = groups.len();
    groups.retain(|(group, _)| group.policy == policy);
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
    if groups.len() < all {
        figures
            .iter_mut()
            .for_each(|figure| figure.note += &format!(" Of {policy} alone; the table has the other policies."));
    }
    figures.iter_mut().for_each(|figure| figure.note += caution(table));
    if let Some(users) = metric.users {
        let few = if metric.is_thin() { ": too few for a comparison" } else { "" };
        figures.iter_mut().for_each(|figure| figure.note += &format!(" On {users}{few}."));
    }
    figures
}

/// The values of an axis in order.
fn values<'a>(axis: &str, groups: &[(&'a Group<'_>, f64)]) -> Vec<&'a AxisValue> {
    ordered(groups.iter().filter_map(|(group, _)| group.point.get(axis)))
}

/// One axis: every other setting a line, where they can be told apart, and the mean over them.
fn panel(study: &Study<'_>, table: &Table, axis: &str, groups: &[(&Group<'_>, f64)], label: &str) -> Option<Figure> {
    // An axis of words has no places in between.
    let at = values(axis, groups).into_iter().map(AxisValue::number).collect::<Option<Vec<f64>>>()?;
    if at.len() < 2 {
        return None;
    }
    let logarithmic = at[0] > 0.0 && at[at.len() - 1] / at[0] >= 10.0;
    let place = |group: &Group<'_>| group.point.get(axis)?.number();
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
            group.score(&table.metrics[0].name())?.spread
        };
        let points = marginal.iter().map(|&(x, mean, _)| (x, mean, spread(x))).collect();
        series.push(Series {
            name: groups[0].0.policy.to_owned(),
            detail: String::new(),
            style: of_slice(0),
            shape: Shape::Points(points),
        });
    } else {
        let mut lines: Vec<(String, Points)> = Vec::new();
        for (group, mean) in groups {
            let name: Vec<String> = others
                .iter()
                .map(|other| {
                    let value = group.point.get(*other).map(ToString::to_string).unwrap_or_default();
                    format!("{}\u{a0}{value}", short_axis(other, &study.axes))
                })
                .collect();
            let (name, Some(x)) = (name.join(", "), place(group)) else { continue };
            let spread = group.score(&table.metrics[0].name()).and_then(|score| score.spread);
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
                    style: of_slice(index),
                    shape: Shape::Points(points),
                });
            }
        } else {
            let detail = format!("mean over {} settings of the other axes", lines.len());
            series.push(Series { name: String::new(), detail, style: of_slice(0), shape: Shape::Points(marginal) });
        }
    }
    let short = short_axis(axis, &study.axes);
    let note = match series.len() {
        1 if !others.is_empty() => {
            "Mean ± sample std over the settings of the other axes, each the mean over its seeds."
        }
        1 => "Mean ± sample std over seeds.",
        _ => {
            "Mean ± sample std over seeds. A line is a setting of the other axes, not a group, and so has no group's colour."
        }
    };
    let kind = if logarithmic { XKind::Logarithms(thinned(at)) } else { XKind::Values(thinned(at)) };
    Some(Figure {
        slug: format!("{}-by-{}", table.slug(), crate::report::group::slug(axis)),
        title: format!("Sensitivity to {short}"),
        subtitle: subtitle(study),
        note: format!("{note} {}", if logarithmic { "Logarithmic axis." } else { "" }).trim_end().to_owned(),
        plot: Plot::Lines(PlottedCurves {
            x: XAxis { label: axis.to_owned(), kind },
            y_label: label.to_owned(),
            series,
        }),
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
    let cell = |column: &AxisValue, row: &AxisValue| {
        let here =
            groups.iter().filter(|(group, _)| group.point.get(x) == Some(column) && group.point.get(y) == Some(row));
        let means: Vec<f64> = here.map(|(_, mean)| *mean).collect();
        Some((Summary::of(&means)?.mean, means.len()))
    };
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect();
    Some(Figure {
        slug: format!("{}-heat", table.slug()),
        title: format!("{label} over two axes"),
        subtitle: subtitle(study),
        note: "Each cell is the mean over its seeds; deeper is higher. A stroke: nothing is finished there.".to_owned(),
        plot: Plot::Heat(Heat {
            x_label: short_axis(x, &study.axes).to_owned(),
            y_label: short_axis(y, &study.axes).to_owned(),
            x: columns.iter().map(ToString::to_string).collect(),
            y: rows.iter().map(ToString::to_string).collect(),
            cells,
            label: label.to_owned(),
        }),
    })
}

fn parallel(study: &Study<'_>, table: &Table, groups: &[(&Group<'_>, f64)], label: &str) -> Figure {
    let axes: Vec<Vec<&AxisValue>> = study.axes.iter().map(|axis| values(axis, groups)).collect();
    let index = |axis: &str, all: &[&AxisValue], group: &Group<'_>| {
        all.iter().position(|known| group.point.get(axis) == Some(*known)).unwrap_or(0)
    };
    let lines = groups.iter().map(|(group, mean)| {
        let places = study.axes.iter().zip(&axes).map(|(axis, all)| index(axis, all, group)).collect();
        (places, *mean)
    });
    let groups = lines.collect();
    let named =
        study.axes.iter().zip(&axes).map(|(axis, all)| {
            (short_axis(axis, &study.axes).to_owned(), all.iter().map(ToString::to_string).collect())
        });
    let axes = named.collect();
    Figure {
        slug: format!("{}-parallel", table.slug()),
        title: format!("{label} by setting"),
        subtitle: subtitle(study),
        note: "One line a group, through its values to its mean over seeds; deeper is better. Values stand in order, evenly \
               spaced."
            .to_owned(),
        plot: Plot::Parallel(Parallel { axes, label: label.to_owned(), groups }),
    }
}
