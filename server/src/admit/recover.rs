//! Recover: items that this server signed for before it was restored from a backup, brought back
//! by a phone. The receipt proves the whole run, other devices' entries included.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::admission::{Decision, Facts};
use gridfold_sync_core::entry::{Entry, Item, PublicKey, RefusalCode, Target, Verdict, next_link};
use gridfold_sync_core::ids::{EntryRef, FormCode, Hash, IncarnationId, RecordId};
use gridfold_sync_core::wire::RecoverRun;

use crate::admit::commit::Outgoing;
use crate::fold::BatchFacts;
use crate::items::{StoredItem, key_owner, seal_payload};
use crate::log::{Log, LogError, NewItem, StreamName};
use crate::views::ViewsError;

/// Takes a run in; tells whether it put back what the disk had lost. A run that proves nothing is
/// passed over: the phone loses nothing by it.
pub(super) fn recover(
    facts: &mut BatchFacts<'_>,
    server: &PublicKey,
    run: &RecoverRun,
    out: &mut Vec<Outgoing>,
) -> Result<bool, ViewsError> {
    let Some(proof) = run.proof(server) else {
        return Ok(false);
    };
    let name = StreamName::new(run.stream.name()).map_err(|_| ViewsError::Damaged)?;
    // The item before the run may be damaged itself.
    let Some(start) = facts.log.prefix_told(&name, run.after)? else {
        return Ok(false);
    };
    if !run.leads_to(proof, Hash(start)) {
        return Ok(false);
    }
    let healed = give_back(facts, &name, run)?;
    let mut taken = Taken::default();
    for item in &run.items {
        let head = facts.log_head(&run.stream, item.id.incarnation)?;
        let known = match item.id.seq <= head.seq {
            true => facts.entry(&run.stream, &item.id)?.map(|known| known.hash),
            false => None,
        };
        if taken.has(item, known) {
            let told = taken.tell(item.entry.as_ref());
            let told =
                told.map_or_else(|| tell(facts, run, item.entry.as_ref()), |t| Ok(Some(t)))?;
            taken.names.insert(item.id, told);
            continue;
        }
        if item.id.seq <= head.seq {
            continue;
        }
        if item.id.seq != head.seq + 1 {
            // Its author's log has a hole here; the author's own phone will fill it.
            continue;
        }
        // Made at a name that means something else here: of which record it was the run tells.
        let astray = taken.tell(item.entry.as_ref());
        let is_astray = astray.is_some();
        let told = match astray {
            Some(told) => Some(told),
            None => tell(facts, run, item.entry.as_ref())?,
        };
        let erased = told
            .as_ref()
            .is_some_and(|(record, _)| facts.directory.is_erased(record));
        let mut entry = item.entry.clone();
        let mut verdict = item.verdict;
        if erased {
            // It takes its place, so that what its device wrote after it has one; nothing of it comes back.
            if let Some(entry) = &mut entry {
                entry.ops = None;
            }
            if verdict.is_admitted() {
                verdict = Verdict::Refused(RefusalCode::Erased);
            }
        } else if verdict.is_admitted() && is_astray {
            verdict = Verdict::Refused(RefusalCode::HeadsOfAnotherRecord);
        } else if verdict.is_admitted() {
            match fits(facts, run, item.entry.as_ref(), told.as_ref())? {
                Fit::Stands => {}
                // Its author may bring what it was made at, and it with that.
                Fit::Misses => continue,
                // It was acknowledged: it stays in sight, with the reason.
                Fit::Refused(code) => verdict = Verdict::Refused(code),
            }
        }
        let state = match (&entry, &told) {
            (Some(entry), Some((record, Some(form)))) if verdict.is_admitted() => {
                Some(facts.fold(&run.stream, record, form, entry)?)
            }
            _ => None,
        };
        let decision = Decision {
            entry: entry.unwrap_or_else(|| Entry::hollow(item.id)),
            hash: item.entry_hash,
            link: next_link(&head.link, &item.entry_hash),
            author: item.author,
            received: item.received,
            verdict,
            record: told.as_ref().map(|(record, _)| *record),
            form: told.and_then(|(_, form)| form),
            state,
            signature: None,
        };
        facts.decided(&run.stream, &decision)?;
        out.push(Outgoing {
            stream: run.stream.clone(),
            decision,
            recovered: true,
            has_header: item.entry.is_some(),
        });
    }
    Ok(healed)
}

