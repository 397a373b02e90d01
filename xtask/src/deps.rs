//! `cargo xtask deps`: what this project stands on. Every direct dependency has its row, with a reason, in CONTRIBUTING.md;
//! there are no more crates than that page says; a second version of one, or a licence, is a decision written down in
//! `deny.toml`; none is named in vain; and tests compile what they share with the program as the program does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::needs::answers;
use crate::problem::Problem;
use crate::steps::cargo;

/// What the program is compiled for here; other systems' crates are never compiled.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// The package that is built for everybody; the worker for GPUs is not.
const PROGRAM: &str = "drr-lab";

/// Crates that the program may need, itself not counted.
const MOST: usize = 170;

/// Dependencies of `xtask` that are there for their features alone.
const FOR_FEATURES: [&str; 2] = ["getrandom", "once_cell"];

/// Where the reasons stand, and what begins their table.
const PAGE: &str = "CONTRIBUTING.md";
const HEADING: &str = "| crate | what for |";

/// Checks, and says what there is; whether all is as it should be.
///
/// # Errors
/// Cargo's metadata or a file cannot be read.
pub fn run(root: &Path) -> Result<bool, Problem> {
    let read =
        |name: &str| fs::read_to_string(root.join(name)).map_err(|error| Problem::path(&root.join(name), &error));
    let mut metadata = cargo(root);
    metadata.args(["metadata", "--format-version", "1", "--locked", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&said(&mut metadata)?)
        .map_err(|error| Problem::new(format!("cargo metadata: {error}"), "run it by hand to see why"))?;
    let (compiled, page, deny) = (compiled(root)?, read(PAGE)?, read("deny.toml")?);
    let mut wrong = differences(&direct(&metadata), &reasons(&page));
    println!("{} crates are compiled for the program, {MOST} are the most", compiled.len());
    if compiled.len() > MOST {
        let see = format!("see `cargo tree -p {PROGRAM} -e normal,build`");
        wrong.push(format!("{} crates are more than {MOST}; {see}", compiled.len()));
    }
    wrong.extend(unmentioned(&metadata)?);
    for (package, features) in asked_by_tests(root)? {
        let why = "so that the tests compile the program once more; ask for it always, as xtask/Cargo.toml does";
        wrong.push(format!("tests want {package} with [{features}], {why}"));
    }
    let known = quoted(&deny, "{ crate = \"");
    for (name, versions) in twice(&compiled) {
        println!("twice: {name} {}", versions.join(" and "));
        if !known.iter().any(|known| known.split('@').next() == Some(&name)) {
            wrong.push(format!("{name} is there twice ({}), and deny.toml does not say why", versions.join(", ")));
        }
    }
    let allowed: BTreeSet<String> = list(&deny, "allow = [");
    for [name, _, licence] in &compiled {
        if !licence.split(" OR ").flat_map(|it| it.split('/')).any(|one| allows(&allowed, one)) {
            wrong.push(format!("{name} is licensed under {licence}, which deny.toml does not allow"));
        }
    }
    if answers("cargo-deny") {
        let mut deny = cargo(root);
        deny.args(["deny", "--workspace", "--all-features", "--locked", "check", "bans", "licenses", "sources"]);
        if !deny.status().is_ok_and(|status| status.success()) {
            wrong.push("cargo deny refuses something, see above".to_owned());
        }
    } else {
        println!("cargo-deny is not here: advisories and sources were not looked at (cargo install cargo-deny)");
    }
    wrong.iter().for_each(|what| eprintln!("error: {what}"));
    Ok(wrong.is_empty())
}

fn said(command: &mut Command) -> Result<String, Problem> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Problem::file("cargo", &error, "is it on the PATH?"))?;
    if !output.status.success() {
        return Err(Problem::new(format!("cargo failed: {}", output.status), "see what it says above"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A crate that is compiled for the program: name, version and licence.
type Compiled = [String; 3];

/// Everything that is compiled for the program but this repository's own, as cargo resolves its features.
fn compiled(root: &Path) -> Result<BTreeSet<Compiled>, Problem> {
    let mut command = cargo(root);
    command.args(["tree", "--locked", "-p", PROGRAM, "-e", "normal,build", "--target", PLATFORM]);
    command.args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"]);
    let lines = said(&mut command)?;
    Ok(lines.lines().filter_map(compiled_line).filter(|[name, ..]| !name.starts_with("drr-")).collect())
}

fn compiled_line(line: &str) -> Option<Compiled> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?);
    Some([name.to_owned(), version.trim_start_matches('v').to_owned(), licence.to_owned()])
}

/// Names of what the packages of this repository name in their manifests, their own aside.
fn direct(metadata: &Value) -> BTreeSet<String> {
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
    let packages = each(&metadata["packages"]);
    let named = packages.iter().flat_map(|package| each(&package["dependencies"])).map(|it| name(&it));
    let own: BTreeSet<String> = packages.iter().map(name).collect();
    named.filter(|name| !own.contains(name)).collect()
}

/// Dependencies that no source file of their package names, but for those that are there for their features.
fn unmentioned(metadata: &Value) -> Result<Vec<String>, Problem> {
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let folder = manifest.parent().unwrap_or(Path::new("."));
        let mut text = String::new();
        for part in ["src", "tests", "benches", "build", "build.rs"] {
            sources(&folder.join(part), &mut text)?;
        }
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = dependency["name"].as_str().unwrap_or_default();
            let for_features = package["name"] == "xtask" && FOR_FEATURES.contains(&name);
            if !for_features && !uses(&text, name) {
                wrong.push(format!("{} names {name}, and no source of it does", manifest.display()));
            }
        }
    }
    Ok(wrong)
}

