//! The spare: what cannot be had from the server again, a second time, in a file of its own.
//!
//! What enters: the changes of each commit that touch it. What leaves: the same values, when the
//! store's file does not give them any more. What never happens here: a value in the clear, or one
//! that is kept after it was sent, settled or erased.
//!
//! The file is a head with copies of the store's key files and then frames, each sealed and bound
//! to its place. A commit of the store comes first and its frame second, both durable before
//! anything is acknowledged: so a spare that is behind is written anew from the store, and one
//! that is ahead tells that the store's file is not the one that was acknowledged.

use gridfold_sync_core::gather::Gather as _;
use std::cell::RefCell;
use std::collections::BTreeMap;

use gridfold_sync_core::codec::{Reader, put_bytes, put_u64};
use sha2::{Digest, Sha256};

use crate::disk::{Disk, DiskFile};
use crate::error::ClientError;
use crate::shell::files::{KEY_FILE, SPARE_FILE, SPARE_NEW_FILE, WRAP_FILE};
use crate::shell::rows::{OutboxItem, entry_key, is_pending};
use crate::shell::seal::Sealer;
use crate::shell::tables::{
    ACCOUNT, ALL, DEVICE_KEY, ENTRIES, HANDED_OUT, INSTANCE, META, OUTBOX, Source, Table,
};

const MAGIC: &[u8; 8] = b"GFSPARE\x01";
/// What its frames are bound to, beside their places.
const SEALED_AS: &str = "spare";
/// Longest head: the key file and a wrapped key.
const MAX_HEAD_BYTES: usize = 32 << 10;
const MAX_FRAME_BYTES: usize = 1 << 30;
/// Below this it is not written anew for its length.
const SMALL_BYTES: u64 = 256 << 10;

/// Tables that are kept whole. Of the small things only who this phone is, and of the entries only
/// those that wait; where an entry is filed follows from its key.
const WHOLE: [&str; 6] = ["streams", "outbox", "refused", "drafts", "carry", "carried"];
const SMALL: [&[u8]; 4] = [DEVICE_KEY, INSTANCE, ACCOUNT, HANDED_OUT];

/// A value's table, by its place in the list of all, and its key.
pub(crate) type Place = (u8, Vec<u8>);
/// Values by their places.
pub(crate) type Rows = BTreeMap<Place, Vec<u8>>;
/// What a commit changes: a value, or none where it was taken away.
pub(crate) type Changes = BTreeMap<Place, Option<Vec<u8>>>;

/// The number of a table in the spare.
pub(crate) fn number_of(table: Table) -> u8 {
    let name = redb::TableHandle::name(&table);
    let at = ALL.iter().position(|t| redb::TableHandle::name(t) == name);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

/// Whether a value belongs into the spare.
pub(crate) fn is_precious(table: Table, key: &[u8], value: &[u8]) -> bool {
    match redb::TableHandle::name(&table) {
        "meta" => SMALL.contains(&key),
        "entries" => is_pending(value),
        name => WHOLE.contains(&name),
    }
}

/// Whether anything of a table is ever in the spare.
fn may_hold(table: Table) -> bool {
    let name = redb::TableHandle::name(&table);
    name == "meta" || name == "entries" || WHOLE.contains(&name)
}

/// All of a store that belongs into its spare.
pub(crate) fn precious(source: &impl Source) -> Result<Rows, ClientError> {
    let mut rows = Rows::new();
    for key in SMALL {
        if let Some(value) = source.get(META, key)? {
            rows.insert((number_of(META), key.to_vec()), value);
        }
    }
    for table in ALL {
        if !WHOLE.contains(&redb::TableHandle::name(&table)) {
            continue;
        }
        for (key, value) in source.scan(table, &[])? {
            rows.insert((number_of(table), key), value);
        }
    }
    for (_, value) in source.scan(OUTBOX, &[])? {
        let item = OutboxItem::decode(&value)?;
        let key = entry_key(&item.record, item.stream, &item.id);
        if let Some(value) = source.get(ENTRIES, &key)?.filter(|v| is_pending(v)) {
            rows.insert((number_of(ENTRIES), key), value);
        }
    }
    Ok(rows)
}

/// What a transaction changes of it, noted as it goes.
#[derive(Debug)]
pub(crate) struct Noted<'a> {
    spare: &'a Spare,
    changes: RefCell<Changes>,
}

