//! Items: what the server makes of an entry, as bytes of the log, and the facts that are indexed with them.
//!
//! What enters: a decision. What leaves: an item with its payload sealed under the record's key, and
//! from an item what phones and projection need of it. What never happens here: a decision, a row,
//! or a payload that is written unsealed.

mod index;
mod quarantine;
mod stored;

pub(crate) use index::{FactIndex, FactIndexer};
pub use quarantine::{QUARANTINE_STREAM, QuarantineNote};
pub(crate) use quarantine::{Quarantined, QuarantinedPart, decode_quarantine, put_quarantined};
pub use stored::StoredItem;
pub(crate) use stored::{key_owner, seal_payload};
