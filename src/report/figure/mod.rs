//! Figures: finished numbers in, SVG and PNG out of the same drawing code. Needs no font and no display.
//!
//! | file | job |
//! | --- | --- |
//! | `build`, `axes`, `profile` | which figures a sweep has, and their numbers |
//! | `points` | where the points of curves come from |
//! | `content` | what a figure shows |
//! | `draw` | where everything goes; `lines`, `heat`, `parallel`, `forest`, `items` one kind of picture each |
//! | `sizes` | what these share |
//! | `axis` | ranges, ticks, their labels |
//! | `looks` | the look of every group of a sweep, given once |
//! | `style` | colours, dashes, markers |
//! | `canvas` | lines and text on any of plotters' backends |
//! | `render` | the two backends |

mod axes;
mod axis;
mod build;
mod canvas;
mod content;
mod draw;
mod forest;
mod heat;
mod items;
mod lines;
mod looks;
mod parallel;
mod points;
mod profile;
mod render;
mod sizes;
mod style;

pub(super) use axes::sensitivity;
pub(super) use build::{curves, figures, subtitle};
pub(super) use canvas::DrawError;
pub(super) use content::{
    Figure, Forest, ForestSection, ItemMap, Listed, Plot, PlottedCurves, PlottedDifference, Series, Shape, XAxis, XKind,
};
pub(super) use looks::GroupLooks;
pub use points::CurveSource;
pub(super) use profile::profile;
pub(super) use render::{alone, png, svg};
#[cfg(test)]
pub(super) use style::SeriesStyle;
pub(super) use style::{of_recommender, of_stage as stage_style};
