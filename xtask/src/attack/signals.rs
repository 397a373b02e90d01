//! Signals at random times, to the supervisor and to its worker.

use std::thread;
use std::time::Duration;

use super::dice::Dice;
use super::held;
use super::site::{PATIENCE, Site, send, workers};
use super::world::{WAYS, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Supervisor,
    Worker,
    All,
}

/// Whom, with what, and the exit codes that are right then; a SIGKILL of the supervisor has none.
const MANNERS: &[(Target, &[&str], &[i32])] = &[
    (Target::Supervisor, &["TERM"], &[0, 130]),
    (Target::Supervisor, &["INT"], &[0, 130]),
    (Target::Supervisor, &["INT", "INT"], &[0, 130]),
    (Target::Supervisor, &["HUP"], &[0, 130]),
    (Target::Supervisor, &["USR1"], &[0]),
    (Target::Supervisor, &["STOP", "CONT"], &[0]),
    (Target::Supervisor, &["KILL"], &[0]),
    (Target::Worker, &["KILL"], &[0]),
    (Target::Worker, &["SEGV"], &[0]),
    (Target::Worker, &["TERM"], &[0]),
    (Target::Worker, &["STOP", "CONT"], &[0]),
    (Target::All, &["KILL"], &[0]),
    (Target::All, &["TERM"], &[0, 130]),
];

pub fn sent(world: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let (target, signals, codes) = MANNERS[number as usize % MANNERS.len()];
    let way = dice.one(WAYS);
    let after = world.took.mul_f64(dice.unit());
    *what = format!("{target:?}: SIG{} {:.3} s after the first word", signals.join(" SIG"), after.as_secs_f64());
    let mut running = site.start(site.sweep(way), "struck").map_err(|error| error.to_string())?;
    running.wait_until(PATIENCE, |it| !it.said().is_empty());
    running.wait_until(after, |_| false);
    for signal in signals {
        let below = workers(running.id());
        if target != Target::Worker {
            send(signal, running.id());
        }
        if target != Target::Supervisor {
            below.iter().for_each(|worker| send(signal, *worker));
        }
        thread::sleep(Duration::from_millis(dice.below(60) as u64));
    }
    let ended = running.end(PATIENCE)?.clear()?;
    if !(signals == ["KILL"] && target != Target::Worker && ended.signal == Some(9)) {
        ended.code_is(codes)?;
    }
    let before = held::right_after(site)?;
    held::goes_on(site, &before, way)
}
