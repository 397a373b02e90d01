//! Runs a plan: worker processes in slots, supervised.
