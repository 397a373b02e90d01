//! Runs in an MLflow tracking server, over its REST API 2.0: an experiment a sweep, a run a finished trial, with its settings as
//! parameters, its points and final metrics as metrics. A run says in a tag which trial it is, and in another when all of it is
//! there: a second export adds nothing, and one that was interrupted goes on, what was half there being deleted first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, UNIX_EPOCH};

use drr_core::trial_dir::TrialDir;
use drr_core::{Status, TrialId};
use drr_kinds::{KindOf as _, kind_settings};
use serde_json::{Value, json};

use super::tensorboard::{FINAL, plain, run_name};
use crate::error::{Error, Result};
use crate::store::{Store, StoredSweep, TrialRecord};

/// Tags of a run: whose it is, and what was exported once it is whole.
const TRIAL: &str = "drr_lab.trial";
const WHOLE: &str = "drr_lab.metrics_digest";

/// What a request may hold.
const METRICS: usize = 1_000;
const PARAMETERS: usize = 100;
/// Letters of a parameter's value that every server takes.
const LONGEST: usize = 500;
/// Runs that are asked for at a time.
const PAGE: usize = 1_000;

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an export did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MlflowExport {
    /// Runs that it made.
    pub made: usize,
    /// Runs that were there.
    pub found: usize,
}

struct TrackingServer {
    agent: ureq::Agent,
    base: String,
}

