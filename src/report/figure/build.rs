//! Which figures a sweep has, and their numbers.

use std::collections::BTreeMap;

use drr_kinds::kind::{Better, Curves, Family, TableColumns};

use super::content::{Figure, Plot, PlottedCurves, Series, Shape, XAxis, XKind};
use super::looks::{GroupLooks, shared};
use super::points::CurveSource;
use super::style::SeriesStyle;
use crate::error::Result;
use crate::report::audiences::CAUTION;
use crate::report::axis::short_axis;
use crate::report::figure::axis::thousands;
use crate::report::group::{self, Group, Noise, Study, is_subject};
use crate::report::ids::MetricId;
use crate::report::tabulate::measured_at;
use crate::report::users::{Audience, UserCount};
use crate::report::written::count;
use drr_stats::{Spread, band, moving_average};

/// More series than this cannot be told apart.
const MOST: usize = 8;

/// So many configurations are shown all the same, however many baselines stand beside them.
const LEAST: usize = 4;

/// The figures of a study; none where nothing is finished.
pub(in crate::report) fn figures(
    from: &CurveSource<'_>,
    study: &Study<'_>,
    looks: &GroupLooks,
    spread: Spread,
) -> Result<Vec<Figure>> {
    let kind = study.subject.study();
    let at_k = |family: &'static Family| match family.columns {
        TableColumns::AtK => at_k(study, looks, family),
        TableColumns::Fixed(_) => None,
    };
    let mut figures: Vec<Figure> = kind.families.iter().filter_map(at_k).collect();
    for (at, what) in kind.curves.iter().enumerate() {
        let own = curves(from, study, (looks, spread), what)?;
        let slug = if at == 0 { study.slug.clone() } else { format!("{}-{}", study.slug, group::slug(what.metric)) };
        figures.extend(own.map(|figure| Figure { slug, ..figure }));
    }
    Ok(figures)
}

/// 1 where higher is better, -1 where lower is, 0 where neither is.
fn sign(better: Better) -> f64 {
    match better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
        Better::Neither => 0.0,
    }
}

/// The learning curves of a study, where it has any yet.
pub(in crate::report) fn curves(
    from: &CurveSource<'_>,
    study: &Study<'_>,
    (looks, spread): (&GroupLooks, Spread),
    what: &Curves,
) -> Result<Option<Figure>> {
    let mut series = Vec::new();
    let mut spacing = None;
    let least = least_shown(study, what);
    let final_of =
        |group: &Group<'_>| group.score(what.last).map_or(f64::NAN, |score| sign(what.better) * score.summary.mean);
    for group in &study.groups {
        // A sweep of thousands has millions of points: those of curves that cannot be shown are not read.
        let shown = |least: f64| final_of(group) >= least;
        if !least.is_none_or(shown) && !from.is_growing(group) {
            continue;
        }
        let raw = from.curves(group, what.metric)?;
        if raw.is_empty() {
            continue;
        }
        let apart = |curve: &Vec<(u64, f64)>| curve.windows(2).next().map(|pair| pair[1].0 - pair[0].0);
        spacing = spacing.or_else(|| raw.iter().find_map(apart));
        let smooth: Vec<Vec<(u64, f64)>> = raw.iter().map(|curve| moving_average(curve, what.window)).collect();
        let band = band(&smooth, spread).iter().map(|at| (at.step as f64, at.value, at.low, at.high)).collect();
        let faint: Vec<Vec<(f64, f64)>> =
            raw.iter().map(|curve| curve.iter().map(|&(step, value)| (step as f64, value)).collect()).collect();
        series.push(one(study, group, looks, Shape::Curve { band, faint }));
    }
    let (series, mut left_out) = best(series, sign(what.better), &[]);
    if least.is_some() {
        left_out =
            format!(" Shown: the best of {} configurations by {}; the table has all.", study.groups.len(), what.last);
    }
    // Of one point each there is no curve, and the table says it all.
    if series.is_empty() || spacing.is_none() {
        return Ok(None);
    }
    let mut note = format!(
        "Line and band: {} over seeds{}. Faint: single seeds",
        match spread {
            Spread::Std => "mean ± sample std",
            Spread::Ci => "mean and its 95 % interval (Student's t, from 3 seeds on)",
            Spread::Iqm => "interquartile mean and quartiles",
        },
        match spacing {
            Some(spacing) if what.window > 1 => format!(
                ", each smoothed by a centred mean over {} points ({} steps)",
                what.window,
                thousands(&(spacing * what.window as u64).to_string())
            ),
            _ => String::new(),
        }
    );
    note += if what.window > 1 { ", unsmoothed." } else { "; the mean ends where the first of them stops." };
    note += &left_out;
    note += shared(&styles(&series));
    note += &different_users(study, what.last, None);
    Ok(Some(Figure {
        slug: study.slug.clone(),
        title: what.title.to_owned(),
        subtitle: subtitle(study),
        note,
        plot: Plot::Lines(PlottedCurves {
            x: XAxis { label: what.x.to_owned(), kind: XKind::Continuous },
            y_label: study.in_units(what.y),
            series,
        }),
    }))
}

