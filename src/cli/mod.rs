//! One file a verb: parses arguments, wires the floors below, decides nothing.
