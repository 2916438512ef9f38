//! What the shell keeps in memory: summaries for lists, the outbox, and where everything stands.
//!
//! It is what the store holds, read in one scan when it is opened; a transaction changes it only
//! after its commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::directory::{Directory, DirectoryScope, GRID_LEVEL};
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, StreamId, UserId,
};
use gridfold_sync_core::schema::{Form, Role};
use gridfold_sync_core::session::Position;
use gridfold_sync_core::session::phone::{HeldEntry, SyncState};
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::platform::{Platform, random};
use crate::shell::consumed::{consumed, handed_out};
use crate::shell::due_facts::DueFacts;
use crate::shell::rows::{
    OutboxItem, RecordRow, RefusedRow, Row, StreamNo, decode_entry, entry_key, log_prefix, ref_key,
    ref_of_key, stream_of_key,
};
use crate::shell::store::{
    ACCOUNT, CURSORS, DEVICE_KEY, ENTRIES, INSTANCE, META, OUTBOX, RECORDS, REFS, REFUSED, SESSION,
    STREAMS, Source, Store, Tx,
};

const DIRECTORY: &[u8] = b"directory";

/// Who the phone is to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) user_name: String,
    pub(crate) server_url: String,
    pub(crate) server_key: [u8; 32],
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Account {
    pub(crate) fn author(&self) -> Author {
        Author {
            device: self.device,
            user: self.user,
        }
    }
    pub(crate) fn server_key(&self) -> PublicKey {
        PublicKey(self.server_key)
    }
}

/// Which life of the store this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) incarnation: IncarnationId,
    /// All incarnations this store ever wrote under.
    pub(crate) own: BTreeSet<IncarnationId>,
    pub(crate) binding: Vec<u8>,
}

/// The directory held, with what is computed from it.
#[derive(Debug)]
pub(crate) struct HeldDirectory {
    pub(crate) digest: [u8; 8],
    pub(crate) scope: DirectoryScope,
    pub(crate) directory: Directory,
}

impl HeldDirectory {
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, String> {
        let scope = DirectoryScope::from_bytes(bytes)?;
        Ok(Self {
            digest: DirectoryScope::digest_of(bytes),
            directory: scope.to_directory(),
            scope,
        })
    }
    /// The roles of the user in a grid. The server sends grants in force, so dates are its business:
    /// the phone's clock may be wrong.
    pub(crate) fn roles(&self, grid: &AreaCode) -> Vec<Role> {
        let mut roles: Vec<Role> = self
            .scope
            .grants
            .iter()
            .filter(|g| g.user == self.scope.user)
            .filter(|g| self.directory.covers(g.area.as_ref(), grid))
            .map(|g| g.role)
            .collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
    /// The grids of the user.
    pub(crate) fn grids(&self) -> Vec<AreaCode> {
        self.scope
            .areas
            .iter()
            .filter(|a| a.level == GRID_LEVEL && !self.roles(&a.code).is_empty())
            .map(|a| a.code.clone())
            .collect()
    }
    /// The streams the phone follows.
    pub(crate) fn streams(&self) -> BTreeSet<StreamId> {
        let mut streams = BTreeSet::new();
        for grid in self.grids() {
            for role in self.roles(&grid) {
                for class in role.readable() {
                    streams.insert(StreamId::new(grid.clone(), *class));
                }
            }
        }
        streams
    }
    pub(crate) fn form(&self, code: &FormCode) -> Option<&Arc<Form>> {
        self.directory.forms().latest(code)
    }
    pub(crate) fn user_name(&self, user: UserId) -> Option<String> {
        self.directory.user(&user).map(|u| u.name.clone())
    }
}

/// Where the phone stands: small things, copied for each transaction and put in place after its commit.
#[derive(Debug, Clone)]
pub(crate) struct Bearings {
    pub(crate) instance: Arc<Instance>,
    pub(crate) account: Option<Arc<Account>>,
    pub(crate) sync: SyncState<StreamNo>,
    pub(crate) held: Option<Arc<HeldDirectory>>,
    pub(crate) streams: Arc<Vec<StreamId>>,
    pub(crate) numbers: Arc<BTreeMap<StreamId, StreamNo>>,
    pub(crate) cursors: Arc<BTreeMap<StreamNo, Position>>,
    /// Heads of this incarnation's logs.
    pub(crate) heads: Arc<BTreeMap<StreamNo, (u64, Hash)>>,
    pub(crate) refused: Arc<BTreeMap<(StreamNo, EntryRef), RefusedRow>>,
    pub(crate) next_order: u64,
    /// Entries of orders below this one may have left the phone: they can no longer be undone.
    pub(crate) handed_out: u64,
    /// The change that took something out of the store which undoing it puts back.
    pub(crate) consumed: Option<u64>,
}

impl Bearings {
    pub(crate) fn stream(&self, number: StreamNo) -> Result<&StreamId, ClientError> {
        self.streams
            .get(number as usize)
            .ok_or_else(|| ClientError::damaged("streams"))
    }
    pub(crate) fn position(&self, number: StreamNo) -> Position {
        self.cursors.get(&number).copied().unwrap_or_default()
    }
    /// The number of a stream, where it has one.
    pub(crate) fn number(&self, stream: &StreamId) -> Option<StreamNo> {
        self.numbers.get(stream).copied()
    }