/// Whether a path in a text of Rust begins with a package's name; comments do not count.
fn uses(text: &str, package: &str) -> bool {
    // `md-5` is `md5` in Rust.
    let names = ["_", ""].map(|dash| format!("{}::", package.replace('-', dash)));
    let is_part = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.into_iter().any(|line| {
        let begins = |name: &String| line.match_indices(name).any(|(at, _)| !line[..at].ends_with(is_part));
        names.iter().any(begins)
    })
}

/// Appends the Rust files of a folder, or the file itself, and those that they name as modules of theirs.
fn sources(path: &Path, text: &mut String) -> Result<(), Problem> {
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| Problem::path(path, &error))?;
        for entry in entries.flatten() {
            sources(&entry.path(), text)?;
        }
    } else if path.extension().is_some_and(|it| it == "rs") && path.is_file() {
        let own = fs::read_to_string(path).map_err(|error| Problem::path(path, &error))?;
        for named in quoted(&own, "#[path = \"") {
            sources(&path.with_file_name(named), text)?;
        }
        *text += &own;
    }
    Ok(())
}

/// Packages that are compiled with more features for the tests than for the program, and those features.
fn asked_by_tests(root: &Path) -> Result<Vec<(String, String)>, Problem> {
    let features = |edges: &str| -> Result<BTreeMap<String, BTreeSet<String>>, Problem> {
        let mut command = cargo(root);
        command.args(["tree", "--locked", "--workspace", "-e", edges, "--target", PLATFORM]);
        command.args(["--prefix", "none", "--no-dedupe", "--format", "{p}|{f}"]);
        Ok(all_features(&said(&mut command)?))
    };
    let (program, tests) = (features("normal,no-proc-macro")?, features("normal,dev,no-proc-macro")?);
    Ok(more(&program, &tests))
}

/// The features of every package in cargo's list.
fn all_features(lines: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (package, features) in lines.lines().filter_map(|line| line.split_once('|')) {
        let features = features.split(',').filter(|it| !it.is_empty()).map(str::to_owned);
        all.entry(package.to_owned()).or_default().extend(features);
    }
    all
}

