//! Gridfold's simulated world, end-to-end stories, benchmarks and the demo.

pub mod demo;
pub mod powercut;
