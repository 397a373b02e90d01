//! Tables as LaTeX: booktabs, every special character escaped, the trials behind each row in a comment. Needs
//! `\usepackage{booktabs}` and, for names beyond Latin letters, a Unicode engine (lualatex, xelatex).

use super::grid::{Align, Grid, Look};

/// The table as a `table` environment.
pub(super) fn latex(grid: &Grid) -> String {
    let mut lines = vec![format!("% {}", comment(&grid.title))];
    lines.push("% Needs \\usepackage{booktabs}.".to_owned());
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
    lines.push("  \\centering".to_owned());
    lines.push(format!("  \\caption{{{}}}", escape(&grid.title)));
    lines.push(format!("  \\label{{tab:{}}}", label(&grid.slug)));
    lines.push(format!("  \\begin{{tabular}}{{{columns}}}"));
    lines.push("    \\toprule".to_owned());
    let headers: Vec<String> = grid.headers.iter().map(|header| escape(&header.text)).collect();
    lines.push(format!("    {} \\\\", headers.join(" & ")));
    lines.push("    \\midrule".to_owned());
    for row in &grid.rows {
        let cells = row.cells.iter().map(|cell| match cell.look {
            Look::Strong => format!("\\textbf{{{}}}", escape(&cell.text)),
            Look::Like => format!("{}$^{{\\approx}}$", escape(&cell.text)),
            Look::Plain | Look::Short => escape(&cell.text),
        });
        lines.push(format!("    {} \\\\", cells.collect::<Vec<_>>().join(" & ")));
        if !row.trials.is_empty() {
            let ids: Vec<String> = row.trials.iter().map(ToString::to_string).collect();
            lines.push(format!("    % trials: {}", ids.join(" ")));
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
            'τ' => escaped.push_str("$\\tau$"),
            'γ' => escaped.push_str("$\\gamma$"),
            '–' => escaped.push_str("--"),
            '[' => escaped.push_str("{[}"),
            ']' => escaped.push_str("{]}"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A comment ends with its line.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn label(slug: &str) -> String {
    slug.chars().map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::grid::{Header, Line, Shown};

    #[test]
    fn specials_are_escaped_and_nothing_leaves_a_comment() {
        assert_eq!(
            escape(r"50% of A&B_{x}\end $1 #2 ~^"),
            r"50\% of A\&B\_\{x\}\textbackslash{}end \$1 \#2 \textasciitilde{}\textasciicircum{}"
        );
        assert_eq!(comment("one\n\\end{document}\rtwo"), "one \\end{document} two");
        let grid = Grid {
            slug: "a_b".to_owned(),
            title: "A & B".to_owned(),
            headers: vec![Header::words("x\\\\"), Header::numbers("@5")],
            rows: vec![Line {
                cells: vec![Shown::words("[1mm]"), Shown::words("0.1 ± 0.2").looking(Look::Strong)],
                trials: vec![],
            }],
            notes: vec![],
        };
        let text = latex(&grid);
        assert!(text.contains("    {[}1mm{]} & \\textbf{0.1 $\\pm$ 0.2} \\\\\n"), "{text}");
        assert!(text.contains("\\label{tab:a-b}"), "{text}");
    }
}
