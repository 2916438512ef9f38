//! What a phone holds, as its session asks for it, and the steps by which that changes.
//!
//! What enters: nothing. What leaves: the words that a session and the shell around it share. What
//! never happens here: storing. A shell answers from its store and takes the steps in one
//! transaction, in the order they come; the answer to a question shows every step before it.

use std::fmt::Debug;

use super::state::{LogKey, SyncState};
use crate::edit::Op;
use crate::entry::{Author, Entry, Header, Item, PublicKey, Receipt, RefusalCode, Target, Verdict};
use crate::ids::{EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId};
use crate::session::{Position, SessionError};
use crate::time::Timestamp;

/// Why a device log was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogRefusal {
    /// Its signature does not verify.
    BadSignature,
    /// It belongs to another device.
    NotYourLog,
    /// It is of a stream that is none.
    UnknownStream,
}

impl LogRefusal {
    /// All of them; a place in this list never changes.
    pub const ALL: [Self; 3] = [Self::BadSignature, Self::NotYourLog, Self::UnknownStream];

    /// The stable code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::NotYourLog => "not_your_log",
            Self::UnknownStream => "unknown_stream",
        }
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// In the outbox.
    Pending,
    /// The server decided.
    Decided(Verdict),
    /// The server did not take its device log.
    LogRefused(LogRefusal),
}

impl Fate {
    /// Whether the entry is folded into the record here.
    #[must_use]
    pub fn counts(self) -> bool {
        match self {
            Self::Pending => true,
            Self::Decided(verdict) => verdict.is_admitted(),
            Self::LogRefused(_) => false,
        }
    }

    /// The stable code of a refusal.
    #[must_use]
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Pending | Self::Decided(Verdict::Admitted { .. }) => None,
            Self::Decided(Verdict::Refused(code)) => Some(RefusalCode::as_str(code)),
            Self::LogRefused(why) => Some(why.as_str()),
        }
    }
}

/// What the server said about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// Who wrote it.
    pub author: Author,
    /// When it came there.
    pub received: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// Its place in the stream.
    pub place: u64,
}

/// An entry as a phone holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldEntry {
    /// Its name.
    pub id: EntryRef,
    /// Its hash.
    pub hash: Hash,
    /// What became of it.
    pub fate: Fate,
    /// The link of the device log after it, for the device's own entries.
    pub link: Option<Hash>,
    /// What the server said about it.
    pub said: Option<Said>,
    /// The entry; none for others' refused entries, without operations when erased.
    pub entry: Option<Entry>,
}

impl HeldEntry {
    /// The item as the server gave it.
    #[must_use]
    pub fn item(&self) -> Option<Item> {
        let said = self.said?;
        Some(Item {
            id: self.id,
            author: said.author,
            received: said.received,
            verdict: said.verdict,
            entry_hash: self.hash,
            entry: self.entry.clone(),
        })
    }

    /// Whether it was admitted and is here with its words: what was erased cannot be sent again.
    pub(super) fn can_be_sent(&self) -> bool {
        self.was_admitted() && self.entry.as_ref().is_some_and(|e| e.ops.is_some())
    }

    /// Whether it was admitted and its words were erased.
    pub(super) fn is_erased(&self) -> bool {
        self.was_admitted() && !self.can_be_sent()
    }

    fn was_admitted(&self) -> bool {
        matches!(self.fate, Fate::Decided(v) if v.is_admitted())
    }
}

/// An entry and the record it is filed under, when that is known.
pub type Filed = (Option<RecordId>, HeldEntry);

/// One entry that waits to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<S> {
    /// Its stream.
    pub stream: S,
    /// Its name.
    pub id: EntryRef,
    /// The record it is on, when that is known.
    pub record: Option<RecordId>,
}

/// What a phone holds.
pub trait Held {
    /// Why the store does not answer.
    type Error: From<SessionError>;
    /// The store's own name of a stream.
    type Stream: Copy + Ord + Debug;

    /// The name of a stream that was held here at any time.
    fn known(&self, stream: &StreamId) -> Option<Self::Stream>;
    /// The stream of such a name.
    ///
    /// # Errors
    /// When the store does not answer.
    fn stream(&self, stream: Self::Stream) -> Result<StreamId, Self::Error>;
    /// Streams with a position.
    fn begun(&self) -> Vec<(Self::Stream, Position)>;
    /// The end of the chain of a stream.
    fn position(&self, stream: Self::Stream) -> Position;
    /// The entry at a place of a stream and the position after it.
    ///
    /// # Errors
    /// When the store does not answer.
    fn place(
        &self,
        stream: Self::Stream,
        seq: u64,
    ) -> Result<Option<(EntryRef, Position)>, Self::Error>;
    /// An entry.
    ///
    /// # Errors
    /// When the store does not answer.
    fn entry(&self, stream: Self::Stream, id: &EntryRef) -> Result<Option<Filed>, Self::Error>;
    /// Whether this phone ever wrote under an incarnation.
    fn is_own(&self, incarnation: IncarnationId) -> bool;
    /// The incarnation it writes under.
    fn incarnation(&self) -> IncarnationId;
    /// What waits, in order.
    fn waiting(&self) -> impl Iterator<Item = Waiting<Self::Stream>>;
    /// Places up to which receipts prove a stream, ascending.
    ///
    /// # Errors
    /// When the store does not answer.
    fn proved(&self, stream: Self::Stream) -> Result<Vec<u64>, Self::Error>;
    /// The receipt that proves a stream up to a place.
    ///
    /// # Errors
    /// When the store does not answer.
    fn receipt(&self, stream: Self::Stream, seq: u64) -> Result<Option<Receipt>, Self::Error>;
    /// By which the server knows the directory that is held; zeros when there is none.
    fn directory_digest(&self) -> [u8; 8];
    /// Streams that the directory lets this phone read.
    fn follows(&self) -> Vec<StreamId>;
    /// Where the sessions stand.
    fn state(&self) -> &SyncState<Self::Stream>;
}

