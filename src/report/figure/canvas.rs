//! Lines and text on any of plotters' backends, in points of the finished picture. Text stands on its baseline, which
//! the backends put in different places.

use std::sync::OnceLock;

use plotters::backend::DrawingBackend;
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};
use plotters::style::{register_font, text_anchor};

use super::style::Marker;

/// The embedded font, and in SVG what a reader's machine may take instead.
const FAMILY: &str = "Inter, Helvetica, Arial, 'Liberation Sans', sans-serif";
/// plotters' font size over the size of an em.
const SIZE_OVER_EM: f64 = 1.24;

/// Where a backend puts text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Baseline {
    /// As SVG readers do.
    Svg,
    /// As plotters' pixels do.
    Pixels,
}

/// Where text stands relative to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
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
    baseline: Baseline,
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    pub(super) fn new(backend: &'a mut B, scale: f64, baseline: Baseline) -> Result<Self, DrawError> {
        static FONTS: OnceLock<bool> = OnceLock::new();
        let registered = FONTS.get_or_init(|| {
            let regular: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");
            let bold: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.otf");
            register_font(FAMILY, FontStyle::Normal, regular).is_ok()
                && register_font(FAMILY, FontStyle::Bold, bold).is_ok()
        });
        if !registered {
            return Err(DrawError("the embedded font does not read".to_owned()));
        }
        Ok(Self { backend, scale, baseline })
    }

    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
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
        for piece in dashes(points, dash) {
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
        let path: Vec<(i32, i32)> = points.iter().map(|&point| self.at(point)).collect();
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
    pub(super) fn text(&mut self, text: &str, (x, y): (f64, f64), align: Align, look: Type) -> Result<(), DrawError> {
        let size = look.size * SIZE_OVER_EM * self.scale;
        // Both anchor the top: an SVG reader sets the baseline 0.76 em below it, plotters' pixels half its font size.
        let drop = match self.baseline {
            Baseline::Svg => 0.76 * look.size,
            Baseline::Pixels => 0.5 * look.size * SIZE_OVER_EM,
        };
        let x = match (align, self.baseline) {
            (Align::Left, _) | (_, Baseline::Svg) => x,
            // plotters rounds a text's extent before it anchors; measured here, it stays where it belongs.
            (Align::Center, Baseline::Pixels) => x - self.width(text, look) / 2.0,
            (Align::Right, Baseline::Pixels) => x - self.width(text, look),
        };
        let horizontal = match (align, self.baseline) {
            (Align::Left, _) | (_, Baseline::Pixels) => text_anchor::HPos::Left,
            (Align::Center, Baseline::Svg) => text_anchor::HPos::Center,
            (Align::Right, Baseline::Svg) => text_anchor::HPos::Right,
        };
        let style = TextStyle {
            font: font(size, look.weight),
            color: look.color.to_backend_color(),
            pos: text_anchor::Pos::new(horizontal, text_anchor::VPos::Top),
        };
        let position = self.at((x, y - drop));
        self.backend.draw_text(text, &style, position).map_err(failed)
    }

    /// How wide `text` is in the embedded font.
    pub(super) fn width(&self, text: &str, look: Type) -> f64 {
        // Measured large, since plotters answers in whole units.
        const LARGE: f64 = 20.0;
        let font = font(look.size * SIZE_OVER_EM * LARGE, look.weight);
        font.box_size(text).map_or(0.0, |(width, _)| f64::from(width) / LARGE)
    }
}

fn font(size: f64, weight: Weight) -> FontDesc<'static> {
    let style = match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::SemiBold => FontStyle::Bold,
    };
    FontDesc::new(FontFamily::Name(FAMILY), size, style)
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
