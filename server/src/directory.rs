//! The directory service: the directory folded in memory, its changes logged before they count.
//!
//! A change that the log lost is passed over by name. It may be the one that ended a right, so until it is healed, or the
//! operator goes on without it, the directory is in doubt: nobody is let in by it and nothing is decided on it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use gridfold_sync_core::directory::{Directory, DirectoryChange};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::keys::{RecordKeys, StoreError, open, seal};
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
    /// A change could not be made.
    #[error("change {0} of the directory could not be written down. Nothing was changed")]
    Unmade(u64),
}

/// A change that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackingChange {
    /// Its place in the directory's stream.
    pub seq: u64,
    /// Why, in words for the operator.
    pub reason: &'static str,
}

impl fmt::Display for LackingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {} of the directory: {}", self.seq, self.reason)
    }
}

/// What an item of the directory's stream holds.
enum Read {
    Change(Box<DirectoryChange>),
    /// Its key was destroyed, with the user that it was of.
    Erased,
    /// Neither of both.
    Unreadable(&'static str),
}

/// The directory of a running server.
pub struct DirectoryService {
    log: Arc<dyn Log>,
    keys: Arc<RecordKeys>,
    current: RwLock<Arc<Directory>>,
    lacking: RwLock<Vec<LackingChange>>,
    /// Changes that the operator goes on without.
    given_up: BTreeSet<u64>,
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
    StreamName::new(DIRECTORY_STREAM).map_err(|_| DirectoryError::Unmade(0))
}

/// Whose key seals a change: a user's own, so that it goes with the user; else the directory's.
fn key_owner(change: &DirectoryChange) -> Uuid {
    match change {
        DirectoryChange::User { user } => user.id.0,
        _ => Uuid::nil(),
    }
}

impl DirectoryService {
    /// Folds the logged changes. Those given up are not missed.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub fn open(
        log: Arc<dyn Log>,
        keys: Arc<RecordKeys>,
        given_up: BTreeSet<u64>,
    ) -> Result<Self, DirectoryError> {
        let service = Self {
            log,
            keys,
            current: RwLock::new(Arc::new(Directory::default())),
            lacking: RwLock::default(),
            given_up,
            writing: Mutex::new(()),
        };
        service.reload()?;
        Ok(service)
    }

