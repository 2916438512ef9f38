//! What a draft was begun at: the heads that its person saw, field by field.
//!
//! What enters: the newest entries of a record when a field of it is first typed into. What leaves: the operations of
//! an edit by the row that they are about, so that what colleagues wrote meanwhile is beside them and not under them,
//! while a field that was first typed into after theirs came is about that. What never happens here: a draft that
//! cannot be written because those entries have other names by now; it is written at the newest row then.

use gridfold_sync_core::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::codec::{DecodeError, Reader, put_str, put_u64};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{EntryRef, FieldKey, FormCode, RecordId};
use gridfold_sync_core::limits::{MAX_DEPS, MAX_NAME_BYTES, MAX_OPS_PER_EDIT};
use gridfold_sync_core::merge::{fold_available, newest_of, state_at};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::view::PartState;

use crate::error::ClientError;
use crate::shell::batch::Batch;
use crate::shell::rows::{StreamNo, decode_entry, part_prefix, read_ref, ref_of_key};
use crate::shell::store::{ENTRIES, Source};
use crate::types::Begun;

/// What the fields of a draft stand at, those typed into first before the others.
pub(crate) type BegunAt = Vec<Begun>;

pub(super) fn put(out: &mut Vec<u8>, begun_at: &BegunAt) {
    put_u64(out, begun_at.len() as u64);
    for Begun { heads, fields } in begun_at {
        put_u64(out, heads.len() as u64);
        for head in heads {
            out.extend_from_slice(&head.to_bytes());
        }
        put_u64(out, fields.len() as u64);
        for field in fields {
            put_str(out, field.as_str());
        }
    }
}

pub(super) fn read(r: &mut Reader<'_>) -> Result<BegunAt, DecodeError> {
    let mut out = BegunAt::new();
    for _ in 0..r.count(2 * MAX_OPS_PER_EDIT, "begun")? {
        let mut begun = Begun::default();
        for _ in 0..r.count(MAX_DEPS, "heads")? {
            begun.heads.push(read_ref(r)?);
        }
        for _ in 0..r.count(2 * MAX_OPS_PER_EDIT, "fields")? {
            let field = FieldKey::new(r.str(MAX_NAME_BYTES)?);
            let field = field.map_err(|_| DecodeError::OutOfRange("field"))?;
            begun.fields.push(field);
        }
        out.push(begun);
    }
    Ok(out)
}

fn place(begun_at: &BegunAt, key: &FieldKey) -> Option<usize> {
    begun_at.iter().position(|one| one.fields.contains(key))
}

/// Operations of one part by the heads that each stands at, in the order in which they were typed; those of the newest
/// row last.
pub(super) fn by_heads(
    begun_at: &BegunAt,
    newest: Option<&[EntryRef]>,
    ops: Vec<Op>,
) -> Vec<(Option<Vec<EntryRef>>, Vec<Op>)> {
    let mut older: BTreeMap<usize, Vec<Op>> = BTreeMap::new();
    let mut at_newest = Vec::new();
    for op in ops {
        match op.field().and_then(|key| place(begun_at, key)) {
            Some(at) if newest.is_some_and(|newest| newest != begun_at[at].heads) => {
                older.entry(at).or_default().push(op);
            }
            _ => at_newest.push(op),
        }
    }
    older
        .into_iter()
        .map(|(at, ops)| (Some(begun_at[at].heads.clone()), ops))
        .chain([(None, at_newest)])
        .collect()
}

/// A row of a part that operations are about.
#[derive(Default)]
pub(super) struct Row {
    /// None before the part was there.
    pub(super) part: Option<PartState>,
    /// It is not the row that is stored.
    pub(super) is_older: bool,
}

