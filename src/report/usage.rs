//! The sweep itself: how many trials ran at once, how many were done when, and how fast each stage was. Starts stand in the
//! trials' provenance to the second, durations in the database; what is shown counts from the first start, without
//! pauses, so that no date gets into a report.

use drr_core::{Status, TrialId};
use drr_kinds::{KindOf as _, Stage};

use super::figure::{Figure, Plot, PlottedCurves, Series, Shape, XAxis, XKind, stage_style};
use super::grid::{Grid, GridCell, GridHeader, GridRow};
use super::provenance::TrialProvenance;
use super::spans::{PAUSE, Span, in_turn, order, without_pauses};
use super::value::CellValue;
use crate::store::{StoredSweep, TrialRecord};
use drr_stats::Summary;

/// Most points of a curve.
const BINS: usize = 240;
/// Seconds of a curve's point: starts are known to the second, and shorter ones would show that alone.
const BIN: f64 = 5.0;
/// The stages of a sweep's trials, in their order.
fn stages(sweep: &StoredSweep) -> Vec<Stage> {
    Stage::in_order(sweep.trials.iter().map(|trial| trial.spec().stage()))
}

/// A table of the stages' speeds; `None` where nothing finished.
pub(super) fn speeds(sweep: &StoredSweep) -> Option<Grid> {
    let rows: Vec<GridRow> = stages(sweep).into_iter().filter_map(|stage| speed(sweep, stage)).collect();
    let words = [GridHeader::words("stage")].into_iter();
    let numbers = ["trials", "computing time in s", "s a trial", "fastest", "slowest", "training steps a second"];
    (!rows.is_empty()).then(|| Grid {
        slug: "speed".to_owned(),
        title: "Speed of the sweep itself".to_owned(),
        headers: words.chain(numbers.map(GridHeader::numbers)).collect(),
        rows,
        notes: vec![
            "Seconds by the clock of finished trials, mean ± sample standard deviation (ddof 1) over trials; what a trial took \
             depends on the machine and on what ran beside it. Training steps a second: of one trial, warm-up included."
                .to_owned(),
        ],
    })
}

fn speed(sweep: &StoredSweep, stage: Stage) -> Option<GridRow> {
    let mut seen = std::collections::BTreeSet::new();
    let own = |trial: &&TrialRecord| {
        trial.spec().stage() == stage && trial.status == Status::Finished && seen.insert(trial.id())
    };
    let timed: Vec<(&TrialRecord, f64)> =
        sweep.trials.iter().filter(own).filter_map(|trial| Some((trial, trial.wall_s?))).collect();
    let seconds: Vec<f64> = timed.iter().map(|(_, seconds)| *seconds).collect();
    let summary = Summary::of(&seconds)?;
    let rate = |(trial, seconds): &(&TrialRecord, f64)| {
        let budget = trial.kind.model()?.budget?;
        let steps = trial.spec().settings.whole(budget).filter(|steps| *steps > 0 && *seconds > 0.0)?;
        Some(steps as f64 / seconds)
    };
    let rates: Vec<f64> = timed.iter().filter_map(rate).collect();
    let number = |value: f64, decimals| CellValue::number(Some(value), decimals).into();
    let mean = |summary: Option<Summary>, decimals| {
        CellValue::spread(summary.map(|summary| (summary.mean, summary.std)), decimals).into()
    };
    let cells: Vec<GridCell> = vec![
        GridCell::words(stage.name()),
        CellValue::whole(summary.n).into(),
        number(seconds.iter().sum(), 1),
        mean(Some(summary), 2),
        number(summary.min, 2),
        number(summary.max, 2),
        mean(Summary::of(&rates), 0),
    ];
    let trials: Vec<TrialId> = timed.iter().map(|(trial, _)| trial.id()).collect();
    Some(GridRow { cells, trials })
}

/// Trials at once and trials done, over the time in which anything ran; none where no start is recorded.
pub(super) fn figures(sweep: &StoredSweep, origins: &[(&TrialRecord, TrialProvenance)]) -> Vec<Figure> {
    let (mut spans, paused) = spans(origins);
    let most = in_turn(&mut spans);
    let length = spans.iter().map(|span| span.end).fold(0.0, f64::max);
    if spans.len() < 2 || length <= 0.0 {
        return Vec::new();
    }
    let (unit, size) = if length < 600.0 { ("seconds", 1.0) } else { ("minutes", 60.0) };
    let stages: Vec<Stage> =
        stages(sweep).into_iter().filter(|stage| spans.iter().any(|span| span.stage == *stage)).collect();
    let subtitle = format!("{} · {} finished trials · {} of work", sweep.name, spans.len(), clock(length));
    let busy: f64 = spans.iter().map(|span| span.end - span.start).sum();
    let pauses = if paused > 0 {
        format!(
            " {paused} {} longer than {PAUSE} s in which nothing ran left out.",
            if paused == 1 { "pause" } else { "pauses" }
        )
    } else {
        String::new()
    };
    let figure = |slug: &str, title: &str, y: &str, note: String, curve: &dyn Fn(Option<Stage>) -> Vec<f64>| {
        let mut which: Vec<Option<Stage>> = stages.iter().copied().map(Some).collect();
        if stages.len() > 1 {
            which.push(None);
        }
        let series = which.into_iter().map(|stage| {
            let step = length / size / bins(length) as f64;
            let band = curve(stage).into_iter().enumerate().map(|(at, y)| ((at as f64 + 0.5) * step, y, y, y));
            Series {
                name: stage.map_or("all", Stage::name).to_owned(),
                detail: String::new(),
                style: stage_style(stage),
                shape: Shape::Curve { band: band.collect(), faint: Vec::new() },
            }
        });
        Figure {
            slug: slug.to_owned(),
            title: title.to_owned(),
            subtitle: subtitle.clone(),
            note: note + &pauses,
            plot: Plot::Lines(PlottedCurves {
                x: XAxis { label: format!("{unit} since the first start"), kind: XKind::Continuous },
                y_label: y.to_owned(),
                series: series.collect(),
            }),
        }
    };
    vec![
        figure(
            "sweep-utilisation",
            "Utilisation: trials running at once",
            "trials running at once",
            format!(
                "Each point is the mean over {:.0} s. On average {:.2} of at most {most} at once: {:.0} % of \
                 the slots' time. Starts are recorded to the second.",
                length / bins(length) as f64,
                busy / length,
                100.0 * busy / length / most as f64
            ),
            &|stage| running(&spans, stage, length),
        ),
        figure(
            "sweep-throughput",
            "Throughput: trials finished",
            "trials finished",
            format!("{:.1} trials a minute over all.", spans.len() as f64 / length * 60.0),
            &|stage| done(&spans, stage, length),
        ),
    ]
}

