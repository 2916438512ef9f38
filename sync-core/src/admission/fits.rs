//! Which of several operations fit a version of their form, each by itself.

use std::collections::BTreeMap;

use crate::edit::Op;
use crate::entry::RefusalCode;
use crate::ids::{EntryRef, IncarnationId, SensitivityClass};
use crate::lifecycle::Actor;
use crate::schema::{Form, check_op};
use crate::view::{PartState, as_splices};

/// Tells of each operation whether it fits the form and the record as the ones before it that fit
/// leave it. Unlike an edit, which is refused whole, what does not fit is passed over.
///
/// # Errors
/// Of each: the stable code of the first rule broken.
#[must_use]
pub fn what_fits<'a>(
    form: &Form,
    actor: impl Into<Actor<'a>>,
    mut parts: BTreeMap<SensitivityClass, PartState>,
    ops: &[Op],
) -> Vec<Result<(), RefusalCode>> {
    let actor = actor.into();
    // The name is looked at by nobody: these states are thrown away.
    let by = EntryRef {
        incarnation: IncarnationId::from_bytes([0; 16]),
        seq: 1,
    };
    let mut fits = |index: usize, op: &Op| {
        let class = match op.field() {
            None => form.class,
            Some(key) => {
                let field = form.field(key.as_str());
                form.class_of(field.ok_or(RefusalCode::UnknownField)?)
            }
        };
        let part = parts
            .entry(class)
            .or_insert_with(|| PartState::new(form.code.clone()));
        let written = as_splices(form, |field| part.fields.get(field), vec![op.clone()]);
        for op in &written {
            check_op(form, class, actor, part, op)?;
        }
        for op in &written {
            part.apply_op(op, by, index);
        }
        Ok(())
    };
    ops.iter()
        .enumerate()
        .map(|(index, op)| fits(index, op))
        .collect()
}
