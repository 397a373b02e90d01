//! Archives that are no bundles: refused as a whole, with bounded memory, nothing written elsewhere, and what is here intact.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::dice::Dice;
use super::held;
use super::site::{Site, last};
use super::world::World;
use super::zip::{Member, read, write};

/// Address space of an import, KiB: what it needs is a small part of it.
const MEMORY: u32 = 512 << 10;

const PATIENCE: Duration = Duration::from_secs(60);

/// What is wrong with the archive.
const MANNERS: &[&str] = &[
    "nothing",
    "bomb-in-a-journal",
    "bomb-in-a-result",
    "bomb-in-a-sweep",
    "bomb-that-lies",
    "member-twice",
    "member-twice-with-another-content",
    "out-of-the-folder",
    "absolute",
    "backslashes",
    "name-with-nul",
    "name-with-escapes",
    "name-of-64-kilobytes",
    "symbolic-link",
    "cut-off",
    "flipped-bit",
    "another-sweep-toml",
    "sweep-without-trials",
    "trial-without-sweep",
    "journal-missing",
    "result-missing",
    "another-result",
    "deep-json",
    "no-members",
    "no-bytes",
    "wrong-checksum",
    "many-members",
];

pub fn imported(world: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let manner = MANNERS[number as usize % MANNERS.len()];
    *what = manner.to_owned();
    let archive = made(manner, &world.bundle, dice).ok_or("the bundle cannot be read")?;
    let here = dice.below(2) == 0;
    *what += if here { ", where its trials are" } else { ", into an empty folder" };
    let io = |error: std::io::Error| error.to_string();
    fs::write(site.folder.join("hostile.zip"), &archive).map_err(io)?;
    if here {
        site.copy_finished().map_err(io)?;
    }
    let before = site.results();
    let outside = listing(&site.folder).map_err(io)?;

    let import = site.program(&[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")]).arg(import.get_program());
    limited.current_dir(&site.folder).arg("--runs").arg(site.runs()).args(["runs", "import", "hostile.zip"]);
    let ended = site.run(limited, PATIENCE)?.code_is(&[0, 2, 3, 5])?;
    if let Some(raw) = (ended.out.clone() + &ended.err).chars().find(|it| it.is_control() && *it != '\n') {
        return Err(format!("a name is printed raw: {raw:?}"));
    }
    if ended.err.len() > 20_000 {
        return Err(format!("it says {} KB", ended.err.len() / 1000));
    }
    let harmless = ["nothing", "flipped-bit", "cut-off"].contains(&manner);
    if ended.code == Some(0) && !harmless {
        return Err(format!("it is taken in: {}", last(&ended.out)));
    }
    if manner == "nothing" && ended.code != Some(0) {
        return Err(format!("a sound bundle is refused: {}", last(&ended.err)));
    }
    let mut after = listing(&site.folder).map_err(io)?;
    after.retain(|name| !outside.contains(name) && name != "runs");
    if let Some(name) = after.first() {
        return Err(format!("it wrote {name} beside the runs folder"));
    }
    if ended.code == Some(0) || here {
        let after = site.results();
        if before.iter().any(|(trial, file)| after.get(trial) != Some(file)) {
            return Err("a finished trial was touched".to_owned());
        }
        return held::is_whole(site);
    }
    match site.results().len() {
        0 => Ok(()),
        some => Err(format!("it was refused, and {some} of its trials were taken in")),
    }
}

/// Names in the attack's folder and in the one above, but for its own outputs.
fn listing(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| !name.starts_with("said.") && name != "marks");
    if fs::exists("/tmp/drr-lab-attack-was-here")? || fs::exists(folder.join("../evil"))? {
        names.push("a file far away".to_owned());
    }
    Ok(names)
}

fn find<'a>(members: &'a mut [Member], end: &str) -> Option<&'a mut Member> {
    members.iter_mut().find(|member| member.name.ends_with(end.as_bytes()))
}

fn made(manner: &str, bundle: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let mut members = read(bundle)?;
    let name = |member: &Member| String::from_utf8_lossy(&member.name).into_owned();
    let mut replace = |end: &str, by: &dyn Fn(&str) -> Member| -> Option<()> {
        let member = find(&mut members, end)?;
        *member = by(&name(member));
        Some(())
    };
    match manner {
        // 129 MB each out of 0.8.
        "bomb-in-a-journal" => replace("/journal.jsonl", &|name| Member::bomb(name, 500_000))?,
        "bomb-in-a-result" => replace("/result.json", &|name| Member::bomb(name, 500_000))?,
        "bomb-in-a-sweep" => replace("/trials.jsonl", &|name| Member::bomb(name, 500_000))?,
        "bomb-that-lies" => replace("/spec.json", &|name| Member { size: 200, ..Member::bomb(name, 500_000) })?,
        "another-sweep-toml" => replace("/sweep.toml", &|name| {
            Member::stored(name, b"name = \"attacked\"\ndataset = \"synthetic\"\nseeds = 7\n")
        })?,
        "another-result" => replace("/result.json", &|name| Member::stored(name, b"{\"format\":1}"))?,
        "deep-json" => replace("/spec.json", &|name| Member::stored(name, "[".repeat(200_000).as_bytes()))?,
        "wrong-checksum" => {
            let member = find(&mut members, "/journal.jsonl")?;
            member.checksum ^= 1;
        }
        "member-twice" => {
            let twice = find(&mut members, "/result.json")?.clone();
            members.push(twice);
        }
        "member-twice-with-another-content" => {
            let twice = name(find(&mut members, "/result.json")?);
            members.insert(0, Member::stored(&twice, b"{}"));
        }
        "symbolic-link" => {
            let link = name(find(&mut members, "/journal.jsonl")?);
            *find(&mut members, "/journal.jsonl")? =
                Member { mode: 0o120_777, ..Member::stored(&link, b"/etc/passwd") };
        }
        "sweep-without-trials" => members.retain(|member| !member.name.starts_with(b"trials/")),
        "trial-without-sweep" => members.retain(|member| !member.name.starts_with(b"sweeps/")),
        "journal-missing" => remove(&mut members, "/journal.jsonl"),
        "result-missing" => remove(&mut members, "/result.json"),
        "no-members" => members.clear(),
        "many-members" => {
            let more = (0..5_000).map(|at| Member::stored(&format!("sweeps/s{at}/sweep.toml"), b""));
            members.extend(more);
        }
        "out-of-the-folder" => members.push(Member::stored("trials/../../../evil", b"x")),
        "absolute" => members.push(Member::stored("/tmp/drr-lab-attack-was-here", b"x")),
        "backslashes" => members.push(Member::stored("..\\..\\evil", b"x")),
        "name-with-nul" => members.push(Member::stored("sweeps/a\0b/sweep.toml", b"x")),
        "name-with-escapes" => members.push(Member::stored("sweeps/\u{1b}[31m\u{7}\r/sweep.toml", b"x")),
        "name-of-64-kilobytes" => members.push(Member::stored(&"x".repeat(65_000), b"x")),
        _ => {}
    }
    let mut archive = write(&members);
    match manner {
        "cut-off" => archive.truncate(dice.below(archive.len())),
        "flipped-bit" => {
            let at = dice.below(archive.len());
            archive[at] ^= 1 << dice.below(8);
        }
        "no-bytes" => archive.clear(),
        _ => {}
    }
    Some(archive)
}

fn remove(members: &mut Vec<Member>, end: &str) {
    if let Some(at) = members.iter().position(|member| member.name.ends_with(end.as_bytes())) {
        members.remove(at);
    }
}
