//! What a command is started with: its words, and the variables it sees.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use drr_core::command::CommandPlace;
use drr_core::protocol::Device;
use drr_core::spec::TrialSpec;
use drr_core::trial_dir::TrialDir;

use drr_kinds::command::{CommandSettings, MetricsFrom, STAGE, filled, stage_of_kind};
use drr_kinds::error::{Error, Result};

/// Where the command leaves its artifacts.
pub const OUT: &str = "DRR_LAB_OUT";

/// The file it appends its metrics to.
pub const METRICS: &str = "DRR_LAB_METRICS";

/// Variables by which programs are told how many threads to use.
const THREADS: [&str; 6] = [
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
];

/// Variables without which programs in use do not compute the same twice.
const REPEATABLE: [(&str, &str); 2] = [("CUBLAS_WORKSPACE_CONFIG", ":4096:8"), ("PYTHONHASHSEED", "0")];

/// The folders of a trial while its command runs.
pub struct Folders {
    /// What the command leaves.
    pub out: PathBuf,
    /// What is gone when it ends.
    pub work: PathBuf,
    /// Its metrics, within `work`.
    pub metrics: PathBuf,
    /// Its temporary files, within `work`.
    pub temporary: PathBuf,
}

impl Folders {
    /// The folders of a trial.
    pub fn of(folder: &TrialDir) -> Self {
        let work = folder.path().join("work");
        Self { out: folder.artifacts(), metrics: work.join("metrics.jsonl"), temporary: work.join("tmp"), work }
    }
}

/// The words and the variables of a command.
pub struct Surroundings {
    /// Program and arguments.
    pub words: Vec<String>,
    /// All it sees of the environment.
    pub variables: BTreeMap<String, OsString>,
}

/// What a trial's command is started with.
pub struct Start<'a> {
    /// The trial.
    pub spec: &'a TrialSpec,
    /// Its settings.
    pub settings: &'a CommandSettings,
    /// Where the sweep's commands run.
    pub place: &'a CommandPlace,
    /// Where its files go.
    pub folders: &'a Folders,
    /// The runs folder, in which the trials below it are.
    pub runs: &'a Path,
    /// The folder of its ratings, where it stands on some.
    pub data: Option<&'a Path>,
    /// Where to compute.
    pub device: Device,
    /// How many threads it should use.
    pub threads: u32,
}

impl Start<'_> {
    /// What it is started with.
    ///
    /// # Errors
    /// A path that is no text, or a placeholder that stands for nothing here.
    pub fn surroundings(&self) -> Result<Surroundings> {
        let Start { spec, settings, folders, .. } = self;
        let (out, metrics, trial) = (shown(&folders.out)?, shown(&folders.metrics)?, spec.id().to_string());
        let data = self.data.map(shown).transpose()?;
        let device = if self.device == Device::Cpu { "cpu" } else { "cuda" };
        let params = settings.params_json();
        let mut stages = BTreeMap::new();
        for (kind, below) in spec.upstream.iter() {
            let Some(stage) = stage_of_kind(kind.as_str()) else { continue };
            stages.insert(stage.to_owned(), shown(&TrialDir::new(self.runs, below).artifacts())?);
        }
        let value = |name: &str| match name {
            "seed" => Some(spec.seed.0.to_string()),
            "params" => Some(params.clone()),
            "metrics" => Some(metrics.clone()),
            "out" => Some(out.clone()),
            "data" => data.clone(),
            "threads" => Some(self.threads.to_string()),
            "device" => Some(device.to_owned()),
            "trial" => Some(trial.clone()),
            _ => match name.strip_prefix(STAGE) {
                Some(stage) => stages.get(stage).cloned(),
                None => settings.word(name),
            },
        };
        let words = settings.run.iter().map(|word| filled(word, value).map_err(Error::Deterministic));
        let words = words.collect::<Result<Vec<_>>>()?;
        let passed = self.place.environment(spec.kind.as_str());
        let mut variables: BTreeMap<String, OsString> =
            passed.into_iter().map(|(name, value)| (name, value.into())).collect();
        let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.into());
        THREADS.iter().for_each(|name| drop(set(name, &self.threads.to_string())));
        REPEATABLE.iter().for_each(|(name, value)| drop(set(name, value)));
        for name in ["CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"] {
            std::env::var(name).into_iter().for_each(|value| drop(set(name, &value)));
        }
        // What it says is to be seen as it is said.
        set("PYTHONUNBUFFERED", "1");
        set("TMPDIR", &shown(&folders.temporary)?);
        set(OUT, &out);
        if settings.log == MetricsFrom::File {
            set(METRICS, &metrics);
        }
        set("DRR_LAB_PARAMS", &params);
        set("DRR_LAB_SEED", &spec.seed.0.to_string());
        set("DRR_LAB_TRIAL", &trial);
        set("DRR_LAB_THREADS", &self.threads.to_string());
        set("DRR_LAB_DEVICE", device);
        if let Some(data) = &data {
            set("DRR_LAB_RATINGS", data);
        }
        for (stage, path) in &stages {
            let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
            set(&format!("DRR_LAB_STAGE_{}", stage.chars().map(plain).collect::<String>()), path);
        }
        // What the sweep file says has the last word.
        let own = self.place.passed.get(spec.kind.as_str()).into_iter().flatten();
        own.for_each(|name| std::env::var(name).into_iter().for_each(|value| drop(set(name, &value))));
        settings.env.iter().for_each(|(name, value)| drop(set(name, value)));
        Ok(Surroundings { words, variables })
    }
}

fn shown(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Error::Environment(format!("{} is no text in UTF-8, and commands are given it as one", path.display()))
    })
}
