//! Small references: incarnations and authors that a message names more than once.

use std::collections::HashMap;
use std::hash::Hash;

use crate::codec::{DecodeError, Reader, put_u64};
use crate::entry::Author;
use crate::ids::{AreaCode, DeviceId, IncarnationId, SensitivityClass, StreamId, UserId};
use crate::limits::MAX_NAME_BYTES;

/// A table of things of a fixed size, each sent once. The first may be known to both sides.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    known: usize,
    all: Vec<T>,
    /// Filled by whoever writes; a reader looks up by place only.
    index: HashMap<T, u64>,
}

pub(crate) trait TableItem: Copy + Eq + Hash {
    /// Bytes of one on the wire.
    const SIZE: usize;
    fn put(&self, out: &mut Vec<u8>);
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

impl TableItem for IncarnationId {
    const SIZE: usize = 16;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self::from_bytes(r.array()?))
    }
}

impl TableItem for Author {
    const SIZE: usize = 32;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.device.bytes());
        out.extend_from_slice(&self.user.bytes());
    }
    fn get(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            device: DeviceId::from_bytes(r.array()?),
            user: UserId::from_bytes(r.array()?),
        })
    }
}

impl<T: TableItem> Table<T> {
    /// A table that begins with what both sides know.
    pub(crate) fn with_known(known: Vec<T>) -> Self {
        let mut index = HashMap::new();
        for (place, thing) in known.iter().enumerate() {
            index.entry(*thing).or_insert(place as u64);
        }
        Self {
            known: known.len(),
            all: known,
            index,
        }
    }
    /// The place of a thing, added when it is new.
    pub(crate) fn place(&mut self, thing: T) -> u64 {
        let next = self.all.len() as u64;
        let place = *self.index.entry(thing).or_insert(next);
        if place == next {
            self.all.push(thing);
        }
        place
    }
    /// The thing at a place.
    pub(crate) fn at(&self, place: u64) -> Result<T, DecodeError> {
        usize::try_from(place)
            .ok()
            .and_then(|p| self.all.get(p))
            .copied()
            .ok_or(DecodeError::OutOfRange("table reference"))
    }
    /// Appends what the other side does not know.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let new = &self.all[self.known..];
        put_u64(out, new.len() as u64);
        for thing in new {
            thing.put(out);
        }
    }
    /// Reads what the other side sent, after what both know.
    pub(crate) fn get(r: &mut Reader<'_>, known: Vec<T>) -> Result<Self, DecodeError> {
        let n = r.bounded(r.remaining() / T::SIZE, "table")?;
        let mut table = Self::with_known(known);
        for _ in 0..n {
            table.all.push(T::get(r)?);
        }
        Ok(table)
    }
    /// What it holds.
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }
}

/// Stream names in a row: a grid that stays the same is not sent again.
#[derive(Debug, Default)]
pub(crate) struct StreamNames {
    last: Option<AreaCode>,
}

const SAME_GRID: u8 = 0x80;

impl StreamNames {
    pub(crate) fn put(&mut self, out: &mut Vec<u8>, stream: &StreamId) {
        let class = stream.class as u8;
        if self.last.as_ref() == Some(&stream.grid) {
            out.push(class | SAME_GRID);
        } else {
            out.push(class);
            crate::codec::put_str(out, stream.grid.as_str());
            self.last = Some(stream.grid.clone());
        }
    }
    pub(crate) fn get(&mut self, r: &mut Reader<'_>) -> Result<StreamId, DecodeError> {
        let byte = r.u8()?;
        let class =
            SensitivityClass::from_u8(byte & !SAME_GRID).ok_or(DecodeError::OutOfRange("class"))?;
        let grid = if byte & SAME_GRID == 0 {
            let grid = AreaCode::new(r.str(MAX_NAME_BYTES)?)
                .map_err(|_| DecodeError::OutOfRange("grid"))?;
            self.last = Some(grid.clone());
            grid
        } else {
            self.last.clone().ok_or(DecodeError::OutOfRange("grid"))?
        };
        Ok(StreamId { grid, class })
    }
}