/// What is done to what a phone holds, in one transaction.
pub trait Holder: Held {
    /// The name of a stream, given out when it is new.
    ///
    /// # Errors
    /// When the store does not take it.
    fn name(&mut self, stream: &StreamId) -> Result<Self::Stream, Self::Error>;
    /// Where the sessions stand, to be changed; stored with the steps.
    fn state_mut(&mut self) -> &mut SyncState<Self::Stream>;
    /// All entries of a stream.
    ///
    /// # Errors
    /// When the store does not answer.
    fn entries(&self, stream: Self::Stream) -> Result<Vec<Filed>, Self::Error>;
    /// Entries of a device log.
    ///
    /// # Errors
    /// When the store does not answer.
    fn log(&self, key: LogKey<Self::Stream>) -> Result<Vec<Filed>, Self::Error>;
    /// Whether a part of the record in this stream is shown.
    ///
    /// # Errors
    /// When the store does not answer.
    fn has_part(&mut self, record: &RecordId, stream: Self::Stream) -> Result<bool, Self::Error>;
    /// Whether an entry that was refused is still where its person sees it.
    fn shows_refused(&self, stream: Self::Stream, id: &EntryRef) -> bool;
    /// Takes a step.
    ///
    /// # Errors
    /// When the store does not take it; nothing of the transaction stays then.
    fn take(&mut self, step: Step<'_, Self::Stream>) -> Result<(), Self::Error>;
    /// Writes the words of an entry under the next name of this phone's log; it waits to be sent.
    ///
    /// # Errors
    /// When the store does not take it.
    fn write_again(&mut self, again: Again<Self::Stream>) -> Result<EntryRef, Self::Error>;
    /// Erases the words of a record that the server decided on; tells whether any still wait.
    ///
    /// # Errors
    /// When the store does not take it.
    fn erase_record(&mut self, record: &RecordId) -> Result<bool, Self::Error>;
}

/// An entry to be written under another name.
#[derive(Debug)]
pub struct Again<S> {
    /// Its record, when that is known.
    pub record: Option<RecordId>,
    /// Its stream.
    pub stream: S,
    /// What it was made at, in names of now.
    pub target: Target,
    /// Its header before.
    pub header: Header,
    /// Its words.
    pub ops: Vec<Op>,
}

/// One step of a plan.
#[derive(Debug)]
pub enum Step<'a, S> {
    /// Puts a directory in place of the one held.
    Directory(&'a [u8]),
    /// Puts an item at a place of its stream's chain.
    Place {
        /// The stream.
        stream: S,
        /// The place, and the prefix after it.
        at: Position,
        /// The entry there.
        id: EntryRef,
    },
    /// The chain of a stream goes up to here.
    Position {
        /// The stream.
        stream: S,
        /// Its end.
        at: Position,
    },
    /// The chain of a stream ends here: places and receipts past it are forgotten.
    Back {
        /// The stream.
        stream: S,
        /// Its end.
        to: Position,
    },
    /// Keeps a receipt for the streams it proves.
    Receipt {
        /// The receipt.
        receipt: &'a Receipt,
        /// Streams, each up to a place.
        streams: &'a [(S, u64)],
    },
    /// Files an entry that is not here, or writes over the one there is.
    Store {
        /// Its record, when that is known.
        record: Option<RecordId>,
        /// Its stream.
        stream: S,
        /// The entry.
        entry: &'a HeldEntry,
    },
    /// Drops an entry.
    Drop {
        /// The record it is filed under.
        record: Option<RecordId>,
        /// Its stream.
        stream: S,
        /// Its name.
        id: EntryRef,
    },
    /// An entry waits to be sent.
    Enqueue(Waiting<S>),
    /// An entry waits no more.
    Dequeue {
        /// Its stream.
        stream: S,
        /// Its name.
        id: EntryRef,
    },
    /// Folds an entry that counts into its record.
    FoldIn {
        /// Its record.
        record: RecordId,
        /// Its stream.
        stream: S,
        /// The entry.
        entry: &'a Entry,
    },
    /// Folds a part anew from its entries, once all steps are taken.
    Refold {
        /// The record.
        record: RecordId,
        /// The stream.
        stream: S,
    },
    /// Shows a record anew: what is told beside it has changed.
    Show(RecordId),
    /// Puts a refused entry of this device where its person sees it.
    KeepRefused {
        /// Its record.
        record: RecordId,
        /// Its stream.
        stream: S,
        /// The entry.
        entry: &'a HeldEntry,
    },
    /// An entry is refused no more.
    DropRefused {
        /// Its stream.
        stream: S,
        /// Its name.
        id: EntryRef,
    },
    /// Goes on under a new incarnation.
    Renew,
    /// Erases all of a stream but refused edits; they stay until the person settles them.
    EraseStream(S),
    /// Notes that a record was seen by a supervisor up to an entry of one device log.
    Seen {
        /// The record.
        record: RecordId,
        /// The stream.
        stream: S,
        /// The newest entry that was seen.
        upto: EntryRef,
        /// When.
        at: Timestamp,
    },
    /// Forgets what others were told to have of the server's log of before.
    NewEpoch,
}

/// The form a new record is made with.
pub(super) fn form_of_new(entry: Option<&Entry>) -> Option<&FormCode> {
    match entry.map(|e| &e.header.target) {
        Some(Target::New { form, .. }) => Some(form),
        _ => None,
    }
}

/// Who a phone is to its server, and by what it knows it.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The device and its user.
    pub author: Author,
    /// The server's key.
    pub server: PublicKey,
}