impl<'a> Noted<'a> {
    pub(crate) fn on(spare: &'a Spare) -> Self {
        Self {
            spare,
            changes: RefCell::default(),
        }
    }
    pub(crate) fn put(&self, table: Table, key: &[u8], value: &[u8]) {
        if is_precious(table, key, value) {
            let place = (number_of(table), key.to_vec());
            self.changes
                .borrow_mut()
                .insert(place, Some(value.to_vec()));
        } else {
            self.delete(table, key);
        }
    }
    pub(crate) fn delete(&self, table: Table, key: &[u8]) {
        if !may_hold(table) {
            return;
        }
        let place = (number_of(table), key.to_vec());
        let mut changes = self.changes.borrow_mut();
        if self.spare.held.contains_key(&place) {
            changes.insert(place, None);
        } else {
            changes.remove(&place);
        }
    }
    pub(crate) fn any(&self) -> bool {
        !self.changes.borrow().is_empty()
    }
    pub(crate) fn into_changes(self) -> Changes {
        self.changes.into_inner()
    }
}

/// The open spare.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    /// None when the file must be written anew.
    file: Option<Box<dyn DiskFile>>,
    frames: u64,
    bytes: u64,
    /// How long each value in it is.
    held: BTreeMap<Place, u64>,
    held_bytes: u64,
    pub(crate) generation: u64,
}

impl Spare {
    /// Puts a new file in the place of the old one.
    pub(crate) fn write_anew(
        disk: &dyn Disk,
        sealer: &Sealer,
        rows: &Rows,
        generation: u64,
    ) -> Result<Self, ClientError> {
        let mut bytes = encode_head(disk)?;
        let changes = rows.iter().map(|(place, value)| (place, Some(value)));
        put_frame(&mut bytes, sealer, 0, generation, changes)?;
        let written = disk.write(SPARE_NEW_FILE, &bytes);
        let written = written.and_then(|()| disk.rename(SPARE_NEW_FILE, SPARE_FILE));
        if written.is_err() {
            disk.remove(SPARE_NEW_FILE)?;
        }
        written?;
        disk.settle()?;
        Ok(Self {
            file: disk.file(SPARE_FILE)?,
            frames: 1,
            bytes: bytes.len() as u64,
            ..Self::behind(rows, generation)
        })
    }

    /// Goes on with the file that is there, which holds these values.
    pub(crate) fn go_on(disk: &dyn Disk, known: &Replay) -> Result<Self, ClientError> {
        Ok(Self {
            file: disk.file(SPARE_FILE)?,
            frames: known.frames,
            bytes: disk.len(SPARE_FILE)?.unwrap_or_default(),
            ..Self::behind(&known.rows, known.generation)
        })
    }

    /// Takes a commit in; durable when this returns. A file that does not take it is written anew
    /// at the next commit: the store itself has all of it.
    pub(crate) fn append(&mut self, sealer: &Sealer, changes: &Changes) {
        self.generation += 1;
        for (place, value) in changes {
            let new = value.as_ref().map(|value| value.len() as u64);
            let old = match new {
                Some(new) => self.held.insert(place.clone(), new),
                None => self.held.remove(place),
            };
            self.held_bytes = self.held_bytes + new.unwrap_or(0) - old.unwrap_or(0);
        }
        let Some(mut file) = self.file.take() else {
            return;
        };
        let mut frame = Vec::new();
        let all = changes.iter().map(|(place, value)| (place, value.as_ref()));
        let written = put_frame(&mut frame, sealer, self.frames, self.generation, all)
            .and_then(|()| Ok(file.append(&frame)?));
        if written.is_ok() {
            self.frames += 1;
            self.bytes += frame.len() as u64;
            self.file = Some(file);
        }
    }

    /// Whether it should be written anew: it is not whole, it is mostly what is gone, or all that
    /// waited was sent and nothing of it should stay.
    pub(crate) fn is_due(&self, changes: &Changes) -> bool {
        let outbox = number_of(OUTBOX);
        let waits = self.held.keys().any(|(table, _)| *table == outbox);
        let sent = changes
            .iter()
            .any(|((table, _), value)| *table == outbox && value.is_none());
        self.file.is_none()
            || (sent && !waits)
            || (self.bytes > SMALL_BYTES && self.bytes > 4 * self.held_bytes)
    }

    /// One that is not written yet.
    pub(crate) fn behind(rows: &Rows, generation: u64) -> Self {
        let held: BTreeMap<Place, u64> = rows
            .iter()
            .map(|(place, value)| (place.clone(), value.len() as u64))
            .gathered();
        Self {
            held_bytes: held.values().sum(),
            held,
            generation,
            ..Self::default()
        }
    }
}

