//! What reports count of a record besides its columns: when its first step was taken and its doer had done their part, whether that was on the spot, how satisfied somebody is, and what was chosen in the fields that reports group by.
//!
//! What enters: a record over all its parts, as its row is written. What leaves: its row of `measured` and its rows of `chosen`. What never happens here: who did it; a report knows no people.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{AreaCode, EntryRef, SensitivityClass, StreamId};
use gridfold_sync_core::lifecycle::{Lifecycle, Stage};
use gridfold_sync_core::schema::{Field, FieldMeaning, FieldType, Form, StepMeaning};
use gridfold_sync_core::view::{Cell, PartState, RecordView, TransitionMade};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::views::ViewsError;

/// Satisfaction with the first of its choices; with the last it is 0.
const BEST: usize = 100;
/// Steps back from where the work stands that are looked at for when it was done: more than any flow has after that.
const MAX_BACK: usize = 16;

/// Whether reports group by a field: what is chosen, the kind of a matter, and who answers for it. Never a person.
#[must_use]
pub fn is_counted_by(form: &Form, field: &Field) -> bool {
    match field.kind {
        FieldType::ChooseOne { .. } | FieldType::ChooseMany { .. } | FieldType::Boolean => true,
        FieldType::Text { .. } => [FieldMeaning::Kind, FieldMeaning::Accountable]
            .into_iter()
            .any(|meaning| form.field_for(meaning).is_some_and(|f| f.key == field.key)),
        _ => false,
    }
}

/// Writes what a record holds of it now.
pub(super) fn write(
    tx: &Transaction<'_>,
    id: i64,
    grid: &AreaCode,
    view: &RecordView<'_>,
) -> Result<(), ViewsError> {
    write_chosen(tx, id, view)?;
    let now = measured(tx, id, grid, view)?;
    let before = tx
        .prepare_cached(
            "SELECT answered, done, in_grid, satisfaction, satisfaction_class FROM measured WHERE record = ?1",
        )?
        .query_row([id], |r| {
            Ok(Measured {
                answered: r.get(0)?,
                done: r.get(1)?,
                in_grid: r.get(2)?,
                satisfaction: r.get(3)?,
                satisfaction_class: r.get(4)?,
            })
        })
        .optional()?;
    if now == before {
        return Ok(());
    }
    match now {
        None => {
            tx.prepare_cached("DELETE FROM measured WHERE record = ?1")?
                .execute([id])?;
        }
        Some(m) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO measured (record, answered, done, in_grid, satisfaction, satisfaction_class)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                id,
                m.answered,
                m.done,
                m.in_grid,
                m.satisfaction,
                m.satisfaction_class
            ])?;
        }
    }
    Ok(())
}

/// A row of `measured`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measured {
    answered: Option<i64>,
    done: Option<i64>,
    in_grid: bool,
    satisfaction: Option<i64>,
    satisfaction_class: u8,
}

/// None of what has no work and that nobody was asked about.
fn measured(
    tx: &Transaction<'_>,
    id: i64,
    grid: &AreaCode,
    view: &RecordView<'_>,
) -> Result<Option<Measured>, ViewsError> {
    let form = view.form;
    let satisfaction = form.field_for(FieldMeaning::Satisfaction);
    let work = form.lifecycle.as_ref().zip(view.main());
    if satisfaction.is_none() && work.is_none() {
        return Ok(None);
    }
    let mut out = Measured {
        answered: None,
        done: None,
        in_grid: false,
        satisfaction: satisfaction.and_then(|field| level(view, field)),
        satisfaction_class: satisfaction.map_or(form.class, |field| form.class_of(field)) as u8,
    };
    let Some((lifecycle, main)) = work else {
        return Ok(Some(out));
    };
    for first in main.transitions.iter().filter(|t| t.after.is_empty()) {
        let at = made_at(tx, grid, form.class, first.by)?;
        out.answered = match (out.answered, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    if let Some(done) = done_by(lifecycle, main) {
        out.done = made_at(tx, grid, form.class, done)?;
        out.in_grid = !is_handed_on(lifecycle, main) && is_reporter(tx, id, done)?;
    }
    Ok(Some(out))
}

/// How far up the choices of a field its value stands, of which the first is the best.
fn level(view: &RecordView<'_>, field: &Field) -> Option<i64> {
    let (FieldType::ChooseOne { choices }, Some(Value::Choice(chosen))) =
        (&field.kind, view.value(field))
    else {
        return None;
    };
    let at = choices.iter().position(|choice| choice.key == *chosen)?;
    let last = choices.len() - 1;
    let level = match last {
        0 => BEST,
        _ => BEST * (last - at) / last,
    };
    i64::try_from(level).ok()
}

/// The transitions that one was made after, directly or not.
fn before<'a>(
    made: &BTreeMap<(EntryRef, u32), &'a TransitionMade>,
    of: &TransitionMade,
) -> Vec<&'a TransitionMade> {
    let mut met: BTreeSet<(EntryRef, u32)> = BTreeSet::new();
    let mut ways: Vec<(EntryRef, u32)> = of.after.clone();
    while let Some(at) = ways.pop() {
        if met.insert(at)
            && let Some(step) = made.get(&at)
        {
            ways.extend(&step.after);
        }
    }
    met.iter().filter_map(|at| made.get(at).copied()).collect()
}

