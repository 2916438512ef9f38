//! Seen by a supervisor: noted when one opens a record, told to the phones of whoever wrote it.
//!
//! What enters: a reader with their roles and the record they open; a phone's request. What leaves: marks in `auth.db`, and those that a phone lacks. What never happens here: keeping or telling who looked, or making anyone wait for it: a mark that cannot be noted is left for the next look.

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId, StreamId};
use gridfold_sync_core::limits::MAX_SEEN_MARKS;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SeenMark, SeenNews};

use crate::auth::{SeenLog, StoreError};
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::{Scope, WrittenLog};

/// What a supervisor is about to see.
#[derive(Debug, Default)]
pub(crate) struct Look(Vec<WrittenLog>);

impl Look {
    /// What the record holds now. Taken before the record is read, so that a mark never covers what was not shown.
    pub(crate) fn before(node: &Node, caller: &Caller, record: &str) -> Answer<Self> {
        let Ok(record) = RecordId::parse(record) else {
            return Ok(Self::default());
        };
        if !caller.has_role(&[Role::Supervisor, Role::Admin]) {
            return Ok(Self::default());
        }
        Ok(Self(node.views.written(&record, &Scope::all())?))
    }

    /// Notes that the caller has seen it, when they are a supervisor there. What they wrote themselves nobody else has seen by that.
    pub(crate) fn done(self, node: &Node, caller: &Caller, record: RecordId, scope: &Scope) {
        let logs: Vec<SeenLog> = self
            .0
            .into_iter()
            .filter(|w| w.user != caller.user())
            .filter(|w| scope.has(&w.stream.grid) && scope.classes.contains(&w.stream.class))
            .filter(|w| {
                let roles = caller.roles_in(Some(&w.stream.grid));
                roles.contains(&Role::Supervisor) || roles.contains(&Role::Admin)
            })
            .map(|w| SeenLog {
                user: w.user.0,
                stream: w.stream.name(),
                incarnation: w.upto.incarnation.0,
                seq: w.upto.seq,
            })
            .collect();
        if let Err(error) = node.auth.seen.note(record.0, &logs, caller.now.millis()) {
            tracing::warn!(%error, "what was seen could not be noted");
        }
    }
}

impl Node {
    /// The marks a phone lacks; none when it has all. `known` is the revision it names, none when it stands in another epoch, whose revisions are not ours.
    pub(crate) fn seen_news(
        &self,
        directory: &Directory,
        author: Author,
        now: Timestamp,
        known: Option<u64>,
    ) -> Result<Option<SeenNews>, StoreError> {
        let newest = self.auth.seen.newest(author.user.0);
        // Past our newest: of a file that was lost since.
        let after = known.filter(|known| *known <= newest);
        if after == Some(newest) {
            return Ok(None);
        }
        let after = after.unwrap_or_default();
        let rows = self.auth.seen.after(author.user.0, after, MAX_SEEN_MARKS)?;
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
