//! What a submission leaves in `runs/slurm/<sweep>/<id>/`, so that it can be followed from anywhere that sees the folder.
//!
//! ```text
//! submission.json       its name, arrays and settings
//! plan.jsonl plan.index what the tasks run
//! arrays/<array>.sh     the batch scripts
//! worker/               the worker's program as it was
//! jobs.jsonl            what was given to Slurm: a line before each sbatch, one with the job after it
//! logs/                 what Slurm and the tasks said
//! closed                there once nothing is left to follow
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use drr_core::trial_dir::write_whole;
use drr_core::{TrialId, array, canonical};
use serde::{Deserialize, Serialize};

use super::layout::{After, PlanLayout};
use super::parse::QueueRow;
use crate::error::{Error, Result};
use crate::sweep::SlurmSettings;

/// The version of the record's format.
const FORMAT: u32 = 1;

/// `submission.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionRecord {
    /// Format of this record.
    pub format: u32,
    /// Its name; those of its jobs begin with it, and no other's do.
    pub name: String,
    /// The sweep.
    pub sweep: String,
    /// The arrays.
    pub arrays: Vec<ArrayRecord>,
    /// `[slurm]` as it was.
    pub settings: SlurmSettings,
}

/// An array of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayRecord {
    /// Its name.
    pub name: String,
    /// The plan's task that index 0 stands for.
    pub first: usize,
    /// How many tasks it has.
    pub count: usize,
}

/// A line of `jobs.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum SubmissionLine {
    /// About to be given to Slurm.
    Wish(SubmittedArray),
    /// Slurm took it.
    Taken { name: String, job: u64 },
}

/// An array, or part of one, that was given to Slurm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedArray {
    /// The job's name.
    pub name: String,
    /// The array's position.
    pub array: usize,
    /// The tasks, by their numbers in the plan.
    pub tasks: Vec<usize>,
    /// Attempts of these tasks that were lost before.
    pub lost: u32,
    /// Slurm's number; unknown if the program ended before it was told.
    pub job: Option<u64>,
}

/// A submission and what was given to Slurm of it.
#[derive(Clone, Debug)]
pub struct Submission {
    folder: PathBuf,
    /// Its record.
    pub record: SubmissionRecord,
    /// The trials of each task.
    pub tasks: Vec<Vec<TrialId>>,
    /// What was given to Slurm, oldest first.
    pub jobs: Vec<SubmittedArray>,
}

impl Submission {
    /// The folder of all submissions of a sweep.
    fn home(runs: &Path, sweep: &str) -> PathBuf {
        runs.join("slurm").join(sweep)
    }

