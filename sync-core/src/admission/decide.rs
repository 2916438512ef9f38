//! The decisions.

use std::cell::{Cell, RefCell};

use crate::admission::room::{is_full, is_too_heavy, is_too_long, transitions};
use crate::admission::{Decision, Facts, LogProblem, PushedLog, RecordFact};
use crate::directory::Standing;
use crate::edit::{Op, encode_payload};
use crate::entry::{
    Author, Entry, PublicKey, RefusalCode, Target, Verdict, head_statement, next_link,
};
use crate::ids::{EntryRef, FormCode, Hash, RecordId, SensitivityClass, StreamId, UserId};
use crate::lifecycle::Actor;
use crate::limits::{
    MAX_DEPS, MAX_ENTRIES_PER_PUSH, MAX_OPS_PER_EDIT, MAX_PAYLOAD_BYTES, MAX_TRANSITIONS_PER_EDIT,
};
use crate::merge::follows;
use crate::schema::{FieldMeaning, Form, Role, check_op};
use crate::time::Timestamp;
use crate::view::PartState;

/// Decides on a pushed device log. Entries that are in the log already are passed over, and there
/// is a decision at least on the first that is not.
///
/// # Errors
/// Outer: reading a fact failed, nothing was decided. Inner: the problem with the whole log.
pub fn admit<F: Facts>(
    facts: &mut F,
    author: Author,
    key: &PublicKey,
    now: Timestamp,
    pushed: &PushedLog,
) -> Result<Result<Vec<Decision>, LogProblem>, F::Error> {
    let stream = &pushed.stream;
    if pushed.len() > MAX_ENTRIES_PER_PUSH {
        return Ok(Err(LogProblem::TooLarge));
    }
    if !facts.is_grid(&stream.grid)? {
        return Ok(Err(LogProblem::UnknownStream));
    }
    if facts
        .incarnation_owner(pushed.incarnation)?
        .is_some_and(|owner| owner != author.device)
    {
        return Ok(Err(LogProblem::NotYourLog));
    }
    let head = facts.log_head(stream, pushed.incarnation)?;
    let whose = pushed
        .entries
        .iter()
        .all(|e| e.incarnation == pushed.incarnation);
    let erased = pushed
        .erased
        .iter()
        .map(|place| (place.seq, place.hash, None));
    let whole = pushed.entries.iter();
    let whole = whole.map(|e| (e.header.seq, e.hash(stream), Some(e)));
    let places: Vec<(u64, Hash, Option<&Entry>)> = erased.chain(whole).collect();
    let dense = places
        .windows(2)
        .all(|w| w[0].0.checked_add(1) == Some(w[1].0));
    let Some(first) = places.first().map(|(seq, ..)| *seq) else {
        return Ok(Ok(Vec::new()));
    };
    if !dense || !whose || first == 0 {
        return Ok(Err(LogProblem::BadSignature));
    }
    let expected = head.seq.saturating_add(1);
    if first > expected {
        return Ok(Err(LogProblem::Gap { expected }));
    }
    let mut fresh = Vec::with_capacity(places.len());
    let mut link = head.link;
    for (seq, hash, entry) in places {
        let id = EntryRef {
            incarnation: pushed.incarnation,
            seq,
        };
        if seq <= head.seq {
            match facts.entry(stream, &id)? {
                Some(known) if known.hash == hash => continue,
                _ => return Ok(Err(LogProblem::Forked)),
            }
        }
        link = next_link(&link, &hash);
        fresh.push((id, entry, hash, link));
    }
    let Some((last, .., link)) = fresh.last() else {
        return Ok(Ok(Vec::new()));
    };
    if !key.verify(
        &head_statement(stream, pushed.incarnation, last.seq, link),
        &pushed.signature,
    ) {
        return Ok(Err(LogProblem::BadSignature));
    }
    let standing = facts.standing(author.user, &stream.grid, now)?;
    let count = fresh.len();
    let mut decisions = Vec::with_capacity(count);
    for (i, (id, entry, hash, link)) in fresh.into_iter().enumerate() {
        let mut told = Filing::default();
        let outcome = match entry {
            Some(entry) => decide(facts, (author.user, &standing), stream, entry, &mut told)?,
            // It takes its place, so that what its device wrote after it has one.
            None => Err(RefusalCode::Erased),
        };
        let (verdict, state) = match outcome {
            Ok((late, state)) => (Verdict::Admitted { late }, Some(state)),
            Err(code) => (Verdict::Refused(code), None),
        };
        let mut kept = entry.cloned().unwrap_or_else(|| Entry::hollow(id));
        if kept.ops().len() > MAX_OPS_PER_EDIT || is_oversize(kept.ops()) {
            // No phone of ours makes one. Its place and reason stay, its bytes do not.
            kept.ops = None;
        }
        let decision = Decision {
            entry: kept,
            hash,
            link,
            author,
            received: now,
            verdict,
            record: told.record,
            form: told.form,
            state,
            signature: (i + 1 == count).then_some(pushed.signature),
        };
        facts.decided(stream, &decision)?;
        decisions.push(decision);
        if !facts.goes_on() {
            break;
        }
    }
    Ok(Ok(decisions))
}

