//! Parallel coordinates: a line for each group through its value on every axis, deeper the better it scores.

use plotters::backend::DrawingBackend;

use super::axis::{FigureAxis, share, told};
use super::canvas::{Canvas, DrawError, TextAnchor};
use super::content::Parallel;
use super::sizes::{AXIS, EDGE, TICK, WIDTH};
use super::style::{MUTED, shade};

/// More labels than this do not fit an axis.
const LABELS: usize = 14;

/// Draws the lines between the subtitle and `bottom`.
pub(super) fn draw<B: DrawingBackend>(
    plot: &Parallel,
    canvas: &mut Canvas<'_, B>,
    bottom: f64,
) -> Result<(), DrawError> {
    let (left, right) = (EDGE + 70.0, f64::from(WIDTH) - EDGE - 80.0);
    let (top, bottom) = (166.0, bottom - 50.0);
    let gap = (right - left) / plot.axes.len() as f64;
    let at = |index: usize, count: usize| {
        let share = if count > 1 { index as f64 / (count - 1) as f64 } else { 0.5 };
        bottom - share * (bottom - top)
    };
    let scores = FigureAxis::padded(plot.groups.iter().map(|group| group.1), 6);
    let score = |value: f64| bottom - scores.place(value) * (bottom - top);
    let mut order: Vec<&(Vec<usize>, f64)> = plot.groups.iter().filter(|group| group.1.is_finite()).collect();
    // The best lie on top.
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (low, high) = (order.first().map_or(0.0, |group| group.1), order.last().map_or(1.0, |group| group.1));
    for (values, value) in order {
        let mut points: Vec<(f64, f64)> = plot
            .axes
            .iter()
            .zip(values)
            .enumerate()
            .map(|(column, ((_, all), index))| (left + column as f64 * gap, at(*index, all.len())))
            .collect();
        points.push((right, score(*value)));
        let share = if high > low { share(*value, low, high) } else { 1.0 };
        canvas.line(&points, shade(0.15 + 0.85 * share), 0.9, 1.2 + 1.6 * share, &[])?;
        let names = plot.axes.iter().zip(values).map(|((name, all), index)| format!("{name} {}", all[*index]));
        canvas.spot((right, score(*value)), format!("{}: {}", names.collect::<Vec<_>>().join(", "), told(*value, 4)));
    }
    for (column, (name, values)) in plot.axes.iter().enumerate() {
        let x = left + column as f64 * gap;
        canvas.line(&[(x, top), (x, bottom)], MUTED, 1.0, 1.4, &[])?;
        canvas.text(name, (x, top - 26.0), TextAnchor::Center, AXIS)?;
        for (index, value) in values.iter().enumerate().step_by(values.len().div_ceil(LABELS)) {
            canvas.text(value, (x - 9.0, at(index, values.len()) + 6.5), TextAnchor::Right, TICK)?;
        }
    }
    canvas.line(&[(right, top), (right, bottom)], MUTED, 1.0, 1.4, &[])?;
    canvas.text(&plot.label, (right + 80.0, top - 26.0), TextAnchor::Right, AXIS)?;
    for &tick in &scores.ticks {
        canvas.text(&scores.label(tick), (right + 9.0, score(tick) + 6.5), TextAnchor::Left, TICK)?;
    }
    Ok(())
}