/// Names of a run under which another life of the same store has written here since: they mean something else now.
/// Their authors' phones write what they stood for again, under names of their own; of anybody's entry made at one
/// nobody does, so it is kept as refused.
#[derive(Default)]
struct Taken {
    logs: BTreeSet<IncarnationId>,
    /// With the record and form of each as the run has them; none where it does not tell.
    names: BTreeMap<EntryRef, Option<(RecordId, Option<FormCode>)>>,
}

impl Taken {
    /// Whether the name of an item is one of them; `known` is the hash of what has it here.
    fn has(&mut self, item: &Item, known: Option<Hash>) -> bool {
        if known.is_some_and(|hash| hash != item.entry_hash) {
            self.logs.insert(item.id.incarnation);
            return true;
        }
        known.is_none() && self.logs.contains(&item.id.incarnation)
    }

    /// The record and form of an entry that was made at one of these names.
    fn tell(&self, entry: Option<&Entry>) -> Option<(RecordId, Option<FormCode>)> {
        let deps = entry.into_iter().flat_map(|e| e.header.deps());
        deps.into_iter()
            .find_map(|dep| self.names.get(dep).cloned().flatten())
    }
}

/// Puts items of the run back that the disk lost; tells whether it did. What the log does not find
/// proven by key and chain changes nothing.
fn give_back(
    facts: &mut BatchFacts<'_>,
    name: &StreamName,
    run: &RecoverRun,
) -> Result<bool, ViewsError> {
    if !facts.log.damage().iter().any(|d| d.stream == *name) {
        return Ok(false);
    }
    let mut healed = false;
    let mut piece = Piece::after(run.after);
    // What the index cannot tell of entries that were made at damaged ones.
    let mut here: BTreeMap<EntryRef, (RecordId, Option<FormCode>)> = BTreeMap::new();
    for (item, seq) in run.items.iter().zip(run.after + 1..) {
        let deps = item.entry.iter().flat_map(|e| e.header.deps());
        let made_at = deps.into_iter().find_map(|dep| here.get(dep).cloned());
        let told = tell(facts, run, item.entry.as_ref())?.or(made_at);
        if let Some(told) = &told {
            here.insert(item.id, told.clone());
        }
        match facts.log.get(name, seq) {
            Ok(Some(whole)) => piece.items.push(NewItem {
                key: whole.key,
                item_hash: whole.item_hash,
                bytes: whole.bytes,
            }),
            // Nobody may have read it before.
            Err(LogError::Damaged { .. }) => match stored_again(facts, item, told) {
                Some(lost) => {
                    piece.items.push(lost);
                    piece.has_lost = true;
                }
                // Its words may be on another phone, its author's at least: they are waited for.
                None => {
                    healed |= piece.put_back(facts.log, name);
                    piece = Piece::after(seq);
                }
            },
            // Past the end: that is for recovering.
            Ok(None) => break,
            Err(error) => return Err(error.into()),
        }
    }
    healed |= piece.put_back(facts.log, name);
    Ok(healed)
}

/// Items that follow each other, with lost ones among them.
struct Piece {
    first: u64,
    items: Vec<NewItem>,
    has_lost: bool,
}

impl Piece {
    fn after(seq: u64) -> Self {
        Self {
            first: seq.saturating_add(1),
            items: Vec::new(),
            has_lost: false,
        }
    }

    fn put_back(self, log: &dyn Log, name: &StreamName) -> bool {
        let Self {
            first,
            items,
            has_lost,
        } = self;
        if !has_lost {
            return false;
        }
        match log.heal(name, first, items) {
            Ok(healed) => {
                tracing::warn!(stream = %name, first, healed, "a phone gave back items that the disk had lost; check the disk");
                healed > 0
            }
            Err(error) => {
                tracing::warn!(stream = %name, first, %error, "what a phone gave back of damaged items was not taken");
                false
            }
        }
    }
}

