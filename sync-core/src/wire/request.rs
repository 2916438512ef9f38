//! The request of a sync.

use crate::admission::PushedLog;
use crate::codec::{DecodeError, Reader, put_u64};
use crate::entry::{Author, Receipt};
use crate::ids::{IncarnationId, StreamId};
use crate::limits::{
    CURSOR_PREFIX_BYTES, MAX_ENTRIES_PER_PUSH, MAX_ITEMS_PER_MESSAGE, MAX_LOGS_PER_PUSH,
    MAX_OPS_PER_MESSAGE, MAX_STREAMS_PER_SYNC,
};
use crate::wire::answer::{Trip, get_trip, put_trip};
use crate::wire::erased::{get_erased, get_headers, is_erased, put_erased, put_headers};
use crate::wire::frame::{frame_version, open_frame, seal_frame_as};
use crate::wire::items::{Left, get_items, put_items};
use crate::wire::logs::{get_log, put_log};
use crate::wire::recover::RecoverRun;
use crate::wire::report::{PhoneReport, get_report, put_report};
use crate::wire::tables::{StreamNames, Table};
use crate::wire::{
    ERASED_WIRE_VERSION, FIRST_WIRE_VERSION, REPORT_WIRE_VERSION, SEEN_WIRE_VERSION,
    SIGNED_WIRE_VERSION,
};

/// How far a phone has followed a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The stream.
    pub stream: StreamId,
    /// Items seen.
    pub seq: u64,
    /// The first bytes of the prefix there.
    pub prefix: [u8; CURSOR_PREFIX_BYTES],
}

/// One request: what is new here, and how far everything else was followed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncRequest {
    /// The log epoch that the cursors are of; 0 before the first sync.
    pub epoch: u64,
    /// Digest of the directory held; zeros when there is none.
    pub directory: [u8; 8],
    /// Bytes the response should stay under, in units of 1 KiB; 0 leaves it to the server.
    pub budget_kib: u64,
    /// Streams followed, sorted.
    pub cursors: Vec<Cursor>,
    /// Streams that were erased here because the server said so.
    pub erased: Vec<StreamId>,
    /// New entries.
    pub logs: Vec<PushedLog>,
    /// What a restored server lost.
    pub recover: Vec<RecoverRun>,
    /// Revision up to which this phone knows what supervisors have seen; none asks in the first
    /// version, which has no such thing.
    pub seen: Option<u64>,
    /// What the phone says of itself; none asks in the version before, which has no such thing.
    /// Left out of a request that has no [`seen`](Self::seen).
    pub report: Option<PhoneReport>,
    /// What the answer is bound to; none asks in the version before, whose answers are not signed.
    /// Left out of a request that has no [`report`](Self::report). One that has it and brings what is
    /// left of erased entries asks in the version after.
    pub trip: Option<Trip>,
}

impl SyncRequest {
    /// The version of its body, and of the response to it.
    #[must_use]
    pub fn version(&self) -> u8 {
        match (self.seen, &self.report, self.trip) {
            (None, _, _) => FIRST_WIRE_VERSION,
            (Some(_), None, _) => SEEN_WIRE_VERSION,
            (Some(_), Some(_), None) => REPORT_WIRE_VERSION,
            (Some(_), Some(_), Some(_)) if self.has_erased() => ERASED_WIRE_VERSION,
            (Some(_), Some(_), Some(_)) => SIGNED_WIRE_VERSION,
        }
    }

    fn has_erased(&self) -> bool {
        self.logs.iter().any(|log| !log.erased.is_empty())
            || self
                .recover
                .iter()
                .any(|run| run.items.iter().any(is_erased))
    }

    /// Leaves out what is left of erased entries, for a server that does not know it.
    pub fn leave_erased_out(&mut self) {
        for log in &mut self.logs {
            log.erased.clear();
        }
        for item in self.recover.iter_mut().flat_map(|run| &mut run.items) {
            item.entry.take_if(|entry| entry.ops.is_none());
        }
    }

