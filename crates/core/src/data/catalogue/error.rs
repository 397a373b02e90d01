//! What can be wrong with the data folder.

use std::io;
use std::path::{Path, PathBuf};

use super::FETCHABLE;
use crate::data::load::LoadError;
use crate::digest::Digest;

/// A dataset that cannot be had from the data folder, or not put there.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The name cannot be a dataset's.
    #[error("`{name}` cannot be the name of a dataset (letters, digits, `-`, `_`, `.`; not `synthetic`)")]
    Name {
        /// The name.
        name: String,
    },
    /// There is no dataset of that name.
    #[error("no dataset `{name}` in {}: get it by {}", data.display(), way_to(name))]
    Missing {
        /// The name.
        name: String,
        /// The data folder.
        data: PathBuf,
    },
    /// The table is another than was expected.
    #[error("the ratings of `{name}` have the fingerprint {found}, expected {expected}")]
    Changed {
        /// The dataset.
        name: String,
        /// The fingerprint that was asked for.
        expected: Digest,
        /// The fingerprint of what lies there.
        found: Digest,
    },
    /// `dataset.json` cannot be understood.
    #[error("cannot use {}: {why}", file.display())]
    Description {
        /// The file.
        file: PathBuf,
        /// Why not.
        why: String,
    },
    /// The table or the list of items cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The folder cannot be read or written.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The command that brings a dataset into the data folder.
fn way_to(name: &str) -> String {
    if FETCHABLE.contains(&name) {
        format!("`drr-lab data fetch {name}`")
    } else {
        format!("`drr-lab data import {name} FILE`")
    }
}

impl CatalogueError {
    pub(super) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { verb, path: path.to_owned(), source }
    }
}
