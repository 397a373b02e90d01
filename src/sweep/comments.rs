//! A request as the comments of a recorded sweep file: written for people, and the one place where they are read, for
//! records that have nothing else.

use drr_core::neutral;

use super::overrides::Request;
use super::problem::Source;

/// What stands before the name and the text of a base in a recorded sweep file.
const EXTENDS: (&str, &str) = ("# it extends ", ", which said:");

/// What stands before each line of a base.
const QUOTED: &str = "#   ";

/// What stands before an option.
const GIVEN: &str = "# given on the command line: --";

/// The sweep file, the last of `sources`, as written; below it, as comments, the others and what was asked for.
pub(super) fn write(sources: &[Source], asked: &Request) -> String {
    let (source, bases) = sources.split_last().expect("a request holds its sweep file");
    let mut text = source.text().to_owned();
    for base in bases {
        let (before, after) = EXTENDS;
        text.push_str(&format!("\n{before}{}{after}\n", neutral::line(base.name())));
        base.text().lines().for_each(|line| text.push_str(&format!("{QUOTED}{line}\n")));
    }
    let Request { set, only, profile } = asked;
    let given = profile.iter().map(|name| format!("profile {name}"));
    let given = given.chain(set.iter().map(|item| format!("set {item}")));
    for option in given.chain(only.iter().map(|item| format!("only {item}"))) {
        text.push_str(&format!("\n{GIVEN}{}", option.replace('\n', " ")));
    }
    text
}

/// The sources and options behind the text of a record called `name`, read back from its end.
pub(super) fn read(name: &str, recorded: &str) -> (Vec<Source>, Request) {
    let (mut rest, mut asked) = (above_remarks(recorded), Request::default());
    while let Some((before, option)) = rest.rsplit_once('\n')
        && let Some((option, value)) = option.strip_prefix(GIVEN).and_then(|given| given.split_once(' '))
    {
        match option {
            "set" => asked.set.insert(0, value.to_owned()),
            "only" => asked.only.insert(0, value.to_owned()),
            "profile" => asked.profile = Some(value.to_owned()),
            _ => break,
        }
        rest = before;
    }
    let mut sources = Vec::new();
    while let Some((before, base)) = last_base(rest) {
        sources.insert(0, base);
        rest = before;
    }
    // A file that names no sweep gives it its own name, and a profile adds to that.
    let suffix = asked.profile.iter().map(|profile| format!("-{profile}")).next().unwrap_or_default();
    let stem = name.strip_suffix(&suffix).unwrap_or(name);
    sources.push(Source::new(&format!("{stem}.toml"), rest));
    (sources, asked)
}

/// A recorded text without comments that were added below what was asked for.
fn above_remarks(recorded: &str) -> &str {
    let mut rest = recorded;
    while let Some((before, line)) = rest.rsplit_once('\n') {
        if line.starts_with(GIVEN) {
            return rest;
        }
        if line.is_empty() && last_base(rest).is_some() {
            return rest;
        }
        if !line.starts_with("# ") {
            break;
        }
        rest = before;
    }
    recorded
}

/// The base that is quoted at the end of a recorded text, and what stands before it.
fn last_base(text: &str) -> Option<(&str, Source)> {
    let (mut rest, mut lines) = (text.strip_suffix('\n')?, Vec::new());
    loop {
        let (before, line) = rest.rsplit_once('\n')?;
        if let Some(line) = line.strip_prefix(QUOTED) {
            lines.push(line);
            rest = before;
            continue;
        }
        let name = line.strip_prefix(EXTENDS.0)?.strip_suffix(EXTENDS.1)?;
        lines.reverse();
        return Some((before, Source::new(name, &lines.join("\n"))));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names, texts and options.
    type Plain = (Vec<(String, String)>, Request);

    fn text_of((sources, asked): &Plain) -> String {
        let sources: Vec<Source> = sources.iter().map(|(name, text)| Source::new(name, text)).collect();
        write(&sources, asked)
    }

    fn read_back(name: &str, recorded: &str) -> Plain {
        let (sources, asked) = read(name, recorded);
        (sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned())).collect(), asked)
    }

    fn request(sources: &[(&str, &str)], asked: Request) -> Plain {
        (sources.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(), asked)
    }

    #[test]
    fn remarks_below_what_was_asked_for_change_nothing() {
        let asked = Request { set: vec!["drr.tau=0.1".to_owned()], ..Request::default() };
        let with = request(&[("world.toml", "[synthetic]"), ("a.toml", "seeds = 1\n# mine")], asked);
        let bases = request(&[("world.toml", "[synthetic]"), ("a.toml", "seeds = 1\n")], Request::default());
        let plain = request(&[("a.toml", "seeds = 1\n# mine")], Request::default());
        for request in [with, bases] {
            let text = format!("{}\n# some of these trials\n# were left out", text_of(&request));
            assert_eq!(read_back("a", &text), request);
        }
        assert_eq!(read_back("a", &text_of(&plain)), plain);
    }

    proptest! {
        #[test]
        fn comments_tell_the_request_of_an_old_record(
            texts in prop::collection::vec("([a-z# =]{0,12}\n){0,4}", 1..4),
            set in prop::collection::vec("[a-z=,.# ]{1,12}", 0..3),
            only in prop::collection::vec("[a-z=,.# ]{1,12}", 0..3),
            profile in prop::option::of("[a-z]{1,6}"),
        ) {
            let last = texts.len() - 1;
            let name = |at: usize| if at == last { "me.toml".to_owned() } else { format!("base {at}.toml") };
            // A base ends where its last line does; whether a line feed follows is not told.
            let text = |at: usize| if at == last { texts[at].clone() } else { texts[at].trim_end_matches('\n').to_owned() };
            let sources: Vec<(String, String)> = (0..=last).map(|at| (name(at), text(at))).collect();
            let borrowed: Vec<(&str, &str)> = sources.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            let request = request(&borrowed, Request { set, only, profile });
            let record = request.1.profile.iter().fold("me".to_owned(), |name, profile| format!("{name}-{profile}"));
            let again = read_back(&record, &text_of(&request));
            prop_assert_eq!(text_of(&again), text_of(&request));
            prop_assert_eq!(again, request);
        }
    }
}
