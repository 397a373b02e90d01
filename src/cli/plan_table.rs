//! What `--dry-run` shows: stages, trials to run and found, and how long it may take.

use drr_core::spec::Stage;
use serde_json::json;

use super::Output;
use crate::error::Result;
use crate::plan::{Plan, State};
use crate::store::Store;

/// Prints a plan to stdout; times come from trials recorded before, where there are any.
pub(super) fn print(plan: &Plan, slots: usize, store: Option<&Store>, output: Output) -> Result<()> {
    let mean = |stage: Stage| store.map_or(Ok(None), |store| store.mean_wall_s(stage));
    let mut rows = Vec::new();
    let mut whole = Some(0.0);
    for count in plan.stages() {
        let seconds = mean(count.stage)?.map(|mean| mean * count.to_run as f64 / slots as f64);
        if count.to_run > 0 {
            whole = whole.zip(seconds).map(|(whole, seconds)| whole + seconds);
        }
        rows.push((count, seconds));
    }
    match output {
        Output::Json => {
            for task in &plan.tasks {
                let state = match &task.state {
                    State::Found => "found",
                    State::ToRun => "to-run",
                    State::Skipped(_) => "skipped",
                };
                let trial = &task.trial;
                println!(
                    "{}",
                    json!({"sweep": plan.sweep, "trial": trial.id, "stage": task.stage, "seed": trial.spec.seed,
                           "point": trial.point, "state": state})
                );
            }
        }
        Output::Human | Output::Quiet => {
            println!("{}: {} trials", plan.sweep, plan.tasks.len());
            println!("{:<6} {:>8} {:>8} {:>8}  expected", "stage", "to run", "found", "skipped");
            for (count, seconds) in rows {
                let expected = expected(if count.to_run == 0 { Some(0.0) } else { seconds });
                let name = count.stage.name();
                println!("{name:<6} {:>8} {:>8} {:>8}  {expected}", count.to_run, count.found, count.skipped);
            }
            let slots = if slots == 1 { "1 slot".to_owned() } else { format!("{slots} slots") };
            println!("in all: {}, on {slots}; nothing was started", expected(whole));
        }
    }
    Ok(())
}

fn expected(seconds: Option<f64>) -> String {
    match seconds {
        None => "unknown".to_owned(),
        Some(0.0) => "-".to_owned(),
        Some(seconds) if seconds < 120.0 => format!("about {:.0} s", seconds.ceil()),
        Some(seconds) => format!("about {:.0} min", (seconds / 60.0).ceil()),
    }
}
