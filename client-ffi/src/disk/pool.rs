//! Files by name over a few that stay open: browsers open a file only while somebody waits, and
//! rename none that is open. An index says which holds what.
//!
//! What enters: numbered files, of which one holds the index and each other one a file or nothing.
//! What leaves: a disk of the library. What never happens here: a name that leads to what is not
//! durable, or bytes that no name leads to any more and that are still there when a call returns.

mod index;

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use parking_lot::Mutex;

use self::index::Index;
pub use self::index::POOL_SLOTS;
use super::{Disk, DiskFile};

/// Numbered files, from 0 on, that are open for one store and for nobody else.
pub trait Slots: Debug + Send + Sync + 'static {
    /// Fills `out` from a place on; gives how much of it there was.
    ///
    /// # Errors
    /// What the file says.
    fn read_at(&self, slot: u32, at: u64, out: &mut [u8]) -> io::Result<usize>;
    /// Writes from a place on; gives how much of it found room.
    ///
    /// # Errors
    /// What the file says.
    fn write_at(&self, slot: u32, at: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Makes a file shorter, or longer by zeros.
    ///
    /// # Errors
    /// What the file says.
    fn set_len(&self, slot: u32, len: u64) -> io::Result<()>;
    /// Has all that was done to a file until now survive a loss of power. What was not flushed may
    /// be lost then, all of it or any part.
    ///
    /// # Errors
    /// What the file says.
    fn flush(&self, slot: u32) -> io::Result<()>;
    /// A file's length in bytes.
    ///
    /// # Errors
    /// What the file says.
    fn len(&self, slot: u32) -> io::Result<u64>;
}

/// A file of a pool, by its number.
#[derive(Debug)]
struct Slot<S> {
    slots: Arc<S>,
    number: u32,
}

impl<S: Slots> Slot<S> {
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        match self.slots.read_at(self.number, at, out)? {
            n if n == out.len() => Ok(()),
            _ => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        match self.slots.write_at(self.number, at, bytes)? {
            n if n == bytes.len() => Ok(()),
            // What was not taken found no room.
            _ => Err(ErrorKind::StorageFull.into()),
        }
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.slots.set_len(self.number, len)
    }
    fn flush(&self) -> io::Result<()> {
        self.slots.flush(self.number)
    }
    fn len(&self) -> io::Result<u64> {
        self.slots.len(self.number)
    }
    /// For good: a file that was let go may have held a key.
    fn empty(&self) -> io::Result<()> {
        self.set_len(0)?;
        self.flush()
    }
}

/// The files of one store, over numbered ones.
#[derive(Debug)]
pub struct Pool<S> {
    slots: Arc<S>,
    /// As it is durable.
    held: Mutex<Index>,
}

impl<S: Slots> Pool<S> {
    /// Goes on with the index that is there, or makes one where all is empty; what no name leads
    /// to is emptied. A new pool is told from every other one by `place`, which is random.
    ///
    /// # Errors
    /// What the files say; [`ErrorKind::InvalidData`] where there is something and no index.
    pub fn open(slots: S, place: [u8; 16]) -> io::Result<Self> {
        let pool = Self {
            slots: Arc::new(slots),
            held: Mutex::default(),
        };
        match pool.newest() {
            Some(index) => {
                // A life that was killed may have written it and not flushed. The next one goes to
                // the place of the one before, which is the last that is durable for sure.
                pool.slot(index::SLOT).flush()?;
                *pool.held.lock() = index;
            }
            None => {
                for number in index::others() {
                    if pool.slot(number).len()? > 0 {
                        return Err(ErrorKind::InvalidData.into());
                    }
                }
                pool.put(Index::of(place))?;
            }
        }
        let taken: Vec<u32> = pool.held.lock().names.values().copied().collect();
        for number in index::others() {
            let slot = pool.slot(number);
            if !taken.contains(&number) && slot.len()? > 0 {
                slot.set_len(0)?;
            }
            // Nothing is read that a loss of power could take back.
            slot.flush()?;
        }
        Ok(pool)
    }

    fn slot(&self, number: u32) -> Slot<S> {
        Slot {
            slots: Arc::clone(&self.slots),
            number,
        }
    }

    fn slot_of(&self, name: &str) -> Option<Slot<S>> {
        let number = self.held.lock().names.get(name).copied();
        number.map(|number| self.slot(number))
    }

