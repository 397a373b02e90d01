//! The two backends. Both are drawn on a finer grid than they show: plotters counts in whole units, which would make
//! curves jag, and its pixels are not smoothed.

use plotters::backend::DrawingBackend as _;
use plotters::prelude::{BitMapBackend, SVGBackend};

use super::canvas::{Canvas, DrawError, Lettering};
use super::content::Figure;
use super::draw::draw;
use super::sizes::{HEIGHT, WIDTH};
use crate::neutral;

/// Units of the SVG in a point.
const FINE: u32 = 4;
/// Pixels drawn for a pixel shown, along each side.
const OVERSAMPLING: u32 = 3;

/// The figure as an SVG document that scales with what it is put in.
pub(in crate::report) fn svg(figure: &Figure) -> Result<String, DrawError> {
    let mut text = String::new();
    let spots = {
        let mut backend = SVGBackend::with_string(&mut text, (WIDTH * FINE, HEIGHT * FINE));
        let mut canvas = Canvas::new(&mut backend, f64::from(FINE), Lettering::Reader);
        draw(figure, &mut canvas)?;
        let spots = canvas.into_spots();
        backend.present().map_err(|error| DrawError::new(&error))?;
        spots
    };
    let (_, body) = text.split_once('>').ok_or_else(|| DrawError::new(&"the SVG has no root"))?;
    // A control character may stand in no XML, escaped as XML does or not.
    let escape = |text: &str| neutral::line(text).replace('&', "&amp;").replace('<', "&lt;");
    let spot = |((x, y), text): &((f64, f64), String)| {
        let (x, y) = ((x * f64::from(FINE)).round(), (y * f64::from(FINE)).round());
        format!(
            "<circle class=\"spot\" cx=\"{x}\" cy=\"{y}\" r=\"{}\" fill=\"none\"><title>{}</title></circle>\n",
            9 * FINE,
            escape(text)
        )
    };
    let spots: String = spots.iter().map(spot).collect();
    let body = body.replace("</svg>", &format!("{spots}</svg>"));
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         viewBox=\"0 0 {} {}\" role=\"img\">\n<title>{}. {}</title>{body}",
        WIDTH * FINE,
        HEIGHT * FINE,
        escape(&figure.title),
        escape(&figure.subtitle),
    ))
}

/// The SVG document as a file of its own, which darkens where its reader is dark, as the page does.
pub(in crate::report) fn alone(svg: &str) -> String {
    let style = include_str!("../../../templates/figure.css");
    svg.replacen('\n', &format!("\n<style>\n{style}</style>\n"), 1)
}

/// The figure as a PNG file.
pub(in crate::report) fn png(figure: &Figure) -> Result<Vec<u8>, DrawError> {
    let (width, height) = (WIDTH * OVERSAMPLING, HEIGHT * OVERSAMPLING);
    let mut pixels = vec![255; (width * height * 3) as usize];
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        draw(figure, &mut Canvas::new(&mut backend, f64::from(OVERSAMPLING), Lettering::Dots))?;
        backend.present().map_err(|error| DrawError::new(&error))?;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| DrawError::new(&error))?;
    writer.write_image_data(&averaged(&pixels)).map_err(|error| DrawError::new(&error))?;
    writer.finish().map_err(|error| DrawError::new(&error))?;
    Ok(file)
}

/// Each shown pixel is the mean of the square drawn for it.
fn averaged(pixels: &[u8]) -> Vec<u8> {
    let (side, width) = (OVERSAMPLING as usize, WIDTH as usize);
    let mut shown = Vec::with_capacity(width * HEIGHT as usize * 3);
    let mut sums = vec![0u32; width * 3];
    for rows in pixels.chunks_exact(width * side * 3 * side) {
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
