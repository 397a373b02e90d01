//! What a training is given and leaves, whatever it trains.

use std::collections::BTreeMap;
use std::path::Path;

use drr_core::journal::Point;
use drr_core::spec::Settings;
use drr_core::{Digest, Seed};

use crate::error::Result;
use crate::world::World;

/// Final metrics, by name.
pub type Metrics = BTreeMap<String, f64>;

/// Where training tells what happens, and learns that it should stop.
pub trait Reporter {
    /// Metric points of one member.
    ///
    /// # Errors
    /// When they cannot be recorded.
    fn points(&mut self, member: usize, points: Vec<Point>) -> Result<()>;

    /// Steps done so far.
    ///
    /// # Errors
    /// [`crate::error::Error::Stopped`] when the work should end here.
    fn progress(&mut self, done: u64, total: u64) -> Result<()>;

    /// It is at work, and nobody can tell how far.
    ///
    /// # Errors
    /// [`crate::error::Error::Stopped`] when the work should end here.
    fn alive(&mut self) -> Result<()> {
        self.listening()
    }

    /// It is there, and there is nothing to tell of its work.
    ///
    /// # Errors
    /// [`crate::error::Error::Stopped`] when the work should end here.
    fn listening(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Tells nobody and never stops, for measurements and tests.
pub struct Silent;

impl Reporter for Silent {
    fn points(&mut self, _: usize, _: Vec<Point>) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// One trial to train.
pub struct Training<'a> {
    /// The ratings it learns from.
    pub world: &'a World,
    /// Its settings.
    pub settings: &'a Settings,
    /// Its seed.
    pub seed: Seed,
    /// Where the model goes.
    pub model: &'a Path,
}

/// What a successful training leaves beside the model.
pub struct Trained {
    /// Its final metrics.
    pub metrics: Metrics,
    /// The digest of the model's file.
    pub model: Digest,
}
