//! The Gridfold server: admits, logs, projects and serves.
//!
//! The walk of a push: a route decodes it, [`admit`] decides on it and appends to the [`log`],
//! [`project`] folds what was appended into [`views`], [`notify`] wakes whoever follows. A write
//! request ends at the log; views are never written from a route.

pub mod admit;
pub mod auth;
pub mod backup;
pub mod carry;
pub mod catalogue;
pub mod cli;
pub mod client_address;
pub mod clock;
pub mod config;
mod control;
pub mod directory;
mod erasure_ledger;
mod erasure_news;
pub mod export;
pub mod heal;
pub mod import;
pub mod log;
mod making;
pub mod metrics;
pub mod middleware;
pub mod node;
pub mod notify;
pub mod openapi;
mod paced;
pub mod people;
pub mod problem;
pub mod project;
pub mod router;
pub mod routes;
mod scopes;
mod seen;
pub mod serve;
pub mod sync;
pub mod trouble;
pub mod verify;
pub mod views;
pub mod witness;
