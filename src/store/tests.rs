//! The store against real run folders.
