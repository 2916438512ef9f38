//! Whose log lies in a folder: the marker, kept twice, and what is told from the files when both are gone.
//! It is written last, so that a folder without it was never acknowledged anything.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
};

use super::{files::Files, frame::log_of};
use crate::log::{Engine, store::sync_dir};

/// The folder of the segments.
pub(super) const SEGMENTS: &str = "segments";
const MARKER: &str = "LOG";
const TITLE: &str = "gridfold log 2 ";
/// Title of logs that were kept in one store.
const TITLE_BEFORE: &str = "gridfold log 1 ";

/// What is in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A log of segments, by its id.
    Segments([u8; 8]),
    /// A log from before, all of it in one store.
    OneStore(Engine),
    Nothing,
}

fn text(log: [u8; 8]) -> String {
    let id = format!("{:016x}", u64::from_be_bytes(log));
    format!("{TITLE}{id} {:08x}\n", crc32fast::hash(id.as_bytes()))
}

fn read(path: &Path) -> std::io::Result<Option<[u8; 8]>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let id = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.strip_prefix(TITLE)?.get(..16))
        .and_then(|id| u64::from_str_radix(id, 16).ok())
        .map(u64::to_be_bytes);
    Ok(id.filter(|id| text(*id).as_bytes() == bytes))
}

/// Writes both markers; durable on return.
pub(super) fn write(dir: &Path, log: [u8; 8], skip_fsync: bool) -> std::io::Result<()> {
    // The one in the folder of segments first: the other one decides.
    for folder in [&dir.join(SEGMENTS), dir] {
        let new = folder.join("LOG.new");
        let mut file = File::create(&new)?;
        file.write_all(text(log).as_bytes())?;
        if !skip_fsync {
            file.sync_all()?;
        }
        std::fs::rename(&new, folder.join(MARKER))?;
        if !skip_fsync {
            sync_dir(folder)?;
        }
    }
    if !skip_fsync && let Some(parent) = dir.canonicalize()?.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

/// What is in the folder of a log. A damaged or missing marker is written again.
pub(super) fn find(dir: &Path, wanted: Engine, skip_fsync: bool) -> std::io::Result<Found> {
    let (outer, inner) = (
        read(&dir.join(MARKER))?,
        read(&dir.join(SEGMENTS).join(MARKER))?,
    );
    if let Some(log) = outer.or(inner) {
        if outer == inner {
            return Ok(Found::Segments(log));
        }
        // While a log from before is being taken over, its own marker decides.
        if outer.is_some() || before(dir)?.is_none() {
            write(dir, log, skip_fsync)?;
            return Ok(Found::Segments(log));
        }
    }
    if let Some(engine) = before(dir)? {
        return Ok(Found::OneStore(engine));
    }
    for engine in [wanted, Engine::Sled, Engine::Redb] {
        if dir.join(engine.name()).exists() {
            return Ok(Found::OneStore(engine));
        }
    }
    let Some(log) = of_files(dir)? else {
        return Ok(Found::Nothing);
    };
    write(dir, log, skip_fsync)?;
    Ok(Found::Segments(log))
}

fn before(dir: &Path) -> std::io::Result<Option<Engine>> {
    match std::fs::read_to_string(dir.join(MARKER)) {
        Ok(marker) => Ok(marker
            .strip_prefix(TITLE_BEFORE)
            .and_then(|engine| engine.trim_end().parse().ok())),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Both markers are gone: a log with more than a first frame is a log all the same.
fn of_files(dir: &Path) -> std::io::Result<Option<[u8; 8]>> {
    let segments = dir.join(SEGMENTS);
    if !segments.is_dir() {
        return Ok(None);
    }
    let files = Files::new(&segments, false);
    for number in files.numbers()? {
        let bytes = files.whole(number)?;
        if (number > 1 || bytes.len() > UNFINISHED_BYTES)
            && let Some(log) = log_of(&bytes)
        {
            return Ok(Some(log));
        }
    }
    Ok(None)
}

/// A creation cut short leaves no more than a first frame.
const UNFINISHED_BYTES: usize = 512;
