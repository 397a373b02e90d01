//! A reporter for tests that keeps every point with its member; of the crate for GPUs too.

use drr_core::journal::Point;
use drr_kinds::error::Result;
use drr_kinds::training::Reporter;

/// All points, in the order they were told.
#[derive(Default)]
pub struct PointLog(pub Vec<(usize, Point)>);

impl Reporter for PointLog {
    fn points(&mut self, member: usize, points: Vec<Point>) -> Result<()> {
        self.0.extend(points.into_iter().map(|point| (member, point)));
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}
