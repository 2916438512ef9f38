//! Carrying: entries that leave this phone another way than by its own sync, those of others that
//! it takes along, and the receipts between them.
//!
//! What enters: bytes from another phone, a stick or a camera. What leaves: sealed bundles, and at
//! each sync the posts of what is held. What never happens here: an edit of somebody else folded
//! into a row, or a failure of carrying that keeps this phone's own edits waiting.

mod export;
mod import;
mod post;
mod read;
mod rows;

pub(crate) use read::{carried_history, is_at_server, those_at_server};
pub(crate) use rows::{at_server, forget_marks};

use gridfold_sync_core::carry::CarryError;

use crate::error::ClientError;

fn rejected(error: CarryError) -> ClientError {
    ClientError::rejected(error.as_str())
}
