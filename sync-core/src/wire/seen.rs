//! What supervisors have seen of what the asker wrote, from version 2 on.

use crate::codec::{DecodeError, Reader, put_i64, put_u64};
use crate::ids::{EntryRef, IncarnationId, RecordId, StreamId};
use crate::limits::MAX_SEEN_MARKS;
use crate::time::Timestamp;
use crate::wire::tables::{StreamNames, Table};

/// A supervisor has seen a record with the entries of one device log up to one of them.
///
/// It names an entry and not a place in the stream: places of a restored server may be given out
/// anew, entries never change their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMark {
    /// The stream.
    pub stream: StreamId,
    /// The record.
    pub record: RecordId,
    /// The newest entry of its device log, on this record, that was seen.
    pub upto: EntryRef,
    /// When, by the server's clock.
    pub at: Timestamp,
}

/// Marks since a revision, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeenNews {
    /// The revision of the last of them: name it in the next request.
    pub revision: u64,
    /// Whether more follow: ask again.
    pub more: bool,
    /// The marks.
    pub marks: Vec<SeenMark>,
}

/// Appends marks; their times as differences, the first from `now`.
pub(super) fn put_news(
    out: &mut Vec<u8>,
    news: &SeenNews,
    now: Timestamp,
    names: &mut StreamNames,
    incarnations: &mut Table<IncarnationId>,
) {
    put_u64(out, news.revision);
    out.push(u8::from(news.more));
    put_u64(out, news.marks.len() as u64);
    let mut last = now.millis();
    for mark in &news.marks {
        names.put(out, &mark.stream);
        out.extend_from_slice(&mark.record.bytes());
        put_u64(out, incarnations.place(mark.upto.incarnation));
        put_u64(out, mark.upto.seq);
        put_i64(out, mark.at.millis().wrapping_sub(last));
        last = mark.at.millis();
    }
}

/// Reads marks.
pub(super) fn get_news(
    r: &mut Reader<'_>,
    now: Timestamp,
    names: &mut StreamNames,
    incarnations: &Table<IncarnationId>,
) -> Result<SeenNews, DecodeError> {
    let revision = r.u64()?;
    let more = match r.u8()? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::OutOfRange("boolean")),
    };
    let n = r.count(MAX_SEEN_MARKS, "marks")?;
    let mut marks = Vec::with_capacity(n);
    let mut last = now.millis();
    for _ in 0..n {
        let stream = names.get(r)?;
        let record = RecordId::from_bytes(r.array()?);
        let upto = EntryRef {
            incarnation: incarnations.at(r.u64()?)?,
            seq: r.u64()?,
        };
        last = last.wrapping_add(r.i64()?);
        marks.push(SeenMark {
            stream,
            record,
            upto,
            at: Timestamp(last),
        });
    }
    Ok(SeenNews {
        revision,
        more,
        marks,
    })
}
