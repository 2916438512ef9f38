//! What is kept of a device log that could not be taken: an item of a stream of its own.

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::codec::put_bytes;
use gridfold_sync_core::edit::encode_payload;
use gridfold_sync_core::entry::{Author, Entry};
use gridfold_sync_core::ids::{DeviceId, IncarnationId, UserId};
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Name of the stream of device logs that could not be taken.
pub const QUARANTINE_STREAM: &str = "quarantine";

/// What is kept of a device log that was set aside.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Quarantined {
    device: Uuid,
    user: Uuid,
    stream: String,
    incarnation: Uuid,
    first_seq: u64,
    entries: u64,
    problem: String,
    received: i64,
    /// Headers and payloads as earlier versions kept them, sealed under the device's key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sealed: Vec<u8>,
    /// Headers and payloads by the record they are on, each sealed under its key, so that they go with it; under the device's when no record can be told.
    #[serde(default)]
    parts: Vec<QuarantinedPart>,
}

/// The entries of one record in a log that was set aside.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QuarantinedPart {
    /// Whose key seals it.
    pub(crate) owner: Uuid,
    /// Each entry's header and payload, length-prefixed, in the order of the log.
    pub(crate) sealed: Vec<u8>,
}

/// Adds an entry to what is kept: header and payload, length-prefixed.
pub(crate) fn put_quarantined(out: &mut Vec<u8>, entry: &Entry) {
    put_bytes(out, &entry.header.encode());
    put_bytes(out, &encode_payload(entry.ops()));
}

impl Quarantined {
    pub(crate) fn new(
        author: Author,
        log: &PushedLog,
        problem: &str,
        received: Timestamp,
        parts: Vec<QuarantinedPart>,
    ) -> Self {
        Self {
            device: author.device.0,
            user: author.user.0,
            stream: log.stream.name(),
            incarnation: log.incarnation.0,
            first_seq: log.entries.first().map_or(0, |e| e.header.seq),
            entries: log.entries.len() as u64,
            problem: problem.to_owned(),
            received: received.millis(),
            sealed: Vec::new(),
            parts,
        }
    }
}

/// What is told of an item of the quarantine stream.
pub(crate) fn decode_quarantine(seq: u64, bytes: &[u8]) -> Option<QuarantineNote> {
    let q: Quarantined = serde_json::from_slice(bytes).ok()?;
    Some(QuarantineNote {
        seq,
        author: Author {
            device: DeviceId(q.device),
            user: UserId(q.user),
        },
        stream: q.stream,
        incarnation: IncarnationId(q.incarnation),
        first_seq: q.first_seq,
        entries: q.entries,
        problem: q.problem,
        received: Timestamp(q.received),
    })
}

/// A device log that was set aside.
#[derive(Debug, Clone)]
pub struct QuarantineNote {
    /// Its place in the quarantine stream.
    pub seq: u64,
    /// Who brought it.
    pub author: Author,
    /// The stream it was for, by name.
    pub stream: String,
    /// The device log.
    pub incarnation: IncarnationId,
    /// Its first sequence.
    pub first_seq: u64,
    /// How many entries.
    pub entries: u64,
    /// The problem's code.
    pub problem: String,
    /// When it came.
    pub received: Timestamp,
}
