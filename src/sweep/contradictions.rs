//! Settings of models that cannot be meant together, found once they are resolved.

use std::collections::HashSet;
use std::sync::Arc;

use drr_core::Trial;
use drr_kinds::KindOf as _;

use super::file::SweepFile;
use super::problem::{Problem, Problems};
use crate::error::Result;

/// Looks at every model of a sweep.
///
/// # Errors
/// All that contradict themselves, each once, where the file says it.
pub(super) fn refuse(file: &SweepFile, trials: &[Arc<Trial>]) -> Result<()> {
    let (mut problems, mut said) = (Problems::default(), HashSet::new());
    for trial in trials {
        let model = trial.spec.kind().model();
        let Some(found) = model.and_then(|model| (model.contradicts)(&trial.spec.settings)) else { continue };
        if said.insert(found.message.clone()) {
            let place = file.place_of_fields(found.fields);
            problems.add(Problem::new(found.message).help(found.help), place, "this cannot be meant");
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.into_error(file.start.source_name())) }
}
