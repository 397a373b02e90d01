//! From configurations to trials in stages, and what of them exists.
