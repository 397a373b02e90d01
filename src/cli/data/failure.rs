//! Why ratings did not come, and whether another place may have them.

use crate::error::Error;

/// Why an origin did not give a dataset.
#[derive(Debug)]
pub(super) enum Failure {
    /// It cannot be reached; another may be.
    Network(Error),
    /// It gave something wrong, or there is no place for it: to be told, not passed over.
    Fatal(Error),
}
