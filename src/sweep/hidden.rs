//! Characters that a text a person wrote may not hold: those that nobody who reads it would see.

use drr_core::neutral::{self, HiddenCharacter};

use super::problem::{Problem, Problems, Source, TextSpan};

/// Refuses a text with a hidden character in it, in comments too: they decide how the rest of a line looks.
pub(super) fn refuse(source: &Source, problems: &mut Problems) {
    if let Some((hidden, _, at)) = HiddenCharacter::first_in_lines(source.text()) {
        add(hidden, "the text", &source.place(at..at + hidden.len_utf8()), problems);
    }
}

/// Refuses a value that says such a character by an escape, `"\u001b"`. Ends of lines and tabs are left to those who know
/// what the value is for.
pub(super) fn refuse_value(text: &str, place: &TextSpan, problems: &mut Problems) {
    if let Some((hidden, ..)) = HiddenCharacter::first_in_lines(text).filter(|_| is_escaped(place)) {
        add(hidden, "this value", place, problems);
    }
}

/// Refuses a key that does.
pub(super) fn refuse_key(key: &str, place: &TextSpan, problems: &mut Problems) {
    if let Some(hidden) = HiddenCharacter::first_in(key).filter(|_| is_escaped(place)) {
        add(hidden, &format!("the key \"{}\"", neutral::line(key)), place, problems);
    }
}

/// Whether a place is plain as written: what is not is refused with the whole text.
fn is_escaped(place: &TextSpan) -> bool {
    HiddenCharacter::first_in_lines(place.text()).is_none()
}

fn add(hidden: HiddenCharacter, what: &str, place: &TextSpan, problems: &mut Problems) {
    let problem = Problem::new(format!("{what} holds {hidden}"))
        .help("take it out: names and values are shown in terminals, logs and tables");
    problems.add(problem, place, "here");
}
