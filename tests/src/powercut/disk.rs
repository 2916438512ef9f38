//! A disk under a strict fsync model: it takes a recording call by call and, at any moment, can be written out
//! as what a power cut may leave behind.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::trace::{Call, Effect, Recording};

/// What is torn off a write is a multiple of this.
const SECTOR_BYTES: usize = 512;

/// What happens to everything not fsynced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All of it is lost.
    All,
    /// None of it is lost, as with kill -9.
    Nothing,
    /// A random part, by this seed: any set of writes, some torn; names in their order up to a random one.
    Random(u64),
}

/// The state of a replay.
#[derive(Debug, Default)]
pub struct Disk {
    /// Bytes kept for sure.
    durable: HashMap<usize, Vec<u8>>,
    /// Names kept for sure.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// Changes of bytes not yet fsynced, in order.
    writes: Vec<Call>,
    /// Changes of names not yet fsynced, in order.
    renames: Vec<Call>,
}

impl Disk {
    /// The disk as it was before the recording.
    #[must_use]
    pub fn before(recording: &Recording) -> Self {
        let mut disk = Self::default();
        for (name, file) in &recording.before {
            disk.names
                .insert(name.clone(), file.as_ref().map(|(inode, _)| *inode));
            disk.durable.extend(file.clone());
        }
        disk
    }

    /// A call began: a change may reach the disk from now on.
    pub fn begin(&mut self, call: &Call) {
        match &call.effect {
            Effect::Write(..) | Effect::Truncate(..) => self.writes.push(call.clone()),
            Effect::Create(..) | Effect::Mkdir(_) | Effect::Rename(..) | Effect::Unlink(_) => {
                self.renames.push(call.clone());
            }
            Effect::Fsync(_) | Effect::FsyncDir(_) | Effect::Ack(_) => {}
        }
    }

    /// A call returned: an fsync keeps what had returned before it began.
    pub fn end(&mut self, call: &Call) {
        match &call.effect {
            Effect::Fsync(inode) => {
                let done = |write: &mut Call| {
                    write.end < call.start && inode_of(&write.effect) == Some(*inode)
                };
                for write in self.writes.extract_if(.., done) {
                    if let Some(change) = change_of(&write.effect) {
                        apply(self.durable.entry(*inode).or_default(), &change, |_| true);
                    }
                }
            }
            Effect::FsyncDir(dir) => {
                let done =
                    |name: &mut Call| name.end < call.start && parent_of(&name.effect) == Some(dir);
                for name in self.renames.extract_if(.., done) {
                    rename(&mut self.names, &name.effect);
                }
            }
            _ => {}
        }
    }

    /// True when a power cut now can lose nothing at all.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.writes.is_empty() && self.renames.is_empty()
    }

    /// Writes what a power cut leaves behind to an empty directory.
    pub fn write_out(&self, loss: Loss, to: &Path) -> std::io::Result<()> {
        let mut rng = StdRng::seed_from_u64(if let Loss::Random(seed) = loss {
            seed
        } else {
            0
        });
        let kept = match loss {
            Loss::All => 0,
            Loss::Nothing => self.renames.len(),
            Loss::Random(_) => rng.random_range(0..=self.renames.len()),
        };
        let mut names = self.names.clone();
        for name in self.renames.iter().take(kept) {
            rename(&mut names, &name.effect);
        }
        let mut bytes: HashMap<usize, Vec<u8>> = HashMap::new();
        for write in &self.writes {
            let Some(inode) = inode_of(&write.effect) else {
                continue;
            };
            let file = bytes
                .entry(inode)
                .or_insert_with(|| self.durable.get(&inode).cloned().unwrap_or_default());
            if let Some(change) = change_of(&write.effect) {
                lose(file, &change, loss, &mut rng);
            }
        }
        for (name, inode) in &names {
            let path = to.join(name);
            // A directory lost takes its names with it.
            if !path.parent().is_some_and(Path::is_dir) {
                continue;
            }
            match inode {
                None => std::fs::create_dir(path)?,
                Some(inode) => {
                    let file = bytes.get(inode).or_else(|| self.durable.get(inode));
                    std::fs::write(path, file.map_or(&[][..], Vec::as_slice))?;
                }
            }
        }
        Ok(())
    }
}

fn inode_of(effect: &Effect) -> Option<usize> {
    match effect {
        Effect::Write(inode, ..) | Effect::Truncate(inode, _) => Some(*inode),
        _ => None,
    }
}

fn parent_of(effect: &Effect) -> Option<&Path> {
    match effect {
        Effect::Create(path, _)
        | Effect::Mkdir(path)
        | Effect::Rename(path, _)
        | Effect::Unlink(path) => path.parent(),
        _ => None,
    }
}

fn rename(names: &mut BTreeMap<PathBuf, Option<usize>>, effect: &Effect) {
    match effect {
        Effect::Create(path, inode) => drop(names.insert(path.clone(), Some(*inode))),
        Effect::Mkdir(path) => drop(names.insert(path.clone(), None)),
        Effect::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        Effect::Unlink(path) => drop(names.remove(path)),
        _ => {}
    }
}

/// A change of a file's bytes.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Bytes written at an offset.
    Write(u64, Vec<u8>),
    /// Its length set.
    Truncate(u64),
}

fn change_of(effect: &Effect) -> Option<Change> {
    match effect {
        Effect::Write(_, offset, bytes) => Some(Change::Write(*offset, bytes.clone())),
        Effect::Truncate(_, len) => Some(Change::Truncate(*len)),
        _ => None,
    }
}

/// Applies what a loss leaves of a change that was not made durable.
pub(super) fn lose(file: &mut Vec<u8>, change: &Change, loss: Loss, rng: &mut StdRng) {
    match loss {
        Loss::All => {}
        Loss::Nothing => apply(file, change, |_| true),
        Loss::Random(_) => match rng.random_range(0..3) {
            0 => {}
            1 => apply(file, change, |_| true),
            _ => apply(file, change, |_| rng.random()),
        },
    }
}

/// Applies a change, those sectors of it that are kept.
pub(super) fn apply(file: &mut Vec<u8>, change: &Change, mut keep: impl FnMut(usize) -> bool) {
    match change {
        Change::Truncate(len) if keep(0) => {
            file.resize(usize::try_from(*len).unwrap_or(0), 0);
        }
        Change::Truncate(_) => {}
        Change::Write(offset, bytes) => {
            let mut at = usize::try_from(*offset).unwrap_or(0);
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (sector, after) =
                    rest.split_at(rest.len().min(SECTOR_BYTES - at % SECTOR_BYTES));
                if keep(at) {
                    file.resize(file.len().max(at + sector.len()), 0);
                    file[at..at + sector.len()].copy_from_slice(sector);
                }
                at += sector.len();
                rest = after;
            }
        }
    }
}
