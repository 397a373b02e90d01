//! A data folder through its whole life.

use super::*;

fn table(stars: &str) -> Ratings {
    let text = format!("1\t10\t{stars}\t7\n2\t10\t0.5\t8\n");
    ratings("u.data", text.as_bytes(), None).expect("a good file").ratings
}

fn item() -> Item {
    Item { id: "10".to_owned(), title: "Ten".to_owned(), year: None, genres: vec!["Drama".to_owned()] }
}

#[test]
fn what_is_installed_can_be_listed_described_and_opened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalogue = Catalogue::new(&folder.path().join("data"));
    assert_eq!(catalogue.list().expect("a missing folder is an empty one"), []);
    let meta = Meta { source: "a test".to_owned(), duplicates: 3, licence: None, reward: RewardRule::STARS };
    let description = catalogue.install("mine", &table("4"), &[item()], meta).expect("installs");
    assert_eq!(description.rating_range, [0.5, 4.0]);
    assert_eq!((description.users, description.items, description.ratings), (2, 1, 2));
    assert_eq!(catalogue.describe("mine").expect("is there"), description);
    assert_eq!(catalogue.list().expect("lists"), std::slice::from_ref(&description));
    assert_eq!(catalogue.fingerprint("mine").expect("hashes"), description.fingerprint);
    assert_eq!(description.fingerprint, table("4").fingerprint());
    assert_eq!(catalogue.open("mine", None).expect("opens"), table("4"));
    assert_eq!(catalogue.items("mine").expect("has items"), [item()]);

    // A second install replaces the first and leaves nothing else behind.
    let second = catalogue.install("mine", &table("5"), &[], Meta::default()).expect("installs again");
    assert_eq!(catalogue.open("mine", Some(second.fingerprint)).expect("opens"), table("5"));
    assert_eq!(catalogue.items("mine").expect("has none"), []);
    assert_eq!(fs::read_dir(folder.path().join("data")).expect("is there").count(), 1);
}

#[test]
fn another_table_names_both_fingerprints() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalogue = Catalogue::new(folder.path());
    let found = catalogue.install("mine", &table("4"), &[], Meta::default()).expect("installs").fingerprint;
    let expected = Digest::of(b"another table");
    let error = catalogue.open("mine", Some(expected)).expect_err("another table").to_string();
    assert_eq!(error, format!("the ratings of `mine` have the fingerprint {found}, expected {expected}"));

    let file = folder.path().join("mine/ratings.tsv");
    fs::write(&file, "1\t10\t3\t7\n").expect("can be written");
    let error = catalogue.open("mine", None).expect_err("a changed table").to_string();
    assert!(error.contains(&found.to_string()) && error.contains(&Digest::of(b"1\t10\t3\t7\n").to_string()), "{error}");
    fs::write(&file, "garbage").expect("can be written");
    assert!(matches!(catalogue.open("mine", None), Err(CatalogueError::Changed { .. })));
}

#[test]
fn a_missing_dataset_says_how_to_get_it() {
    let error = Catalogue::new(Path::new("data")).open("ml-100k", None).expect_err("is missing").to_string();
    assert!(error.ends_with("get it by `drr-lab data fetch ml-100k`"), "{error}");
    let error = Catalogue::new(Path::new("data")).open("ml-latest", None).expect_err("is missing").to_string();
    assert!(error.ends_with("get it by `drr-lab data import ml-latest FILE`"), "{error}");
}

#[test]
fn a_name_stays_in_the_folder() {
    for name in ["", ".", "..", "../x", "a/b", "/a", ".hidden", "-x", "a b", "synthetic", "splits", &"x".repeat(65)] {
        assert!(matches!(check_name(name), Err(CatalogueError::Name { .. })), "{name}");
    }
    for name in ["ml-100k", "ML_1.0", "7"] {
        assert!(check_name(name).is_ok(), "{name}");
    }
}

#[test]
fn a_newer_description_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let catalogue = Catalogue::new(folder.path());
    catalogue.install("mine", &table("4"), &[], Meta::default()).expect("installs");
    let file = folder.path().join("mine/dataset.json");
    fs::write(&file, r#"{"format": 3, "more": true}"#).expect("can be written");
    let error = catalogue.describe("mine").expect_err("is newer").to_string();
    assert!(error.ends_with("it was written by a newer drr-lab"), "{error}");
    fs::write(&file, "{").expect("can be written");
    assert!(matches!(catalogue.describe("mine"), Err(CatalogueError::Description { .. })));
}
