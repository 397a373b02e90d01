//! Scores that a command wrote, `user,item,score` a line: one for every candidate, and for nothing else.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use drr_kinds::ranking::Scores;

/// Scores of candidates by user and item.
pub struct Scored(HashMap<(u32, u32), f32>);

impl Scores for Scored {
    /// What is no candidate is never asked for where it counts, and stands behind all that are.
    fn score(&self, user: u32, item: u32) -> f32 {
        self.0.get(&(user, item)).copied().unwrap_or(f32::NEG_INFINITY)
    }
}

/// Numbers of users and of items by their ids.
type Numbers<'a> = (&'a HashMap<String, u32>, &'a HashMap<String, u32>);

/// Reads the scores of `candidates`; `named` gives the ids of one.
///
/// # Errors
/// What is wrong with the file, and in which line.
pub fn read_scores<'a>(
    path: &Path,
    (users, items): Numbers<'_>,
    candidates: impl Iterator<Item = (u32, u32)>,
    named: impl Fn((u32, u32)) -> (&'a str, &'a str),
) -> Result<Scored, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("it did not write {name}, which the sweep says it does"),
        _ => format!("{name} cannot be read: {error}"),
    })?;
    let mut scores: HashMap<(u32, u32), f32> = candidates.map(|pair| (pair, f32::NAN)).collect();
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let fail = |why: String| Err(format!("line {number} of {name}: {why}"));
        let line = match line {
            Ok(line) => line,
            Err(error) => return fail(error.to_string()),
        };
        let line = line.trim_end_matches('\r');
        if number == 1 {
            if line != "user,item,score" {
                return fail("the header is `user,item,score`".to_owned());
            }
            continue;
        }
        let Some((user, item, score)) = fields(line) else {
            return fail("expected a user, an item and a score".to_owned());
        };
        let Ok(score) = score.trim().parse::<f32>() else { return fail(format!("`{score}` is no number")) };
        if !score.is_finite() {
            return fail(format!("the score is {score}, and what is not finite has no place in an order"));
        }
        let pair = users.get(user.as_str()).zip(items.get(item.as_str())).map(|(user, item)| (*user, *item));
        match pair.and_then(|pair| scores.get_mut(&pair)) {
            None => return fail(format!("user {user} and item {item} are no line of candidates.csv")),
            Some(known) if !known.is_nan() => return fail(format!("user {user} and item {item} have a score already")),
            Some(known) => *known = score,
        }
    }
    let mut open = scores.iter().filter(|(_, score)| score.is_nan()).map(|(pair, _)| *pair);
    if let Some(first) = open.next() {
        let (user, item) = named(first);
        return Err(format!(
            "{name} has no score for {} candidates, for example user {user} and item {item}",
            1 + open.count()
        ));
    }
    Ok(Scored(scores))
}

/// Three fields of a line, the first two perhaps in quotes.
fn fields(line: &str) -> Option<(String, String, &str)> {
    let (user, rest) = field(line)?;
    let (item, score) = field(rest)?;
    (!score.contains(',')).then_some((user, item, score))
}

fn field(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return text.split_once(',').map(|(field, rest)| (field.to_owned(), rest));
    };
    let (mut field, mut rest) = (String::new(), quoted);
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return after.strip_prefix(',').map(|rest| (field, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Scored, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("scores.csv");
        std::fs::write(&path, text).expect("written");
        let users = HashMap::from([("u,1".to_owned(), 0), ("u2".to_owned(), 1)]);
        let items = HashMap::from([("i1".to_owned(), 0), ("i2".to_owned(), 1)]);
        let named = |(user, item): (u32, u32)| (["u,1", "u2"][user as usize], ["i1", "i2"][item as usize]);
        read_scores(&path, (&users, &items), [(0, 0), (1, 1)].into_iter(), named)
    }

    #[test]
    fn every_candidate_has_one_score() {
        let scores = read("user,item,score\nu2,i2,-1.5\r\n\"u,1\",i1,2e-3\n").expect("whole");
        assert_eq!((scores.score(1, 1), scores.score(0, 0)), (-1.5, 0.002));
        for (text, says) in [
            ("u2,i2,1\n", "line 1 of scores.csv: the header"),
            ("user,item,score\nu2,i2\n", "line 2 of scores.csv: expected a user"),
            ("user,item,score\nu2,i2,high\n", "`high` is no number"),
            ("user,item,score\nu2,i2,inf\n", "the score is inf"),
            ("user,item,score\nu2,i1,1\n", "are no line of candidates.csv"),
            ("user,item,score\nu2,i2,1\nu2,i2,1\n", "line 3 of scores.csv: user u2 and item i2 have a score already"),
            ("user,item,score\nu2,i2,1\n", "no score for 1 candidates, for example user u,1 and item i1"),
        ] {
            let error = read(text).err().expect(says);
            assert!(error.contains(says), "{error}");
        }
    }
}
