//! Where everything goes: title and subtitle say what and of what, below them what is drawn, then the note.

use plotters::backend::DrawingBackend;

use super::canvas::{Canvas, DrawError, TextAnchor, Type};
use super::content::{Figure, Plot};
use super::sizes::{EDGE, HEIGHT, NOTE, SLACK, SUBTITLE, TITLE, WIDTH, wrap};
use super::style::PAPER;
use super::{forest, heat, items, lines, parallel};

/// Draws `figure`.
pub(super) fn draw<B: DrawingBackend>(figure: &Figure, canvas: &mut Canvas<'_, B>) -> Result<(), DrawError> {
    let (width, height) = (f64::from(WIDTH), f64::from(HEIGHT));
    canvas.area(&[(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)], PAPER, 1.0)?;
    let notes = wrap(canvas, &figure.note, NOTE, width - 2.0 * EDGE);
    fit(canvas, &figure.title, (EDGE, 50.0), TITLE)?;
    fit(canvas, &figure.subtitle, (EDGE, 82.0), SUBTITLE)?;
    let bottom = height - 21.0 * notes.len() as f64;
    match &figure.plot {
        Plot::Lines(plot) => lines::draw(plot, canvas, bottom)?,
        Plot::Heat(plot) => heat::draw(plot, canvas, bottom)?,
        Plot::Parallel(plot) => parallel::draw(plot, canvas, bottom)?,
        Plot::Forest(plot) => forest::draw(plot, canvas, bottom)?,
        Plot::Items(plot) => items::draw(plot, canvas, bottom)?,
    }
    for (line, note) in notes.iter().enumerate() {
        let y = height - 20.0 - 21.0 * (notes.len() - 1 - line) as f64;
        canvas.text(note, (EDGE, y), TextAnchor::Left, NOTE)?;
    }
    Ok(())
}

/// Text that is made smaller where it would run out of the picture.
fn fit<B: DrawingBackend>(
    canvas: &mut Canvas<'_, B>,
    text: &str,
    place: (f64, f64),
    look: Type,
) -> Result<(), DrawError> {
    let room = f64::from(WIDTH) - 2.0 * EDGE;
    let width = canvas.width(text, look) * SLACK;
    let look = Type { size: look.size * (room / width).min(1.0), ..look };
    canvas.text(text, place, TextAnchor::Left, look)
}
