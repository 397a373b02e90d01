//! When trials ran, as far as it is recorded: starts to the second, durations to the millisecond, and nothing of slots.

use drr_kinds::Stage;

/// Nothing runs for longer than this, in seconds: the sweep was not running, and the time is left out.
pub(super) const PAUSE: f64 = 30.0;

/// One finished trial, in seconds since the first start, pauses left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub stage: Stage,
    pub start: f64,
    pub end: f64,
}

/// By start, and the shorter first where they seem to start at once.
pub(super) fn order(one: &Span, other: &Span) -> std::cmp::Ordering {
    one.start.total_cmp(&other.start).then(one.end.total_cmp(&other.end))
}

/// Counts from the first start and leaves out the time in which nothing ran for long; spans are in the order of starts.
pub(super) fn without_pauses(mut spans: Vec<Span>) -> (Vec<Span>, usize) {
    let (mut left_out, mut until, mut pauses) = (spans.first().map_or(0.0, |span| span.start), None, 0);
    for span in &mut spans {
        if let Some(until) = until
            && span.start - until > PAUSE
        {
            left_out += span.start - until;
            pauses += 1;
        }
        until = Some(until.map_or(span.end, |until: f64| until.max(span.end)));
        span.start -= left_out;
        span.end -= left_out;
    }
    (spans, pauses)
}

/// A start is recorded without what is beyond whole seconds.
const ROUNDED: f64 = 1.0;

/// How far a span is moved at most, in seconds: several may have to give way to each other.
const MOVED: f64 = 3.0;

/// Moves spans to where they can have been. As recorded, a trial seems to begin before its predecessor in the same slot has
/// ended, and more trials at once than there are slots: it begins when its slot is free. Spans are in the order of starts.
/// How many run at once at most, after that.
pub(super) fn in_turn(spans: &mut [Span]) -> usize {
    let mut ends = vec![f64::NEG_INFINITY; at_once(spans)];
    for span in spans {
        let first = ends.iter_mut().min_by(|a, b| a.total_cmp(b)).filter(|end| **end - span.start <= MOVED);
        let late = first.as_ref().map_or(0.0, |end| (**end - span.start).max(0.0));
        (span.start, span.end) = (span.start + late, span.end + late);
        match first {
            Some(end) => *end = span.end,
            None => ends.push(span.end),
        }
    }
    ends.len()
}

/// How many spans ran at once at least, however their starts were rounded: by those that overlap in any case, and by how
/// much work was done in how long.
fn at_once(spans: &[Span]) -> usize {
    let surely = spans.iter().filter(|span| span.end > span.start + ROUNDED);
    let mut changes: Vec<(f64, i64)> = surely.flat_map(|span| [(span.start + ROUNDED, 1), (span.end, -1)]).collect();
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut now, mut most) = (0i64, 1);
    for (_, change) in changes {
        now += change;
        most = most.max(now);
    }
    let busy: f64 = spans.iter().map(|span| span.end - span.start).sum();
    let first = spans.iter().map(|span| span.start).fold(f64::INFINITY, f64::min);
    let last = spans.iter().map(|span| span.end).fold(first, f64::max);
    (most as usize).max((busy / (last - first + ROUNDED)).ceil() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: f64, end: f64) -> Span {
        Span { stage: Stage::named("drr"), start, end }
    }

    /// How many overlap, to the microsecond.
    fn most_at_once(spans: &[Span]) -> usize {
        let beside = |at: f64| spans.iter().filter(|span| span.start <= at && at + 1e-6 < span.end).count();
        spans.iter().map(|span| beside(span.start)).max().unwrap_or(0)
    }

    #[test]
    fn two_slots_are_never_more_than_two_however_starts_are_rounded() {
        // Two slots without a gap; what takes how long is drawn, and starts lose their fractions.
        let (mut dice, mut too_many) = (drr_core::Seed(1).stream("test"), 0);
        for (shortest, longest) in [(0.2, 5.2), (0.05, 1.0), (1.0, 3.0), (5.0, 60.0)] {
            let (mut spans, mut truly) = (Vec::new(), 0.0);
            for mut at in [0.0, 0.4] {
                for _ in 0..50 {
                    let took = shortest + (longest - shortest) * dice.unit();
                    spans.push(span(f64::floor(at), f64::floor(at) + took));
                    at += took + 0.01;
                }
                truly = f64::max(truly, at);
            }
            spans.sort_by(order);
            let length = |spans: &[Span]| spans.iter().map(|span| span.end).fold(0.0, f64::max);
            too_many += usize::from(most_at_once(&spans) > 2);
            assert_eq!(in_turn(&mut spans), 2);
            assert_eq!(most_at_once(&spans), 2);
            assert!((length(&spans) - truly).abs() < 2.0, "{} s, truly {truly}", length(&spans));
        }
        assert!(too_many > 0, "as they are recorded there are more");
    }

    #[test]
    fn a_pause_is_no_time() {
        let (mut spans, pauses) =
            without_pauses(vec![span(1000.0, 1010.0), span(1000.0, 1020.0), span(5000.0, 5020.0)]);
        assert_eq!(pauses, 1);
        assert_eq!(spans, [span(0.0, 10.0), span(0.0, 20.0), span(20.0, 40.0)]);
        assert_eq!(in_turn(&mut spans), 2);
        assert_eq!(spans, [span(0.0, 10.0), span(0.0, 20.0), span(20.0, 40.0)], "nothing had to give way");
    }
}
