//! What a cohort used of the machine, and how fast the machine is: CPU time, memory, and a fixed workload to hold them
//! against. Never part of a result that two runs share.

use std::fs;
use std::sync::{Mutex, OnceLock, PoisonError};

use drr_core::result::Usage;
use nix::time::{ClockId, clock_gettime};

use crate::threads;

/// A cohort that takes less CPU time than this, in seconds, is not worth another calibration at its end.
const SHORT_S: f64 = 0.1;

/// Measures from its making to [`Meter::read`].
pub struct Meter {
    cpu_s: f64,
    /// The calibration that the process ran last.
    before_s: f64,
}

impl Meter {
    /// Begins to measure. The first one of a process also runs the calibration.
    pub fn start() -> Self {
        resting_mib();
        let before_s = calibration_s(Age::Any);
        // Forgets the greatest resident memory so far. Where the kernel refuses, it is that of the worker's whole life.
        let _ = fs::write("/proc/self/clear_refs", "5");
        threads::mark();
        Self { cpu_s: cpu_s(), before_s }
    }

    /// What was used since, for each of the `together` trials of a cohort.
    pub fn read(&self, together: u64) -> Usage {
        let rounded = |value: f64| (value * 1e6).round() / 1e6;
        let (cpu_s, peak_mib) = (cpu_s() - self.cpu_s, memory_mib("VmHWM:"));
        // A machine's speed changes with what its neighbours do: the mean of before and after.
        let after_s = calibration_s(if cpu_s < SHORT_S { Age::Any } else { Age::New });
        Usage {
            cpu_s: rounded(cpu_s / together.max(1) as f64),
            peak_mib,
            resting_mib: resting_mib(),
            calibration_s: rounded((self.before_s + after_s) / 2.0),
            together,
            cores: threads::most() as u64,
        }
    }
}

/// Resident memory at the first call, before any trial.
fn resting_mib() -> f64 {
    static RESTING: OnceLock<f64> = OnceLock::new();
    *RESTING.get_or_init(|| memory_mib("VmRSS:"))
}

/// How old a calibration may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Any,
    New,
}

/// CPU seconds of the fixed workload, as last measured or measured now.
fn calibration_s(age: Age) -> f64 {
    static LAST: Mutex<Option<f64>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(known), Age::Any) = (*last, age) {
        return known;
    }
    let mut work = Calibration::new();
    let timed = |_| {
        let start = cpu_s();
        work.run();
        cpu_s() - start
    };
    // The first round also warms caches and loads what it needs; the least of the others is the least disturbed.
    let measured = (0..4).map(timed).skip(1).fold(f64::INFINITY, f64::min);
    *last = Some(measured);
    measured
}

/// The fixed workload: products of a minibatch with a layer and passes over parameters, in about the proportion that an
/// update has. It shares no code with the trainer, so that a slower trainer never makes the calibration slower, and it is
/// never changed: all recorded ratios refer to it.
struct Calibration {
    batch: Vec<f32>,
    layer: Vec<f32>,
    product: Vec<f32>,
    parameters: Vec<f32>,
    moments: Vec<f32>,
}

/// Products and passes of the calibration.
const ROUNDS: usize = 20;
/// Rows of the calibration's batch.
const ROWS: usize = 64;
/// Width of its layer.
const WIDTH: usize = 256;

impl Calibration {
    fn new() -> Self {
        let values =
            |count: usize| -> Vec<f32> { (0..count).map(|at| ((at * 37 % 101) as f32 - 50.0) / 64.0).collect() };
        Self {
            batch: values(ROWS * WIDTH),
            layer: values(WIDTH * WIDTH),
            product: vec![0.0; ROWS * WIDTH],
            parameters: values(1 << 16),
            moments: vec![0.0; 1 << 16],
        }
    }

    fn run(&mut self) {
        for _ in 0..ROUNDS {
            for (row, out) in self.batch.chunks_exact(WIDTH).zip(self.product.chunks_exact_mut(WIDTH)) {
                out.fill(0.0);
                for (factor, layer) in row.iter().zip(self.layer.chunks_exact(WIDTH)) {
                    out.iter_mut().zip(layer).for_each(|(out, weight)| *out += factor * weight);
                }
            }
            for (parameter, moment) in self.parameters.iter_mut().zip(&mut self.moments) {
                *moment += (*parameter - *moment) * 0.001;
                *parameter -= 0.001 * *moment / (moment.abs().sqrt() + 1.0);
            }
        }
        std::hint::black_box((&self.product, &self.parameters));
    }
}

/// CPU seconds of this process, user and system.
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID);
    time.map_or(0.0, |time| time.tv_sec() as f64 + time.tv_nsec() as f64 * 1e-9)
}

/// A line of /proc/self/status, MiB.
fn memory_mib(line: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let value = status.lines().find_map(|it| it.strip_prefix(line)?.trim().split(' ').next()?.parse::<f64>().ok());
    (value.unwrap_or(0.0) / 1024.0 * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_memory_are_seen() {
        let meter = Meter::start();
        let block = std::hint::black_box(vec![1u8; 32 << 20]);
        let mut work = Calibration::new();
        (0..8).for_each(|_| work.run());
        let usage = meter.read(2);
        assert!(usage.cpu_s > 0.0 && usage.calibration_s > 0.0, "{usage:?}");
        assert!(usage.peak_mib >= usage.resting_mib + 32.0, "{usage:?}");
        assert_eq!((usage.together, block.len()), (2, 32 << 20));
    }
}
