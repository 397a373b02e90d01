//! Hostile names and texts wherever a person or a file gives one: refused or taken, but never raw on a terminal, never a
//! command to a CI system, never a file somewhere else.

use std::fs;

use super::dice::Dice;
use super::site::{Ended, PATIENCE, Site};
use super::world::World;

const NAMES: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mred",
    "bell\u{7}",
    "back\rover",
    "\u{202e}drow",
    "::error file=a::forged",
    "::stop-commands::x",
    "two\n::error::lines",
    "a\u{9b}31mb",
    "../../evil",
    "/tmp/drr-lab-attack-was-here",
    "..",
    ".",
    "",
    " ",
    "-rf",
    "--help",
    "CON",
    "a/b",
    "a\u{0}b",
    "<script>alert(1)</script>",
    "=cmd()",
    "%s%n",
    "$(touch evil)",
    "🎬 שלום",
];

/// Where a name is put.
const PLACES: &[&str] =
    &["sweep", "dataset", "key", "value", "axis", "dataset-of-a-sweep", "column", "id", "set", "only", "long"];

pub fn given(_: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let (name, place) = (dice.one(NAMES), PLACES[number as usize % PLACES.len()]);
    let long = "x\u{1b}".repeat(1 << 19);
    let name = if place == "long" { long.as_str() } else { name };
    *what = format!("{place}: {:?}", name.chars().take(20).collect::<String>());
    let io = |error: std::io::Error| error.to_string();
    let quoted = serde_json::Value::from(name).to_string();
    let sweep = |text: &str| format!("dataset = \"synthetic\"\nseeds = 1\nbaselines = []\n{text}\n");
    let write = |text: String| fs::write(site.folder.join("named.toml"), text).map_err(io);
    let planned = |more: &[&str]| {
        let mut command = site.program(&["sweep", "named.toml", "--dry-run", "--color", "never"]);
        // An argument holds no zero byte.
        command.args(more.iter().filter(|it| !it.contains('\0')));
        command
    };
    let command = match place {
        "sweep" | "long" => write(sweep(&format!("name = {quoted}"))).map(|()| planned(&[]))?,
        "key" => write(sweep(&format!("[drr]\n{quoted} = 1"))).map(|()| planned(&[]))?,
        "value" => write(sweep(&format!("[drr]\nexploration = {quoted}"))).map(|()| planned(&[]))?,
        "axis" => write(sweep(&format!("[drr]\ntau = [0.1, {quoted}]"))).map(|()| planned(&[]))?,
        "dataset-of-a-sweep" => write(format!("seeds = 1\ndataset = {quoted}\n")).map(|()| planned(&[]))?,
        "set" => write(sweep("")).map(|()| planned(&["--set", &format!("{name}=1")]))?,
        "only" => write(sweep("")).map(|()| planned(&["--only", &format!("tau={name}")]))?,
        place => {
            let name = name.replace('\0', "");
            let (column, id) = if place == "column" { (name.as_str(), "1") } else { ("userId", name.as_str()) };
            let field = format!("\"{}\"", id.replace('"', "\"\""));
            let text = format!("{column},movieId,rating\n{field},1,4\n{field},2,3\n2,1,5\n");
            fs::write(site.folder.join("named.csv"), text).map_err(io)?;
            let called = if place == "dataset" { name.as_str() } else { "named" };
            site.program(&["--data", "data", "--color", "never", "data", "import", "--", called, "named.csv"])
        }
    };
    let ended = site.run(command, PATIENCE)?.code_is(&[0, 2, 3])?;
    is_neutral(&ended)?;
    for far in ["/tmp/drr-lab-attack-was-here", "../evil", "evil", "../../evil"] {
        if fs::exists(site.folder.join(far)).map_err(io)? {
            return Err(format!("it made {far}"));
        }
    }
    Ok(())
}

/// Nothing of it acts on a terminal or on the log of a CI system, and it has an end.
fn is_neutral(ended: &Ended) -> Result<(), String> {
    for (stream, said) in [("stdout", &ended.out), ("stderr", &ended.err)] {
        let acts = |it: &char| (it.is_control() && *it != '\n') || ('\u{202a}'..='\u{202e}').contains(it);
        if let Some(raw) = said.chars().find(acts) {
            return Err(format!("{stream} holds a raw {raw:?}"));
        }
        if said.lines().any(|line| line.trim_start().starts_with("::")) {
            return Err(format!("{stream} holds a line that a CI system takes for a command"));
        }
        if said.len() > 100_000 {
            return Err(format!("{stream} has {} KB", said.len() / 1000));
        }
    }
    Ok(())
}
