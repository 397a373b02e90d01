//! What the record of a sweep holds when a sweep of that name runs again. A run of a part (`--only`, `--seeds`) adds to
//! what is recorded and takes nothing away; trials fall out only where the definition no longer holds them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use drr_core::{Trial, TrialId};

use crate::sweep::Sweep;

/// Stands in the recorded text where not all trials of the text are recorded.
const PART: &str = "# of these trials, only those that runs asked for are recorded (--only, --seeds)";

/// What is to be recorded, and what no longer is.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The sweep as it is to be recorded.
    pub record: Sweep,
    /// Trials that the record held before.
    pub before: usize,
    /// Those of them that the definition no longer holds.
    pub left: Vec<Arc<Trial>>,
}

impl Kept {
    /// Puts together what a run asks for (`asked`), all that its definition holds (`whole`) and what is recorded.
    pub fn new(asked: &Sweep, whole: &Sweep, recorded: Sweep) -> Self {
        let ids = |sweep: &Sweep| -> HashSet<TrialId> { sweep.trials.iter().map(|trial| trial.id).collect() };
        let (now, all, then) = (ids(asked), ids(whole), ids(&recorded));
        let before = recorded.trials.len();
        let left = recorded.trials.iter().filter(|trial| !all.contains(&trial.id)).cloned().collect();
        let wanted = |trial: &&Arc<Trial>| now.contains(&trial.id) || then.contains(&trial.id);
        // In the order of the definition, which lists upstream trials first.
        let mut trials: Vec<Arc<Trial>> = whole.trials.iter().filter(wanted).cloned().collect();
        trials.extend(asked.trials.iter().filter(|trial| !all.contains(&trial.id)).cloned());
        let record = if trials.len() == asked.trials.len() {
            asked.clone()
        } else if trials.len() == before && trials.iter().all(|trial| then.contains(&trial.id)) {
            recorded
        } else {
            let text = if trials.len() == whole.trials.len() { whole.text.clone() } else { part(&whole.text) };
            let seeds = trials.iter().map(|trial| trial.spec.seed).collect::<BTreeSet<_>>().len();
            Sweep { text, seeds, trials, ..whole.clone() }
        };
        Self { record, before, left }
    }
}

fn part(text: &str) -> String {
    format!("{text}\n{PART}")
}

/// Whether a recorded text stands for more trials than are recorded.
pub fn is_part(text: &str) -> bool {
    text.lines().any(|line| line == PART)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::made_up::expanded;

    const ALL: &str = "dataset = \"ml-100k\"\nseeds = 2\n[drr]\ntau = [0.001, 0.01, 0.1]";

    fn only(taus: &str) -> Sweep {
        expanded(ALL, &[&format!("tau={taus}")])
    }

    fn ids(sweep: &Sweep) -> Vec<TrialId> {
        sweep.trials.iter().map(|trial| trial.id).collect()
    }

    #[test]
    fn a_part_adds_to_the_record_and_takes_nothing_away() {
        let whole = expanded(ALL, &[]);
        let kept = Kept::new(&only("0.001"), &whole, whole.clone());
        assert_eq!((ids(&kept.record), &kept.record.text), (ids(&whole), &whole.text));
        assert!(kept.left.is_empty());
        let two = Kept::new(&only("0.1"), &whole, only("0.001"));
        assert_eq!(ids(&two.record), ids(&only("0.001,0.1")), "in the order of the definition");
        assert!(is_part(&two.record.text) && !is_part(&whole.text) && two.left.is_empty());
        let all = Kept::new(&only("0.01"), &whole, two.record.clone());
        assert_eq!((ids(&all.record), &all.record.text), (ids(&whole), &whole.text), "whole again");
        let first = Kept::new(&whole, &whole, two.record);
        assert_eq!((ids(&first.record), first.left.len()), (ids(&whole), 0));
    }

    #[test]
    fn what_the_definition_no_longer_holds_leaves() {
        let whole = expanded(ALL, &[]);
        let now = expanded(&ALL.replace(", 0.1]", ", 0.5]"), &[]);
        let kept = Kept::new(&now, &now, whole.clone());
        assert_eq!(ids(&kept.record), ids(&now));
        assert_eq!((kept.before, kept.left.len()), (whole.trials.len(), 4), "two trainings, two evaluations");
        assert!(kept.left.iter().all(|trial| trial.point["drr.tau"] == 0.1));
    }
}