fn put_frame<'a>(
    out: &mut Vec<u8>,
    sealer: &Sealer,
    place: u64,
    generation: u64,
    changes: impl Iterator<Item = (&'a Place, Option<&'a Vec<u8>>)>,
) -> Result<(), ClientError> {
    let mut plain = Vec::new();
    put_u64(&mut plain, generation);
    for ((table, key), value) in changes {
        plain.push(*table);
        put_bytes(&mut plain, key);
        plain.push(u8::from(value.is_some()));
        if let Some(value) = value {
            put_bytes(&mut plain, value);
        }
    }
    let sealed = sealer.seal(SEALED_AS, &place.to_be_bytes(), &plain)?;
    let length = u32::try_from(sealed.len()).map_err(|_| ClientError::internal("spare/length"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&sealed);
    Ok(())
}

/// Copies of the files without which nothing opens.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) key: Vec<u8>,
    /// Empty when the app holds the key.
    pub(crate) wrap: Vec<u8>,
}

fn encode_head(disk: &dyn Disk) -> Result<Vec<u8>, ClientError> {
    let most = MAX_HEAD_BYTES as u64 / 2;
    let key = disk.read(KEY_FILE, most)?.ok_or(ClientError::NoStore)?;
    let wrap = disk.read(WRAP_FILE, most)?.unwrap_or_default();
    let mut body = MAGIC.to_vec();
    put_bytes(&mut body, &key);
    put_bytes(&mut body, &wrap);
    let sum: [u8; 32] = Sha256::digest(&body).into();
    body.extend_from_slice(&sum);
    let mut out = (body.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&body);
    Ok(out)
}

fn decode_head(body: &[u8]) -> Option<Head> {
    let (body, sum) = body.split_at_checked(body.len().checked_sub(32)?)?;
    if sum != &Sha256::digest(body)[..] {
        return None;
    }
    let mut r = Reader::new(body.strip_prefix(MAGIC)?);
    Some(Head {
        key: r.bytes(MAX_HEAD_BYTES).ok()?.to_vec(),
        wrap: r.bytes(MAX_HEAD_BYTES).ok()?.to_vec(),
    })
}

/// The next part of a file: its length before it.
fn part<'a>(bytes: &mut &'a [u8], most: usize) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    let (part, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    (length <= most).then_some(part)
}

/// The copies of key files, when they are whole.
pub(crate) fn head(disk: &dyn Disk) -> Result<Option<Head>, ClientError> {
    let bytes = disk.read(SPARE_FILE, MAX_HEAD_BYTES as u64 + 4)?;
    let bytes = bytes.unwrap_or_default();
    Ok(part(&mut &bytes[..], MAX_HEAD_BYTES).and_then(decode_head))
}

/// How much of the file must be overwritten so that the copies are gone.
pub(crate) fn head_bytes(disk: &dyn Disk) -> usize {
    let bytes = disk.len(SPARE_FILE).ok().flatten().unwrap_or_default();
    usize::try_from(bytes)
        .unwrap_or(usize::MAX)
        .min(MAX_HEAD_BYTES + 4)
}

/// What a spare says.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pub(crate) rows: Rows,
    pub(crate) generation: u64,
    frames: u64,
    /// Whether all of it could be read.
    pub(crate) whole: bool,
}

/// Reads the spare as far as it is as it was written.
pub(crate) fn read(disk: &dyn Disk, sealer: &Sealer) -> Result<Replay, ClientError> {
    let Some(bytes) = disk.read(SPARE_FILE, u64::MAX)? else {
        return Ok(Replay::default());
    };
    let mut rest = &bytes[..];
    let mut out = Replay::default();
    let head = part(&mut rest, MAX_HEAD_BYTES).and_then(decode_head);
    out.whole = head.is_some();
    while !rest.is_empty() {
        let Some(sealed) = part(&mut rest, MAX_FRAME_BYTES) else {
            // Torn, or its length is damaged: what follows cannot be told apart.
            out.whole = false;
            break;
        };
        let place = out.frames.to_be_bytes();
        let plain = sealer.open(SEALED_AS, &place, sealed);
        out.whole &= plain.is_ok_and(|plain| take_frame(&plain, &mut out).is_some());
        out.frames += 1;
    }
    out.whole &= out.frames > 0;
    Ok(out)
}

fn take_frame(plain: &[u8], out: &mut Replay) -> Option<()> {
    let mut r = Reader::new(plain);
    out.generation = r.u64().ok()?;
    while r.remaining() > 0 {
        let table = r.u8().ok()?;
        let key = r.bytes(MAX_FRAME_BYTES).ok()?.to_vec();
        match r.u8().ok()? {
            0 => out.rows.remove(&(table, key)),
            _ => {
                let value = r.bytes(MAX_FRAME_BYTES).ok()?.to_vec();
                out.rows.insert((table, key), value)
            }
        };
    }
    Some(())
}
