//! The failures of every part, as problems. Each is logged once, here.

use gridfold_sync_core::carry::CarryError;
use gridfold_sync_core::ids::NameError;

use super::explain;
use crate::admit::WriteError;
use crate::auth::{
    AccountError, AuditError, EnrolmentError, LOGIN_MAX_CHARS, PasswordError, RefreshError,
    SignInError,
};
use crate::carry::CarryFailure;
use crate::directory::DirectoryError;
use crate::import::ImportError;
use crate::keys::StoreError;
use crate::log::{AppendError, LogError};
use crate::node::ConfirmError;
use crate::problem::{Code, Problem};
use crate::sync::SyncError;
use crate::trouble::Trouble;
use crate::views::ViewsError;
use crate::words::said;

/// What a store's trouble is answered with. The reason is logged here, once.
fn trouble(of: Trouble, reason: &dyn std::fmt::Display) -> Problem {
    let code = match of {
        Trouble::Other => return Problem::internal(reason),
        Trouble::Busy => Code::Unavailable,
        Trouble::Full => Code::DiskFull,
        Trouble::Io => Code::StorageFailed,
        Trouble::Damaged => Code::StorageDamaged,
    };
    tracing::error!(reason = %reason, trouble = %of, "a store failed");
    Problem::new(code)
}

fn store(error: &StoreError) -> Problem {
    trouble(error.trouble(), error)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        store(&error)
    }
}

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        Self::internal(&error)
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::DiskFull { .. } => {
                tracing::error!(reason = %error, "disk full");
                Self::new(Code::DiskFull)
            }
            LogError::Stopped { .. } => {
                tracing::error!(reason = %error, "the log has stopped");
                Self::new(Code::Unavailable)
            }
            other => Self::internal(&other),
        }
    }
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } => Self::new(Code::Conflict),
            AppendError::TooLarge { .. } => Self::new(Code::TooLarge),
            other @ AppendError::IndexDamaged { .. } => Self::internal(&other),
        }
    }
}

impl From<ViewsError> for Problem {
    fn from(error: ViewsError) -> Self {
        match error {
            ViewsError::BadCursor => Self::bad_request(error.to_string()),
            ViewsError::Log(inner) => inner.into(),
            ViewsError::Keys(inner) => inner.into(),
            other => match other.trouble() {
                // The writer makes them again by itself.
                Some(Trouble::Damaged) | None => {
                    tracing::error!(reason = %other, "the views could not be read");
                    Self::new(Code::ViewsBehind)
                }
                Some(of) => trouble(of, &other),
            },
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        if error.is_disk_full() {
            tracing::error!(reason = %error, "disk full");
            return Self::new(Code::DiskFull);
        }
        match error {
            WriteError::TooMuch { seconds } => Self::new(Code::RateLimited).after(seconds),
            WriteError::Busy | WriteError::Stopped => Self::new(Code::Unavailable),
            WriteError::Behind(_) => Self::new(Code::ViewsBehind),
            WriteError::Batch(inner) => shared(&inner),
            WriteError::Log(inner) => inner.into(),
            WriteError::Append(inner) => inner.into(),
            WriteError::Views(inner) => inner.into(),
            WriteError::Keys(inner) => inner.into(),
            WriteError::Directory(inner) => inner.into(),
        }
    }
}

/// The failure of a whole batch, as each request of it is answered; the writer has logged it.
fn shared(error: &WriteError) -> Problem {
    match error {
        WriteError::Behind(_) => Problem::new(Code::ViewsBehind),
        WriteError::Keys(error) | WriteError::Views(ViewsError::Keys(error)) => store(error),
        WriteError::Batch(inner) => shared(inner),
        _ => Problem::new(Code::Unavailable),
    }
}

impl From<DirectoryError> for Problem {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Log(inner) => inner.into(),
            DirectoryError::Append(inner) => inner.into(),
            DirectoryError::Keys(inner) => inner.into(),
            other @ DirectoryError::Unmade(_) => Self::internal(&other),
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::Store(inner) => inner.into(),
            ConfirmError::Directory(inner) => inner.into(),
        }
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Node { .. } => Self::internal(&error),
            ImportError::Table(error) => Self::bad_request_in(explain::table(&error)),
            ImportError::TimeZone(zone) => {
                Self::bad_request_in(said!("import_time_zone", zone = zone))
            }
            ImportError::Json(what) => {
                Self::bad_request_in(said!("import_not_a_catalogue", what = what))
            }
            ImportError::Catalogue(error) => {
                let what = crate::acts::catalogue::explain(&error);
                Self::bad_request_in(said!("import_catalogue", what = what))
            }
            ImportError::Calendar(error) => {
                let what = crate::acts::calendar::explain(&error);
                Self::bad_request_in(said!("import_calendar", what = what))
            }
        }
    }
}

