//! The facts that admission decides by: the views as of the last commit, and over them what the
//! batch at hand has decided so far.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use gridfold_sync_core::admission::{Decision, EntryFact, Facts, LogHead, RecordFact};
use gridfold_sync_core::directory::{Directory, Standing};
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, IncarnationId, RecordId, StreamId, UserId,
};
use gridfold_sync_core::merge::{MergeError, follows};
use gridfold_sync_core::resident::RESIDENT;
use gridfold_sync_core::schema::{Form, Role};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use lru::LruCache;

use crate::fold::author;
use crate::fold::document::Document;
use crate::fold::recent::Recent;
use crate::items::{FactIndex, StoredItem};
use crate::keys::RecordKeys;
use crate::log::{Log, LogError, StreamName};
use crate::views::{ViewsError, ViewsWriter};

/// Rows of recently edited records kept in memory.
const CACHED_PARTS: usize = 8_192;
/// Documents of records that are being edited concurrently kept in memory.
const CACHED_MERGERS: usize = 64;
/// Entries kept in memory, since most edits are made at a recent one.
const CACHED_ENTRIES: usize = 32_768;
/// Rows as they were at the heads that phones go on from, kept in memory.
const CACHED_LINES: usize = 1_024;
/// A row with more text than this is folded again instead of kept.
const MAX_LINE_BYTES: usize = 16 << 10;

pub(crate) type PartKey = (StreamId, RecordId);

/// What one batch has decided before it is committed.
#[derive(Debug, Default, Clone)]
struct Overlay {
    heads: HashMap<(StreamId, IncarnationId), LogHead>,
    entries: HashMap<(StreamId, EntryRef), (EntryFact, UserId)>,
    records: HashMap<RecordId, (AreaCode, FormCode)>,
    parts: HashMap<PartKey, PartState>,
    admitted: HashMap<PartKey, Vec<Entry>>,
    owners: HashMap<IncarnationId, DeviceId>,
}

/// What a batch had decided at a moment, to go back to.
#[derive(Debug)]
pub(crate) struct Mark(Overlay);

/// Memory between batches.
#[derive(Debug)]
pub(crate) struct Memory {
    parts: LruCache<PartKey, PartState>,
    entries: LruCache<(StreamId, EntryRef), EntryFact>,
    pub(crate) documents: LruCache<PartKey, Document>,
    /// Rows at older heads: a phone's next edit continues from where its last one ended.
    lines: LruCache<(PartKey, Vec<EntryRef>), PartState>,
    pub(crate) recent: Recent,
}

impl Memory {
    fn keep_line(&mut self, key: &PartKey, state: PartState) {
        if state.text_bytes() <= MAX_LINE_BYTES {
            let heads = state.heads.clone();
            self.lines.put((key.clone(), heads), state);
        }
    }

    fn clear(&mut self) {
        self.parts.clear();
        self.entries.clear();
        self.documents.clear();
        self.lines.clear();
        self.recent.clear();
    }
}

impl Default for Memory {
    fn default() -> Self {
        let size = |n: usize| NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN);
        Self {
            parts: LruCache::new(size(CACHED_PARTS)),
            entries: LruCache::new(size(CACHED_ENTRIES)),
            documents: LruCache::new(size(CACHED_MERGERS)),
            lines: LruCache::new(size(CACHED_LINES)),
            recent: Recent::default(),
        }
    }
}

/// The facts for one batch.
pub(crate) struct BatchFacts<'a> {
    pub(crate) views: &'a mut ViewsWriter,
    pub(crate) log: &'a dyn Log,
    pub(crate) keys: &'a RecordKeys,
    pub(crate) directory: Arc<Directory>,
    /// The server's own incarnation: only the console writes under it.
    pub(crate) console: IncarnationId,
    pub(crate) is_console: bool,
    /// Whether what is decided is what was done before, written down again: then one person takes all its steps.
    pub(crate) is_again: bool,
    /// When somebody else's turn is.
    pub(crate) until: Option<Instant>,
    pub(crate) memory: &'a mut Memory,
    overlay: Overlay,
}

