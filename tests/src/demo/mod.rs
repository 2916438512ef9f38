//! The demo: a town hall, its workers and their phones, played through simulated days over real
//! HTTP on this machine. `cargo run --release --bin demo` runs it; `docs/ARCHITECTURE.md` says
//! which part of the house each step shows.

pub mod check;
pub mod clock;
pub mod content;
pub mod intruder;
pub mod phone;
pub mod report;
pub mod story;
pub mod town;
