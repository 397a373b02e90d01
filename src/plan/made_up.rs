//! Sweeps of data that is not there, for tests.

use std::path::Path;

use drr_core::TrialSpec;

use crate::sweep::{ByName, Request, Source, Sweep, SweepRequest, expand};

/// What a file of this text expands to, or that part of it that `only` keeps.
pub(crate) fn expanded(text: &str, only: &[&str]) -> Sweep {
    let request = Request { only: only.iter().map(|it| (*it).to_owned()).collect(), ..Request::default() };
    let request = SweepRequest::of_text(&Source::new("a.toml", text), Path::new("."), &request).expect("TOML");
    expand(&request.file(&mut ByName).expect("whole"), &mut ByName).expect("expands")
}

/// The request that a made-up sweep's text is.
pub(crate) fn asked(sweep: &Sweep) -> SweepRequest {
    let source = Source::new("made-up.toml", &sweep.text);
    SweepRequest::of_text(&source, Path::new("."), &Request::default()).expect("TOML")
}

/// The factorisation that a `[pmf]` section of these lines is.
pub(crate) fn factorisation(settings: &str) -> TrialSpec {
    let sweep = expanded(&format!("dataset = \"ml-100k\"\nseeds = 1\nbaselines = [\"pmf\"]\n[pmf]\n{settings}"), &[]);
    let mut trials = sweep.trials.iter().filter(|trial| trial.spec.kind.as_str() == "pmf");
    trials.next().expect("a factorisation").spec.clone()
}
