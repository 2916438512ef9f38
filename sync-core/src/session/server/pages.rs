//! The pages of an answer, and the receipt over them.
//!
//! What enters: cursors, and the streams that a phone is told of. What leaves: items that follow the
//! cursors as far as there is room, a reset for a cursor on another chain, and one signature over the
//! ends of all pages. What never happens here: a damaged item served, or one whose key is lost told
//! as erased.

use crate::gather::Gather as _;
use std::collections::BTreeMap;

use super::served::{Found, PrefixAt, Served};
use super::told::{MAX_LACKS, Told, is_on_log, reset};
use crate::directory::Reach;
use crate::entry::{Author, Receipt, ReceiptStream};
use crate::ids::{DeviceId, Hash, StreamId};
use crate::limits::{MAX_ITEMS_PER_PULL, PULL_PAGE_BYTES};
use crate::wire::{Cursor, Lacking, StreamPage, SyncRequest, SyncResponse};

/// Streams of which each is asked how far it goes; somebody who reads more is told of those in the
/// log.
const MAX_ASKED_ONE_BY_ONE: usize = 1_024;

/// Operations an answer may hold, a little under what the wire format takes.
const PAGE_OPS: usize = 100_000;

/// What an answer may still hold.
struct Room {
    items: usize,
    bytes: usize,
    ops: usize,
}

impl Room {
    fn of(request: &SyncRequest) -> Self {
        let bytes = match request.budget_kib {
            0 => PULL_PAGE_BYTES,
            kib => usize::try_from(kib)
                .unwrap_or(usize::MAX)
                .saturating_mul(1024)
                .min(PULL_PAGE_BYTES),
        };
        Self {
            items: MAX_ITEMS_PER_PULL,
            bytes,
            ops: PAGE_OPS,
        }
    }

    fn is_full(&self) -> bool {
        self.items == 0 || self.bytes == 0 || self.ops == 0
    }

    fn take(&mut self, bytes: usize, ops: usize) {
        self.items -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.ops = self.ops.saturating_sub(ops);
    }
}

/// What there is to tell of a stream.
enum Read {
    /// A page, with the prefix at its end.
    Page(StreamPage, Hash),
    /// Nothing before the item that is damaged: the stream waits here until it is healed, as is
    /// said in `lacks` already.
    Damaged,
    /// Nothing before the item whose key is lost: the stream waits here until its key is restored.
    Held,
}

/// Adds the pages, their receipt, and the resets of cursors that are on another chain.
pub(super) fn fill<S: Served>(
    served: &S,
    author: Author,
    request: &SyncRequest,
    told: &Told<'_>,
    response: &mut SyncResponse,
) -> Result<(), S::Error> {
    let mut room = Room::of(request);
    let mut proved = Vec::new();
    let cursors: BTreeMap<&StreamId, &Cursor> =
        request.cursors.iter().map(|c| (&c.stream, c)).gathered();
    let mine = with_anything(served, &told.mine, &request.cursors)?;
    for stream in mine.iter().chain(&told.leaving) {
        let head = served.head(stream)?;
        let after = match cursors.get(stream) {
            Some(cursor) if !is_on_log(served, cursor)? => {
                response.resets.push(reset(stream, head));
                continue;
            }
            Some(cursor) => cursor.seq,
            None => 0,
        };
        if after == head.seq {
            continue;
        }
        let page = StreamPage {
            stream: stream.clone(),
            after,
            items: Vec::new(),
            more: true,
        };
        let is_leaving = told.leaving.contains(stream);
        match read(
            served,
            page,
            head.seq,
            (author.device, is_leaving),
            &mut room,
        )? {
            Read::Page(page, prefix) => {
                proved.push(ReceiptStream {
                    stream: stream.clone(),
                    seq: after + page.items.len() as u64,
                    prefix,
                });
                response.pages.push(page);
            }
            Read::Damaged => {}
            Read::Held => {
                response.lacks.truncate(MAX_LACKS - 1);
                response.lacks.push(Lacking {
                    stream: stream.clone(),
                    after,
                });
            }
        }
    }
    if !proved.is_empty() {
        response.receipt = Some(Receipt::sign(served.key(), response.epoch, proved).signature);
    }
    Ok(())
}

/// Reads what follows into a page, for as long as there is room.
fn read<S: Served>(
    served: &S,
    mut page: StreamPage,
    newest: u64,
    (device, is_leaving): (DeviceId, bool),
    room: &mut Room,
) -> Result<Read, S::Error> {
    let limits = (room.items.max(1), room.bytes.max(1));
    let Some(mut follow) = served.read(&page.stream, page.after, limits, device)? else {
        return Ok(Read::Damaged);
    };
    let mut end = None;
    let mut seq = page.after;
    while !room.is_full() {
        let Some(found) = follow.next() else { break };
        let Some(Found {
            mut item,
            prefix,
            bytes,
        }) = found?
        else {
            if page.items.is_empty() {
                return Ok(Read::Held);
            }
            break;
        };
        if is_leaving && item.author.device != device {
            item.entry = None;
        }
        room.take(bytes, item.entry.as_ref().map_or(0, |e| e.ops().len()));
        seq += 1;
        end = Some(prefix);
        page.more = seq < newest;
        page.items.push(item);
    }
    drop(follow);
    if let Some(end) = end {
        return Ok(Read::Page(page, end));
    }
    // No room: an empty page tells that there is more, at the cost of a few bytes.
    Ok(match served.prefix_at(&page.stream, page.after)? {
        PrefixAt::Is(prefix) => Read::Page(page, prefix),
        PrefixAt::Past => Read::Page(page, Hash::default()),
        // What it would be proved with is damaged; it is told once there is room.
        PrefixAt::Damaged => Read::Damaged,
    })
}

/// Those of the streams somebody reads that hold anything, or that their phone names, in order.
fn with_anything<S: Served>(
    served: &S,
    mine: &Reach<'_>,
    named: &[Cursor],
) -> Result<Vec<StreamId>, S::Error> {
    if mine.count() <= MAX_ASKED_ONE_BY_ONE {
        return Ok(mine.streams());
    }
    let named = named.iter().map(|cursor| cursor.stream.clone());
    let mut found: Vec<StreamId> = served
        .streams()?
        .chain(named)
        .filter(|s| mine.has(s))
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}