    pub(crate) fn is_own(&self, incarnation: IncarnationId) -> bool {
        self.instance.own.contains(&incarnation)
    }
}

/// Everything in memory.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) key: SignKey,
    pub(crate) bearings: Bearings,
    pub(crate) rows: BTreeMap<RecordId, Row>,
    pub(crate) outbox: BTreeMap<u64, OutboxItem>,
    /// Order of each entry in the outbox.
    pub(crate) order_of: BTreeMap<(StreamNo, EntryRef), u64>,
    /// Entries of each record in the outbox.
    pub(crate) pending: BTreeMap<RecordId, u32>,
    /// What was read of records for what plans are due for.
    pub(crate) due: DueFacts,
}

/// What a committed transaction changed.
#[derive(Debug)]
pub(crate) struct Delta {
    pub(crate) bearings: Bearings,
    pub(crate) rows: BTreeMap<RecordId, Option<Row>>,
    pub(crate) outbox_add: BTreeMap<u64, OutboxItem>,
    pub(crate) outbox_remove: BTreeSet<u64>,
}

fn meta<T: for<'de> Deserialize<'de>>(
    source: &impl Source,
    key: &[u8],
) -> Result<Option<T>, ClientError> {
    match source.get(META, key)? {
        Some(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|_| ClientError::damaged("meta")),
        None => Ok(None),
    }
}

fn put_meta<T: Serialize>(tx: &Tx<'_>, key: &[u8], value: &T) -> Result<(), ClientError> {
    let bytes = serde_json::to_vec(value).map_err(|_| ClientError::internal("meta"))?;
    tx.put(META, key, &bytes)
}

pub(crate) fn put_instance(tx: &Tx<'_>, instance: &Instance) -> Result<(), ClientError> {
    put_meta(tx, INSTANCE, instance)
}
pub(crate) fn put_account(tx: &Tx<'_>, account: &Account) -> Result<(), ClientError> {
    put_meta(tx, ACCOUNT, account)
}
pub(crate) fn put_sync(tx: &Tx<'_>, sync: &SyncState<StreamNo>) -> Result<(), ClientError> {
    put_meta(tx, SESSION, sync)
}
pub(crate) fn put_directory(tx: &Tx<'_>, bytes: &[u8]) -> Result<(), ClientError> {
    tx.put(META, DIRECTORY, bytes)
}

pub(crate) fn new_incarnation(platform: &dyn Platform) -> IncarnationId {
    IncarnationId::from_parts(platform.now(), random(platform))
}

