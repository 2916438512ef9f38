//! What the wire, admission and session tests share: a seeded generator, a small world of phones,
//! and the in-memory facts that serve as the reference.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by several test binaries, each of which uses a part"
)]

pub mod answers;
pub mod carry;
pub mod facts;
pub mod fuzz;
pub mod generate;
pub mod rng;
pub mod served;
pub mod world;

pub use facts::MemoryFacts;
pub use rng::Rng;
pub use served::MemoryServed;
pub use world::{GRID, OTHER_GRID, Phone, World, set, stream, text};
