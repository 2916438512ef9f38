//! Why nothing was written.

use std::sync::Arc;

use crate::directory::DirectoryError;
use crate::keys::StoreError;
use crate::log::{AppendError, LogError};
use crate::trouble::Trouble;
use crate::views::{ViewsBehind, ViewsError};

/// Why nothing was written. What the phone holds stays with the phone, to be sent again.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The log failed or refused.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log refused one batch.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The views failed.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// The key store failed.
    #[error(transparent)]
    Keys(#[from] StoreError),
    /// What was to be noted in the directory along with it could not be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The views are behind the log and cannot catch up now; nothing is decided on what they lack.
    #[error(transparent)]
    Behind(#[from] ViewsBehind),
    /// Another request of the same batch failed; this one was not tried.
    #[error("the batch this was part of was not written: send it again")]
    Batch(Arc<WriteError>),
    /// More is waiting than the writer may hold.
    #[error("the server has more waiting than it can take: try again shortly")]
    Busy,
    /// This device took more of the writer's time than is its share.
    #[error(
        "this device took more of the server's time than its share. Nothing is lost: what was taken in is safe, the rest is sent again in {seconds} seconds"
    )]
    TooMuch {
        /// Seconds after which it may have more.
        seconds: u64,
    },
    /// The writer has stopped.
    #[error("the server is stopping: try again shortly")]
    Stopped,
}

impl WriteError {
    /// Whether the disk is too full for writes.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Log(LogError::DiskFull { .. }) | Self::Behind(ViewsBehind(Trouble::Full)) => true,
            Self::Keys(error) | Self::Directory(DirectoryError::Keys(error)) => {
                error.trouble() == Trouble::Full
            }
            Self::Directory(DirectoryError::Log(LogError::DiskFull { .. })) => true,
            Self::Views(ViewsError::Keys(error)) => error.trouble() == Trouble::Full,
            Self::Views(error) => error.trouble() == Some(Trouble::Full),
            Self::Batch(inner) => inner.is_disk_full(),
            _ => false,
        }
    }
}
