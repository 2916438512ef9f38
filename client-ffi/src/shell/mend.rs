//! Mending: a damaged store is built anew from what it still gives and from its spare.
//!
//! What enters: a store whose file does not open, or was found damaged while it ran. What leaves: a
//! store with all that was not sent, with the records of which nothing is missing, and with cursors
//! at the beginning, so that the rest comes from the server; the damaged file is set aside. What
//! never happens here: an edit that was acknowledged and is let go, a record that is shown without
//! a part of it, or a device log that goes on where its end cannot be proved.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::notice::{Locale, text};
use gridfold_sync_core::session::phone::{HeldEntry, SyncState};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use serde::{Deserialize, Serialize};

use crate::disk::Disk;
use crate::error::ClientError;
use crate::key_store::StoreKey;
use crate::platform::Platform;
use crate::shell::batch::Batch;
use crate::shell::files::{INSTANCE_FILE, MENDED_FILE, MENDING_FILE, STORE_FILE, put_in_place};
use crate::shell::pages;
use crate::shell::rows::{
    RecordRow, StreamNo, decode_entry, is_pending, part_prefix, ref_key, ref_of_key, stream_of_key,
};
use crate::shell::seal::Sealer;
use crate::shell::spare::{self, Place, Replay, Rows, is_precious, number_of};
use crate::shell::state::{Instance, State};
use crate::shell::store::{
    ALL, CONSUMED, DEVICE_KEY, ENTRIES, FORMAT, FORMAT_KEY, GENERATION, INSTANCE, META, OUTBOX,
    RECORDS, REFS, REFUSED, Rx, SEEN, SESSION, STREAMS, Source, Store, Table, Tx, unlock,
};
use crate::types::MendedStore;

const MENDED: &[u8] = b"mended";
/// The text that tells of it.
pub(crate) const MENDED_CODE: &str = "store_mended";

/// What a mended store tells the app once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mended {
    pub(crate) at: Timestamp,
    pub(crate) records: u64,
    pub(crate) is_complete: bool,
}

impl Mended {
    pub(crate) fn told(&self) -> MendedStore {
        MendedStore {
            at: self.at,
            records: self.records,
            complete: self.is_complete,
            message_zh: text(MENDED_CODE, Locale::Zh).to_owned(),
            message_en: text(MENDED_CODE, Locale::En).to_owned(),
        }
    }
}

/// What the app was not told yet.
pub(crate) fn told_of(rx: &Rx<'_>) -> Result<Option<Mended>, ClientError> {
    let bytes = rx.get(META, MENDED)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The app was told.
pub(crate) fn settle(tx: &Tx<'_>) -> Result<(), ClientError> {
    tx.delete(META, MENDED)
}

/// Mends the store of a disk. A store of which not even the identity is left stays as it is.
pub(crate) fn mend(
    disk: &Arc<dyn Disk>,
    key: &StoreKey,
    platform: &Arc<dyn Platform>,
) -> Result<(), ClientError> {
    let Some(_locked) = disk.lock(INSTANCE_FILE)? else {
        return Err(ClientError::InUse);
    };
    let sealer = unlock(&**disk, key, platform.clone())?;
    let spare = spare::read(&**disk, &sealer)?;
    let found = Found::of(&**disk, &sealer)?;
    let plan = Plan::of(spare, &found)?;
    let store = Store::create_beside(disk, MENDING_FILE, sealer)?;
    plan.write(&store, &**platform)?;
    drop(store);
    disk.rename(MENDING_FILE, MENDED_FILE)?;
    disk.settle()?;
    put_in_place(&**disk)
}

/// What the damaged file still gives.
#[derive(Debug, Default)]
struct Found {
    rows: Rows,
    /// Tables of which nothing is missing.
    whole: BTreeSet<u8>,
}

impl Found {
    fn of(disk: &dyn Disk, sealer: &Sealer) -> Result<Self, ClientError> {
        let mut out = Self::default();
        let Some(mut tables) = pages::tables(disk, STORE_FILE)? else {
            return Ok(out);
        };
        for table in ALL {
            let (name, number) = (redb::TableHandle::name(&table), number_of(table));
            let Some(salvage) = tables.remove(name) else {
                continue;
            };
            let mut whole = salvage.whole;
            for (key, sealed) in salvage.pairs {
                match sealer.open(name, &key, &sealed) {
                    Ok(value) => drop(out.rows.insert((number, key), value)),
                    Err(_) => whole = false,
                }
            }
            if whole {
                out.whole.insert(number);
            }
        }
        Ok(out)
    }

    fn is_whole(&self, table: Table) -> bool {
        self.whole.contains(&number_of(table))
    }

    fn generation(&self) -> u64 {
        let bytes = self.rows.get(&place(META, GENERATION)).cloned();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_be_bytes)
    }
}

