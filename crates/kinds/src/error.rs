//! Why a trial ends without a result.

/// The end of a trial that has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The same spec fails the same way.
    #[error("{0}")]
    Deterministic(String),
    /// The surroundings failed: disk, memory, libtorch.
    #[error("{0}")]
    Environment(String),
    /// The device failed, and whatever this process asks of it from now on will.
    #[error("{0}")]
    Device(String),
    /// Somebody asked for a stop.
    #[error("stopped")]
    Stopped,
}

/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Environment(error.to_string())
    }
}
