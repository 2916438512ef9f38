//! What an entry's operations are in automerge: the change that every replica derives alike.

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId, Automerge, Change, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, TextEncoding,
};
use sha2::{Digest, Sha256};

use crate::edit::{Op, Value};
use crate::entry::Entry;
use crate::ids::FieldKey;
use crate::merge::MergeError;

pub(super) fn empty() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::UnicodeCodePoint)
}

/// The container a kind of operation needs, made the same by every replica.
fn container(op: &Op) -> Option<(String, Option<ObjType>)> {
    Some(match op {
        Op::Splice { field, .. } => (format!("t:{field}"), Some(ObjType::Text)),
        Op::Choose { field, .. } | Op::Unchoose { field, .. } => {
            (format!("c:{field}"), Some(ObjType::Map))
        }
        Op::ItemAdd { field, .. }
        | Op::ItemRemove { field, .. }
        | Op::ItemSet { field, .. }
        | Op::ItemUnset { field, .. } => (format!("g:{field}"), Some(ObjType::Map)),
        Op::Count { field, .. } => (format!("n:{field}"), None),
        Op::Set { .. } | Op::Unset { .. } | Op::Transition { .. } | Op::Delete | Op::Restore => {
            return None;
        }
    })
}

/// The change that makes a container: fixed actor, no time, no dependencies, so that two phones
/// that write a text for the first time write the same one.
fn genesis(key: &str, kind: Option<ObjType>) -> Result<Change, MergeError> {
    let mut doc = empty();
    let mut h = Sha256::new();
    h.update(b"gridfold genesis v1");
    h.update(key.as_bytes());
    doc.set_actor(ActorId::from(&h.finalize()[..16]));
    let mut tx = doc.transaction();
    match kind {
        Some(kind) => tx.put_object(ROOT, key, kind).map(|_| ()),
        None => tx.put(ROOT, key, ScalarValue::counter(0)),
    }
    .map_err(|_| MergeError::Engine)?;
    tx.commit_with(CommitOptions::default().with_time(0));
    doc.get_last_local_change().ok_or(MergeError::Engine)
}

/// What an entry is in automerge.
pub(super) struct Derived {
    /// The containers that had to be made for it, then its own change.
    pub(super) changes: Vec<Change>,
    /// The texts it set whole: by a splice in place of all there was where it was made.
    pub(super) whole: Vec<FieldKey>,
}

/// Makes the entry's change in a document that holds exactly what the entry was made at.
pub(super) fn derive(
    doc: &mut Automerge,
    actor: ActorId,
    entry: &Entry,
) -> Result<Derived, MergeError> {
    let mut changes = Vec::new();
    let mut whole = Vec::new();
    for op in entry.ops() {
        if let Some((key, kind)) = container(op)
            && doc
                .get(ROOT, key.as_str())
                .map_err(|_| MergeError::Engine)?
                .is_none()
        {
            let genesis = genesis(&key, kind)?;
            doc.apply_changes([genesis.clone()])
                .map_err(|_| MergeError::Engine)?;
            changes.push(genesis);
        }
    }
    doc.set_actor(actor);
    let mut tx = doc.transaction();
    let mark = entry.id().to_bytes().to_vec();
    tx.put(ROOT, "~", ScalarValue::Bytes(mark.clone()))
        .map_err(|_| MergeError::Engine)?;
    for op in entry.ops() {
        run(&mut tx, op, &mark, &mut whole).map_err(|_| MergeError::Engine)?;
    }
    // The claimed time stays out: nothing is merged by it, and automerge's columns hold differences
    // of times, which overflow between two claims at the ends of the range.
    tx.commit_with(CommitOptions::default().with_time(0))
        .0
        .ok_or(MergeError::Engine)?;
    changes.push(doc.get_last_local_change().ok_or(MergeError::Engine)?);
    Ok(Derived { changes, whole })
}

fn run(
    tx: &mut Transaction<'_>,
    op: &Op,
    mark: &[u8],
    whole: &mut Vec<FieldKey>,
) -> Result<(), automerge::AutomergeError> {
    let scalar = |value: &Value| {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        ScalarValue::Bytes(bytes)
    };
    let object = match container(op) {
        Some((key, Some(_))) => match tx.get(ROOT, key)? {
            Some((_, id)) => id,
            None => return Ok(()),
        },
        _ => ROOT,
    };
    let remove = |tx: &mut Transaction<'_>, object: &ObjId, key: &str| match tx.get(object, key)? {
        Some(_) => tx.delete(object, key),
        None => Ok(()),
    };
    match op {
        Op::Set { field, value } => tx.put(ROOT, format!("v:{field}"), scalar(value)),
        Op::Unset { field } => remove(tx, &ROOT, &format!("v:{field}")),
        Op::Splice {
            field,
            at,
            delete,
            insert,
        } => {
            let (at, delete, length) = (*at as usize, *delete as usize, tx.length(&object));
            if at.saturating_add(delete) > length {
                return Ok(());
            }
            if at == 0 && delete == length {
                whole.push(field.clone());
            }
            tx.splice_text(&object, at, isize::try_from(delete).unwrap_or(0), insert)
        }
        // The value is the edit's own mark: an equal value would make no operation, and a choice
        // chosen again would then lose against its concurrent removal.
        Op::Choose { choice, .. } => {
            tx.put(&object, choice.as_str(), ScalarValue::Bytes(mark.to_vec()))
        }
        Op::Unchoose { choice, .. } => remove(tx, &object, choice.as_str()),
        Op::ItemAdd { item, .. } => {
            tx.put(&object, item.as_str(), ScalarValue::Bytes(mark.to_vec()))
        }
        Op::ItemRemove { item, .. } => remove(tx, &object, item.as_str()),
        Op::ItemSet {
            item,
            member,
            value,
            ..
        } => {
            tx.put(&object, item.as_str(), ScalarValue::Bytes(mark.to_vec()))?;
            tx.put(&object, format!("{item}/{member}"), scalar(value))
        }
        Op::ItemUnset { item, member, .. } => remove(tx, &object, &format!("{item}/{member}")),
        Op::Count { field, by } => tx.increment(ROOT, format!("n:{field}"), *by),
        Op::Delete => tx.put(ROOT, "d", scalar(&Value::Boolean(true))),
        Op::Restore => tx.put(ROOT, "d", scalar(&Value::Boolean(false))),
        Op::Transition { .. } => Ok(()),
    }
}
