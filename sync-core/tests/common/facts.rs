//! Facts in memory: the reference that other implementations are compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::admission::{Decision, EntryFact, Facts, LogHead, RecordFact};
use gridfold_sync_core::directory::{Directory, Standing};
use gridfold_sync_core::entry::{Entry, Item, item_hash, next_prefix};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId, UserId,
};
use gridfold_sync_core::merge::{MergeError, fold, newest_of, state_at};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;

/// Everything decided so far, by stream, and the directory.
#[derive(Debug, Default, Clone)]
pub struct MemoryFacts {
    pub directory: Directory,
    pub log: BTreeMap<StreamId, Vec<Decision>>,
    prefixes: BTreeMap<StreamId, Vec<Hash>>,
    places: BTreeMap<(StreamId, EntryRef), usize>,
    heads: BTreeMap<(StreamId, IncarnationId), LogHead>,
    owners: BTreeMap<IncarnationId, DeviceId>,
    records: BTreeMap<RecordId, (AreaCode, FormCode)>,
    parts: BTreeMap<(StreamId, RecordId), PartState>,
    /// How often entries were folded again because of a fork.
    pub derivations: usize,
}

impl MemoryFacts {
    /// An empty log under this directory.
    pub fn of(directory: Directory) -> Self {
        Self {
            directory,
            ..Self::default()
        }
    }
    /// All rows there are.
    pub fn parts(&self) -> &BTreeMap<(StreamId, RecordId), PartState> {
        &self.parts
    }
    /// A row.
    pub fn row(&self, stream: &StreamId, record: RecordId) -> &PartState {
        &self.parts[&(stream.clone(), record)]
    }
    /// Grid and form of every record.
    pub fn records(&self) -> &BTreeMap<RecordId, (AreaCode, FormCode)> {
        &self.records
    }
    /// How many items a stream holds.
    pub fn newest(&self, stream: &StreamId) -> u64 {
        self.prefixes.get(stream).map_or(0, |p| p.len() as u64)
    }
    /// The prefix at a place; none past the end.
    pub fn prefix(&self, stream: &StreamId, seq: u64) -> Option<Hash> {
        let Some(before) = seq.checked_sub(1) else {
            return Some(Hash::default());
        };
        let prefixes = self.prefixes.get(stream)?;
        prefixes.get(usize::try_from(before).ok()?).copied()
    }
    /// Admitted entries of a record part, in log order.
    pub fn entries(&self, stream: &StreamId, record: RecordId) -> Vec<Entry> {
        let log = self.log.get(stream).map_or(&[][..], Vec::as_slice);
        log.iter()
            .filter(|d| d.record == Some(record) && d.verdict.is_admitted())
            .map(|d| d.entry.clone())
            .collect()
    }
    /// The stream's log as items.
    pub fn items(&self, stream: &StreamId) -> Vec<Item> {
        let log = self.log.get(stream).map_or(&[][..], Vec::as_slice);
        log.iter()
            .map(|d| Item {
                id: d.entry.id(),
                author: d.author,
                received: d.received,
                verdict: d.verdict,
                entry_hash: d.hash,
                entry: d.verdict.is_admitted().then(|| d.entry.clone()),
            })
            .collect()
    }
    /// Live equals rebuilt: every row is the fold of its admitted entries.
    pub fn assert_rows_are_folds(&self) {
        for ((stream, record), row) in &self.parts {
            let entries = self.entries(stream, *record);
            let folded = fold(&row.form, &entries).expect("admitted entries fold");
            assert_eq!(folded, *row, "row of {record} in {}", stream.name());
        }
    }
    fn form_of(&self, record: &RecordId) -> FormCode {
        match self.records.get(record) {
            Some((_, form)) => form.clone(),
            None => FormCode::new("none").expect("a name"),
        }
    }
}

impl Facts for MemoryFacts {
    type Error = MergeError;

