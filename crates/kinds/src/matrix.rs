//! The train part as a sparse user × item matrix X; what was not rated is zero.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::world::World;

/// What a train rating counts in X.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatrixValues {
    /// 1, whatever it says.
    Ones,
    /// 1 where it is positive, nothing otherwise.
    Positive,
    /// What it says; of a logarithmic scale its reward
    /// and 2.
    Stars,
}

impl MatrixValues {
    /// All of them, in the order in which they are listed for people.
    pub const ALL: [Self; 3] = [Self::Ones, Self::Positive, Self::Stars];
}

/// A sparse matrix, row after row.
pub struct RatingMatrix {
    /// Rows: users.
    pub users: usize,
    /// Columns: items.
    pub items: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl RatingMatrix {
    /// X of a dataset's train part.
    ///
    /// # Errors
    /// A train part without a rating that counts.
    pub fn new(world: &World, values: MatrixValues) -> Result<Self> {
        let mut matrix =
            Self { users: world.users, items: world.items, starts: vec![0], columns: Vec::new(), values: Vec::new() };
        for user in 0..world.users as u32 {
            let (items, rewards) = world.train.of(user);
            for (&item, &reward) in items.iter().zip(rewards) {
                let value = match values {
                    MatrixValues::Ones => 1.0,
                    MatrixValues::Positive => f64::from(u8::from(world.is_positive(reward))),
                    MatrixValues::Stars => world.rating(reward),
                };
                if value != 0.0 {
                    matrix.columns.push(item);
                    matrix.values.push(value);
                }
            }
            matrix.starts.push(matrix.columns.len());
        }
        if matrix.columns.is_empty() {
            let what = if values == MatrixValues::Positive { "positive rating" } else { "rating" };
            return Err(Error::Deterministic(format!("the train part holds no {what}: lower split.test")));
        }
        Ok(matrix)
    }

    /// A row: the columns that hold something, ascending, and what they hold.
    pub fn row(&self, user: usize) -> (&[u32], &[f64]) {
        let range = self.starts[user]..self.starts[user + 1];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&[u32], &[f64])> {
        (0..self.users).map(|user| self.row(user))
    }

    /// Xᵀ.
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0; self.items + 1];
        self.columns.iter().for_each(|item| starts[*item as usize + 1] += 1);
        (0..self.items).for_each(|item| starts[item + 1] += starts[item]);
        let mut next = starts.clone();
        let (mut columns, mut values) = (vec![0; self.columns.len()], vec![0.0; self.columns.len()]);
        for (user, (items, own)) in self.rows().enumerate() {
            for (&item, &value) in items.iter().zip(own) {
                let at = &mut next[item as usize];
                (columns[*at], values[*at]) = (user as u32, value);
                *at += 1;
            }
        }
        Self { users: self.items, items: self.users, starts, columns, values }
    }

    /// Σ x².
    pub fn squares(&self) -> f64 {
        self.values.iter().map(|value| value * value).sum()
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
