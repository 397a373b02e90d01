//! Cells of CSV that no spreadsheet takes for a formula.

use std::borrow::Cow;

use super::line;

/// A cell's text; one that a spreadsheet would compute has an apostrophe before it, which spreadsheets take for "this is
/// text". Numbers stay numbers, and `@5`, a column of every table, computes nothing.
pub fn guarded(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if is_formula(text.trim_start_matches('\'')) { Cow::Owned(format!("'{text}")) } else { text }
}

/// The text of a cell that [`guarded`] wrote.
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| is_formula(text.trim_start_matches('\''))).unwrap_or(cell)
}

fn is_formula(text: &str) -> bool {
    let begins = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let count = text.strip_prefix('@').is_some_and(|k| !k.is_empty() && k.bytes().all(|digit| digit.is_ascii_digit()));
    begins && !count && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_text_and_numbers_are_numbers() {
        for formula in ["=1+1", "+cmd", "-1+2", "@SUM(A1)", "-", "＝1", "'=1", "''+a", "-2+3+cmd|' /C calc'!A0"] {
            let cell = guarded(formula);
            assert!(cell.starts_with('\''), "{cell}");
            assert_eq!(unguarded(&cell), formula);
        }
        for text in ["-0.5", "+1e-9", "-inf", "NaN", "@5", "drr", "a=b", "", "'quoted'", "'"] {
            assert_eq!(guarded(text), text);
            assert_eq!(unguarded(text), text);
        }
        assert_eq!(guarded("\t=1"), "\\t=1", "no tab before it hides it");
    }
}
