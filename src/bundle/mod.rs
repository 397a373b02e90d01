//! A sweep as one file that can be taken elsewhere: specs, results, journals, models, provenance, the sweep file, what
//! is known of the data (never the data), and an RO-Crate 1.1 description for whoever has no drr-lab.
//!
//! ```text
//! ro-crate-metadata.json
//! sweeps/<name>/{sweep.toml,trials.jsonl}
//! trials/<id>/{spec.json,provenance.json,journal.jsonl,model.safetensors,result.json}
//! diffs/<digest>.diff          uncommitted changes that a provenance names
//! datasets/<name>.json         where the ratings come from, and their fingerprint
//! ```
//! Two exports of the same sweep are the same bytes.

mod crate_metadata;
mod export;
mod import;
mod member;
#[cfg(test)]
mod tests;
mod unpack;

pub use export::{Exported, export};
pub use import::{Imported, import};