fn place(table: Table, key: &[u8]) -> Place {
    (number_of(table), key.to_vec())
}

fn in_table(rows: &Rows, table: Table) -> impl Iterator<Item = (&Vec<u8>, &Vec<u8>)> {
    let number = number_of(table);
    rows.range((number, Vec::new())..)
        .take_while(move |((of, _), _)| *of == number)
        .map(|((_, key), value)| (key, value))
}

fn table_of(number: u8) -> Result<Table, ClientError> {
    let table = ALL.get(usize::from(number)).copied();
    table.ok_or_else(|| ClientError::damaged("spare"))
}

fn record_of(key: &[u8]) -> Result<RecordId, ClientError> {
    Ok(RecordId::from_bytes(Reader::new(key).array()?))
}

/// What cannot be had from the server, from both files. The spare is the newer word where it is
/// whole; otherwise each gives what the other lacks.
fn kept_of(spare: Replay, found: &Found) -> Result<Rows, ClientError> {
    let newer = spare.generation >= found.generation();
    if spare.whole && newer {
        return Ok(spare.rows);
    }
    let mut kept = Rows::new();
    for ((number, key), value) in &found.rows {
        if is_precious(table_of(*number)?, key, value) {
            kept.insert((*number, key.clone()), value.clone());
        }
    }
    for (place, value) in spare.rows {
        // What the store's file has of a whole table is all there is.
        if newer || !found.whole.contains(&place.0) {
            kept.entry(place).or_insert(value);
        }
    }
    Ok(kept)
}

/// A new store's content.
#[derive(Debug)]
struct Plan {
    rows: Rows,
    /// Parts to fold anew from their entries.
    refolds: BTreeSet<(RecordId, StreamNo)>,
    /// Whether nothing is missing of records and entries.
    is_complete: bool,
}

impl Plan {
    fn of(spare: Replay, found: &Found) -> Result<Self, ClientError> {
        let generation = spare.generation.max(found.generation()) + 1;
        let mut rows = kept_of(spare, found)?;
        let streams = streams_of(&mut rows)?;
        let own = renew_instance(&mut rows)?;
        let mut out = Self {
            rows: Rows::new(),
            refolds: BTreeSet::new(),
            is_complete: false,
        };
        out.is_complete = out.take_records(found, &rows, streams, &own)?;
        for (key, value) in in_table(&found.rows, META) {
            if key != SESSION && key != CONSUMED {
                rows.entry(place(META, key))
                    .or_insert_with(|| value.clone());
            }
        }
        out.rows.extend(rows);
        let known = found.rows.get(&place(META, SESSION));
        let known =
            known.and_then(|bytes| serde_json::from_slice::<SyncState<StreamNo>>(bytes).ok());
        let session = SyncState {
            // All is asked for anew, and what stands nowhere at the server is looked for.
            unread: (0..streams).collect(),
            debts: BTreeMap::new(),
            seen: 0,
            erasures: 0,
            ..known.unwrap_or_default()
        };
        out.small(FORMAT_KEY, FORMAT.to_vec());
        out.small(GENERATION, generation.to_be_bytes().to_vec());
        out.small(SESSION, json(&session)?);
        Ok(out)
    }

    fn small(&mut self, key: &[u8], value: Vec<u8>) {
        self.rows.insert(place(META, key), value);
    }

    /// Takes over the records of which every entry is there, and of the others only what this phone
    /// wrote. Tells whether that was all.
    fn take_records(
        &mut self,
        found: &Found,
        kept: &Rows,
        streams: u32,
        own: &Instance,
    ) -> Result<bool, ClientError> {
        let (rows_whole, entries_whole) = (found.is_whole(RECORDS), found.is_whole(ENTRIES));
        let mut entries: BTreeMap<&Vec<u8>, (&Vec<u8>, HeldEntry)> = BTreeMap::new();
        let waiting = in_table(kept, ENTRIES);
        let decided = in_table(&found.rows, ENTRIES).filter(|(_, value)| !is_pending(value));
        for (key, value) in decided.chain(waiting) {
            let row = ref_of_key(key).and_then(|id| decode_entry(id, value));
            if let Ok(row) = row
                && key.len() > 20
                && stream_of_key(&key[16..])? < streams
            {
                entries.insert(key, (value, row));
            }
        }
        let mut shown = BTreeSet::new();
        for (key, value) in in_table(&found.rows, RECORDS) {
            let record = record_of(key)?;
            let row = RecordRow::decode(value).ok();
            let complete = row.is_some_and(|row| {
                row.parts.iter().all(|(stream, part)| {
                    *stream < streams && counted(&entries, &record, *stream) >= part.entries
                })
            });
            if complete {
                shown.insert(record);
                self.rows.insert(place(RECORDS, key), value.clone());
            }
        }
        for (key, (value, row)) in &entries {
            let (record, stream) = (record_of(key)?, stream_of_key(&key[16..])?);
            let written_here = own.own.contains(&row.id.incarnation);
            let pending = is_pending(value);
            // With all entries there, a record whose row is lost is folded from them.
            let foldable = entries_whole && !rows_whole && !shown.contains(&record);
            if !(shown.contains(&record) || entries_whole || written_here) {
                continue;
            }
            if pending || foldable {
                self.refolds.insert((record, stream));
            }
            let (entry, named) = (place(ENTRIES, key), place(REFS, &ref_key(stream, &row.id)));
            self.rows.insert(entry, (*value).clone());
            self.rows.insert(named, record.bytes().to_vec());
        }
        for (key, value) in in_table(&found.rows, SEEN) {
            self.rows.insert(place(SEEN, key), value.clone());
        }
        Ok(rows_whole && entries_whole)
    }

