//! The files that the worker has open in the browser's private file system.

use std::cell::Cell;
use std::io::{self, ErrorKind};

use gridfold_client::Slots;

use crate::host::{self, FileTrouble};

thread_local! {
    static FLUSHES: Cell<u32> = const { Cell::new(0) };
}

/// How often something was made durable.
pub(crate) fn flushes() -> u32 {
    FLUSHES.get()
}

fn trouble(trouble: FileTrouble) -> io::Error {
    match trouble {
        FileTrouble::Full => ErrorKind::StorageFull.into(),
        FileTrouble::Failed => io::Error::other("file"),
    }
}

#[derive(Debug)]
pub(crate) struct Opfs;

impl Slots for Opfs {
    fn read_at(&self, slot: u32, at: u64, out: &mut [u8]) -> io::Result<usize> {
        host::file_read(slot, at, out).map_err(trouble)
    }
    fn write_at(&self, slot: u32, at: u64, bytes: &[u8]) -> io::Result<usize> {
        host::file_write(slot, at, bytes).map_err(trouble)
    }
    fn set_len(&self, slot: u32, len: u64) -> io::Result<()> {
        host::file_truncate(slot, len).map_err(trouble)
    }
    fn flush(&self, slot: u32) -> io::Result<()> {
        FLUSHES.set(FLUSHES.get().wrapping_add(1));
        host::file_flush(slot).map_err(trouble)
    }
    fn len(&self, slot: u32) -> io::Result<u64> {
        host::file_len(slot).map_err(trouble)
    }
}
