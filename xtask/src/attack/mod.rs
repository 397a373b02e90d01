//! `cargo xtask attack`: attacks the promises of the program, kind by kind, and says what held. After each attack the same
//! sweep must complete with all that was finished intact and with the results of a run that nobody attacked.
//!
//! | file | job |
//! | --- | --- |
//! | `mod` | which attacks there are, in which order, and the table at the end |
//! | `world` | what all share: programs, the undisturbed run |
//! | `site` | one attack's folder, and the program run in it |
//! | `held` | what must hold afterwards |
//! | `dice` | random numbers by seed |
//! | `faults` | calls that fail, by `shim.c` |
//! | `disks`, `signals`, `workers`, `bundles`, `names`, `bits` | the other kinds |
//! | `zip` | archives that lie |

mod bits;
mod bundles;
mod dice;
mod disks;
mod faults;
mod held;
mod names;
mod signals;
mod site;
mod workers;
mod world;
mod zip;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use self::dice::Dice;
use self::site::Site;
use self::world::World;
use crate::problem::Problem;

pub use self::workers::{COMMAND as PLAY, play};

/// What `attack` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttackOptions {
    /// How long; what has begun then is ended.
    pub minutes: u64,
    /// A fixed choice of each kind instead, about a minute.
    pub short: bool,
    /// Which attacks: the same seed, the same attacks.
    pub seed: u64,
    /// One attack alone, as the list at the end names it: its kind and number.
    pub only: Option<(String, u64)>,
}

impl Default for AttackOptions {
    fn default() -> Self {
        Self { minutes: 10, short: false, seed: 1, only: None }
    }
}

type Attack = fn(&World, &Site<'_>, u64, &mut Dice, &mut String) -> Result<(), String>;

/// A kind of attack.
struct Kind {
    name: &'static str,
    what: &'static str,
    attack: Attack,
    /// How many of a round of the long form.
    share: u64,
    /// How many of the short form.
    short: u64,
    /// Why it cannot be tried here, if it cannot.
    lacks: fn(&World) -> Option<&'static str>,
}

fn nothing(_: &World) -> Option<&'static str> {
    None
}

fn compiler(world: &World) -> Option<&'static str> {
    world.shim.is_none().then_some("no C compiler `cc`")
}

fn mount(world: &World) -> Option<&'static str> {
    (!world.may_mount).then_some("no permission to mount")
}

const KINDS: &[Kind] = &[
    Kind {
        name: "fault-supervisor",
        what: "a call of the supervisor fails, or kills it",
        attack: faults::supervisor,
        share: 3,
        short: 5,
        lacks: compiler,
    },
    Kind {
        name: "fault-worker",
        what: "a call of a worker fails, or kills it; with retries",
        attack: faults::worker,
        share: 4,
        short: 7,
        lacks: compiler,
    },
    Kind { name: "disk", what: "a disk that is full", attack: disks::full, share: 2, short: 3, lacks: mount },
    Kind { name: "signal", what: "signals at random times", attack: signals::sent, share: 2, short: 4, lacks: nothing },
    Kind {
        name: "worker",
        what: "workers that lie, hang, flood, die",
        attack: workers::played,
        share: 2,
        short: 6,
        lacks: nothing,
    },
    Kind {
        name: "bundle",
        what: "archives that are no bundles",
        attack: bundles::imported,
        share: 4,
        short: 27,
        lacks: nothing,
    },
    Kind { name: "name", what: "hostile names and texts", attack: names::given, share: 6, short: 33, lacks: nothing },
    Kind {
        name: "bit",
        what: "a flipped bit of a stored file",
        attack: bits::flipped,
        share: 8,
        short: 40,
        lacks: nothing,
    },
];

/// One attack, and how it went.
struct Tried {
    kind: &'static str,
    number: u64,
    what: String,
    outcome: Result<(), String>,
    took: Duration,
}

/// Attacks; whether all held.
///
/// # Errors
/// The programs are missing, or the sweep does not even run undisturbed.
pub fn run(options: &AttackOptions) -> Result<bool, Problem> {
    let world = World::new()?;
    eprintln!("undisturbed: {} trials in {:.1} s", site::TRIALS, world.took.as_secs_f64());
    let deadline = Instant::now() + Duration::from_secs(60 * options.minutes);
    let queue = Mutex::new(queue(&world, options)?.into_iter());
    let tried = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let next = || queue.lock().expect("no thread panics while it takes the next").next();
                while Instant::now() < deadline
                    && let Some((kind, number)) = next()
                {
                    let one = attack(&world, kind, number, options.seed);
                    tell(&one, options.only.is_some());
                    tried.lock().expect("no thread panics while it adds one").push(one);
                }
            });
        }
    });
    let tried = tried.into_inner().expect("all threads have ended");
    println!("{}", report(&world, &tried, options));
    Ok(tried.iter().all(|one| one.outcome.is_ok()))
}

