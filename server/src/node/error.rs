//! Why a node did not open.

use std::path::{Path, PathBuf};

use crate::admit::WriteError;
use crate::data_dir::LockError;
use crate::directory::DirectoryError;
use crate::keys::StoreError;
use crate::log::LogError;
use crate::views::ViewsError;
use crate::witness::WitnessError;

/// Why a node did not open.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Something is in the way.
    #[error(
        "{0} is not empty: choose an empty directory, or use the data that is there without `init`"
    )]
    NotEmpty(PathBuf),
    /// Nothing is there.
    #[error("{0} holds no Gridfold data: run `gridfold --data {0} init` first")]
    NotInitialised(PathBuf),
    /// The command that makes it was cut off.
    #[error(
        "`gridfold {command}` of {dir} was cut off before it was done, so nothing in it counts yet: run it again"
    )]
    Unfinished {
        /// The directory.
        dir: PathBuf,
        /// What was cut off.
        command: String,
    },
    /// Another process has it.
    #[error(
        "another gridfold process uses {0}. Nothing was changed: stop that server first, or use its API"
    )]
    Locked(PathBuf),
    /// The file system failed.
    #[error("{path}: {source}. Nothing was lost: check the directory's owner and free space")]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The master key is missing or wrong.
    #[error(transparent)]
    MasterKey(#[from] crate::keys::MasterKeyError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log is not the one that was acknowledged.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The views failed.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// The directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The first account could not be made.
    #[error(transparent)]
    Account(#[from] crate::auth::AccountError),
    /// A built-in form is wrong: a defect of this build.
    #[error(transparent)]
    Form(#[from] gridfold_sync_core::schema::FormError),
    /// A write failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The audit failed.
    #[error(transparent)]
    Audit(#[from] crate::auth::AuditError),
    /// No random bytes.
    #[error("the system gave no random bytes: nothing was changed, try again")]
    Randomness,
}

impl From<LockError> for NodeError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Locked(dir) => Self::Locked(dir),
            LockError::Io { path, source } => Self::Io { path, source },
        }
    }
}

pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> NodeError + '_ {
    |source| NodeError::Io {
        path: path.to_owned(),
        source,
    }
}
