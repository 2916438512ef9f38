//! More time: a step that means `extend` makes the time that was asked for the time it is due.
//!
//! It is written as an operation beside the step, so that replicas that know nothing of it fold the
//! same row, and two that are granted at once stand side by side as any values do.

use crate::edit::{Op, Value};
use crate::ids::{ActionKey, FieldKey};
use crate::schema::{FieldMeaning, Form, StepMeaning};
use crate::view::PartState;

impl Form {
    /// The field that says when work is due, and the one for what was asked for.
    fn extended(&self) -> Option<(&FieldKey, &FieldKey)> {
        let due = self.field_for(FieldMeaning::Due)?;
        let asked = self.field_for(FieldMeaning::AskedDue)?;
        let is_main = |f: &crate::schema::Field| self.class_of(f) == self.class;
        (is_main(due) && is_main(asked)).then_some((&due.key, &asked.key))
    }

    fn extends(&self, action: &ActionKey) -> bool {
        let mut steps = self.lifecycle.iter().flat_map(|l| l.steps());
        steps.any(|t| t.action == *action && t.meaning() == Some(StepMeaning::Extend))
    }

    /// Whether steps of it can grant more time.
    pub(crate) fn can_extend(&self, needs: &[FieldKey]) -> bool {
        self.extended()
            .is_some_and(|(_, asked)| needs.contains(asked))
    }

    /// Whether the time that was asked for is the time it is due, as it must be once that is granted.
    pub(crate) fn is_extended(&self, state: &PartState) -> bool {
        self.extended().is_some_and(|(due, asked)| {
            let asked = state.value(asked.as_str());
            asked.is_some() && state.value(due.as_str()) == asked
        })
    }

    /// Operations with what the steps among them write: whoever grants more time need not write the
    /// time down again. `main` is the row of the form's class as they are made.
    #[must_use]
    pub fn with_what_steps_write(&self, main: Option<&PartState>, ops: Vec<Op>) -> Vec<Op> {
        let Some((due, asked)) = self.extended() else {
            return ops;
        };
        let held = |key: &FieldKey| main.and_then(|main| main.value(key.as_str())).cloned();
        let (mut is_due, mut is_asked): (Option<Value>, Option<Value>) = (held(due), held(asked));
        let mut out = Vec::with_capacity(ops.len());
        for op in ops {
            match &op {
                Op::Set { field, value } if field == due => is_due = Some(value.clone()),
                Op::Set { field, value } if field == asked => is_asked = Some(value.clone()),
                Op::Unset { field } if field == due => is_due = None,
                Op::Unset { field } if field == asked => is_asked = None,
                Op::Transition { action, .. } if is_due != is_asked && self.extends(action) => {
                    if let Some(value) = is_asked.clone() {
                        is_due = Some(value.clone());
                        let field = due.clone();
                        out.push(Op::Set { field, value });
                    }
                }
                _ => {}
            }
            out.push(op);
        }
        out
    }
}