/// Writes what a new store starts with.
pub(crate) fn initialise(store: &Store, platform: &dyn Platform) -> Result<(), ClientError> {
    let seed = zeroize::Zeroizing::new(random::<32>(platform));
    let binding = store.binding()?;
    store.write(|tx| begin(tx, &seed, binding, platform))
}

/// Writes what a store starts with for this device key.
pub(crate) fn begin(
    tx: &Tx<'_>,
    seed: &[u8; 32],
    binding: Vec<u8>,
    platform: &dyn Platform,
) -> Result<(), ClientError> {
    let incarnation = new_incarnation(platform);
    tx.put(META, DEVICE_KEY, seed)?;
    let own = BTreeSet::from([incarnation]);
    let instance = Instance {
        incarnation,
        own,
        binding,
    };
    put_instance(tx, &instance)
}

impl State {
    /// Reads everything; a store that was copied or restored gets its new incarnation here.
    pub(crate) fn load(store: &Store, platform: &dyn Platform) -> Result<Self, ClientError> {
        let mut state = store.read(|rx| load(rx))?;
        let binding = store.binding()?;
        if state.bearings.instance.binding != binding {
            let mut instance = (*state.bearings.instance).clone();
            instance.incarnation = new_incarnation(platform);
            instance.own.insert(instance.incarnation);
            instance.binding = binding;
            store.write(|tx| put_instance(tx, &instance))?;
            state.bearings.instance = Arc::new(instance);
            state.bearings.heads = Arc::default();
        }
        Ok(state)
    }

    /// Takes in what a transaction committed.
    pub(crate) fn take_in(&mut self, delta: Delta) {
        self.bearings = delta.bearings;
        let directory = self.bearings.held.as_ref().map(|held| held.digest);
        self.due.take_in(directory, delta.rows.keys());
        for (record, row) in delta.rows {
            match row {
                Some(row) => self.rows.insert(record, row),
                None => self.rows.remove(&record),
            };
        }
        for order in delta.outbox_remove {
            if let Some(item) = self.outbox.remove(&order) {
                self.order_of.remove(&(item.stream, item.id));
                if let Some(n) = self.pending.get_mut(&item.record) {
                    *n -= 1;
                    if *n == 0 {
                        self.pending.remove(&item.record);
                    }
                }
            }
        }
        for (order, item) in delta.outbox_add {
            self.outbox.insert(order, item);
            self.order_of.insert((item.stream, item.id), order);
            *self.pending.entry(item.record).or_default() += 1;
        }
    }
}

