//! Models of factors: a vector for every user and item, whose product is the score.

use crate::error::Result;
use crate::ranking::Scores;
use crate::tensors::{TensorFile, Tensors};
use crate::world::World;

/// The vectors of users and items.
pub struct FactorModel {
    /// Length of a vector.
    pub k: usize,
    /// One user's after another's, `[users, k]`.
    pub users: Vec<f32>,
    /// One item's after another's, `[items, k]`.
    pub items: Vec<f32>,
}

impl FactorModel {
    /// A model of vectors in double precision.
    pub fn new(k: usize, users: &[f64], items: &[f64]) -> Self {
        let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Self { k, users: single(users), items: single(items) }
    }

    /// The model as the tensors `user.factors`, `[users, k]`, and `item.factors`, `[items, k]`.
    pub fn tensors(&self) -> Tensors {
        let matrix =
            |name: &str, values: &Vec<f32>| (name.to_owned(), vec![values.len() / self.k, self.k], values.clone());
        vec![matrix("user.factors", &self.users), matrix("item.factors", &self.items)]
    }

    /// The model of a file.
    ///
    /// # Errors
    /// A file without them, or of another dataset.
    pub fn read(file: &mut TensorFile, world: &World) -> Result<Self> {
        let (shape, users) = file.take("user.factors")?;
        let k = match shape[..] {
            [rows, k] if rows == world.users && k > 0 => k,
            _ => return Err(file.broken("its users are not those of its ratings")),
        };
        let items = file.expect("item.factors", world.items * k)?;
        Ok(Self { k, users, items })
    }
}

/// The product of the user's vector and the item's.
impl Scores for FactorModel {
    fn score(&self, user: u32, item: u32) -> f32 {
        let user = &self.users[user as usize * self.k..][..self.k];
        let item = &self.items[item as usize * self.k..][..self.k];
        user.iter().zip(item).map(|(p, q)| f64::from(*p) * f64::from(*q)).sum::<f64>() as f32
    }
}
