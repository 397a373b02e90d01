//! Colours, dashes and markers: after Okabe and Ito (2008), told apart by colour-blind readers, and by dash and marker
//! in grey print.

pub(super) use drr_kinds::kind::Marker;
use drr_kinds::{Stage, registry};
use plotters::style::RGBColor;

/// Text and axes.
pub(super) const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
/// Secondary text.
pub(super) const MUTED: RGBColor = RGBColor(0x57, 0x60, 0x6a);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xe3, 0xe7, 0xeb);
/// Background.
pub(super) const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

/// How a series looks.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct SeriesStyle {
    pub(super) color: RGBColor,
    /// Lengths of dashes and gaps; empty is solid.
    pub(super) dash: &'static [f64],
    pub(super) marker: Marker,
}

impl SeriesStyle {
    /// Whether they are hard to tell apart: by dashes alone, of which some are nearly alike, nobody should have to.
    pub(in crate::report) fn is_like(&self, other: &Self) -> bool {
        self.color == other.color && self.marker == other.marker
    }
}

const fn style(color: (u8, u8, u8), dash: &'static [f64], marker: Marker) -> SeriesStyle {
    SeriesStyle { color: RGBColor(color.0, color.1, color.2), dash, marker }
}

/// Looks that differ in colour, and in marker too.
pub(super) const LOOKS: usize = 8;

/// Okabe and Ito's colours in an order that keeps neighbours apart; their yellow, which white paper swallows, is
/// last and darker.
const SERIES: [SeriesStyle; LOOKS] = [
    style((0x00, 0x72, 0xb2), &[], Marker::Circle),
    style((0xd5, 0x5e, 0x00), &[], Marker::Square),
    style((0x00, 0x9e, 0x73), &[], Marker::Triangle),
    style((0x56, 0xb4, 0xe9), &[], Marker::Diamond),
    style((0xcc, 0x79, 0xa7), &[9.0, 4.0], Marker::Down),
    style((0xe6, 0x9f, 0x00), &[9.0, 4.0], Marker::Cross),
    style((0x1b, 0x1f, 0x24), &[9.0, 4.0], Marker::Plus),
    style((0xa8, 0x9c, 0x1c), &[9.0, 4.0], Marker::Bar),
];

/// The look of recommender number `index`: the first eight by colour, the next eight by another dash and marker, and so on; the
/// sixty-fifth is the first one again.
pub(in crate::report) fn of_recommender(index: usize) -> SeriesStyle {
    variant(SERIES[index % LOOKS], index / LOOKS)
}

/// Dashes that are taken in turn.
const DASHES: [&[f64]; 4] = [&[], &[9.0, 4.0], &[2.5, 3.5], &[14.0, 4.0, 2.5, 4.0]];
/// How many markers there are.
pub(super) const MARKED: usize = 8;
/// Markers that are taken in turn.
const MARKERS: [Marker; MARKED] = [
    Marker::Circle,
    Marker::Square,
    Marker::Triangle,
    Marker::Diamond,
    Marker::Down,
    Marker::Cross,
    Marker::Plus,
    Marker::Bar,
];

/// `look` in its colour with another dash and marker: another one for each `turn` of eight, the look itself for the first.
pub(super) fn variant(look: SeriesStyle, turn: usize) -> SeriesStyle {
    let turn = turn % MARKERS.len();
    if turn == 0 {
        return look;
    }
    let next = |at: Option<usize>, step: usize, of: usize| (at.unwrap_or(0) + step) % of;
    let dash = next(DASHES.iter().position(|dash| *dash == look.dash), turn, DASHES.len());
    // Three steps on, so that neighbours in shape do not follow each other.
    let marker = next(MARKERS.iter().position(|marker| *marker == look.marker), 3 * turn, MARKERS.len());
    SeriesStyle { dash: DASHES[dash], marker: MARKERS[marker], ..look }
}

/// The look of the line of a setting, which is no group and so has no group's colour: told apart by grey, dash and marker.
pub(super) fn of_slice(index: usize) -> SeriesStyle {
    let colour = [INK, MUTED][index % 2];
    let (dash, marker) = (DASHES[(index / 2) % DASHES.len()], MARKERS[index % MARKERS.len()]);
    SeriesStyle { color: colour, dash, marker }
}

/// The look of a policy that has its own, the same in all figures.
pub(super) fn of_baseline(policy: &str) -> Option<SeriesStyle> {
    let drr_kinds::kind::Style { colour, dashes, marker } = registry::policy(policy)?.policy()?.style?;
    Some(style(colour, dashes, marker))
}

/// The look of a stage of the sweep; of all of them for `None`.
pub(in crate::report) fn of_stage(stage: Option<Stage>) -> SeriesStyle {
    match stage {
        Some(Stage::EVAL) => SERIES[1],
        // What stands on most comes first, as recommenders do elsewhere.
        Some(stage) => match stage.rank() {
            (_, true) => SERIES[0],
            (place, false) => SERIES[(2 + place) % SERIES.len()],
        },
        None => SERIES[6],
    }
}

/// The colour of a share of the range: from pale to deep blue, monotone in grey print too.
pub(super) fn shade(share: f64) -> RGBColor {
    let mix = |low: f64, high: f64| (low + (high - low) * share.clamp(0.0, 1.0)).round() as u8;
    RGBColor(mix(232.0, 8.0), mix(241.0, 72.0), mix(250.0, 130.0))
}