/// What `tests` has more of the packages that are in both.
fn more(
    program: &BTreeMap<String, BTreeSet<String>>,
    tests: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<(String, String)> {
    let both = program.iter().filter_map(|(package, few)| Some((package, few, tests.get(package)?)));
    let more = both.map(|(package, few, many)| {
        let names: Vec<&str> = many.difference(few).map(String::as_str).collect();
        (package.clone(), names.join(", "))
    });
    more.filter(|(_, names)| !names.is_empty()).collect()
}

fn twice(compiled: &BTreeSet<Compiled>) -> BTreeMap<String, Vec<String>> {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for [name, version, _] in compiled {
        versions.entry(name.clone()).or_default().push(version.clone());
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

/// Whether an alternative of a licence is allowed: one name, or several that all are.
fn allows(allowed: &BTreeSet<String>, one: &str) -> bool {
    let mut names = one.split(" AND ").map(|name| name.trim_matches(['(', ')', ' ']));
    names.all(|name| allowed.contains(name.split(" WITH ").next().unwrap_or(name)))
}

/// The crates of the page's table, and whether each has a reason.
fn reasons(page: &str) -> BTreeMap<String, bool> {
    let rows = page.lines().skip_while(|line| !line.starts_with(HEADING)).skip(2).take_while(|it| it.starts_with('|'));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let has_reason = cells.get(1).is_some_and(|reason| reason.len() > 5);
        let names = cells[0].split(", ").map(move |name| (name.trim_matches('`').to_owned(), has_reason));
        names.collect::<Vec<_>>()
    })
    .collect()
}

fn differences(direct: &BTreeSet<String>, reasons: &BTreeMap<String, bool>) -> Vec<String> {
    let unnamed = direct.iter().filter(|name| !reasons.get(*name).copied().unwrap_or(false));
    let gone = reasons.keys().filter(|name| !direct.contains(*name));
    unnamed
        .map(|name| format!("{PAGE} has no reason for {name}"))
        .chain(gone.map(|name| format!("{PAGE} has a row for {name}, which nothing needs")))
        .collect()
}

/// What stands between quotes behind each `start`.
fn quoted(text: &str, start: &str) -> Vec<String> {
    text.split(start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// The first list that begins so.
fn list(text: &str, start: &str) -> BTreeSet<String> {
    let inside = text.split(start).nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    inside.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_allowed_by_one_alternative_whose_parts_all_are() {
        let allowed = list("allow = [\n \"MIT\", # \n \"ISC\",\n]\nother = [\"X\"]", "allow = [");
        assert_eq!(allowed.len(), 2);
        assert!(allows(&allowed, "MIT") && allows(&allowed, "(MIT AND ISC)") && !allows(&allowed, "MIT AND X"));
    }

    #[test]
    fn features_that_tests_add_to_shared_crates_are_told() {
        let program = all_features("a v1|std\nb v1|\nc v1 (proc-macro)|x");
        let tests = all_features("a v1|std\na v1|std,extra\nb v1|\nd v2|new");
        assert_eq!(more(&program, &tests), [("a v1".to_owned(), "extra".to_owned())]);
    }

    #[test]
    fn a_package_is_used_where_a_path_begins_with_its_name() {
        let text =
            "use serde_json::Value; // serde::Serialize\nstart::it();\nlet digest = md5::Md5::new();\n#[zip::member]";
        let used = |name: &str| uses(text, name);
        assert!(used("serde_json") && used("md-5") && used("zip"));
        assert!(!used("serde") && !used("tar") && !used("Md5") && !used("log"));
    }

    #[test]
    fn every_direct_dependency_has_a_row_with_a_reason_and_no_other_has() {
        let page =
            "| crate | what for |\n| --- | --- |\n| `a`, `b` | to do this |\n| `c` | |\n\n| `d` | not this table |";
        let direct = ["a", "c"].map(str::to_owned).into();
        let wrong = differences(&direct, &reasons(page));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("no reason for c") && wrong[1].contains("a row for b"));
    }
}
