//! Metrics that a sweep declares and its finished commands never told.

use drr_core::Status;
use drr_kinds::KindOf as _;
use drr_kinds::kind::TableColumns;

use crate::neutral::line;
use crate::store::{StoredSweep, TrialRecord};

/// Trials that are told one by one.
const MOST: usize = 5;

/// What is missing, a line a trial; nothing where all was told.
pub(super) fn untold(sweep: &StoredSweep) -> Vec<String> {
    let lacking = |trial: &TrialRecord| {
        let families = trial.kind.study().map_or(&[][..], |study| study.families);
        let columns = families.iter().flat_map(|family| match family.columns {
            TableColumns::Fixed(columns) => columns,
            TableColumns::AtK => &[],
        });
        columns.map(|column| column.metric).find(|metric| !trial.metrics.contains_key(*metric))
    };
    let mut lines: Vec<String> = Vec::new();
    let mut more = 0;
    for trial in sweep.trials.iter().filter(|trial| trial.spec().is_command() && trial.status == Status::Finished) {
        let Some(metric) = lacking(trial) else { continue };
        if lines.len() == MOST {
            more += 1;
            continue;
        }
        let told: Vec<&str> = trial.metrics.keys().take(8).map(String::as_str).collect();
        let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        lines.push(format!(
            "{} {} seed {} ended without the metric `{}`, which the sweep declares; it told {}",
            trial.spec().stage().name(),
            trial.id().short(),
            trial.spec().seed.0,
            line(metric),
            line(&told)
        ));
    }
    if more > 0 {
        lines.push(format!("and {more} trials more"));
    }
    lines
}
