//! What other programs computed from a small table of ratings: `goldens/make.py` writes it.

use drr_core::Seed;
use drr_core::data::{Rating, Ratings, Split};
use drr_core::spec::{RewardRule, Settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::kind::Trainer;
use crate::registry;
use crate::training::{Silent, Training};
use crate::world::World;

/// A golden's file.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/goldens/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a golden")).expect("its shape")
}

/// The ratings of all goldens, every one of them train.
pub fn world() -> World {
    #[derive(Deserialize)]
    struct GoldenRatings {
        users: usize,
        items: usize,
        rows: Vec<(u32, u32, f32)>,
    }
    let table: GoldenRatings = read("ratings");
    let names = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>();
    let rows = table.rows.iter().map(|&(user, item, stars)| Rating { user, item, stars, timestamp: 0 }).collect();
    let ratings = Ratings { users: names(table.users), items: names(table.items), rows };
    let train = (0..table.rows.len() as u32).collect();
    World::new(&ratings, &Split { train, test: Vec::new() }, RewardRule::STARS)
}

/// Whether numbers are those of a golden's rows, within 1e-6.
pub fn is_near(found: impl IntoIterator<Item = f64>, golden: &[Vec<f64>]) -> bool {
    let found: Vec<f64> = found.into_iter().collect();
    let golden: Vec<f64> = golden.iter().flatten().copied().collect();
    found.len() == golden.len() && found.iter().zip(&golden).all(|(one, other)| (one - other).abs() < 1e-6)
}

/// The scores of all users for all items.
pub fn scores<'a>(world: &'a World, of: &'a dyn Fn(u32, u32) -> f32) -> impl Iterator<Item = f64> + 'a {
    let pairs = (0..world.users as u32).flat_map(|user| (0..world.items as u32).map(move |item| (user, item)));
    pairs.map(|(user, item)| f64::from(of(user, item)))
}

#[test]
fn models_have_these_bits_on_every_machine() {
    let world = world();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for (name, bits) in [
        ("ease", "7df52a96f7a6c303"),
        ("pure-svd", "bb0a95c9e4cc9b79"),
        ("ials", "237697fd7a2445c0"),
        ("svdpp", "7c29d69674be9f7c"),
    ] {
        let kind = registry::model(name).expect("a kind");
        let defaults = kind.fields.iter().map(|field| (field.name.to_owned(), field.default_value())).collect();
        let settings = Settings::new(serde_json::Value::Object(defaults)).expect("an object");
        let Some(Trainer::Ratings(train)) = kind.model().map(|model| model.train) else { panic!("a trainer") };
        let training = Training { world: &world, settings: &settings, seed: Seed(0), model: &path };
        let trained = train(&training, &mut Silent).expect("trained");
        // Pinned: a change here changes every result ever recorded.
        assert_eq!(trained.model.to_string()[..16], *bits, "{name}");
    }
}