fn load(rx: &impl Source) -> Result<State, ClientError> {
    let lacking = || ClientError::damaged("meta");
    let seed = zeroize::Zeroizing::new(rx.get(META, DEVICE_KEY)?.ok_or_else(lacking)?);
    let seed: zeroize::Zeroizing<[u8; 32]> =
        zeroize::Zeroizing::new(seed.as_slice().try_into().map_err(|_| lacking())?);
    let instance: Instance = meta(rx, INSTANCE)?.ok_or_else(lacking)?;
    let held = match rx.get(META, DIRECTORY)? {
        Some(bytes) => Some(Arc::new(
            HeldDirectory::of(&bytes).map_err(|_| ClientError::damaged("directory"))?,
        )),
        None => None,
    };
    let mut streams = Vec::new();
    let mut numbers = BTreeMap::new();
    for (key, name) in rx.scan(STREAMS, &[])? {
        let name = std::str::from_utf8(&name).ok().and_then(StreamId::parse);
        let stream = name.ok_or_else(|| ClientError::damaged("streams"))?;
        if stream_of_key(&key)? as usize != streams.len() {
            return Err(ClientError::damaged("streams"));
        }
        numbers.insert(stream.clone(), streams.len() as StreamNo);
        streams.push(stream);
    }
    let mut cursors = BTreeMap::new();
    for (key, value) in rx.scan(CURSORS, &[])? {
        let mut r = Reader::new(&value);
        let position = Position {
            seq: r.u64()?,
            prefix: Hash(r.array()?),
        };
        cursors.insert(stream_of_key(&key)?, position);
    }
    let mut refused = BTreeMap::new();
    for (key, value) in rx.scan(REFUSED, &[])? {
        refused.insert(
            (stream_of_key(&key)?, ref_of_key(&key)?),
            RefusedRow::decode(&value)?,
        );
    }
    let mut rows = BTreeMap::new();
    for (key, value) in rx.scan(RECORDS, &[])? {
        let record = RecordId::from_bytes(Reader::new(&key).array()?);
        rows.insert(record, RecordRow::decode_summary(&value)?);
    }
    let mut state = State {
        key: SignKey::from_seed(&seed),
        bearings: Bearings {
            account: meta(rx, ACCOUNT)?.map(Arc::new),
            sync: meta(rx, SESSION)?.unwrap_or_default(),
            heads: Arc::new(heads(rx, &instance, streams.len())?),
            instance: Arc::new(instance),
            held,
            streams: Arc::new(streams),
            numbers: Arc::new(numbers),
            cursors: Arc::new(cursors),
            refused: Arc::new(refused),
            next_order: handed_out(rx)?,
            handed_out: handed_out(rx)?,
            consumed: consumed(rx)?.map(|c| c.change),
        },
        rows,
        outbox: BTreeMap::new(),
        order_of: BTreeMap::new(),
        pending: BTreeMap::new(),
        due: DueFacts::default(),
    };
    let mut outbox_add = BTreeMap::new();
    for (key, value) in rx.scan(OUTBOX, &[])? {
        let order = u64::from_be_bytes(Reader::new(&key).array()?);
        outbox_add.insert(order, OutboxItem::decode(&value)?);
        state.bearings.next_order = order + 1;
    }
    state.take_in(Delta {
        bearings: state.bearings.clone(),
        rows: BTreeMap::new(),
        outbox_add,
        outbox_remove: BTreeSet::new(),
    });
    Ok(state)
}

/// The newest place of each log of this incarnation.
fn heads(
    rx: &impl Source,
    instance: &Instance,
    streams: usize,
) -> Result<BTreeMap<StreamNo, (u64, Hash)>, ClientError> {
    let mut heads = BTreeMap::new();
    for stream in 0..streams as StreamNo {
        let prefix = log_prefix(stream, instance.incarnation);
        if let Some(key) = rx.last_key(REFS, &prefix)? {
            let id = ref_of_key(&key)?;
            let row = entry_row(rx, stream, &id)?;
            let link = row
                .and_then(|(_, row)| row.link)
                .ok_or_else(|| ClientError::damaged("device log"))?;
            heads.insert(stream, (id.seq, link));
        }
    }
    Ok(heads)
}

/// An entry and the record it is filed under.
pub(crate) fn entry_row(
    source: &impl Source,
    stream: StreamNo,
    id: &EntryRef,
) -> Result<Option<(RecordId, HeldEntry)>, ClientError> {
    let Some(record) = source.get(REFS, &ref_key(stream, id))? else {
        return Ok(None);
    };
    let record = RecordId::from_bytes(Reader::new(&record).array()?);
    let bytes = source
        .get(ENTRIES, &entry_key(&record, stream, id))?
        .ok_or_else(|| ClientError::damaged("entries"))?;
    Ok(Some((record, decode_entry(*id, &bytes)?)))
}

impl State {
    /// Empties the memory after a wipe.
    pub(crate) fn forget(&mut self) {
        self.key = SignKey::from_seed(&[0; 32]);
        self.rows.clear();
        self.outbox.clear();
        self.order_of.clear();
        self.pending.clear();
        self.due = DueFacts::default();
        self.bearings.account = None;
        self.bearings.held = None;
        self.bearings.sync = SyncState::default();
        self.bearings.streams = Arc::default();
        self.bearings.numbers = Arc::default();
        self.bearings.cursors = Arc::default();
        self.bearings.heads = Arc::default();
        self.bearings.refused = Arc::default();
    }
}
