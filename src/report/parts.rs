//! The page below its top, by measure: of each study its tables, comparisons and figures, then published numbers, then the sweep itself.

use std::collections::BTreeMap;

use super::contents::SweepReport;
use super::figure::Figure;
use super::grid::Grid;
use super::group::Study;
use super::ids::{ReportPart, StudyId};
use super::sheets::Sheets;
use crate::neutral;

/// A picture of the page.
#[derive(Debug)]
pub(super) struct Picture<'r> {
    pub(super) slug: &'r str,
    pub(super) title: String,
    /// What is drawn, as SVG.
    pub(super) drawing: &'r str,
}

/// What is folded together.
#[derive(Debug)]
pub(super) struct FoldedPart<'r> {
    /// What leads to it.
    pub(super) id: String,
    pub(super) title: String,
    /// What of the title its tables have in theirs: links within the part leave it out.
    pub(super) common: String,
    pub(super) tables: Vec<&'r Grid>,
    pub(super) pictures: Vec<Picture<'r>>,
    /// Slug and title of the picture that stands at the top of the page, where it is one of these.
    pub(super) above: Option<(String, String)>,
}

impl FoldedPart<'_> {
    /// What a table is called among those of its part.
    pub(super) fn short(&self, grid: &Grid) -> String {
        if self.common.is_empty() { grid.title.clone() } else { grid.title.replacen(&self.common, "", 1) }
    }

    /// `5 tables, 3 figures`.
    pub(super) fn counts(&self) -> String {
        let count = |count: usize, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            many => Some(format!("{many} {what}s")),
        };
        let figures = self.pictures.len() + usize::from(self.above.is_some());
        let parts = [count(self.tables.len(), "table"), count(figures, "figure")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// The parts of `report` in their order; `pictures` with what each is of, the one at `top` not repeated.
pub(super) fn parts<'r>(
    report: &SweepReport<'_>,
    sheets: &'r Sheets<'_>,
    pictures: &'r [(ReportPart, &'r Figure, &'r str)],
    top: Option<usize>,
) -> Vec<FoldedPart<'r>> {
    let mut titles: BTreeMap<ReportPart, String> = BTreeMap::new();
    let mut order = Vec::new();
    for (study, _) in &report.studies {
        let part = ReportPart::Study(StudyId::of(study));
        titles.insert(part.clone(), title(study));
        order.push(part);
    }
    order.extend([ReportPart::Papers, ReportPart::Sweep]);
    let of = |part: ReportPart| {
        let tables: Vec<&Grid> = sheets.placed().filter(|(place, _)| *place == part).map(|(_, grid)| grid).collect();
        let own = pictures.iter().enumerate().filter(|(_, (place, ..))| *place == part);
        let (above, own): (Vec<_>, Vec<_>) = own.partition(|(at, _)| Some(*at) == top);
        let picture = |(_, (_, figure, svg)): &(usize, &'r (ReportPart, &'r Figure, &'r str))| Picture {
            slug: &figure.slug,
            title: neutral::line(&figure.title).into_owned(),
            drawing: svg,
        };
        let title = match &part {
            ReportPart::Study(_) => titles.get(&part).cloned().unwrap_or_default(),
            ReportPart::Papers => "Published numbers".to_owned(),
            ReportPart::Sweep => "How the sweep ran".to_owned(),
        };
        let title = neutral::line(&title).into_owned();
        FoldedPart {
            id: part.id(),
            common: title.find(" · ").map_or_else(String::new, |at| title[at..].to_owned()),
            title,
            tables,
            pictures: own.iter().map(picture).collect(),
            above: above.iter().map(picture).map(|it| (it.slug.to_owned(), it.title)).next(),
        }
    };
    // What the sweep itself did is always told.
    let has_any = |part: &FoldedPart<'_>| {
        part.id == ReportPart::Sweep.id()
            || !part.tables.is_empty()
            || !part.pictures.is_empty()
            || part.above.is_some()
    };
    order.into_iter().map(of).filter(has_any).collect()
}

/// What a study is of, in words.
fn title(study: &Study<'_>) -> String {
    let facts = study.subject.study();
    let what = match study.subject.is_of_policies() {
        true => capitalised(study.subject.kind.title),
        false => facts.families.first().map_or_else(|| capitalised(facts.name), |it| study.in_units(it.title)),
    };
    let parts = [
        Some(what),
        Some(study.dataset.to_owned()),
        study.subject.protocol.map(|protocol| format!("protocol {protocol}")),
        Some(format!("rewards by {}", study.simulator)).filter(|_| !study.simulator.is_empty()),
        Some(study.among.clone()),
    ];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
