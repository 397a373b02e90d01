//! Placeholders in the words of a command: `{lr}`, `{seed}`, `{stage.prepare}`; `{{` and `}}` are braces.

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// It stands as it is.
    Text(String),
    /// What is called so stands in its place.
    Name(String),
}

/// Placeholders that are no parameters, and what stands in their place.
pub const RESERVED: [(&str, &str); 8] = [
    ("seed", "the trial's seed"),
    ("params", "the parameters as JSON"),
    ("metrics", "the file that metrics are appended to"),
    ("out", "the folder of what it leaves"),
    ("data", "the folder of the ratings"),
    ("threads", "how many threads it should use"),
    ("device", "cpu or cuda"),
    ("trial", "the trial's id"),
];

/// What names the artifacts of a stage, `stage.NAME`.
pub const STAGE: &str = "stage.";

/// Whether a name is no parameter's.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with(STAGE) || RESERVED.iter().any(|(known, _)| *known == name)
}

/// Why a parameter cannot be called so, if it cannot.
pub fn name_fault(name: &str) -> Option<&'static str> {
    let is_fine = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    if name.is_empty() || !name.chars().all(is_fine) {
        Some("letters, digits, `_` and `-` make a name")
    } else if is_reserved(name) {
        Some("the name is taken by a placeholder of drr-lab's own")
    } else {
        None
    }
}

/// The parts of a word.
///
/// # Errors
/// A brace that is not closed, or closes nothing.
pub fn pieces(word: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text, mut rest) = (Vec::new(), String::new(), word);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..];
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            text.push_str(&brace[..1]);
            rest = after;
            continue;
        }
        let Some(inner) = brace.strip_prefix('{') else {
            return Err("a `}` closes nothing; `}}` is a brace".to_owned());
        };
        let Some((name, after)) = inner.split_once('}') else {
            return Err("a `{` is not closed; `{{` is a brace".to_owned());
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        pieces.push(Piece::Name(name.to_owned()));
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// A word with its placeholders replaced.
///
/// # Errors
/// A brace out of place, or a name that stands for nothing.
pub fn filled(word: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let piece = |piece| match piece {
        Piece::Text(text) => Ok(text),
        Piece::Name(name) => value(&name).ok_or_else(|| format!("nothing is called `{{{name}}}`")),
    };
    pieces(word)?.into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fall_into_text_and_names() {
        let name = |text: &str| Piece::Name(text.to_owned());
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(pieces("plain").expect("fine"), [text("plain")]);
        assert_eq!(pieces("").expect("fine"), [text("")]);
        assert_eq!(pieces("--lr={lr}x").expect("fine"), [text("--lr="), name("lr"), text("x")]);
        assert_eq!(pieces("{a}{b}").expect("fine"), [name("a"), name("b")]);
        assert_eq!(pieces("{{\"a\": {a}}}").expect("fine"), [text("{\"a\": "), name("a"), text("}")]);
        assert!(pieces("{a").expect_err("open").contains("not closed"));
        assert!(pieces("a}").expect_err("closes nothing").contains("closes nothing"));
    }

    #[test]
    fn names_are_replaced_once() {
        let value = |name: &str| (name == "a").then(|| "{b}".to_owned());
        assert_eq!(filled("{a}-{{", value).expect("filled"), "{b}-{");
        assert!(filled("{c}", value).expect_err("unknown").contains("`{c}`"));
    }
}
