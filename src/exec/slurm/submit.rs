//! From a plan to jobs: writes plan and scripts once, then one `sbatch` an array, however many tasks it has.

use std::fs;
use std::path::Path;

use drr_core::array::{ArrayTask, FORMAT, PlanHead};
use drr_core::protocol::Device;
use drr_core::trial_dir::{TrialDir, write_whole};
use drr_core::{TrialId, array};
use drr_kinds::train_digest;

use super::SlurmOptions;
use super::commands::{ArrayRequest, Scheduler};
use super::layout::{After, ArrayLayout, PlanLayout, ranges};
use super::script::Script;
use super::submission::{Submission, dependency, script};
use crate::error::{Error, Result};
use crate::exec::notice::Notice;
use crate::exec::worker_program::file_name;
use crate::exec::{process, provenance};
use crate::plan::{Plan, clear_failure, clear_stop};

/// A claim whose holder gave no sign for so long may be taken over.
const LEASE_S: u64 = 60;

/// Trials that are trained together in one task, where it was not said: on cores, tasks are better spread.
const COHORT_ON_GPU: usize = 16;

/// Writes a submission of what the plan has to run and gives it to Slurm.
///
/// # Errors
/// The file system, or what Slurm says against it.
pub fn submit(
    plan: &Plan,
    options: &SlurmOptions,
    scheduler: &mut dyn Scheduler,
    tell: &mut dyn FnMut(&Notice),
) -> Result<Submission> {
    let layout = PlanLayout::new(plan, cohort_size(options), scheduler.array_size()?);
    let mut submission = write(plan, options, &layout)
        .map_err(|error| Error::environment(format!("cannot write to {}: {error}", options.runs.display())))?;
    for (position, array) in layout.arrays.iter().enumerate() {
        let after = dependency(&array.after, |above| {
            submission.jobs.iter().rev().find(|job| job.array == above).and_then(|job| job.job)
        });
        match give(&mut submission, position, filled(&layout, array), 0, &after, scheduler, tell) {
            Ok(_) => {}
            Err(error) if position == 0 => {
                // Nothing was submitted, and what was wrong with it is wrong in its folder too.
                submission.close("Slurm refused it")?;
                return Err(error);
            }
            Err(error) => {
                // A limit on jobs, perhaps; whoever follows submits the rest when what it stands on is finished.
                tell(&Notice::Cluster { message: format!("{error}; the rest is submitted later") });
                break;
            }
        }
    }
    Ok(submission)
}

/// Gives tasks of one array to Slurm.
///
/// # Errors
/// The file system, or what Slurm says against it.
pub fn give(
    submission: &mut Submission,
    array: usize,
    tasks: Vec<usize>,
    lost: u32,
    dependency: &str,
    scheduler: &mut dyn Scheduler,
    tell: &mut dyn FnMut(&Notice),
) -> Result<u64> {
    let first = submission.record.arrays[array].first;
    let mut indices = ranges(tasks.iter().map(|task| task - first));
    if let Some(most) = submission.record.settings.throttle {
        indices.push_str(&format!("%{most}"));
    }
    let count = tasks.len();
    let entry = submission.wish(array, tasks, lost)?;
    let (script, name) = (submission.script(array), submission.jobs[entry].name.clone());
    let request = ArrayRequest { script: &script, name: &name, array: &indices, dependency, lost };
    let job = scheduler.submit(&request)?;
    submission.taken(entry, job)?;
    tell(&Notice::ArraySubmitted { job, name, tasks: count });
    Ok(job)
}

/// The tasks of an array that have trials.
fn filled(layout: &PlanLayout, array: &ArrayLayout) -> Vec<usize> {
    array.tasks.clone().filter(|&task| !layout.tasks[task].cohorts.is_empty()).collect()
}

fn cohort_size(options: &SlurmOptions) -> usize {
    options.cohort.unwrap_or(if options.settings.has_gpu() { COHORT_ON_GPU } else { 1 })
}

