//! What the benchmarks share, and one module for each.

pub(crate) mod boundary;
pub(crate) mod city;
pub(crate) mod cost;
pub(crate) mod dashboard;
pub(crate) mod device;
pub(crate) mod directory;
pub(crate) mod grid;
pub(crate) mod log;
pub(crate) mod phone;
pub(crate) mod reports;
pub(crate) mod rival;
pub(crate) mod served;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod swarm;
pub(crate) mod text;
pub(crate) mod town;
pub(crate) mod visit;
pub(crate) mod wire;
