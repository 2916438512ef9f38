//! Typed operations and their canonical bytes.

use sha2::{Digest, Sha256};

use super::value::{Value, put_len, read_choice};
use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::ids::{ActionKey, ChoiceKey, FieldKey, Hash, ItemKey};
use crate::limits::{MAX_NAME_BYTES, MAX_OPS_PER_EDIT, MAX_PAYLOAD_BYTES, OP_WEIGHT};

/// One typed operation on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Gives a field a value, in place of all it had.
    Set {
        /// The field.
        field: FieldKey,
        /// Its new value.
        value: Value,
    },
    /// Empties a field.
    Unset {
        /// The field.
        field: FieldKey,
    },
    /// Changes a long text at a position, counted in Unicode scalar values.
    Splice {
        /// The field.
        field: FieldKey,
        /// Where, from 0.
        at: u32,
        /// How many scalar values go.
        delete: u32,
        /// What comes in their place.
        insert: String,
    },
    /// Adds a choice to a choose-many field; it stays when someone else removes it concurrently.
    Choose {
        /// The field.
        field: FieldKey,
        /// The choice.
        choice: ChoiceKey,
    },
    /// Removes a choice from a choose-many field.
    Unchoose {
        /// The field.
        field: FieldKey,
        /// The choice.
        choice: ChoiceKey,
    },
    /// Adds an empty item to a repeated group, or brings a removed one back.
    ItemAdd {
        /// The group.
        field: FieldKey,
        /// The item.
        item: ItemKey,
    },
    /// Removes an item; an edit of it made concurrently brings it back whole.
    ItemRemove {
        /// The group.
        field: FieldKey,
        /// The item.
        item: ItemKey,
    },
    /// Gives a member of an item a value; the item is there afterwards.
    ItemSet {
        /// The group.
        field: FieldKey,
        /// The item.
        item: ItemKey,
        /// The member.
        member: FieldKey,
        /// Its new value.
        value: Value,
    },
    /// Empties a member of an item.
    ItemUnset {
        /// The group.
        field: FieldKey,
        /// The item.
        item: ItemKey,
        /// The member.
        member: FieldKey,
    },
    /// Moves a counter; concurrent moves add up.
    Count {
        /// The field.
        field: FieldKey,
        /// By how much.
        by: i64,
    },
    /// Moves the status along the form's lifecycle.
    Transition {
        /// Which transition of the lifecycle.
        action: ActionKey,
        /// What the doer says about it; may be empty.
        note: String,
    },
    /// Marks the record as deleted; it can be restored.
    Delete,
    /// Takes the mark away.
    Restore,
}

impl Op {
    /// Number of the kind of operation, part of the wire format.
    #[must_use]
    pub fn tag(&self) -> u8 {
        match self {
            Self::Set { .. } => 0,
            Self::Unset { .. } => 1,
            Self::Splice { .. } => 2,
            Self::Choose { .. } => 3,
            Self::Unchoose { .. } => 4,
            Self::ItemAdd { .. } => 5,
            Self::ItemRemove { .. } => 6,
            Self::ItemSet { .. } => 7,
            Self::ItemUnset { .. } => 8,
            Self::Count { .. } => 9,
            Self::Transition { .. } => 10,
            Self::Delete => 11,
            Self::Restore => 12,
        }
    }

    /// The field it touches, if it touches one.
    #[must_use]
    pub fn field(&self) -> Option<&FieldKey> {
        match self {
            Self::Set { field, .. }
            | Self::Unset { field }
            | Self::Splice { field, .. }
            | Self::Choose { field, .. }
            | Self::Unchoose { field, .. }
            | Self::ItemAdd { field, .. }
            | Self::ItemRemove { field, .. }
            | Self::ItemSet { field, .. }
            | Self::ItemUnset { field, .. }
            | Self::Count { field, .. } => Some(field),
            Self::Transition { .. } | Self::Delete | Self::Restore => None,
        }
    }

    /// Whether it decides on the record as a whole: deletes, restores, or takes a step.
    #[must_use]
    pub fn decides(&self) -> bool {
        matches!(self, Self::Transition { .. } | Self::Delete | Self::Restore)
    }