    /// Makes the folder of a new submission, under a name that no other has.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn new_folder(runs: &Path, sweep: &str) -> io::Result<(PathBuf, String)> {
        let random = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        let id = random.split('-').next().unwrap_or_default().trim();
        let folder = Self::home(runs, sweep).join(id);
        fs::create_dir_all(folder.join("logs"))?;
        fs::create_dir_all(folder.join("arrays"))?;
        fs::create_dir_all(folder.join("worker"))?;
        Ok((folder, format!("drr-{sweep}-{id}")))
    }

    /// Writes the record of a new submission, whose plan is written.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn create(
        folder: PathBuf,
        name: &str,
        sweep: &str,
        layout: &PlanLayout,
        tasks: Vec<Vec<TrialId>>,
        settings: &SlurmSettings,
    ) -> io::Result<Self> {
        let arrays = layout.arrays.iter().map(|array| ArrayRecord {
            name: array.name.clone(),
            first: array.tasks.start,
            count: array.tasks.len(),
        });
        let record = SubmissionRecord {
            format: FORMAT,
            name: name.to_owned(),
            sweep: sweep.to_owned(),
            arrays: arrays.collect(),
            settings: settings.clone(),
        };
        write_whole(&folder.join("submission.json"), &canonical::to_bytes(&record))?;
        Ok(Self { folder, record, tasks, jobs: Vec::new() })
    }

    /// The submissions of a sweep that are not closed, oldest first.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn open(runs: &Path, sweep: &str) -> Result<Vec<Self>> {
        let entries = match fs::read_dir(Self::home(runs, sweep)) {
            Ok(entries) => entries,
            Err(_) => return Ok(Vec::new()),
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let folder = entry.path();
            // Without a record it was never given to Slurm.
            if let Ok(written) = fs::metadata(folder.join("submission.json"))
                && !folder.join("closed").exists()
            {
                found.push((written.modified().ok(), Self::read(folder)?));
            }
        }
        found.sort_by_key(|(written, _)| *written);
        Ok(found.into_iter().map(|(_, submission)| submission).collect())
    }

    /// The sweeps that have submissions which are not closed, sorted.
    pub fn open_sweeps(runs: &Path) -> Vec<String> {
        let folders = fs::read_dir(runs.join("slurm")).into_iter().flatten().flatten();
        let is_open = |folder: &Path| folder.join("submission.json").exists() && !folder.join("closed").exists();
        let mut sweeps: Vec<String> = folders
            .filter(|sweep| fs::read_dir(sweep.path()).into_iter().flatten().flatten().any(|it| is_open(&it.path())))
            .map(|sweep| sweep.file_name().to_string_lossy().into_owned())
            .collect();
        sweeps.sort();
        sweeps
    }

    fn read(folder: PathBuf) -> Result<Self> {
        let path = folder.join("submission.json");
        let fail = |path: &Path, why: String| Error::environment(format!("{}: {why}", path.display()));
        let text = fs::read(&path).map_err(|error| fail(&path, error.to_string()))?;
        let record: SubmissionRecord = serde_json::from_slice(&text).map_err(|error| fail(&path, error.to_string()))?;
        if record.format > FORMAT {
            return Err(fail(&path, format!("format {} is newer than this program reads ({FORMAT})", record.format)));
        }
        let (_, plan) = array::read(&folder).map_err(|error| Error::environment(error.to_string()))?;
        let tasks = plan.iter().map(|task| task.cohorts.iter().flatten().map(|spec| spec.id()).collect()).collect();
        let path = folder.join("jobs.jsonl");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(|error| fail(&path, error.to_string()))?,
        };
        let mut jobs: Vec<SubmittedArray> = Vec::new();
        // A last line without an end is one that was being written when the program ended.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match serde_json::from_str(line).map_err(|error| fail(&path, error.to_string()))? {
                SubmissionLine::Wish(job) => jobs.push(job),
                SubmissionLine::Taken { name, job } => {
                    jobs.iter_mut().filter(|it| it.name == name).for_each(|it| it.job = Some(job));
                }
            }
        }
        Ok(Self { folder, record, tasks, jobs })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The batch script of an array.
    pub fn script(&self, array: usize) -> PathBuf {
        script(&self.folder, &self.record.arrays[array].name)
    }

    /// Notes, to last, that tasks of an array are about to be given to Slurm; returns the entry's position.
    ///
    /// # Errors
    /// The file system.
    pub fn wish(&mut self, array: usize, tasks: Vec<usize>, lost: u32) -> Result<usize> {
        let again = self.jobs.iter().filter(|job| job.array == array).count();
        let mut name = format!("{}.{}", self.record.name, self.record.arrays[array].name);
        if again > 0 {
            name.push_str(&format!(".r{again}"));
        }
        let job = SubmittedArray { name, array, tasks, lost, job: None };
        self.append(&SubmissionLine::Wish(job.clone()))?;
        self.jobs.push(job);
        Ok(self.jobs.len() - 1)
    }

    /// Notes the number that Slurm gave.
    ///
    /// # Errors
    /// The file system.
    pub fn taken(&mut self, entry: usize, job: u64) -> Result<()> {
        self.append(&SubmissionLine::Taken { name: self.jobs[entry].name.clone(), job })?;
        self.jobs[entry].job = Some(job);
        Ok(())
    }

    fn append(&self, line: &SubmissionLine) -> Result<()> {
        let path = self.folder.join("jobs.jsonl");
        let text = format!("{}\n", serde_json::to_string(line).expect("a line is JSON"));
        let written = OpenOptions::new().create(true).read(true).append(true).open(&path).and_then(|mut file| {
            let mut before = Vec::new();
            file.read_to_end(&mut before)?;
            // What a program that ended was writing would spoil the next line.
            let whole = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            if whole < before.len() {
                file.set_len(whole as u64)?;
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| Error::environment(format!("cannot write to {}: {error}", path.display())))
    }

    /// Takes up jobs that were given to Slurm by a program that ended before it was told their numbers.
    ///
    /// # Errors
    /// The file system.
    pub fn adopt(&mut self, rows: &[QueueRow]) -> Result<()> {
        for entry in 0..self.jobs.len() {
            let job = &self.jobs[entry];
            if job.job.is_none()
                && let Some(row) = rows.iter().find(|row| row.name == job.name)
            {
                self.taken(entry, row.array)?;
            }
        }
        Ok(())
    }

    /// The names of its jobs.
    pub fn names(&self) -> Vec<&str> {
        self.jobs.iter().map(|job| job.name.as_str()).collect()
    }

    /// Whether somebody closed it.
    pub fn is_closed(&self) -> bool {
        self.folder.join("closed").exists()
    }

    /// Notes that nothing is left to follow, and clears away the worker's copy.
    ///
    /// # Errors
    /// The file system.
    pub fn close(&self, why: &str) -> Result<()> {
        let path = self.folder.join("closed");
        write_whole(&path, format!("{why}\n").as_bytes())
            .map_err(|error| Error::environment(format!("cannot write to {}: {error}", path.display())))?;
        let _ = fs::remove_dir_all(self.folder.join("worker"));
        Ok(())
    }

    /// Of each task the latest entry that holds it and that Slurm took.
    pub fn latest(&self) -> Vec<Option<usize>> {
        let mut latest = vec![None; self.tasks.len()];
        for (entry, job) in self.jobs.iter().enumerate().filter(|(_, job)| job.job.is_some()) {
            job.tasks.iter().for_each(|&task| latest[task] = Some(entry));
        }
        latest
    }
}

/// The batch script of an array below a submission's folder.
pub fn script(folder: &Path, array: &str) -> PathBuf {
    folder.join("arrays").join(format!("{array}.sh"))
}

/// `--dependency` for what an array waits for, given the jobs of the arrays before it.
pub fn dependency(after: &[After], job: impl Fn(usize) -> Option<u64>) -> String {
    let of = |word: &str, wanted: fn(&After) -> bool| {
        let jobs: Vec<String> =
            after.iter().filter(|it| wanted(it)).filter_map(|it| job(it.array())).map(|job| job.to_string()).collect();
        if jobs.is_empty() { String::new() } else { format!("{word}:{}", jobs.join(":")) }
    };
    let words = [
        of("aftercorr", |it| matches!(it, After::Corresponding(_))),
        of("afterany", |it| matches!(it, After::Whole(_))),
    ];
    words.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(",")
}