    /// Folds all logged changes again. What cannot be read is passed over, and named.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub fn reload(&self) -> Result<(), DirectoryError> {
        let _writing = self.writing.lock();
        let mut directory = Directory::default();
        let mut lacking = Vec::new();
        self.walk(0, u64::MAX, |seq, read| match read {
            Read::Change(change) => directory.apply(*change),
            // Whatever it was, its place counts.
            Read::Erased => directory.revision += 1,
            Read::Unreadable(reason) => {
                directory.revision += 1;
                lacking.push(LackingChange { seq, reason });
            }
        })?;
        lacking.retain(|change| !self.given_up.contains(&change.seq));
        *self.lacking.write() = lacking;
        *self.current.write() = Arc::new(directory);
        Ok(())
    }

    /// Reads the logged changes after one up to another.
    fn walk(
        &self,
        after: u64,
        upto: u64,
        mut each: impl FnMut(u64, Read),
    ) -> Result<(), DirectoryError> {
        let stream = stream()?;
        let mut after = after;
        while after < upto {
            let items = match self.log.read(&stream, after, READ_ITEMS, READ_BYTES) {
                Err(LogError::Damaged { seq, .. }) if seq == after + 1 => {
                    each(seq, Read::Unreadable("damaged in the log"));
                    after = seq;
                    continue;
                }
                read => read?,
            };
            let Some(last) = items.last() else { break };
            after = last.seq;
            for item in items.iter().filter(|item| item.seq <= upto) {
                each(item.seq, self.decode(&item.bytes)?);
            }
        }
        Ok(())
    }

    /// The directory as it was after so many changes.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub(crate) fn as_of(&self, revision: u64) -> Result<Directory, DirectoryError> {
        let mut directory = Directory::default();
        self.walk(0, revision, |_, read| match read {
            Read::Change(change) => directory.apply(*change),
            Read::Erased | Read::Unreadable(_) => directory.revision += 1,
        })?;
        Ok(directory)
    }

    /// The changes from one to another, as far as they can be read.
    ///
    /// # Errors
    /// When log or key store cannot be read.
    pub(crate) fn changes(
        &self,
        first: u64,
        last: u64,
    ) -> Result<Vec<DirectoryChange>, DirectoryError> {
        let mut found = Vec::new();
        self.walk(first.saturating_sub(1), last, |_, read| {
            if let Read::Change(change) = read {
                found.push(*change);
            }
        })?;
        Ok(found)
    }

    fn decode(&self, bytes: &[u8]) -> Result<Read, DirectoryError> {
        let Some((owner, sealed)) = bytes.split_at_checked(16) else {
            return Ok(Read::Unreadable("it does not decode"));
        };
        let Ok(owner) = Uuid::from_slice(owner) else {
            return Ok(Read::Unreadable("it does not decode"));
        };
        let key = match self.keys.get(owner) {
            // Without it nothing of the directory is left to go on with.
            Err(error @ StoreError::Damaged(_)) if owner.is_nil() => return Err(error.into()),
            Err(StoreError::Damaged(_)) => return Ok(Read::Unreadable("its key is damaged")),
            key => key?,
        };
        let Some(key) = key else {
            if !self.keys.is_lost(owner)? {
                return Ok(Read::Erased);
            }
            if owner.is_nil() {
                let why =
                    "the directory's own key is gone from keys.db; restore keys.db from a backup";
                return Err(StoreError::Damaged(why).into());
            }
            return Ok(Read::Unreadable("its key is gone from keys.db"));
        };
        let json = open(&key, DIRECTORY_STREAM.as_bytes(), sealed).ok();
        let change = json.and_then(|json| serde_json::from_slice(&json).ok());
        Ok(change.map_or(
            Read::Unreadable("it does not open under its key"),
            |change| Read::Change(Box::new(change)),
        ))
    }

    /// The changes that are missed: as long as there are any, nobody can be told to hold still what they held.
    #[must_use]
    pub fn lacking(&self) -> Vec<LackingChange> {
        self.lacking.read().clone()
    }

    /// Whether changes are missed.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !self.lacking.read().is_empty()
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
        if changes.is_empty() {
            return Ok(self.current().revision);
        }
        self.change_along(changes, |batch| {
            for result in self.log.append(vec![batch])? {
                result?;
            }
            Ok::<_, DirectoryError>(())
        })?;
        Ok(self.current().revision)
    }

    /// The same in a commit of the log with something else: `append` is given the batch of the
    /// directory's stream, and the changes count once it succeeded.
    ///
    /// # Errors
    /// As `append`; then none of the changes happened.
    pub(crate) fn change_along<T, E: From<DirectoryError>>(
        &self,
        changes: Vec<DirectoryChange>,
        append: impl FnOnce(AppendBatch) -> Result<T, E>,
    ) -> Result<T, E> {
        let _writing = self.writing.lock();
        let changes: Vec<DirectoryChange> = changes.into_iter().flat_map(split).collect();
        let mut directory = (*self.current()).clone();
        let batch = self.batch(&changes, directory.revision)?;
        let done = append(batch)?;
        for change in changes {
            directory.apply(change);
        }
        *self.current.write() = Arc::new(directory);
        Ok(done)
    }

    /// The items of changes that follow a revision.
    fn batch(
        &self,
        changes: &[DirectoryChange],
        after: u64,
    ) -> Result<AppendBatch, DirectoryError> {
        let owners: Vec<Uuid> = changes.iter().map(key_owner).collect();
        let keys = self.keys.get_or_create_many(&owners)?;
        let mut items = Vec::with_capacity(changes.len());
        for (i, (change, key)) in changes.iter().zip(keys).enumerate() {
            let revision = after + i as u64 + 1;
            let damaged = || DirectoryError::Unmade(revision);
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
        Ok(AppendBatch {
            stream: stream()?,
            expect: Some(after),
            items,
        })
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
