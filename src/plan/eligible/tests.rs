//! Worlds in which somebody is missing, and what is said of them before anything trains.

use std::fmt::Write as _;

use drr_core::data::Split;
use drr_core::data::catalogue::{Catalogue, Meta};
use drr_core::data::load::ratings;

use super::*;
use crate::error::{Error, Located};
use crate::sweep::{Request, Source, expand, parse};

/// A folder with a dataset `mine` of these rows of user, item, stars and time.
fn data(rows: impl IntoIterator<Item = (u32, u32, f32)>) -> tempfile::TempDir {
    let mut text = String::new();
    for (time, (user, item, stars)) in rows.into_iter().enumerate() {
        let _ = writeln!(text, "{user}\t{item}\t{stars}\t{time}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = ratings("u.data", text.as_bytes(), None).expect("good rows").ratings;
    Catalogue::new(folder.path()).install("mine", &table, &[], Meta::default()).expect("installs");
    folder
}

fn examined(data: &tempfile::TempDir, text: &str) -> Result<Outlook> {
    let source = Source::new("a.toml", &format!("dataset = \"mine\"\nseeds = 2\n{text}"));
    let mut datasets = Datasets::new(data.path());
    let file = parse(&source, Path::new("."), &Request::default(), &mut datasets).expect("whole");
    let sweep = expand(&file, &mut datasets).expect("expands");
    examine(&file, &sweep, &data.path().join("runs"), &mut datasets)
}

/// Every problem, with what helps.
#[track_caller]
fn refused(data: &tempfile::TempDir, text: &str) -> String {
    let Error { problems, exit, .. } = examined(data, text).expect_err("somebody is missing");
    assert_eq!(exit, crate::error::Exit::BadInput);
    let said = |problem: &Located| format!("{problem} | {}", problem.help.clone().unwrap_or_default());
    problems.iter().map(said).collect::<Vec<_>>().join("\n")
}

/// `users` users with `each` ratings, all of `stars`.
fn world(users: u32, each: u32, stars: f32) -> tempfile::TempDir {
    data((0..users).flat_map(|user| (0..each).map(move |item| (user, item, stars))))
}

#[test]
fn a_split_that_holds_nothing_out_is_refused() {
    for each in [1, 2] {
        let said = refused(&world(100, each, 4.0), "[split]\nkind = \"temporal\"");
        assert!(
            said.starts_with(&format!("the split holds nothing out: of {} ratings by 100 users none", 100 * each)),
            "{said}"
        );
        assert!(
            said.contains("in the test part (split.kind = \"temporal\", split.test = 0.2) | the rounded share of each user's ratings"),
            "{said}"
        );
    }
    let said = refused(&world(4, 10, 4.0), "[split]\ntest = 0.01");
    assert!(
        said.starts_with("the split holds nothing out: of 40 ratings by 4 users none is in the test part"),
        "{said}"
    );
    let said = refused(&world(1, 1, 4.0), "[split]\ntest = 0.9");
    assert!(said.starts_with("the split leaves nothing to learn from"), "{said}");
    // Three ratings a user: one is held out for the test, none of the two others for validation.
    let said = refused(&world(9, 3, 4.0), "[split]\nkind = \"temporal\"\nheld_out = \"validation\"");
    assert!(said.contains("none is in the validation part"), "{said}");
}

#[test]
fn a_factorisation_needs_its_own_validation_part() {
    let few = world(10, 10, 5.0);
    let small = "[drr]\nhistory = 1\n[offline]\nk = [1]\n[pmf]\n";
    let said = refused(&few, &format!("{small}validation = 0.001"));
    assert_eq!(
        said,
        "pmf.validation = 0.001 holds out none of the 80 train ratings | raise it, or set pmf.validation = 0 to train without"
    );
    assert!(examined(&few, &format!("{small}validation = 0")).is_ok());
}

#[test]
fn one_k_that_nobody_reaches_is_refused_with_what_the_others_have() {
    // Six of thirty ratings of each user are held out.
    let even = world(100, 30, 5.0);
    let said = refused(&even, "[split]\nkind = \"temporal\"\n[offline]\nk = [5, 10]");
    assert_eq!(
        said,
        "K = 10 cannot be measured offline (published): no user of mine has 10 test ratings and 5 positive test ratings to \
         start from; there are 100 of 100 users at K = 5 | set offline.k = [5]; a larger split.test or a smaller \
         drr.history leaves more"
    );
    let said = refused(&even, "[split]\nkind = \"temporal\"\n[offline]\nk = [8, 10]\nprotocol = \"strict\"");
    assert!(
        said.starts_with("K = 8, 10 cannot be measured offline (strict): no user of mine has 8 test ratings"),
        "{said}"
    );
    assert!(said.ends_with("| the most test ratings of such a user are 6: set offline.k = [6] or less"), "{said}");
    let outlook = examined(&even, "[split]\nkind = \"temporal\"\n[offline]\nk = [5, 6]").expect("all can be measured");
    let offers = &outlook.offers;
    let at = |k, users, ordered| Eligible { k: Some(k), least: k, users, ordered };
    assert_eq!((offers.len(), offers[0].eligible.as_slice()), (1, [at(5, 100, 100), at(6, 100, 0)].as_slice()));
    let every = "every rating of mine is positive: among what a user rated every order has a precision of 1";
    assert_eq!((outlook.warnings.len(), outlook.warnings[0].as_str()), (2, every));
    assert!(outlook.warnings[1].starts_with("every policy scores the same at K = 6 (offline, published)"));
}

#[test]
fn a_history_that_nobody_has_is_refused_and_names_the_scale() {
    let liked = |stars: [f32; 2]| {
        data((0..9).flat_map(move |user| (0..20).map(move |item| (user, item, stars[(item % 2) as usize]))))
    };
    let said = refused(&liked([1.0, 4.0]), "[drr]\nhistory = 17\n[split]\nkind = \"temporal\"");
    assert!(said.starts_with("no user of mine has 17 positive train ratings (above 3 stars) to train a recommender on: the most is 8 | set drr.history to 8 or less"), "{said}");
    let clicks = refused(&liked([0.0, 1.0]), "");
    assert!(clicks.contains("| the ratings run from 0 to 1 and look like clicks or likes, 0 or 1"), "{clicks}");
    let shares = refused(&liked([0.2, 1.0]), "");
    assert!(
        shares.contains("a scale from 0 to 1, while above 3 stars is positive: set reward.scale = \"0..1\", or import"),
        "{shares}"
    );
    let low = refused(&liked([1.0, 3.0]), "");
    assert!(low.contains("| no rating at all is positive (above 3 stars): is 1..5 their scale?"), "{low}");
}

#[test]
fn few_users_are_counted_as_the_worker_counts_them_and_warned_about() {
    // Users 0 to 39 have from one to forty ratings, every third of them positive.
    let uneven =
        data((0..40).flat_map(|user| (0..=user).map(move |item| (user, item, [5.0, 2.0, 3.0][(item % 3) as usize]))));
    let text =
        "[split]\nkind = \"temporal\"\n[drr]\nhistory = 2\n[offline]\nk = [3, 6]\nprotocol = \"strict\"\n[online]\n";
    let Outlook { offers, warnings: said } = examined(&uneven, text).expect("there are some");
    // A user with n ratings has round(n / 5) test ratings, 3 from n = 13 on and 6 from 28 on, and then positives enough.
    assert_eq!(
        said[0],
        "few users of mine to evaluate on (offline, strict, history 2): 28 of 40 at K = 3, 13 of 40 at K = 6"
    );
    let online = offers.iter().find(|offer| offer.measure == "online").expect("asked for");
    assert_eq!(online.eligible[0].k, None);
}

#[test]
fn what_is_finished_is_not_looked_at_again() {
    let even = world(100, 2, 4.0);
    let text = "[split]\nkind = \"temporal\"";
    assert!(examined(&even, text).is_err());
    let source = Source::new("a.toml", &format!("dataset = \"mine\"\nseeds = 2\n{text}"));
    let mut datasets = Datasets::new(even.path());
    let file = parse(&source, Path::new("."), &Request::default(), &mut datasets).expect("whole");
    for trial in expand(&file, &mut datasets).expect("expands").trials {
        let folder = TrialDir::new(&even.path().join("runs"), trial.id);
        std::fs::create_dir_all(folder.path()).expect("made");
        std::fs::write(folder.result(), "{}").expect("written");
    }
    assert_eq!(examined(&even, text).expect("nothing is to run"), Outlook::default());
}

#[test]
fn another_scale_is_said_and_splits_by_seed_show_the_fewest() {
    let ten = data((0..60).flat_map(|user| (0..12).map(move |item| (user, item, ((user + item) % 9 + 2) as f32))));
    let text = "[split]\nseed = \"trial\"\n[drr]\nhistory = 1\n[offline]\nk = [4]";
    let outlook = examined(&ten, text).expect("somebody can be measured");
    let scale = "399 of 720 ratings of mine lie outside of 1..5, with rewards beyond -1 to 1: they run from 2 to 10 and look like a scale of equal steps";
    assert_eq!(outlook.warnings[0], scale);
    let said = examined(&ten, &format!("{text}\n[reward]\nscale = \"2..10\"")).expect("somebody can be measured");
    assert!(said.warnings.iter().all(|line| !line.contains("outside")), "{:?}", said.warnings);
    assert_eq!((outlook.offers.len(), outlook.offers[0].eligible.len()), (1, 1));
    let of = |seed: u64| {
        let table = Catalogue::new(ten.path()).open("mine", None).expect("opens");
        let split = SplitSpec { seed, ..SplitSpec::default() };
        Division::new(&table, &Split::by_rule(&table, &split), RewardRule::STARS).eligible(Protocol::Published, 1, 4)
    };
    assert_ne!(of(0), of(1), "the splits differ");
    assert_eq!(outlook.offers[0].eligible[0].users, of(0).min(of(1)));
}
