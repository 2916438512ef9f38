//! Segment files by number: made, read, written. Bytes enter and leave; what they mean is not known here.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::ErrorKind,
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::log::store::sync_dir;
use crate::log::testing::LogFaults;
use crate::trouble::{Store, Trouble};

/// Files held open for reading at most.
const MAX_OPEN: usize = 256;

pub(super) const WRITE_FAILED: &str = "a write failed";
pub(super) const FSYNC_FAILED: &str = "fsync failed";

fn half(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() / 2).unwrap_or_default()
}

/// The folder of the segments.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    skip_fsync: bool,
    faults: Option<LogFaults>,
    open: Mutex<HashMap<u32, Arc<File>>>,
}

impl Files {
    pub(super) fn new(dir: &Path, skip_fsync: bool) -> Self {
        Self {
            dir: dir.to_owned(),
            skip_fsync,
            faults: None,
            open: Mutex::default(),
        }
    }

    /// The same folder on a disk that fails when asked to.
    pub(super) fn failing(self, faults: Option<LogFaults>) -> Self {
        Self { faults, ..self }
    }

    pub(super) fn path(&self, segment: u32) -> PathBuf {
        self.dir.join(format!("{segment:08}.segment"))
    }

    /// Numbers of the segments that are there.
    pub(super) fn numbers(&self) -> std::io::Result<Vec<u32>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".segment"));
            numbers.extend(number.and_then(|n| n.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes a segment with its first frame; name and bytes are durable on return.
    pub(super) fn create(&self, segment: u32, bytes: &[u8]) -> std::io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(self.path(segment))?;
        file.write_all_at(bytes, 0)?;
        self.sync(&file)?;
        if !self.skip_fsync {
            sync_dir(&self.dir)?;
        }
        self.open.lock().remove(&segment);
        Ok(file)
    }

    pub(super) fn for_writing(&self, segment: u32) -> std::io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(segment))
    }

    /// Writes bytes at a place and makes them durable; says which of the two failed.
    pub(super) fn write(
        &self,
        file: &File,
        bytes: &[u8],
        at: u64,
    ) -> Result<(), (&'static str, std::io::Error)> {
        let trouble = self.faults.as_ref().and_then(|f| (f.0)(Store::Log));
        let (written, fails) = match trouble {
            None => (bytes, None),
            Some(Trouble::Full) => (half(bytes), Some(ErrorKind::StorageFull)),
            Some(Trouble::Io) => (half(bytes), Some(ErrorKind::Other)),
            Some(_) => (bytes, None),
        };
        let failed = |e| (WRITE_FAILED, e);
        file.write_all_at(written, at).map_err(failed)?;
        if let Some(kind) = fails {
            return Err(failed(kind.into()));
        }
        match trouble {
            None => self.sync(file).map_err(|e| (FSYNC_FAILED, e)),
            Some(_) => Err((FSYNC_FAILED, ErrorKind::Other.into())),
        }
    }

    pub(super) fn sync(&self, file: &File) -> std::io::Result<()> {
        if self.skip_fsync {
            return Ok(());
        }
        file.sync_data()
    }

    fn reader(&self, segment: u32) -> std::io::Result<Arc<File>> {
        let mut open = self.open.lock();
        if let Some(file) = open.get(&segment) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(self.path(segment))?);
        if open.len() >= MAX_OPEN {
            open.clear();
        }
        open.insert(segment, Arc::clone(&file));
        Ok(file)
    }

    /// The bytes of a range, fewer where the file ends.
    pub(super) fn read(&self, segment: u32, range: Range<u64>) -> std::io::Result<Vec<u8>> {
        let file = self.reader(segment)?;
        let len = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        let mut bytes = vec![0; len];
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, range.start + at as u64) {
                Ok(0) => break,
                Ok(n) => at += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        bytes.truncate(at);
        Ok(bytes)
    }

    /// All bytes of a segment.
    pub(super) fn whole(&self, segment: u32) -> std::io::Result<Vec<u8>> {
        std::fs::read(self.path(segment))
    }

    pub(super) fn len(&self, segment: u32) -> std::io::Result<u64> {
        Ok(std::fs::metadata(self.path(segment))?.len())
    }

    /// Writes what makes a segment right again.
    pub(super) fn mend(&self, segment: u32, mends: &[(u64, Vec<u8>)]) -> std::io::Result<()> {
        if mends.is_empty() {
            return Ok(());
        }
        let file = self.for_writing(segment)?;
        for (at, bytes) in mends {
            file.write_all_at(bytes, *at)?;
        }
        self.sync(&file)
    }

    /// Cuts a segment's end off; what was there is kept beside it under the name returned.
    pub(super) fn cut(&self, segment: u32, end: u64) -> std::io::Result<Option<String>> {
        let len = self.len(segment)?;
        if len <= end {
            return Ok(None);
        }
        let torn = self.read(segment, end..len)?;
        let mut kept = None;
        if torn.iter().any(|byte| *byte != 0) {
            let name = format!("torn-{segment:08}-{end}");
            let file = File::create(self.dir.join(&name))?;
            file.write_all_at(&torn, 0)?;
            self.sync(&file)?;
            kept = Some(name);
        }
        let file = self.for_writing(segment)?;
        file.set_len(end)?;
        self.sync(&file)?;
        self.open.lock().remove(&segment);
        Ok(kept)
    }

    /// Puts a segment that was never finished out of the way.
    pub(super) fn put_aside(&self, segment: u32) -> std::io::Result<String> {
        let name = format!("unfinished-{segment:08}");
        std::fs::rename(self.path(segment), self.dir.join(&name))?;
        if !self.skip_fsync {
            sync_dir(&self.dir)?;
        }
        self.open.lock().remove(&segment);
        Ok(name)
    }
}
