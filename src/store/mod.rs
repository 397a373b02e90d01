//! The only SQL: an index over the run folders, rebuilt from them at any time.
