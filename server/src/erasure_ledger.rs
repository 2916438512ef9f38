//! The ledger of erasures: what was erased, kept where a restore finds it, apart from the data directory.
//!
//! What enters: the directory's erasures. What leaves: a file of signed lines beside each backup that was made before them, and one that the configuration names. A restore takes them along, and the restored server erases again before it serves anything.
//! What never happens here: a line that another server signed is believed, or an erasure waits for a disk that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::path::{Path, PathBuf};

use gridfold_sync_core::codec::{array_from_hex, to_hex};
use gridfold_sync_core::directory::{Directory, Erasure};
use gridfold_sync_core::entry::{ErasureProof, PublicKey, SignKey, Signature};
use gridfold_sync_core::ids::{AreaCode, RecordId, UserId};
use gridfold_sync_core::time::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::data_dir::{PENDING_FILE_NAME, sync_dir};

/// The longest line that is read; a longer one is none of ours.
const MAX_LINE_BYTES: u64 = 16 << 10;

/// One erasure, as a line of JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    record: RecordId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grid: Option<AreaCode>,
    at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<UserId>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    signature: String,
}

impl Line {
    fn new(key: &SignKey, record: RecordId, erasure: Option<&Erasure>) -> Self {
        let grid = erasure.map(|e| e.grid.clone());
        let at = erasure.map_or(Timestamp(0), |e| e.at);
        let proof = ErasureProof::sign(key, record, grid, at);
        Self {
            record,
            grid: proof.grid,
            at_ms: at.millis(),
            by: erasure.map(|e| e.by),
            reason: erasure.map_or_else(String::new, |e| e.reason.clone()),
            signature: to_hex(&proof.signature.0),
        }
    }

    fn proof(&self) -> Option<ErasureProof> {
        Some(ErasureProof {
            record: self.record,
            grid: self.grid.clone(),
            at: Timestamp(self.at_ms),
            signature: Signature(array_from_hex(&self.signature)?),
        })
    }

    fn erasure(&self, again: Timestamp) -> Option<Erasure> {
        Some(Erasure {
            grid: self.grid.clone()?,
            by: self.by?,
            at: Timestamp(self.at_ms),
            reason: self.reason.clone(),
            again: Some(again),
        })
    }
}

fn lines(path: &Path) -> Result<Vec<Line>> {
    let mut out = Vec::new();
    let mut file = BufReader::new(File::open(path)?);
    loop {
        let mut text = Vec::new();
        let read = file
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(out);
        }
        // A line that a power cut left half is written again.
        out.extend(serde_json::from_slice::<Line>(&text).ok());
    }
}

/// What one file is known to hold.
#[derive(Debug, Clone, Copy)]
struct Known {
    bytes: u64,
    upto: usize,
}

/// The ledgers of a running server.
#[derive(Debug, Default)]
pub(crate) struct Ledgers(Mutex<BTreeMap<PathBuf, Known>>);

impl Ledgers {
    /// Brings a ledger up to date. What it holds stays.
    pub(crate) fn bring(&self, path: &Path, key: &SignKey, directory: &Directory) -> Result<()> {
        let mut known = self.0.lock();
        let order = directory.erasure_order();
        let bytes = match std::fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        let missing: Vec<RecordId> = match known.get(path) {
            Some(k) if k.bytes == bytes && bytes > 0 => order[k.upto.min(order.len())..].to_vec(),
            _ if bytes == 0 => order.to_vec(),
            _ => {
                let there: BTreeSet<RecordId> =
                    lines(path)?.into_iter().map(|l| l.record).collect();
                let missing = order.iter().filter(|r| !there.contains(r));
                missing.copied().collect()
            }
        };
        if bytes == 0 && missing.is_empty() {
            return Ok(());
        }
        let mut file = File::options().create(true).append(true).open(path)?;
        let mut text = Vec::new();
        if bytes > 0 {
            // Whatever the end of the file is, what follows begins a line.
            text.push(b'\n');
        }
        for record in &missing {
            let line = Line::new(key, *record, directory.erasure(record));
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        if !missing.is_empty() {
            file.write_all(&text)?;
        }
        file.sync_all()?;
        if bytes == 0 {
            sync_dir(path.parent().unwrap_or(Path::new("")))?;
        }
        let bytes = file.metadata()?.len();
        let upto = order.len();
        known.insert(path.to_owned(), Known { bytes, upto });
        Ok(())
    }
}

/// Puts what ledgers hold into a data directory that is being made. Those that are not there hold nothing; says how many were read.
pub(crate) fn gather<'a>(dir: &Path, ledgers: impl Iterator<Item = &'a Path>) -> Result<usize> {
    let mut text = Vec::new();
    let mut read = 0;
    for ledger in ledgers {
        let found = match lines(ledger) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            found => found?,
        };
        read += 1;
        for line in found {
            serde_json::to_writer(&mut text, &line).map_err(Error::other)?;
            text.push(b'\n');
        }
    }
    if !text.is_empty() {
        let mut file = File::create(dir.join(PENDING_FILE_NAME))?;
        file.write_all(&text)?;
        file.sync_all()?;
    }
    Ok(read)
}

/// What a restore brought into a data directory and this server signed.
pub(crate) fn pending(
    dir: &Path,
    server: &PublicKey,
    now: Timestamp,
) -> Result<Vec<(RecordId, Option<Erasure>)>> {
    let found = match lines(&dir.join(PENDING_FILE_NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut once = BTreeSet::new();
    let mut out = Vec::new();
    for line in found {
        if !line.proof().is_some_and(|proof| proof.verify(server)) {
            tracing::warn!(record = %line.record, "a line of a ledger of erasures is not this server's and was passed over");
        } else if once.insert(line.record) {
            out.push((line.record, line.erasure(now)));
        }
    }
    Ok(out)
}

/// What was pending is done.
pub(crate) fn settled(dir: &Path) -> Result<()> {
    match std::fs::remove_file(dir.join(PENDING_FILE_NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_dir(dir),
    }
}
