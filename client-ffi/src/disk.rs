//! Where the files of one store are: a folder of the system, or what a browser gives its worker.
//!
//! What enters: names of files, all of them in `shell/files.rs`. What leaves: whole small files, a
//! file that is appended to, and the engine on the one large file. What never happens here: a name
//! that is a path, or a write that is not on disk when it returns.

mod pool;

use std::fmt::Debug;
use std::io;

pub use pool::{POOL_SLOTS, Pool, Slots};

/// The files of one store.
pub trait Disk: Debug + Send + Sync {
    /// Makes the place where the files are.
    ///
    /// # Errors
    /// What the disk says.
    fn prepare(&self) -> io::Result<()>;
    /// A file's first bytes, up to a length; none when there is no file.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>>;
    /// A file's length in bytes; none when there is no file.
    ///
    /// # Errors
    /// What the disk says.
    fn len(&self, name: &str) -> io::Result<Option<u64>>;
    /// Writes a whole file.
    ///
    /// # Errors
    /// What the disk says; what the file then holds is not known.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Writes over a file's first bytes, in place; nothing when there is no file.
    ///
    /// # Errors
    /// What the disk says.
    fn overwrite(&self, name: &str, bytes: &[u8]) -> io::Result<()>;
    /// Opens a file that is there; none when there is no file.
    ///
    /// # Errors
    /// What the disk says.
    fn file(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>>;
    /// Gives a file another name; one of that name goes.
    ///
    /// # Errors
    /// What the disk says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; nothing when there is none.
    ///
    /// # Errors
    /// What the disk says.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Has new names and removals on disk, where that is a step of its own.
    ///
    /// # Errors
    /// What the disk says.
    fn settle(&self) -> io::Result<()>;
    /// What tells this place and a file in it from a copy of both, as far as the system can.
    ///
    /// # Errors
    /// What the disk says.
    fn identity(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Keeps everybody else out of a file until what is returned is dropped; none when somebody
    /// has it. The file is made when there is none.
    ///
    /// # Errors
    /// What the disk says.
    fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Debug>>>;
    /// Opens the engine on a file, for nobody else meanwhile; makes the file if it is new.
    ///
    /// # Errors
    /// What the engine says.
    fn engine(
        &self,
        name: &str,
        is_new: bool,
        builder: &redb::Builder,
    ) -> Result<redb::Database, redb::DatabaseError>;
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the disk says.
    fn len(&self) -> io::Result<u64>;
    /// Whether it has no bytes.
    ///
    /// # Errors
    /// What the disk says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills all of `out` from a place on.
    ///
    /// # Errors
    /// What the disk says, also when the file ends before.
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()>;
    /// Puts bytes at its end.
    ///
    /// # Errors
    /// What the disk says; what the file then holds past its old end is not known.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

#[cfg(not(target_family = "wasm"))]
pub use folder::Folder;

#[cfg(not(target_family = "wasm"))]
mod folder {
    use std::fmt::Debug;
    use std::fs::{self, File, OpenOptions, TryLockError};
    use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use super::{Disk, DiskFile};

    /// A folder of the system.
    #[derive(Debug, Clone)]
    pub struct Folder(PathBuf);

    impl Folder {
        /// The folder of this path.
        #[must_use]
        pub fn at(path: impl AsRef<Path>) -> Arc<dyn Disk> {
            Arc::new(Self(path.as_ref().to_owned()))
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
        match result {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    impl Disk for Folder {
        fn prepare(&self) -> io::Result<()> {
            fs::create_dir_all(&self.0)
        }
        fn read(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
            let Some(file) = if_there(File::open(self.path(name)))? else {
                return Ok(None);
            };
            let mut bytes = Vec::new();
            file.take(most).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
        fn len(&self, name: &str) -> io::Result<Option<u64>> {
            Ok(if_there(fs::metadata(self.path(name)))?.map(|meta| meta.len()))
        }
        fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
            let mut file = File::create(self.path(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        }
        fn overwrite(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
            let open = OpenOptions::new().write(true).open(self.path(name));
            let Some(mut file) = if_there(open)? else {
                return Ok(());
            };
            file.seek(SeekFrom::Start(0))?;
            file.write_all(bytes)?;
            file.sync_all()
        }
        fn file(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>> {
            let open = OpenOptions::new()
                .read(true)
                .append(true)
                .open(self.path(name));
            Ok(if_there(open)?.map(|file| Box::new(OpenFile(file)) as Box<dyn DiskFile>))
        }
        fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            fs::rename(self.path(from), self.path(to))
        }
        fn remove(&self, name: &str) -> io::Result<()> {
            if_there(fs::remove_file(self.path(name))).map(drop)
        }
        fn settle(&self) -> io::Result<()> {
            #[cfg(unix)]
            File::open(&self.0)?.sync_all()?;
            Ok(())
        }
        fn identity(&self, name: &str) -> io::Result<Vec<u8>> {
            let mut out = Vec::new();
            for path in [&self.0, &self.path(name)] {
                out.extend_from_slice(&identity_of(&fs::metadata(path)?));
            }
            Ok(out)
        }
        fn lock(&self, name: &str) -> io::Result<Option<Box<dyn Debug>>> {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.path(name))?;
            Ok(match file.try_lock() {
                Err(TryLockError::WouldBlock) => None,
                // Where there are no locks, nobody is kept out.
                _ => Some(Box::new(file)),
            })
        }
        fn engine(
            &self,
            name: &str,
            is_new: bool,
            builder: &redb::Builder,
        ) -> Result<redb::Database, redb::DatabaseError> {
            if is_new {
                builder.create(self.path(name))
            } else {
                builder.open(self.path(name))
            }
        }
    }

    #[derive(Debug)]
    struct OpenFile(File);

    impl DiskFile for OpenFile {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.metadata()?.len())
        }
        fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
            let mut file = &self.0;
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(out)
        }
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.write_all(bytes)?;
            self.0.sync_data()
        }
    }

    /// The file's number and, where the system keeps it, the time it was made.
    fn identity_of(meta: &fs::Metadata) -> [u8; 24] {
        let mut out = [0; 24];
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            out[..8].copy_from_slice(&meta.ino().to_be_bytes());
        }
        let born = meta
            .created()
            .ok()
            .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        out[8..].copy_from_slice(&born.to_be_bytes());
        out
    }
}
