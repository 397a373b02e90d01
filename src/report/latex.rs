//! Tables as LaTeX: booktabs, every special character escaped, the trials behind each cell in comments. They compile with
//! pdflatex and no more than `\usepackage[T1]{fontenc}` and `\usepackage{booktabs,textcomp}`; a letter that pdflatex does not
//! know is set as its code point, and stands as it is in the comment above the table.

use std::borrow::Cow;

use drr_core::TrialId;

use super::grid::{Align, Grid, Look};
use crate::neutral;

/// Ids on a line.
const IDS: usize = 8;

/// The table as a `table` environment.
pub(super) fn latex(grid: &Grid) -> String {
    let mut lines = vec![format!("% {}", comment(&grid.title))];
    lines.push("% Needs \\usepackage[T1]{fontenc} and \\usepackage{booktabs,textcomp}.".to_owned());
    lines.extend(grid.notes.iter().map(|note| format!("% {}", comment(note))));
    let columns: String = grid
        .headers
        .iter()
        .map(|header| match header.align {
            Align::Left => 'l',
            Align::Right => 'r',
        })
        .collect();
    lines.push("\\begin{table}[t]".to_owned());
    lines.push("  \\centering\\footnotesize\\setlength{\\tabcolsep}{3pt}".to_owned());
    lines.push(format!("  \\caption{{{}}}", escape(&grid.title)));
    lines.push(format!("  \\label{{tab:{}}}", label(&grid.slug)));
    lines.push(format!("  \\begin{{tabular}}{{{columns}}}"));
    lines.push("    \\toprule".to_owned());
    let headers: Vec<String> = grid.headers.iter().map(|header| escape(&header.shown())).collect();
    lines.push(format!("    {} \\\\", headers.join(" & ")));
    lines.push("    \\midrule".to_owned());
    for row in &grid.rows {
        let cells = row.cells.iter().map(|cell| match cell.look {
            Look::Strong => format!("\\textbf{{{}}}", escape(&cell.value.shown())),
            Look::Like => format!("{}$^{{\\approx}}$", escape(&cell.value.shown())),
            Look::Plain | Look::Short => escape(&cell.value.shown()),
        });
        lines.push(format!("    {} \\\\", cells.collect::<Vec<_>>().join(" & ")));
        let own = grid.headers.iter().zip(&row.cells).filter(|(_, cell)| !cell.trials.is_empty());
        let own: Vec<(String, &[TrialId])> =
            own.map(|(header, cell)| (format!(" of {}", comment(&header.text)), cell.trials.as_slice())).collect();
        let all = if own.is_empty() { vec![(String::new(), row.trials.as_slice())] } else { own };
        for (of, trials) in all {
            // TeX reads no line of any length.
            for trials in trials.chunks(IDS) {
                let ids: Vec<String> = trials.iter().map(ToString::to_string).collect();
                lines.push(format!("    % trials{of}: {}", ids.join(" ")));
            }
        }
    }
    lines.push("    \\bottomrule".to_owned());
    lines.push("  \\end{tabular}".to_owned());
    lines.push("\\end{table}".to_owned());
    lines.push(String::new());
    lines.join("\n")
}

/// Text that LaTeX sets as it is.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '|' => escaped.push_str("$|$"),
            '"' => escaped.push_str("{\\textquotedbl}"),
            '±' => escaped.push_str("$\\pm$"),
            '≈' => escaped.push_str("$\\approx$"),
            '−' => escaped.push_str("$-$"),
            '·' => escaped.push_str("$\\cdot$"),
            '×' => escaped.push_str("$\\times$"),
            '≥' => escaped.push_str("$\\geq$"),
            '≤' => escaped.push_str("$\\leq$"),
            '’' => escaped.push('\''),
            '…' => escaped.push_str("\\dots{}"),
            '–' => escaped.push_str("--"),
            '\u{a0}' => escaped.push('~'),
            letter if greek(letter).is_some() => {
                escaped.push_str(&format!("$\\{}$", greek(letter).unwrap_or_default()));
            }
            '[' => escaped.push_str("{[}"),
            ']' => escaped.push_str("{]}"),
            letter if letter.is_control() => escaped.push(' '),
            letter if known(letter) => escaped.push(letter),
            letter => escaped.push_str(&format!("\\texttt{{U+{:04X}}}", letter as u32)),
        }
    }
    escaped
}

/// Whether pdflatex sets a letter as it stands: ASCII, Latin-1 and Latin Extended-A without what T1 lacks.
fn known(letter: char) -> bool {
    letter.is_ascii()
        || matches!(letter, '\u{a1}'..='\u{ff}' | '\u{100}'..='\u{17e}')
            && !matches!(
                letter,
                '\u{ad}'
                    | '\u{126}'
                    | '\u{127}'
                    | '\u{138}'
                    | '\u{149}'
                    | '\u{166}'
                    | '\u{167}'
                    | '\u{13f}'
                    | '\u{140}'
            )
}

/// The name of a Greek letter that settings are called by.
fn greek(letter: char) -> Option<&'static str> {
    let names = [
        ('α', "alpha"),
        ('β', "beta"),
        ('γ', "gamma"),
        ('δ', "delta"),
        ('ε', "epsilon"),
        ('η', "eta"),
        ('θ', "theta"),
        ('λ', "lambda"),
        ('μ', "mu"),
        ('π', "pi"),
        ('σ', "sigma"),
        ('τ', "tau"),
        ('φ', "phi"),
        ('ω', "omega"),
    ];
    names.iter().find(|(known, _)| *known == letter).map(|(_, name)| *name)
}

/// A comment ends with its line.
fn comment(text: &str) -> Cow<'_, str> {
    neutral::line(text)
}

fn label(slug: &str) -> String {
    slug.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::grid::{GridCell, GridHeader, GridRow};

    #[test]
    fn specials_are_escaped_and_nothing_leaves_a_comment() {
        assert_eq!(
            escape(r"50% of A&B_{x}\end $1 #2 ~^"),
            r"50\% of A\&B\_\{x\}\textbackslash{}end \$1 \#2 \textasciitilde{}\textasciicircum{}"
        );
        assert_eq!(escape("τ é 🎬 ש"), r"$\tau$ é \texttt{U+1F3AC} \texttt{U+05E9}");
        assert_eq!(comment("one\n\\end{document}\rtwo"), "one\\n\\end{document}\\rtwo");
        let grid = Grid {
            slug: "a_b".to_owned(),
            title: "A & B".to_owned(),
            headers: vec![GridHeader::words("x\\\\"), GridHeader::numbers("@5")],
            rows: vec![GridRow {
                cells: vec![GridCell::words("[1mm]"), GridCell::words("0.1 ± 0.2").looking(Look::Strong)],
                trials: vec![],
            }],
            notes: vec![],
        };
        let text = latex(&grid);
        assert!(text.contains("    {[}1mm{]} & \\textbf{0.1 $\\pm$ 0.2} \\\\\n"), "{text}");
        assert!(text.contains("\\label{tab:a-b}"), "{text}");
    }
}
