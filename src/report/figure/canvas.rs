//! Lines and text on any of plotters' backends, in points of the finished picture. SVG text is left to its reader;
//! on pixels it is set here, from the embedded font: plotters' own setting forgets the room to the left of a letter.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, GlyphId, ScaleFont as _};
use plotters::backend::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};

use super::style::Marker;
use crate::neutral;

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../../assets/fonts/Inter-Regular.otf")).expect("the file is a font")
});
static SEMI_BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../../assets/fonts/Inter-SemiBold.otf")).expect("the file is a font")
});

/// The embedded font, and in SVG what a reader's machine may take instead.
const FAMILY: &str = "Inter, Helvetica, Arial, 'Liberation Sans', sans-serif";
/// The font size of plotters' SVG over the size of an em.
const SIZE_OVER_EM: f64 = 1.24;

/// No point of a picture is farther away than this.
const FAR: f64 = 20_000.0;

/// Who sets the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lettering {
    /// The reader of the SVG.
    Reader,
    /// This file, dot by dot.
    Dots,
}

/// Where text stands relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextAnchor {
    Left,
    Center,
    Right,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    /// Size of an em.
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) color: RGBColor,
}

/// How heavy text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// What could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw: {0}")]
pub(in crate::report) struct DrawError(String);

impl DrawError {
    pub(super) fn new(cause: &dyn std::fmt::Display) -> Self {
        Self(cause.to_string())
    }
}

