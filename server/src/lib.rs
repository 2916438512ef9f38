//! The Gridfold server: admits, logs, projects and serves.
//!
//! The walk of a push: a route decodes it, the [`writer`] has [`admit`] decide on it and append
//! [`items`] to the [`log`], and [`project`] write what was appended into [`views`]; [`notify`]
//! wakes whoever follows. A write request ends at the log; views are never written from a route.

// A function past a hundred lines is two functions; those that are not say why.
#![warn(clippy::too_many_lines)]

mod acts;
pub mod admit;
pub mod auth;
pub mod backup;
pub mod carry;
pub mod cli;
pub mod client_address;
pub mod clock;
pub mod config;
mod control;
mod data_dir;
pub mod desk;
pub mod directory;
mod erasure_ledger;
pub mod export;
mod fold;
pub mod heal;
pub mod import;
pub mod items;
mod kept_backups;
pub mod keys;
mod known_people;
pub mod log;
pub mod metrics;
pub mod middleware;
pub mod node;
pub mod notify;
mod paced;
pub mod problem;
pub mod project;
pub mod push;
mod put_back;
mod redirect;
mod redrawing;
pub mod router;
pub mod routes;
mod scopes;
mod seen;
pub mod serve;
pub mod sync;
pub mod tls;
pub mod trouble;
mod unread;
pub mod verify;
pub mod views;
pub mod witness;
pub mod words;
pub mod writer;
