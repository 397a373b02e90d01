//! Titles and genres in one form, whichever source they come from: MovieLens writes the year into the title, RecBole
//! into a column of its own.

/// `Toy Story (1995)` → `Toy Story`, 1995. Marks after the year, such as `(V)` for video, go with it.
pub(super) fn split_year(title: &str) -> (String, Option<u16>) {
    let mut rest = title.trim();
    loop {
        let Some((before, mark)) = rest.strip_suffix(')').and_then(|open| open.rsplit_once('(')) else {
            return (title.trim().to_owned(), None);
        };
        if let Some(year) = year(mark) {
            let before = before.trim_end();
            // A title that is nothing but its year stays whole.
            return if before.is_empty() { (title.trim().to_owned(), None) } else { (before.to_owned(), Some(year)) };
        }
        if !matches!(mark, "V" | "TV" | "VG") {
            return (title.trim().to_owned(), None);
        }
        rest = before.trim_end();
    }
}

/// A year: exactly four digits.
pub(super) fn year(text: &str) -> Option<u16> {
    let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A text for one cell of a table: control characters become spaces, the ends are trimmed.
pub(super) fn clean(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

/// A list of genres, without the words that stand for none.
pub(super) fn genres<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(clean).filter(|name| !matches!(name.as_str(), "" | "unknown" | "(no genres listed)")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_comes_off_the_title() {
        let split = |title: &str| {
            let (title, year) = split_year(title);
            format!("{title}|{}", year.map_or(String::new(), |year| year.to_string()))
        };
        assert_eq!(split("Toy Story (1995)"), "Toy Story|1995");
        assert_eq!(split(" Land Before Time III (1995) (V) "), "Land Before Time III|1995");
        assert_eq!(split("Seven (Se7en) (1995)"), "Seven (Se7en)|1995");
        assert_eq!(split("Seven (Se7en)"), "Seven (Se7en)|");
        assert_eq!(split("1984"), "1984|");
        assert_eq!(split("(1984)"), "(1984)|");
        assert_eq!(split("Show (2009– )"), "Show (2009– )|");
        assert_eq!(split("(V)"), "(V)|");
        assert_eq!(split(")"), ")|");
    }
}
