//! Carry bundles: edits that leave the phone another way than by its own sync.

use std::sync::Arc;

use gridfold_sync_core::ids::CarryId;
use parking_lot::Mutex;

use crate::ffi::client::Client;
use crate::ffi::convert::{self, malformed, op_out};
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;
use crate::ffi::types::Operation;
use crate::types as inner;

/// Whom a carry bundle is sealed to.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum CarryTo {
    /// The server: whoever carries it cannot read it.
    Server,
    /// A colleague, who reads it and takes it to the server.
    Colleague {
        /// Who.
        user_id: String,
    },
    /// All colleagues who read everything of this grid that waits.
    Grid {
        /// The grid.
        grid: String,
    },
}

/// A bundle to hand over: as a file, or as the frames of `carry_frames`.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CarryBundle {
    /// Its id, which the receipt names.
    pub id: String,
    /// Its bytes.
    pub data: Vec<u8>,
    /// Entries in it.
    pub entries: u64,
    /// Entries that had no room: export again once the receipt for this one is here.
    pub left: u64,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum CarryImport {
    /// A bundle for the server; the next sync takes it there.
    Relay {
        /// The bundle.
        id: String,
    },
    /// A colleague's entries, shown beside the records; the next sync takes them to the server.
    Entries {
        /// The bundle.
        id: String,
        /// The author's name, when known.
        author_name: Option<String>,
        /// How many of them this user may read.
        entries: u64,
    },
    /// The receipt for a bundle of this phone.
    Receipt {
        /// The bundle.
        id: String,
        /// Entries known to be at the server that were not known to be before.
        entries: u64,
    },
    /// A receipt for somebody else, kept to be handed on.
    ReceiptForOther {
        /// The bundle.
        id: String,
    },
}

/// An entry that a colleague handed over, until it arrives through the server.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct CarriedEdit {
    /// The bundle it came in.
    pub bundle_id: String,
    /// The record, when it can be told here.
    pub record_id: Option<String>,
    /// Who made it, when known.
    pub user_name: Option<String>,
    /// The device's clock when it was made, in milliseconds since 1970 (UTC).
    pub captured_at_ms: i64,
    /// What it did.
    pub operations: Vec<Operation>,
}

/// A receipt to hand back to the phone whose entries were carried.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CarriedReceipt {
    /// The bundle.
    pub id: String,
    /// Whom it is for, when known.
    pub user_name: Option<String>,
    /// Its bytes, for the other phone's `carry_import`.
    pub data: Vec<u8>,
}

#[uniffi::export]
impl Client {
    /// Seals what the server is not known to have.
    ///
    /// # Errors
    /// `Rejected` with `carry_nothing` or `carry_nobody`, `SignInRequired`.
    pub async fn carry_export(&self, to: CarryTo) -> Result<CarryBundle, ClientError> {
        self.run(move |store| {
            let to = match to {
                CarryTo::Server => inner::CarryTo::Server,
                CarryTo::Colleague { user_id } => {
                    inner::CarryTo::Colleague(convert::user_id(&user_id)?)
                }
                CarryTo::Grid { grid } => inner::CarryTo::Grid(convert::area(&grid)?),
            };
            let bundle = store.carry_export(&to)?;
            Ok(CarryBundle {
                id: bundle.id.to_string(),
                data: bundle.bytes,
                entries: bundle.entries,
                left: bundle.left,
            })
        })
        .await
    }

    /// Takes a bundle or a receipt; durable when this returns. The same again changes nothing.
    ///
    /// # Errors
    /// `Rejected` with a `carry_…` code, `SignInRequired`.
    pub async fn carry_import(&self, data: Vec<u8>) -> Result<CarryImport, ClientError> {
        self.run(move |store| {
            Ok(match store.carry_import(&data)? {
                inner::CarryImport::Relay { id } => CarryImport::Relay { id: id.to_string() },
                inner::CarryImport::Entries {
                    id,
                    author_name,
                    entries,
                    ..
                } => CarryImport::Entries {
                    id: id.to_string(),
                    author_name,
                    entries,
                },
                inner::CarryImport::Receipt { id, entries } => CarryImport::Receipt {
                    id: id.to_string(),
                    entries,
                },
                inner::CarryImport::ReceiptForOther { id } => {
                    CarryImport::ReceiptForOther { id: id.to_string() }
                }
            })
        })
        .await
    }

    /// Entries that colleagues handed over and that did not arrive through the server yet.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn carried(&self) -> Result<Vec<CarriedEdit>, ClientError> {
        self.run(|store| {
            Ok(store
                .carried()
                .into_iter()
                .map(|c| CarriedEdit {
                    bundle_id: c.bundle.to_string(),
                    record_id: c.record.map(|r| r.to_string()),
                    user_name: c.user_name,
                    captured_at_ms: c.claimed.millis(),
                    operations: c.ops.iter().map(op_out).collect(),
                })
                .collect())
        })
        .await
    }

    /// Receipts to hand back.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn carry_receipts(&self) -> Result<Vec<CarriedReceipt>, ClientError> {
        self.run(|store| {
            Ok(store
                .carry_receipts()
                .into_iter()
                .map(|r| CarriedReceipt {
                    id: r.id.to_string(),
                    user_name: r.user_name,
                    data: r.bytes,
                })
                .collect())
        })
        .await
    }

    /// Lets a carried bundle or receipt go.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn carry_drop(&self, id: String) -> Result<(), ClientError> {
        self.run(move |store| {
            let id = CarryId::parse(&id).map_err(|_| malformed("id"))?;
            store.carry_drop(id)
        })
        .await
    }
}

/// A bundle or receipt as texts for a looping sequence of QR codes, each of at most `max_chars`
/// characters (600 is easy to scan; what is less than 128 or more than 4,296 is taken as that), all of
/// the alphanumeric mode.
///
/// # Errors
/// `Rejected` when it does not fit.
#[uniffi::export]
pub fn carry_frames(data: Vec<u8>, max_chars: u32) -> Result<Vec<String>, ClientError> {
    crate::frames::carry_frames(&data, max_chars).map_err(|e| ClientError::of(e, Locale::Zh))
}

/// How far the scanning of frames is.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct CarryScan {
    /// Whether the frame belonged to what is being scanned and told something.
    pub taken: bool,
    /// Frames' worth known.
    pub have: u32,
    /// Frames' worth needed; 0 before the first frame.
    pub of: u32,
    /// The bundle, for `carry_import`, once it is complete.
    pub data: Option<Vec<u8>>,
}

/// Puts scanned frames together, in any order and with repetitions.
#[derive(uniffi::Object)]
pub struct CarryReader {
    reader: Mutex<crate::CarryReader>,
}

impl std::fmt::Debug for CarryReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarryReader").finish_non_exhaustive()
    }
}

#[uniffi::export]
impl CarryReader {
    /// A reader that has seen nothing yet.
    #[uniffi::constructor]
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            reader: Mutex::new(crate::CarryReader::new()),
        })
    }

    /// Takes one scanned text; anything else than a frame is passed over.
    pub fn scan(&self, frame: String) -> CarryScan {
        let mut reader = self.reader.lock();
        let taken = reader.receive(&frame);
        let progress = reader.progress();
        CarryScan {
            taken,
            have: progress.have,
            of: progress.of,
            data: reader.bytes().map(<[u8]>::to_vec),
        }
    }
}
