//! Backup: one file with everything a server needs, read through the log's own interface and never
//! from its live files. Restore makes a new data directory of it, under a new log epoch, so that
//! phones notice and bring back what came after the backup.
//!
//! What enters: a running node, or a backup. What leaves: a whole backup under its name, or a whole data directory. What never happens here: half of either under the name of the whole.

mod envelope;
mod restore;
mod tables;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::{AUTH_DB_FILE_NAME, Password, PasswordError, check_password};
use crate::config::CONFIG_FILE_NAME;
use crate::data_dir::sync_dir;
use crate::kept_backups::{Kept, parent, partial, sweep};
use crate::keys::{KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME, StoreError};
use crate::log::{AppendError, Head, Item, LogError, StreamName};
use crate::node::{Node, NodeError};

use envelope::{EnvelopeError, Writing};
use tables::Piece;

pub(crate) use restore::make;
pub use restore::{Contents, look, read_items, restore, restore_sealed};

const END: u8 = 0;
const ITEM: u8 = 1;
const FILE: u8 = 2;
const SCHEMA: u8 = 3;
const ROWS: u8 = 4;
const LOST: u8 = 5;
const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;

/// Items of a stream that a log had lost when a backup was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostItems {
    /// The stream's name.
    pub stream: String,
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl std::fmt::Display for LostItems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: item {}", self.stream, self.first)?;
        if self.last > self.first {
            write!(f, " to {}", self.last)?;
        }
        Ok(())
    }
}

/// What a backup holds of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackedUp {
    /// Its items.
    pub items: u64,
    /// What is not in it because it is damaged in the log.
    pub lost: Vec<LostItems>,
}

impl BackedUp {
    fn lose(&mut self, stream: &StreamName, first: u64, last: u64) {
        self.lost.push(LostItems {
            stream: stream.to_string(),
            first,
            last,
        });
    }
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file system failed.
    #[error("{path}: {source}")]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log refused an item.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A store failed.
    #[error("a store could not be copied: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A store could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory could not be used.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Not a backup, cut short, or changed.
    #[error(
        "{0} is not a whole backup: it is cut short or was changed. Nothing was restored; use another copy"
    )]
    Damaged(PathBuf),
    /// Something is in the way.
    #[error("{0} is not empty: restore into an empty directory, so that nothing is overwritten")]
    NotEmpty(PathBuf),
    /// There is a file of that name.
    #[error("{0} exists already: choose another name, nothing is overwritten")]
    Exists(PathBuf),
    /// The passphrase is not good enough, or cannot be worked with.
    #[error("the passphrase: {0}")]
    Passphrase(#[from] PasswordError),
    /// It is sealed.
    #[error("{0} is sealed: give the passphrase it was made with (--passphrase-file)")]
    NoPassphrase(PathBuf),
    /// It is sealed with another.
    #[error("{0} does not open: this is not the passphrase it was made with, or it was changed")]
    WrongPassphrase(PathBuf),
}

impl BackupError {
    fn of_envelope(error: EnvelopeError, file: &Path) -> Self {
        match error {
            EnvelopeError::NoPassphrase => Self::NoPassphrase(file.to_owned()),
            EnvelopeError::WrongPassphrase => Self::WrongPassphrase(file.to_owned()),
            EnvelopeError::Passphrase(error) => error.into(),
            EnvelopeError::Io(error) => match error.kind() {
                std::io::ErrorKind::InvalidData | std::io::ErrorKind::UnexpectedEof => {
                    Self::Damaged(file.to_owned())
                }
                _ => io(file)(error),
            },
        }
    }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> BackupError + '_ {
    |source| BackupError::Io {
        path: path.to_owned(),
        source,
    }
}

/// The parts on their way out, and the digest that ends them.
struct Sink {
    out: BufWriter<Writing>,
    hash: Sha256,
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
    fn chunk(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.put(&(bytes.len() as u64).to_be_bytes())?;
        self.put(bytes)
    }
    fn named(&mut self, kind: u8, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.put(&[kind])?;
        self.chunk(name.as_bytes())?;
        self.chunk(bytes)
    }
    fn item(&mut self, stream: &StreamName, item: &Item) -> std::io::Result<()> {
        self.put(&[ITEM])?;
        self.chunk(stream.as_bytes())?;
        self.put(&item.key)?;
        self.put(&item.item_hash)?;
        self.chunk(&item.bytes)
    }
    /// The places of lost items, up to this end.
    fn lost(&mut self, stream: &StreamName, end: Head) -> std::io::Result<()> {
        self.put(&[LOST])?;
        self.chunk(stream.as_bytes())?;
        self.put(&end.seq.to_be_bytes())?;
        self.put(&end.prefix)
    }
    fn piece(&mut self, name: &str, piece: &Piece) -> std::io::Result<()> {
        match piece {
            Piece::Schema(schema) => self.named(SCHEMA, name, &schema.encode()),
            Piece::Rows(rows) => self.named(ROWS, name, &rows.encode()),
        }
    }
    fn finish(mut self) -> std::io::Result<File> {
        self.put(&[END])?;
        let digest = self.hash.finalize();
        self.out.write_all(&digest)?;
        let writing = self.out.into_inner().map_err(|e| e.into_error())?;
        writing.finish()
    }
}

