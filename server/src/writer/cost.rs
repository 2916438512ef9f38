//! What a push is expected to cost the writer, told before any of it is worked on.
//!
//! What enters: what was pushed, and the rows that it goes on from. What leaves: a time, by what was
//! ever written to a record and how often its history forks. What never happens here: the work
//! itself, or a decision: it runs in the thread of whoever pushes, on rows that may be a batch old.

use std::collections::HashMap;
use std::time::Duration;

use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{EntryRef, RecordId, StreamId};
use gridfold_sync_core::limits::{MAX_RECORD_ENTRIES, MAX_RECORD_FORKS};
use gridfold_sync_core::view::PartState;

use crate::items::FactIndex;
use crate::log::Log;
use crate::views::Views;

/// Work that is expected to take longer is costly.
const COSTLY: Duration = Duration::from_millis(20);
/// An entry that goes on from the heads of its row, made durable and put in the views.
const ENTRY: Duration = Duration::from_micros(200);
/// An entry that is merged, beside what it weighs.
const MERGED: Duration = Duration::from_micros(1_000);
/// Nanoseconds for what was ever written to a record, once for each line that its document is
/// derived along.
const DERIVE_NANOS: u64 = 2_000;
/// Nanoseconds for what was ever written, for each entry that is merged with it.
const MERGE_NANOS: u64 = 100;
/// Nanoseconds for each entry in a document, for each that is merged with them.
const BESIDE_NANOS: u64 = 1_000;

/// What work is expected to cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    /// All of it.
    pub(super) all: Duration,
    /// The longest part of it in which nobody else has a turn.
    pub(super) step: Duration,
}

impl Cost {
    /// Of so many entries that go on from the heads of their rows.
    pub(super) fn of_entries(count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            all: ENTRY.saturating_mul(count),
            step: ENTRY,
        }
    }

    /// Whether others go first.
    pub(super) fn is_costly(self) -> bool {
        self.all > COSTLY
    }

    /// Of what is left after a turn that took so long. What took longer than all was expected to
    /// take, and is not done, is expected to take as long again.
    pub(super) fn left(self, took: Duration) -> Self {
        Self {
            all: self.all.saturating_sub(took).max(took),
            step: if took.is_zero() {
                self.step
            } else {
                Duration::ZERO
            },
        }
    }

    fn add(&mut self, step: Duration) {
        self.all += step;
        self.step = self.step.max(step);
    }
}

/// What a row says of what entries beside it cost.
#[derive(Debug, Clone, Default)]
struct Row {
    heads: Vec<EntryRef>,
    entries: u64,
    forks: u64,
    weight: u64,
    /// The newest entry of this push that was not made at the heads.
    line: Option<EntryRef>,
}

impl From<PartState> for Row {
    fn from(part: PartState) -> Self {
        Self {
            entries: u64::from(part.entries),
            forks: u64::from(part.forks),
            weight: part.weight,
            heads: part.heads,
            line: None,
        }
    }
}

impl Row {
    fn is_full(&self) -> bool {
        self.forks > MAX_RECORD_FORKS as u64 || self.entries > MAX_RECORD_ENTRIES as u64
    }

    fn follow(&mut self, entry: &Entry, cost: &mut Cost) {
        let deps = entry.header.deps();
        let mut made_at = deps.to_vec();
        made_at.sort_unstable();
        if made_at == self.heads {
            cost.add(ENTRY);
        } else if !self.is_full() {
            let goes_on = self.line.is_some_and(|line| deps == [line]);
            let mut step = ENTRY + MERGED;
            step += nanos(self.weight, MERGE_NANOS) + nanos(self.entries, BESIDE_NANOS);
            if !goes_on {
                self.forks += 1;
                step += nanos(self.weight.saturating_mul(self.forks), DERIVE_NANOS);
            }
            cost.add(step);
            self.line = Some(entry.id());
        }
        self.heads.retain(|head| !deps.contains(head));
        self.heads.push(entry.id());
        self.heads.sort_unstable();
        self.entries += 1;
        let weight = entry.ops().iter().map(|op| op.weight());
        self.weight = weight.fold(self.weight, u64::saturating_add);
    }
}

fn nanos(of: u64, each: u64) -> Duration {
    Duration::from_nanos(of.saturating_mul(each))
}

/// What pushed logs are expected to cost, by the rows that `row` tells: of the record that an entry
/// of a stream is on. What it does not know is new.
fn of_logs<'a>(
    logs: impl Iterator<Item = (&'a StreamId, &'a [Entry])>,
    mut row: impl FnMut(&StreamId, &Target) -> Option<(RecordId, Row)>,
) -> Cost {
    let mut cost = Cost::default();
    for (stream, entries) in logs {
        let mut rows: HashMap<RecordId, Row> = HashMap::new();
        let mut records: HashMap<EntryRef, RecordId> = HashMap::new();
        for entry in entries {
            let of_this_push = match &entry.header.target {
                Target::New { record, .. } => rows.contains_key(record).then_some(*record),
                Target::At(deps) => deps.iter().find_map(|dep| records.get(dep).copied()),
            };
            let record = of_this_push.or_else(|| {
                let (record, known) = row(stream, &entry.header.target)?;
                rows.entry(record).or_insert(known);
                Some(record)
            });
            let record = match (record, &entry.header.target) {
                (Some(record), _) => record,
                (None, Target::New { record, .. }) => *record,
                // It is refused for what it was made at.
                (None, Target::At(_)) => {
                    cost.add(ENTRY);
                    continue;
                }
            };
            records.insert(entry.id(), record);
            rows.entry(record).or_default().follow(entry, &mut cost);
        }
    }
    cost
}

/// What a push is expected to cost by the views and the log as they are.
pub(super) fn of_push(logs: &[PushedLog], recovered: usize, log: &dyn Log, views: &Views) -> Cost {
    let facts = FactIndex(log);
    // What is in the log already is passed over.
    let fresh = logs.iter().map(|log| {
        let known = facts.log_head(&log.stream, log.incarnation);
        let known = known.map_or(0, |head| head.seq);
        let from = log.entries.partition_point(|e| e.header.seq <= known);
        (&log.stream, log.entries.get(from..).unwrap_or_default())
    });
    let cost = of_logs(fresh, |stream, target| {
        let record = match target {
            Target::New { record, .. } => facts.record(record).ok()?.map(|_| *record),
            Target::At(deps) => facts.entry(stream, deps.first()?).ok()??.fact.record,
        }?;
        // Views that cannot be read at the moment keep nobody from being decided on.
        let part = views.part(&record, stream.class).ok()??;
        Some((record, part.into()))
    });
    let recovered = Cost::of_entries(recovered);
    Cost {
        all: cost.all + recovered.all,
        step: cost.step.max(recovered.step),
    }
}
