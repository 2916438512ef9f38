//! What records are called that a history refers to, for the caller.
//!
//! What enters: entries whose operations may name records. What leaves: one who tells them by the titles of the moment. What
//! never happens here: a title that the caller may not read.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::notice::{Locale, Teller, named_in};
use gridfold_sync_core::schema::{FieldType, Form};

use super::find::form_of;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::{HistoryRow, ReadScope, RecordRow};

/// A title that is the key of a choice, as the choice is called.
fn said(form: &Form, row: &RecordRow, locale: Locale) -> Option<String> {
    let field = form.field(form.title.as_ref()?.as_str())?;
    let FieldType::ChooseOne { choices } = &field.kind else {
        return None;
    };
    let choice = choices.iter().find(|c| c.key.as_str() == row.title)?;
    Some(locale.pick(&choice.label).to_owned())
}

/// What a record is called now; none of one that is not there, or of which the caller may not read that.
fn title(node: &Node, caller: &Caller, record: RecordId) -> Answer<Option<String>> {
    let now = caller.directory.present_record(record);
    let Some(all) = node.views.listed(&now, &ReadScope::all())? else {
        return Ok(None);
    };
    let Some(scope) = caller.scope_of_grid(&all.row.grid) else {
        return Ok(None);
    };
    let found = node.views.listed(&now, &scope)?;
    let row = found.map(|found| found.row);
    let named = row.filter(|row| !row.title.is_empty());
    Ok(named.map(|row| {
        let said = form_of(caller, &row).and_then(|form| said(form, &row, caller.locale));
        said.unwrap_or(row.title)
    }))
}

/// One who tells these operations by a form, with the titles of what they refer to.
pub(crate) fn teller<'a, 'o>(
    node: &Node,
    caller: &Caller,
    form: Option<&'a Form>,
    ops: impl IntoIterator<Item = &'o Op>,
) -> Answer<Teller<'a>> {
    let named = ops
        .into_iter()
        .flat_map(|op| named_in(std::slice::from_ref(op)));
    let mut titles = BTreeMap::new();
    for record in named.collect::<BTreeSet<_>>() {
        if let Some(title) = title(node, caller, record)? {
            titles.insert(record, title);
        }
    }
    Ok(Teller::new(form, caller.locale).calling(titles))
}

/// The operations of some entries.
pub(crate) fn ops_of<'a>(
    rows: impl IntoIterator<Item = &'a HistoryRow>,
) -> impl Iterator<Item = &'a Op> {
    let entries = rows.into_iter().filter_map(|row| row.entry.as_ref());
    entries.flat_map(|entry| entry.ops())
}
