//! Recommenders that would end before they learn: allowed, but seldom meant.

use super::expand::Sweep;

/// How many recommenders of a sweep end before their networks are trained, or as they begin to be, in words. Those of 0
/// steps are meant so.
pub fn idle(sweep: &Sweep) -> Option<String> {
    let (mut trained, mut idle, mut first) = (0, 0, None);
    for trial in &sweep.trials {
        let settings = &trial.spec.settings;
        let (Some(steps), Some(starts)) = (settings.whole("train_steps"), settings.whole("learning_starts")) else {
            continue;
        };
        if steps > 0 {
            trained += 1;
            if steps <= starts {
                idle += 1;
                first.get_or_insert((steps, starts));
            }
        }
    }
    let (steps, starts) = first?;
    let why = if steps < starts {
        format!("learn nothing: train_steps = {steps} end before training begins, at learning_starts = {starts}")
    } else {
        format!("are updated once: train_steps = {steps} end as training begins, at learning_starts = {starts}")
    };
    Some(format!("{idle} of {trained} recommenders {why} (at least one minibatch)"))
}
