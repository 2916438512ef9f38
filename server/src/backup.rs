//! Backup: one file with everything a server needs, read through the log's own interface and never
//! from its live files. Restore makes a new data directory of it, under a new log epoch, so that
//! phones notice and bring back what came after the backup.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::auth::{AUTH_DB_FILE_NAME, KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME};
use crate::log::{AppendBatch, AppendError, Engine, LogError, LogOptions, NewItem, StreamName};
use crate::node::{LOG_DIR_NAME, Node};

const MAGIC: &[u8; 18] = b"GRIDFOLD BACKUP 1\n";
const ITEM: u8 = 1;
const FILE: u8 = 2;
const END: u8 = 0;
const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;
/// Largest file or item a backup may name; more is damage.
const MAX_CHUNK_BYTES: u64 = 1 << 40;
/// Items appended at a time when a backup is restored.
const RESTORE_ITEMS: usize = 500;

/// Why a backup was not made or not restored. A restore that fails leaves nothing usable behind.
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
    /// Not a backup, cut short, or changed.
    #[error(
        "{0} is not a whole backup: it is cut short or was changed. Nothing was restored; use another copy"
    )]
    Damaged(PathBuf),
    /// Something is in the way.
    #[error("{0} is not empty: restore into an empty directory, so that nothing is overwritten")]
    NotEmpty(PathBuf),
}

struct Sink<W: Write> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Sink<W> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
    fn chunk(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.put(&(bytes.len() as u64).to_be_bytes())?;
        self.put(bytes)
    }
}

