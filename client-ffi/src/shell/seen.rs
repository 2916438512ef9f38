//! Seen by a supervisor: the marks a server sends, kept beside the record.
//!
//! What enters: marks on device logs of this phone's user. What leaves: when all that the user
//! wrote to a record had been seen. What never happens here: taking a mark back; a restored server
//! may have lost it, and what was seen stays seen.

use gridfold_sync_core::codec::{DecodeError, Reader, put_i64, put_u64};
use gridfold_sync_core::ids::{EntryRef, RecordId};
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::rows::{
    StreamNo, decode_entry, part_prefix, read_ref, ref_of_key, stream_of_key,
};
use crate::shell::store::{ENTRIES, SEEN, Source};

/// Device logs of one user on one record and class; the bound only stops damage.
const MAX_MARKS: usize = 1 << 16;

/// Up to which entry of one device log a record was seen, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) upto: EntryRef,
    pub(crate) at: Timestamp,
}

fn encode(marks: &[Mark]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + 32 * marks.len());
    put_u64(&mut out, marks.len() as u64);
    for mark in marks {
        out.extend_from_slice(&mark.upto.to_bytes());
        put_i64(&mut out, mark.at.millis());
    }
    out
}

fn decode(bytes: &[u8]) -> Result<Vec<Mark>, DecodeError> {
    let mut r = Reader::new(bytes);
    let n = r.count(MAX_MARKS, "marks")?;
    let mut marks = Vec::with_capacity(n);
    for _ in 0..n {
        marks.push(Mark {
            upto: read_ref(&mut r)?,
            at: Timestamp(r.i64()?),
        });
    }
    r.finish()?;
    Ok(marks)
}

/// All marks on a record, with their streams.
pub(crate) fn marks_in(
    source: &impl Source,
    record: &RecordId,
) -> Result<Vec<(StreamNo, Mark)>, ClientError> {
    let mut marks = Vec::new();
    for (key, value) in source.scan(SEEN, &record.bytes())? {
        let stream = stream_of_key(&key[16..])?;
        marks.extend(decode(&value)?.into_iter().map(|mark| (stream, mark)));
    }
    Ok(marks)
}

impl Batch<'_> {
    /// Notes that a record was seen up to an entry of one device log. Tells whether that was news.
    pub(crate) fn note_seen(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        upto: EntryRef,
        at: Timestamp,
    ) -> Result<bool, ClientError> {
        let key = part_prefix(record, stream);
        let mut marks = match self.tx.get(SEEN, &key)? {
            Some(bytes) => decode(&bytes)?,
            None => Vec::new(),
        };
        let same_log = |m: &&mut Mark| m.upto.incarnation == upto.incarnation;
        match marks.iter_mut().find(same_log) {
            Some(known) if known.upto.seq >= upto.seq => return Ok(false),
            Some(known) => *known = Mark { upto, at },
            None => marks.push(Mark { upto, at }),
        }
        self.tx.put(SEEN, &key, &encode(&marks))?;
        // So that whoever shows it shows it anew.
        if self.record(record)?.is_some() {
            self.touch(record);
        }
        Ok(true)
    }

    /// Forgets what was seen of a record in a stream that is erased here.
    pub(crate) fn forget_seen(
        &self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(), ClientError> {
        self.tx.delete(SEEN, &part_prefix(record, stream))
    }
}

impl Shell {
    pub(crate) fn seen(&self, record: &RecordId) -> Result<Option<Timestamp>, ClientError> {
        self.read(|rx| {
            let marks = marks_in(rx, record)?;
            if marks.is_empty() {
                return Ok(None);
            }
            let state = self.state.read();
            let bearings = &state.bearings;
            let user = bearings.account.as_ref().map(|a| a.user);
            let mut seen = None;
            for (key, value) in rx.scan(ENTRIES, &record.bytes())? {
                let stream = stream_of_key(&key[16..])?;
                let row = decode_entry(ref_of_key(&key)?, &value)?;
                let ours = bearings.is_own(row.id.incarnation)
                    || row.said.is_some_and(|s| Some(s.author.user) == user);
                if !ours || !row.fate.counts() {
                    continue;
                }
                let covers = |(of, mark): &&(StreamNo, Mark)| {
                    *of == stream
                        && mark.upto.incarnation == row.id.incarnation
                        && mark.upto.seq >= row.id.seq
                };
                match marks.iter().find(covers) {
                    Some((_, mark)) => seen = seen.max(Some(mark.at)),
                    None => return Ok(None),
                }
            }
            Ok(seen)
        })
    }
}
