//! What of a report lies in files beside its page: links to those formats that were written with it, and to no others.

use super::options::Format;

/// The formats of a report.
#[derive(Clone, Debug)]
pub(super) struct FilesBeside(Vec<Format>);

/// What a link says, and where it leads.
type Link = (&'static str, String);

impl FilesBeside {
    pub(super) fn new(formats: &[Format]) -> Self {
        Self(formats.to_vec())
    }

    /// The files of a table.
    pub(super) fn table(&self, slug: &str) -> Vec<Link> {
        let all = [
            (Format::Csv, "CSV", "csv"),
            (Format::Tex, "TeX", "tex"),
            (Format::Md, "Markdown", "md"),
            (Format::Json, "JSON", "json"),
        ];
        let written = all.into_iter().filter(|(format, ..)| self.0.contains(format));
        written.map(|(_, name, extension)| (name, format!("tables/{slug}.{extension}"))).collect()
    }

    /// The files of a figure, which is always there as SVG.
    pub(super) fn figure(&self, slug: &str) -> Vec<Link> {
        let png = self.0.contains(&Format::Png).then_some(("PNG", "png"));
        let all = [("SVG", "svg")].into_iter().chain(png);
        all.map(|(name, extension)| (name, format!("figures/{slug}.{extension}"))).collect()
    }
}
