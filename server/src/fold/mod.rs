//! Fold: entries become the row of their record.
//!
//! What enters: the log, the views as of the last commit, and what the batch at hand has decided so
//! far. What leaves: facts to decide by, and rows at any heads. Admission and projection both fold
//! here, so that what was decided and what is computed again are the same. What never happens here:
//! a write.

mod author;
mod derive;
mod document;
mod facts;
mod recent;

pub(crate) use facts::{BatchFacts, Memory};
