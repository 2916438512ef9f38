//! Power cuts, simulated: the system calls of a writing process are recorded with strace, then every prefix of
//! them is replayed as a disk that keeps for sure only what was fsynced, and the product opens what is left.
//! A file's bytes are kept by an fsync of the file that began after the write had ended; a name is kept by an
//! fsync of its directory. What was not fsynced may be there, may be missing, or may be torn at any 512 bytes.
//! `SimSlots` is the same for the files of a browser, which need no recording: they are in memory.

mod disk;
mod slots;
mod trace;

pub use self::{
    disk::{Disk, Loss},
    slots::SimSlots,
    trace::{Call, Content, Effect, Recording, record},
};
