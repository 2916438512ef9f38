//! The phone library in a browser's worker: files in the origin private file system, HTTP by
//! `fetch`, and one call by its name with bytes in and out.
//!
//! What enters: calls of the worker (`entry.rs`), as `ts/worker.ts` makes them. What leaves: answers
//! and events, told to the worker. There is one thread; a panic ends the instance, and the worker
//! starts another. Nothing here knows a rule.
#![cfg(target_family = "wasm")]

mod auto;
mod browser;
mod bytes;
#[rustfmt::skip]
mod dispatch;
pub mod entry;
mod host;
mod http;
mod instance;
mod opfs;
mod tasks;
mod watches;
