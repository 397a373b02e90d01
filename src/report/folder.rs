//! The files of a report: `<out>/<sweep>/index.html`, `tables/*.{md,csv}`, `figures/*.{svg,png}`. What an earlier
//! report left there is removed first, so that no table outlives its sweep.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::figure::{self, Figure};
use super::group::{slug, studies};
use super::page;
use super::table::{Table, tables};
use super::text;
use crate::error::{Error, Result};
use crate::store::{Status, Store, StoredSweep};

/// What a report is written as. Figures are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A page that needs nothing but a browser.
    Html,
    /// Tables in Markdown.
    Md,
    /// Tables in CSV, in full precision.
    Csv,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The report's folder.
    pub folder: PathBuf,
    /// All files, the page first.
    pub files: Vec<PathBuf>,
    /// Number of tables.
    pub tables: usize,
    /// Number of figures.
    pub figures: usize,
}

/// Writes the report of `sweep` below `out`.
///
/// # Errors
/// No finished trial, or any failure of the database or the file system.
pub fn write(store: &Store, sweep: &StoredSweep, out: &Path, formats: &[Format]) -> Result<Written> {
    if !sweep.trials.iter().any(|trial| trial.status == Status::Finished) {
        return Err(Error::input(format!("no trial of sweep `{}` is finished", sweep.name))
            .hint("run it with `drr-lab sweep FILE`; running it again goes on where it stopped"));
    }
    let studies = studies(sweep);
    let tables: Vec<Table> = studies.iter().flat_map(tables).collect();
    let mut figures: Vec<Figure> = Vec::new();
    for study in &studies {
        figures.extend(figure::figures(store, study)?);
    }
    let cannot = |error: &dyn std::fmt::Display| Error::environment(format!("cannot draw the figures: {error}"));
    let drawn = figures
        .par_iter()
        .map(|figure| Ok((figure::svg(figure)?, figure::png(figure)?)))
        .collect::<std::result::Result<Vec<_>, figure::DrawError>>()
        .map_err(|error| cannot(&error))?;

    let folder = out.join(slug(&sweep.name));
    clear(&folder)?;
    let mut files = Vec::new();
    let mut put = |name: PathBuf, bytes: &[u8]| -> Result<()> {
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        written.map_err(|error| Error::environment(format!("cannot write {}: {error}", path.display())))?;
        files.push(path);
        Ok(())
    };
    if formats.contains(&Format::Html) {
        let pictures: Vec<(&Figure, &str)> =
            figures.iter().zip(&drawn).map(|(figure, (svg, _))| (figure, svg.as_str())).collect();
        put("index.html".into(), page::html(sweep, &tables, &pictures)?.as_bytes())?;
    }
    for table in &tables {
        if formats.contains(&Format::Md) {
            put(format!("tables/{}.md", table.slug).into(), text::markdown(table).as_bytes())?;
        }
        if formats.contains(&Format::Csv) {
            put(format!("tables/{}.csv", table.slug).into(), text::csv(table).as_bytes())?;
        }
    }
    for (figure, (svg, png)) in figures.iter().zip(&drawn) {
        put(format!("figures/{}.svg", figure.slug).into(), svg.as_bytes())?;
        put(format!("figures/{}.png", figure.slug).into(), png)?;
    }
    Ok(Written { folder, files, tables: tables.len(), figures: figures.len() })
}

/// Removes the files an earlier report may have written, and no other.
fn clear(folder: &Path) -> Result<()> {
    let mut old = vec![folder.join("index.html")];
    for (part, extensions) in [("tables", ["md", "csv"]), ("figures", ["svg", "png"])] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else { continue };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let ours = |path: &PathBuf| {
            path.extension().and_then(|extension| extension.to_str()).is_some_and(|it| extensions.contains(&it))
        };
        old.extend(paths.filter(ours));
    }
    for path in old {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::environment(format!("cannot replace {}: {error}", path.display())));
            }
            _ => {}
        }
    }
    Ok(())
}
