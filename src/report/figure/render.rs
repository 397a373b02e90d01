//! The two backends. Both are drawn on a finer grid than they show: plotters counts in whole units, which would make
//! curves jag.

use drr_pixels::{OVERSAMPLING, Pixels};
use plotters::backend::DrawingBackend as _;
use plotters::prelude::SVGBackend;

use super::canvas::{Canvas, DrawError, Lettering};
use super::content::Figure;
use super::draw::draw;
use super::sizes::{HEIGHT, WIDTH};
use crate::neutral;

/// Units of the SVG in a point.
const FINE: u32 = 4;

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
    let mut pixels = Pixels::white(WIDTH, HEIGHT);
    draw(figure, &mut Canvas::new(&mut pixels, f64::from(OVERSAMPLING), Lettering::Dots))?;
    pixels.png().map_err(|error| DrawError::new(&error))
}
