//! Errors by what the app does next. None of them carries personal data.

use gridfold_sync_core::notice;

use crate::error::{ClientError as Inner, WhatBecame};
use crate::ffi::locale::Locale;

/// Why a call did not do what it was asked to. What was typed before is safe in every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ClientError {
    /// The server cannot be reached or is busy: everything is kept here, try again later.
    #[error("the server cannot be reached; everything is kept on this phone")]
    Offline {
        /// When the server asked to be tried again, in seconds.
        retry_after_s: Option<u64>,
    },
    /// The device is not enrolled, or its sign-in has ended: ask for a new code.
    #[error("this device must be enrolled again")]
    SignInRequired,
    /// The rules do not allow it, or an argument is not what it should be.
    #[error("not allowed: {code}")]
    Rejected {
        /// The stable code.
        code: String,
        /// The field or argument, when one is the reason.
        field: Option<String>,
        /// The reason for people, in the language the client was opened with, and what became of
        /// what was typed.
        reason: String,
        /// The draft that what was typed is kept as: to be changed, mended and committed.
        draft_id: Option<String>,
    },
    /// The server or the store is newer than this library: update the app.
    #[error("this app is too old: update it")]
    UpdateRequired,
    /// The phone's storage is full: nothing was stored by this call.
    #[error("the phone's storage is full")]
    StorageFull,
    /// The store is there but the key does not open it.
    #[error("the key does not open the store")]
    WrongKey,
    /// The keystore is locked or busy: try again once the person has unlocked the phone.
    #[error("the keystore does not give its key now")]
    KeyUnavailable,
    /// The store is damaged; it is left as it is.
    #[error("the store is damaged: {part}")]
    DamagedStore {
        /// Which part.
        part: String,
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
    /// The client was shut down.
    #[error("the client was shut down")]
    Closed,
    /// The app cancelled it; nothing is lost.
    #[error("cancelled")]
    Cancelled,
    /// The device may no longer sync: ask the supervisor.
    #[error("this device may no longer sync")]
    Revoked,
    /// No such thing here.
    #[error("there is no such thing here")]
    NotFound,
    /// A defect or an unexpected answer; the reference helps to find it.
    #[error("something unexpected happened (reference {reference})")]
    Internal {
        /// Where it happened, without data.
        reference: String,
    },
}

impl ClientError {
    pub(crate) fn of(error: Inner, locale: Locale) -> Self {
        match error {
            Inner::Offline { retry_after } => Self::Offline {
                retry_after_s: retry_after,
            },
            Inner::SignInRequired => Self::SignInRequired,
            Inner::Rejected {
                code,
                field,
                became,
            } => Self::Rejected {
                reason: notice::text_of(&code, locale.into(), became.kept()).to_owned(),
                code,
                field,
                draft_id: match became {
                    WhatBecame::Draft(id) => Some(id.to_string()),
                    WhatBecame::Nothing | WhatBecame::Refused => None,
                },
            },
            Inner::UpdateRequired => Self::UpdateRequired,
            Inner::StorageFull => Self::StorageFull,
            Inner::KeyUnavailable => Self::KeyUnavailable,
            Inner::WrongKey => Self::WrongKey,
            Inner::DamagedStore { what } => Self::DamagedStore { part: what },
            Inner::NoStore => Self::NoStore,
            Inner::StoreExists => Self::StoreExists,
            Inner::InUse => Self::InUse,
            Inner::Closed => Self::Closed,
            Inner::Cancelled => Self::Cancelled,
            Inner::Revoked => Self::Revoked,
            Inner::NotFound => Self::NotFound,
            Inner::Internal { reference } => Self::Internal { reference },
        }
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for ClientError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // The text is the app's own and may hold anything.
        Self::Internal {
            reference: "app/exception".to_owned(),
        }
    }
}
