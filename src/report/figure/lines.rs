//! Curves and points over a common axis. The legend stands beside the data, never on it; the vertical axis is named above
//! it, so that nothing is read sideways.

use plotters::backend::DrawingBackend;

use super::axis::{FigureAxis, told};
use super::canvas::{Canvas, DrawError, TextAnchor, Type};
use super::content::{PlottedCurves, Series, Shape, XKind};
use super::sizes::{AXIS, DETAIL, EDGE, NAME, SLACK, TICK, WIDTH, wrap};
use super::style::{GRID, INK, MUTED};

/// Room for the legend's lines and markers.
const KEY: f64 = 50.0;
/// No more of the width than this is the legend's text.
const LEGEND: f64 = 262.0;
/// The rectangle of the data and its axes.
struct Panel {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: FigureAxis,
    y: FigureAxis,
}

impl Panel {
    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.x.place(x) * (self.right - self.left),
            self.bottom - self.y.place(y) * (self.bottom - self.top),
        )
    }
}

/// Draws curves and points between the subtitle and `bottom`.
pub(super) fn draw<B: DrawingBackend>(
    figure: &PlottedCurves,
    canvas: &mut Canvas<'_, B>,
    bottom: f64,
) -> Result<(), DrawError> {
    let width = f64::from(WIDTH);
    let entries = legend(canvas, figure);
    let legend_width = entries.iter().flat_map(|entry| &entry.lines).map(|line| line.2).fold(0.0, f64::max) * SLACK;

    let x = match &figure.x.kind {
        XKind::Continuous => FigureAxis::tight(figure.series.iter().flat_map(|series| xs(&series.shape)), 5),
        XKind::Values(values) => around(values),
        XKind::Logarithms(values) => FigureAxis::logarithmic(values),
    };
    let y = FigureAxis::padded(figure.series.iter().flat_map(|series| ys(&series.shape)), 6);
    let labels = y.ticks.iter().map(|tick| canvas.width(&y.label(*tick), TICK)).fold(0.0, f64::max);
    let panel = Panel {
        left: EDGE + labels * SLACK + 12.0,
        right: width - EDGE - KEY - legend_width - 22.0,
        top: 146.0,
        bottom: bottom - 84.0,
        x,
        y,
    };

    canvas.text(&figure.y_label, (EDGE, 126.0), TextAnchor::Left, AXIS)?;
    axes(canvas, figure, &panel)?;
    let count = figure.series.len();
    for series in &figure.series {
        under(canvas, &panel, series)?;
    }
    // From the last to the first: the first series lies on top of the others.
    for (index, series) in figure.series.iter().enumerate().rev() {
        over(canvas, &panel, series, index, count)?;
    }
    draw_legend(canvas, figure, &entries, (&panel, bottom))
}

/// An axis with air around values that are few.
fn around(values: &[f64]) -> FigureAxis {
    let first = values.first().copied().unwrap_or(0.0);
    let last = values.last().copied().unwrap_or(1.0);
    let air = if last > first { (last - first) * 0.08 } else { 1.0 };
    let mut axis = FigureAxis::tight([first - air, last + air].into_iter(), 6);
    axis.ticks = values.to_vec();
    axis
}

fn axes<B: DrawingBackend>(canvas: &mut Canvas<'_, B>, figure: &PlottedCurves, panel: &Panel) -> Result<(), DrawError> {
    for &tick in &panel.y.ticks {
        let (_, y) = panel.at(panel.x.low, tick);
        canvas.line(&[(panel.left, y), (panel.right, y)], GRID, 1.0, 1.0, &[])?;
        canvas.text(&panel.y.label(tick), (panel.left - 12.0, y + 6.5), TextAnchor::Right, TICK)?;
    }
    canvas.line(&[(panel.left, panel.bottom), (panel.right, panel.bottom)], MUTED, 1.0, 1.4, &[])?;
    for &tick in &panel.x.ticks {
        let (x, _) = panel.at(tick, panel.y.low);
        canvas.line(&[(x, panel.bottom), (x, panel.bottom + 6.0)], MUTED, 1.0, 1.4, &[])?;
        let label = match figure.x.kind {
            XKind::Continuous => panel.x.label(tick),
            XKind::Values(_) | XKind::Logarithms(_) => tick.to_string(),
        };
        canvas.text(&label, (x, panel.bottom + 28.0), TextAnchor::Center, TICK)?;
    }
    let middle = (panel.left + panel.right) / 2.0;
    canvas.text(&figure.x.label, (middle, panel.bottom + 57.0), TextAnchor::Center, AXIS)
}

/// What lies below the lines of all series: bands and raw curves.
fn under<B: DrawingBackend>(canvas: &mut Canvas<'_, B>, panel: &Panel, series: &Series) -> Result<(), DrawError> {
    let Shape::Curve { band, faint } = &series.shape else { return Ok(()) };
    for curve in faint {
        for piece in curve.split(|point| !point.1.is_finite()) {
            let points: Vec<(f64, f64)> = piece.iter().map(|&(x, y)| panel.at(x, y)).collect();
            canvas.line(&points, series.style.color, 0.22, 1.0, &[])?;
        }
    }
    // Where an end is no number there is no band.
    for piece in band.split(|point| !(point.2.is_finite() && point.3.is_finite())) {
        if piece.iter().any(|point| point.3 > point.2) {
            let upper = piece.iter().map(|&(x, _, _, high)| panel.at(x, high));
            let lower = piece.iter().rev().map(|&(x, _, low, _)| panel.at(x, low));
            let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
            canvas.area(&outline, series.style.color, 0.16)?;
        }
    }
    Ok(())
}