impl<'a> BatchFacts<'a> {
    pub(crate) fn new(
        views: &'a mut ViewsWriter,
        log: &'a dyn Log,
        keys: &'a RecordKeys,
        directory: Arc<Directory>,
        console: IncarnationId,
        memory: &'a mut Memory,
    ) -> Self {
        if let Err(error) = views.begin_reads() {
            // Each read then looks by itself, which is only slower.
            tracing::warn!(%error, "the views are read one by one");
        }
        Self {
            views,
            log,
            keys,
            directory,
            console,
            is_console: false,
            is_again: false,
            until: None,
            memory,
            overlay: Overlay::default(),
        }
    }

    /// Keeps what the batch decided, now that it is durable.
    pub(crate) fn keep(self) {
        self.views.end_reads();
        for (key, part) in self.overlay.parts {
            self.memory.parts.put(key, part);
        }
        for (id, (fact, _)) in self.overlay.entries {
            self.memory.entries.put(id, fact);
        }
        self.memory.recent.admitted(self.overlay.admitted);
    }

    /// The entries of a record that nobody had been told of when something was asked.
    pub(crate) fn since(
        &self,
        stream: &StreamId,
        record: &RecordId,
        asked: Instant,
    ) -> BTreeSet<EntryRef> {
        let mut found = self.memory.recent.since(stream, record, asked);
        let batch = self.overlay.admitted.get(&(stream.clone(), *record));
        found.extend(batch.into_iter().flatten().map(Entry::id));
        found
    }

    /// What is decided so far.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.overlay.clone())
    }

    /// Forgets what was decided since.
    pub(crate) fn back_to(&mut self, Mark(overlay): Mark) {
        self.overlay = overlay;
        // Both go on as entries are decided on, and the names of these are given again.
        self.memory.documents.clear();
        self.memory.lines.clear();
    }

    /// Forgets what the batch decided, since it did not become durable.
    pub(crate) fn forget(self) {
        self.views.end_reads();
        self.memory.clear();
    }

    /// The admitted entries of a record, those of this batch included.
    pub(crate) fn history(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
    ) -> Result<Vec<Entry>, ViewsError> {
        let name = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
        let mut entries = Vec::new();
        for place in self.views.places(stream, record)? {
            let item = match self.log.get(&name, place) {
                Ok(item) => item.ok_or(ViewsError::Damaged)?,
                // Named by the log; what was made at it is not derived without it.
                Err(LogError::Damaged { .. }) => continue,
                Err(e) => return Err(e.into()),
            };
            let Ok(item) = StoredItem::decode(&item.bytes) else {
                continue;
            };
            entries.extend(item.entry(self.keys)?);
        }
        if let Some(new) = self.overlay.admitted.get(&(stream.clone(), *record)) {
            entries.extend(new.iter().cloned());
        }
        Ok(entries)
    }

    /// Folds an entry into its record's row, whichever way it goes.
    pub(crate) fn fold(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        form: &FormCode,
        entry: &Entry,
    ) -> Result<PartState, ViewsError> {
        match self.part(stream, record)? {
            None if entry.header.deps().is_empty() => {
                let mut state = PartState::new(form.clone());
                state.apply(entry);
                Ok(state)
            }
            Some(mut state) if follows(&state, entry) => {
                state.apply(entry);
                Ok(state)
            }
            // What it was made at is damaged in the log.
            None if self.has_damage(stream) => {
                let mut state = PartState::new(form.clone());
                state.apply(entry);
                Ok(state)
            }
            _ => self.merge(stream, record, entry),
        }
    }

    fn index(&self) -> FactIndex<'_> {
        FactIndex(self.log)
    }

    /// Whether items of a stream are damaged in the log, so that a history may have holes.
    pub(crate) fn has_damage(&self, stream: &StreamId) -> bool {
        let name = stream.name();
        self.log
            .damage()
            .iter()
            .any(|d| d.stream.as_bytes() == name.as_bytes())
    }
}

