//! Similarities of items, and the model they make.

use drr_core::data::{Ratings, Split};
use drr_core::journal::Point;
use drr_core::spec::RewardRule;

use super::ItemKnnSpec;
use super::ranking::Neighbours;
use crate::error::{Error, Result};
use crate::ranking::Scores;
use crate::tensors;
use crate::training::{Metrics, Reporter, Trained, Training};
use crate::world::World;

/// Finds each item's neighbours in the train part; records the error on the test part.
///
/// # Errors
/// Settings that are none, a train part without a rating, whatever the reporter says, or a model that cannot be written.
pub(super) fn train(training: &Training<'_>, reporter: &mut dyn Reporter) -> Result<Trained> {
    let settings = training.settings.section();
    let settings = settings.map_err(|error| Error::Deterministic(format!("the settings of item-knn: {error}")))?;
    let model = neighbours(training.world, &settings, &mut |done, total| reporter.progress(done, total))?;
    let (rmse, mae) = errors(training.world, &model);
    let metrics = Metrics::from([
        ("test_rmse_stars".to_owned(), training.world.unit * rmse),
        ("test_mae_stars".to_owned(), training.world.unit * mae),
        ("mean_rmse_stars".to_owned(), training.world.unit * training.world.mean_error()),
        ("neighbours/mean".to_owned(), model.similarities.len() as f64 / training.world.items as f64),
    ]);
    reporter.points(0, metrics.iter().map(|(name, value)| Point::new(name.clone(), 1, *value)).collect())?;
    let model = tensors::write(training.model, &model.tensors())?;
    Ok(Trained { metrics, model })
}

/// What item neighbours at their default settings predict who know all ratings that a division has, train and test.
///
/// # Errors
/// A division without a rating.
pub fn predictions(ratings: &Ratings, parts: &Split, rule: RewardRule) -> Result<Box<dyn Scores>> {
    let mut train: Vec<u32> = parts.train.iter().chain(&parts.test).copied().collect();
    train.sort_unstable();
    let all = World::new(ratings, &Split { train, test: Vec::new() }, rule);
    Ok(Box::new(neighbours(&all, &ItemKnnSpec::default(), &mut |_, _| Ok(()))?))
}

/// The neighbours of every item: by cosine of the ratings less the items' means over common raters, shrunk by how many
/// these are; only alike items count, the first of equals by number.
pub(super) fn neighbours(
    world: &World,
    spec: &ItemKnnSpec,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Neighbours> {
    let mut by_item: Vec<Vec<(u32, f64)>> = vec![Vec::new(); world.items];
    let (mut sum, mut count) = (0.0_f64, 0.0_f64);
    for (user, item, reward) in world.train.ratings() {
        by_item[item as usize].push((user, f64::from(reward)));
        sum += f64::from(reward);
        count += 1.0;
    }
    if count == 0.0 {
        return Err(Error::Deterministic("the train part holds no rating: lower split.test".to_owned()));
    }
    let mean = sum / count;
    let of_item = |ratings: &Vec<(u32, f64)>| {
        let weight = ratings.len() as f64 + spec.mean_shrinkage;
        let sum = ratings.iter().map(|(_, reward)| reward).sum::<f64>();
        if weight > 0.0 { (sum + spec.mean_shrinkage * mean) / weight } else { mean }
    };
    let means: Vec<f64> = by_item.iter().map(of_item).collect();
    let mut model = Neighbours::new(world, means.iter().map(|mean| *mean as f32).collect());
    // Of the item at hand with each other one: products, squares of both over common raters, and how many they are.
    let mut common = vec![[0.0_f64; 4]; world.items];
    let mut met: Vec<u32> = Vec::new();
    for (item, ratings) in by_item.iter().enumerate() {
        for &(user, reward) in ratings {
            let own = reward - means[item];
            let (others, rewards) = world.train.of(user);
            for (&other, &reward) in others.iter().zip(rewards) {
                let theirs = f64::from(reward) - means[other as usize];
                let sums = &mut common[other as usize];
                if sums[3] == 0.0 {
                    met.push(other);
                }
                for (sum, add) in sums.iter_mut().zip([own * theirs, own * own, theirs * theirs, 1.0]) {
                    *sum += add;
                }
            }
        }
        let similarity = |other: &u32| {
            let [product, own, theirs, count] = common[*other as usize];
            let length = (own * theirs).sqrt();
            let cosine = if length > 0.0 { product / length } else { 0.0 };
            (*other, (cosine * count / (count + spec.shrinkage)) as f32)
        };
        let mut alike: Vec<(u32, f32)> =
            met.iter().filter(|other| **other as usize != item).map(similarity).filter(|(_, it)| *it > 0.0).collect();
        alike.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        alike.truncate(spec.neighbours as usize);
        model.push(&alike);
        met.drain(..).for_each(|other| common[other as usize] = [0.0; 4]);
        if item % 256 == 0 {
            progress(item as u64, world.items as u64)?;
        }
    }
    Ok(model)
}

/// Root mean squared and mean absolute error of the test part on the reward scale; nothing where it is empty.
fn errors(world: &World, model: &Neighbours) -> (f64, f64) {
    let (mut squares, mut absolutes, mut count) = (0.0, 0.0, 0.0_f64);
    for (user, item, reward) in world.test.ratings() {
        let error = f64::from(world.clip(model.score(user, item)) - reward);
        squares += error * error;
        absolutes += error.abs();
        count += 1.0;
    }
    ((squares / count).sqrt(), absolutes / count)
}
