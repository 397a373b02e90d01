//! From a plan to job arrays: which trials make a task, which tasks make an array, which arrays wait for which. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use drr_kinds::Stage;

use crate::plan::{CohortKey, Plan, Task, cohort};

/// One task of an array.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskLayout {
    /// Positions in the plan, cohort by cohort.
    pub cohorts: Vec<Vec<usize>>,
}

impl TaskLayout {
    /// Positions in the plan.
    pub fn trials(&self) -> impl Iterator<Item = usize> {
        self.cohorts.iter().flatten().copied()
    }
}

/// One job array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayLayout {
    /// Its name within the submission, for example `drr-0`.
    pub name: String,
    /// Its tasks: index 0 of the array is the first. Those without trials keep the indices of two arrays in step and
    /// are not submitted.
    pub tasks: Range<usize>,
    /// What it waits for.
    pub after: Vec<After>,
}

/// A dependency on another array, by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Each task on the one of the same index.
    Corresponding(usize),
    /// On the end of the whole array; each task then looks for itself whether all it stands on is finished, so that one
    /// failed trial holds up only what stands on it.
    Whole(usize),
}

/// A plan as job arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanLayout {
    /// All tasks.
    pub tasks: Vec<TaskLayout>,
    /// All arrays, upstream first.
    pub arrays: Vec<ArrayLayout>,
}

impl PlanLayout {
    /// Lays out what a plan has to run, in cohorts of up to `cohort_size` trials and arrays of up to `array_size` tasks.
    pub fn new(plan: &Plan, cohort_size: usize, array_size: usize) -> Self {
        let mut layout = Self::default();
        let to_run = |stage: Stage| {
            let tasks = plan.tasks.iter().enumerate();
            tasks.filter(move |(_, task)| task.stage == stage && task.is_open()).map(|(position, _)| position)
        };
        let task = |position: usize| &plan.tasks[position];
        let mut models = Vec::new();
        for stage in
            Stage::in_order(plan.tasks.iter().map(|task| task.stage)).into_iter().filter(|stage| *stage != Stage::EVAL)
        {
            let tasks = cohorts(to_run(stage), task, cohort_size);
            models.push((stage.name(), layout.add(stage.name(), tasks, array_size, plan)));
        }

        // Evaluations are short: all that stand on the trials of one task make one task, which waits for that alone.
        let home: HashMap<usize, usize> = layout
            .tasks
            .iter()
            .enumerate()
            .flat_map(|(task, it)| it.trials().map(move |trial| (trial, task)).collect::<Vec<_>>())
            .collect();
        let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut free: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for position in to_run(Stage::EVAL) {
            let upstream = &plan.tasks[position].upstream;
            match upstream.iter().filter_map(|above| home.get(above)).max() {
                Some(&task) => below.entry(task).or_default().push(position),
                None => free.entry(upstream.iter().copied().max().unwrap_or(0)).or_default().push(position),
            }
        }
        for (name, above) in models {
            for array in above {
                let tasks = layout.arrays[array].tasks.clone();
                let evals: Vec<TaskLayout> =
                    tasks.map(|task| one_by_one(below.remove(&task).unwrap_or_default())).collect();
                if evals.iter().any(|task| !task.cohorts.is_empty()) {
                    layout.add(&format!("eval-{name}"), evals, usize::MAX, plan);
                }
            }
        }
        layout.add("eval", free.into_values().map(one_by_one).collect(), array_size, plan);
        layout
    }

    /// Adds tasks as arrays of up to `size` and returns the positions of these.
    fn add(&mut self, name: &str, tasks: Vec<TaskLayout>, size: usize, plan: &Plan) -> Range<usize> {
        let (first_array, first_task) = (self.arrays.len(), self.tasks.len());
        let number =
            self.arrays.iter().filter(|array| array.name.rsplit_once('-').is_some_and(|it| it.0 == name)).count();
        let home = self.homes();
        let end = first_task + tasks.len();
        self.tasks.extend(tasks);
        for (chunk, start) in (first_task..end).step_by(size.min(end.max(1))).enumerate() {
            let tasks = start..end.min(start.saturating_add(size));
            let after = self.after(&tasks, &home, plan);
            self.arrays.push(ArrayLayout { name: format!("{name}-{}", number + chunk), tasks, after });
        }
        first_array..self.arrays.len()
    }

    /// Of every trial that is in a task, its array and its index there.
    fn homes(&self) -> HashMap<usize, (usize, usize)> {
        let mut homes = HashMap::new();
        for (array, it) in self.arrays.iter().enumerate() {
            for (index, task) in self.tasks[it.tasks.clone()].iter().enumerate() {
                homes.extend(task.trials().map(|trial| (trial, (array, index))));
            }
        }
        homes
    }

    fn after(&self, tasks: &Range<usize>, homes: &HashMap<usize, (usize, usize)>, plan: &Plan) -> Vec<After> {
        let mut in_step: BTreeMap<usize, bool> = BTreeMap::new();
        for (index, task) in self.tasks[tasks.clone()].iter().enumerate() {
            for trial in task.trials() {
                for (array, there) in plan.tasks[trial].upstream.iter().filter_map(|above| homes.get(above)) {
                    *in_step.entry(*array).or_insert(true) &= index == *there;
                }
            }
        }
        // What another of these arrays waits for in step needs no word of its own.
        let mut after: Vec<After> = in_step
            .iter()
            .map(|(&array, &in_step)| if in_step { After::Corresponding(array) } else { After::Whole(array) })
            .collect();
        let implied: BTreeSet<usize> = after
            .iter()
            .filter_map(|it| if let After::Corresponding(array) = it { Some(*array) } else { None })
            .flat_map(|array| self.arrays[array].after.iter().map(|it| it.array()))
            .collect();
        after.retain(|it| !implied.contains(&it.array()));
        after
    }
}

impl After {
    /// The array's position.
    pub fn array(self) -> usize {
        match self {
            Self::Corresponding(array) | Self::Whole(array) => array,
        }
    }
}

fn single(position: usize) -> TaskLayout {
    TaskLayout { cohorts: vec![vec![position]] }
}

fn one_by_one(positions: Vec<usize>) -> TaskLayout {
    TaskLayout { cohorts: positions.into_iter().map(|position| vec![position]).collect() }
}

/// Cohorts in the order of their first members, a task each.
fn cohorts<'a>(
    positions: impl Iterator<Item = usize>,
    task: impl Fn(usize) -> &'a Task,
    size: usize,
) -> Vec<TaskLayout> {
    let mut tasks: Vec<TaskLayout> = Vec::new();
    let mut open: HashMap<CohortKey, usize> = HashMap::new();
    for position in positions {
        let Some(key) = cohort(task(position)) else {
            tasks.push(single(position));
            continue;
        };
        match open.get(&key) {
            Some(&task) if tasks[task].cohorts[0].len() < size => tasks[task].cohorts[0].push(position),
            _ => {
                open.insert(key, tasks.len());
                tasks.push(single(position));
            }
        }
    }
    tasks
}

/// Task indices as `--array` takes them, for example `0-3,7`.
pub fn ranges(indices: impl IntoIterator<Item = usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in indices {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => runs.push((index, index)),
        }
    }
    let words =
        runs.iter().map(|&(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;
