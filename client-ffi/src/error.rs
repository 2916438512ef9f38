//! Errors by what the app does next. None of them carries personal data.

use gridfold_sync_core::notice;

use crate::draft_id::DraftId;

/// What became of an edit that this phone did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhatBecame {
    /// It is nowhere: nothing was changed.
    #[default]
    Nothing,
    /// It is this draft.
    Draft(DraftId),
    /// It waits among the refused edits, as before.
    Refused,
}

impl WhatBecame {
    /// As the texts ask.
    #[must_use]
    pub fn kept(self) -> notice::Kept {
        match self {
            Self::Nothing => notice::Kept::Nothing,
            Self::Draft(_) => notice::Kept::Draft,
            Self::Refused => notice::Kept::Refused,
        }
    }
}

/// Why a call did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server cannot be reached or is busy: what was typed is safe here, try again later.
    #[error("the server cannot be reached; everything is kept on this phone")]
    Offline {
        /// When the server asked to be tried again, in seconds.
        retry_after: Option<u64>,
    },
    /// The device is not enrolled, or its sign-in has ended.
    #[error("this device must be enrolled again")]
    SignInRequired,
    /// The rules do not allow it; the code has a text in [`gridfold_sync_core::notice`].
    #[error("not allowed: {code}")]
    Rejected {
        /// The stable code.
        code: String,
        /// The field, when one field is the reason.
        field: Option<String>,
        /// What became of what was to be written.
        became: WhatBecame,
    },
    /// The server speaks a newer protocol.
    #[error("this app is too old for the server: update it")]
    UpdateRequired,
    /// The phone's storage is full: nothing was stored by this call.
    #[error("the phone's storage is full")]
    StorageFull,
    /// The store is there but the key does not open it.
    #[error("the key does not open the store")]
    WrongKey,
    /// The store is damaged; it is left as it is.
    #[error("the store is damaged: {what}")]
    DamagedStore {
        /// Which part.
        what: String,
    },
    /// There is no store in the directory.
    #[error("there is no store here")]
    NoStore,
    /// There is a store in the directory already.
    #[error("there is a store here already")]
    StoreExists,
    /// Another process or client has the store open.
    #[error("the store is open elsewhere")]
    InUse,
    /// The key store does not give the key now, for example before the phone is unlocked: try again.
    #[error("the phone's key store does not give the key now")]
    KeyUnavailable,
    /// The device may no longer sync. Its store stays, unless the server told it to erase itself.
    #[error("this device may no longer sync; ask your supervisor")]
    Revoked,
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
    /// The caller cancelled it; nothing is lost.
    #[error("cancelled")]
    Cancelled,
    /// No such thing here.
    #[error("there is no such record here")]
    NotFound,
    /// A defect or an unexpected answer; the reference helps to find it.
    #[error("something unexpected happened (reference {reference})")]
    Internal {
        /// Where it happened, without data.
        reference: String,
    },
}

impl ClientError {
    pub(crate) fn internal(reference: &str) -> Self {
        Self::Internal {
            reference: reference.to_owned(),
        }
    }
    pub(crate) fn damaged(what: &str) -> Self {
        Self::DamagedStore {
            what: what.to_owned(),
        }
    }
    pub(crate) fn rejected(code: &str) -> Self {
        Self::rejected_at(code, None)
    }
    pub(crate) fn rejected_at(code: &str, field: Option<String>) -> Self {
        Self::Rejected {
            code: code.to_owned(),
            field,
            became: WhatBecame::Nothing,
        }
    }
    /// The same, when this became of what was to be written.
    pub(crate) fn but(self, became: WhatBecame) -> Self {
        match self {
            Self::Rejected { code, field, .. } => Self::Rejected {
                code,
                field,
                became,
            },
            other => other,
        }
    }
    /// The stable name of what happened: the rule's code, or the kind of error.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Rejected { code, .. } => code,
            Self::Internal { reference } => reference,
            Self::Offline { .. } => "offline",
            Self::SignInRequired => "sign_in_required",
            Self::UpdateRequired => "update_required",
            Self::StorageFull => "storage_full",
            Self::WrongKey => "wrong_key",
            Self::DamagedStore { .. } => "damaged_store",
            Self::NoStore => "no_store",
            Self::StoreExists => "store_exists",
            Self::InUse => "in_use",
            Self::KeyUnavailable => "key_unavailable",
            Self::Revoked => "revoked",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::NotFound => "not_found",
        }
    }
    /// Whether trying the same again later may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Offline { .. } | Self::KeyUnavailable)
    }
}

impl From<std::io::Error> for ClientError {
    fn from(e: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match e.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::StorageFull
            }
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Self::damaged("store"),
            kind => Self::Internal {
                reference: format!("io/{kind:?}"),
            },
        }
    }
}

impl From<redb::StorageError> for ClientError {
    fn from(e: redb::StorageError) -> Self {
        match e {
            redb::StorageError::Io(e) => e.into(),
            redb::StorageError::Corrupted(_) | redb::StorageError::LockPoisoned(_) => {
                Self::damaged("store")
            }
            redb::StorageError::PreviousIo => Self::internal("store/previous_io"),
            redb::StorageError::DatabaseClosed => Self::NoStore,
            _ => Self::internal("store/storage"),
        }
    }
}

impl From<redb::TableError> for ClientError {
    fn from(e: redb::TableError) -> Self {
        match e {
            redb::TableError::Storage(e) => e.into(),
            _ => Self::damaged("store tables"),
        }
    }
}

impl From<redb::TransactionError> for ClientError {
    fn from(e: redb::TransactionError) -> Self {
        match e {
            redb::TransactionError::Storage(e) => e.into(),
            _ => Self::internal("store/transaction"),
        }
    }
}

impl From<redb::CommitError> for ClientError {
    fn from(e: redb::CommitError) -> Self {
        match e {
            redb::CommitError::Storage(e) => e.into(),
            _ => Self::internal("store/commit"),
        }
    }
}

impl From<redb::DatabaseError> for ClientError {
    fn from(e: redb::DatabaseError) -> Self {
        match e {
            redb::DatabaseError::DatabaseAlreadyOpen
            | redb::DatabaseError::LockProtocolMismatch => Self::InUse,
            redb::DatabaseError::Storage(e) => e.into(),
            _ => Self::damaged("store"),
        }
    }
}

impl From<gridfold_sync_core::codec::DecodeError> for ClientError {
    fn from(_: gridfold_sync_core::codec::DecodeError) -> Self {
        Self::damaged("a stored value")
    }
}
