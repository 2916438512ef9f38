//! What the benchmarks share, and one module for each.

pub mod device;
pub mod grid;
pub mod phone;
pub mod rival;
pub mod server;
pub mod site;
pub mod swarm;
pub mod text;
pub mod visit;
pub mod wire;