impl Facts for BatchFacts<'_> {
    type Error = ViewsError;

    fn is_grid(&mut self, area: &AreaCode) -> Result<bool, ViewsError> {
        Ok(self.directory.is_grid(area))
    }

    fn standing(
        &mut self,
        user: UserId,
        area: &AreaCode,
        now: Timestamp,
    ) -> Result<Standing, ViewsError> {
        // Nobody signs in as whoever has a receipt: what they say comes by the console alone.
        if self.is_console && user == RESIDENT {
            return Ok(Standing::Active(vec![Role::Service]));
        }
        Ok(self.directory.standing(user, area, now))
    }

    fn form(&mut self, code: &FormCode, version: u32) -> Result<Option<Arc<Form>>, ViewsError> {
        Ok(self.directory.forms().get(code, version).cloned())
    }

    fn has_form(&mut self, code: &FormCode) -> Result<bool, ViewsError> {
        Ok(self.directory.forms().has(code))
    }

    fn incarnation_owner(
        &mut self,
        incarnation: IncarnationId,
    ) -> Result<Option<DeviceId>, ViewsError> {
        if incarnation == self.console {
            return Ok(if self.is_console {
                None
            } else {
                Some(DeviceId::from_bytes([0; 16]))
            });
        }
        if let Some(owner) = self.overlay.owners.get(&incarnation) {
            return Ok(Some(*owner));
        }
        Ok(self.index().owner(incarnation)?)
    }

    fn is_of_many(&mut self, incarnation: IncarnationId) -> Result<bool, ViewsError> {
        Ok(self.is_console && incarnation == self.console)
    }

    fn log_head(
        &mut self,
        stream: &StreamId,
        incarnation: IncarnationId,
    ) -> Result<LogHead, ViewsError> {
        if let Some(head) = self.overlay.heads.get(&(stream.clone(), incarnation)) {
            return Ok(*head);
        }
        Ok(self.index().log_head(stream, incarnation)?)
    }

    fn entry(&mut self, stream: &StreamId, id: &EntryRef) -> Result<Option<EntryFact>, ViewsError> {
        let key = (stream.clone(), *id);
        let decided = self.overlay.entries.get(&key).map(|(fact, _)| *fact);
        if let Some(fact) = decided.or_else(|| self.memory.entries.get(&key).copied()) {
            return Ok(Some(fact));
        }
        Ok(self.index().entry(stream, id)?.map(|known| known.fact))
    }

    fn author(&mut self, stream: &StreamId, id: &EntryRef) -> Result<Option<UserId>, ViewsError> {
        let decided = self.overlay.entries.get(&(stream.clone(), *id));
        decided.map_or_else(|| author::of(self.log, stream, id), |(_, by)| Ok(Some(*by)))
    }

    fn tells_people(&mut self) -> bool {
        !self.is_again
    }

    fn record(&mut self, record: &RecordId) -> Result<RecordFact, ViewsError> {
        if self.directory.is_erased(record) {
            return Ok(RecordFact::Erased);
        }
        let known = match self.overlay.records.get(record) {
            Some(known) => Some(known.clone()),
            None => self.index().record(record)?,
        };
        Ok(
            known.map_or(RecordFact::Unknown, |(grid, form)| RecordFact::Known {
                grid,
                form,
            }),
        )
    }

    fn part(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
    ) -> Result<Option<PartState>, ViewsError> {
        let key = (stream.clone(), *record);
        if let Some(part) = self.overlay.parts.get(&key) {
            return Ok(Some(part.clone()));
        }
        if let Some(part) = self.memory.parts.get(&key) {
            return Ok(Some(part.clone()));
        }
        // The views hold a row by record and class, whichever grid's stream it came in.
        match self.views.record(record)? {
            Some((grid, _)) if grid == stream.grid => self.views.part(record, stream.class),
            _ => Ok(None),
        }
    }

    fn newest_of(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Vec<EntryRef>, ViewsError> {
        if heads.len() < 2 {
            return Ok(heads.to_vec());
        }
        match self.newest_among(stream, record, heads)? {
            Ok(newest) => Ok(newest),
            // What lies between two of them is damaged in the log: nobody is refused for that.
            Err(_) if self.has_damage(stream) => Ok(heads.to_vec()),
            Err(error) => Err(damaged(error)),
        }
    }

    fn part_at(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Option<PartState>, ViewsError> {
        if heads.is_empty() {
            return Ok(None);
        }
        let Some(part) = self.part(stream, record)? else {
            return Ok(None);
        };
        let key = (stream.clone(), *record);
        let line = (key, heads.to_vec());
        if let Some(known) = self.memory.lines.get(&line) {
            return Ok(Some(known.clone()));
        }
        let state = match self.row_at(&line.0, &part, heads)? {
            Ok(state) => state,
            // Damage in the log costs what was made at it the exact state, and nothing else.
            Err(_) if self.has_damage(stream) => return Ok(Some(part)),
            Err(error) => return Err(damaged(error)),
        };
        self.memory.keep_line(&line.0, state.clone());
        Ok(Some(state))
    }

    fn merge(
        &mut self,
        stream: &StreamId,
        record: &RecordId,
        entry: &Entry,
    ) -> Result<PartState, ViewsError> {
        let key = (stream.clone(), *record);
        let is_holed = self.has_damage(stream);
        let part = match (self.part(stream, record)?, is_holed) {
            (Some(part), _) => part,
            (None, true) => {
                let known = self.index().record(record)?;
                PartState::new(known.ok_or(ViewsError::Damaged)?.1)
            }
            (None, false) => return Err(ViewsError::Damaged),
        };
        let before = is_holed.then(|| part.clone());
        match (self.derive(&key, part, entry)?, before) {
            (Ok(state), _) => Ok(state),
            (Err(_), Some(mut state)) => {
                tracing::error!(stream = %stream.name(), "an edit is folded without what it was made at, which is damaged in the log");
                state.apply(entry);
                Ok(state)
            }
            (Err(error), None) => Err(damaged(error)),
        }
    }

    fn goes_on(&mut self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    fn decided(&mut self, stream: &StreamId, decision: &Decision) -> Result<(), ViewsError> {
        let id = decision.entry.id();
        let overlay = &mut self.overlay;
        overlay.heads.insert(
            (stream.clone(), id.incarnation),
            LogHead {
                seq: id.seq,
                link: decision.link,
            },
        );
        overlay
            .owners
            .insert(id.incarnation, decision.author.device);
        let fact = EntryFact {
            hash: decision.hash,
            record: decision.record,
            admitted: decision.verdict.is_admitted(),
        };
        let of = (stream.clone(), id);
        overlay.entries.insert(of, (fact, decision.author.user));
        if let (Some(record), Some(form), Some(state)) =
            (decision.record, &decision.form, &decision.state)
        {
            overlay
                .records
                .insert(record, (stream.grid.clone(), form.clone()));
            let key = (stream.clone(), record);
            let entry = &decision.entry;
            if let Some(document) = self.memory.documents.get_mut(&key)
                && !document.merger.contains(&id)
            {
                document.waiting.push(entry.clone());
            }
            let line = (key.clone(), entry.header.deps().to_vec());
            if let Some(mut at) = self.memory.lines.get(&line).cloned() {
                at.apply(entry);
                self.memory.keep_line(&key, at);
            }
            let admitted = overlay.admitted.entry(key.clone()).or_default();
            admitted.push(entry.clone());
            overlay.parts.insert(key, state.clone());
        } else if let Some(record) = decision.record {
            // An entry that was merged for a look and then refused must not stay in a document.
            let key = (stream.clone(), record);
            let document = self.memory.documents.peek(&key);
            if document.is_some_and(|document| document.merger.contains(&id)) {
                self.memory.documents.pop(&key);
            }
        }
        Ok(())
    }
}

fn damaged(_: MergeError) -> ViewsError {
    ViewsError::Damaged
}
