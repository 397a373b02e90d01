//! `ro-crate-metadata.json` after RO-Crate 1.1 (<https://w3id.org/ro/crate/1.1>): what the files are, for people and
//! programs that know nothing of drr-lab.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::sweep::Sweep;

/// A file of the bundle.
pub(super) struct CrateFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// What the description is called.
pub(super) const NAME: &str = "ro-crate-metadata.json";

/// The SHA-256 of the files that a description names, by their names.
///
/// # Errors
/// It is no description.
pub(super) fn digests(text: impl Read) -> Result<BTreeMap<String, String>, String> {
    #[derive(Deserialize)]
    struct Crate {
        #[serde(rename = "@graph")]
        graph: Vec<CrateEntity>,
    }
    #[derive(Deserialize)]
    struct CrateEntity {
        #[serde(rename = "@id")]
        id: String,
        sha256: Option<String>,
    }
    let read: Crate = serde_json::from_reader(text).map_err(|error| format!("{NAME}: {error}"))?;
    Ok(read.graph.into_iter().filter_map(|node| Some((node.id, node.sha256?))).collect())
}

/// The description of a bundle of `sweep` whose last trial ended at `ended`.
pub(super) fn describe(sweep: &Sweep, ended: &str, files: &[CrateFile]) -> Value {
    let mut graph = vec![
        json!({
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"}
        }),
        json!({
            "@id": "./",
            "@type": "Dataset",
            "name": format!("drr-lab sweep {}", sweep.name),
            "description": format!(
                "{} trials of the sweep {}: specifications, metric journals, results, models and provenance. \
                 A trial's folder is named by the SHA-256 of its specification. The ratings are not included.",
                sweep.trials.len(), sweep.name
            ),
            "datePublished": ended,
            "license": "The person who made these runs decides about them; the ratings keep the licence of their source.",
            "hasPart": files.iter().map(|file| json!({"@id": file.name})).collect::<Vec<_>>(),
            "mentions": [{"@id": "#run"}]
        }),
        json!({
            "@id": "#drr-lab",
            "@type": "SoftwareApplication",
            "name": "drr-lab",
            "version": env!("CARGO_PKG_VERSION"),
            "url": env!("CARGO_PKG_REPOSITORY")
        }),
        json!({
            "@id": "#run",
            "@type": "CreateAction",
            "name": format!("Training and evaluation of the sweep {}", sweep.name),
            "instrument": {"@id": "#drr-lab"},
            "endTime": ended,
            "object": {"@id": format!("sweeps/{}/sweep.toml", sweep.name)},
            "result": files.iter().filter(|file| file.name.ends_with("/result.json"))
                .map(|file| json!({"@id": file.name})).collect::<Vec<_>>()
        }),
    ];
    graph.extend(files.iter().map(|file| {
        let (format, name) = kind(&file.name);
        json!({
            "@id": file.name,
            "@type": "File",
            "name": name,
            "encodingFormat": format,
            "contentSize": file.bytes.to_string(),
            "sha256": file.sha256
        })
    }));
    json!({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph})
}

fn kind(name: &str) -> (&'static str, &'static str) {
    match name.rsplit('/').next().unwrap_or(name) {
        "sweep.toml" => ("application/toml", "the sweep file as written"),
        "trials.jsonl" => ("application/jsonl", "the trials it became"),
        "spec.json" => ("application/json", "everything that can change the trial's result"),
        "provenance.json" => ("application/json", "the code and the machine it ran on"),
        "journal.jsonl" => ("application/jsonl", "its metrics, step by step"),
        "result.json" => ("application/json", "its final metrics and the digests of its files"),
        "model.safetensors" => ("application/octet-stream", "its trained parameters"),
        name if name.ends_with(".diff") => ("text/x-diff", "what was not committed"),
        _ => ("application/json", "where the ratings come from"),
    }
}
