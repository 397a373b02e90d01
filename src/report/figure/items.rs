//! Items in two dimensions, a user's history and recommendations among them, and both as a list with the user's ratings.

use plotters::backend::DrawingBackend;

use super::axis::FigureAxis;
use super::canvas::{Canvas, DrawError, TextAnchor, Type, Weight};
use super::content::{ItemMap, Listed};
use super::sizes::{AXIS, EDGE, NAME, SLACK, TICK, WIDTH};
use super::style::{INK, MUTED, Marker};
use plotters::style::RGBColor;

const HISTORY: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const LIKED: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const NOT_LIKED: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
const ROW: f64 = 25.0;

/// Draws map and list between the subtitle and `bottom`.
pub(super) fn draw<B: DrawingBackend>(map: &ItemMap, canvas: &mut Canvas<'_, B>, bottom: f64) -> Result<(), DrawError> {
    let (left, right) = (EDGE, f64::from(WIDTH) * 0.56);
    let (top, bottom) = (118.0, bottom - 58.0);
    let shown = || map.all.iter().chain(map.history.iter().chain(&map.recommended).map(|item| &item.place));
    let (x, y) =
        (FigureAxis::padded(shown().map(|place| place.0), 5), FigureAxis::padded(shown().map(|place| place.1), 5));
    let at = |place: (f64, f64)| (left + x.place(place.0) * (right - left), bottom - y.place(place.1) * (bottom - top));
    for &place in &map.all {
        canvas.marker(Marker::Circle, at(place), 1.4, RGBColor(0xb4, 0xbc, 0xc4))?;
    }
    canvas.line(&[(left, bottom), (right, bottom)], MUTED, 1.0, 1.2, &[])?;
    canvas.line(&[(left, top), (left, bottom)], MUTED, 1.0, 1.2, &[])?;
    canvas.text(&map.x_label, ((left + right) / 2.0, bottom + 28.0), TextAnchor::Center, TICK)?;
    canvas.text(&map.y_label, (left + 8.0, top + 14.0), TextAnchor::Left, TICK)?;
    for item in &map.history {
        canvas.marker(Marker::Square, at(item.place), 7.0, HISTORY)?;
        canvas.spot(at(item.place), format!("history: {} ({})", item.title, item.rating));
    }
    for (rank, item) in map.recommended.iter().enumerate() {
        let place = at(item.place);
        let (marker, color) = look(item);
        canvas.marker(marker, place, 8.0, color)?;
        let number = Type { size: 15.0, weight: Weight::SemiBold, color };
        canvas.text(&(rank + 1).to_string(), (place.0 + 10.0, place.1 - 7.0), TextAnchor::Left, number)?;
        canvas.spot(place, format!("{}. {} ({})", rank + 1, item.title, item.rating));
    }
    list(map, canvas, right + 34.0, top + 10.0)
}

fn list<B: DrawingBackend>(map: &ItemMap, canvas: &mut Canvas<'_, B>, left: f64, top: f64) -> Result<(), DrawError> {
    let end = f64::from(WIDTH) - EDGE;
    let mut y = top;
    canvas.text("History, oldest first", (left, y), TextAnchor::Left, AXIS)?;
    canvas.text("rated", (end, y), TextAnchor::Right, AXIS)?;
    for item in &map.history {
        y += ROW;
        canvas.marker(Marker::Square, (left + 4.0, y - 6.0), 6.0, HISTORY)?;
        entry(canvas, item, (left + 42.0, y), end)?;
    }
    y += ROW * 1.6;
    canvas.text("Recommended, first to last", (left, y), TextAnchor::Left, AXIS)?;
    for (rank, item) in map.recommended.iter().enumerate() {
        y += ROW;
        let (marker, color) = look(item);
        canvas.marker(marker, (left + 4.0, y - 6.0), 6.5, color)?;
        canvas.text(&(rank + 1).to_string(), (left + 34.0, y), TextAnchor::Right, Type { size: 15.0, ..NAME })?;
        entry(canvas, item, (left + 42.0, y), end)?;
    }
    Ok(())
}

fn entry<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    item: &Listed,
    place: (f64, f64),
    end: f64,
) -> Result<(), DrawError> {
    let look = Type { size: 16.5, weight: Weight::Regular, color: INK };
    let room = (end - place.0 - 62.0) / SLACK;
    let mut title = item.title.clone();
    while canvas.width(&title, look) > room && title.pop().is_some() {}
    if title != item.title {
        title.pop();
        title = format!("{}…", title.trim_end());
    }
    canvas.text(&title, place, TextAnchor::Left, look)?;
    canvas.text(&item.rating, (end, place.1), TextAnchor::Right, look)
}

/// Shape and colour say whether the user liked it: either alone is enough.
fn look(item: &Listed) -> (Marker, RGBColor) {
    if item.is_liked { (Marker::Triangle, LIKED) } else { (Marker::Down, NOT_LIKED) }
}
