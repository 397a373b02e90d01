//! Every planted bug still has its place: an expression that stands in its file exactly once.

#[path = "../mutants.rs"]
mod mutants;

use std::collections::BTreeSet;
use std::path::Path;

use mutants::{MUTANTS, OTHER_ARITHMETIC};

#[test]
fn every_bug_has_one_place_and_a_name_of_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let names: BTreeSet<&str> = MUTANTS.iter().map(|mutant| mutant.name).collect();
    assert!(names.len() == MUTANTS.len() && names.len() >= 12);
    for mutant in MUTANTS.iter().chain([&OTHER_ARITHMETIC]) {
        assert!(!mutant.edits.is_empty() && !mutant.bug.is_empty(), "{}", mutant.name);
        for edit in mutant.edits {
            let text = std::fs::read_to_string(source.join(edit.file)).expect("a source file can be read");
            let places = text.matches(edit.find).count();
            assert_eq!(
                places, 1,
                "{}: `{}` in src/{}; mend crates/train/mutants.rs",
                mutant.name, edit.find, edit.file
            );
            assert_ne!(edit.find, edit.replace, "{}", mutant.name);
        }
    }
}
