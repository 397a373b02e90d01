//! Tasks, arrays and what waits for what.

use drr_core::Status;
use std::path::Path;

use super::*;
use crate::plan::{FailedBefore, Sizes};
use crate::sweep::{ByName, Request, Source, expand, parse};

fn plan(text: &str) -> Plan {
    let source = Source::new("a.toml", text);
    let file = parse(&source, Path::new("."), &Request::default(), &mut ByName).expect("whole");
    Plan::new(
        &expand(&file, &mut ByName).expect("expands"),
        Path::new("/nowhere"),
        &Sizes::of_recipes(),
        FailedBefore::Skip,
    )
}

const TWO_BY_TWO: &str = "dataset = \"ml-100k\"\nseeds = 2\nbaselines = [\"pmf\"]\n[drr]\ntau = [0.001, 0.01]";

fn shown(layout: &PlanLayout) -> Vec<String> {
    let words = |after: &After| match after {
        After::Corresponding(array) => format!("corr {}", layout.arrays[*array].name),
        After::Whole(array) => format!("any {}", layout.arrays[*array].name),
    };
    let line = |array: &ArrayLayout| {
        let trials: Vec<usize> = layout.tasks[array.tasks.clone()].iter().map(|task| task.trials().count()).collect();
        format!("{} {trials:?} {}", array.name, array.after.iter().map(words).collect::<Vec<_>>().join(" "))
    };
    layout.arrays.iter().map(|array| line(array).trim_end().to_owned()).collect()
}

#[test]
fn stages_become_arrays_that_wait_for_each_other() {
    let layout = PlanLayout::new(&plan(TWO_BY_TWO), 1, 1000);
    assert_eq!(
        shown(&layout),
        [
            "pmf-0 [1, 1]",
            "drr-0 [1, 1, 1, 1] any pmf-0",
            "eval-pmf-0 [1, 1] corr pmf-0",
            "eval-drr-0 [1, 1, 1, 1] corr drr-0",
        ]
    );
}

#[test]
fn cohorts_are_tasks_and_their_evaluations_too() {
    let layout = PlanLayout::new(&plan(TWO_BY_TWO), 3, 1000);
    assert_eq!(
        shown(&layout),
        ["pmf-0 [1, 1]", "drr-0 [3, 1] any pmf-0", "eval-pmf-0 [1, 1] corr pmf-0", "eval-drr-0 [3, 1] corr drr-0"]
    );
    assert_eq!(layout.tasks[2].cohorts.len(), 1, "one cohort of three");
    assert_eq!(layout.tasks[6].cohorts.len(), 3, "evaluations one by one");
}

#[test]
fn long_arrays_are_split_and_stay_in_step() {
    let layout = PlanLayout::new(&plan(TWO_BY_TWO), 1, 3);
    assert_eq!(
        shown(&layout),
        [
            "pmf-0 [1, 1]",
            "drr-0 [1, 1, 1] any pmf-0",
            "drr-1 [1] any pmf-0",
            "eval-pmf-0 [1, 1] corr pmf-0",
            "eval-drr-0 [1, 1, 1] corr drr-0",
            "eval-drr-1 [1] corr drr-1",
        ]
    );
}

#[test]
fn one_recommender_a_pmf_needs_no_whole_array() {
    let text = TWO_BY_TWO.replace("[0.001, 0.01]", "0.001").replace("seeds = 2", "seeds = 5");
    let layout = PlanLayout::new(&plan(&text), 1, 2);
    let lines = shown(&layout);
    assert_eq!(lines[3..6], ["drr-0 [1, 1] corr pmf-0", "drr-1 [1, 1] corr pmf-1", "drr-2 [1] corr pmf-2"]);
    assert_eq!(
        lines[9..],
        ["eval-drr-0 [1, 1] corr drr-0", "eval-drr-1 [1, 1] corr drr-1", "eval-drr-2 [1] corr drr-2"]
    );
}

#[test]
fn what_is_finished_is_waited_for_by_nobody() {
    let mut plan = plan(TWO_BY_TWO);
    for task in plan.tasks.iter_mut().filter(|task| task.stage == Stage::named("pmf")) {
        task.status = Status::Finished;
    }
    let first_drr = plan.tasks.iter().position(|task| task.stage == Stage::named("drr")).expect("there are four");
    plan.tasks[first_drr].status = Status::Finished;
    let layout = PlanLayout::new(&plan, 1, 1000);
    assert_eq!(shown(&layout), ["drr-0 [1, 1, 1]", "eval-drr-0 [1, 1, 1] corr drr-0", "eval-0 [1, 1, 1]"]);
}

#[test]
fn every_trial_to_run_is_in_one_task() {
    for (cohort, array) in [(1, 1), (1, 3), (2, 2), (4, 1000), (16, 5)] {
        let plan = plan(&TWO_BY_TWO.replace("seeds = 2", "seeds = 7"));
        let layout = PlanLayout::new(&plan, cohort, array);
        let mut trials: Vec<usize> = layout.tasks.iter().flat_map(TaskLayout::trials).collect();
        trials.sort_unstable();
        assert_eq!(trials, (0..plan.tasks.len()).collect::<Vec<_>>());
        assert!(layout.arrays.iter().all(|it| !it.tasks.is_empty() && it.tasks.len() <= array));
        let covered: usize = layout.arrays.iter().map(|it| it.tasks.len()).sum();
        assert_eq!(covered, layout.tasks.len());
    }
}

#[test]
fn indices_are_written_as_ranges() {
    assert_eq!(ranges([0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
    assert_eq!(ranges([3]), "3");
}