fn write(plan: &Plan, options: &SlurmOptions, layout: &PlanLayout) -> std::io::Result<Submission> {
    let (folder, name) = Submission::new_folder(&options.runs, &plan.sweep)?;
    // A build in the meantime must not change half of the trials.
    let worker = folder.join("worker").join(file_name(&options.worker));
    fs::copy(&options.worker, &worker)?;
    let mut common = provenance::common(&worker, &options.runs, plan.commands.as_ref());
    for task in plan.tasks.iter().filter(|task| task.is_open()) {
        provenance::describe(&mut common, &options.data, &task.trial.spec);
        let folder = TrialDir::new(&options.runs, task.trial.id);
        clear_failure(&folder).and_then(|()| clear_stop(&folder))?;
    }
    let head = PlanHead {
        format: FORMAT,
        submission: name.clone(),
        train_digest: train_digest(),
        runs: options.runs.clone(),
        data: options.data.clone(),
        device: if options.settings.has_gpu() { Device::Cuda(0) } else { Device::Cpu },
        lease_s: LEASE_S,
        provenance: common,
        commands: plan.commands.clone(),
    };
    let spec = |&position: &usize| plan.tasks[position].trial.spec.clone();
    let tasks: Vec<ArrayTask> = layout
        .tasks
        .iter()
        .map(|task| ArrayTask {
            cohorts: task.cohorts.iter().map(|cohort| cohort.iter().map(spec).collect()).collect(),
        })
        .collect();
    array::write(&folder, &head, &tasks)?;
    for array in &layout.arrays {
        let text = render(plan, options, layout, array, &name, &folder, &worker);
        write_whole(&script(&folder, &array.name), text.as_bytes())?;
    }
    let trials: Vec<Vec<TrialId>> =
        layout.tasks.iter().map(|task| task.trials().map(|position| plan.tasks[position].trial.id).collect()).collect();
    Submission::create(folder, &name, &plan.sweep, layout, trials, &options.settings)
}

fn render(
    plan: &Plan,
    options: &SlurmOptions,
    layout: &PlanLayout,
    array: &ArrayLayout,
    name: &str,
    folder: &Path,
    worker: &Path,
) -> String {
    let tasks = filled(layout, array);
    let trials: usize = tasks.iter().map(|&task| layout.tasks[task].trials().count()).sum();
    let (sweep, first) = (&plan.sweep, array.tasks.start);
    let what = format!("drr-lab: {trials} trials of the sweep {sweep} in {} tasks", tasks.len());
    let dataset = plan.tasks.first().and_then(|task| task.trial.spec.dataset()).filter(|it| it.synthetic.is_none());
    let digits = dataset.map(|it| it.fingerprint.short()).unwrap_or_default();
    Script {
        name: &format!("{name}.{}", array.name),
        what: &what,
        array: &ranges(tasks.iter().map(|task| task - first)),
        first,
        folder,
        runs: &options.runs,
        data: &options.data,
        worker,
        dataset: dataset.map(|it| (it.name.as_str(), digits.as_str())),
        environment: &process::ENVIRONMENT,
    }
    .render(&options.settings)
}

/// The scripts of a plan, as they would be written and submitted.
pub fn shown(plan: &Plan, options: &SlurmOptions, array_size: usize) -> String {
    let layout = PlanLayout::new(plan, cohort_size(options), array_size);
    let name = format!("drr-{}-ID", plan.sweep);
    let folder = super::folder(&options.runs, &plan.sweep).join("ID");
    let worker = folder.join("worker").join(file_name(&options.worker));
    let mut text = String::new();
    for array in &layout.arrays {
        let words = array.after.iter().map(|after| match after {
            After::Corresponding(above) => format!("aftercorr:<job of {}>", layout.arrays[*above].name),
            After::Whole(above) => format!("afterany:<job of {}>", layout.arrays[*above].name),
        });
        let after = words.collect::<Vec<_>>().join(",");
        let after = if after.is_empty() { after } else { format!(" --dependency={after}") };
        text.push_str(&format!("### {}.sh, given to sbatch{after}\n", array.name));
        text.push_str(&render(plan, options, &layout, array, &name, &folder, &worker));
        text.push('\n');
    }
    text
}
