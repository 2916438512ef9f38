//! .

pub mod powercut;
