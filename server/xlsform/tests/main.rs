//! Forms that people already have, through what the crate offers. `cargo test --test xlsform FILE::` runs one file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and what cannot be set up fails it"
)]

mod any;
mod sheets;
mod walks;