/// The final metric that a curve needs to be shown, where there are too many curves.
fn least_shown(study: &Study<'_>, what: &Curves) -> Option<f64> {
    let finals = study.groups.iter().filter_map(|group| group.score(what.last));
    let mut finals: Vec<f64> =
        finals.map(|score| sign(what.better) * score.summary.mean).filter(|value| value.is_finite()).collect();
    if study.groups.len() <= MOST {
        return None;
    }
    finals.sort_by(|a, b| b.total_cmp(a));
    finals.get(MOST - 1).or(finals.last()).copied()
}

fn at_k(study: &Study<'_>, looks: &GroupLooks, family: &'static Family) -> Option<Figure> {
    let lengths = measured_at(study, family.name);
    let mut series = Vec::new();
    for group in &study.groups {
        let point = |k: &u64| {
            let score = group.score(&MetricId::At(family.name, *k).name())?;
            score.summary.mean.is_finite().then_some((*k as f64, score.summary.mean, score.spread))
        };
        let points: Vec<_> = lengths.iter().filter_map(point).collect();
        if !points.is_empty() {
            series.push(one(study, group, looks, Shape::Points(points)));
        }
    }
    let baselines: Vec<&str> = study.groups.iter().map(|group| group.policy).filter(|name| !is_subject(name)).collect();
    let (series, left_out) = best(series, 1.0, &baselines);
    if series.is_empty() {
        return None;
    }
    let mut note = match spreads(study) {
        (true, false) => "Error bars: ± sample std over seeds.".to_owned(),
        (false, true) => {
            "Error bars: ± std over the evaluation's repeats, one seed: not the training's noise.".to_owned()
        }
        (true, true) => {
            "Error bars: ± sample std over seeds; over the evaluation's repeats where one seed is finished.".to_owned()
        }
        (false, false) => "One measurement each: no spread is known.".to_owned(),
    };
    note += " Points of one K are set side by side.";
    note += &users(study, &lengths);
    note += &left_out;
    note += shared(&styles(&series));
    note += &different_users(study, &MetricId::At(family.name, lengths[0]).name(), Some(lengths[0]));
    Some(Figure {
        slug: format!("{}-{}", study.slug, family.name),
        title: study.in_units(family.title),
        subtitle: subtitle(study),
        note,
        plot: Plot::Lines(PlottedCurves {
            x: XAxis {
                label: "K, recommendations in an episode".to_owned(),
                kind: XKind::Values(lengths.iter().map(|&k| k as f64).collect()),
            },
            y_label: study.in_units(family.axis),
            series,
        }),
    })
}

/// On how many users each K stands, where that is recorded.
fn users(study: &Study<'_>, lengths: &[u64]) -> String {
    let at = |k: &u64| {
        let users = UserCount::over(study.groups.iter().filter_map(|group| UserCount::of(group, *k)))?;
        Some(format!("@{k} on {users}{}", if users.is_thin() { ", too few for a comparison" } else { "" }))
    };
    let known: Vec<String> = lengths.iter().filter_map(at).collect();
    if known.is_empty() { String::new() } else { format!(" {}.", known.join(", ")) }
}

pub(super) fn one(study: &Study<'_>, group: &Group<'_>, looks: &GroupLooks, shape: Shape) -> Series {
    let details = study.axes.iter().filter_map(|axis| {
        let value = group.point.get(*axis)?;
        // Joined by a space that does not break: a name stays with its value.
        Some(format!("{}\u{a0}{}", short_axis(axis, &study.axes), value))
    });
    let mut detail = details.collect::<Vec<_>>().join(", ");
    let (finished, expected) = (group.seeds().len(), group.expected());
    if finished < expected {
        let comma = if detail.is_empty() { "" } else { ", " };
        detail = format!("{detail}{comma}n\u{a0}=\u{a0}{}", count(finished, expected));
    }
    let of_policies = study.subject.is_of_policies();
    // Where all are of one kind, only what tells them apart is worth saying.
    let name = if of_policies || study.axes.is_empty() { group.policy.to_owned() } else { String::new() };
    Series { name, detail, style: looks.look(group.policy, &group.point), shape }
}

