//! Ratings: the canonical table and its fingerprint, the split into train and test, loaders of the usual layouts and
//! the synthetic generator.
//!
//! | module | job |
//! | --- | --- |
//! | [`table`] | the rating table, its canonical text, its fingerprint, rewards |
//! | [`split`] | train and test, seeded |
//! | [`load`] | MovieLens layouts and CSV with named columns into a table |
//! | [`catalogue`] | datasets in the data folder: where they lie, titles and genres |
//! | [`synthetic`] | a made-up world of any size |
//! | [`worlds`] | small worlds whose users change, and their optimal policies |

pub mod catalogue;
pub mod division;
pub mod load;
pub mod split;
pub mod synthetic;
pub mod table;
pub mod worlds;

pub use split::Split;
pub use table::{Rating, Ratings};
