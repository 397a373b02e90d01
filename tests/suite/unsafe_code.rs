//! Memory is reached without a check in a few files alone, each with its proof beside it, and their number only shrinks.

use std::collections::BTreeMap;

use crate::common::sources::rust_files;
use crate::imports;

/// How often `unsafe` may stand in a file, and what for.
const PERMITTED: &[(&str, usize, &str)] = &[
    ("crates/train/src/kernels/lanes.rs", 20, "vector instructions, loads and stores of whole and of partial vectors"),
    ("crates/train/src/kernels/product.rs", 4, "a product's innermost loops, behind one check of all their places"),
    ("crates/train/src/kernels/simd.rs", 2, "calls of what is compiled for the processor's vectors"),
    ("crates/train/src/kernels/lines.rs", 2, "numbers in whole cache lines, as one slice"),
    ("crates/train/src/threads/crew.rs", 1, "what helpers call, which outlives no call"),
    ("crates/cuda/src/bin/drr-lab-bench.rs", 2, "a call of what is compiled for the processor's vectors"),
    ("crates/system/src/child.rs", 2, "what a child does between fork and exec; its end together with what it used"),
    ("crates/system/src/library.rs", 3, "libraries loaded at run time, and calls of their functions"),
    ("crates/system/src/nvml.rs", 1, "a text of NVML's"),
];

/// A third of what there was while libtorch computed everything.
const MOST: usize = 37;

/// Calls of functions of NVIDIA's libraries: their `unsafe` stands in a macro, their types with each of them.
const FOREIGN_CALLS: usize = 17;

#[test]
fn unsafe_code_stands_where_it_is_listed() {
    let (mut found, mut calls): (BTreeMap<String, usize>, usize) = (BTreeMap::new(), 0);
    for (name, text) in rust_files(&["src", "crates"]) {
        calls += text.matches("call!(").count();
        let count = imports::words(&name, &text).iter().filter(|word| *word == "unsafe").count();
        if count > 0 {
            found.insert(name, count);
        }
    }
    let all: usize = found.values().sum();
    println!("`unsafe` {all} times in {} files, and {calls} calls of foreign functions by a macro", found.len());
    let permitted: BTreeMap<String, usize> =
        PERMITTED.iter().map(|(file, count, _)| ((*file).to_owned(), *count)).collect();
    assert_eq!(found, permitted, "write it without; or say in tests/suite/unsafe_code.rs what for");
    assert_eq!(calls, FOREIGN_CALLS, "see that their types are those of the library's documentation");
    assert!(all <= MOST, "`unsafe` stands {all} times");
}