impl From<SyncError> for Problem {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Malformed(_) => {
                Self::bad_request("the body is not a sync request of a version this server reads")
            }
            SyncError::UnknownDevice => {
                Self::new(Code::Forbidden).because("only enrolled devices sync")
            }
            SyncError::InDoubt => Self::new(Code::DirectoryDamaged),
            SyncError::Write(inner) => inner.into(),
            SyncError::Log(inner) => inner.into(),
            SyncError::Keys(inner) => inner.into(),
            SyncError::Directory(inner) => inner.into(),
        }
    }
}

impl From<CarryFailure> for Problem {
    fn from(error: CarryFailure) -> Self {
        match error {
            CarryFailure::Bundle(error) => Self::new(match error {
                CarryError::UnknownVersion => Code::CarryUnknownVersion,
                CarryError::NotForUs => Code::CarryNotForUs,
                CarryError::AuthorUnknown => Code::CarryAuthorUnknown,
                CarryError::AuthorRevoked => Code::CarryAuthorRevoked,
                CarryError::BadSignature => Code::CarryBadSignature,
                CarryError::TooLarge => Code::TooLarge,
                CarryError::Damaged
                | CarryError::BadReceipt
                | CarryError::Nothing
                | CarryError::Nobody
                | CarryError::Full => Code::CarryDamaged,
            }),
            CarryFailure::InDoubt => Self::new(Code::DirectoryDamaged),
            CarryFailure::Write(inner) => inner.into(),
            CarryFailure::Store(inner) => inner.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Invalid => Self::new(Code::SignInFailed),
            SignInError::Delayed { retry_after_s } => {
                Self::new(Code::SignInDelayed).after(retry_after_s)
            }
            SignInError::Busy => Self::new(Code::Unavailable),
            SignInError::Store(inner) => inner.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid | RefreshError::Expired | RefreshError::BadProof => {
                Self::new(Code::Unauthorized)
            }
            RefreshError::Reused(event) | RefreshError::WrongDevice(event) => {
                tracing::warn!(device.id = %event.device_id, user.id = %event.user_id, "a copied refresh token ended its sessions");
                Self::new(Code::Unauthorized)
            }
            RefreshError::DeviceRevoked | RefreshError::UserBlocked => {
                Self::new(Code::DeviceRevoked)
            }
            // The order itself is the route's to sign.
            RefreshError::Wipe(_) => Self::new(Code::DeviceWiped),
            RefreshError::Store(inner) => inner.into(),
        }
    }
}

impl From<EnrolmentError> for Problem {
    fn from(error: EnrolmentError) -> Self {
        match error {
            EnrolmentError::Invalid
            | EnrolmentError::Expired
            | EnrolmentError::AlreadyUsed
            | EnrolmentError::TooManyTries
            | EnrolmentError::BadProof => Self::new(Code::BadCode),
            EnrolmentError::TooManyDevices { limit } => {
                Self::new(Code::DeviceLimit).because_in(said!("device_limit_is", most = limit))
            }
            EnrolmentError::AnothersPhone => Self::new(Code::AnothersPhone),
            EnrolmentError::UserBlocked => Self::new(Code::DeviceRevoked),
            // The order itself is the route's to sign.
            EnrolmentError::Wipe(_) => Self::new(Code::DeviceWiped),
            EnrolmentError::Store(inner) => inner.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::new(Code::Unavailable),
            PasswordError::Randomness(inner) => Self::internal(&inner),
            other => Self::new(Code::WeakPassword).because_in(explain::password(&other)),
        }
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::BadLogin => {
                Self::bad_request_in(said!("login_bad", most = LOGIN_MAX_CHARS))
            }
            AccountError::Taken => Self::new(Code::LoginTaken).because_in(said!("login_in_use")),
            AccountError::NoAccount => Self::not_found(),
            AccountError::Password(inner) => inner.into(),
            AccountError::Store(inner) => inner.into(),
        }
    }
}
