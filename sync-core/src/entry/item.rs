//! Items: what a stream's log holds, in the order the server gave.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::entry::Entry;
use crate::ids::{DeviceId, EntryRef, Hash, StreamId, UserId};
use crate::time::Timestamp;

/// Who made an entry, as the server knew it when the entry came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Author {
    /// The device.
    pub device: DeviceId,
    /// The person the device was enrolled for, or who signed in to the console.
    pub user: UserId,
}

macro_rules! refusal_codes {
    ($($(#[$doc:meta])* $name:ident = $n:literal, $text:literal;)*) => {
        /// Why an entry was refused. Codes are stable: in the log, on the wire and in the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RefusalCode {
            $($(#[$doc])* $name = $n,)*
        }
        impl RefusalCode {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The stable text of the code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
            /// The code with this number.
            #[must_use]
            pub fn from_u8(n: u8) -> Option<Self> {
                match n { $($n => Some(Self::$name),)* _ => None }
            }
        }
    };
}

refusal_codes! {
    /// Its heads are not in this stream's log.
    MissingHeads = 1, "missing_heads";
    /// Its heads are of more than one record.
    HeadsOfAnotherRecord = 2, "heads_of_another_record";
    /// One of its heads was itself refused.
    RefusedHeads = 3, "refused_heads";
    /// The form is not known.
    UnknownForm = 4, "unknown_form";
    /// The form is known but not this version of it.
    UnknownFormVersion = 5, "unknown_form_version";
    /// The record has another form.
    WrongForm = 6, "wrong_form";
    /// The form has no such field.
    UnknownField = 7, "unknown_field";
    /// The field takes another kind of operation or value.
    WrongType = 8, "wrong_type";
    /// The field belongs to another sensitivity class, so to another stream.
    WrongClass = 9, "wrong_class";
    /// The value is outside the form's range, pattern or list.
    OutOfRange = 10, "out_of_range";
    /// A position past the end of the text.
    PastEnd = 11, "past_end";
    /// Longer than the form or the protocol allows.
    TooLong = 12, "too_long";
    /// More operations than one edit or one record may have.
    TooManyOperations = 13, "too_many_operations";
    /// The record has as many entries or forks as a record may have.
    RecordFull = 14, "record_full";
    /// This role may not write the field.
    NotWritable = 15, "not_writable";
    /// The user never had a grant for this area.
    NoGrant = 16, "no_grant";
    /// The user's grant ended and the time for late edits is over.
    GrantEnded = 17, "grant_ended";
    /// The record belongs to another grid.
    AnotherGrid = 18, "another_grid";
    /// The record was erased.
    Erased = 19, "erased";
    /// The lifecycle has no such transition from the status the edit was made at.
    TransitionNotAllowed = 20, "transition_not_allowed";
    /// The edit has no operations.
    Empty = 21, "empty";
    /// It was made beside an earlier edit of the same device log, which its device knew.
    BesideOwnEdit = 22, "beside_own_edit";
    /// One of its heads was made after another of them, which says nothing and costs a merge.
    NeedlessHeads = 23, "needless_heads";
}

/// What admission decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Part of the record.
    Admitted {
        /// It came after its author's grant for the area had ended, in the time allowed for that.
        late: bool,
    },
    /// Kept and shown with the reason, but no part of the record.
    Refused(RefusalCode),
}

impl Verdict {
    /// 0 admitted, 1 admitted late, 2 + code refused.
    #[must_use]
    pub fn to_u8(self) -> u8 {
        match self {
            Self::Admitted { late } => u8::from(late),
            Self::Refused(code) => code as u8 + 2,
        }
    }
    /// The inverse of [`Verdict::to_u8`].
    #[must_use]
    pub fn from_u8(n: u8) -> Option<Self> {
        match n {
            0 => Some(Self::Admitted { late: false }),
            1 => Some(Self::Admitted { late: true }),
            n => RefusalCode::from_u8(n - 2).map(Self::Refused),
        }
    }
    /// Whether the entry is part of the record.
    #[must_use]
    pub fn is_admitted(self) -> bool {
        matches!(self, Self::Admitted { .. })
    }
}

/// One place in a stream's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Name of the entry.
    pub id: EntryRef,
    /// Who made it.
    pub author: Author,
    /// The server's clock when it came.
    pub received: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// Hash of the entry.
    pub entry_hash: Hash,
    /// The entry; `None` for a refused entry of someone else, whose content is not passed on.
    pub entry: Option<Entry>,
}

impl Item {
    /// The hash that enters the stream's prefix.
    #[must_use]
    pub fn hash(&self) -> Hash {
        item_hash(
            &self.entry_hash,
            &self.id,
            &self.author,
            self.received,
            self.verdict,
        )
    }
}

/// SHA-256 of what the server says about an entry.
#[must_use]
pub fn item_hash(
    entry: &Hash,
    id: &EntryRef,
    author: &Author,
    received: Timestamp,
    verdict: Verdict,
) -> Hash {
    let mut h = Sha256::new();
    h.update(b"gridfold item v1");
    h.update(entry.0);
    h.update(id.to_bytes());
    h.update(author.device.bytes());
    h.update(author.user.bytes());
    h.update(received.millis().to_be_bytes());
    h.update([verdict.to_u8()]);
    Hash(h.finalize().into())
}

/// The prefix after `previous` (zeros before the first) and the item with this hash.
#[must_use]
pub fn next_prefix(previous: &Hash, item: &Hash) -> Hash {
    let mut h = Sha256::new();
    h.update(b"gridfold prefix v1");
    h.update(previous.0);
    h.update(item.0);
    Hash(h.finalize().into())
}

/// Checks that an entry hash is the one of this entry in this stream.
impl Item {
    /// Whether the entry carried, if any, is the one named by the hash.
    #[must_use]
    pub fn is_consistent(&self, stream: &StreamId) -> bool {
        self.entry
            .as_ref()
            .is_none_or(|e| e.id() == self.id && e.hash(stream) == self.entry_hash)
    }
}