/// The finished trials whose start is recorded, and how many pauses were left out between them.
fn spans(origins: &[(&TrialRecord, TrialProvenance)]) -> (Vec<Span>, usize) {
    let span = |(trial, origin): &(&TrialRecord, TrialProvenance)| {
        let start = seconds(origin.started.as_ref()?)?;
        Some((trial.id(), Span { stage: trial.spec().stage(), start, end: start + trial.wall_s? }))
    };
    let mut found: Vec<(TrialId, Span)> = origins.iter().filter_map(span).collect();
    found.sort_by(|(a, one), (b, other)| order(one, other).then(a.cmp(b)));
    without_pauses(found.into_iter().map(|(_, span)| span).collect())
}

/// The mean number of spans of a stage that run, in each of equally long parts of `length`.
fn running(spans: &[Span], stage: Option<Stage>, length: f64) -> Vec<f64> {
    let step = length / bins(length) as f64;
    let mut sums = vec![0.0; bins(length)];
    for span in spans.iter().filter(|span| stage.is_none_or(|stage| span.stage == stage)) {
        let bin = |at: f64| ((at / step) as usize).min(bins(length) - 1);
        let (first, last) = (bin(span.start), bin(span.end));
        for (at, sum) in sums.iter_mut().enumerate().take(last + 1).skip(first) {
            let (low, high) = (at as f64 * step, (at + 1) as f64 * step);
            *sum += (span.end.min(high) - span.start.max(low)).max(0.0) / step;
        }
    }
    sums
}

/// How many spans of a stage have ended by the middle of each of those parts.
fn done(spans: &[Span], stage: Option<Stage>, length: f64) -> Vec<f64> {
    let own = spans.iter().filter(|span| stage.is_none_or(|stage| span.stage == stage));
    let mut ends: Vec<f64> = own.map(|span| span.end).collect();
    ends.sort_by(f64::total_cmp);
    let count = bins(length);
    let by = |at: usize| ends.partition_point(|end| *end <= (at as f64 + 0.5) / count as f64 * length) as f64;
    // The last part ends with everything done.
    (0..count).map(|at| if at + 1 == count { ends.len() as f64 } else { by(at) }).collect()
}

/// Into how many parts of a time its curves are cut.
fn bins(length: f64) -> usize {
    ((length / BIN) as usize).clamp(8, BINS)
}

/// Seconds since 1970 of `2026-11-23T22:04:05Z`, as `drr_core::time` writes it.
fn seconds(moment: &str) -> Option<f64> {
    let (date, time) = moment.strip_suffix('Z')?.split_once('T')?;
    let part = |text: &str, separator: char, at: usize| text.split(separator).nth(at)?.parse::<i64>().ok();
    let (year, month, day) = (part(date, '-', 0)?, part(date, '-', 1)?, part(date, '-', 2)?);
    let of_day = part(time, ':', 0)? * 3600 + part(time, ':', 1)? * 60 + part(time, ':', 2)?;
    // Days before a date, the year beginning in March so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468;
    Some((days * 86_400 + of_day) as f64)
}

fn clock(seconds: f64) -> String {
    if seconds < 100.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_they_are_written() {
        for at in [0, 951_782_399, 951_782_400, 1_709_251_199, 1_795_471_447, 4_107_542_400] {
            assert_eq!(seconds(&drr_core::time::utc(at)), Some(at as f64));
        }
        assert_eq!(seconds("yesterday"), None);
    }

    #[test]
    fn two_at_once_are_two() {
        let span = |start: f64, end: f64| Span { stage: Stage::named("drr"), start, end };
        let spans = [span(0.0, 10.0), span(0.0, 20.0), span(20.0, 40.0)];
        // Eight parts of five seconds.
        assert_eq!(running(&spans, None, 40.0), [2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(done(&spans, Some(Stage::named("drr")), 40.0), [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0]);
        assert!(done(&spans, Some(Stage::named("pmf")), 40.0).iter().all(|count| *count == 0.0));
    }
}
