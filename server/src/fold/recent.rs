//! What was admitted lately, and whether anybody can have been told of it yet.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{EntryRef, RecordId, StreamId};

/// Entries remembered: what a request that is under way may not have known of. A request that
/// waited behind more than these is taken to know of the older ones.
const MAX_RECENT: usize = 8_192;

#[derive(Debug)]
struct Admitted {
    stream: StreamId,
    record: RecordId,
    entry: EntryRef,
    /// When its writer was answered; none while that is to come.
    answered: Option<Instant>,
}

/// Entries admitted lately, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Recent(VecDeque<Admitted>);

impl Recent {
    /// Notes the entries of a batch that became durable.
    pub(crate) fn admitted(&mut self, batch: HashMap<(StreamId, RecordId), Vec<Entry>>) {
        for ((stream, record), entries) in batch {
            for entry in entries {
                if self.0.len() >= MAX_RECENT {
                    self.0.pop_front();
                }
                self.0.push_back(Admitted {
                    stream: stream.clone(),
                    record,
                    entry: entry.id(),
                    answered: None,
                });
            }
        }
    }

    /// Notes that the writers of all that was admitted are being answered.
    pub(crate) fn answered(&mut self, now: Instant) {
        let waiting = self.0.iter_mut().rev();
        for admitted in waiting.take_while(|a| a.answered.is_none()) {
            admitted.answered = Some(now);
        }
    }

    /// The entries of a record that nobody had been told of at a moment.
    pub(crate) fn since(
        &self,
        stream: &StreamId,
        record: &RecordId,
        asked: Instant,
    ) -> BTreeSet<EntryRef> {
        self.0
            .iter()
            .rev()
            .take_while(|a| a.answered.is_none_or(|at| at > asked))
            .filter(|a| a.record == *record && a.stream == *stream)
            .map(|a| a.entry)
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
