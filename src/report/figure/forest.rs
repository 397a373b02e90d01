//! Differences to several references, one line each with its interval, around a line at no difference.

use plotters::backend::DrawingBackend;

use super::axis::FigureAxis;
use super::canvas::{Canvas, DrawError, TextAnchor, Type};
use super::content::Forest;
use super::sizes::{AXIS, EDGE, NAME, SLACK, TICK, WIDTH};
use super::style::{GRID, INK, MUTED, Marker, PAPER};

/// Draws sections one below the other between the subtitle and `bottom`.
pub(super) fn draw<B: DrawingBackend>(plot: &Forest, canvas: &mut Canvas<'_, B>, bottom: f64) -> Result<(), DrawError> {
    let lines = plot.sections.iter().map(|section| section.lines.len() as f64 + 1.4).sum::<f64>();
    let (top, bottom) = (128.0, bottom - 78.0);
    let high = ((bottom - top) / lines.max(1.0)).min(34.0);
    let size = (high * 0.62).min(TICK.size);
    let (name, value) = (Type { size, ..TICK }, Type { size: size * 0.92, color: MUTED, ..TICK });
    let all = || plot.sections.iter().flat_map(|section| &section.lines);
    let widest = |texts: &mut dyn Iterator<Item = &str>, look| {
        texts.map(|text| canvas.width(text, look)).fold(0.0, f64::max) * SLACK
    };
    let left = EDGE + 18.0 + widest(&mut all().map(|line| line.name.as_str()), name) + 20.0;
    let right = f64::from(WIDTH) - EDGE - widest(&mut all().map(|line| line.text.as_str()), value) - 20.0;
    let ends = all().flat_map(|line| [Some(line.mean), line.interval.map(|it| it.0), line.interval.map(|it| it.1)]);
    let x = FigureAxis::padded(ends.flatten().chain([0.0]), 6);
    let at = |value: f64| left + x.place(value) * (right - left);
    let end = top + lines * high;
    for &tick in &x.ticks {
        canvas.line(&[(at(tick), top), (at(tick), end)], GRID, 1.0, 1.0, &[])?;
        canvas.text(&x.label(tick), (at(tick), end + 26.0), TextAnchor::Center, TICK)?;
    }
    canvas.line(&[(at(0.0), top), (at(0.0), end)], INK, 1.0, 1.6, &[6.0, 4.0])?;
    canvas.text(&plot.label, ((left + right) / 2.0, end + 54.0), TextAnchor::Center, AXIS)?;
    let mut y = top;
    for section in &plot.sections {
        y += high;
        canvas.text(&section.name, (EDGE, y), TextAnchor::Left, Type { size: size * 1.05, ..NAME })?;
        for line in &section.lines {
            y += high;
            let middle = y - size * 0.35;
            let style = line.style;
            canvas.text(&line.name, (EDGE + 18.0, y), TextAnchor::Left, name)?;
            if let Some((low, high)) = line.interval {
                canvas.line(&[(at(low), middle), (at(high), middle)], style.color, 1.0, 2.2, &[])?;
                for end in [low, high] {
                    canvas.line(&[(at(end), middle - 5.0), (at(end), middle + 5.0)], style.color, 1.0, 2.2, &[])?;
                }
            }
            canvas.marker(Marker::Circle, (at(line.mean), middle), 6.5, style.color)?;
            // Hollow: it may as well be none. Shape says it, not colour.
            if !line.found {
                canvas.marker(Marker::Circle, (at(line.mean), middle), 3.8, PAPER)?;
            }
            canvas.spot((at(line.mean), middle), format!("{} − {}: {}", line.name, section.name, line.text));
            canvas.text(&line.text, (f64::from(WIDTH) - EDGE, y), TextAnchor::Right, value)?;
        }
        y += high * 0.4;
    }
    Ok(())
}
