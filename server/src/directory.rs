//! The directory service: the directory folded in memory, its changes logged before they count.

use std::fmt;
use std::sync::Arc;

use gridfold_sync_core::directory::{Directory, DirectoryChange};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::auth::{RecordKeys, StoreError, open, seal};
use crate::log::{AppendBatch, AppendError, Log, LogError, NewItem, StreamName};

/// Name of the directory's stream in the log.
pub const DIRECTORY_STREAM: &str = "dir";
const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 4 << 20;
/// Areas in one logged change, so that an item stays within what the log takes.
pub const AREAS_PER_CHANGE: usize = 400;

/// Why a change of the directory did not happen.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log refused the change.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The key store failed.
    #[error(transparent)]
    Keys(#[from] StoreError),
    /// A logged change does not decode.
    #[error(
        "change {0} of the directory cannot be read. Nothing else is touched: run `gridfold verify`"
    )]
    Damaged(u64),
}

/// The directory of a running server.
pub struct DirectoryService {
    log: Arc<dyn Log>,
    keys: Arc<RecordKeys>,
    current: RwLock<Arc<Directory>>,
    writing: Mutex<()>,
}

impl fmt::Debug for DirectoryService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryService")
            .field("revision", &self.current().revision)
            .finish_non_exhaustive()
    }
}

fn stream() -> Result<StreamName, DirectoryError> {
    StreamName::new(DIRECTORY_STREAM).map_err(|_| DirectoryError::Damaged(0))
}

/// Whose key seals a change: a user's own, so that it goes with the user; else the directory's.
fn key_owner(change: &DirectoryChange) -> Uuid {
    match change {
        DirectoryChange::User { user } => user.id.0,
        _ => Uuid::nil(),
    }
}

impl DirectoryService {
    /// Folds the logged changes.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub fn open(log: Arc<dyn Log>, keys: Arc<RecordKeys>) -> Result<Self, DirectoryError> {
        let service = Self {
            log,
            keys,
            current: RwLock::new(Arc::new(Directory::default())),
            writing: Mutex::new(()),
        };
        service.reload()?;
        Ok(service)
    }

    /// Folds all logged changes again.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub fn reload(&self) -> Result<(), DirectoryError> {
        let _writing = self.writing.lock();
        let mut directory = Directory::default();
        let stream = stream()?;
        let mut after = 0;
        loop {
            let items = self.log.read(&stream, after, READ_ITEMS, READ_BYTES)?;
            let Some(last) = items.last() else { break };
            after = last.seq;
            for item in &items {
                match self.decode(&item.bytes)? {
                    Some(change) => directory.apply(change),
                    // Its key was destroyed: an erased user. The revision still counts.
                    None => directory.revision += 1,
                }
            }
        }
        *self.current.write() = Arc::new(directory);
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<Option<DirectoryChange>, DirectoryError> {
        let at = self.current.read().revision;
        let (owner, sealed) = bytes
            .split_at_checked(16)
            .ok_or(DirectoryError::Damaged(at))?;
        let owner = Uuid::from_slice(owner).map_err(|_| DirectoryError::Damaged(at))?;
        let Some(key) = self.keys.get(owner)? else {
            return Ok(None);
        };
        let json = open(&key, DIRECTORY_STREAM.as_bytes(), sealed)
            .map_err(|_| DirectoryError::Damaged(at))?;
        serde_json::from_slice(&json)
            .map(Some)
            .map_err(|_| DirectoryError::Damaged(at))
    }

    /// The directory now.
    #[must_use]
    pub fn current(&self) -> Arc<Directory> {
        Arc::clone(&self.current.read())
    }

    /// Logs changes and folds them in; they are durable when this returns, with the new revision.
    ///
    /// # Errors
    /// When the log refuses; then none of the changes happened.
    pub fn change(&self, changes: Vec<DirectoryChange>) -> Result<u64, DirectoryError> {
        let _writing = self.writing.lock();
        let changes: Vec<DirectoryChange> = changes.into_iter().flat_map(split).collect();
        if changes.is_empty() {
            return Ok(self.current().revision);
        }
        let mut directory = (*self.current()).clone();
        let owners: Vec<Uuid> = changes.iter().map(key_owner).collect();
        let keys = self.keys.get_or_create_many(&owners)?;
        let mut items = Vec::with_capacity(changes.len());
        for (i, (change, key)) in changes.iter().zip(keys).enumerate() {
            let revision = directory.revision + i as u64 + 1;
            let damaged = || DirectoryError::Damaged(revision);
            let json = serde_json::to_vec(change).map_err(|_| damaged())?;
            let mut bytes = owners[i].as_bytes().to_vec();
            if let Some(key) = key {
                bytes
                    .extend(seal(&key, DIRECTORY_STREAM.as_bytes(), &json).map_err(|_| damaged())?);
            }
            let hash: [u8; 32] = Sha256::digest(&bytes).into();
            let mut keyed = Sha256::new();
            keyed.update(revision.to_be_bytes());
            keyed.update(hash);
            items.push(NewItem {
                key: keyed.finalize().into(),
                item_hash: hash,
                bytes,
            });
        }
        let batch = AppendBatch {
            stream: stream()?,
            expect: Some(directory.revision),
            items,
        };
        for result in self.log.append(vec![batch])? {
            result?;
        }
        for change in changes {
            directory.apply(change);
        }
        let revision = directory.revision;
        *self.current.write() = Arc::new(directory);
        Ok(revision)
    }
}

/// Splits a large change of areas, so that each part fits an item of the log.
fn split(change: DirectoryChange) -> Vec<DirectoryChange> {
    match change {
        DirectoryChange::Areas { areas } if areas.len() > AREAS_PER_CHANGE => areas
            .chunks(AREAS_PER_CHANGE)
            .map(|areas| DirectoryChange::Areas {
                areas: areas.to_vec(),
            })
            .collect(),
        change => vec![change],
    }
}
