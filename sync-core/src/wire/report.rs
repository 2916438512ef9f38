//! From version 3 on: what a phone says of itself, and which records were erased since it last asked.

use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::ids::RecordId;
use crate::limits::{MAX_ERASURES, MAX_LIBRARY_BYTES};
use crate::time::Timestamp;

/// What a phone says of itself with each request: what whoever answers for it needs to know, and
/// nothing of where it is or what it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PhoneReport {
    /// Revision up to which it knows what was erased; 0 before the first.
    pub erasures: u64,
    /// Entries that still wait on the phone after those of this request.
    pub pending: u64,
    /// Its clock.
    pub clock: Timestamp,
    /// The version of its library: ASCII letters, digits, `.`, `-` and `+`.
    pub library: String,
}

/// Records erased since a revision, in the order in which they were.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErasureNews {
    /// The revision of the last of them: name it in the next request.
    pub revision: u64,
    /// Whether more follow: ask again.
    pub more: bool,
    /// The records.
    pub records: Vec<RecordId>,
}

fn is_version(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    text.bytes().all(fits)
}

pub(super) fn put_report(out: &mut Vec<u8>, report: &PhoneReport) {
    put_u64(out, report.erasures);
    put_u64(out, report.pending);
    put_i64(out, report.clock.millis());
    put_str(out, &report.library);
}

pub(super) fn get_report(r: &mut Reader<'_>) -> Result<PhoneReport, DecodeError> {
    let (erasures, pending, clock) = (r.u64()?, r.u64()?, Timestamp(r.i64()?));
    let library = r.str(MAX_LIBRARY_BYTES)?;
    if !is_version(library) {
        return Err(DecodeError::OutOfRange("library"));
    }
    Ok(PhoneReport {
        erasures,
        pending,
        clock,
        library: library.to_owned(),
    })
}

pub(super) fn put_erasures(out: &mut Vec<u8>, news: &ErasureNews) {
    put_u64(out, news.revision);
    out.push(u8::from(news.more));
    put_u64(out, news.records.len() as u64);
    for record in &news.records {
        out.extend_from_slice(&record.bytes());
    }
}

pub(super) fn get_erasures(r: &mut Reader<'_>) -> Result<ErasureNews, DecodeError> {
    let revision = r.u64()?;
    let more = match r.u8()? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::OutOfRange("boolean")),
    };
    let n = r.count(MAX_ERASURES, "erasures")?;
    let records = (0..n)
        .map(|_| Ok(RecordId::from_bytes(r.array()?)))
        .collect::<Result<_, DecodeError>>()?;
    Ok(ErasureNews {
        revision,
        more,
        records,
    })
}
