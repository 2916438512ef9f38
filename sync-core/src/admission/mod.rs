//! Admission: whether what a device brings becomes part of the log.
//!
//! What enters: one pushed device log, the facts, and the server's clock. What leaves: a decision
//! for every entry, or one problem with the whole device log. What never happens here: reading
//! anything but the facts given, or deciding on one entry by another one of the batch that is not
//! among its heads. One bad entry never keeps the next from being looked at.
//!
//! Two tiers. A *problem* is with the device log itself: it does not chain, is not signed, or is
//! another device's; nothing in it can be attributed, so nothing of it enters the stream. A
//! *refusal* is of one entry: it takes its place in the stream with the reason, so that its
//! author's chain goes on.

mod decide;
mod fits;
mod room;

pub use decide::{admit, check_edit, check_next};
pub use fits::what_fits;

use std::sync::Arc;

use crate::directory::Standing;
use crate::entry::{Author, Entry, RefusalCode, Signature, Verdict};
use crate::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId, UserId,
};
use crate::schema::Form;
use crate::time::Timestamp;
use crate::view::PartState;

/// Entries of one device log, in order, with the device's signature over its newest link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedLog {
    /// The stream.
    pub stream: StreamId,
    /// Whose log it is.
    pub incarnation: IncarnationId,
    /// Places right before the entries whose words were erased, by their hashes: they can be had
    /// no more, and what was written after them keeps its name.
    pub erased: Vec<ErasedPlace>,
    /// Entries with dense sequence numbers.
    pub entries: Vec<Entry>,
    /// The signature over the link of the last entry, or place.
    pub signature: Signature,
}

/// A place of a device log of which only the hash is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedPlace {
    /// Its sequence.
    pub seq: u64,
    /// Hash of the entry that stood there.
    pub hash: Hash,
}

impl PushedLog {
    /// Places that it brings, with words or without.
    #[must_use]
    pub fn len(&self) -> usize {
        self.erased.len() + self.entries.len()
    }
    /// Whether it brings nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The sequence of its last place.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        let erased = self.erased.last().map(|place| place.seq);
        self.entries.last().map(|e| e.header.seq).or(erased)
    }
}

/// Why a whole device log was not taken. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogProblem {
    /// Entries are missing before the first: send again from this sequence.
    Gap {
        /// The sequence the server needs next.
        expected: u64,
    },
    /// The chain or the signature does not verify.
    BadSignature,
    /// The server has other entries under these sequence numbers: the store was restored or
    /// copied. Go on under a new incarnation; nothing is lost.
    Forked,
    /// The log belongs to another device.
    NotYourLog,
    /// The stream's area is not known or holds no records.
    UnknownStream,
    /// More than one push may bring.
    TooLarge,
}

impl LogProblem {
    /// Its number on the wire, and the sequence expected (0 unless a gap).
    pub(crate) fn to_wire(self) -> (u8, u64) {
        match self {
            Self::Gap { expected } => (0, expected),
            Self::BadSignature => (1, 0),
            Self::Forked => (2, 0),
            Self::NotYourLog => (3, 0),
            Self::UnknownStream => (4, 0),
            Self::TooLarge => (5, 0),
        }
    }
    /// The inverse of [`LogProblem::to_wire`].
    pub(crate) fn from_wire(code: u8, expected: u64) -> Option<Self> {
        Some(match code {
            0 => Self::Gap { expected },
            1 => Self::BadSignature,
            2 => Self::Forked,
            3 => Self::NotYourLog,
            4 => Self::UnknownStream,
            5 => Self::TooLarge,
            _ => return None,
        })
    }
    /// The stable text of the problem.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap { .. } => "sequence_gap",
            Self::BadSignature => "bad_signature",
            Self::Forked => "forked",
            Self::NotYourLog => "not_your_log",
            Self::UnknownStream => "unknown_stream",
            Self::TooLarge => "too_large",
        }
    }
}

/// The newest place of a device log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogHead {
    /// Its sequence; 0 before the first entry.
    pub seq: u64,
    /// Its link; zeros before the first entry.
    pub link: Hash,
}

