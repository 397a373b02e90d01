//! What the nodes of a cluster compute with: results of two environment classes may differ in their bits, so a person is
//! told when there are two.

use drr_core::result::{EnvironmentClass, TrialResult};
use drr_core::trial_dir::TrialDir;

/// What results were computed with so far.
#[derive(Debug, Default)]
pub struct Environments {
    /// Of the first result, and where.
    first: Option<(EnvironmentClass, String)>,
    /// Those that differ from it.
    others: Vec<EnvironmentClass>,
}

impl Environments {
    /// Looks at a finished trial; what to tell if its class is a new one.
    pub fn look(&mut self, folder: &TrialDir) -> Option<String> {
        let environment = TrialResult::read(&folder.result()).ok()??.environment;
        let text = std::fs::read(folder.provenance()).unwrap_or_default();
        let provenance: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        let node = provenance["job"]["node"].as_str().or(provenance["machine"]["host"].as_str()).unwrap_or("a node");
        let Some((first, there)) = &self.first else {
            self.first = Some((environment, node.to_owned()));
            return None;
        };
        if *first == environment || self.others.contains(&environment) {
            return None;
        }
        let message = format!(
            "node {node} computes with {environment}, node {there} with {first}: the same trial may give other bits on \
             the two; `constraint` in [slurm] keeps a sweep on nodes of one kind"
        );
        self.others.push(environment);
        Some(message)
    }
}
