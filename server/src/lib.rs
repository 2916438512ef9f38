//! The Gridfold server: admits, logs, projects and serves.

pub mod auth;
pub mod config;