/// What could be told of an entry before it was refused.
#[derive(Default)]
struct Filing {
    record: Option<RecordId>,
    form: Option<FormCode>,
}

fn decide<F: Facts>(
    facts: &mut F,
    (user, standing): (UserId, &Standing),
    stream: &StreamId,
    entry: &Entry,
    told: &mut Filing,
) -> Result<Result<(bool, PartState), RefusalCode>, F::Error> {
    macro_rules! refuse {
        ($code:ident) => {
            return Ok(Err(RefusalCode::$code))
        };
    }
    let record = target(facts, stream, entry, told)?;
    // Before what is known of heads and records: without a grant all of them answer alike.
    let (roles, late) = match standing {
        Standing::Active(roles) => (roles, false),
        Standing::Late(roles) => (roles, true),
        Standing::Ended => refuse!(GrantEnded),
        Standing::Never => refuse!(NoGrant),
    };
    let record = match record {
        Ok(record) => record,
        Err(code) => return Ok(Err(code)),
    };
    let form_code = match (facts.record(&record)?, &entry.header.target) {
        (RecordFact::Erased, _) => refuse!(Erased),
        (RecordFact::Known { grid, .. }, _) if grid != stream.grid => refuse!(AnotherGrid),
        (RecordFact::Known { form, .. }, Target::New { form: claimed, .. }) if form != *claimed => {
            refuse!(WrongForm)
        }
        (RecordFact::Known { form, .. }, _) => form,
        (RecordFact::Unknown, Target::New { form, .. }) => form.clone(),
        (RecordFact::Unknown, Target::At(_)) => refuse!(MissingHeads),
    };
    told.form = Some(form_code.clone());
    if !facts.has_form(&form_code)? {
        refuse!(UnknownForm);
    }
    let Some(form) = facts.form(&form_code, entry.header.form_version)? else {
        refuse!(UnknownFormVersion)
    };
    let part = facts.part(stream, &record)?;
    let direct = part
        .as_ref()
        .map_or(entry.header.deps().is_empty(), |p| follows(p, entry));
    if part
        .as_ref()
        .is_some_and(|p| is_full(p, entry.ops(), direct))
    {
        refuse!(RecordFull);
    }
    // It is made with the record: what is written beside what is there makes no second one.
    if part.is_some() && makes_receipt(&form, entry.ops()) {
        refuse!(NotWritable);
    }
    // Each such head would stand for a fork that is none, and be merged by every replica.
    let deps = entry.header.deps();
    if !direct && deps.len() > 1 && facts.newest_of(stream, &record, deps)?.len() < deps.len() {
        refuse!(NeedlessHeads);
    }
    let (own, weight) = part.as_ref().map_or((None, 0), |p| {
        (p.authors.get(&entry.incarnation).copied(), p.weight)
    });
    let at = match (direct, part) {
        (true, part) => part,
        (false, _) => facts.part_at(stream, &record, deps)?,
    };
    let at = at.unwrap_or_else(|| PartState::new(form_code));
    // A device knows what it wrote itself: only a broken or hostile one writes beside it, and each
    // such entry would cost every replica one more line to merge.
    if at.authors.get(&entry.incarnation).copied() < own && !facts.is_of_many(entry.incarnation)? {
        refuse!(BesideOwnEdit);
    }
    let after = match check_as(facts, user, stream, (&form, roles), at, entry)? {
        Ok(after) => after,
        Err(code) => return Ok(Err(code)),
    };
    // Only now: the positions of an edit that fits add up without surprise.
    if is_too_heavy(weight, entry.ops()) {
        refuse!(RecordFull);
    }
    let after = if direct {
        after
    } else {
        facts.merge(stream, &record, entry)?
    };
    if is_too_long(&after) {
        refuse!(RecordFull);
    }
    Ok(Ok((late, after)))
}

/// [`check_edit`] by somebody, who made what else is there as the log says.
fn check_as<F: Facts>(
    facts: &mut F,
    user: UserId,
    stream: &StreamId,
    (form, roles): (&Form, &[Role]),
    at: PartState,
    entry: &Entry,
) -> Result<Result<PartState, RefusalCode>, F::Error> {
    let is_told = facts.tells_people();
    let facts = RefCell::new(facts);
    let failed: Cell<Option<F::Error>> = Cell::new(None);
    let made = |by: &EntryRef| match facts.borrow_mut().author(stream, by) {
        Ok(author) => author,
        Err(error) => {
            failed.set(Some(error));
            None
        }
    };
    let actor = Actor {
        roles,
        user: is_told.then_some(user),
        made: &made,
    };
    let checked = check_edit(form, stream.class, actor, at, entry);
    match failed.take() {
        Some(error) => Err(error),
        None => Ok(checked),
    }
}

