//! A heat map: one cell a pair of values, its number in it, so that nobody has to guess a colour.

use plotters::backend::DrawingBackend;
use plotters::style::RGBColor;

use super::axis::{share, told};
use super::canvas::{Canvas, DrawError, TextAnchor, Type};
use super::content::Heat;
use super::sizes::{AXIS, EDGE, SLACK, TICK, WIDTH};
use super::style::{MUTED, shade};

/// Numbers on deep and on pale cells. Not ink and paper, which change places on a dark page: the cells do not.
const ON_DEEP: RGBColor = RGBColor(0xfd, 0xfd, 0xfd);
const ON_PALE: RGBColor = RGBColor(0x1a, 0x1e, 0x23);

/// Draws the map between the subtitle and `bottom`.
pub(super) fn draw<B: DrawingBackend>(heat: &Heat, canvas: &mut Canvas<'_, B>, bottom: f64) -> Result<(), DrawError> {
    let labels = heat.y.iter().map(|label| canvas.width(label, TICK)).fold(0.0, f64::max) * SLACK;
    let (left, right) = (EDGE + labels + 14.0, f64::from(WIDTH) - EDGE);
    let (top, bottom) = (150.0, bottom - 84.0);
    canvas.text(&format!("{}  (rows: {})", heat.label, heat.y_label), (EDGE, 126.0), TextAnchor::Left, AXIS)?;
    let known = || heat.cells.iter().flatten().flatten().map(|cell| cell.0).filter(|value| value.is_finite());
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let (wide, high_cell) = ((right - left) / heat.x.len().max(1) as f64, (bottom - top) / heat.y.len().max(1) as f64);
    // Numbers are set where they have room.
    let size = (wide / 4.2).min(high_cell / 1.6).min(19.0);
    for (row, cells) in heat.cells.iter().enumerate() {
        let y = top + row as f64 * high_cell;
        for (column, cell) in cells.iter().enumerate() {
            let x = left + column as f64 * wide;
            let corners = [
                (x + 1.0, y + 1.0),
                (x + wide - 1.0, y + 1.0),
                (x + wide - 1.0, y + high_cell - 1.0),
                (x + 1.0, y + high_cell - 1.0),
            ];
            let Some((value, groups)) = cell else {
                canvas.line(&[corners[0], corners[2]], MUTED, 0.4, 1.0, &[])?;
                continue;
            };
            let share = if high > low { share(*value, low, high) } else { 0.5 };
            canvas.area(&corners, shade(share), 1.0)?;
            let middle = (x + wide / 2.0, y + high_cell / 2.0);
            let text = format!(
                "{} {}, {} {}: {}, mean of {groups}",
                heat.x_label,
                heat.x[column],
                heat.y_label,
                heat.y[row],
                told(*value, 4)
            );
            canvas.spot(middle, text);
            if size >= 7.0 {
                let color = if share > 0.55 { ON_DEEP } else { ON_PALE };
                let look = Type { size, color, ..TICK };
                canvas.text(&told(*value, 3), (middle.0, middle.1 + size * 0.35), TextAnchor::Center, look)?;
            }
        }
        if thin(row, high_cell, 20.0) {
            canvas.text(&heat.y[row], (left - 10.0, y + high_cell / 2.0 + 6.5), TextAnchor::Right, TICK)?;
        }
    }
    let widest = heat.x.iter().map(|label| canvas.width(label, TICK)).fold(0.0, f64::max) * SLACK + 8.0;
    for (column, label) in heat.x.iter().enumerate() {
        if thin(column, wide, widest) {
            let x = left + (column as f64 + 0.5) * wide;
            canvas.text(label, (x, bottom + 28.0), TextAnchor::Center, TICK)?;
        }
    }
    canvas.text(&heat.x_label, ((left + right) / 2.0, bottom + 57.0), TextAnchor::Center, AXIS)
}

/// Whether label `index`, each `room` apart, is shown when one needs `needed`.
fn thin(index: usize, room: f64, needed: f64) -> bool {
    index.is_multiple_of((needed / room).ceil().max(1.0) as usize)
}
