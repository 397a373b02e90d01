//! With the feature `mutants`: writes the copy of the sources that the planted bugs go into.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

#[path = "mutants.rs"]
#[allow(dead_code, reason = "what a bug is called is for the program drr-lab-mutant")]
mod mutants;

fn main() {
    if env::var_os("CARGO_FEATURE_MUTANTS").is_some() {
        plant();
    }
    println!("cargo:rerun-if-changed=build.rs");
}

/// Copies `src/` to `$OUT_DIR/mutated/` with a switch in every place of `mutants.rs`, and writes `$OUT_DIR/mutated.rs`,
/// the modules of `lib.rs` with the paths of their copies.
fn plant() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=mutants.rs");
    let source = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR")).join("src");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let copy = out.join("mutated");
    // Files that are gone from the sources must go from the copy.
    let _ = fs::remove_dir_all(&copy);
    copy_folder(&source, &copy);
    for mutant in mutants::MUTANTS.iter().chain([&mutants::OTHER_ARITHMETIC]) {
        for edit in mutant.edits {
            let path = copy.join(edit.file);
            let text = fs::read_to_string(&path).expect("a source file can be read");
            if text.matches(edit.find).count() != 1 {
                eprintln!(
                    "error: mutants.rs, {}: {} does not hold exactly once: {}",
                    mutant.name, edit.file, edit.find
                );
                process::exit(1);
            }
            let (name, wrong, right) = (mutant.name, edit.replace, edit.find);
            let switch = format!("(if crate::planted({name:?}) {{ {wrong} }} else {{ {right} }})");
            fs::write(&path, text.replace(edit.find, &switch)).expect("OUT_DIR can be written");
        }
    }
    let library = fs::read_to_string(source.join("lib.rs")).expect("lib.rs can be read");
    let names = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let modules = names.map(|name| {
        let folder = copy.join(name).join("mod.rs");
        let path = if folder.is_file() { folder } else { copy.join(format!("{name}.rs")) };
        format!("#[path = {:?}]\npub mod {name};\n", path.display().to_string())
    });
    fs::write(out.join("mutated.rs"), modules.collect::<String>()).expect("OUT_DIR can be written");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("OUT_DIR can be written");
    for entry in fs::read_dir(from).expect("the sources can be listed") {
        let path = entry.expect("the sources can be listed").path();
        let target = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("OUT_DIR can be written");
        }
    }
}
