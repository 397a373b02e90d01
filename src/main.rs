//! The program `drr-lab`.

fn main() {}
