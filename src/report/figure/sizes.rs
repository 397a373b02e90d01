//! The sizes that all kinds of figures share: of the picture, its edge, and its letters.

use plotters::backend::DrawingBackend;

use super::canvas::{Canvas, Type, Weight};
use super::style::{INK, MUTED};

/// Width of a figure in points (of a PNG in pixels).
pub(super) const WIDTH: u32 = 1200;
/// Height of a figure.
pub(super) const HEIGHT: u32 = 750;

pub(super) const TITLE: Type = Type { size: 29.0, weight: Weight::SemiBold, color: INK };
pub(super) const SUBTITLE: Type = Type { size: 19.0, weight: Weight::Regular, color: MUTED };
pub(super) const AXIS: Type = Type { size: 19.0, weight: Weight::SemiBold, color: INK };
pub(super) const TICK: Type = Type { size: 19.0, weight: Weight::Regular, color: INK };
pub(super) const NAME: Type = Type { size: 19.0, weight: Weight::SemiBold, color: INK };
pub(super) const DETAIL: Type = Type { size: 17.5, weight: Weight::Regular, color: MUTED };
pub(super) const NOTE: Type = Type { size: 15.5, weight: Weight::Regular, color: MUTED };

pub(super) const EDGE: f64 = 32.0;
/// Readers of an SVG may have a wider font than the embedded one.
pub(super) const SLACK: f64 = 1.08;

/// Lines of at most `room`, broken between words.
pub(super) fn wrap<B: DrawingBackend>(canvas: &Canvas<'_, B>, text: &str, look: Type, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    // At plain spaces only: one that does not break holds a name and its value together.
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if canvas.width(&format!("{line} {word}"), look) * SLACK <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
