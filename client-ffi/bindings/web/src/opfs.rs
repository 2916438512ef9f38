//! The browser's private file system as a disk of the library.

use std::fmt::Debug;
use std::io;

use gridfold_client::{Disk, DiskFile};

use crate::pool;

#[derive(Debug)]
pub(crate) struct Opfs;

impl Disk for Opfs {
    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }
    fn read(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(slot) = pool::slot_of(name) else {
            return Ok(None);
        };
        let length = pool::len(slot)?.min(most);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        pool::read_at(slot, 0, &mut bytes)?;
        Ok(Some(bytes))
    }
    fn len(&self, name: &str) -> io::Result<Option<u64>> {
        pool::slot_of(name).map(pool::len).transpose()
    }
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let known = pool::slot_of(name);
        let slot = match known {
            Some(slot) => {
                pool::set_len(slot, 0)?;
                slot
            }
            None => pool::free()?,
        };
        pool::write_at(slot, 0, bytes)?;
        pool::flush(slot)?;
        match known {
            Some(_) => Ok(()),
            None => pool::name(name, slot),
        }
    }
    fn overwrite(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(slot) = pool::slot_of(name) else {
            return Ok(());
        };
        pool::write_at(slot, 0, bytes)?;
        pool::flush(slot)
    }
    fn file(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>> {
        Ok(pool::slot_of(name).map(|slot| Box::new(OpenFile(slot)) as Box<dyn DiskFile>))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        pool::rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        pool::remove(name)
    }
    fn settle(&self) -> io::Result<()> {
        Ok(())
    }
    /// A browser tells nothing of a file, so a copy of all of it is not told from it.
    fn identity(&self, _name: &str) -> io::Result<Vec<u8>> {
        Ok(pool::place().to_vec())
    }
    /// The worker has the files open, and no other worker can.
    fn lock(&self, _name: &str) -> io::Result<Option<Box<dyn Debug>>> {
        Ok(Some(Box::new(())))
    }
    fn engine(
        &self,
        name: &str,
        is_new: bool,
        builder: &redb::Builder,
    ) -> Result<redb::Database, redb::DatabaseError> {
        let slot = match (pool::slot_of(name), is_new) {
            (Some(slot), _) => slot,
            (None, true) => {
                let slot = pool::free()?;
                pool::name(name, slot)?;
                slot
            }
            (None, false) => return Err(io::Error::from(io::ErrorKind::NotFound).into()),
        };
        builder.create_with_backend(Engine(slot))
    }
}

#[derive(Debug)]
struct OpenFile(u32);

impl DiskFile for OpenFile {
    fn len(&self) -> io::Result<u64> {
        pool::len(self.0)
    }
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        pool::read_at(self.0, at, out)
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        pool::write_at(self.0, pool::len(self.0)?, bytes)?;
        pool::flush(self.0)
    }
}

/// The engine's file.
#[derive(Debug)]
struct Engine(u32);

impl redb::StorageBackend for Engine {
    fn len(&self) -> io::Result<u64> {
        pool::len(self.0)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        pool::read_at(self.0, offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        pool::set_len(self.0, len)
    }
    fn sync_data(&self) -> io::Result<()> {
        pool::flush(self.0)
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        pool::write_at(self.0, offset, data)
    }
}
