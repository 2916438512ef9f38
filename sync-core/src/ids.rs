//! Identifiers: UUIDv7 newtypes and short names. No identifier is ever a bare string or number.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

macro_rules! uuid_id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A UUIDv7 of the given time; `random` supplies its 74 random bits.
            #[must_use]
            pub fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid_v7(at, random))
            }
            /// The 16 bytes of the id.
            #[must_use]
            pub fn bytes(&self) -> [u8; 16] {
                *self.0.as_bytes()
            }
            /// The id with these 16 bytes.
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
            /// Reads the hyphenated form.
            ///
            /// # Errors
            /// [`NameError`] when the text is no UUID.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotAnId)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

uuid_id! {
    /// One thing captured.
    RecordId,
    /// A person who works with records.
    UserId,
    /// A phone, or the server's own console.
    DeviceId,
    /// One life of a device's store; a store restored from a backup gets a new one.
    IncarnationId,
    /// One line of the dated ledger of who may do what where.
    GrantId,
    /// One carry bundle.
    CarryId,
    /// One import of a file.
    ImportId,
    /// One redrawing of grids.
    RedrawId,
}

fn uuid_v7(at: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Why a text is no valid identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a UUID.
    #[error("this is not an id: an id has the form 0190b2c4-aaaa-7bbb-8ccc-0123456789ab")]
    NotAnId,
    /// Empty, too long, or with characters outside the allowed set.
    #[error("a name has 1 to 64 letters, digits, '_', '-' or '.'")]
    BadName,
}

macro_rules! name {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps a name: 1 to 64 ASCII letters, digits, `_`, `-` or `.`.
            ///
            /// # Errors
            /// [`NameError::BadName`] otherwise.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let ok = !text.is_empty()
                    && text.len() <= crate::limits::MAX_NAME_BYTES
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
                if ok { Ok(Self(Arc::from(text))) } else { Err(NameError::BadName) }
            }
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

name! {
    /// Code of an area, for example the administrative code `120101001001`.
    AreaCode,
    /// Code of a form, for example `visit`.
    FormCode,
    /// Key of a field inside a form, or of a member inside a repeated group.
    FieldKey,
    /// Key of a choice of a choose-one or choose-many field.
    ChoiceKey,
    /// Key of one item of a repeated group, unique within its field.
    ItemKey,
    /// Name of a transition, for example `dispatch`.
    ActionKey,
    /// Code of a kind of matters, for example `street_light`.
    KindCode,
    /// Code of a plan of work that comes again, for example `hardship-visits`.
    PlanCode,
}

/// How closely a field is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitivityClass {
    /// Nothing about a person: what, where, when.
    General = 0,
    /// Names, telephone numbers, what a household said.
    Personal = 1,
    /// Health, hardship and whatever else needs a reason to be read.
    Restricted = 2,
}

impl SensitivityClass {
    /// All classes, least held first.
    pub const ALL: [Self; 3] = [Self::General, Self::Personal, Self::Restricted];

    /// The class with this number.
    #[must_use]
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.get(usize::from(n)).copied()
    }

    /// What it is called in forms, in the API and in indexes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Personal => "personal",
            Self::Restricted => "restricted",
        }
    }
}

/// One append-only log of records: a grid and a sensitivity class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// The grid whose records it holds.
    pub grid: AreaCode,
    /// The class of the fields it holds.
    pub class: SensitivityClass,
}

impl StreamId {
    /// The stream of a grid and class.
    #[must_use]
    pub fn new(grid: AreaCode, class: SensitivityClass) -> Self {
        Self { grid, class }
    }
    /// `grid/class-number`, the name used in hashes, in the log and in metrics.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.grid, self.class as u8)
    }
    /// Reads what [`StreamId::name`] wrote.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (grid, class) = name.rsplit_once('/')?;
        // One digit: what is read must be written the same again.
        let class = SensitivityClass::ALL
            .into_iter()
            .find(|c| class == (*c as u8).to_string())?;
        Some(Self {
            grid: AreaCode::new(grid).ok()?,
            class,
        })
    }
}

/// Names one entry inside a stream: which device log, and the place in it (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The incarnation whose device log it is.
    pub incarnation: IncarnationId,
    /// Place in that device log, dense from 1.
    pub seq: u64,
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.incarnation, self.seq)
    }
}

impl EntryRef {
    /// Reads `incarnation:seq`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (incarnation, seq) = text.split_once(':')?;
        Some(Self {
            incarnation: IncarnationId::parse(incarnation).ok()?,
            // Digits only: `parse` alone would take `+1`.
            seq: seq
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| seq.parse().ok())
                .flatten()?,
        })
    }
    /// 24 bytes: the incarnation, then the sequence big-endian; sorts like the reference itself.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 24] {
        let mut out = [0; 24];
        out[..16].copy_from_slice(&self.incarnation.bytes());
        out[16..].copy_from_slice(&self.seq.to_be_bytes());
        out
    }
}

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for b in self.0 {
            write!(f, "{b:02x}")?;
        }
        Ok(())
    }
}
