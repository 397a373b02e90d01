//! How many cores each worker computes on. A sweep has a worker a core for as long as there are trials for all; at its end, or
//! where it has few trials, the cores that would idle go to the trainings and evaluations that can divide their work, which
//! changes no bit.

use drr_core::protocol::ToWorker;

use super::Supervisor;
use crate::plan::DeviceNeeds;

/// Cores that workers compute on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRequest {
    /// All there are for them.
    pub all: usize,
    /// So many each, if that was said.
    pub each: Option<usize>,
}

/// Who was told to compute on how many.
#[derive(Debug)]
pub(super) struct Cores {
    request: CoreRequest,
    /// By the plan's tasks: whether it can divide its work.
    divides: Vec<bool>,
    /// By slot.
    told: Vec<usize>,
}

impl Cores {
    pub fn new(needs: &[DeviceNeeds], slots: usize, request: CoreRequest) -> Self {
        let divides = needs.iter().map(|needs| needs.is_network).collect();
        Self { request, divides, told: vec![1; slots] }
    }

    /// A worker begins in a slot: on one core.
    pub fn forget(&mut self, slot: usize) {
        self.told[slot] = 1;
    }

    /// Cores for each slot, given the jobs of each and whether others could start now.
    fn wanted(&self, jobs: &[&[usize]], more: bool) -> Vec<usize> {
        if let Some(each) = self.request.each {
            return vec![each; jobs.len()];
        }
        let busy = jobs.iter().filter(|jobs| !jobs.is_empty()).count();
        let divides = |jobs: &[usize]| jobs.first().is_some_and(|&job| self.divides[job]);
        let able = jobs.iter().filter(|jobs| divides(jobs)).count();
        let idle = if more { 0 } else { self.request.all.saturating_sub(busy) };
        let mut turn = 0;
        let share = |jobs: &&[usize]| {
            if !divides(jobs) {
                return 1;
            }
            turn += 1;
            1 + idle / able + usize::from(turn <= idle % able)
        };
        jobs.iter().map(share).collect()
    }
}

impl Supervisor<'_> {
    /// Tells workers that are to compute on more or fewer cores than before.
    pub(super) fn share_cores(&mut self) {
        let jobs: Vec<&[usize]> = (0..self.workers.len()).map(|slot| self.reactor.jobs_of(slot)).collect();
        let wanted = self.cores.wanted(&jobs, self.reactor.has_more());
        for (slot, wanted) in wanted.into_iter().enumerate() {
            let is_up = self.hellos[slot].is_some();
            if let Some(worker) = self.workers[slot].as_mut().filter(|_| is_up && self.cores.told[slot] != wanted)
                && worker.send(&ToWorker::Cores(wanted as u32)).is_ok()
            {
                self.cores.told[slot] = wanted;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs 0 to 4, of which the even ones divide their work.
    fn wanted(all: usize, each: Option<usize>, jobs: &[&[usize]], more: bool) -> Vec<usize> {
        let request = CoreRequest { all, each };
        let divides = vec![true, false, true, false, true];
        Cores { request, divides, told: vec![1; jobs.len()] }.wanted(jobs, more)
    }

    #[test]
    fn cores_that_would_idle_go_to_those_that_can_use_them() {
        assert_eq!(wanted(4, None, &[&[0], &[], &[], &[]], false), [4, 1, 1, 1], "the last one has them all");
        assert_eq!(wanted(4, None, &[&[0], &[1], &[2], &[]], false), [2, 1, 1, 1], "the first of two");
        assert_eq!(wanted(8, None, &[&[0, 2], &[1], &[4]], false), [4, 1, 3]);
        assert_eq!(wanted(4, None, &[&[0], &[], &[], &[]], true), [1; 4], "others are about to start");
        assert_eq!(wanted(2, None, &[&[1], &[3]], false), [1, 1]);
        assert_eq!(wanted(1, None, &[&[0], &[2]], false), [1, 1], "never less than one");
        assert_eq!(wanted(4, Some(3), &[&[1], &[]], true), [3, 3], "as it was said");
    }
}