struct Source<R: Read> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Source<R> {
    fn array<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut out = [0; N];
        self.from.read_exact(&mut out)?;
        self.hash.update(out);
        Ok(out)
    }
    fn chunk(&mut self) -> std::io::Result<Vec<u8>> {
        let n = u64::from_be_bytes(self.array()?);
        if n > MAX_CHUNK_BYTES {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut out = Vec::new();
        (&mut self.from).take(n).read_to_end(&mut out)?;
        if out.len() as u64 != n {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.hash.update(&out);
        Ok(out)
    }
}

impl Node {
    /// Writes a backup to a file that must not exist yet; it is complete and durable on return.
    /// The server may go on working. The file holds the keys: guard it as you guard the server.
    ///
    /// # Errors
    /// [`BackupError`]; a file cut short is removed.
    pub fn backup(&self, file: &Path, progress: &mut dyn FnMut(u64)) -> Result<u64, BackupError> {
        let partial = file.with_extension("partial");
        let result = self.write_backup(&partial, progress).and_then(|items| {
            std::fs::hard_link(&partial, file).map_err(|source| BackupError::Io {
                path: file.to_owned(),
                source,
            })?;
            Ok(items)
        });
        let _ = std::fs::remove_file(&partial);
        result
    }

    fn write_backup(&self, file: &Path, progress: &mut dyn FnMut(u64)) -> Result<u64, BackupError> {
        let io = |source| BackupError::Io {
            path: file.to_owned(),
            source,
        };
        let _ = std::fs::remove_file(file);
        crate::auth::create_private(file).map_err(io)?;
        let out = File::options().write(true).open(file).map_err(io)?;
        let mut sink = Sink {
            out: BufWriter::new(out),
            hash: Sha256::new(),
        };
        sink.put(MAGIC).map_err(io)?;
        let mut items = 0;
        // Items first, keys after them: every payload in the file has its key in the file.
        for (name, head) in self.log.streams()? {
            let mut after = 0;
            while after < head.seq {
                let read = self.log.read(&name, after, READ_ITEMS, READ_BYTES)?;
                for item in read.iter().take_while(|i| i.seq <= head.seq) {
                    sink.put(&[ITEM]).map_err(io)?;
                    sink.chunk(name.as_bytes()).map_err(io)?;
                    sink.put(&item.key).map_err(io)?;
                    sink.put(&item.item_hash).map_err(io)?;
                    sink.chunk(&item.bytes).map_err(io)?;
                    items += 1;
                }
                match read.last() {
                    Some(last) => after = last.seq,
                    None => break,
                }
                progress(items);
            }
        }
        for name in [KEYS_DB_FILE_NAME, AUTH_DB_FILE_NAME] {
            let copy = self.dir.join(format!("{name}.backup"));
            let _ = std::fs::remove_file(&copy);
            crate::auth::create_private(&copy).map_err(io)?;
            Connection::open(self.dir.join(name))?
                .execute("VACUUM INTO ?1", [copy.to_string_lossy().as_ref()])?;
            if name == AUTH_DB_FILE_NAME {
                // What is restored has another epoch and begins its notes anew.
                Connection::open(&copy)?.execute_batch(
                    "DROP TABLE IF EXISTS log_witness; DROP TABLE IF EXISTS log_witness_epoch;
                     DELETE FROM row_sums WHERE name IN ('log_witness', 'log_witness_epoch');
                     DELETE FROM summed_tables WHERE name IN ('log_witness', 'log_witness_epoch')",
                )?;
            }
            let bytes = std::fs::read(&copy);
            let _ = std::fs::remove_file(&copy);
            sink.put(&[FILE]).map_err(io)?;
            sink.chunk(name.as_bytes()).map_err(io)?;
            sink.chunk(&bytes.map_err(io)?).map_err(io)?;
        }
        let master = std::fs::read(self.dir.join(MASTER_KEY_FILE_NAME)).map_err(io)?;
        sink.put(&[FILE]).map_err(io)?;
        sink.chunk(MASTER_KEY_FILE_NAME.as_bytes()).map_err(io)?;
        sink.chunk(&master).map_err(io)?;
        sink.put(&[END]).map_err(io)?;
        let digest = sink.hash.finalize();
        let mut out = sink.out;
        out.write_all(&digest).map_err(io)?;
        out.into_inner()
            .map_err(|e| io(e.into_error()))?
            .sync_all()
            .map_err(io)?;
        Ok(items)
    }
}

/// Makes a data directory of a backup. The log gets a new epoch.
///
/// # Errors
/// [`BackupError`]; the whole file is checked before anything is written.
pub fn restore(
    file: &Path,
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, BackupError> {
    check(file)?;
    let io_dir = |source| BackupError::Io {
        path: dir.to_owned(),
        source,
    };
    std::fs::create_dir_all(dir).map_err(io_dir)?;
    let in_the_way = std::fs::read_dir(dir)
        .map_err(io_dir)?
        .filter_map(Result::ok)
        .any(|e| e.file_name() != "gridfold.toml");
    if in_the_way {
        return Err(BackupError::NotEmpty(dir.to_owned()));
    }
    let (log, _) = crate::log::open(&dir.join(LOG_DIR_NAME), engine, options)?;
    let mut items = 0;
    let mut waiting: Option<(StreamName, Vec<NewItem>)> = None;
    let flush = |waiting: &mut Option<(StreamName, Vec<NewItem>)>| -> Result<(), BackupError> {
        if let Some((stream, items)) = waiting.take() {
            for result in log.append(vec![AppendBatch {
                stream,
                expect: None,
                items,
            }])? {
                result?;
            }
        }
        Ok(())
    };
    read(file, |part| {
        match part {
            Part::Item { stream, item } => {
                items += 1;
                let same = waiting
                    .as_ref()
                    .is_some_and(|(s, w)| *s == stream && w.len() < RESTORE_ITEMS);
                if !same {
                    flush(&mut waiting)?;
                    progress(items);
                }
                waiting
                    .get_or_insert_with(|| (stream, Vec::new()))
                    .1
                    .push(item);
            }
            Part::File { name, bytes } => {
                let path = dir.join(name);
                let io = |source| BackupError::Io {
                    path: path.clone(),
                    source,
                };
                crate::auth::create_private(&path).map_err(io)?;
                let mut out = File::options()
                    .write(true)
                    .truncate(true)
                    .open(&path)
                    .map_err(io)?;
                out.write_all(&bytes)
                    .and_then(|()| out.sync_all())
                    .map_err(io)?;
            }
        }
        Ok(())
    })?;
    flush(&mut waiting)?;
    Ok(items)
}

enum Part {
    Item { stream: StreamName, item: NewItem },
    File { name: &'static str, bytes: Vec<u8> },
}

/// Reads the items of a whole backup, each stream's in its sequence.
///
/// # Errors
/// [`BackupError`] when the file cannot be read or is not a whole backup; it is checked before the first item.
pub fn read_items(
    file: &Path,
    mut each: impl FnMut(StreamName, NewItem),
) -> Result<(), BackupError> {
    check(file)?;
    read(file, |part| {
        if let Part::Item { stream, item } = part {
            each(stream, item);
        }
        Ok(())
    })
}

fn check(file: &Path) -> Result<(), BackupError> {
    read(file, |_| Ok(()))
}

fn read(
    file: &Path,
    mut each: impl FnMut(Part) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let damaged = || BackupError::Damaged(file.to_owned());
    let from = File::open(file).map_err(|source| BackupError::Io {
        path: file.to_owned(),
        source,
    })?;
    let mut source = Source {
        from: BufReader::new(from),
        hash: Sha256::new(),
    };
    if source.array::<18>().map_err(|_| damaged())? != *MAGIC {
        return Err(damaged());
    }
    loop {
        match source.array::<1>().map_err(|_| damaged())? {
            [ITEM] => {
                let name = source.chunk().map_err(|_| damaged())?;
                let stream = StreamName::new(name).map_err(|_| damaged())?;
                let key = source.array().map_err(|_| damaged())?;
                let item_hash = source.array().map_err(|_| damaged())?;
                let bytes = source.chunk().map_err(|_| damaged())?;
                each(Part::Item {
                    stream,
                    item: NewItem {
                        key,
                        item_hash,
                        bytes,
                    },
                })?;
            }
            [FILE] => {
                let name = source.chunk().map_err(|_| damaged())?;
                let known = [KEYS_DB_FILE_NAME, AUTH_DB_FILE_NAME, MASTER_KEY_FILE_NAME];
                let name = known
                    .into_iter()
                    .find(|k| k.as_bytes() == name)
                    .ok_or_else(damaged)?;
                each(Part::File {
                    name,
                    bytes: source.chunk().map_err(|_| damaged())?,
                })?;
            }
            [END] => break,
            _ => return Err(damaged()),
        }
    }
    let expected = source.hash.finalize();
    let mut found = [0u8; 33];
    let n = source.from.read(&mut found).map_err(|_| damaged())?;
    if n == 32 && found[..32] == expected[..] {
        Ok(())
    } else {
        Err(damaged())
    }
}