    /// What it adds to the history of its record: bytes of text, scalar values deleted, and
    /// [`OP_WEIGHT`]. A merge costs by what was ever written, not by what is left.
    #[must_use]
    pub fn weight(&self) -> u64 {
        let text = match self {
            Self::Set { value, .. } | Self::ItemSet { value, .. } => match value {
                Value::Text(text) => text.len(),
                _ => 0,
            },
            Self::Splice { delete, insert, .. } => insert.len().saturating_add(*delete as usize),
            Self::Transition { note, .. } => note.len(),
            _ => 0,
        };
        OP_WEIGHT.saturating_add(text) as u64
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        if let Some(field) = self.field() {
            put_str(out, field.as_str());
        }
        match self {
            Self::Set { value, .. } => value.encode(out),
            Self::Splice {
                at, delete, insert, ..
            } => {
                put_u64(out, u64::from(*at));
                put_u64(out, u64::from(*delete));
                put_str(out, insert);
            }
            Self::Choose { choice, .. } | Self::Unchoose { choice, .. } => {
                put_str(out, choice.as_str())
            }
            Self::ItemAdd { item, .. } | Self::ItemRemove { item, .. } => {
                put_str(out, item.as_str())
            }
            Self::ItemSet {
                item,
                member,
                value,
                ..
            } => {
                put_str(out, item.as_str());
                put_str(out, member.as_str());
                value.encode(out);
            }
            Self::ItemUnset { item, member, .. } => {
                put_str(out, item.as_str());
                put_str(out, member.as_str());
            }
            Self::Count { by, .. } => put_i64(out, *by),
            Self::Transition { action, note } => {
                put_str(out, action.as_str());
                put_str(out, note);
            }
            Self::Unset { .. } | Self::Delete | Self::Restore => {}
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = r.u8()?;
        Ok(match tag {
            0 => Self::Set {
                field: read_field(r)?,
                value: Value::decode(r)?,
            },
            1 => Self::Unset {
                field: read_field(r)?,
            },
            2 => Self::Splice {
                field: read_field(r)?,
                at: r.u32()?,
                delete: r.u32()?,
                insert: r.str(MAX_PAYLOAD_BYTES)?.to_owned(),
            },
            3 => Self::Choose {
                field: read_field(r)?,
                choice: read_choice(r)?,
            },
            4 => Self::Unchoose {
                field: read_field(r)?,
                choice: read_choice(r)?,
            },
            5 => Self::ItemAdd {
                field: read_field(r)?,
                item: read_item(r)?,
            },
            6 => Self::ItemRemove {
                field: read_field(r)?,
                item: read_item(r)?,
            },
            7 => Self::ItemSet {
                field: read_field(r)?,
                item: read_item(r)?,
                member: read_field(r)?,
                value: Value::decode(r)?,
            },
            8 => Self::ItemUnset {
                field: read_field(r)?,
                item: read_item(r)?,
                member: read_field(r)?,
            },
            9 => Self::Count {
                field: read_field(r)?,
                by: r.i64()?,
            },
            10 => Self::Transition {
                action: ActionKey::new(r.str(MAX_NAME_BYTES)?)
                    .map_err(|_| DecodeError::OutOfRange("action"))?,
                note: r.str(MAX_PAYLOAD_BYTES)?.to_owned(),
            },
            11 => Self::Delete,
            12 => Self::Restore,
            _ => return Err(DecodeError::OutOfRange("operation tag")),
        })
    }
}

pub(crate) fn read_field(r: &mut Reader<'_>) -> Result<FieldKey, DecodeError> {
    FieldKey::new(r.str(MAX_NAME_BYTES)?).map_err(|_| DecodeError::OutOfRange("field"))
}

pub(crate) fn read_item(r: &mut Reader<'_>) -> Result<ItemKey, DecodeError> {
    ItemKey::new(r.str(MAX_NAME_BYTES)?).map_err(|_| DecodeError::OutOfRange("item"))
}

/// The canonical bytes of an edit's operations: a count, then each operation.
#[must_use]
pub fn encode_payload(ops: &[Op]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 * ops.len() + 2);
    put_len(&mut out, ops.len());
    for op in ops {
        op.encode(&mut out);
    }
    out
}

/// Reads canonical bytes. Whatever decodes encodes to the same bytes again.
///
/// # Errors
/// [`DecodeError`] when the bytes are no payload, or past a limit.
pub fn decode_payload(bytes: &[u8]) -> Result<Vec<Op>, DecodeError> {
    if bytes.len() > MAX_PAYLOAD_BYTES {
        return Err(DecodeError::TooLarge("payload"));
    }
    let mut r = Reader::new(bytes);
    let n = r.count(MAX_OPS_PER_EDIT, "operations")?;
    let mut ops = Vec::with_capacity(n);
    for _ in 0..n {
        ops.push(Op::decode(&mut r)?);
    }
    r.finish()?;
    Ok(ops)
}

/// The hash by which a header names its payload.
#[must_use]
pub fn payload_hash(bytes: &[u8]) -> Hash {
    let mut h = Sha256::new();
    h.update(b"gridfold payload v1");
    h.update(bytes);
    Hash(h.finalize().into())
}
