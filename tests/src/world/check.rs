//! What must hold when the network has healed and everybody has synced.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_server::items::StoredItem;
use gridfold_server::log::StreamName;
use gridfold_server::node::Node;
use gridfold_server::views::ReadScope;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::{Entry, Verdict};
use gridfold_sync_core::ids::{EntryRef, RecordId, SensitivityClass, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;

use super::Tag;
use super::model::Reference;
use super::phone::Phone;

/// An item of the server's log, read past its views.
pub(super) struct Logged {
    pub(super) stream: StreamId,
    pub(super) item: StoredItem,
    pub(super) entry: Option<Entry>,
}

impl Logged {
    pub(super) fn tag(&self) -> Option<Tag> {
        let header = self.item.header.as_ref()?;
        Some((header.claimed.millis(), self.stream.class))
    }
}

/// Everything in the server's log.
pub(super) fn read_log(node: &Node) -> Vec<Logged> {
    let mut out = Vec::new();
    for (name, head) in node.log.streams().unwrap() {
        let text = String::from_utf8_lossy(name.as_bytes()).into_owned();
        let Some(stream) = StreamId::parse(&text) else {
            continue;
        };
        let mut after = 0;
        let name = StreamName::new(text).unwrap();
        while after < head.seq {
            for item in node.log.read(&name, after, usize::MAX, usize::MAX).unwrap() {
                after = item.seq;
                let item = StoredItem::decode(&item.bytes).unwrap();
                let entry = item.entry(&node.keys).unwrap();
                out.push(Logged {
                    stream: stream.clone(),
                    item,
                    entry,
                });
            }
        }
    }
    out
}

pub(super) fn verdicts(log: &[Logged]) -> BTreeMap<Tag, Vec<(EntryRef, Verdict)>> {
    let mut out: BTreeMap<Tag, Vec<(EntryRef, Verdict)>> = BTreeMap::new();
    for logged in log {
        if let Some(tag) = logged.tag() {
            let of = out.entry(tag).or_default();
            of.push((logged.item.id, logged.item.verdict));
        }
    }
    out
}

/// The rows against the reference. Of what was erased there is none.
pub(super) fn rows(
    node: &Node,
    log: &[Logged],
    erased: &BTreeSet<RecordId>,
) -> Result<BTreeSet<RecordId>, String> {
    let mut references: BTreeMap<RecordId, BTreeMap<SensitivityClass, Reference>> = BTreeMap::new();
    for logged in log.iter().filter(|l| l.item.verdict.is_admitted()) {
        let record = logged.item.record.ok_or("admitted and of no record")?;
        if erased.contains(&record) {
            if logged.entry.as_ref().is_some_and(|e| e.ops.is_some()) {
                return Err(format!("the log still reads {record}, which was erased"));
            }
            continue;
        }
        let entry = logged
            .entry
            .as_ref()
            .ok_or("admitted and without payload")?;
        let of = references.entry(record).or_default();
        of.entry(logged.stream.class)
            .or_default()
            .add(entry)
            .map_err(|e| format!("{record}: {e}"))?;
    }
    for (record, classes) in &references {
        let stored = node.views.record(record, &ReadScope::all()).unwrap();
        let stored = stored.ok_or_else(|| format!("{record} has edits and no row"))?;
        let directory = node.directory.current();
        let form = directory.forms().latest(&stored.row.form);
        for (class, reference) in classes {
            let part = stored.parts.iter().find(|(c, _)| c == class);
            let (_, part) = part.ok_or_else(|| format!("{record} has no {class:?} part"))?;
            reference
                .check(part)
                .map_err(|e| format!("{record} {class:?}: {e}"))?;
            let table = form.filter(|f| f.class == *class);
            if let Some(table) = table.and_then(|f| f.lifecycle.as_ref()) {
                reference
                    .check_status(table, part)
                    .map_err(|e| format!("{record} {class:?}: {e}"))?;
            }
        }
        if stored.parts.len() != classes.len() {
            return Err(format!("{record} has a part nobody wrote"));
        }
    }
    for record in erased {
        if node
            .views
            .record(record, &ReadScope::all())
            .unwrap()
            .is_some()
        {
            return Err(format!("the server shows {record}, which was erased"));
        }
    }
    Ok(references.into_keys().collect())
}

/// What the server shows of refused edits, by the tag of each.
pub(super) fn refused_shown(node: &Node) -> BTreeSet<EntryRef> {
    let mut out = BTreeSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = node
            .views
            .refused(&ReadScope::all(), cursor.as_deref(), 500)
            .unwrap();
        out.extend(page.rows.iter().map(|row| row.edit.id));
        match page.next {
            Some(next) => cursor = Some(next),
            None => return out,
        }
    }
}

pub(super) fn refused_visible(node: &Node, log: &[Logged]) -> Result<(), String> {
    let shown = refused_shown(node);
    for logged in log.iter().filter(|l| !l.item.verdict.is_admitted()) {
        if !shown.contains(&logged.item.id) {
            return Err(format!(
                "the server hides {} refused as {:?}",
                logged.item.id, logged.item.verdict
            ));
        }
    }
    Ok(())
}

