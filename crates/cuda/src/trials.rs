//! Trials that are made up to be measured.

use std::sync::Arc;
use std::time::Instant;

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitKind, SplitSpec};
use drr_kinds::drr::DrrSpec;
use drr_kinds::error::{Error, Result};
use drr_kinds::training::Reporter;
use drr_kinds::world::World;
use drr_train::pmf::PmfModel;
use drr_train::trainer::Member;

/// Every user rates `each` items, a fifth of them held out. For MovieLens 100K's size 250: more than it has, so that
/// K = 20 serves everybody.
pub fn world(user_count: u32, item_count: u32, each: usize) -> World {
    let mut stream = Seed(0).stream("bench");
    let mut items: Vec<u32> = (0..item_count).collect();
    let mut rows = Vec::new();
    for user in 0..user_count {
        stream.shuffle(&mut items);
        rows.extend(items[..each].iter().enumerate().map(|(at, &item)| {
            let stars = 1.0 + stream.below(5) as f32;
            Rating { user, item, stars, timestamp: at as i64 }
        }));
    }
    let ids = |count: u32| (0..count).map(|id| id.to_string()).collect();
    let ratings = Ratings::canonical(ids(user_count), ids(item_count), rows);
    World::new(
        &ratings,
        &Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, ..SplitSpec::default() }),
        RewardRule::STARS,
    )
}

/// Vectors of U(0, 0.1).
pub fn model(world: &World, k: usize) -> PmfModel {
    let mut stream = Seed(0).stream("bench/model");
    let mut uniform = |count: usize| (0..count).map(|_| stream.uniform(0.0, 0.1)).collect::<Vec<f32>>();
    PmfModel {
        k,
        users: uniform(world.users * k),
        items: uniform(world.items * k),
        user_bias: uniform(world.users),
        item_bias: uniform(world.items),
    }
}

/// A trial with its widths resolved.
pub fn member(world: &Arc<World>, model: &Arc<PmfModel>, mut spec: DrrSpec, seed: u64) -> Member {
    spec.resolve(model.k as u64);
    Member { spec, seed: Seed(seed), world: Arc::clone(world), model: Arc::clone(model) }
}

/// Times training from the first update on; stops when the seconds are over.
pub struct Clock {
    first: u64,
    seconds: f64,
    started: Option<(u64, Instant)>,
    /// Updates a second, once it stopped.
    pub rate: f64,
}

impl Clock {
    /// Counts from step `first` on, for so many seconds.
    pub fn new(first: u64, seconds: f64) -> Self {
        Self { first, seconds, started: None, rate: 0.0 }
    }
}

impl Reporter for Clock {
    fn points(&mut self, _: usize, _: Vec<Point>) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, done: u64, _: u64) -> Result<()> {
        // The first updates run into cold memory.
        if done < self.first + 64 {
            return Ok(());
        }
        let (from, since) = *self.started.get_or_insert((done, Instant::now()));
        let elapsed = since.elapsed().as_secs_f64();
        if elapsed >= self.seconds {
            self.rate = (done - from) as f64 / elapsed;
            return Err(Error::Stopped);
        }
        Ok(())
    }
}
