//! Delivery: how far what this phone wrote has come.
//!
//! What enters: the fates of its entries, what waits in the outbox, and the marks of what
//! supervisors have seen. What leaves: one state for an entry, and one for a record, which is as
//! far as the entry that came least far.

use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId};
use gridfold_sync_core::session::phone::{Fate, HeldEntry};

use crate::error::ClientError;
use crate::shell::batch::Batch;
use crate::shell::rows::{RecordRow, Row, StreamNo};
use crate::shell::seen::{Mark, marks_in};
use crate::shell::state::{Bearings, State};
use crate::types::Delivery;

/// Whether a mark says that an entry was seen.
fn covers(marks: &[(StreamNo, Mark)], stream: StreamNo, id: EntryRef) -> bool {
    marks.iter().any(|(of, mark)| {
        *of == stream && mark.upto.incarnation == id.incarnation && mark.upto.seq >= id.seq
    })
}

/// How far an entry has come, when this phone or its user on another one wrote it.
pub(crate) fn of_entry(
    bearings: &Bearings,
    marks: &[(StreamNo, Mark)],
    stream: StreamNo,
    row: &HeldEntry,
) -> Option<Delivery> {
    let user = bearings.account.as_ref().map(|a| a.user);
    let ours = bearings.is_own(row.id.incarnation)
        || row.said.is_some_and(|said| Some(said.author.user) == user);
    if !ours {
        return None;
    }
    Some(match row.fate {
        Fate::Pending => Delivery::OnThisPhone,
        fate if !fate.counts() => Delivery::Refused,
        _ if covers(marks, stream, row.id) => Delivery::SeenBySupervisor,
        _ => Delivery::AtServer,
    })
}

/// The newest entry of each of this phone's logs that a record holds.
fn own_newest<'a>(
    bearings: &'a Bearings,
    row: &'a RecordRow,
) -> impl Iterator<Item = (StreamNo, EntryRef)> + 'a {
    let newest = |(incarnation, seq): (&IncarnationId, &u64)| EntryRef {
        incarnation: *incarnation,
        seq: *seq,
    };
    row.parts.iter().flat_map(move |(stream, part)| {
        part.authors
            .iter()
            .map(newest)
            .filter(|id| bearings.is_own(id.incarnation))
            .map(move |id| (*stream, id))
    })
}

impl Batch<'_> {
    /// Notes in a record's list row whether this phone wrote to it, and whether all that was seen.
    pub(crate) fn note_delivery(
        &self,
        record: &RecordId,
        row: &mut RecordRow,
    ) -> Result<(), ClientError> {
        let own: Vec<_> = own_newest(&self.bearings, row).collect();
        row.row.own = !own.is_empty();
        row.row.seen = if own.is_empty() {
            false
        } else {
            let marks = marks_in(self.tx, record)?;
            own.iter().all(|(stream, id)| covers(&marks, *stream, *id))
        };
        Ok(())
    }
}

impl State {
    /// How far what this phone wrote to a record has come; none when it wrote nothing.
    pub(crate) fn delivery(&self, record: &RecordId, row: &Row) -> Option<Delivery> {
        if self.refused_of(record) > 0 {
            Some(Delivery::Refused)
        } else if self.pending.contains_key(record) {
            Some(Delivery::OnThisPhone)
        } else if !row.own {
            None
        } else if row.seen {
            Some(Delivery::SeenBySupervisor)
        } else {
            Some(Delivery::AtServer)
        }
    }
}
