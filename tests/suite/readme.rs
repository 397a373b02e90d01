//! README's figures are those of the committed baseline of the sweep they name, which `drr-lab check gates/quickstart.toml`
//! holds against today's trials to the bit.

use std::fs;
use std::path::Path;

/// Mean ± sample standard deviation, as README writes it.
fn shown(values: &[f64]) -> String {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    format!("{mean:.3} ± {:.3}", variance.sqrt())
}

/// The values of a policy's metric by seed; a recommender's with the settings that README names.
fn values(baseline: &toml::Table, policy: &str, metric: &str) -> Vec<f64> {
    let groups = baseline["group"].as_array().expect("groups");
    let is_it = |group: &&toml::Value| {
        let point = |axis: &str| group.get("point").and_then(|point| point.get(axis)).and_then(toml::Value::as_str);
        let wanted = [("drr.tau", "0.001"), ("drr.actor_lr", "0.0001")];
        group["policy"].as_str() == Some(policy)
            && group["values"].get(metric).is_some()
            && (policy != "drr" || wanted.iter().all(|(axis, value)| point(axis) == Some(value)))
    };
    let group = groups.iter().find(is_it).unwrap_or_else(|| panic!("no {metric} of {policy} in the baseline"));
    group["values"][metric].as_array().expect("a list").iter().map(|it| it.as_float().expect("a number")).collect()
}

#[test]
fn its_figures_are_those_of_the_baseline() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| fs::read_to_string(root.join(name)).expect("a file of the repository");
    let baseline: toml::Table = read("gates/quickstart.baseline.toml").parse().expect("TOML");
    assert_eq!(baseline["environment"]["numerics"].as_str(), Some("own-1"));
    let metrics = ["precision@5", "precision@10", "precision@15", "precision@20", "reward@10"];
    let readme = read("README.md");
    for policy in ["drr", "drr-untrained", "pmf", "popularity", "random"] {
        let row = readme.lines().find(|line| line.starts_with(&format!("| {policy} |"))).expect("a row of the policy");
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).skip(1).collect();
        let right: Vec<String> = metrics.iter().map(|metric| shown(&values(&baseline, policy, metric))).collect();
        assert_eq!(cells, right, "README, {policy}");
    }
}
