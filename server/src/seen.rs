//! Seen by a supervisor: what the phones of whoever wrote it are told.
//!
//! What enters: a phone's request. What leaves: the marks that it lacks. What never happens here: telling who looked.

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId, StreamId};
use gridfold_sync_core::limits::MAX_SEEN_MARKS;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SeenMark, SeenNews};

use crate::keys::StoreError;
use crate::node::Node;

impl Node {
    /// The marks a phone lacks; none when it has all. `known` is the revision it names, none when it stands in another epoch, whose revisions are not ours.
    pub(crate) fn seen_news(
        &self,
        directory: &Directory,
        author: Author,
        now: Timestamp,
        known: Option<u64>,
    ) -> Result<Option<SeenNews>, StoreError> {
        let newest = self.desk.seen.newest(author.user.0);
        // Past our newest: of a file that was lost since.
        let after = known.filter(|known| *known <= newest);
        if after == Some(newest) {
            return Ok(None);
        }
        let after = after.unwrap_or_default();
        let rows = self.desk.seen.after(author.user.0, after, MAX_SEEN_MARKS)?;
        let revision = rows.last().map_or(after, |row| row.revision);
        let marks = rows.into_iter().filter_map(|row| {
            let stream = StreamId::parse(&row.log.stream)?;
            let readable = directory.readable(author.user, &stream.grid, now);
            readable.contains(&stream.class).then_some(SeenMark {
                stream,
                record: RecordId(row.record),
                upto: EntryRef {
                    incarnation: IncarnationId(row.log.incarnation),
                    seq: row.log.seq,
                },
                at: Timestamp(row.at_ms),
            })
        });
        Ok(Some(SeenNews {
            revision,
            more: revision < newest,
            marks: marks.collect(),
        }))
    }
}
