//! The model in memory and on disk, and what it predicts.

use crate::error::{Error, Result};
use crate::ranking::{RankingInput, Scores, StaticRanking};
use crate::tensors::{TensorFile, Tensors};
use crate::world::{Log, World};

/// The neighbours of every item, one item after another.
pub(super) struct Neighbours {
    train: Log,
    means: Vec<f32>,
    /// Where each item's neighbours begin; one more at the end.
    starts: Vec<usize>,
    items: Vec<u32>,
    pub similarities: Vec<f32>,
}

impl Neighbours {
    /// No neighbours yet; `means` are the items' mean rewards.
    pub fn new(world: &World, means: Vec<f32>) -> Self {
        Self { train: world.train.clone(), means, starts: vec![0], items: Vec::new(), similarities: Vec::new() }
    }

    /// Adds the neighbours of the next item.
    pub fn push(&mut self, alike: &[(u32, f32)]) {
        self.items.extend(alike.iter().map(|(item, _)| item));
        self.similarities.extend(alike.iter().map(|(_, similarity)| similarity));
        self.starts.push(self.items.len());
    }

    /// The model as named tensors. Numbers of items are exact in single precision up to 2^24.
    pub fn tensors(&self) -> Tensors {
        let floats =
            |numbers: &mut dyn Iterator<Item = usize>| numbers.map(|number| number as f32).collect::<Vec<f32>>();
        let counts = floats(&mut self.starts.windows(2).map(|pair| pair[1] - pair[0]));
        let items = floats(&mut self.items.iter().map(|item| *item as usize));
        let vector = |name: &str, values: Vec<f32>| (name.to_owned(), vec![values.len()], values);
        vec![
            vector("item.mean", self.means.clone()),
            vector("item.neighbours", counts),
            vector("neighbour.item", items),
            vector("neighbour.similarity", self.similarities.clone()),
        ]
    }
}

/// The predicted reward: the item's mean, and what the user rated among its neighbours, weighted by similarity.
impl Scores for Neighbours {
    fn score(&self, user: u32, item: u32) -> f32 {
        let own = self.starts[item as usize]..self.starts[item as usize + 1];
        let (mut sum, mut weight) = (0.0_f32, 0.0_f32);
        for (&other, &similarity) in self.items[own.clone()].iter().zip(&self.similarities[own]) {
            if let Some(reward) = self.train.reward(user, other) {
                sum += similarity * (reward - self.means[other as usize]);
                weight += similarity;
            }
        }
        self.means[item as usize] + if weight > 0.0 { sum / weight } else { 0.0 }
    }
}

/// The policy of a stored model.
///
/// # Errors
/// A model that is not there, damaged, or of another dataset.
pub(super) fn ranking(input: &RankingInput<'_>) -> Result<StaticRanking> {
    let path = input.model.ok_or_else(|| Error::Deterministic("item-knn stands on a model".to_owned()))?;
    let mut file = TensorFile::read(path)?;
    let items = input.world.items;
    let means = file.expect("item.mean", items)?;
    let counts = file.expect("item.neighbours", items)?;
    let (_, neighbours) = file.take("neighbour.item")?;
    let similarities = file.expect("neighbour.similarity", neighbours.len())?;
    let mut model = Neighbours::new(input.world, means);
    let mut all = neighbours.iter().map(|item| *item as u32).zip(similarities);
    for count in counts {
        let own: Vec<(u32, f32)> = all.by_ref().take(count as usize).collect();
        if own.len() != count as usize || own.iter().any(|(item, _)| *item as usize >= items) {
            return Err(file.broken("its neighbours are not those of its items"));
        }
        model.push(&own);
    }
    Ok(StaticRanking::By(Box::new(model)))
}
