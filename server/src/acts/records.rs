//! Records: which value of a conflict stands, and refused edits that wait for nobody any more.

use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{AreaCode, StreamId, UserId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Candidate, Cell, set_text};

use crate::admit::{EditOutcome, Parts};
use crate::directory::DirectoryError;
use crate::node::Node;

/// Has refused edits wait for nobody.
pub(crate) fn dismiss(
    node: &Node,
    (by, at): (UserId, Timestamp),
    grid: &AreaCode,
    outcomes: &[EditOutcome],
) -> Result<(), DirectoryError> {
    let refused = outcomes
        .iter()
        .flat_map(|o| &o.verdicts)
        .filter(|(_, _, verdict)| matches!(verdict, Verdict::Refused(_)));
    let changes: Vec<DirectoryChange> = refused
        .map(|(class, entry, _)| DirectoryChange::RefusalSettled {
            stream: StreamId::new(grid.clone(), *class).name(),
            entry: entry.to_string(),
            how: "dismissed".to_owned(),
            by,
            at,
        })
        .collect();
    if !changes.is_empty() {
        node.directory.change(changes)?;
    }
    Ok(())
}

/// The operation after which one of the concurrent values of a field stands: the value that an entry
/// wrote. None when there is no such conflict.
pub(crate) fn chosen(parts: &Parts, field: &str, by: &str) -> Option<Op> {
    let pick = |candidates: &[Candidate]| {
        candidates
            .iter()
            .find(|c| c.by.to_string() == by)
            .filter(|_| candidates.len() > 1)
            .map(|c| c.value.clone())
    };
    let mut path = field.split('/');
    let (field, item, member) = (path.next()?, path.next(), path.next());
    for (_, part) in parts {
        if field == "deleted" && item.is_none() && !part.fields.contains_key(field) {
            if let Some(value) = pick(&part.deletion()) {
                return Some(if value == Value::Boolean(true) {
                    Op::Delete
                } else {
                    Op::Restore
                });
            }
            continue;
        }
        if field == "status" && item.is_none() && !part.fields.contains_key(field) {
            // Whoever says that a closing stands has seen what was written beside it.
            if part.transitions.iter().any(|t| t.by.to_string() == by) && !part.beside.is_empty() {
                return Some(Op::Restore);
            }
            continue;
        }
        let Some((key, cell)) = part.fields.get_key_value(field) else {
            continue;
        };
        let field = key.clone();
        return match (cell, item, member) {
            (Cell::Register(candidates), None, None) => Some(Op::Set {
                field,
                value: pick(candidates)?,
            }),
            (Cell::Text { sides, .. }, None, None) => match pick(sides)? {
                Value::Text(side) => set_text(field, Some(cell), &side),
                _ => None,
            },
            (Cell::Group(items), Some(item), Some(member)) => {
                let (item, held) = items.get_key_value(item)?;
                let (member, candidates) = held.members.get_key_value(member)?;
                Some(Op::ItemSet {
                    field,
                    item: item.clone(),
                    member: member.clone(),
                    value: pick(candidates)?,
                })
            }
            _ => None,
        };
    }
    None
}
