//! The boundary to Kotlin, Swift and Python: plain types in and out, every call asynchronous.
//!
//! What enters: strings, numbers and typed edits from another language. What leaves: plain records,
//! typed errors, events. Blocking work runs on a pool of threads, never on the caller's; calls of
//! the app's own code (HTTP) are polled by the caller's executor. No rule lives here.

mod author;
#[cfg(not(target_family = "wasm"))]
mod auto;
#[cfg(not(target_family = "wasm"))]
mod auto_run;
mod auto_settings;
mod bridge;
mod carry;
mod catalogue;
mod client;
mod convert;
mod directory;
mod drafts;
mod due;
mod error;
mod events;
mod forms;
#[cfg(not(target_family = "wasm"))]
mod gate;
mod locale;
mod pool;
mod push;
mod records;
mod records_out;
mod resident;
mod sync;
mod sync_hub;
mod traits;
mod types;
mod watch;
mod work;

pub use auto_settings::AutoSyncSettings;
pub use carry::{
    CarriedEdit, CarriedReceipt, CarryBundle, CarryImport, CarryReader, CarryScan, CarryTo,
    carry_frames,
};
pub use catalogue::MatterKind;
pub use client::{Client, OpenConfig};
pub use drafts::{Draft, DraftReason, Misfit};
pub use due::{DueOrder, DuePage, DueQuery, DueTask};
pub use error::ClientError;
pub use events::ClientEvent;
pub use forms::{Choice, FieldInfo, FieldKind, FormInfo, StatusInfo};
pub use locale::{Locale, locale_from_tag};
pub use push::{PushState, PushSubscription};
pub use records::*;
pub use resident::ResidentReceipt;
pub use sync::SyncSettings;
pub use sync_hub::SyncState;
pub use traits::{
    EventListener, HttpHeader, HttpReply, HttpRequest, KeyStore, KeyStoreError, ListenerError,
    Transport, TransportError,
};
pub use types::*;
pub use watch::{Subscription, Watch, WatchTarget};
pub use work::{Comment, NextTransition, RecordEdit, StandingStep, UndoneEdit};