impl Node {
    /// Writes a backup to a file that must not exist yet; it is whole and durable on return.
    /// The server may go on working. The file holds the keys: guard it as you guard the server.
    /// Of a log with damage it has all that is whole, and the places of what is not.
    ///
    /// # Errors
    /// [`BackupError`]; then no file of that name is left.
    pub fn backup(
        &self,
        file: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp, BackupError> {
        self.backup_sealed(file, None, progress)
    }

    /// As [`Node::backup`], sealed with a passphrase when one is given: without it nobody reads the file.
    ///
    /// # Errors
    /// As [`Node::backup`].
    pub fn backup_sealed(
        &self,
        file: &Path,
        passphrase: Option<&Password>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp, BackupError> {
        if let Some(passphrase) = passphrase {
            check_password(passphrase, "")?;
        }
        let _one_at_a_time = self.backing_up.lock();
        let file = &std::path::absolute(file).map_err(io(file))?;
        if file.exists() {
            return Err(BackupError::Exists(file.clone()));
        }
        // Noted before the first byte: what a kill leaves is found again by this.
        sweep(&self.dir).map_err(io(&self.dir))?;
        let mut kept = Kept::read(&self.dir);
        kept.begin(file);
        kept.write(&self.dir).map_err(io(&self.dir))?;
        let partial = partial(file);
        let done = self
            .write_backup(&partial, passphrase, progress)
            .and_then(|done| {
                place(&partial, file)?;
                Ok(done)
            });
        match &done {
            Ok(_) => kept.done(file),
            Err(_) => {
                let _ = std::fs::remove_file(&partial);
                if !partial.exists() {
                    kept.forget(file);
                }
            }
        }
        let noted = kept.write(&self.dir).map_err(io(&self.dir));
        // What was erased meanwhile may still be in it.
        self.note_erasures();
        let done = done?;
        noted?;
        for lost in &done.lost {
            tracing::error!(%lost, "is damaged and not in the backup");
        }
        Ok(done)
    }

    fn write_backup(
        &self,
        file: &Path,
        passphrase: Option<&Password>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BackedUp, BackupError> {
        let io = io(file);
        let _ = std::fs::remove_file(file);
        crate::keys::create_private(file).map_err(&io)?;
        let out = File::options().write(true).open(file).map_err(&io)?;
        let writing = Writing::begin(out, passphrase)
            .map_err(|error| BackupError::of_envelope(error, file))?;
        let mut sink = Sink {
            out: BufWriter::new(writing),
            hash: Sha256::new(),
        };
        let config = self.dir.join(CONFIG_FILE_NAME);
        match std::fs::read(&config) {
            Ok(text) => sink.named(FILE, CONFIG_FILE_NAME, &text).map_err(&io)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(self::io(&config)(error)),
        }
        let mut done = BackedUp::default();
        // Items first, keys after them: every payload in the file has its key in the file.
        for (name, head) in self.log.streams()? {
            self.write_stream(&mut sink, &name, head, &mut done, progress)
                .map_err(|error| match error {
                    PartError::Io(source) => io(source),
                    PartError::Log(error) => error.into(),
                })?;
        }
        // Read at once and written later: as long as somebody reads it, what an erasure destroys stays in its write-ahead log.
        let mut keys = Vec::new();
        tables::read(&self.dir.join(KEYS_DB_FILE_NAME), |piece| {
            keys.push(piece);
            Ok::<_, BackupError>(())
        })?;
        for piece in &keys {
            sink.piece(KEYS_DB_FILE_NAME, piece).map_err(&io)?;
        }
        tables::read(&self.dir.join(AUTH_DB_FILE_NAME), |piece| {
            if tables::LEFT_OUT.iter().any(|name| piece.is_of(name)) {
                return Ok(());
            }
            sink.piece(AUTH_DB_FILE_NAME, &piece).map_err(&io)
        })?;
        let master = std::fs::read(self.dir.join(MASTER_KEY_FILE_NAME))
            .map(zeroize::Zeroizing::new)
            .map_err(&io)?;
        sink.named(FILE, MASTER_KEY_FILE_NAME, &master)
            .map_err(&io)?;
        sink.finish().and_then(|out| out.sync_all()).map_err(&io)?;
        Ok(done)
    }

    fn write_stream(
        &self,
        sink: &mut Sink,
        name: &StreamName,
        head: Head,
        done: &mut BackedUp,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), PartError> {
        let (mut after, mut lost) = (0, None);
        while after < head.seq {
            let read = match self.log.read(name, after, READ_ITEMS, READ_BYTES) {
                Err(error @ LogError::Damaged { .. }) => {
                    let first = *lost.get_or_insert(after + 1);
                    after += 1;
                    // Its place is written as soon as the chain on its far side is known.
                    match self.log.prefix_told(name, after)? {
                        Some(prefix) => {
                            sink.lost(name, Head { seq: after, prefix })?;
                            done.lose(name, first, after);
                            lost = None;
                        }
                        None if after == head.seq => return Err(error.into()),
                        None => {}
                    }
                    continue;
                }
                read => read?,
            };
            if let Some(seq) = lost {
                // What follows could not be put behind what it follows.
                let stream = name.clone();
                return Err(LogError::Damaged { stream, seq }.into());
            }
            for item in read.iter().take_while(|i| i.seq <= head.seq) {
                sink.item(name, item)?;
                done.items += 1;
            }
            match read.last() {
                Some(last) => after = last.seq,
                None => break,
            }
            progress(done.items);
        }
        Ok(())
    }
}

/// Why a stream was not written.
enum PartError {
    Io(std::io::Error),
    Log(LogError),
}

impl From<std::io::Error> for PartError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LogError> for PartError {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// Gives a whole backup its name, which nothing has.
fn place(partial: &Path, file: &Path) -> Result<(), BackupError> {
    match std::fs::hard_link(partial, file) {
        Ok(()) => std::fs::remove_file(partial).map_err(io(partial))?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(BackupError::Exists(file.to_owned()));
        }
        // A file system without links: a stick, mostly.
        Err(_) if !file.exists() => std::fs::rename(partial, file).map_err(io(file))?,
        Err(error) => return Err(io(file)(error)),
    }
    sync_dir(parent(file)).map_err(io(parent(file)))
}
