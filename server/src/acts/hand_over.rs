//! Handing over open work: what one person is to do becomes another's, as edits like any other.
//!
//! What enters: whose work, to whom, and what the one who asks may see. What leaves: how much there
//! was, how much went over, and what stays and why. What never happens here: a change of grants, or
//! of work that is closed.

use gridfold_sync_core::directory::{Directory, User};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{RecordId, UserId};
use gridfold_sync_core::schema::{FieldMeaning, FieldType, Form};
use gridfold_sync_core::time::Timestamp;

use crate::admit::{Base, ConsoleEdit, Parts, Wish};
use crate::auth::{Actor, AuditEvent, AuditScope};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views::{RecordFilter, RecordRow};
use crate::words::said;

/// Most records handed over at once.
pub(crate) const MAX_HANDED_OVER: usize = 10_000;
/// Edits in one turn of the writer, so that others come between.
const TURN: usize = 100;
/// Rows read at a time.
const PAGE_ROWS: usize = 500;

/// Whose work goes to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandOver {
    /// Whose it is.
    pub(crate) from: UserId,
    /// Who is to do it.
    pub(crate) to: UserId,
    /// Whether it is only counted.
    pub(crate) dry_run: bool,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct HandedOver {
    /// Open work that there was.
    pub(crate) open: usize,
    /// What is the other's now, or would be.
    pub(crate) handed: usize,
    /// What stays with whom it was, and why.
    pub(crate) left: Vec<(RecordId, Code)>,
}

/// The open work of a person within what the reader may see.
fn open_work(
    node: &Node,
    directory: &Directory,
    from: UserId,
    mut filter: RecordFilter,
) -> Answer<Vec<RecordRow>> {
    filter.open = true;
    filter.doers = Some(directory.meant_by(&from.to_string()));
    filter.limit = PAGE_ROWS;
    let mut rows = Vec::new();
    loop {
        let page = node.views.list(&filter)?;
        rows.extend(page.rows);
        if rows.len() > MAX_HANDED_OVER {
            return Err(Problem::bad_request_in(said!(
                "hand_over_too_many",
                most = MAX_HANDED_OVER
            )));
        }
        match page.next {
            Some(next) => filter.cursor = Some(next),
            None => return Ok(rows),
        }
    }
}

/// Sets the field that means the doer, if it is still that person's.
fn given_to(to: &User, form: &Form, parts: &Parts, meant: &[String]) -> Vec<Op> {
    let Some(field) = form.field_for(FieldMeaning::Doer) else {
        return Vec::new();
    };
    let held = parts
        .iter()
        .find_map(|(_, part)| part.value(field.key.as_str()));
    let theirs = match held {
        Some(Value::Person { user, .. }) => meant.contains(&user.to_string()),
        Some(Value::Text(name)) => meant.contains(name),
        _ => false,
    };
    if !theirs {
        return Vec::new();
    }
    let value = match field.kind {
        FieldType::Person => Value::Person {
            user: to.id,
            name: to.name.clone(),
        },
        _ => Value::Text(to.name.clone()),
    };
    let field = field.key.clone();
    vec![Op::Set { field, value }]
}

/// Hands over the open work of a person that the filter shows, grid by grid where the other works.
///
/// # Errors
/// When there is more than [`MAX_HANDED_OVER`], or it cannot be read or written. What was handed
/// over before stays so, and asking again goes on with the rest.
pub(crate) fn hand_over(
    node: &Node,
    directory: &Directory,
    wanted: HandOver,
    filter: RecordFilter,
    (author, now): (Author, Timestamp),
) -> Answer<HandedOver> {
    let to = directory.user(&wanted.to).ok_or_else(Problem::not_found)?;
    let rows = open_work(node, directory, wanted.from, filter)?;
    let meant = directory.meant_by(&wanted.from.to_string());
    let mut out = HandedOver {
        open: rows.len(),
        ..HandedOver::default()
    };
    let (go, stay): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| directory.works_in(wanted.to, &row.grid, now));
    out.left
        .extend(stay.iter().map(|row| (row.record, Code::Forbidden)));
    if wanted.dry_run {
        out.handed = go.len();
        return Ok(out);
    }
    node.auth.audit.record(&AuditEvent {
        at_ms: now.millis(),
        who: Actor {
            user: author.user.0,
            device: author.device.0,
        },
        what: "work.hand_over",
        scope: AuditScope::of("user", wanted.from).and("user", wanted.to),
    })?;
    for turn in go.chunks(TURN) {
        let edits = turn.iter().map(|row| {
            let (to, meant) = (to.clone(), meant.clone());
            ConsoleEdit {
                record: row.record,
                grid: row.grid.clone(),
                form: row.form.clone(),
                base: Base::Newest(None),
                wish: Wish::reckoned(move |form, parts| Ok(given_to(&to, form, parts, &meant))),
                claimed: now,
            }
        });
        for outcome in node.writer.edit(author, edits.collect())? {
            match outcome.failure() {
                Some(code) => out.left.push((outcome.record, code)),
                None => out.handed += 1,
            }
        }
    }
    Ok(out)
}