    fn is_grid(&mut self, area: &AreaCode) -> Result<bool, MergeError> {
        Ok(self.directory.is_grid(area))
    }
    fn standing(
        &mut self,
        user: UserId,
        area: &AreaCode,
        now: Timestamp,
    ) -> Result<Standing, MergeError> {
        Ok(self.directory.standing(user, area, now))
    }
    fn form(&mut self, code: &FormCode, version: u32) -> Result<Option<Arc<Form>>, MergeError> {
        Ok(self.directory.forms().get(code, version).cloned())
    }
    fn has_form(&mut self, code: &FormCode) -> Result<bool, MergeError> {
        Ok(self.directory.forms().has(code))
    }
    fn incarnation_owner(&mut self, of: IncarnationId) -> Result<Option<DeviceId>, MergeError> {
        Ok(self.owners.get(&of).copied())
    }
    fn log_head(&mut self, stream: &StreamId, of: IncarnationId) -> Result<LogHead, MergeError> {
        let head = self.heads.get(&(stream.clone(), of));
        Ok(head.copied().unwrap_or_default())
    }
    fn entry(&mut self, stream: &StreamId, id: &EntryRef) -> Result<Option<EntryFact>, MergeError> {
        let Some(&place) = self.places.get(&(stream.clone(), *id)) else {
            return Ok(None);
        };
        let decision = &self.log[stream][place];
        Ok(Some(EntryFact {
            hash: decision.hash,
            record: decision.record,
            admitted: decision.verdict.is_admitted(),
        }))
    }
    fn author(&mut self, stream: &StreamId, id: &EntryRef) -> Result<Option<UserId>, MergeError> {
        let place = self.places.get(&(stream.clone(), *id));
        Ok(place.map(|place| self.log[stream][*place].author.user))
    }
    fn record(&mut self, record: &RecordId) -> Result<RecordFact, MergeError> {
        if self.directory.is_erased(record) {
            return Ok(RecordFact::Erased);
        }
        Ok(match self.records.get(record) {
            Some((grid, form)) => RecordFact::Known {
                grid: grid.clone(),
                form: form.clone(),
            },
            None => RecordFact::Unknown,
        })
    }
    fn part(&mut self, stream: &StreamId, of: &RecordId) -> Result<Option<PartState>, MergeError> {
        Ok(self.parts.get(&(stream.clone(), *of)).cloned())
    }
    fn newest_of(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Vec<EntryRef>, MergeError> {
        newest_of(&self.entries(stream, *record), heads)
    }
    fn part_at(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Option<PartState>, MergeError> {
        if heads.is_empty() {
            return Ok(None);
        }
        self.derivations += 1;
        let entries = self.entries(stream, *record);
        state_at(&self.form_of(record), &entries, heads).map(Some)
    }
    fn merge(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        entry: &Entry,
    ) -> Result<PartState, MergeError> {
        self.derivations += 1;
        let mut entries = self.entries(stream, *record);
        entries.push(entry.clone());
        fold(&self.form_of(record), &entries)
    }
    fn decided(&mut self, stream: &StreamId, decision: &Decision) -> Result<(), MergeError> {
        let id = decision.entry.id();
        let newest = self.newest(stream);
        let before = self.prefix(stream, newest).unwrap_or_default();
        let hash = item_hash(
            &decision.hash,
            &id,
            &decision.author,
            decision.received,
            decision.verdict,
        );
        let prefixes = self.prefixes.entry(stream.clone()).or_default();
        prefixes.push(next_prefix(&before, &hash));
        let log = self.log.entry(stream.clone()).or_default();
        self.places.insert((stream.clone(), id), log.len());
        log.push(decision.clone());
        let head = LogHead {
            seq: id.seq,
            link: decision.link,
        };
        self.heads.insert((stream.clone(), id.incarnation), head);
        self.owners
            .entry(id.incarnation)
            .or_insert(decision.author.device);
        if let (Some(record), Some(state)) = (decision.record, &decision.state) {
            self.records
                .entry(record)
                .or_insert_with(|| (stream.grid.clone(), state.form.clone()));
            self.parts.insert((stream.clone(), record), state.clone());
        }
        Ok(())
    }
}

/// Hashes that appear twice in a log: none ever may.
pub fn repeated(log: &[Decision]) -> Vec<Hash> {
    let mut seen = BTreeSet::new();
    log.iter()
        .map(|d| d.hash)
        .filter(|h| !seen.insert(*h))
        .collect()
}
