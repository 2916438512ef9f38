//! Of which streams a phone is told, and where they end or are damaged.
//!
//! What enters: grants, and cursors as proofs of what was read. What leaves: the streams to tell of.
//! What never happens here: a stream told to somebody who never might read it and does not prove to have.

use std::collections::BTreeSet;

use super::served::{Head, PrefixAt, Served};
use crate::directory::Reach;
use crate::entry::Author;
use crate::ids::StreamId;
use crate::limits::{CURSOR_PREFIX_BYTES, MAX_STREAMS_PER_SYNC};
use crate::wire::{Cursor, Lacking, StreamReset};

/// Damaged places told in one answer, as many as one takes; once some are healed, the next are told.
pub(super) const MAX_LACKS: usize = MAX_STREAMS_PER_SYNC;

/// The streams that a phone is told of.
pub(super) struct Told<'a> {
    /// Those that its user reads.
    pub(super) mine: Reach<'a>,
    /// Those that its user reads no more, and that it holds: it still hears what became of its own
    /// edits before it erases.
    pub(super) leaving: BTreeSet<StreamId>,
}

impl Told<'_> {
    pub(super) fn has(&self, stream: &StreamId) -> bool {
        self.mine.has(stream) || self.leaving.contains(stream)
    }
}

/// The streams that a phone is told of, by the grants of its user and by the cursors it names.
pub(super) fn streams_told<'a, S: Served>(
    served: &'a S,
    author: Author,
    cursors: &[Cursor],
) -> Result<Told<'a>, S::Error> {
    let mine = served.directory().reach(author.user, served.now());
    let mut leaving = BTreeSet::new();
    for cursor in cursors.iter().filter(|c| !mine.has(&c.stream)) {
        if once_read(served, author, &cursor.stream) || proves_reading(served, cursor)? {
            leaving.insert(cursor.stream.clone());
        }
    }
    Ok(Told { mine, leaving })
}

/// Whether a user had a grant to read a stream, now or before.
fn once_read<S: Served>(served: &S, author: Author, stream: &StreamId) -> bool {
    let (directory, now) = (served.directory(), served.now());
    directory.grants_of(author.user).any(|g| {
        g.from <= now
            && directory.covers(g.area.as_ref(), &stream.grid)
            && g.role.readable().contains(&stream.class)
    })
}

/// Whether a cursor shows that its phone has read a stream, whatever grants say today: an area
/// that moved in the tree leaves no grant behind, and nobody guesses a prefix.
fn proves_reading<S: Served>(served: &S, cursor: &Cursor) -> Result<bool, S::Error> {
    Ok(cursor.seq > 0 && is_on_log(served, cursor)?)
}

pub(super) fn is_on_log<S: Served>(served: &S, cursor: &Cursor) -> Result<bool, S::Error> {
    Ok(match served.prefix_at(&cursor.stream, cursor.seq)? {
        PrefixAt::Is(prefix) => prefix.0[..CURSOR_PREFIX_BYTES] == cursor.prefix,
        PrefixAt::Past => false,
        PrefixAt::Damaged => true,
    })
}

pub(super) fn reset(stream: &StreamId, Head { seq, prefix }: Head) -> StreamReset {
    StreamReset {
        stream: stream.clone(),
        seq,
        prefix,
    }
}

/// Where the log is damaged in streams that a phone is told of: the place before the first item of
/// each damaged run.
pub(super) fn lacks<S: Served>(served: &S, told: &Told<'_>) -> Vec<Lacking> {
    let mut out: Vec<Lacking> = Vec::new();
    let mut last = None;
    for (stream, seq) in served.damage() {
        let after = seq.saturating_sub(1);
        let follows = last == Some((stream.clone(), after));
        if !follows && out.len() < MAX_LACKS && told.has(&stream) {
            out.push(Lacking {
                stream: stream.clone(),
                after,
            });
        }
        last = Some((stream, seq));
    }
    out
}
