//! Edits: typed operations on one record, made at a known state of it.
//!
//! What enters: what a person did in a form. What leaves: canonical bytes, the same for the same
//! operations on every machine. What never happens here: deciding whether it is allowed
//! ([`crate::schema`], [`crate::admission`]) or what it does to a row ([`crate::view`]).

mod op;
mod value;

pub use op::{Op, decode_payload, encode_payload, payload_hash};
pub use value::{Decimal, Value};