/// What is known of an entry in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFact {
    /// Its hash.
    pub hash: Hash,
    /// The record it is on, when that could be told.
    pub record: Option<RecordId>,
    /// Whether it is part of the record.
    pub admitted: bool,
}

/// What is known of a record, over all its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordFact {
    /// Nothing.
    Unknown,
    /// It lives in this grid and has this form.
    Known {
        /// Its grid.
        grid: AreaCode,
        /// Its form.
        form: FormCode,
    },
    /// It was erased.
    Erased,
}

/// The facts that admission decides by. The server answers from its views, the simulation from memory.
pub trait Facts {
    /// What reading a fact may fail with.
    type Error;
    /// Whether records are kept for this area.
    fn is_grid(&mut self, area: &AreaCode) -> Result<bool, Self::Error>;
    /// What a user may do in an area now.
    fn standing(
        &mut self,
        user: UserId,
        area: &AreaCode,
        now: Timestamp,
    ) -> Result<Standing, Self::Error>;
    /// A form version.
    fn form(&mut self, code: &FormCode, version: u32) -> Result<Option<Arc<Form>>, Self::Error>;
    /// Whether any version of a form is known.
    fn has_form(&mut self, code: &FormCode) -> Result<bool, Self::Error>;
    /// The device that first wrote under this incarnation.
    fn incarnation_owner(
        &mut self,
        incarnation: IncarnationId,
    ) -> Result<Option<DeviceId>, Self::Error>;
    /// Whether several people write under this incarnation, as they do at the server: what one of
    /// them saw does not hold what another wrote there.
    fn is_of_many(&mut self, _incarnation: IncarnationId) -> Result<bool, Self::Error> {
        Ok(false)
    }
    /// The head of a device log.
    fn log_head(
        &mut self,
        stream: &StreamId,
        incarnation: IncarnationId,
    ) -> Result<LogHead, Self::Error>;
    /// An entry of the log.
    fn entry(&mut self, stream: &StreamId, id: &EntryRef)
    -> Result<Option<EntryFact>, Self::Error>;
    /// Who made an entry of the log; none when nothing is known of it.
    fn author(&mut self, stream: &StreamId, id: &EntryRef) -> Result<Option<UserId>, Self::Error>;
    /// Whether rules about people hold: that a step is taken by another person than the one before.
    /// They do not where the server writes down again what was done.
    fn tells_people(&mut self) -> bool {
        true
    }
    /// A record.
    fn record(&mut self, record: &RecordId) -> Result<RecordFact, Self::Error>;
    /// The row of a record in this stream.
    fn part(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
    ) -> Result<Option<PartState>, Self::Error>;
    /// Of these heads of a record, those that no other of them was made after.
    fn newest_of(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Vec<EntryRef>, Self::Error>;
    /// The row of a record as it was at these heads, none of which are all of its heads.
    fn part_at(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Option<PartState>, Self::Error>;
    /// The row after merging an entry that was not made at the record's heads.
    fn merge(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        entry: &Entry,
    ) -> Result<PartState, Self::Error>;
    /// Whether the next entry of a log is decided on now; asked after each decision. Those that are
    /// left have no decision yet: the same log, brought again, goes on with them.
    fn goes_on(&mut self) -> bool {
        true
    }
    /// Takes a decision in, so that the next entry of the batch sees it.
    fn decided(&mut self, stream: &StreamId, decision: &Decision) -> Result<(), Self::Error>;
}

/// What was decided on one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The entry.
    pub entry: Entry,
    /// Its hash.
    pub hash: Hash,
    /// The link after it.
    pub link: Hash,
    /// Who brought it.
    pub author: Author,
    /// When.
    pub received: Timestamp,
    /// The decision.
    pub verdict: Verdict,
    /// The record it is on, when that can be told.
    pub record: Option<RecordId>,
    /// The record's form, when that can be told.
    pub form: Option<FormCode>,
    /// The record's row with it, when admitted.
    pub state: Option<PartState>,
    /// The device's signature over the link, on the last entry of a push.
    pub signature: Option<Signature>,
}

impl Decision {
    /// Why it was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<RefusalCode> {
        match self.verdict {
            Verdict::Refused(code) => Some(code),
            Verdict::Admitted { .. } => None,
        }
    }
}
