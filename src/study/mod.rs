//! Which trials belong together, for all who show or judge numbers: trials of one data set, measure and protocol make a
//! study; in it, trials that differ in the seed alone make a group. Numbers of two studies never share a table.
//!
//! | file | job |
//! | --- | --- |
//! | `studies` | which trials may share a table |
//! | `division` | how their ratings are divided, in words |
//! | `group` | which trials differ in the seed alone |
//! | `axis` | values on a sweep's axes, typed and in order |
//! | `key` | what a group is known by outside of its sweep |
//! | `users` | on how many users a number stands, and which are too few |
//! | `name` | how people call a group |

pub(crate) mod axis;
mod division;
pub(crate) mod group;
pub(crate) mod key;
mod name;
pub(crate) mod studies;
pub(crate) mod users;

pub use name::GroupName;
