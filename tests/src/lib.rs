//! .

pub mod powercut;
pub mod world;