    /// Fills a new store, as one commit, and folds what must be folded.
    fn write(&self, store: &Store, platform: &dyn Platform) -> Result<(), ClientError> {
        store.write(|tx| {
            self.rows
                .iter()
                .try_for_each(|((number, key), value)| tx.put(table_of(*number)?, key, value))
        })?;
        // Under a new incarnation: nothing says that the log's end is the end it had.
        let state = State::load(store, platform)?;
        store.write(|tx| {
            let mut batch = Batch::new(tx, &state, platform);
            for (record, stream) in &self.refolds {
                self.begin_part(&mut batch, record, *stream)?;
                batch.refold(record, *stream)?;
            }
            batch.finish().map(|_| ())
        })?;
        let told = Mended {
            at: platform.now(),
            records: State::load(store, platform)?.rows.len() as u64,
            is_complete: self.is_complete,
        };
        store.write(|tx| tx.put(META, MENDED, &json(&told)?))
    }

    /// Puts an empty part where there is none, so that a record made here has its grid and form.
    fn begin_part(
        &self,
        batch: &mut Batch<'_>,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(), ClientError> {
        let known = batch.record(record)?;
        if known
            .as_ref()
            .is_some_and(|row| row.parts.contains_key(&stream))
        {
            return Ok(());
        }
        let prefix = part_prefix(record, stream);
        let made = in_table(&self.rows, ENTRIES)
            .filter(|(key, _)| key.starts_with(&prefix))
            .find_map(|(key, value)| {
                let row = decode_entry(ref_of_key(key).ok()?, value).ok()?;
                match row.entry?.header.target {
                    Target::New { form, .. } => Some(form),
                    Target::At(_) => None,
                }
            });
        match made {
            Some(form) => batch.put_part(record, stream, PartState::new(form)),
            None => Ok(()),
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(value).map_err(|_| ClientError::internal("mend/json"))
}

/// How many entries of a part are here and count.
fn counted(
    entries: &BTreeMap<&Vec<u8>, (&Vec<u8>, HeldEntry)>,
    record: &RecordId,
    stream: StreamNo,
) -> u32 {
    let prefix = part_prefix(record, stream);
    let of_part = entries
        .range::<Vec<u8>, _>((Bound::Included(&prefix), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(&prefix));
    let counts = of_part.filter(|(_, (_, row))| {
        row.fate.counts() && row.entry.as_ref().is_some_and(|e| e.ops.is_some())
    });
    u32::try_from(counts.count()).unwrap_or(u32::MAX)
}

/// How many streams have their names. Numbers are given out without gaps, and what waits cannot be
/// sent to a stream that has none.
fn streams_of(rows: &mut Rows) -> Result<u32, ClientError> {
    let mut streams = 0;
    for (key, _) in in_table(rows, STREAMS) {
        if stream_of_key(key)? != streams {
            break;
        }
        streams += 1;
    }
    let waits = in_table(rows, OUTBOX).map(|(_, item)| stream_of_key(item));
    let refused = in_table(rows, REFUSED).map(|(key, _)| stream_of_key(key));
    for stream in waits.chain(refused) {
        if stream? >= streams {
            return Err(ClientError::damaged("streams"));
        }
    }
    let number = number_of(STREAMS);
    rows.retain(|(table, key), _| {
        *table != number || stream_of_key(key).is_ok_and(|stream| stream < streams)
    });
    Ok(streams)
}

/// The store's life, with no binding to these files: so the next one begins when it is read.
fn renew_instance(rows: &mut Rows) -> Result<Instance, ClientError> {
    let lost = || ClientError::damaged("identity");
    rows.get(&place(META, DEVICE_KEY)).ok_or_else(lost)?;
    let bytes = rows.get(&place(META, INSTANCE)).ok_or_else(lost)?;
    let mut instance: Instance = serde_json::from_slice(bytes).map_err(|_| lost())?;
    instance.binding = Vec::new();
    rows.insert(place(META, INSTANCE), json(&instance)?);
    Ok(instance)
}