/// Whether operations write the number of a receipt.
fn makes_receipt(form: &Form, ops: &[Op]) -> bool {
    let Some(field) = form.field_for(FieldMeaning::Receipt) else {
        return false;
    };
    ops.iter().any(|op| op.field() == Some(&field.key))
}

/// The record an entry is on, by its own word or its heads'.
fn target<F: Facts>(
    facts: &mut F,
    stream: &StreamId,
    entry: &Entry,
    told: &mut Filing,
) -> Result<Result<RecordId, RefusalCode>, F::Error> {
    let deps = match &entry.header.target {
        Target::New { record, form } => {
            told.form = Some(form.clone());
            told.record = Some(*record);
            return Ok(Ok(*record));
        }
        Target::At(deps) if deps.len() > MAX_DEPS => return Ok(Err(RefusalCode::MissingHeads)),
        Target::At(deps) => deps,
    };
    let (mut of, mut refused) = (None, false);
    for dep in deps {
        let Some(fact) = facts.entry(stream, dep)? else {
            return Ok(Err(RefusalCode::MissingHeads));
        };
        refused |= !fact.admitted;
        match (of, fact.record) {
            (Some(a), Some(b)) if a != b => return Ok(Err(RefusalCode::HeadsOfAnotherRecord)),
            (None, known) => of = known,
            _ => {}
        }
    }
    told.record = of;
    if refused {
        return Ok(Err(RefusalCode::RefusedHeads));
    }
    Ok(of.ok_or(RefusalCode::MissingHeads))
}

/// Checks an edit against the row it was made at, operation by operation, and gives the row after
/// it. Phones call it before they store an edit, the server before it admits one.
///
/// # Errors
/// The stable code of the first rule broken.
pub fn check_edit<'a>(
    form: &Form,
    class: SensitivityClass,
    actor: impl Into<Actor<'a>>,
    mut at: PartState,
    entry: &Entry,
) -> Result<PartState, RefusalCode> {
    let ops = entry.ops();
    let actor = actor.into();
    let (own, made) = (entry.id(), actor.made);
    // What comes before in the same edit was made by whoever makes this.
    let made = |by: &EntryRef| if *by == own { actor.user } else { made(by) };
    let actor = Actor {
        made: &made,
        ..actor
    };
    if ops.is_empty() {
        return Err(RefusalCode::Empty);
    }
    if ops.len() > MAX_OPS_PER_EDIT || transitions(ops) > MAX_TRANSITIONS_PER_EDIT {
        return Err(RefusalCode::TooManyOperations);
    }
    if is_oversize(ops) {
        return Err(RefusalCode::TooLong);
    }
    for (index, op) in ops.iter().enumerate() {
        check_op(form, class, actor, &at, op)?;
        at.apply_op(op, own, index);
    }
    at.close_entry(entry);
    Ok(at)
}

/// Whether the payload is larger than one may be. Short edits are not encoded to find out.
fn is_oversize(ops: &[Op]) -> bool {
    (ops.len() > 64 || ops.iter().any(is_long)) && encode_payload(ops).len() > MAX_PAYLOAD_BYTES
}

fn is_long(op: &Op) -> bool {
    match op {
        Op::Splice { insert, .. } => insert.len() > 512,
        Op::Transition { note, .. } => note.len() > 512,
        Op::Set { value, .. } | Op::ItemSet { value, .. } => {
            matches!(value, crate::edit::Value::Text(t) if t.len() > 512)
        }
        _ => false,
    }
}

/// Checks an edit that is made at all heads of a record, with the room that the record has, and
/// gives the row after it: what admission does with it while nobody else writes.
///
/// # Errors
/// The stable code of the first rule broken.
pub fn check_next<'a>(
    form: &Form,
    class: SensitivityClass,
    actor: impl Into<Actor<'a>>,
    part: PartState,
    entry: &Entry,
) -> Result<PartState, RefusalCode> {
    let weight = part.weight;
    if entry.header.deps().len() > MAX_DEPS || is_full(&part, entry.ops(), true) {
        return Err(RefusalCode::RecordFull);
    }
    let after = check_edit(form, class, actor, part, entry)?;
    if is_too_heavy(weight, entry.ops()) || is_too_long(&after) {
        return Err(RefusalCode::RecordFull);
    }
    Ok(after)
}