/// The step by which the work came to be done, of those that it stood done since; none while it is open.
fn done_by(lifecycle: &Lifecycle, main: &PartState) -> Option<EntryRef> {
    let fold = lifecycle.fold(main);
    if lifecycle.stage(fold.status) < Stage::Done {
        return None;
    }
    let made: BTreeMap<(EntryRef, u32), &TransitionMade> = main
        .transitions
        .iter()
        .map(|t| ((t.by, t.index), t))
        .collect();
    let tip = fold.tips.first()?;
    let mut at = (tip.made.by, tip.made.index);
    for _ in 0..MAX_BACK {
        let mut past = PartState::new(main.form.clone());
        past.transitions = before(&made, made.get(&at)?).into_iter().cloned().collect();
        let stood = lifecycle.fold(&past);
        let Some(tip) = stood.tips.first() else { break };
        if lifecycle.stage(stood.status) < Stage::Done {
            break;
        }
        at = (tip.made.by, tip.made.index);
    }
    Some(at.0)
}

/// Whether somebody was handed the work.
fn is_handed_on(lifecycle: &Lifecycle, main: &PartState) -> bool {
    let mut taken = main.transitions.iter();
    taken.any(|step| {
        let mut rows = lifecycle
            .transitions
            .iter()
            .filter(|t| t.action == step.action);
        rows.any(|t| t.meaning() == Some(StepMeaning::Dispatch))
    })
}

/// Whether whoever made an entry wrote the record's first one.
fn is_reporter(tx: &Transaction<'_>, id: i64, entry: EntryRef) -> Result<bool, ViewsError> {
    let found: Option<bool> = tx
        .prepare_cached(
            "SELECT user = (SELECT f.user FROM entries f WHERE f.record = ?1 AND f.verdict < 2
               ORDER BY min(f.claimed, f.received), f.received, f.hash LIMIT 1)
             FROM entries WHERE record = ?1 AND log_seq = ?3
             AND incarnation = (SELECT id FROM incarnations WHERE incarnation = ?2) LIMIT 1",
        )?
        .query_row(
            params![id, entry.incarnation.bytes(), entry.seq.cast_signed()],
            |r| r.get(0),
        )
        .optional()?;
    Ok(found.unwrap_or(false))
}

/// What is chosen, by field and value, with its class.
fn chosen(view: &RecordView<'_>) -> BTreeMap<(String, String), u8> {
    let mut out = BTreeMap::new();
    let form = view.form;
    for field in form.fields.iter().filter(|f| is_counted_by(form, f)) {
        let class = form.class_of(field);
        let part = view.parts.iter().find(|(of, _)| *of == class);
        let Some(cell) = part.and_then(|(_, part)| part.fields.get(&field.key)) else {
            continue;
        };
        let mut add = |value: String| {
            out.insert((field.key.to_string(), value), class as u8);
        };
        match (cell, view.value(field)) {
            (Cell::Choices(all), _) => all.keys().for_each(|choice| add(choice.to_string())),
            (_, Some(Value::Choice(choice))) => add(choice.to_string()),
            (_, Some(Value::Boolean(is))) => add(is.to_string()),
            (_, Some(Value::Text(text))) if !text.trim().is_empty() => add(text.trim().to_owned()),
            _ => {}
        }
    }
    out
}

fn write_chosen(tx: &Transaction<'_>, id: i64, view: &RecordView<'_>) -> Result<(), ViewsError> {
    let now = chosen(view);
    let mut before = BTreeMap::new();
    {
        let mut statement =
            tx.prepare_cached("SELECT field, value, class FROM chosen WHERE record = ?1")?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            let key: (String, String) = (row.get(0)?, row.get(1)?);
            before.insert(key, row.get::<_, u8>(2)?);
        }
    }
    for (key, _) in before
        .iter()
        .filter(|(key, class)| now.get(*key) != Some(*class))
    {
        tx.prepare_cached("DELETE FROM chosen WHERE record = ?1 AND field = ?2 AND value = ?3")?
            .execute(params![id, key.0, key.1])?;
    }
    for (key, class) in now
        .iter()
        .filter(|(key, class)| before.get(*key) != Some(*class))
    {
        tx.prepare_cached(
            "INSERT INTO chosen (record, field, value, class) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![id, key.0, key.1, class])?;
    }
    Ok(())
}

/// When an entry was made, as its device says, and never after it came.
pub(super) fn made_at(
    tx: &Transaction<'_>,
    grid: &AreaCode,
    class: SensitivityClass,
    entry: EntryRef,
) -> Result<Option<i64>, ViewsError> {
    let stream = StreamId::new(grid.clone(), class);
    Ok(tx
        .prepare_cached(
            "SELECT min(claimed, received) FROM entries WHERE stream = (SELECT id FROM streams WHERE name = ?1)
             AND incarnation = (SELECT id FROM incarnations WHERE incarnation = ?2) AND log_seq = ?3",
        )?
        .query_row(
            params![stream.name(), entry.incarnation.bytes(), entry.seq as i64],
            |r| r.get(0),
        )
        .optional()?)
}
