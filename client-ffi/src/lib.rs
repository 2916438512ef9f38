//! The phone library: a sealed offline store, the sync loop and queries over
//! [`gridfold_sync_core`].
//!
//! What enters: edits of a person, and a transport that the app brings. What leaves: records,
//! conflicts, refusals, change events. An edit is durable before its call returns, with or without
//! signal; a sync that breaks at any byte is made again. Clock, randomness, HTTP and sleeping are
//! arguments, so that the simulated world runs this very code.

// A function past a hundred lines is two functions; those that are not say why.
#![warn(clippy::too_many_lines)]

mod cancel;
mod client;
mod disk;
mod draft_id;
mod error;
mod event;
pub mod ffi;
mod frames;
mod key_store;
mod platform;
mod shell;
mod types;

pub use cancel::CancelToken;
pub use client::Client;
#[cfg(not(target_family = "wasm"))]
pub use disk::Folder;
pub use disk::{Disk, DiskFile, POOL_SLOTS, Pool, Slots};
pub use error::{ClientError, WhatBecame};
pub use event::{ChangeCause, ChangeEvent, MAX_EVENT_RECORDS, Subscription};
pub use frames::{CarryProgress, CarryReader, MAX_FRAME_CHARS, MIN_FRAME_CHARS, carry_frames};
pub use gridfold_sync_core as core;
pub use key_store::{KeyStore, KeyStoreError, StoreKey};
pub use platform::Platform;
#[cfg(not(target_family = "wasm"))]
pub use platform::SystemPlatform;
pub use shell::auto_sync::{AutoSyncEvent, AutoSyncPlan, AutoSyncPolicy, SyncEnd};
#[cfg(not(target_family = "wasm"))]
pub use shell::auto_sync_runner::{AutoSync, AutoSyncObserver};
pub use shell::transport::{
    Answer, AsyncTransport, HttpRequest, HttpResponse, Transport, TransportError,
    TransportErrorKind,
};
#[cfg(feature = "transport-ureq")]
pub use shell::transport_ureq::UreqTransport;
pub use types::*;

uniffi::setup_scaffolding!();