/// The line of a series with its markers or error bars.
fn over<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    panel: &Panel,
    series: &Series,
    index: usize,
    count: usize,
) -> Result<(), DrawError> {
    let style = series.style;
    match &series.shape {
        Shape::Curve { band, .. } => {
            let line: Vec<(f64, f64)> = band.iter().map(|&(x, mean, ..)| panel.at(x, mean)).collect();
            canvas.line(&line, style.color, 1.0, 2.4, style.dash)?;
            for (&place, &(x, mean, low, high)) in line.iter().zip(band).step_by((line.len() / 60).max(1)) {
                canvas.spot(
                    place,
                    format!("{}: {x} → {} ({} to {})", name(series), told(mean, 4), told(low, 4), told(high, 4)),
                );
            }
            // Some markers along the way, at places of its own for each series.
            let every = (line.len() / 7).max(1);
            let first = (every * (index + 1)) / (count + 1);
            for &point in line.iter().skip(first).step_by(every) {
                canvas.marker(style.marker, point, 5.5, style.color)?;
            }
        }
        Shape::Points(points) => {
            // Side by side, or the error bars would hide each other.
            let spread = 9.0f64.min(60.0 / count as f64);
            let aside = (index as f64 - (count as f64 - 1.0) / 2.0) * spread;
            let place = |x: f64, y: f64| {
                let (x, y) = panel.at(x, y);
                (x + aside, y)
            };
            let line: Vec<(f64, f64)> = points.iter().map(|&(x, mean, _)| place(x, mean)).collect();
            canvas.line(&line, style.color, 0.75, 1.8, style.dash)?;
            for &(x, mean, spread) in points {
                if let Some(spread) = spread {
                    let (low, high) = (place(x, mean - spread), place(x, mean + spread));
                    canvas.line(&[low, high], style.color, 1.0, 1.8, &[])?;
                    for end in [low, high] {
                        canvas.line(&[(end.0 - 4.0, end.1), (end.0 + 4.0, end.1)], style.color, 1.0, 1.8, &[])?;
                    }
                }
                canvas.marker(style.marker, place(x, mean), 6.0, style.color)?;
                let spread = spread.map(|spread| format!(" ± {}", told(spread, 4))).unwrap_or_default();
                canvas.spot(place(x, mean), format!("{}: {x} → {}{spread}", name(series), told(mean, 4)));
            }
        }
    }
    Ok(())
}

/// A series' name and detail in one.
fn name(series: &Series) -> String {
    format!("{} {}", series.name, series.detail).trim().replace('\u{a0}', " ")
}

/// From line to line in a legend, and what lies between two entries.
const LINE: f64 = 23.0;
const GAP: f64 = 12.0;

/// A legend's entry: its lines of text with their looks and widths.
struct LegendEntry {
    lines: Vec<(String, Type, f64)>,
}

fn legend<B: DrawingBackend>(canvas: &Canvas<'_, B>, figure: &PlottedCurves) -> Vec<LegendEntry> {
    let entry = |series: &Series| {
        let lines = |text: &str, look: Type| {
            let measured = |line: String| {
                let width = canvas.width(&line, look);
                (line, look, width)
            };
            wrap(canvas, text, look, LEGEND).into_iter().map(measured).collect::<Vec<_>>()
        };
        let detail = if series.name.is_empty() { Type { color: INK, ..DETAIL } } else { DETAIL };
        LegendEntry { lines: [lines(&series.name, NAME), lines(&series.detail, detail)].concat() }
    };
    figure.series.iter().map(entry).collect()
}

fn draw_legend<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    figure: &PlottedCurves,
    entries: &[LegendEntry],
    (panel, bottom): (&Panel, f64),
) -> Result<(), DrawError> {
    let left = panel.right + 22.0;
    let mut y = panel.top + 8.0;
    // Where there are many, all of it is smaller.
    let height: f64 = entries.iter().map(|entry| entry.lines.len() as f64 * LINE + GAP).sum();
    let scale = ((bottom - y) / height).min(1.0);
    for (series, entry) in figure.series.iter().zip(entries) {
        let style = series.style;
        canvas.line(&[(left, y - 6.0), (left + 38.0, y - 6.0)], style.color, 1.0, 2.4, style.dash)?;
        canvas.marker(style.marker, (left + 19.0, y - 6.0), 5.5, style.color)?;
        for (text, look, _) in &entry.lines {
            canvas.text(text, (left + KEY, y), TextAnchor::Left, Type { size: look.size * scale, ..*look })?;
            y += LINE * scale;
        }
        y += GAP * scale;
    }
    Ok(())
}

fn xs(shape: &Shape) -> Vec<f64> {
    match shape {
        Shape::Curve { band, faint } => {
            band.iter().map(|point| point.0).chain(faint.iter().flatten().map(|point| point.0)).collect()
        }
        Shape::Points(points) => points.iter().map(|point| point.0).collect(),
    }
}

fn ys(shape: &Shape) -> Vec<f64> {
    match shape {
        Shape::Curve { band, faint } => band
            .iter()
            .flat_map(|&(_, mean, low, high)| [mean, low, high])
            .chain(faint.iter().flatten().map(|point| point.1))
            .collect(),
        Shape::Points(points) => points
            .iter()
            .flat_map(|&(_, mean, spread)| [mean - spread.unwrap_or(0.0), mean + spread.unwrap_or(0.0)])
            .collect(),
    }
}
