//! Any text as an expression of a form, parsed and reckoned over a small one.
#![no_main]

#[path = "../../../sync-core/tests/common/mod.rs"]
mod common;

libfuzzer_sys::fuzz_target!(|text: &str| common::answers::run(text));
