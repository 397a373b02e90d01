//! The sources behind the kinds, as they were when this crate was compiled (see `build.rs`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use drr_core::{Digest, canonical};

use crate::FOLDERS;
use crate::kind::Kind;

/// The digest of each folder of kinds.
static DIGESTS: LazyLock<BTreeMap<&'static str, Digest>> = LazyLock::new(|| {
    let pairs = env!("DRR_KIND_DIGESTS").split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(folder, digest)| (folder, digest.parse().expect("build.rs writes 64 hexadecimal digits"))).collect()
});

/// The hash of the sources that can change what a kind computes.
pub fn digest_of(kind: &Kind) -> Digest {
    let own = FOLDERS.iter().find(|folder| folder.kinds.contains(&kind));
    own.and_then(|folder| DIGESTS.get(folder.name)).copied().unwrap_or(Digest([0; 32]))
}

/// The hash of all those sources: whoever runs and whoever plans trials must agree in it.
pub fn train_digest() -> Digest {
    canonical::digest(&*DIGESTS)
}

/// The sources one by one, each with the beginning of its own hash: where two digests differ, these say which file.
pub fn train_sources() -> impl Iterator<Item = (&'static str, &'static str)> {
    env!("DRR_TRAIN_SOURCES").split(' ').filter_map(|source| source.split_once('='))
}
