//! How everything stands, as text: what SIGUSR1 prints.

use super::super::notice::{Notice, SlotState};
use super::super::slots::Slot;
use super::{duration, title};

/// The state in a few lines; empty for any other event.
pub(super) fn text(notice: &Notice) -> String {
    let Notice::State { slots, ready, resting, waiting, finished, failed, wall_s } = notice else {
        return String::new();
    };
    let mut lines = vec![format!(
        "state after {}: {finished} finished, {failed} failed, {ready} ready, {resting} resting, {waiting} waiting for others",
        duration(*wall_s)
    )];
    for (number, slot) in slots.iter().enumerate() {
        let SlotState { place, pid, worker, trials, since_s, silent_s } = slot;
        let place = match place {
            Slot::Cpu => "cpu".to_owned(),
            Slot::Cuda(index) => format!("gpu {index}"),
        };
        let process = pid.map_or_else(String::new, |pid| format!(", process {pid}"));
        let (since, silent) = (duration(*since_s), duration(*silent_s));
        lines.push(format!("  slot {number} ({place}{process}): {worker} for {since}, last heard {silent} ago"));
        lines.extend(trials.iter().map(|label| format!("    {}", title(label))));
    }
    lines.join("\n")
}