/// A lost item as it is stored, from what a phone holds of it; none when that is not all of it, or
/// cannot be sealed.
fn stored_again(
    facts: &BatchFacts<'_>,
    item: &Item,
    told: Option<(RecordId, Option<FormCode>)>,
) -> Option<NewItem> {
    let record = told.as_ref().map(|(record, _)| *record);
    let is_erased = record.is_some_and(|record| facts.directory.is_erased(&record));
    let entry = item.entry.as_ref()?;
    let sealed = if is_erased {
        None
    } else {
        entry.ops.as_ref()?;
        let owner = key_owner(record, item.author.device);
        let sealed = facts
            .keys
            .get_or_create_many(&[owner])
            .and_then(|_| seal_payload(facts.keys, owner, entry, &item.entry_hash));
        match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::warn!(%error, "what a phone gave back of a damaged item could not be sealed");
                return None;
            }
        }
    };
    let stored = StoredItem {
        id: item.id,
        author: item.author,
        received: item.received,
        verdict: item.verdict,
        entry_hash: item.entry_hash,
        record,
        form: told.and_then(|(_, form)| form),
        signature: None,
        recovered: true,
        header: Some(entry.header.clone()),
        sealed,
    };
    Some(NewItem {
        key: item.entry_hash.0,
        item_hash: item.hash().0,
        bytes: stored.encode(),
    })
}

/// Whether an entry that was admitted before still stands on what this log holds.
enum Fit {
    Stands,
    /// What it was made at is not here.
    Misses,
    /// It stands on what is no part of its record any more.
    Refused(RefusalCode),
}

fn fits(
    facts: &mut BatchFacts<'_>,
    run: &RecoverRun,
    entry: Option<&Entry>,
    told: Option<&(RecordId, Option<FormCode>)>,
) -> Result<Fit, ViewsError> {
    use gridfold_sync_core::admission::RecordFact;
    let Some(entry) = entry else {
        return Ok(Fit::Misses);
    };
    let mut of = None;
    for dep in entry.header.deps() {
        let Some(known) = facts.entry(&run.stream, dep)? else {
            return Ok(Fit::Misses);
        };
        if !known.admitted {
            return Ok(Fit::Refused(RefusalCode::RefusedHeads));
        }
        if of
            .replace(known.record)
            .is_some_and(|other| other != known.record)
        {
            return Ok(Fit::Refused(RefusalCode::HeadsOfAnotherRecord));
        }
    }
    let record = match (of.flatten(), told) {
        (Some(record), _) => record,
        (None, Some((record, _))) => *record,
        (None, None) => return Ok(Fit::Misses),
    };
    Ok(match (facts.record(&record)?, told) {
        (RecordFact::Erased, _) => Fit::Refused(RefusalCode::Erased),
        (_, None) => Fit::Misses,
        (RecordFact::Unknown, Some(_)) => Fit::Stands,
        (RecordFact::Known { grid, .. }, _) if grid != run.stream.grid => {
            Fit::Refused(RefusalCode::AnotherGrid)
        }
        (RecordFact::Known { form, .. }, Some((_, Some(told)))) if form != *told => {
            Fit::Refused(RefusalCode::WrongForm)
        }
        (RecordFact::Known { .. }, Some(_)) => Fit::Stands,
    })
}

/// The record and form of an entry; of an erased record its form is not asked for.
fn tell(
    facts: &mut BatchFacts<'_>,
    run: &RecoverRun,
    entry: Option<&Entry>,
) -> Result<Option<(RecordId, Option<FormCode>)>, ViewsError> {
    use gridfold_sync_core::admission::RecordFact;
    match entry.map(|e| &e.header.target) {
        Some(Target::New { record, form }) => Ok(Some((*record, Some(form.clone())))),
        Some(Target::At(deps)) => {
            for dep in deps {
                let Some(record) = facts.entry(&run.stream, dep)?.and_then(|f| f.record) else {
                    continue;
                };
                match facts.record(&record)? {
                    RecordFact::Known { form, .. } => return Ok(Some((record, Some(form)))),
                    RecordFact::Erased => return Ok(Some((record, None))),
                    RecordFact::Unknown => {}
                }
            }
            Ok(None)
        }
        None => Ok(None),
    }
}
