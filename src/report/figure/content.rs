//! What a figure shows: finished numbers and words, before anything is drawn.

use super::style::SeriesStyle;

/// One figure, ready to be drawn.
#[derive(Debug)]
pub(in crate::report) struct Figure {
    /// What its files are called.
    pub(in crate::report) slug: String,
    /// What is shown.
    pub(in crate::report) title: String,
    /// n, protocol, data set.
    pub(in crate::report) subtitle: String,
    /// What must be known to read it; a line below.
    pub(in crate::report) note: String,
    pub(in crate::report) plot: Plot,
}

/// What is drawn below the title.
#[derive(Debug)]
pub(in crate::report) enum Plot {
    /// Curves and points over a common axis.
    Lines(PlottedCurves),
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
pub(in crate::report) struct PlottedCurves {
    pub(in crate::report) x: XAxis,
    /// What the values are.
    pub(in crate::report) y_label: String,
    pub(in crate::report) series: Vec<Series>,
}

/// A number for each pair of two axes' values.
#[derive(Debug)]
pub(in crate::report) struct Heat {
    pub(in crate::report) x_label: String,
    pub(in crate::report) y_label: String,
    pub(in crate::report) x: Vec<String>,
    pub(in crate::report) y: Vec<String>,
    /// `cells[row of y][column of x]`: mean and how many groups it is over; `None` where nothing is finished.
    pub(in crate::report) cells: Vec<Vec<Option<(f64, usize)>>>,
    /// What the numbers are.
    pub(in crate::report) label: String,
}

/// A line for each group through its value on every axis and, at the end, its score.
#[derive(Debug)]
pub(in crate::report) struct Parallel {
    /// Axes with their values in order.
    pub(in crate::report) axes: Vec<(String, Vec<String>)>,
    /// What the score is.
    pub(in crate::report) label: String,
    /// Indices of the values, one an axis, and the score.
    pub(in crate::report) groups: Vec<(Vec<usize>, f64)>,
}

/// Differences with their intervals, a section for each reference.
#[derive(Debug)]
pub(in crate::report) struct Forest {
    /// What the differences are of.
    pub(in crate::report) label: String,
    pub(in crate::report) sections: Vec<ForestSection>,
}

/// The differences to one reference.
#[derive(Debug)]
pub(in crate::report) struct ForestSection {
    /// Which.
    pub(in crate::report) name: String,
    pub(in crate::report) lines: Vec<PlottedDifference>,
}

/// One difference.
#[derive(Debug)]
pub(in crate::report) struct PlottedDifference {
    /// Of what.
    pub(in crate::report) name: String,
    /// The look of the group that it is of.
    pub(in crate::report) style: SeriesStyle,
    pub(in crate::report) mean: f64,
    /// `None` for too few pairs.
    pub(in crate::report) interval: Option<(f64, f64)>,
    /// Whether a test finds it.
    pub(in crate::report) found: bool,
    /// The numbers in words.
    pub(in crate::report) text: String,
}

/// Items in two dimensions beside a list of them.
#[derive(Debug)]
pub(in crate::report) struct ItemMap {
    /// Every item.
    pub(in crate::report) all: Vec<(f64, f64)>,
    /// What the user liked before, oldest first.
    pub(in crate::report) history: Vec<Listed>,
    /// What was recommended, first to last.
    pub(in crate::report) recommended: Vec<Listed>,
    pub(in crate::report) x_label: String,
    pub(in crate::report) y_label: String,
}

/// An item of a list.
#[derive(Clone, Debug)]
pub(in crate::report) struct Listed {
    pub(in crate::report) place: (f64, f64),
    pub(in crate::report) title: String,
    /// The user's own rating, with its unit.
    pub(in crate::report) rating: String,
    /// Whether it is a positive one.
    pub(in crate::report) is_liked: bool,
}

/// The horizontal axis.
#[derive(Debug)]
pub(in crate::report) struct XAxis {
    pub(in crate::report) label: String,
    pub(in crate::report) kind: XKind,
}

/// What the horizontal axis counts.
#[derive(Debug)]
pub(in crate::report) enum XKind {
    /// Steps or epochs from the first to the last, ticks where they are round.
    Continuous,
    /// These values and no others, ticks at each.
    Values(Vec<f64>),
    /// These values and no others, which are positive, by their logarithm.
    Logarithms(Vec<f64>),
}

/// One group.
#[derive(Debug)]
pub(in crate::report) struct Series {
    /// The policy or the stage; empty where all series of the figure are of one.
    pub(in crate::report) name: String,
    /// What tells it from others of that name, for example `tau 0.01`; may be empty.
    pub(in crate::report) detail: String,
    pub(in crate::report) style: SeriesStyle,
    pub(in crate::report) shape: Shape,
}

/// What is drawn of a group.
#[derive(Debug)]
pub(in crate::report) enum Shape {
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
    pub(in crate::report) fn last(&self) -> Option<f64> {
        match self {
            Shape::Curve { band, .. } => band.last().map(|point| point.1),
            Shape::Points(points) => points.last().map(|point| point.1),
        }
    }
}