/// The series to show: all of them where they can be told apart, else of every baseline its best and the best others by their
/// last value, with a note that says so.
pub(super) fn best(series: Vec<Series>, better: f64, keep: &[&str]) -> (Vec<Series>, String) {
    if series.len() <= MOST {
        return (series, String::new());
    }
    let kept = |series: &Series| keep.contains(&series.name.as_str());
    let (series, alike) = best_of_each(series, better, kept);
    let others = series.iter().filter(|series| !kept(series));
    let mut values: Vec<f64> = others.map(|series| better * series.shape.last().unwrap_or(f64::NEG_INFINITY)).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let room = (MOST - 1).saturating_sub(series.iter().filter(|series| kept(series)).count()).max(LEAST);
    let least = values.get(room - 1).copied().unwrap_or(f64::NEG_INFINITY);
    let all = values.len();
    let mut taken = 0;
    let mut shown: Vec<Series> = Vec::new();
    for one in series {
        let good = better * one.shape.last().unwrap_or(f64::NEG_INFINITY) >= least && taken < room;
        if kept(&one) {
            shown.push(one);
        } else if good {
            shown.push(one);
            taken += 1;
        }
    }
    let also = if alike { ", and the best of each baseline" } else { "" };
    let note = match taken == all {
        true if alike => " Shown: the best of each baseline by its last value; the table has all.".to_owned(),
        true => String::new(),
        false => {
            format!(" Shown: the best {taken} of {all} configurations by their last value{also}; the table has all.")
        }
    };
    (shown, note)
}

/// Of series of one name that are kept the best alone; whether any were left out.
fn best_of_each(series: Vec<Series>, better: f64, kept: impl Fn(&Series) -> bool) -> (Vec<Series>, bool) {
    let value = |one: &Series| better * one.shape.last().unwrap_or(f64::NEG_INFINITY);
    let mut best: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for (at, one) in series.iter().enumerate().filter(|(_, one)| kept(one)) {
        let leader = best.entry(one.name.clone()).or_insert((at, value(one)));
        if value(one) > leader.1 {
            *leader = (at, value(one));
        }
    }
    let count = series.len();
    let stays = |(at, one): (usize, Series)| {
        let is_best = best.get(&one.name).is_none_or(|(leader, _)| *leader == at);
        (!kept(&one) || is_best).then_some(one)
    };
    let left: Vec<Series> = series.into_iter().enumerate().filter_map(stays).collect();
    let alike = left.len() < count;
    (left, alike)
}

/// The looks of series.
pub(super) fn styles(series: &[Series]) -> Vec<SeriesStyle> {
    series.iter().map(|series| series.style).collect()
}

/// That not all groups are of the same users, where it is so.
fn different_users(study: &Study<'_>, metric: &str, k: Option<u64>) -> String {
    let measured = study.groups.iter().filter(|group| group.score(metric).is_some());
    let all: Vec<Audience> = measured.map(|group| Audience::of(group, k)).collect();
    let is_mixed = all.iter().any(|one| !one.is_that_of(&all[0]));
    if is_mixed { CAUTION.to_owned() } else { String::new() }
}

/// What no number of the figure may be read without.
pub(in crate::report) fn subtitle(study: &Study<'_>) -> String {
    let protocol = study.subject.protocol.map(|protocol| format!("protocol {protocol}"));
    let parts = [Some(study.dataset.to_owned()), protocol, Some(seeds(study)), Some(study.split.clone())];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `n = 3 seeds`, or what is there.
fn seeds(study: &Study<'_>) -> String {
    let counts = || study.groups.iter().map(|group| group.seeds().len()).filter(|count| *count > 0);
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    match (least, most) {
        (1, 1) => "n = 1 seed".to_owned(),
        (least, most) if least == most => format!("n = {most} seeds"),
        (least, most) => format!("n = {least} to {most} seeds"),
    }
}

/// Whether spreads over seeds, and over repeats, are among the groups'.
fn spreads(study: &Study<'_>) -> (bool, bool) {
    let noises = || study.groups.iter().map(Group::noise);
    (noises().any(|noise| noise == Noise::Seeds), noises().any(|noise| matches!(noise, Noise::Repeats(_))))
}