impl Batch<'_> {
    /// What the fields of a draft stand at, of which some may have been typed into before. Of a part with more heads
    /// than an entry may name nothing is told.
    pub(super) fn begun_at(
        &mut self,
        record: &RecordId,
        form: &Form,
        ops: &[Op],
        before: &BegunAt,
    ) -> Result<BegunAt, ClientError> {
        let Some(row) = self.record(record)?.clone() else {
            return Ok(BegunAt::new());
        };
        let mut now = BTreeMap::new();
        for (stream, part) in row.parts {
            now.insert(self.bearings.stream(stream)?.class, part.heads);
        }
        let mut out: BegunAt = before.clone();
        out.iter_mut().for_each(|one| one.fields.clear());
        for key in ops.iter().filter_map(Op::field) {
            if place(&out, key).is_some() {
                continue;
            }
            if let Some(at) = place(before, key) {
                out[at].fields.push(key.clone());
                continue;
            }
            let Some(field) = form.field(key.as_str()) else {
                continue;
            };
            let heads = now
                .get(&form.class_of(field))
                .map_or(&[][..], Vec::as_slice);
            // Of two rows that are the same the later one is meant.
            match out.iter_mut().rfind(|one| one.heads == heads) {
                Some(one) => one.fields.push(key.clone()),
                None if heads.len() <= MAX_DEPS => out.push(Begun {
                    heads: heads.to_vec(),
                    fields: vec![key.clone()],
                }),
                None => {}
            }
        }
        out.retain(|one| !one.fields.is_empty());
        Ok(out)
    }

    /// The row of a part that operations stand at: as it was at these heads, or the newest. `mine` are entries of the
    /// same edit that come before; nobody writes beside their own.
    pub(super) fn row_at(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        heads: Option<&[EntryRef]>,
        mine: &[Entry],
    ) -> Result<Row, ClientError> {
        let newest = self.record(record)?.as_ref().and_then(|row| {
            let part = row.parts.get(&stream).cloned();
            Some((part?, row.row.form.clone()))
        });
        let Some((newest, form)) = newest else {
            return Ok(Row::default());
        };
        if heads.is_none() && mine.is_empty() {
            return Ok(Row {
                part: Some(newest),
                is_older: false,
            });
        }
        let older = match heads {
            Some(heads) => self.part_begun_at(record, stream, &form, heads, mine)?,
            _ => None,
        };
        let part = match older {
            Some(part) => part,
            None if mine.is_empty() => Some(newest.clone()),
            None => {
                let (mut entries, _) = self.counting(record, stream)?;
                entries.extend_from_slice(mine);
                let folded = fold_available(&form, &entries).ok();
                Some(folded.map_or_else(|| newest.clone(), |(part, _)| part))
            }
        };
        let is_older = part.as_ref().is_none_or(|part| part.heads != newest.heads);
        Ok(Row { part, is_older })
    }

    /// A part as somebody saw it who began at these heads, with what this phone wrote since, which they know. None when
    /// it cannot be told any more; of a part that was not there, the inner one.
    fn part_begun_at(
        &self,
        record: &RecordId,
        stream: StreamNo,
        form: &FormCode,
        heads: &[EntryRef],
        mine: &[Entry],
    ) -> Result<Option<Option<PartState>>, ClientError> {
        let (mut entries, _) = self.counting(record, stream)?;
        let Ok((_, left_out)) = fold_available(form, &entries) else {
            return Ok(None);
        };
        let left_out: BTreeSet<EntryRef> = left_out.into_iter().gathered();
        entries.retain(|entry| !left_out.contains(&entry.id()));
        entries.extend_from_slice(mine);
        let mut known: Vec<EntryRef> = entries.iter().map(Entry::id).collect();
        known.retain(|id| self.bearings.is_own(id.incarnation));
        known.extend_from_slice(heads);
        known.sort_unstable();
        known.dedup();
        if known.is_empty() {
            return Ok(Some(None));
        }
        let seen = newest_of(&entries, &known).and_then(|heads| state_at(form, &entries, &heads));
        let seen = seen.ok().filter(|part| part.heads.len() <= MAX_DEPS);
        Ok(seen.map(Some))
    }

    /// The entries of a part that count and are here with their words, and the form it was made with.
    pub(super) fn counting(
        &self,
        record: &RecordId,
        stream: StreamNo,
    ) -> Result<(Vec<Entry>, Option<FormCode>), ClientError> {
        let mut entries = Vec::new();
        let mut form = None;
        for (key, value) in self.tx.scan(ENTRIES, &part_prefix(record, stream))? {
            let row = decode_entry(ref_of_key(&key)?, &value)?;
            // One without operations was erased, and a record must not come back empty.
            if let Some(entry) = row.entry.filter(|e| row.fate.counts() && e.ops.is_some()) {
                if let Target::New { form: code, .. } = &entry.header.target {
                    form.get_or_insert_with(|| code.clone());
                }
                entries.push(entry);
            }
        }
        Ok((entries, form))
    }
}
