//! Which scale imported ratings are on: said on the command line, or stars if they look like them; else it is asked.

use drr_core::data::Ratings;
use drr_core::data::load::{Report, ScaleGuess};
use drr_core::spec::{RatingScale, RewardRule};

use super::super::ScaleArgs;
use super::super::present::thousands;
use crate::error::{Error, Result};

/// No more values than this are likely to be codes.
const FEW: usize = 3;

/// So many values outside of a scale are named.
const NAMED: usize = 8;

/// Ratings with what they are worth.
pub(super) struct ScaledRatings {
    pub(super) table: Ratings,
    pub(super) rule: RewardRule,
    /// What a person should know, a line each.
    pub(super) said: Vec<String>,
}

/// Brings ratings and what was said of their scale together.
///
/// # Errors
/// They do not look like stars and nothing was said, or some lie outside of the scale that was.
pub(super) fn scaled(args: &ScaleArgs, file: &str, table: Ratings, report: &Report) -> Result<ScaledRatings> {
    let scale = match (args.assume_stars, args.scale) {
        (true, _) => RatingScale::STARS,
        (false, Some(scale)) => scale,
        (false, None) => match ScaleGuess::of(&table) {
            ScaleGuess::Stars => RatingScale::STARS,
            ScaleGuess::Other { range, looks, scale, codes } => return Err(asked(file, range, looks, scale, &codes)),
        },
    };
    let rule = RewardRule { scale, positive: args.positive };
    if let Some(fault) = rule.fault() {
        return Err(Error::input(fault).hint("--scale and --positive belong together"));
    }
    let mut said = Vec::new();
    let lie_outside = |outside: &[(f32, usize)], of: usize| {
        let count: usize = outside.iter().map(|(_, count)| count).sum();
        let (count, of) = (thousands(count), thousands(of));
        format!("{count} of {of} ratings lie outside of {scale}: {}", listed(outside))
    };
    if !report.outside.is_empty() {
        said.push(format!("left out: {}", lie_outside(&report.outside, report.lines)));
    }
    let outside = counted(table.rows.iter().map(|row| row.stars).filter(|rating| !scale.holds(*rating)));
    if !outside.is_empty() {
        let what = lie_outside(&outside, table.rows.len());
        match (args.outside, args.assume_stars) {
            (_, true) => {}
            (Some(_), false) => said.push(format!("kept, with rewards beyond -1 to 1: {what}")),
            (None, false) => return Err(unexplained(file, scale, &what, &outside, &table)),
        }
    }
    if rule != RewardRule::STARS {
        said.push(rule.words());
    }
    if !table.rows.iter().any(|row| rule.is_positive(row.stars)) {
        said.push(format!(
            "no rating is {}: none counts as positive, and no recommender can be trained on them",
            rule.positive_words()
        ));
    } else if table.rows.iter().all(|row| rule.is_positive(row.stars)) {
        said.push(
            "every rating is positive: what is not rated is unknown, not negative, so that among what a user rated every \
             order has a precision of 1"
                .to_owned(),
        );
    }
    Ok(ScaledRatings { table, rule, said })
}

/// Ratings outside of the scale that was named, of which nothing was said.
fn unexplained(file: &str, scale: RatingScale, what: &str, outside: &[(f32, usize)], table: &Ratings) -> Error {
    let is_few = outside.len() <= FEW;
    let other = match ScaleGuess::of(table) {
        ScaleGuess::Other { scale: guessed, .. } if guessed != scale && !is_few => {
            format!("is --scale=\"{guessed}\" meant? ")
        }
        _ => String::new(),
    };
    let codes = if is_few {
        let values: Vec<String> = outside.iter().map(|(value, _)| value.to_string()).collect();
        format!("; `--not-rated {}` says that these values mean no rating", values.join(","))
    } else {
        String::new()
    };
    Error::input(format!("{file}: {what}"))
        .hint(format!("{other}`--outside drop` leaves them out, `--outside keep` takes them as they are{codes}"))
}

/// Ratings that are not on the scale of stars: what they look like, and what can be said of them.
fn asked(file: &str, [low, high]: [f32; 2], looks: &str, scale: RatingScale, codes: &[(f32, usize)]) -> Error {
    let rule = RewardRule { scale, positive: None };
    let beside = match codes {
        [] => String::new(),
        codes => format!(", beside {}, which may say that there is no rating", listed(codes)),
    };
    let message = format!(
        "{file}: the ratings run from {low} to {high} and look like {looks}{beside}: which scale are they on? As stars from 1 \
         to 5 their rewards would be (stars - 3) / 2"
    );
    let drop = match codes {
        [] => String::new(),
        codes => {
            let values: Vec<String> = codes.iter().map(|(value, _)| value.to_string()).collect();
            format!(" --not-rated={}", values.join(","))
        }
    };
    let mut words = rule.words();
    if let Some(at) = words.find("reward") {
        words.drain(..at);
    }
    Error::input(message).hint(format!(
        "`--scale=\"{scale}\"{drop}` if that is right: {words}, or from where `--positive` says; `--scale=LOW..HIGH` names another; \
         `--assume-stars` takes them for stars as they are"
    ))
}

/// Each value and how often it is there, the commonest first.
fn counted(values: impl Iterator<Item = f32>) -> Vec<(f32, usize)> {
    let mut all: Vec<f32> = values.collect();
    all.sort_unstable_by(f32::total_cmp);
    let mut counts: Vec<(f32, usize)> = all.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len())).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn listed(counts: &[(f32, usize)]) -> String {
    let one = |(value, count): &(f32, usize)| format!("{} times {value}", thousands(*count));
    let first: Vec<String> = counts.iter().take(NAMED).map(one).collect();
    let more = if counts.len() > NAMED { format!(" and {} values more", counts.len() - NAMED) } else { String::new() };
    format!("{}{more}", first.join(", "))
}
