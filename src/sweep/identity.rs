//! Ids of many trials at once: the canonical JSON of a spec, put together from parts that many specs share. The
//! definition of an id is `TrialSpec::id`; that the two agree is a property test.

use drr_core::spec::{FORMAT, Policy};
use drr_core::{Digest, Seed, TrialId, canonical};

/// The id of the spec with these parts, each in canonical JSON.
pub(super) fn id(dataset: &[u8], split: &[u8], job: &[u8], seed: Seed, train_digest: Digest) -> TrialId {
    let (before, after) = (format!(",\"format\":{FORMAT},\"job\":"), format!(",\"seed\":{},\"split\":", seed.0));
    let last = format!(",\"train_digest\":\"{train_digest}\"}}");
    let parts: [&[u8]; 7] =
        [b"{\"dataset\":", dataset, before.as_bytes(), job, after.as_bytes(), split, last.as_bytes()];
    TrialId(Digest::of(&parts.concat()))
}

/// The canonical JSON of a PMF job.
pub(super) fn pmf(section: &[u8]) -> Vec<u8> {
    [b"{\"pmf\":", section, b"}"].concat()
}

/// The canonical JSON of a recommender's job.
pub(super) fn drr(section: &[u8], pmf: TrialId) -> Vec<u8> {
    let pmf = pmf.to_string();
    let parts: [&[u8]; 5] = [b"{\"drr\":{\"drr\":", section, b",\"pmf\":\"", pmf.as_bytes(), b"\"}}"];
    parts.concat()
}

/// The canonical JSON of an evaluation's job.
pub(super) fn eval(history: u64, measure: &[u8], pmf: TrialId, policy: &Policy) -> Vec<u8> {
    let (history, pmf) = (history.to_string(), pmf.to_string());
    let policy = canonical::to_bytes(policy);
    let parts: [&[u8]; 9] = [
        b"{\"eval\":{\"history\":",
        history.as_bytes(),
        b",\"measure\":",
        measure,
        b",\"pmf\":\"",
        pmf.as_bytes(),
        b"\",\"policy\":",
        &policy,
        b"}}",
    ];
    parts.concat()
}