impl TrackingServer {
    fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .user_agent(concat!("drr-lab/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, base: base.trim_end_matches('/').to_owned() }
    }

    /// What the server answers to `what`.
    fn ask(&self, what: &str, body: &Value) -> Result<Value> {
        let url = self.url(what);
        self.answer(what, self.agent.post(&url).content_type("application/json").send(body.to_string()))
    }

    fn url(&self, what: &str) -> String {
        format!("{}/api/2.0/mlflow/{what}", self.base)
    }

    fn answer(
        &self,
        what: &str,
        sent: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Value> {
        let away = |error: &dyn std::fmt::Display| {
            Error::environment(format!("{} does not answer as MLflow does: {error}", self.base))
                .hint("start one, for example `mlflow server`, and name it: --out http://127.0.0.1:5000")
        };
        let mut response = sent.map_err(|error| away(&error))?;
        let text = response.body_mut().read_to_string().map_err(|error| away(&error))?;
        let answer: Value = serde_json::from_str(&text).map_err(|_| away(&format!("status {}", response.status())))?;
        match response.status().as_u16() {
            200..300 => Ok(answer),
            _ => {
                let code = answer["error_code"].as_str().unwrap_or_default();
                let told = answer["message"].as_str().unwrap_or_default();
                Err(Error::environment(format!("MLflow refuses {what}: {code} {}", crate::neutral::line(told))))
            }
        }
    }

    /// The experiment of this name, made where it is not there.
    fn experiment(&self, name: &str) -> Result<String> {
        let what = "experiments/get-by-name";
        let id = |value: &Value| value.as_str().map(str::to_owned);
        let id = match self.answer(what, self.agent.get(self.url(what)).query("experiment_name", name).call()) {
            Ok(found) => id(&found["experiment"]["experiment_id"]),
            Err(error) if error.message.contains("RESOURCE_DOES_NOT_EXIST") => {
                id(&self.ask("experiments/create", &json!({ "name": name }))?["experiment_id"])
            }
            Err(error) => return Err(error),
        };
        id.ok_or_else(|| Error::environment("MLflow told no experiment's id"))
    }

    /// The runs of an experiment by their trial: an id, and the digest that says that it is whole.
    fn runs(&self, experiment: &str) -> Result<HashMap<String, Vec<(String, String)>>> {
        let mut runs: HashMap<String, Vec<(String, String)>> = HashMap::new();
        let mut token = String::new();
        loop {
            let asked = json!({"experiment_ids": [experiment], "max_results": PAGE, "page_token": token});
            let answer = self.ask("runs/search", &asked)?;
            for run in answer["runs"].as_array().into_iter().flatten() {
                let tags = run["data"]["tags"].as_array().into_iter().flatten();
                let tags: BTreeMap<&str, &str> =
                    tags.filter_map(|tag| Some((tag["key"].as_str()?, tag["value"].as_str()?))).collect();
                if let (Some(trial), Some(id)) = (tags.get(TRIAL), run["info"]["run_id"].as_str()) {
                    let whole = tags.get(WHOLE).copied().unwrap_or_default().to_owned();
                    runs.entry((*trial).to_owned()).or_default().push((id.to_owned(), whole));
                }
            }
            match answer["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => return Ok(runs),
            }
        }
    }
}

/// Writes a run for every trial with a result into the server at `base`. `told` hears how many of how many are there.
///
/// # Errors
/// A failure of the database, or a server that does not answer or refuses.
pub fn write(store: &Store, sweep: &StoredSweep, base: &str, told: impl Fn(usize, usize)) -> Result<MlflowExport> {
    let server = TrackingServer::new(base);
    let experiment = server.experiment(&sweep.name)?;
    let runs = server.runs(&experiment)?;
    let mut seen = HashSet::<TrialId>::new();
    let finished: Vec<&TrialRecord> =
        sweep.trials.iter().filter(|trial| trial.status == Status::Finished && seen.insert(trial.id())).collect();
    let mut done = MlflowExport::default();
    for (at, trial) in finished.iter().enumerate() {
        told(at, finished.len());
        let digest = trial.metrics_digest.map(|digest| digest.to_string()).unwrap_or_default();
        let own = runs.get(&trial.id().to_string()).map(Vec::as_slice).unwrap_or_default();
        if own.iter().any(|(_, whole)| *whole == digest) {
            done.found += 1;
            continue;
        }
        for (id, _) in own {
            server.ask("runs/delete", &json!({ "run_id": id }))?;
        }
        run(&server, &experiment, store, sweep, trial, &digest)?;
        done.made += 1;
    }
    told(finished.len(), finished.len());
    Ok(done)
}

/// Makes a trial's run, the tag that says it is whole last.
fn run(
    server: &TrackingServer,
    experiment: &str,
    store: &Store,
    sweep: &StoredSweep,
    trial: &TrialRecord,
    digest: &str,
) -> Result<()> {
    let id = trial.id();
    // Written when the trial was handed to a worker.
    let begun = std::fs::metadata(TrialDir::new(store.runs(), id).provenance()).and_then(|about| about.modified());
    let begun =
        begun.ok().and_then(|begun| begun.duration_since(UNIX_EPOCH).ok()).map_or(0, |it| it.as_millis() as u64);
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    let mut tags = vec![
        tag(TRIAL, &id.to_string()),
        tag("drr_lab.sweep", &sweep.name),
        tag("mlflow.source.name", "drr-lab"),
        tag("drr_lab.stage", trial.spec().stage().name()),
    ];
    tags.extend(trial.environment.as_ref().map(|class| tag("drr_lab.environment", &class.to_string())));
    let made = server.ask(
        "runs/create",
        &json!({
            "experiment_id": experiment, "run_name": run_name(sweep, trial), "start_time": begun, "tags": tags,
        }),
    )?;
    let Some(run) = made["run"]["info"]["run_id"].as_str() else {
        return Err(Error::environment("MLflow told no run's id"));
    };
    let mut settings: BTreeMap<String, Value> = kind_settings(trial.spec()).into_iter().collect();
    settings.extend(trial.point().iter().map(|(axis, value)| (axis.clone(), value.clone())));
    settings.insert("seed".to_owned(), trial.spec().seed.0.into());
    let parameter = |(name, value): (&String, &Value)| {
        let value: String = plain(value).chars().take(LONGEST).collect();
        json!({"key": allowed(name), "value": value})
    };
    let parameters: Vec<Value> = settings.iter().map(parameter).collect();
    for some in parameters.chunks(PARAMETERS) {
        server.ask("runs/log-batch", &json!({"run_id": run, "params": some}))?;
    }
    let point = |name: &str, step: u64, value: f64| {
        // No time is recorded with a point: they stand in the order of their steps.
        json!({"key": allowed(name), "value": number(value), "timestamp": begun + step, "step": step})
    };
    let mut metrics: Vec<Value> =
        store.all_points(id)?.iter().map(|(name, step, value)| point(name, *step, *value)).collect();
    metrics.extend(trial.metrics.iter().map(|(name, value)| point(&format!("{FINAL}{name}"), 0, *value)));
    for some in metrics.chunks(METRICS) {
        server.ask("runs/log-batch", &json!({"run_id": run, "metrics": some}))?;
    }
    let end = begun + (trial.wall_s.unwrap_or(0.0) * 1e3) as u64;
    server.ask("runs/update", &json!({"run_id": run, "status": "FINISHED", "end_time": end}))?;
    server.ask("runs/set-tag", &json!({"run_id": run, "key": WHOLE, "value": digest}))?;
    Ok(())
}

/// A name as MLflow takes it: `precision@5` is `precision_at_5`.
fn allowed(name: &str) -> String {
    let letter = |letter: char| if letter.is_alphanumeric() || "_-. /".contains(letter) { letter } else { '_' };
    name.replace('@', "_at_").chars().map(letter).collect()
}

/// A number as JSON; what is none as a word that Protocol Buffers read.
fn number(value: f64) -> Value {
    match value {
        value if value.is_finite() => value.into(),
        value if value.is_nan() => "NaN".into(),
        value if value > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_such_as_the_server_takes() {
        assert_eq!(allowed("precision@5"), "precision_at_5");
        assert_eq!(allowed("final/lists/agreement"), "final/lists/agreement");
        assert_eq!(allowed("a=b\u{202e}"), "a_b_");
        assert_eq!(
            [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(number),
            [json!(0.5), json!("NaN"), json!("Infinity"), json!("-Infinity")]
        );
    }
}
