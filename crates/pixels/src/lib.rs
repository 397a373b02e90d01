//! A picture drawn dot by dot, on a finer grid than it shows: plotters counts in whole units, which would make curves jag, and
//! its pixels are not smoothed. A crate of its own, so that these loops are compiled for speed where all around them is
//! compiled for a quick build.

use ab_glyph::{Font as _, FontRef, GlyphId, PxScale, point};
use plotters::backend::BitMapBackend;
use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind};

/// Pixels drawn for a pixel shown, along each side.
pub const OVERSAMPLING: u32 = 3;

/// A picture in the making, [`OVERSAMPLING`] times as wide and high as it will be.
pub struct Pixels {
    /// As it will be.
    size: (u32, u32),
    /// Red, green and blue of what is drawn, row by row.
    dots: Vec<u8>,
}

/// Why a picture cannot be drawn or written.
pub type PixelError = Box<dyn std::error::Error + Send + Sync>;

impl Pixels {
    /// A white picture that will be `width` by `height`.
    pub fn white(width: u32, height: u32) -> Self {
        Self { size: (width, height), dots: vec![255; (width * height * 3 * OVERSAMPLING.pow(2)) as usize] }
    }

    fn fine(&self) -> (u32, u32) {
        (self.size.0 * OVERSAMPLING, self.size.1 * OVERSAMPLING)
    }

    /// Draws by plotters' own means.
    fn draw(&mut self, how: impl FnOnce(&mut BitMapBackend<'_>) -> Drawn) -> Result<(), DrawingErrorKind<PixelFault>> {
        let fine = self.fine();
        let mut backend = BitMapBackend::with_buffer(&mut self.dots, fine);
        how(&mut backend).map_err(|error| DrawingErrorKind::DrawingError(PixelFault(error.to_string())))
    }

    fn path(&mut self, path: Vec<BackendCoord>, style: &ShapeStyle) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.draw(|backend| backend.draw_path(path, style))
    }

    fn polygon(&mut self, path: Vec<BackendCoord>, color: &RGBAColor) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.draw(|backend| backend.fill_polygon(path, color))
    }

    /// The picture as a PNG file: each pixel shown is the mean of the square drawn for it.
    ///
    /// # Errors
    /// The encoder's.
    pub fn png(&self) -> Result<Vec<u8>, PixelError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.size.0, self.size.1);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.averaged())?;
        writer.finish()?;
        Ok(file)
    }

    fn averaged(&self) -> Vec<u8> {
        let (side, width) = (OVERSAMPLING as usize, self.size.0 as usize);
        let mut shown = Vec::with_capacity(width * self.size.1 as usize * 3);
        let mut sums = vec![0u32; width * 3];
        for rows in self.dots.chunks_exact(width * side * 3 * side) {
            sums.fill(0);
            for row in rows.chunks_exact(width * side * 3) {
                for (sum, square) in sums.chunks_exact_mut(3).zip(row.chunks_exact(side * 3)) {
                    for pixel in square.chunks_exact(3) {
                        sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u32::from(*value));
                    }
                }
            }
            let count = OVERSAMPLING * OVERSAMPLING;
            shown.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
        }
        shown
    }
}

type Drawn = Result<(), DrawingErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>>;

/// What plotters could not do.
#[derive(Debug)]
pub struct PixelFault(String);

impl std::fmt::Display for PixelFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PixelFault {}

/// A colour that is what `color` is.
fn mixed(color: BackendColor) -> RGBAColor {
    RGBAColor(color.rgb.0, color.rgb.1, color.rgb.2, color.alpha)
}

fn shape<S: BackendStyle>(style: &S) -> ShapeStyle {
    ShapeStyle { color: mixed(style.color()), filled: false, stroke_width: style.stroke_width() }
}

impl DrawingBackend for Pixels {
    type ErrorType = PixelFault;

    fn get_size(&self) -> (u32, u32) {
        self.fine()
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<PixelFault>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<PixelFault>> {
        Ok(())
    }

    fn draw_pixel(&mut self, place: BackendCoord, color: BackendColor) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.draw(|backend| backend.draw_pixel(place, color))
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.path(vec![from, to], &shape(style))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.path(path.into_iter().collect(), &shape(style))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<PixelFault>> {
        self.polygon(path.into_iter().collect(), &mixed(style.color()))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        center: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Result<(), DrawingErrorKind<PixelFault>> {
        let style = shape(style);
        self.draw(|backend| backend.draw_circle(center, radius, &style, fill))
    }
}

/// The dots of a letter that stands at a place, and how much of each it covers, above 0 and up to 1.
pub fn letter(font: &FontRef<'_>, glyph: GlyphId, scale: PxScale, (x, y): (f32, f32)) -> Vec<((i32, i32), f32)> {
    let Some(outline) = font.outline_glyph(glyph.with_scale_and_position(scale, point(x, y))) else {
        return Vec::new();
    };
    let corner = outline.px_bounds().min;
    let mut dots = Vec::new();
    outline.draw(|x, y, cover| {
        if cover > 0.0 {
            dots.push(((corner.x as i32 + x as i32, corner.y as i32 + y as i32), cover.min(1.0)));
        }
    });
    dots
}
