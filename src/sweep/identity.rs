//! Ids of many trials at once: the canonical JSON of a spec, put together from parts that many specs share. The
//! definition of an id is `TrialSpec::id`; that the two agree is a property test.

use drr_core::spec::Upstream;
use drr_core::{Digest, Seed, TrialId, canonical};

/// The parts of a spec, in canonical JSON where they are bytes.
pub(super) struct SpecParts<'a> {
    pub dataset: Option<&'a [u8]>,
    pub digest: Digest,
    pub format: u32,
    pub kind: &'a str,
    pub policy: Option<&'a [u8]>,
    pub reward: Option<&'a [u8]>,
    pub seed: Seed,
    pub settings: &'a [u8],
    pub split: Option<&'a [u8]>,
    pub upstream: &'a Upstream,
}

/// The id of the spec with these parts.
pub(super) fn id(parts: &SpecParts<'_>) -> TrialId {
    let SpecParts { dataset, digest, format, kind, policy, reward, seed, settings, split, upstream } = parts;
    let mut text = Vec::with_capacity(512 + settings.len());
    text.push(b'{');
    if let Some(dataset) = dataset {
        text.extend_from_slice(b"\"dataset\":");
        text.extend_from_slice(dataset);
        text.push(b',');
    }
    text.extend_from_slice(format!("\"digest\":\"{digest}\",\"format\":{format},\"kind\":\"{kind}\"").as_bytes());
    if let Some(policy) = policy {
        text.extend_from_slice(b",\"policy\":");
        text.extend_from_slice(policy);
    }
    if let Some(reward) = reward {
        text.extend_from_slice(b",\"reward\":");
        text.extend_from_slice(reward);
    }
    text.extend_from_slice(format!(",\"seed\":{},\"settings\":", seed.0).as_bytes());
    text.extend_from_slice(settings);
    if let Some(split) = split {
        text.extend_from_slice(b",\"split\":");
        text.extend_from_slice(split);
    }
    text.extend_from_slice(b",\"upstream\":");
    text.extend(canonical::to_bytes(upstream));
    text.push(b'}');
    TrialId(Digest::of(&text))
}
