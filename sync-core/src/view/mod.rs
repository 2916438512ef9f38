//! Views: what a record part looks like once its entries are folded.
//!
//! What enters: entries, one after the other. What leaves: [`PartState`], the row of one record in
//! one sensitivity class, with the provenance of every value and all sides of every conflict.
//! What never happens here: merging concurrent entries ([`crate::merge`] does, and yields the same
//! type) or checking permission.

mod apply;
mod codec;
mod json;
mod long_text;
mod part;
mod work;

pub(crate) use apply::tips as transition_tips;
pub use json::{RecordView, field_json};
pub use long_text::{as_splices, set_text};
pub use part::{Candidate, Cell, FieldPath, Item as GroupItem, PartState, TransitionMade, differ};
pub use work::{DUE_SOON_MS, Work};
