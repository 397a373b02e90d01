//! Figures: finished numbers in, SVG and PNG out of the same drawing code. Needs no font and no display.
//!
//! | file | job |
//! | --- | --- |
//! | `build` | which figures a sweep has, and their numbers |
//! | `draw` | where everything goes |
//! | `axis` | ranges, ticks, their labels |
//! | `style` | colours, dashes, markers |
//! | `canvas` | lines and text on any of plotters' backends |
//! | `render` | the two backends |

mod axis;
mod build;
mod canvas;
mod draw;
mod render;
mod style;

pub(super) use build::figures;
pub(super) use canvas::DrawError;
pub(super) use render::{png, svg};

/// One figure, ready to be drawn.
#[derive(Debug)]
pub(super) struct Figure {
    /// What its files are called.
    pub(super) slug: String,
    /// What is shown.
    pub(super) title: String,
    /// n, protocol, data set.
    pub(super) subtitle: String,
    /// What must be known to read it; a line below.
    pub(super) note: String,
    pub(super) x: XAxis,
    /// What the values are.
    pub(super) y_label: String,
    pub(super) series: Vec<Series>,
}

/// The horizontal axis.
#[derive(Debug)]
pub(super) struct XAxis {
    pub(super) label: String,
    pub(super) kind: XKind,
}

/// What the horizontal axis counts.
#[derive(Debug)]
pub(super) enum XKind {
    /// Steps or epochs from the first to the last, ticks where they are round.
    Continuous,
    /// These values and no others, ticks at each.
    Values(Vec<f64>),
}

/// One group.
#[derive(Debug)]
pub(super) struct Series {
    /// The policy or the stage; empty where all series of the figure are of one.
    pub(super) name: String,
    /// What tells it from others of that name, for example `tau 0.01`; may be empty.
    pub(super) detail: String,
    pub(super) style: style::Style,
    pub(super) shape: Shape,
}

/// What is drawn of a group.
#[derive(Debug)]
pub(super) enum Shape {
    /// A curve with a band, above faint curves.
    Curve {
        /// x, mean, standard deviation.
        band: Vec<(f64, f64, f64)>,
        /// Raw curves.
        faint: Vec<Vec<(f64, f64)>>,
    },
    /// Points with error bars: x, mean, standard deviation where there is one.
    Points(Vec<(f64, f64, Option<f64>)>),
}

impl Shape {
    /// The value a reader compares: the last one.
    pub(super) fn last(&self) -> Option<f64> {
        match self {
            Shape::Curve { band, .. } => band.last().map(|point| point.1),
            Shape::Points(points) => points.last().map(|point| point.1),
        }
    }
}
