//! Calls that fail at the n-th time, and processes that die at one; with retries on.

use std::thread;
use std::time::Duration;

use super::dice::Dice;
use super::held;
use super::site::{PATIENCE, Site, send};
use super::world::{Call, WAYS, World};

const CALLS: &[&str] = &["write", "fsync", "rename", "open", "unlink", "mkdir"];

/// Hits the supervisor.
pub fn supervisor(
    world: &World,
    site: &Site<'_>,
    number: u64,
    dice: &mut Dice,
    what: &mut String,
) -> Result<(), String> {
    hit(world, site, "drr-lab", number, dice, what)
}

/// Hits the worker.
pub fn worker(world: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    hit(world, site, "drr-lab-worker", number, dice, what)
}

fn hit(
    world: &World,
    site: &Site<'_>,
    who: &'static str,
    number: u64,
    dice: &mut Dice,
    what: &mut String,
) -> Result<(), String> {
    let way = dice.below(WAYS.len());
    let all: Vec<&Call> = world.calls[way].iter().filter(|it| it.program == who && it.name != "renamed").collect();
    // Every other time around the first result, where most is at stake: any call from there on.
    let first = all.iter().position(|it| it.name == "rename" && it.path.ends_with("/result.json"));
    let (call, at) = match first.filter(|_| number % 2 == 1) {
        Some(first) => ("any", first + 1 + dice.below((all.len() - first).max(1))),
        None => {
            let call = CALLS[(number / 2) as usize % CALLS.len()];
            (call, 1 + dice.below(all.iter().filter(|it| it.name == call).count()))
        }
    };
    let act = dice.one(&["EIO", "ENOSPC", "before", "after"]);
    let hits = dice.one(&["1", "1", "2", "3"]);
    let lasts = if dice.below(4) == 0 { "1" } else { "0" };
    let stop = (who == "drr-lab-worker" && dice.below(2) == 0).then(|| dice.below(1500) as u64);
    *what = format!("{who}, call {at} of `{call}`: {act}, {hits} times{}", if way == 1 { ", in a cohort" } else { "" });
    if lasts == "1" {
        *what += ", and all after it";
    }
    if stop.is_some() {
        *what += "; stopped during the retry";
    }

    let mut command = site.sweep(WAYS[way]);
    command.env("ATTACK_WHO", who).env("ATTACK_CALL", call).env("ATTACK_AT", at.to_string());
    command.env("ATTACK_DO", act).env("ATTACK_HITS", hits).env("ATTACK_LASTS", lasts);
    let mut running = site.start(command, "hit").map_err(|error| error.to_string())?;
    if let Some(after) = stop
        && running.wait_until(PATIENCE, |it| it.said().contains("trial-retried"))
    {
        thread::sleep(Duration::from_millis(after));
        send("TERM", running.id());
    }
    let ended = running.end(PATIENCE)?.clear()?;
    let killed = who == "drr-lab" && ended.signal == Some(9) && ["before", "after"].contains(&act);
    if !killed {
        ended.code_is(&[0, 1, 3, 130])?;
    }
    let before = held::right_after(site)?;
    held::goes_on(site, &before, WAYS[way])
}
