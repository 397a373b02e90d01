//! The files of a report: `<out>/<sweep>/index.html`, `tables/*.{md,tex,csv,json}`, `figures/*.{svg,png}`. What an earlier
//! report left there is removed first, so that no table outlives its sweep.

use drr_core::Status;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::contents::SweepReport;
use super::figure::{self, CurveSource, Figure, GroupLooks};
use super::files::{WrittenReport, clear, put};
use super::group::slug;
use super::ids::{ReportPart, StudyId};
use super::opening::Opening;
use super::options::Format;
use super::page::PageContent;
use super::provenance::{facts, origins};
use super::sheets::Sheets;
use super::{forest, items, page, usage};
use crate::error::{Error, Result};
use crate::store::Store;

impl SweepReport<'_> {
    /// Writes the report below `out`.
    ///
    /// # Errors
    /// No trial at all, a baseline that is no group, or any failure of the database or the file system.
    pub fn write(&self, store: &Store, out: &Path, formats: &[Format]) -> Result<WrittenReport> {
        let sweep = self.sweep;
        if !sweep.trials.iter().any(|trial| matches!(trial.status, Status::Finished | Status::Failed | Status::Stopped))
        {
            return Err(Error::input(format!("no trial of sweep `{}` is finished", sweep.name))
                .hint("run it with `drr-lab sweep FILE`; running it again goes on where it stopped"));
        }
        let sheets = Sheets::new(self)?;
        let origins = origins(store.runs(), sweep);
        let mut figures = self.figures(store)?;
        figures.extend(usage::figures(sweep, &origins).into_iter().map(|figure| (ReportPart::Sweep, figure)));
        let (places, figures): (Vec<ReportPart>, Vec<Figure>) = figures.into_iter().unzip();
        let cannot = |error: &dyn std::fmt::Display| Error::environment(format!("cannot draw the figures: {error}"));
        let drawn = figures
            .par_iter()
            .map(|figure| {
                let png = formats.contains(&Format::Png).then(|| figure::png(figure)).transpose()?;
                Ok((figure::svg(figure)?, png))
            })
            .collect::<std::result::Result<Vec<_>, figure::DrawError>>()
            .map_err(|error| cannot(&error))?;

        let folder = out.join(slug(&sweep.name));
        clear(&folder)?;
        let mut files = Vec::new();
        let mut add = |name: PathBuf, bytes: &[u8]| -> Result<()> {
            files.push(put(&folder, &name, bytes)?);
            Ok(())
        };
        if formats.contains(&Format::Html) {
            let drawings = places.into_iter().zip(&figures).zip(&drawn);
            let pictures: Vec<(ReportPart, &Figure, &str)> =
                drawings.map(|((part, figure), (svg, _))| (part, figure, svg.as_str())).collect();
            let top = Opening::picture(self, &figures);
            let shown = PageContent { sheets: &sheets, pictures: &pictures, top, provenance: facts(sweep, &origins) };
            add("index.html".into(), page::html(store, self, &shown, formats)?.as_bytes())?;
        }
        for format in formats {
            for (name, text) in sheets.written(*format) {
                add(format!("tables/{name}").into(), text.as_bytes())?;
            }
        }
        for (figure, (svg, png)) in figures.iter().zip(&drawn) {
            add(format!("figures/{}.svg", figure.slug).into(), figure::alone(svg).as_bytes())?;
            if let Some(png) = png {
                add(format!("figures/{}.png", figure.slug).into(), png)?;
            }
        }
        Ok(WrittenReport { folder, files, tables: sheets.grids.len(), figures: figures.len() })
    }

    /// All figures of a report but those of the sweep itself, in their order, with what they are of. They show every group, however
    /// tables are laid out.
    fn figures(&self, store: &Store) -> Result<Vec<(ReportPart, Figure)>> {
        let mut figures: Vec<(ReportPart, Figure)> = Vec::new();
        let looks = GroupLooks::of(&self.studies);
        for (study, tables) in &self.studies {
            let mut own = figure::figures(&CurveSource::Recorded(store), study, &looks, self.options.band)?;
            for table in tables.iter().filter(|table| table.id.is_headline()) {
                own.extend(forest::forest(study, table, &looks));
                own.extend(figure::sensitivity(study, table));
                own.extend(figure::profile(study, table, &looks));
            }
            figures.extend(own.into_iter().map(|figure| (ReportPart::Study(StudyId::of(study)), figure)));
        }
        let items = items::figures(store, self, self.options.data.as_deref());
        figures.extend(items.into_iter().map(|(study, figure)| (ReportPart::Study(study), figure)));
        Ok(figures)
    }
}