    /// Whether it brings nothing and tells of nothing done: an answer that says nothing changes
    /// nothing then.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        self.logs.is_empty() && self.erased.is_empty() && self.recover.is_empty()
    }

    /// The incarnations named by its logs, in order: the response refers to them by number.
    #[must_use]
    pub fn incarnations(&self) -> Vec<IncarnationId> {
        let mut all = Vec::new();
        for log in &self.logs {
            if !all.contains(&log.incarnation) {
                all.push(log.incarnation);
            }
        }
        all
    }

    /// The body of the request.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut incarnations = Table::with_known(Vec::new());
        let mut authors: Table<Author> = Table::with_known(Vec::new());
        for incarnation in self.incarnations() {
            incarnations.place(incarnation);
        }
        let mut tail = Vec::new();
        let mut names = StreamNames::default();
        put_u64(&mut tail, self.logs.len() as u64);
        for log in &self.logs {
            put_log(&mut tail, log, &mut names, &mut incarnations);
        }
        put_u64(&mut tail, self.recover.len() as u64);
        for run in &self.recover {
            tail.extend_from_slice(&run.receipt.encode());
            names.put(&mut tail, &run.stream);
            put_u64(&mut tail, run.after);
            put_items(
                &mut tail,
                &run.items,
                &mut incarnations,
                &mut authors,
                |_| false,
            );
        }
        let mut out = Vec::with_capacity(tail.len() + 256);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.directory);
        put_u64(&mut out, self.budget_kib);
        let mut names = StreamNames::default();
        put_u64(&mut out, self.cursors.len() as u64);
        for cursor in &self.cursors {
            names.put(&mut out, &cursor.stream);
            put_u64(&mut out, cursor.seq);
            out.extend_from_slice(&cursor.prefix);
        }
        put_u64(&mut out, self.erased.len() as u64);
        for stream in &self.erased {
            names.put(&mut out, stream);
        }
        incarnations.put(&mut out);
        authors.put(&mut out);
        out.extend_from_slice(&tail);
        if let Some(revision) = self.seen {
            put_u64(&mut out, revision);
            if let Some(report) = &self.report {
                put_report(&mut out, report);
                if let Some(trip) = &self.trip {
                    put_trip(&mut out, trip);
                    if self.has_erased() {
                        put_erased(&mut out, &self.logs);
                        put_headers(&mut out, &self.recover);
                    }
                }
            }
        }
        seal_frame_as(self.version(), &out)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of a body that does not decode is used.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let version = frame_version(body)?;
        let content = open_frame(body)?;
        let mut r = Reader::new(&content);
        let epoch = u64::from_be_bytes(r.array()?);
        let directory = r.array()?;
        let budget_kib = r.u64()?;
        let mut names = StreamNames::default();
        let n = r.count(MAX_STREAMS_PER_SYNC, "streams")?;
        let mut cursors = Vec::with_capacity(n);
        for _ in 0..n {
            cursors.push(Cursor {
                stream: names.get(&mut r)?,
                seq: r.u64()?,
                prefix: r.array()?,
            });
        }
        let n = r.count(MAX_STREAMS_PER_SYNC, "streams")?;
        let erased = (0..n)
            .map(|_| names.get(&mut r))
            .collect::<Result<Vec<_>, _>>()?;
        let incarnations = Table::get(&mut r, Vec::new())?;
        let authors = Table::get(&mut r, Vec::new())?;
        let mut names = StreamNames::default();
        let mut left = Left {
            ops: MAX_OPS_PER_MESSAGE,
            items: MAX_ITEMS_PER_MESSAGE,
        };
        let mut entries_left = MAX_ENTRIES_PER_PUSH;
        let n = r.count(MAX_LOGS_PER_PUSH, "device logs")?;
        let mut logs = Vec::with_capacity(n);
        for _ in 0..n {
            logs.push(get_log(
                &mut r,
                &mut names,
                &incarnations,
                &mut entries_left,
                &mut left.ops,
            )?);
        }
        let n = r.count(MAX_STREAMS_PER_SYNC, "runs")?;
        let mut recover = Vec::with_capacity(n);
        for _ in 0..n {
            let receipt = Receipt::decode(&mut r)?;
            let stream = names.get(&mut r)?;
            let after = r.u64()?;
            let items = get_items(&mut r, &stream, &incarnations, &authors, &mut left)?;
            recover.push(RecoverRun {
                receipt,
                stream,
                after,
                items,
            });
        }
        let seen = match version {
            FIRST_WIRE_VERSION => None,
            _ => Some(r.u64()?),
        };
        let report = match version {
            FIRST_WIRE_VERSION | SEEN_WIRE_VERSION => None,
            _ => Some(get_report(&mut r)?),
        };
        let trip = match version {
            SIGNED_WIRE_VERSION.. => Some(get_trip(&mut r)?),
            _ => None,
        };
        if version >= ERASED_WIRE_VERSION {
            get_erased(&mut r, &mut logs)?;
            get_headers(&mut r, &mut recover)?;
        }
        r.finish()?;
        Ok(Self {
            epoch,
            directory,
            budget_kib,
            cursors,
            erased,
            logs,
            recover,
            seen,
            report,
            trip,
        })
    }
}
