//! What a person asks of a report.

use std::path::PathBuf;

use super::layout::TableLayout;
use super::reference::Reference;
use crate::paper::Paper;
use drr_stats::Spread;

/// What a report is written as. Figures are always written as SVG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A page that needs nothing but a browser.
    Html,
    /// Tables in Markdown.
    Md,
    /// Tables in LaTeX, for booktabs.
    Tex,
    /// Tables in CSV, in full precision.
    Csv,
    /// Tables in JSON, in full precision, with every seed's score.
    Json,
    /// Figures in PNG.
    Png,
}

/// What a report shows beyond its tables.
#[derive(Clone, Debug, Default)]
pub struct ReportOptions {
    /// The group that others are compared with; the untrained networks, where there are any, if not given.
    pub baseline: Option<Reference>,
    /// Published numbers to set ours beside.
    pub papers: Vec<Paper>,
    /// How tables are laid out.
    pub layout: TableLayout,
    /// What the bands of learning curves show.
    pub band: Spread,
    /// The data folder, for titles and ratings; without it no recommended items are shown.
    pub data: Option<PathBuf>,
}
