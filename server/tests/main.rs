//! The server through its own seams: HTTP, commands, files. One program for all files beside this one: what they stand on is
//! compiled and linked once. `cargo test --test server FILE::` runs one file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and what cannot be set up fails it"
)]

/// The server's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod agreement;
mod api_support;
mod api_walk;
mod auth_accounts;
mod auth_audit;
mod auth_enrolment;
mod auth_keys;
mod auth_refresh;
mod auth_support;
mod auth_tokens;
mod backup_damage;
mod calendar;
mod carry;
mod catalogue;
mod city;
mod city_changes;
mod classes;
mod cli_commands;
mod cli_forms;
mod clock_guard;
mod config;
mod connections;
mod damage;
mod dashboard_lists;
mod dashboard_records;
mod dashboard_session;
mod dashboard_words;
mod directory_damage;
mod duplicates;
mod erasures;
mod exports;
mod full_disk;
mod holds;
mod household;
mod import_files;
mod imports_undone;
mod load;
mod log_witness;
mod matter_steps;
mod merged;
mod moved;
mod neighbours;
mod node_walk;
mod office_forms;
mod own_forms;
mod people;
mod people_by_id;
mod phone_keys;
mod plans;
mod push;
mod receipts;
mod redraw;
mod reports;
mod retired;
mod role_table;
mod terminal;
mod tls;
mod town_support;
mod views_follow;
mod writes;
