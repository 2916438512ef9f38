//! Sessions: what a phone makes of a response before it changes anything.
//!
//! What enters: the pages of a response and where the phone stood. What leaves: items that are
//! proved to follow, with the prefix after each, and the receipt that proves them. What never
//! happens here: storing; the shell commits what a session verified in one transaction.

mod debt;
pub mod server;

pub use debt::Debt;

use crate::entry::{Entry, Item, PublicKey, Receipt, ReceiptStream, next_prefix};
use crate::ids::{EntryRef, Hash, StreamId};
use crate::wire::{StreamPage, SyncResponse};

/// Why a response is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// A page does not start where the phone stands. Harmless: an older reply came late.
    #[error("a page does not follow what is here")]
    NotNext,
    /// An item named as ours is not here.
    #[error("the server names an entry that this device does not have")]
    NotOurs,
    /// An item does not carry the entry it names.
    #[error("an item does not match its entry")]
    Inconsistent,
    /// The server's signature over the pages does not verify.
    #[error("the receipt is not signed by the server this device was enrolled with")]
    BadReceipt,
}

/// Where a phone stands in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// Items seen.
    pub seq: u64,
    /// The prefix there.
    pub prefix: Hash,
}

/// A page whose items are known to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPage {
    /// The stream.
    pub stream: StreamId,
    /// Items with the prefix after each.
    pub items: Vec<(Item, Hash)>,
    /// Where the phone stands after them.
    pub end: Position,
    /// Whether more follow.
    pub more: bool,
}

/// Checks all pages of a response and the receipt over them.
///
/// `position` tells where the phone stands; `own` finds an entry that the phone wrote itself.
///
/// # Errors
/// [`SessionError`]; the response is then not used at all.
pub fn verify_pages(
    response: &SyncResponse,
    server: &PublicKey,
    mut position: impl FnMut(&StreamId) -> Position,
    mut own: impl FnMut(&StreamId, &EntryRef) -> Option<Entry>,
) -> Result<(Vec<VerifiedPage>, Option<Receipt>), SessionError> {
    let mut pages = Vec::with_capacity(response.pages.len());
    for page in &response.pages {
        pages.push(verify_page(page, position(&page.stream), &mut own)?);
    }
    let Some(signature) = response.receipt else {
        return if pages.is_empty() {
            Ok((pages, None))
        } else {
            Err(SessionError::BadReceipt)
        };
    };
    let streams = pages
        .iter()
        .map(|p| ReceiptStream {
            stream: p.stream.clone(),
            seq: p.end.seq,
            prefix: p.end.prefix,
        })
        .collect();
    let receipt = Receipt {
        epoch: response.epoch,
        streams,
        signature,
    };
    if receipt.verify(server) {
        Ok((pages, Some(receipt)))
    } else {
        Err(SessionError::BadReceipt)
    }
}

fn verify_page(
    page: &StreamPage,
    from: Position,
    own: &mut impl FnMut(&StreamId, &EntryRef) -> Option<Entry>,
) -> Result<VerifiedPage, SessionError> {
    if page.after != from.seq {
        return Err(SessionError::NotNext);
    }
    let mut end = from;
    let mut items = Vec::with_capacity(page.items.len());
    for item in &page.items {
        let mut item = item.clone();
        if item.entry.is_none() && item.entry_hash == Hash::default() {
            let entry = own(&page.stream, &item.id).ok_or(SessionError::NotOurs)?;
            item.entry_hash = entry.hash(&page.stream);
            item.entry = Some(entry);
        }
        if !item.is_consistent(&page.stream) {
            return Err(SessionError::Inconsistent);
        }
        end = Position {
            seq: end.seq + 1,
            prefix: next_prefix(&end.prefix, &item.hash()),
        };
        items.push((item, end.prefix));
    }
    Ok(VerifiedPage {
        stream: page.stream.clone(),
        items,
        end,
        more: page.more,
    })
}
