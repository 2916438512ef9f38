//! A record by its id, as far as the caller may see it.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::schema::Form;

use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::routes::Caller;
use crate::views::{ReadScope, RecordRow, StoredRecord};

/// A record of which the caller may read anything, with that: whoever changes one has read it.
pub(crate) fn find(node: &Node, caller: &Caller, id: &str) -> Answer<(StoredRecord, ReadScope)> {
    let (found, scope) = find_listed(node, caller, id)?;
    if found.parts.is_empty() {
        return Err(Problem::not_found());
    }
    Ok((found, scope))
}

/// A record that the caller's lists hold, with what they may read of it, which may be nothing: what a list shows can be opened.
pub(super) fn find_listed(
    node: &Node,
    caller: &Caller,
    id: &str,
) -> Answer<(StoredRecord, ReadScope)> {
    let id = RecordId::parse(id).map_err(|_| Problem::not_found())?;
    let all = node
        .views
        .record(&id, &ReadScope::all())?
        .ok_or_else(|| not_there_yet(node, caller, &id))?;
    let scope = caller
        .scope_of_grid(&all.row.grid)
        .ok_or_else(Problem::not_found)?;
    let mut found = node
        .views
        .listed(&id, &scope)?
        .ok_or_else(Problem::not_found)?;
    node.views
        .keep_first_times(&caller.directory, &scope, &mut found.row)?;
    Ok((found, scope))
}

/// One that was erased is told apart for those who may read its grid.
fn not_there(caller: &Caller, id: &RecordId) -> Problem {
    match caller.directory.erasure(id) {
        Some(erasure) if caller.scope_of_grid(&erasure.grid).is_some() => {
            Problem::new(Code::Erased)
        }
        _ => Problem::not_found(),
    }
}

/// One that was just made is not there yet when the views are behind.
fn not_there_yet(node: &Node, caller: &Caller, id: &RecordId) -> Problem {
    match node.following.behind() {
        Some(behind) if behind.entries > 0 => Problem::new(Code::ViewsBehind),
        _ => not_there(caller, id),
    }
}

/// The form that a record is read with.
pub(super) fn form_of<'a>(caller: &'a Caller, row: &RecordRow) -> Option<&'a Form> {
    let forms = caller.directory.forms();
    forms
        .to_read(&row.form, row.form_version)
        .map(|form| &**form)
}