/// The attacks in their order: round by round for the long form, a fixed number of each for the short one.
fn queue(world: &World, options: &AttackOptions) -> Result<Vec<(&'static Kind, u64)>, Problem> {
    if let Some((name, number)) = &options.only {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let kind = KINDS.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or_else(|| {
            Problem::new(format!("there is no kind of attack `{name}`"), format!("kinds: {}", names.join(", ")))
        })?;
        return Ok(vec![(kind, *number)]);
    }
    let possible = KINDS.iter().filter(|kind| (kind.lacks)(world).is_none());
    if options.short {
        return Ok(possible.flat_map(|kind| (0..kind.short).map(move |number| (kind, number))).collect());
    }
    // More rounds than any machine has time for.
    let rounds = 0..100 * options.minutes;
    let possible: Vec<&Kind> = possible.collect();
    let round = |round: u64| {
        possible.iter().flat_map(move |kind| (0..kind.share).map(move |at| (*kind, round * kind.share + at)))
    };
    Ok(rounds.flat_map(round).collect())
}

fn attack(world: &World, kind: &'static Kind, number: u64, seed: u64) -> Tried {
    let mut dice = Dice::of(seed, kind.name, number);
    let (mut what, began) = (String::new(), Instant::now());
    let outcome = match Site::new(world, &format!("{}-{number}", kind.name)) {
        Ok(site) => (kind.attack)(world, &site, number, &mut dice, &mut what),
        Err(error) => Err(format!("its folder cannot be made: {error}")),
    };
    Tried { kind: kind.name, number, what, outcome, took: began.elapsed() }
}

fn tell(one: &Tried, always: bool) {
    match &one.outcome {
        Err(why) => eprintln!("FELL {}:{} {}\n     {why}", one.kind, one.number, one.what),
        Ok(()) if always => eprintln!("held {}:{} {}", one.kind, one.number, one.what),
        Ok(()) => {}
    }
}

/// What was tried and what held; then every way something fell once, with how to see it again.
fn report(world: &World, tried: &[Tried], options: &AttackOptions) -> String {
    let mut text = format!("\n{:18} {:>6} {:>6} {:>6} {:>8}\n", "kind", "tried", "held", "fell", "seconds");
    for kind in KINDS {
        let of: Vec<&Tried> = tried.iter().filter(|one| one.kind == kind.name).collect();
        let held = of.iter().filter(|one| one.outcome.is_ok()).count();
        let (fell, took) = (of.len() - held, of.iter().map(|one| one.took).sum::<Duration>().as_secs_f64());
        text += &format!("{:18} {:>6} {held:>6} {fell:>6} {took:>8.1}  {}", kind.name, of.len(), kind.what);
        text += &(kind.lacks)(world).map_or(String::new(), |lacks| format!(" (not tried: {lacks})"));
        text += "\n";
    }
    let mut falls: BTreeMap<(&str, String), Vec<&Tried>> = BTreeMap::new();
    for one in tried {
        if let Err(why) = &one.outcome {
            falls.entry((one.kind, alike(why))).or_default().push(one);
        }
    }
    for ((kind, _), all) in &falls {
        let first = all.iter().min_by_key(|one| one.number).expect("a way to fall was seen once");
        let why = first.outcome.as_ref().expect_err("it fell");
        text += &format!("\n{kind}, {} times: {why}\n  {}\n", all.len(), first.what);
        text += &format!("  again: cargo xtask attack --seed {} --only {kind}:{}\n", options.seed, first.number);
    }
    text
}

/// What two ways to fall have in common: their words without numbers, ids and folders.
fn alike(why: &str) -> String {
    let words =
        why.split_whitespace().filter(|word| !word.contains('/') && !word.chars().any(|it| it.is_ascii_digit()));
    words.take(12).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_called_apart() {
        let mut names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
        assert!(KINDS.iter().all(|kind| kind.share > 0 && kind.short > 0));
    }

    #[test]
    fn ways_to_fall_that_differ_in_numbers_are_one() {
        assert_eq!(
            alike("exit code 7, expected 0: trial abc12 fell"),
            alike("exit code 9, expected 1: trial dd34 fell")
        );
        assert_ne!(alike("it panicked"), alike("it did not end"));
    }
}
