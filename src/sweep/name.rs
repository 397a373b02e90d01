//! What may name a sweep.

/// Most characters of a sweep's name.
const LONGEST_NAME: usize = 100;

/// The rule that a name breaks, if it breaks one. Names become folders, links and arguments, so they are plain.
pub(super) fn name_fault(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match text.chars().next() {
        None => Some("a name has at least one character".to_owned()),
        Some(_) if !text.chars().all(allowed) => {
            Some("names are made of letters a to z, digits, `-`, `_` and `.`".to_owned())
        }
        Some(first) if !first.is_ascii_alphanumeric() => {
            Some(format!("names begin with a letter or a digit, not with `{first}`"))
        }
        Some(_) if text.len() > LONGEST_NAME => {
            Some(format!("names have at most {LONGEST_NAME} characters, this one {}", text.len()))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_that_is_broken_is_the_one_that_is_told() {
        for name in ["a", "0", "help", "a-b_c.d", "A--help", &"x".repeat(100)] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        for (name, rule) in [
            ("", "at least one character"),
            ("--help", "not with `-`"),
            ("-x", "not with `-`"),
            ("_x", "not with `_`"),
            ("..", "not with `.`"),
            (".hidden", "not with `.`"),
            (&"x".repeat(121), "at most 100 characters, this one 121"),
            ("a/b", "letters a to z, digits"),
            ("a\nb", "letters a to z, digits"),
            ("a\0", "letters a to z, digits"),
            ("größe", "letters a to z, digits"),
        ] {
            let fault = name_fault(name).unwrap_or_default();
            assert!(fault.contains(rule), "{name}: {fault}");
        }
    }
}
