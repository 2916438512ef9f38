//! Items of a stream, as a page of a pull or a run that heals a server.

use crate::codec::{DecodeError, Reader, put_bytes, put_i64, put_u64};
use crate::entry::{Author, Entry, Item, Verdict};
use crate::ids::{EntryRef, Hash, IncarnationId, StreamId};
use crate::limits::{MAX_BODY_DECODED_BYTES, MAX_ITEMS_PER_PULL};
use crate::time::Timestamp;
use crate::wire::columns::{Place, get_entries, put_entries};
use crate::wire::tables::Table;

/// The item carries its entry.
const FULL: u8 = 0;
/// The receiver pushed the entry in the same exchange and has it.
const YOURS: u8 = 1;
/// Only the hash is sent: the entry was refused, or its content erased.
const HASH: u8 = 2;

/// What a message may still make of operations and items.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) ops: usize,
    pub(super) items: usize,
}

/// Appends items. Those for which `yours` holds are sent without what the receiver has.
pub(super) fn put_items(
    out: &mut Vec<u8>,
    items: &[Item],
    incarnations: &mut Table<IncarnationId>,
    authors: &mut Table<Author>,
    yours: impl Fn(&Item) -> bool,
) {
    let (mut kinds, mut whose, mut seqs, mut who, mut when, mut verdicts, mut hashes) = (
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    );
    let mut entries: Vec<&Entry> = Vec::new();
    let mut last_seq: Vec<u64> = Vec::new();
    let mut last_when = 0i64;
    for item in items {
        let kind = match &item.entry {
            _ if yours(item) => YOURS,
            Some(entry) if entry.ops.is_some() => FULL,
            _ => HASH,
        };
        kinds.push(kind);
        let place = incarnations.place(item.id.incarnation) as usize;
        put_u64(&mut whose, place as u64);
        if last_seq.len() <= place {
            last_seq.resize(place + 1, 0);
        }
        put_i64(
            &mut seqs,
            (item.id.seq as i64).wrapping_sub(last_seq[place] as i64),
        );
        last_seq[place] = item.id.seq;
        put_u64(&mut who, authors.place(item.author));
        put_i64(&mut when, item.received.millis().wrapping_sub(last_when));
        last_when = item.received.millis();
        verdicts.push(item.verdict.to_u8());
        match (kind, &item.entry) {
            (FULL, Some(entry)) => entries.push(entry),
            (HASH, _) => hashes.extend_from_slice(&item.entry_hash.0),
            _ => {}
        }
    }
    put_u64(out, items.len() as u64);
    for column in [&kinds, &whose, &seqs, &who, &when, &verdicts, &hashes] {
        put_bytes(out, column);
    }
    if !entries.is_empty() {
        put_entries(out, &entries, incarnations);
    }
}

/// Reads items. An item the receiver pushed itself comes without entry and with a zero hash: the
/// receiver fills both in from its own store.
pub(super) fn get_items(
    r: &mut Reader<'_>,
    stream: &StreamId,
    incarnations: &Table<IncarnationId>,
    authors: &Table<Author>,
    left: &mut Left,
) -> Result<Vec<Item>, DecodeError> {
    let n = r.bounded(MAX_ITEMS_PER_PULL.min(left.items), "items")?;
    left.items -= n;
    let mut column = || r.bytes(MAX_BODY_DECODED_BYTES).map(Reader::new);
    let (mut kinds, mut whose, mut seqs) = (column()?, column()?, column()?);
    let (mut who, mut when, mut verdicts, mut hashes) =
        (column()?, column()?, column()?, column()?);
    if kinds.remaining() != n {
        return Err(DecodeError::Truncated);
    }
    let mut last_seq = vec![0u64; incarnations.all().len()];
    let mut last_when = 0i64;
    let mut items = Vec::with_capacity(n);
    let mut full = Vec::new();
    for index in 0..n {
        let place = whose.u64()?;
        let incarnation = incarnations.at(place)?;
        let last = &mut last_seq[place as usize];
        let seq = (*last as i64).wrapping_add(seqs.i64()?) as u64;
        *last = seq;
        last_when = last_when.wrapping_add(when.i64()?);
        let verdict = Verdict::from_u8(verdicts.u8()?).ok_or(DecodeError::OutOfRange("verdict"))?;
        let author = authors.at(who.u64()?)?;
        let entry_hash = match kinds.u8()? {
            FULL => {
                full.push((index, Place { incarnation, seq }));
                Hash::default()
            }
            YOURS => Hash::default(),
            HASH => Hash(hashes.array()?),
            _ => return Err(DecodeError::OutOfRange("item kind")),
        };
        items.push(Item {
            id: EntryRef { incarnation, seq },
            author,
            received: Timestamp(last_when),
            verdict,
            entry_hash,
            entry: None,
        });
    }
    for column in [whose, seqs, who, when, verdicts, hashes] {
        column.finish()?;
    }
    if !full.is_empty() {
        let places: Vec<Place> = full.iter().map(|(_, place)| *place).collect();
        let entries = get_entries(r, &places, incarnations, &mut left.ops)?;
        for ((index, _), entry) in full.iter().zip(entries) {
            items[*index].entry_hash = entry.hash(stream);
            items[*index].entry = Some(entry);
        }
    }
    Ok(items)
}
