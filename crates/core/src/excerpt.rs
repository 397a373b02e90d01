//! Words of others, cut to what a record or a screen can hold: a worker may say megabytes where a sentence is due.

/// Most characters that are kept.
const CHARACTERS: usize = 2_000;

/// Most lines that are kept.
const LINES: usize = 20;

/// The beginning of a text, with a note of what was left out. Doing it again changes nothing.
pub fn excerpt(text: &str) -> String {
    let by_lines = text.match_indices('\n').nth(LINES - 1).map_or(text.len(), |(end, _)| end);
    let by_characters = text.char_indices().nth(CHARACTERS).map_or(text.len(), |(end, _)| end);
    let end = by_lines.min(by_characters);
    if end == text.len() {
        return text.to_owned();
    }
    // Room for the note within the bounds.
    let kept: String = text[..end].chars().take(CHARACTERS - 60).collect();
    let kept = kept.rsplit_once('\n').filter(|_| end == by_lines).map_or(kept.as_str(), |(most, _)| most);
    format!("{kept} … ({} bytes more were cut off)", text.len() - kept.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_short_ones_kept() {
        for short in ["", "the loss is not finite", "two\nlines\n", &"é".repeat(CHARACTERS)] {
            assert_eq!(excerpt(short), short);
        }
        for long in
            ["é".repeat(3 << 20), "line\n".repeat(45_008), "\n".repeat(9_000), "x\n".repeat(19) + &"y".repeat(9_000)]
        {
            let cut = excerpt(&long);
            assert!(cut.chars().count() <= CHARACTERS && cut.lines().count() <= LINES, "{cut}");
            assert!(cut.ends_with(" bytes more were cut off)"), "{cut}");
            assert_eq!(excerpt(&cut), cut);
        }
    }
}
