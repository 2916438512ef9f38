//! The Gridfold server: admits, logs, projects and serves.

pub mod config;
