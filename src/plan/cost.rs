//! How long a trial may take, from its spec alone: good enough to start the longest first and to weigh a progress bar.

use drr_core::TrialSpec;
use drr_core::spec::{DrrSpec, Job, Measure, Policy};

/// One update at the slides' widths (k = 100, minibatches of 64) on one core, in seconds.
const UPDATE: f64 = 0.007;

/// Expected seconds on one core.
pub fn seconds(spec: &TrialSpec) -> f64 {
    match &spec.job {
        Job::Pmf(pmf) => 0.5 + 0.3 * pmf.epochs as f64 * (0.2 + pmf.k as f64 / 125.0),
        Job::Drr(job) => {
            let updates = job.drr.train_steps.saturating_sub(job.drr.learning_starts) as f64;
            let steps = job.drr.train_steps as f64 * 0.000_2;
            0.2 + steps + updates * UPDATE * relative_work(&job.drr)
        }
        Job::Eval(job) => match &job.measure {
            Measure::Offline(offline) => {
                let lists: u64 = offline.k.iter().sum();
                0.2 + 2e-6 * (lists * offline.repeats * offline.users) as f64
            }
            Measure::Online(online) => {
                let steps = (online.steps * online.repeats) as f64 * online.k.len() as f64;
                // Only the recommender learns as it goes.
                0.2 + steps
                    * match job.policy {
                        Policy::Drr(_) | Policy::DrrUntrained(_) => UPDATE,
                        _ => 0.000_05,
                    }
            }
        },
    }
}

/// Work of one update relative to the slides' network.
fn relative_work(drr: &DrrSpec) -> f64 {
    let layers = |widths: &[u64]| widths.windows(2).map(|pair| (pair[0] * pair[1]) as f64).sum::<f64>();
    let weights = layers(&drr.actor_hidden) + layers(&drr.critic_hidden);
    (0.05 + 0.95 * weights / 370_000.0) * (drr.batch_size as f64 / 64.0)
}
