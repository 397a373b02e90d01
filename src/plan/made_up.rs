//! Sweeps of data that is not there, for tests.

use std::path::Path;

use drr_core::spec::SyntheticSpec;
use drr_core::{Digest, canonical};

use crate::error::Result;
use crate::sweep::{DatasetChoice, Fingerprints, Request, Source, Sweep, SweepRequest, expand};

struct MadeUp;

impl Fingerprints for MadeUp {
    fn named(&mut self, choice: &DatasetChoice) -> Result<Digest> {
        Ok(Digest::of(choice.name.as_bytes()))
    }

    fn synthetic(&mut self, world: &SyntheticSpec) -> Result<Digest> {
        Ok(canonical::digest(world))
    }
}

/// What a file of this text expands to, or that part of it that `only` keeps.
pub(crate) fn expanded(text: &str, only: &[&str]) -> Sweep {
    let request = Request { only: only.iter().map(|it| (*it).to_owned()).collect(), ..Request::default() };
    let request = SweepRequest::of_text(&Source::new("a.toml", text), Path::new("."), &request).expect("TOML");
    expand(&request.file(&mut MadeUp).expect("whole"), &mut MadeUp).expect("expands")
}

/// The request that a made-up sweep's text is.
pub(crate) fn asked(sweep: &Sweep) -> SweepRequest {
    let source = Source::new("made-up.toml", &sweep.text);
    SweepRequest::of_text(&source, Path::new("."), &Request::default()).expect("TOML")
}