    /// The newest index that is whole in its file.
    fn newest(&self) -> Option<Index> {
        let file = self.slot(index::SLOT);
        let between = index::PLACES[1] - index::PLACES[0];
        let copies = index::PLACES.map(|at| {
            let length = file.len().ok()?.saturating_sub(at).min(between);
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            file.read_at(at, &mut bytes).ok()?;
            Index::decode(&bytes)
        });
        copies.into_iter().flatten().max_by_key(|i| i.generation)
    }

    /// Writes the index as it becomes; it is held only once it is durable.
    fn put(&self, mut index: Index) -> io::Result<()> {
        index.generation += 1;
        let file = self.slot(index::SLOT);
        file.write_at(index.place_in_file(), &index.encode())?;
        file.flush()?;
        *self.held.lock() = index;
        Ok(())
    }

    /// An empty slot that no name leads to yet.
    fn free(&self) -> io::Result<Slot<S>> {
        let free = self.held.lock().free();
        let slot = self.slot(free.ok_or_else(|| io::Error::other("no file is free"))?);
        slot.set_len(0)?;
        Ok(slot)
    }

    /// Has a name lead to a slot, with what is in it.
    fn name(&self, name: &str, slot: &Slot<S>) -> io::Result<()> {
        slot.flush()?;
        let mut index = self.held.lock().clone();
        index.names.insert(name.to_owned(), slot.number);
        self.put(index)
    }
}

impl<S: Slots> Disk for Pool<S> {
    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }
    fn read(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(slot) = self.slot_of(name) else {
            return Ok(None);
        };
        let length = slot.len()?.min(most);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        slot.read_at(0, &mut bytes)?;
        Ok(Some(bytes))
    }
    fn len(&self, name: &str) -> io::Result<Option<u64>> {
        self.slot_of(name).map(|slot| slot.len()).transpose()
    }
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if let Some(slot) = self.slot_of(name) {
            slot.set_len(0)?;
            slot.write_at(0, bytes)?;
            return slot.flush();
        }
        let slot = self.free()?;
        slot.write_at(0, bytes)?;
        self.name(name, &slot)
    }
    fn overwrite(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(slot) = self.slot_of(name) else {
            return Ok(());
        };
        slot.write_at(0, bytes)?;
        slot.flush()
    }
    fn file(&self, name: &str) -> io::Result<Option<Box<dyn DiskFile>>> {
        let slot = self.slot_of(name);
        Ok(slot.map(|slot| Box::new(slot) as Box<dyn DiskFile>))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut index = self.held.lock().clone();
        let number = index.names.remove(from).ok_or(ErrorKind::NotFound)?;
        let before = index.names.insert(to.to_owned(), number);
        self.put(index)?;
        before.map_or(Ok(()), |number| self.slot(number).empty())
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        let mut index = self.held.lock().clone();
        let Some(number) = index.names.remove(name) else {
            return Ok(());
        };
        self.put(index)?;
        self.slot(number).empty()
    }
    fn settle(&self) -> io::Result<()> {
        Ok(())
    }
    /// A browser tells nothing of a file, so a copy of all of it is not told from it.
    fn identity(&self, _name: &str) -> io::Result<Vec<u8>> {
        Ok(self.held.lock().place.to_vec())
    }
    /// Whoever has the files open has them alone.
    fn lock(&self, _name: &str) -> io::Result<Option<Box<dyn Debug>>> {
        Ok(Some(Box::new(())))
    }
    fn engine(
        &self,
        name: &str,
        is_new: bool,
        builder: &redb::Builder,
    ) -> Result<redb::Database, redb::DatabaseError> {
        let slot = match (self.slot_of(name), is_new) {
            (Some(slot), _) => slot,
            (None, true) => {
                let slot = self.free()?;
                self.name(name, &slot)?;
                slot
            }
            (None, false) => return Err(io::Error::from(ErrorKind::NotFound).into()),
        };
        builder.create_with_backend(Engine(slot))
    }
}

impl<S: Slots> DiskFile for Slot<S> {
    fn len(&self) -> io::Result<u64> {
        Slot::len(self)
    }
    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        Slot::read_at(self, at, out)
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_at(Slot::len(self)?, bytes)?;
        self.flush()
    }
}

/// The engine's file.
#[derive(Debug)]
struct Engine<S>(Slot<S>);

impl<S: Slots> redb::StorageBackend for Engine<S> {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_at(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.flush()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, data)
    }
}
