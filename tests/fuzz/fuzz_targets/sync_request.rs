//! Any bytes as the body of a sync request, decoded and admitted against the reference facts, and
//! as a carry bundle, its body or its receipt.
#![no_main]

#[path = "../../../sync-core/tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // Uncompressed: the fuzzer finds the format, not zstd's.
    let body = [&[1, 0], data].concat();
    common::fuzz::run(&body);
    common::fuzz::carry(data);
});