/// A place to draw on.
pub(super) struct Canvas<'a, B: DrawingBackend> {
    backend: &'a mut B,
    /// Units of the backend in a point.
    scale: f64,
    lettering: Lettering,
    /// Places with a value, for a pointer that rests there.
    spots: Vec<((f64, f64), String)>,
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    pub(super) fn new(backend: &'a mut B, scale: f64, lettering: Lettering) -> Self {
        Self { backend, scale, lettering, spots: Vec::new() }
    }

    /// Notes what is at a place.
    pub(super) fn spot(&mut self, place: (f64, f64), text: String) {
        if known(place) {
            self.spots.push((place, text));
        }
    }

    /// What was noted, by place in points.
    pub(super) fn into_spots(self) -> Vec<((f64, f64), String)> {
        self.spots
    }

    /// A place in the backend's units. Plotters counts in 32 bits and walks every step of a line: what lies far outside the
    /// picture is brought near.
    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        let units = |value: f64| (value.clamp(-FAR, FAR) * self.scale).round() as i32;
        (units(x), units(y))
    }

    /// A line through `points`; `dash` holds lengths of dashes and gaps, and is solid when empty.
    pub(super) fn line(
        &mut self,
        points: &[(f64, f64)],
        color: RGBColor,
        alpha: f64,
        width: f64,
        dash: &[f64],
    ) -> Result<(), DrawError> {
        let style = ShapeStyle {
            color: color.mix(alpha),
            filled: false,
            stroke_width: ((width * self.scale).round() as u32).max(1),
        };
        // What is no number has no place: a line is broken there.
        let near = |&(x, y): &(f64, f64)| (x.clamp(-FAR, FAR), y.clamp(-FAR, FAR));
        let pieces = points.split(|point| !known(*point)).map(|piece| piece.iter().map(near).collect::<Vec<_>>());
        for piece in pieces.flat_map(|piece| dashes(&piece, dash)) {
            let mut path: Vec<(i32, i32)> = piece.iter().map(|&point| self.at(point)).collect();
            path.dedup();
            if path.len() > 1 {
                self.backend.draw_path(path, &style).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// A filled area.
    pub(super) fn area(&mut self, points: &[(f64, f64)], color: RGBColor, alpha: f64) -> Result<(), DrawError> {
        let path: Vec<(i32, i32)> = points.iter().filter(|point| known(**point)).map(|&point| self.at(point)).collect();
        self.backend.fill_polygon(path, &color.mix(alpha)).map_err(failed)
    }

    /// A marker of radius `r`.
    pub(super) fn marker(
        &mut self,
        marker: Marker,
        (x, y): (f64, f64),
        r: f64,
        color: RGBColor,
    ) -> Result<(), DrawError> {
        if !known((x, y)) {
            return Ok(());
        }
        let mut stroke = |from: (f64, f64), to: (f64, f64)| {
            self.line(&[(x + from.0 * r, y + from.1 * r), (x + to.0 * r, y + to.1 * r)], color, 1.0, r * 0.55, &[])
        };
        let corners: &[(f64, f64)] = match marker {
            Marker::Circle => {
                let center = self.at((x, y));
                let radius = (r * self.scale).round() as u32;
                return self.backend.draw_circle(center, radius, &color, true).map_err(failed);
            }
            Marker::Cross => {
                stroke((-0.9, -0.9), (0.9, 0.9))?;
                return stroke((-0.9, 0.9), (0.9, -0.9));
            }
            Marker::Plus => {
                stroke((-1.1, 0.0), (1.1, 0.0))?;
                return stroke((0.0, -1.1), (0.0, 1.1));
            }
            Marker::Bar => return stroke((-1.1, 0.0), (1.1, 0.0)),
            Marker::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            Marker::Triangle => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
            Marker::Down => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
            Marker::Diamond => &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
        };
        let corners: Vec<(f64, f64)> = corners.iter().map(|corner| (x + corner.0 * r, y + corner.1 * r)).collect();
        self.area(&corners, color, 1.0)
    }

    /// Text whose baseline is at `y`.
    pub(super) fn text(
        &mut self,
        text: &str,
        place: (f64, f64),
        align: TextAnchor,
        look: Type,
    ) -> Result<(), DrawError> {
        let text = &neutral::line(text);
        match self.lettering {
            Lettering::Reader => self.text_for_reader(text, place, align, look),
            Lettering::Dots => self.text_in_dots(text, place, align, look),
        }
    }

    fn text_for_reader(
        &mut self,
        text: &str,
        (x, y): (f64, f64),
        align: TextAnchor,
        look: Type,
    ) -> Result<(), DrawError> {
        let weight = match look.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::SemiBold => FontStyle::Bold,
        };
        let horizontal = match align {
            TextAnchor::Left => HPos::Left,
            TextAnchor::Center => HPos::Center,
            TextAnchor::Right => HPos::Right,
        };
        let style = TextStyle {
            font: FontDesc::new(FontFamily::Name(FAMILY), look.size * SIZE_OVER_EM * self.scale, weight),
            color: look.color.to_backend_color(),
            pos: Pos::new(horizontal, VPos::Top),
        };
        // With that anchor plotters sets the baseline 0.76 em below the place.
        let place = self.at((x, y - 0.76 * look.size));
        self.backend.draw_text(text, &style, place).map_err(failed)
    }

    fn text_in_dots(&mut self, text: &str, (x, y): (f64, f64), align: TextAnchor, look: Type) -> Result<(), DrawError> {
        let left = match align {
            TextAnchor::Left => x,
            TextAnchor::Center => x - self.width(text, look) / 2.0,
            TextAnchor::Right => x - self.width(text, look),
        };
        let font = font(look.weight);
        let scale = em(font, look.size * self.scale);
        for (glyph, offset) in advances(font, text, scale) {
            let place = ((left * self.scale) as f32 + offset, (y * self.scale) as f32);
            for (place, cover) in drr_pixels::letter(font, glyph, scale.into(), place) {
                let color = look.color.mix(f64::from(cover)).to_backend_color();
                self.backend.draw_pixel(place, color).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// How wide `text` is in the embedded font.
    pub(super) fn width(&self, text: &str, look: Type) -> f64 {
        let font = font(look.weight);
        let scale = em(font, look.size);
        let scaled = font.as_scaled(scale);
        let width: f32 = neutral::line(text).chars().map(|letter| scaled.h_advance(font.glyph_id(letter))).sum();
        f64::from(width)
    }
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::SemiBold => &SEMI_BOLD,
    }
}

/// ab_glyph's scale, the height from ascent to descent, for an em of `size`.
fn em(font: &FontRef<'_>, size: f64) -> f32 {
    size as f32 * font.height_unscaled() / font.units_per_em().unwrap_or(1000.0)
}

/// Each letter with its distance from the first.
fn advances<'a>(font: &'a FontRef<'_>, text: &'a str, scale: f32) -> impl Iterator<Item = (GlyphId, f32)> + 'a {
    let scaled = font.as_scaled(scale);
    text.chars().scan(0.0, move |pen, letter| {
        let glyph = font.glyph_id(letter);
        let place = *pen;
        *pen += scaled.h_advance(glyph);
        Some((glyph, place))
    })
}

/// Whether a place is one.
fn known((x, y): (f64, f64)) -> bool {
    x.is_finite() && y.is_finite()
}

fn failed(error: impl std::error::Error) -> DrawError {
    DrawError::new(&error)
}

/// Cuts a line into its dashes.
fn dashes(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    if pattern.is_empty() {
        return vec![points.to_vec()];
    }
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    let (mut index, mut left) = (0, pattern[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            let drawn = index % 2 == 0;
            if drawn && piece.is_empty() {
                piece.push(from);
            }
            if length <= left {
                left -= length;
                if drawn {
                    piece.push(to);
                }
                break;
            }
            let share = left / length;
            from = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
            if drawn {
                piece.push(from);
                pieces.push(std::mem::take(&mut piece));
            }
            index = (index + 1) % pattern.len();
            left = pattern[index];
        }
    }
    if piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::dashes;

    #[test]
    fn dashes_go_round_corners() {
        let pieces = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 4.0)], &[4.0, 2.0]);
        assert_eq!(pieces, [vec![(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)], vec![(3.0, 3.0), (3.0, 4.0)]]);
    }
}
