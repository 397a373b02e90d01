//! What no number of a table of metrics may be read without.

use std::collections::{BTreeMap, BTreeSet};

use drr_core::TrialSpec;
use drr_core::replayed::Sameness;
use drr_core::spec::RewardRule;
use drr_kinds::KindOf as _;
use drr_kinds::kind::{SameForAll, TrivialModel};

use super::audiences;
use super::group::{Group, Noise, Seeding, Study};
use super::marks::Marked;
use super::table::{self, About, Better, Metric, Note, Row};
use super::users::LEAST;

/// The notes of a table of `study`.
pub(super) fn notes(study: &Study<'_>, rows: &[Row], metrics: &[Metric], marked: Marked) -> Vec<Note> {
    let said = |about, texts: Vec<String>| texts.into_iter().map(move |text| Note { about, text });
    let intervals = rows.iter().flat_map(|row| &row.cells).flatten().any(|cell| cell.interval.is_some());
    let marks = [marks("of its column", " within the column", marked), thin(metrics)];
    let covered = intervals.then(|| covered(study.seeding).to_owned());
    let known = if marked == Marked::Nothing { None } else { yardsticks(rows) };
    let axes: Vec<String> = study.axes.iter().map(|axis| (*axis).to_owned()).collect();
    said(About::Numbers, spreads(study, rows, metrics))
        .chain(said(About::Numbers, audiences::note(&axes, rows, metrics).into_iter().collect()))
        .chain(said(About::Numbers, users(study, metrics).into_iter().collect()))
        .chain(said(About::Numbers, gaps(study, rows)))
        .chain(said(About::Marks, marks.into_iter().flatten().chain(known).collect()))
        .chain(said(About::Numbers, covered.into_iter().collect()))
        .chain(said(About::Numbers, nothing_learned(study)))
        .chain(said(About::Numbers, same_for_all(study).into_iter().collect()))
        .chain(said(About::Numbers, surroundings(study)))
        .collect()
}

/// Over what means and spreads are.
fn spreads(study: &Study<'_>, rows: &[Row], metrics: &[Metric]) -> Vec<String> {
    let mut notes = Vec::new();
    // What only describes is counted once a seed.
    let repeats =
        if metrics.iter().all(|metric| metric.better == Better::Neither) { String::new() } else { method(study) };
    if rows.iter().any(|row| row.noise == Noise::Seeds) {
        notes.push(format!("Mean ± sample standard deviation (ddof 1) over seeds{repeats}."));
    } else if !repeats.is_empty() {
        notes.push(format!("Mean ± sample standard deviation (ddof 1){repeats}."));
    }
    if !study.averaged.is_empty() {
        let settings: BTreeSet<usize> =
            study.groups.iter().map(|group| group.settings).filter(|settings| *settings > 1).collect();
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "A seed's score is the mean over the {} settings of {}; a seed counts where all of them are finished.",
            settings.join(" or "),
            study.averaged.join(", ")
        ));
    }
    if rows.iter().any(|row| matches!(row.noise, Noise::Repeats(_))) {
        notes.push(
            "Where \"± over\" says repeats, one seed is finished: the spread is the evaluation's, not the training's."
                .to_owned(),
        );
    }
    if rows.iter().any(|row| row.noise == Noise::Unknown && row.finished > 0) {
        notes.push("One measurement has no spread; it stands alone.".to_owned());
    }
    notes
}

/// What is missing.
fn gaps(study: &Study<'_>, rows: &[Row]) -> Vec<String> {
    let mut notes = Vec::new();
    if rows.iter().any(|row| row.finished < row.expected) {
        notes.push("n = 2/3: two of three seeds are finished; the others failed, wait, or were stopped.".to_owned());
    }
    let stopped = rows.iter().filter(|row| row.stopped > 0).count();
    if stopped > 0 {
        notes.push(format!(
            "{stopped} of {} rows had trials stopped early. Those are in no number, and as the hopeless ones were stopped what is left is \
             too good: these rows are compared with nothing.",
            rows.len()
        ));
    }
    let few = rows.iter().filter(|row| (1..study.least).contains(&row.finished)).count();
    if few > 0 {
        notes.push(format!("n below {}: no interval and no test; {few} of {} rows.", study.least, rows.len()));
    }
    notes
}

/// What bold and ≈ mean, where `best` is of what the best is and `corrected` within what its tests are corrected.
pub(super) fn marks(best: &str, corrected: &str, marked: Marked) -> Option<String> {
    match marked {
        Marked::Nothing => None,
        Marked::Best => Some(format!("Bold: the best mean {best}, not a test.")),
        Marked::Tested => Some(format!(
            "Bold: the best mean {best}; ≈: not distinguishable from it (Student's test of the differences by seed, 5 % \
             after Holm's correction{corrected})."
        )),
    }
}

/// Rows that stand there to measure by.
pub(super) fn yardsticks(rows: &[Row]) -> Option<String> {
    let own = |row: &&Row| row.stopped == 0 && !row.competes();
    let names: BTreeSet<&str> = rows.iter().filter(own).map(|row| row.policy).collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("Not ranked, for what they know or what leaks to them: {}.", names.join(", ")))
}