fn readable(directory: &Directory, user: UserId, now: Timestamp) -> BTreeSet<StreamId> {
    directory.streams_of(user, now).into_iter().collect()
}

/// A phone shows what the server shows, as far as its grants go, and holds nothing beyond.
pub(super) fn phone(
    node: &Node,
    phone: &Phone,
    now: Timestamp,
    records: &BTreeSet<RecordId>,
) -> Result<(), String> {
    let directory = node.directory.current();
    let may = readable(&directory, phone.user, now);
    let client = phone.client();
    for (stream, _) in client.status().cursors {
        if !may.contains(&stream) {
            return Err(format!("{} still holds {}", phone.name, stream.name()));
        }
    }
    let refused: BTreeSet<RecordId> = client.refused().into_iter().map(|r| r.record).collect();
    for record in client.records() {
        if !records.contains(&record) && !refused.contains(&record) {
            return Err(format!(
                "{} shows {record}, the server does not",
                phone.name
            ));
        }
    }
    for record in records {
        let stored = node.views.record(record, &ReadScope::all()).unwrap();
        let stored = stored.ok_or_else(|| format!("{record} lost its row"))?;
        let form = directory.forms().latest(&stored.row.form).unwrap();
        let parts: Vec<_> = stored
            .parts
            .iter()
            .filter(|(class, _)| may.contains(&StreamId::new(stored.row.grid.clone(), *class)))
            .map(|(class, part)| (*class, part))
            .collect();
        let want = if parts.is_empty() {
            serde_json::Value::Null
        } else {
            RecordView {
                record: *record,
                form,
                parts,
            }
            .canonical()
        };
        let have = client.canonical(*record);
        if want.is_null() && !have.is_null() && have["parts"] == serde_json::json!([]) {
            continue;
        }
        if want != have {
            return Err(format!(
                "{} shows {record} otherwise:\nserver {want:#}\nphone {have:#}",
                phone.name
            ));
        }
    }
    Ok(())
}

/// A phone shows nothing of what was erased but what it was refused itself.
pub(super) fn erased(phone: &Phone, erased: &BTreeSet<RecordId>) -> Result<(), String> {
    let refused = phone.refused();
    for record in erased {
        let shown = phone.client().history(*record).into_iter().find(|entry| {
            let tag = (entry.claimed.millis(), entry.stream.class);
            !entry.ops.is_empty() && !refused.contains(&tag) && !phone.settled.contains(&tag)
        });
        if let Some(entry) = shown {
            return Err(format!(
                "{} shows {} of {record}, which was erased",
                phone.name, entry.entry
            ));
        }
    }
    Ok(())
}

/// Edits that a phone shows as refused and that a restored server got back from somebody who had
/// only their hashes: in its log, without what was typed.
pub(super) fn known_by_hash(phones: &[Phone], log: &[Logged]) -> BTreeSet<Tag> {
    let devices: BTreeSet<_> = log
        .iter()
        .filter(|l| l.item.recovered && l.item.header.is_none())
        .map(|l| l.item.author.device)
        .collect();
    let mut out = BTreeSet::new();
    for phone in phones {
        let device = phone.client().identity().map(|i| i.device);
        if device.is_some_and(|d| devices.contains(&d)) {
            out.extend(phone.refused());
            // What its person let go was refused too.
            out.extend(phone.settled.iter().copied());
        }
    }
    out
}

/// Each acknowledged edit that a phone still answers for was admitted once, or is refused and in
/// sight on both sides.
pub(super) fn kept(
    phone: &Phone,
    verdicts: &BTreeMap<Tag, Vec<(EntryRef, Verdict)>>,
    by_hash: &BTreeSet<Tag>,
    erased: &dyn Fn(&Tag) -> bool,
) -> Result<(), String> {
    let refused = phone.refused();
    for tag in phone.holds.iter().chain(&phone.handed_over) {
        let of = verdicts.get(tag).map(Vec::as_slice).unwrap_or_default();
        let admitted = of.iter().filter(|(_, v)| v.is_admitted()).count();
        if admitted > 1 {
            return Err(format!(
                "edit {tag:?} of {} counts {admitted} times: {of:?}",
                phone.name
            ));
        }
        if of.is_empty() && !by_hash.contains(tag) && !erased(tag) {
            let how = match phone.handed_over.contains(tag) {
                true => "handed over and erased here",
                false => "held here",
            };
            return Err(format!("edit {tag:?} of {} ({how}) is lost", phone.name));
        }
        if admitted == 0 && !of.is_empty() && !refused.contains(tag) && !phone.settled.contains(tag)
        {
            return Err(format!(
                "{} hides that {tag:?} was refused: {of:?}",
                phone.name
            ));
        }
    }
    Ok(())
}
