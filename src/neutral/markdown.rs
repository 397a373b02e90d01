//! Markdown that shows a text as it is, in a table's cell, a title or an entry of a list.

use super::line;

/// `text` as Markdown, on one line and without markup.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let letters: Vec<char> = text.chars().collect();
    let mut safe = String::with_capacity(text.len() + 8);
    // What begins a line of Markdown makes a heading, a quotation or another list.
    let lead = letters.iter().take_while(|letter| letter.is_ascii_digit()).count();
    for (at, &letter) in letters.iter().enumerate() {
        let word = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|it| it.is_alphanumeric());
        match letter {
            // Within a word it is a letter, as in `actor_lr`.
            '_' if word(at.checked_sub(1)) && word(Some(at + 1)) => safe.push('_'),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '$' => safe.extend(['\\', letter]),
            '#' | '+' | '-' | '=' if at == 0 => safe.extend(['\\', letter]),
            '.' | ')' if lead > 0 && at == lead && !word(Some(at + 1)) => safe.extend(['\\', letter]),
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '&' => safe += "&amp;",
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn what_is_no_markup_stays_as_it_is() {
        for text in ["precision@5", "drr.actor_lr", "0.755 ± 0.004", "a-b (c) + d", "1.5", "3 of 4 #1", "C#"] {
            assert_eq!(markdown(text), text);
        }
    }

    #[test]
    fn markup_is_shown() {
        for (text, shown) in [
            ("**a** _b_ `c` [d](e) ~f~ $g$", r"\*\*a\*\* \_b\_ \`c\` \[d\](e) \~f\~ \$g\$"),
            ("a | b \\| c", r"a \| b \\\| c"),
            ("<img src=x> &amp;", "&lt;img src=x&gt; &amp;amp;"),
            ("# a", r"\# a"),
            ("- a", r"\- a"),
            ("12. a", r"12\. a"),
            ("one\n\n# two", r"one\\n\\n# two"),
            ("\x1b[2J\u{202e}", r"\\u001b\[2J\\u202e"),
            ("::error::x", r"\\u003a:error::x"),
        ] {
            assert_eq!(markdown(text), shown);
        }
    }
}