/// Which columns are not ranked.
pub(super) fn thin(metrics: &[Metric]) -> Option<String> {
    let thin = table::thin(metrics)?;
    Some(format!("Thin, on fewer than {LEAST} users, and so neither ranked nor tested: {thin}."))
}

/// What intervals and tests say nothing about.
pub(super) fn covered(seeding: Seeding) -> &'static str {
    match seeding {
        Seeding::Nothing => "Intervals and p cover what the seed decides.",
        Seeding::Own => {
            "Intervals and p cover the noise of training seeds on this one split of the ratings, not that of another split."
        }
        Seeding::Trial => "Intervals and p cover training seeds and splits together: the split follows the seed.",
    }
}

/// Whom the numbers are of.
fn users(study: &Study<'_>, metrics: &[Metric]) -> Option<String> {
    let protocol = study.subject.protocol?;
    let counted = if metrics.iter().any(|metric| metric.users.is_some()) { ", counted beside K," } else { "" };
    Some(format!(
        "Users{counted} are those whose ratings the protocol {protocol} can start from; another protocol evaluates other users."
    ))
}

/// Models whose error is not below that of one that knows nothing of users and items.
pub(super) fn nothing_learned(study: &Study<'_>) -> Vec<String> {
    let Some(TrivialModel { metric, trivial, words }) = study.subject.study().trivial else { return Vec::new() };
    let no_better = |group: &&Group<'_>| {
        let mean = |metric| group.score(metric).map(|score| score.summary.mean);
        mean(metric).zip(mean(trivial)).is_some_and(|(own, trivial)| own >= trivial)
    };
    let found: Vec<&Group<'_>> = study.groups.iter().filter(no_better).collect();
    let Some(group) = found.first() else { return Vec::new() };
    let mean = |metric| group.score(metric).map_or(f64::NAN, |score| score.summary.mean);
    let (own, trivial, of) = (mean(metric), mean(trivial), study.groups.len());
    vec![format!(
        "No better than {words}: {} of {of} on {}, for example {own:.4} against {trivial:.4}.",
        found.len(),
        study.dataset
    )]
}

/// Policies that do not see their user.
fn same_for_all(study: &Study<'_>) -> Option<String> {
    let SameForAll { metric, from, words } = study.subject.study().same?;
    let is_same = |group: &&Group<'_>| group.score(metric).is_some_and(|score| score.summary.mean >= from);
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    study.groups.iter().filter(is_same).for_each(|group| *found.entry(group.policy).or_default() += 1);
    let all = |policy: &str| study.groups.iter().filter(|group| group.policy == policy).count();
    let name = |(policy, count): (&str, usize)| match all(policy) {
        1 => policy.to_owned(),
        of => format!("{policy} ({count} of {of} rows)"),
    };
    let names: Vec<String> = found.into_iter().map(name).collect();
    (!names.is_empty()).then(|| format!("{words}: {}.", names.join(", ")))
}

/// Where the numbers come from, and what they are not set beside.
fn surroundings(study: &Study<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(study.subject.study().note.map(str::to_owned));
    notes.extend(study.apart.iter().map(|reason| format!("Not set beside it: {reason}.")));
    if let Some(dataset) = study.groups[0].trials[0].spec().dataset() {
        let digits = dataset.fingerprint.short();
        let worth = match study.reward {
            RewardRule::STARS => String::new(),
            rule => format!("; {}", rule.words()),
        };
        notes.push(format!("Data: {}, fingerprint {digits}, {}{worth}.", study.dataset, study.split));
    }
    notes.extend(replays(study));
    let finished = study.groups.iter().flat_map(Group::finished);
    let classes: BTreeSet<String> =
        finished.filter_map(|trial| trial.environment.as_ref()).map(ToString::to_string).collect();
    if classes.len() > 1 {
        let classes: Vec<String> = classes.into_iter().collect();
        notes.push(format!("Measured in {} environment classes: {}.", classes.len(), classes.join("; ")));
    }
    notes
}

/// How equal two runs of a command were, where some were run again.
fn replays(study: &Study<'_>) -> Option<String> {
    let mut counts: BTreeMap<Sameness, usize> = BTreeMap::new();
    for sameness in study.groups.iter().flat_map(Group::finished).filter_map(|trial| trial.replayed) {
        *counts.entry(sameness).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(sameness, count)| format!("{count} {}", sameness.words())).collect();
    (!words.is_empty()).then(|| format!("Run again: {}.", words.join(", ")))
}

/// How one seed's score came about, where all trials of the study agree.
fn method(study: &Study<'_>) -> String {
    let words = |spec: &TrialSpec| {
        let words = spec.kind().measure().map(|measure| (measure.repeats)(&spec.settings));
        words.map_or_else(String::new, |words| format!("; a seed's score is the mean of {words}"))
    };
    let all: BTreeSet<String> =
        study.groups.iter().flat_map(|group| &group.trials).map(|trial| words(trial.spec())).collect();
    let mut all = all.into_iter();
    match (all.next(), all.next()) {
        (Some(only), None) => only,
        _ => String::new(),
    }
}
