//! Names, values and operations by short names.

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, FieldKey, FormCode, ItemKey};

pub(crate) fn form() -> FormCode {
    FormCode::new("visit").unwrap()
}
pub(crate) fn field(key: &str) -> FieldKey {
    FieldKey::new(key).unwrap()
}
pub(crate) fn item(key: &str) -> ItemKey {
    ItemKey::new(key).unwrap()
}
pub(crate) fn choice(key: &str) -> ChoiceKey {
    ChoiceKey::new(key).unwrap()
}
pub(crate) fn text(t: &str) -> Value {
    Value::Text(t.to_owned())
}

pub(crate) fn set(key: &str, value: Value) -> Op {
    let field = field(key);
    Op::Set { field, value }
}
pub(crate) fn unset(key: &str) -> Op {
    Op::Unset { field: field(key) }
}
pub(crate) fn splice(key: &str, at: u32, delete: u32, insert: &str) -> Op {
    Op::Splice {
        field: field(key),
        at,
        delete,
        insert: insert.to_owned(),
    }
}
pub(crate) fn choose(key: &str, of: &str) -> Op {
    Op::Choose {
        field: field(key),
        choice: choice(of),
    }
}
pub(crate) fn unchoose(key: &str, of: &str) -> Op {
    Op::Unchoose {
        field: field(key),
        choice: choice(of),
    }
}
pub(crate) fn item_add(key: &str, of: &str) -> Op {
    Op::ItemAdd {
        field: field(key),
        item: item(of),
    }
}
pub(crate) fn item_remove(key: &str, of: &str) -> Op {
    Op::ItemRemove {
        field: field(key),
        item: item(of),
    }
}
pub(crate) fn item_set(key: &str, of: &str, member: &str, value: Value) -> Op {
    Op::ItemSet {
        field: field(key),
        item: item(of),
        member: field(member),
        value,
    }
}
pub(crate) fn item_unset(key: &str, of: &str, member: &str) -> Op {
    Op::ItemUnset {
        field: field(key),
        item: item(of),
        member: field(member),
    }
}
pub(crate) fn count(key: &str, by: i64) -> Op {
    Op::Count {
        field: field(key),
        by,
    }
}
pub(crate) fn transition(action: &str, note: &str) -> Op {
    Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: note.to_owned(),
    }
}
