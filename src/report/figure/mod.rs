//! Figures: finished numbers in, SVG and PNG out of the same drawing code. Needs no font and no display.
//!
//! | file | job |
//! | --- | --- |
//! | `build`, `axes` | which figures a sweep has, and their numbers |
//! | `draw` | where everything goes; `heat`, `parallel`, `forest`, `items` what is no curve |
//! | `axis` | ranges, ticks, their labels |
//! | `style` | colours, dashes, markers |
//! | `canvas` | lines and text on any of plotters' backends |
//! | `render` | the two backends |

mod axes;
mod axis;
mod build;
mod canvas;
mod draw;
mod forest;
mod heat;
mod items;
mod parallel;
mod render;
mod style;

pub(super) use axes::{profile, sensitivity};
pub(super) use build::{figures, subtitle};
pub(super) use canvas::DrawError;
pub(super) use render::{alone, png, svg};
pub(super) use style::of_stage as stage_style;

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
    pub(super) plot: Plot,
}

/// What is drawn below the title.
#[derive(Debug)]
pub(super) enum Plot {
    /// Curves and points over a common axis.
    Lines(Lines),
    /// A number for each pair of two axes' values.
    Heat(Heat),
    /// A line for each group through its value on every axis.
    Parallel(Parallel),
    /// Differences with their intervals, by reference.
    Forest(Forest),
    /// Items in two dimensions beside a list of them.
    Items(ItemMap),
}

/// Curves and points over a common axis.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) x: XAxis,
    /// What the values are.
    pub(super) y_label: String,
    pub(super) series: Vec<Series>,
}

/// A number for each pair of two axes' values.
#[derive(Debug)]
pub(super) struct Heat {
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) x: Vec<String>,
    pub(super) y: Vec<String>,
    /// `cells[row of y][column of x]`: mean and how many groups it is over; `None` where nothing is finished.
    pub(super) cells: Vec<Vec<Option<(f64, usize)>>>,
    /// What the numbers are.
    pub(super) label: String,
}

/// A line for each group through its value on every axis and, at the end, its score.
#[derive(Debug)]
pub(super) struct Parallel {
    /// Axes with their values in order.
    pub(super) axes: Vec<(String, Vec<String>)>,
    /// What the score is.
    pub(super) label: String,
    /// Indices of the values, one an axis, and the score.
    pub(super) groups: Vec<(Vec<usize>, f64)>,
}

/// Differences with their intervals, a section for each reference.
#[derive(Debug)]
pub(super) struct Forest {
    /// What the differences are of.
    pub(super) label: String,
    pub(super) sections: Vec<Section>,
}

/// The differences to one reference.
#[derive(Debug)]
pub(super) struct Section {
    /// Which.
    pub(super) name: String,
    pub(super) lines: Vec<Difference>,
}

/// One difference.
#[derive(Debug)]
pub(super) struct Difference {
    /// Of what.
    pub(super) name: String,
    pub(super) policy: String,
    pub(super) mean: f64,
    /// `None` for too few pairs.
    pub(super) interval: Option<(f64, f64)>,
    /// Whether a test finds it.
    pub(super) found: bool,
    /// The numbers in words.
    pub(super) text: String,
}

/// Items in two dimensions beside a list of them.
#[derive(Debug)]
pub(super) struct ItemMap {
    /// Every item.
    pub(super) all: Vec<(f64, f64)>,
    /// What the user liked before, oldest first.
    pub(super) history: Vec<Listed>,
    /// What was recommended, first to last.
    pub(super) recommended: Vec<Listed>,
    pub(super) x_label: String,
    pub(super) y_label: String,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) place: (f64, f64),
    pub(super) title: String,
    /// The user's own rating.
    pub(super) stars: f32,
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
    /// These values and no others, which are positive, by their logarithm.
    Logarithms(Vec<f64>),
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
        /// x, value, low end, high end.
        band: Vec<(f64, f64, f64, f64)>,
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
