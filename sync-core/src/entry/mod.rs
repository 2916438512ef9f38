//! Entries: an edit with its header, chained into a device log; and items: an entry with what the
//! server decided on it, chained into a stream.
//!
//! Three hashes, each over the one before it:
//! - the *entry hash* binds a header (and through it the payload) to its stream and incarnation;
//! - the *link* chains the entry hashes of one device log; its newest value is what a device signs;
//! - the *prefix* chains the items of one stream; its newest value is what the server signs.
//!
//! The payload enters only through its hash, so that it can be erased while every chain verifies.

mod erased;
mod header;
mod item;
mod signature;

pub use erased::{ErasureProof, erased_statement};
pub use header::{Entry, Header, Target, entry_hash, next_link};
pub use item::{Author, Item, RefusalCode, Verdict, item_hash, next_prefix};
pub use signature::{
    PublicKey, Receipt, ReceiptStream, SignKey, Signature, answer_statement, enrolment_statement,
    head_statement, receipt_statement, wipe_statement, wiped_statement,
};
