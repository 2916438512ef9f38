//! What stands beside the status of a record that goes on as another one.
//!
//! What enters: the record, and who writes it again. What leaves: the steps that make it stand there too. Each is
//! written by whoever moves the record, since nobody writes in another's name; of another's the words begin with who
//! it was. What a person stands by for themselves alone, such as a following, only they take along.

use std::cell::Cell;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{ActionKey, EntryRef, StreamId, UserId};
use gridfold_sync_core::lifecycle::{Lifecycle, Transition};
use gridfold_sync_core::limits::MAX_NOTE_CHARS;
use gridfold_sync_core::schema::{Role, StepMeaning};
use gridfold_sync_core::view::TransitionMade;

use crate::node::Node;
use crate::problem::Answer;
use crate::views::StoredRecord;

/// The steps beside the status of a record that stand, as somebody with these roles takes them again.
pub(super) fn again(
    node: &Node,
    directory: &Directory,
    stored: &StoredRecord,
    (user, roles): (UserId, &[Role]),
) -> Answer<Vec<Op>> {
    let Some(form) = directory.forms().latest(&stored.row.form) else {
        return Ok(Vec::new());
    };
    let main = stored.parts.iter().find(|(class, _)| *class == form.class);
    let (Some(lifecycle), Some((_, main))) = (&form.lifecycle, main) else {
        return Ok(Vec::new());
    };
    let stream = StreamId::new(stored.row.grid.clone(), form.class);
    let failed = Cell::new(None);
    let made = |entry: &EntryRef| match node.views.author(&stream, entry) {
        Ok(author) => author,
        Err(error) => {
            failed.set(Some(error));
            None
        }
    };
    let standing = lifecycle.standing(main, made);
    let status = lifecycle.fold(main).status;
    let may = |action: &ActionKey| {
        lifecycle.asides.iter().any(|t| {
            t.action == *action
                && t.from.contains(status)
                && t.roles.iter().any(|role| roles.contains(role))
                && t.meaning() != Some(StepMeaning::Extend)
                && t.lacking(main).next().is_none()
        })
    };
    let mut ops = Vec::new();
    for step in standing {
        let by = made(&step.by);
        let is_own = by == Some(user);
        if !may(&step.action) || (!is_own && is_personal(lifecycle, &step.action)) {
            continue;
        }
        let who = by.filter(|_| !is_own).and_then(|by| directory.user(&by));
        let note = told(step, who.map(|who| who.name.as_str()));
        let action = step.action.clone();
        ops.push(Op::Transition { action, note });
    }
    match failed.take() {
        Some(error) => Err(error.into()),
        None => Ok(ops),
    }
}

/// Whether whoever takes a step takes it back for themselves alone.
fn is_personal(lifecycle: &Lifecycle, action: &ActionKey) -> bool {
    let back = |t: &Transition| t.meaning() == Some(StepMeaning::TakeBack);
    let mut rows = lifecycle.asides.iter();
    rows.any(|t| back(t) && t.answers.contains(action))
}

fn told(step: &TransitionMade, who: Option<&str>) -> String {
    let words = match who {
        Some(who) if step.note.trim().is_empty() => who.to_owned(),
        Some(who) => format!("{who}: {}", step.note),
        None => step.note.clone(),
    };
    words.chars().take(MAX_NOTE_CHARS).collect()
}
