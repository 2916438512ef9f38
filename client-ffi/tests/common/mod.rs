//! What tests of the phone library share: phones with a clock and randomness that repeat, and a
//! server in memory that decides and answers by the core's own rules, with faults to order.

#![allow(dead_code, reason = "each test file uses another part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]
#![allow(
    unreachable_pub,
    unused_imports,
    reason = "a module that several test files share"
)]

mod account;
#[path = "../../../sync-core/tests/common/facts.rs"]
mod facts;
mod http;
mod phone;
mod platform;
#[path = "../../../sync-core/tests/common/served.rs"]
mod served;
mod server;
mod town;
mod world;

pub use http::{answer, page, problem, wiped_by};
pub use phone::{KEY, Phone, assert_alike, code, key, options, set, set_text, splice};
pub use platform::TestPlatform;
pub use server::{FakeServer, Fault};
pub use town::grid;
pub use world::World;
