//! News: what an admitted entry may mean to somebody else than its author.
//!
//! What enters: a decision and the form of its record. What leaves: whom it may concern, as the record says it; who that
//! is, is asked later, by the sender. It runs in the writer's thread and reads nothing.

use std::collections::BTreeSet;
use std::sync::mpsc::{SyncSender, TrySendError};

use gridfold_sync_core::admission::Decision;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{EntryRef, FieldKey, StreamId, UserId};
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::schema::{FieldMeaning, Form};
use gridfold_sync_core::view::PartState;

/// Whom an entry may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// Where it is: whoever may not read that is told nothing.
    pub(super) stream: StreamId,
    /// Who wrote it, and is not told.
    pub(super) author: UserId,
    /// Whom it gave the work to: the id of a person, or a name.
    pub(super) given_to: Option<String>,
    /// Whom it gave the work back to.
    pub(super) back: Option<Back>,
    /// What others wrote that it is in conflict with.
    pub(super) beside: BTreeSet<EntryRef>,
}

/// Work that was given back with words, by the rule that the worker's app shows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Back {
    /// Who is to do it.
    pub(super) doer: Option<String>,
    /// What was written before by those who had their part in it.
    pub(super) part: BTreeSet<EntryRef>,
}

/// Where the writer says what happened.
#[derive(Debug, Clone)]
pub(crate) struct Herald(pub(super) SyncSender<News>);

impl Herald {
    /// Says it, unless the line is full: then there is news of other things already, and nobody waits.
    pub(crate) fn tell(&self, news: News) {
        match self.0.try_send(news) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                tracing::debug!("phones are told of less than happened: the line is full");
            }
        }
    }
}

fn said(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::Person { user, .. }) => Some(user.to_string()),
        Some(Value::Text(name)) if !name.is_empty() => Some(name.clone()),
        _ => None,
    }
}

impl News {
    /// What a decision may mean to others; none when it means nothing.
    pub(crate) fn of(stream: &StreamId, decision: &Decision, form: &Form) -> Option<Self> {
        let (Some(state), Some(ops)) = (&decision.state, &decision.entry.ops) else {
            return None;
        };
        if !decision.verdict.is_admitted() {
            return None;
        }
        let entry = decision.entry.id();
        let doer = form.field_for(FieldMeaning::Doer).map(|field| &field.key);
        let news = Self {
            stream: stream.clone(),
            author: decision.author.user,
            given_to: doer.and_then(|doer| given_to(state, ops, doer, form)),
            back: given_back(state, ops, doer, form, entry),
            beside: beside(state, entry),
        };
        let is_none = news.given_to.is_none() && news.back.is_none() && news.beside.is_empty();
        (!is_none).then_some(news)
    }
}

fn stage(state: &PartState, form: &Form) -> Option<Stage> {
    let lifecycle = form.lifecycle.as_ref()?;
    Some(lifecycle.stage(lifecycle.fold(state).status))
}

fn given_to(state: &PartState, ops: &[Op], doer: &FieldKey, form: &Form) -> Option<String> {
    let is_set = |op: &Op| matches!(op, Op::Set { field, .. } if field == doer);
    if !ops.iter().any(is_set) || stage(state, form) == Some(Stage::Closed) {
        return None;
    }
    said(state.value(doer.as_str()))
}

fn given_back(
    state: &PartState,
    ops: &[Op],
    doer: Option<&FieldKey>,
    form: &Form,
    entry: EntryRef,
) -> Option<Back> {
    let lifecycle = form.lifecycle.as_ref()?;
    // Who urges gives nothing back, and what stands suspended is nobody's turn.
    let gives = |op: &Op| matches!(op, Op::Transition { action, note } if !note.trim().is_empty() && !lifecycle.is_aside(action));
    let status = lifecycle.status(lifecycle.fold(state).status);
    let is_open = status.is_some_and(|s| s.stage() == Stage::Open && !s.suspended);
    if !ops.iter().any(gives) || !is_open {
        return None;
    }
    let doer = doer.and_then(|doer| said(state.value(doer.as_str())));
    let steps = state.transitions.iter();
    let steps = steps.filter(|made| made.by != entry && !lifecycle.is_aside(&made.action));
    let mut part: BTreeSet<EntryRef> = steps.map(|made| made.by).collect();
    if doer.is_none() {
        // Nobody's to do: the report itself was a part in it.
        let newest = state.authors.iter();
        part.extend(newest.map(|(incarnation, seq)| EntryRef {
            incarnation: *incarnation,
            seq: *seq,
        }));
    }
    part.remove(&entry);
    (!part.is_empty()).then_some(Back { doer, part })
}

/// What others wrote that this entry contradicts.
fn beside(state: &PartState, entry: EntryRef) -> BTreeSet<EntryRef> {
    let mut others = BTreeSet::new();
    let mut take = |sides: &mut dyn Iterator<Item = EntryRef>| {
        let sides: BTreeSet<EntryRef> = sides.collect();
        if sides.contains(&entry) {
            others.extend(sides.into_iter().filter(|by| *by != entry));
        }
    };
    for (_, sides) in state.conflicts() {
        take(&mut sides.iter().map(|side| side.by));
    }
    if !state.beside.is_empty() && !state.deleted.is_empty() {
        let deleted = state.deleted.iter().map(|side| side.by);
        take(&mut deleted.chain(state.beside.iter().copied()));
    }
    others
}
