//! Files of ratings as datasets are published and as people keep them, made here, imported by the program: the right count, or
//! the right sentence. Whatever comes in is kept or named.

mod published;
mod shapes;

use crate::common::Place;

/// A file, what is typed with it, and what comes of it.
struct MadeFile {
    name: &'static str,
    bytes: Vec<u8>,
    options: &'static [&'static str],
    /// How many ratings there are then; none where it is refused.
    ratings: Option<usize>,
    /// What is said.
    says: &'static [&'static str],
}

impl MadeFile {
    fn read(name: &'static str, bytes: impl Into<Vec<u8>>, ratings: usize, says: &'static [&'static str]) -> Self {
        Self { name, bytes: bytes.into(), options: &[], ratings: Some(ratings), says }
    }

    fn refused(name: &'static str, bytes: impl Into<Vec<u8>>, says: &'static [&'static str]) -> Self {
        Self { name, bytes: bytes.into(), options: &[], ratings: None, says }
    }

    fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }
}

/// A rating of the world that all files are of: user, item, stars, time.
type MadeRating = (u32, u32, u32, u32);

/// Forty ratings by eight users of five items.
fn world() -> impl Iterator<Item = MadeRating> {
    (0..40).map(|at| (1 + at % 8, 101 + at / 8, 1 + (at * 7 + at / 8) % 5, 880_000_000 + 1000 * at))
}

/// Every rating as a line.
fn lines(line: impl Fn(MadeRating) -> String) -> String {
    world().map(line).collect()
}

#[test]
fn an_archive_imported_again_changes_nothing() {
    let place = Place::new();
    let made = published::all().into_iter().find(|made| made.name == "ml-latest-small.zip").expect("one of them");
    std::fs::write(place.path().join(made.name), &made.bytes).expect("written");
    for said in ["titles for 5 of 5 items", "nothing to do"] {
        let output = place.run(&["data", "import", "x", made.name]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains(said), "{told}");
    }
}

#[test]
fn every_file_is_read_in_full_or_refused_with_its_reason() {
    let all: Vec<MadeFile> = published::all().into_iter().chain(shapes::all()).collect();
    assert!(all.len() >= 60, "{} files", all.len());
    for (number, made) in all.iter().enumerate() {
        let place = Place::new();
        let path = place.path().join(made.name);
        std::fs::write(&path, &made.bytes).expect("written");
        let output = place.run(&[&["data", "import", "x", made.name], made.options].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let told = format!("{number}: {} {:?}: {said}", made.name, made.options);
        assert_eq!(output.status.code(), Some(if made.ratings.is_some() { 0 } else { 2 }), "{told}");
        for line in made.says {
            assert!(said.contains(line), "{line}: {told}");
        }
        let shown = place.run(&["data", "show", "x", "--output", "json"]);
        let found = serde_json::from_slice::<serde_json::Value>(&shown.stdout).ok();
        let found = found.and_then(|shown| shown["dataset"]["ratings"].as_u64());
        assert_eq!(found, made.ratings.map(|ratings| ratings as u64), "{told}");
    }
}
