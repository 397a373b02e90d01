//! Made-up sweeps with real run folders, for tests: specs, journals and results as a worker leaves them, with numbers
//! that look like training but come from named streams.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use drr_core::journal::{Point, Writer};
use drr_core::result::{EnvironmentClass, FORMAT, TrialResult};
use drr_core::spec::{DatasetSpec, PolicySpec, RatingsSpec, RewardRule, Settings, SplitSpec, Upstream};
use drr_core::trial_dir::TrialDir;
use drr_core::{AxisPoint, Digest, Seed, Status, Trial, TrialId, TrialSpec};
use drr_kinds::KindOf as _;
use drr_kinds::drr::DrrSpec;
use drr_kinds::offline::OfflineSpec;
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::protocol::Protocol;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Store, SweepRecord};

/// A measure and its settings.
pub(crate) type Measure = (&'static str, Value);

/// A world of trials on one data set.
pub(crate) struct MadeTrials {
    pub(crate) dataset: &'static str,
    pub(crate) repeats: u64,
}

impl MadeTrials {
    pub(crate) fn new() -> Self {
        Self { dataset: "ml-100k", repeats: 20 }
    }

    fn spec(&self, seed: u64, kind: &str, settings: &impl Serialize, upstream: &[(&str, TrialId)]) -> TrialSpec {
        let settings = serde_json::to_value(settings).expect("settings are JSON");
        TrialSpec {
            format: drr_core::spec::WITH_RATINGS,
            kind: kind.into(),
            digest: Digest::of(b"sources"),
            settings: Settings::new(settings).expect("an object"),
            policy: None,
            upstream: Upstream::new(upstream.iter().map(|(kind, trial)| ((*kind).into(), *trial))),
            ratings: Some(RatingsSpec {
                dataset: DatasetSpec {
                    name: self.dataset.to_owned(),
                    fingerprint: Digest::of(self.dataset.as_bytes()),
                    synthetic: None,
                },
                split: SplitSpec::default().settled(),
                reward: RewardRule::STARS,
            }),
            seed: Seed(seed),
        }
    }

    pub(crate) fn pmf(&self, seed: u64) -> TrialSpec {
        self.spec(seed, "pmf", &PmfSpec::default(), &[])
    }

    pub(crate) fn drr(&self, seed: u64, tau: f64, actor_lr: f64, train_steps: u64) -> TrialSpec {
        let mut drr = DrrSpec { tau, actor_lr, train_steps, ..DrrSpec::published() };
        drr.resolve(100);
        self.spec(seed, "drr", &drr, &[("pmf", self.pmf(seed).id())])
    }

    /// The evaluation of a policy, and of its model where it has one.
    pub(crate) fn eval(&self, seed: u64, (policy, model): (&str, Option<TrialId>), measure: &Measure) -> TrialSpec {
        let upstream: Vec<_> = [("pmf", self.pmf(seed).id())].into_iter().chain(model.map(|it| ("drr", it))).collect();
        let (kind, settings) = measure;
        let mut spec = self.spec(seed, kind, settings, &upstream);
        let digest = Digest::of(b"sources");
        spec.policy = Some(PolicySpec { kind: policy.into(), digest, settings: Settings::default() });
        spec
    }

    pub(crate) fn offline(&self) -> Measure {
        let mut settings = json!(OfflineSpec { repeats: self.repeats, ..OfflineSpec::default() });
        settings["history"] = json!(5);
        ("offline", settings)
    }

    pub(crate) fn online(&self) -> Measure {
        let mut settings = json!(OnlineSpec { repeats: self.repeats, steps: 2_000, ..OnlineSpec::default() });
        settings["history"] = json!(5);
        ("online", settings)
    }

    /// τ × actor lr × seeds with all baselines, measured offline and online: what the quickstart does.
    pub(crate) fn sweep(&self, name: &str, taus: &[f64], rates: &[f64], seeds: u64) -> SweepRecord {
        let mut members = Vec::new();
        let mut add = |spec: TrialSpec, point: &AxisPoint| {
            members.push(Arc::new(Trial::new(spec.clone(), point.clone())));
            spec.id()
        };
        let nowhere = AxisPoint::new();
        for seed in 0..seeds {
            add(self.pmf(seed), &nowhere);
            let untrained = add(self.drr(seed, 0.001, 0.0005, 0), &nowhere);
            let mut policies = vec![(("drr-untrained", Some(untrained)), nowhere.clone())];
            for &tau in taus {
                for &rate in rates {
                    let axes = [("drr.tau".to_owned(), json!(tau)), ("drr.actor_lr".to_owned(), json!(rate))];
                    let point = AxisPoint::from(axes);
                    policies.push((("drr", Some(add(self.drr(seed, tau, rate, 20_000), &point))), point));
                }
            }
            for policy in ["pmf", "popularity", "random"] {
                policies.push(((policy, None), nowhere.clone()));
            }
            for (policy, point) in policies {
                add(self.eval(seed, policy, &self.offline()), &point);
                add(self.eval(seed, policy, &self.online()), &point);
            }
        }
        let list = |values: &[f64]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        SweepRecord {
            name: name.to_owned(),
            source: format!(
                "name = \"{name}\"\ndataset = \"{}\"\nseeds = {seeds}\n\n[grid]\ndrr.tau = [{}]\ndrr.actor_lr = [{}]\n",
                self.dataset,
                list(taus),
                list(rates)
            ),
            axes: vec!["drr.tau".to_owned(), "drr.actor_lr".to_owned()],
            trials: members,
            commands: Vec::new(),
        }
    }
}

/// Writes the run folder of a finished trial with made-up numbers.
pub(crate) fn finish(runs: &Path, spec: &TrialSpec, specs: &BTreeMap<TrialId, TrialSpec>) -> TrialDir {
    let (points, metrics, repeats) = numbers(spec, specs);
    finish_with(runs, spec, points, metrics, repeats)
}

/// Writes the run folder of a finished trial.
pub(crate) fn finish_with(
    runs: &Path,
    spec: &TrialSpec,
    points: Vec<Point>,
    metrics: BTreeMap<String, f64>,
    repeats: u64,
) -> TrialDir {
    let folder = TrialDir::new(runs, spec.id());
    if folder.is_complete() {
        // With other numbers than before.
        folder.withdraw_result().expect("the result goes");
    }
    folder.prepare(spec).expect("a folder for the trial");
    let mut writer = Writer::create(&folder.journal(), spec.id()).expect("a journal");
    for batch in points.chunks(50) {
        writer.append(batch.to_vec()).expect("points are written");
    }
    let result = TrialResult {
        format: FORMAT,
        trial: spec.id(),
        metrics,
        repeats,
        metrics_digest: writer.finish().expect("the journal ends"),
        model_digest: None,
        artifacts: Default::default(),
        environment: EnvironmentClass {
            libtorch: "2.11.0".to_owned(),
            isa: "avx2".to_owned(),
            device: "cpu".to_owned(),
            driver: String::new(),
            numerics: "strict".to_owned(),
        },
        wall_s: 12.5,
        usage: None,
    };
    result.write(&folder.result()).expect("a result");
    folder
}

/// Records `sweep`, finishes all of its trials but those for which `fails` says why, and takes the folders in.
pub(crate) fn run(
    store: &mut Store,
    runs: &Path,
    sweep: &SweepRecord,
    fails: impl Fn(&TrialSpec) -> Option<&'static str>,
) {
    store.record_sweep(sweep).expect("recorded");
    let specs: BTreeMap<TrialId, TrialSpec> =
        sweep.trials.iter().map(|member| (member.spec.id(), member.spec.clone())).collect();
    let mut failed: Vec<TrialId> = Vec::new();
    for member in &sweep.trials {
        let id = member.spec.id();
        if let Some(why) = fails(&member.spec) {
            store.mark(id, Status::Failed, Some(why)).expect("marked");
            failed.push(id);
        } else if !member.spec.upstream().iter().any(|trial| failed.contains(trial)) {
            store.ingest(&finish(runs, &member.spec, &specs)).expect("taken in");
        }
    }
}

/// A name of the trial that does not change with the training sources or with defaults nobody set here.
fn stable_name(spec: &TrialSpec, specs: &BTreeMap<TrialId, TrialSpec>) -> String {
    if let Some(policy) = &spec.policy {
        let model = spec.upstream.get("drr").map(|trial| stable_name(&specs[&trial], specs)).unwrap_or_default();
        let protocol: Protocol =
            serde_json::from_value(spec.settings.to_json()["protocol"].clone()).expect("one of two");
        return format!("{} {protocol:?} {} {model}", spec.kind, policy.kind);
    }
    if spec.kind == "pmf" {
        return format!("pmf k={}", spec.settings.whole("k").expect("a number"));
    }
    let drr: DrrSpec = spec.settings.section().expect("settings");
    format!("drr τ={} lr={} γ={} T={} {}", drr.tau, drr.actor_lr, drr.gamma, drr.episode_length, drr.train_steps)
}

/// Whether a trial evaluates this policy.
pub(crate) fn evaluates(spec: &TrialSpec, policy: &str) -> bool {
    spec.policy.as_ref().is_some_and(|it| it.kind == policy)
}

/// A setting that is a number.
pub(crate) fn number(spec: &TrialSpec, field: &str) -> Option<f64> {
    spec.settings.get(field)?.as_f64()
}

/// The trial with another setting.
pub(crate) fn with(spec: &TrialSpec, field: &str, value: Value) -> TrialSpec {
    let mut settings = spec.settings.to_json();
    settings[field] = value;
    TrialSpec { settings: Settings::new(settings).expect("an object"), ..spec.clone() }
}

/// A runs folder with the sweep `many`: 10,047 trials of a thousand points each.
pub(crate) fn ten_thousand() -> tempfile::TempDir {
    let runs = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(runs.path()).expect("a new database");
    let taus: Vec<f64> = (1..=53).map(|at| f64::from(at) * 0.0005).collect();
    let rates: Vec<f64> = (1..=21).map(|at| f64::from(at) * 0.0001).collect();
    let sweep = MadeTrials { repeats: 2, ..MadeTrials::new() }.sweep("many", &taus, &rates, 3);
    fill(&mut store, &sweep, Some(1000), |_, _| {});
    println!("{} trials", sweep.trials.len());
    assert!(sweep.trials.len() >= 10_000);
    runs
}

/// Records `sweep` with made-up results and no folders, many at a time: for sweeps of thousands. `change` has the last
/// word on a trial's metrics; `points` replaces the points of each curve, as many as asked for.
pub(crate) fn fill(
    store: &mut Store,
    sweep: &SweepRecord,
    points: Option<u64>,
    change: impl Fn(&TrialSpec, &mut BTreeMap<String, f64>),
) {
    store.record_sweep(sweep).expect("recorded");
    let specs: BTreeMap<TrialId, TrialSpec> =
        sweep.trials.iter().map(|member| (member.spec.id(), member.spec.clone())).collect();
    let transaction = store.connection.transaction().expect("a transaction");
    let mut names: BTreeMap<String, i64> = BTreeMap::new();
    let mut name = |text: &str| {
        *names.entry(text.to_owned()).or_insert_with(|| {
            let insert =
                "INSERT INTO metric (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id";
            transaction.query_row(insert, [text], |row| row.get(0)).expect("a metric")
        })
    };
    for (id, spec) in &specs {
        let (own, mut metrics, repeats) = numbers(spec, &specs);
        change(spec, &mut metrics);
        let trial: i64 = transaction
            .query_row("SELECT id FROM trial WHERE hash = ?1", [id.to_string()], |row| row.get(0))
            .expect("recorded");
        for (metric, value) in metrics {
            let value = (!value.is_nan()).then_some(value);
            let insert = "INSERT OR REPLACE INTO result (trial, metric, value) VALUES (?1, ?2, ?3)";
            let row = rusqlite::params![trial, name(&metric), value];
            transaction.prepare_cached(insert).expect("SQL").execute(row).expect("inserted");
        }
        let own = match (points, own.first()) {
            (Some(count), Some(first)) => (1..=count)
                .map(|step| Point::new(first.name.clone(), step * 20, 0.5 + (step % 7) as f64 * 0.01))
                .collect(),
            _ => own,
        };
        for point in own {
            let insert = "INSERT OR REPLACE INTO point (trial, metric, step, value) VALUES (?1, ?2, ?3, ?4)";
            let row = rusqlite::params![trial, name(&point.name), point.step, point.value];
            transaction.prepare_cached(insert).expect("SQL").execute(row).expect("inserted");
        }
        let update =
            "UPDATE trial SET status = 'finished', repeats = ?2, wall_s = 12.5, metrics_digest = ?3 WHERE id = ?1";
        let row = rusqlite::params![trial, repeats, Digest::of(b"metrics").to_string()];
        transaction.prepare_cached(update).expect("SQL").execute(row).expect("updated");
    }
    transaction.commit().expect("committed");
}

type Numbers = (Vec<Point>, BTreeMap<String, f64>, u64);

fn numbers(spec: &TrialSpec, specs: &BTreeMap<TrialId, TrialSpec>) -> Numbers {
    if spec.is_command() {
        // What a program tells is for who makes the trial to say.
        return (Vec::new(), BTreeMap::new(), 1);
    }
    // From what the trial is, not from its id, which changes with every change of the training sources.
    let mut stream = spec.seed.stream(&format!("fabricated/{}", stable_name(spec, specs)));
    let mut noise = move |size: f64| (0..4).map(|_| stream.unit() - 0.5).sum::<f64>() * 1.73 * size;
    let mut metrics = BTreeMap::new();
    let mut points = Vec::new();
    match spec.kind.as_str() {
        "pmf" => {
            let last = 18 + (spec.seed.0 * 5) % 9;
            let shift = noise(0.004);
            for epoch in 1..=last {
                let at = epoch as f64;
                let fit =
                    0.905 + shift + 0.25 / (1.0 + at * at / 6.0) + 0.00012 * (at - 9.0).max(0.0) * (at - 9.0).max(0.0);
                points.push(Point::new("train/rmse_stars", epoch, fit - 0.003 * at));
                points.push(Point::new("valid/rmse_stars", epoch, fit + noise(0.001)));
            }
            metrics.insert("test_rmse_stars".to_owned(), 0.912 + shift);
            metrics.insert("test_mae_stars".to_owned(), 0.717 + shift);
            metrics.insert("best_epoch".to_owned(), last as f64 - 5.0);
            metrics.insert("test_rmse".to_owned(), 0.456 + shift / 2.0);
            (points, metrics, 1)
        }
        "drr" => {
            let steps = spec.settings.whole("train_steps").expect("a number of steps");
            let quality = quality(spec, &mut noise);
            for step in (250..=steps).step_by(250) {
                let share = (step as f64 / 11_000.0).min(1.0);
                let reward = 0.18 + (quality - 0.18) * share * share + noise(0.035);
                points.push(Point::new("train/reward", step, reward));
                points.push(Point::new("train/critic_loss", step, 0.08 + noise(0.01)));
            }
            metrics.insert("reward_last_tenth".to_owned(), quality);
            metrics.insert("updates".to_owned(), steps.saturating_sub(5_000) as f64);
            (points, metrics, 1)
        }
        measure => {
            let policy = spec.policy.as_ref().expect("an evaluation evaluates something").kind.as_str();
            let level = match policy {
                "drr" => quality(&specs[&spec.upstream.get("drr").expect("a model")], &mut noise) + 0.17,
                "drr-untrained" => 0.652,
                "pmf" => 0.842,
                "popularity" => 0.70,
                _ => 0.58,
            } + noise(0.006);
            let (name, shift) = if measure == "offline" { ("precision", 0.0) } else { ("reward", 0.2) };
            let repeats = spec.settings.whole("repeats").expect("a number of repeats");
            let ks =
                spec.settings.get("k").and_then(Value::as_array).expect("lengths").iter().filter_map(Value::as_u64);
            for k in ks {
                let mean = level - shift - 0.0075 * (k as f64 - 5.0) * (level - 0.5).max(0.0) * 3.0;
                let mut families = vec![(name, mean)];
                if name == "precision" {
                    families.push(("ndcg", mean + 0.1));
                    metrics.insert(format!("users@{k}"), 285.0 - k as f64);
                }
                for (family, mean) in families {
                    let scores: Vec<f64> = (0..repeats).map(|_| mean + noise(0.012)).collect();
                    let n = scores.len() as f64;
                    let mean = scores.iter().sum::<f64>() / n;
                    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
                    metrics.insert(format!("{family}@{k}"), mean);
                    metrics.insert(format!("{family}@{k}/std"), (squares / (n - 1.0).max(1.0)).sqrt());
                    points.extend(
                        (0..repeats).zip(scores).map(|(at, score)| Point::new(format!("{family}@{k}"), at, score)),
                    );
                }
            }
            (points, metrics, repeats)
        }
    }
}

fn quality(spec: &TrialSpec, noise: &mut impl FnMut(f64) -> f64) -> f64 {
    let drr: DrrSpec = spec.settings.section().expect("settings");
    // Only arithmetic that is exact everywhere: snapshots hold these numbers in full.
    let off = |ratio: f64| (ratio - 1.0).abs() / (ratio + 1.0);
    0.58 - 0.1 * off(drr.tau / 0.003) - 0.08 * off(drr.actor_lr / 0.0005) + noise(0.01)
}

/// Shows `see` the database with one bit of one value of one row flipped, for every value and every `step`th bit of it,
/// the first one moving on from value to value. Each flip is taken back. Returns how many there were.
pub(crate) fn flip_rows(store: &Store, step: usize, mut see: impl FnMut(&Store, &str)) -> usize {
    use rusqlite::types::{ToSqlOutput, Value, ValueRef};
    let connection = &store.connection;
    connection.pragma_update(None, "foreign_keys", false).expect("a pragma");
    let mut count = 0;
    for table in ["trial", "sweep", "member", "metric", "result", "point"] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows: Vec<Vec<Value>> = statement
            .query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect())
            .and_then(Iterator::collect)
            .expect("rows");
        let all: Vec<String> = (1..=columns.len()).map(|at| format!("{} IS ?{at}", columns[at - 1])).collect();
        for (row, at) in rows.iter().flat_map(|row| (0..columns.len()).map(move |at| (row, at))) {
            let bytes = match &row[at] {
                Value::Null => continue,
                Value::Integer(value) => value.to_le_bytes().to_vec(),
                Value::Real(value) => value.to_bits().to_le_bytes().to_vec(),
                Value::Text(text) => text.clone().into_bytes(),
                Value::Blob(bytes) => bytes.clone(),
            };
            for bit in (count % step..bytes.len() * 8).step_by(step) {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let eight = || bytes.as_slice().try_into().expect("eight bytes");
                let changed = match &row[at] {
                    Value::Integer(_) => ToSqlOutput::Owned(Value::Integer(i64::from_le_bytes(eight()))),
                    Value::Real(_) => ToSqlOutput::Owned(Value::Real(f64::from_bits(u64::from_le_bytes(eight())))),
                    _ => ToSqlOutput::Borrowed(ValueRef::Text(&bytes)),
                };
                let values = row.iter().map(|value| ToSqlOutput::Borrowed(ValueRef::from(value)));
                let last = columns.len() + 1;
                let update = format!("UPDATE {table} SET {} = ?{last} WHERE {}", columns[at], all.join(" AND "));
                let transaction = connection.unchecked_transaction().expect("a transaction");
                let done = transaction.execute(&update, rusqlite::params_from_iter(values.chain([changed])));
                // A flip that the database itself refuses, as for a name there already, never comes to be.
                if done.is_ok() {
                    see(store, &format!("{table}.{} bit {bit} of {:?}", columns[at], row[at]));
                    count += 1;
                }
                transaction.rollback().expect("taken back");
            }
        }
    }
    count
}
