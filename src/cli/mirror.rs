//! `drr-lab sweep --also`: what happens, told also to other programs while it runs.

use std::path::PathBuf;

use crate::exec::{Notice, Observer};
use crate::rows::TensorboardMirror;

/// Where else a running sweep is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MirrorPlace {
    /// A folder for TensorBoard.
    Tensorboard(PathBuf),
}

impl std::str::FromStr for MirrorPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some(("tensorboard", folder)) if !folder.is_empty() => Ok(Self::Tensorboard(folder.into())),
            _ => Err("name a folder: tensorboard=DIR".to_owned()),
        }
    }
}

/// Shows a sweep as it is shown without, and mirrors it.
pub(super) struct Mirrored {
    shown: Box<dyn Observer>,
    mirrors: Vec<TensorboardMirror>,
}

impl Mirrored {
    pub(super) fn new(shown: Box<dyn Observer>, mirrors: Vec<TensorboardMirror>) -> Self {
        Self { shown, mirrors }
    }
}

impl Observer for Mirrored {
    fn on(&mut self, notice: &Notice) {
        self.shown.on(notice);
        for mirror in &mut self.mirrors {
            match notice {
                Notice::TrialStarted { trial, .. } => mirror.started(*trial),
                Notice::TrialMetrics { trial, points, .. } => mirror.points(*trial, points),
                Notice::TrialFinished { trial, metrics, wall_s, .. } => mirror.finished(*trial, metrics, *wall_s),
                Notice::TrialFailed { trial, .. } | Notice::TrialStopped { trial, .. } => mirror.failed(*trial),
                _ => {}
            }
            if let Some(fault) = mirror.take_fault() {
                eprintln!("note: {fault}");
            }
        }
    }
}
