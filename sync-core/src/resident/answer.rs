//! What a resident is asked, and what their answer does to the record.

use crate::edit::{Op, Value};
use crate::entry::RefusalCode;
use crate::ids::ChoiceKey;
use crate::lifecycle::{Lifecycle, Stage, Transition};
use crate::resident::is_told;
use crate::schema::{Field, FieldMeaning, Form, Role, StepMeaning, check_op};
use crate::view::{Cell, PartState, RecordView};

/// What the server's own role may do is what a resident may, of that.
const ROLES: [Role; 1] = [Role::Service];

/// Whether a resident is asked something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Asked<'a, T> {
    /// The form does not ask it.
    Never,
    /// The work is not where it can be answered.
    NotNow,
    /// It is open.
    Open(&'a Field, T),
    /// It was answered, which is possible once.
    Given(&'a Field),
}

/// What is asked: how satisfied somebody is, and whether the work is to begin again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllAsked<'a> {
    /// The scale, with the step that goes with an answer where the form has one that is possible now.
    pub satisfaction: Asked<'a, Option<&'a Transition>>,
    /// The field for the words, with the step that opens the work again.
    pub reopening: Asked<'a, &'a Transition>,
}

/// What a resident says.
#[derive(Clone, Default)]
pub struct Given {
    /// A choice of the scale.
    pub satisfaction: Option<ChoiceKey>,
    /// Why the work is to begin again.
    pub reopening: Option<String>,
}

/// Words of a resident are in no log.
impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given(…)")
    }
}

/// Why that is not taken. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing was said.
    Nothing,
    /// It was said before, which is possible once.
    Before,
    /// The form does not ask it, or not where the work is.
    NotNow,
    /// A rule of the form.
    Rule(RefusalCode),
}

fn part_of<'a>(view: &RecordView<'a>, field: &Field) -> Option<&'a PartState> {
    let class = view.form.class_of(field);
    let part = view.parts.iter().find(|(of, _)| *of == class);
    part.map(|(_, part)| *part)
}

fn has(view: &RecordView<'_>, field: &Field) -> bool {
    let cell = part_of(view, field).and_then(|part| part.fields.get(&field.key));
    match cell {
        Some(cell @ Cell::Text { .. }) => !cell.shown_text().is_empty(),
        Some(Cell::Register(values)) => !values.is_empty(),
        _ => false,
    }
}

/// The step of a meaning that is possible now for the server's own role.
fn step<'a>(
    lifecycle: &'a Lifecycle,
    main: &PartState,
    meaning: StepMeaning,
) -> Option<&'a Transition> {
    let next = lifecycle.next(main, &ROLES);
    next.into_iter().find(|t| {
        t.meaning() == Some(meaning) && !t.note_needed && t.lacking(main).next().is_none()
    })
}

/// What whoever shows the number of a record is asked now.
#[must_use]
pub fn asked<'a>(view: &RecordView<'a>) -> AllAsked<'a> {
    let form: &'a Form = view.form;
    let empty = PartState::new(form.code.clone());
    let main = view.main().unwrap_or(&empty);
    let lifecycle = form.lifecycle.as_ref();
    let stage = lifecycle.map(|l| l.stage(l.fold(main).status));
    let satisfaction = match form.field_for(FieldMeaning::Satisfaction) {
        None => Asked::Never,
        Some(field) if has(view, field) => Asked::Given(field),
        Some(_) if stage == Some(Stage::Open) => Asked::NotNow,
        Some(field) => {
            let rated = lifecycle.and_then(|l| step(l, main, StepMeaning::Evaluate));
            Asked::Open(field, rated)
        }
    };
    let reopens = |l: &Lifecycle| {
        let mut steps = l.steps();
        steps.any(|t| t.meaning() == Some(StepMeaning::Reopen))
    };
    let reopening = match (form.field_for(FieldMeaning::Reopening), lifecycle) {
        (Some(field), Some(l)) if reopens(l) => {
            if has(view, field) {
                Asked::Given(field)
            } else {
                step(l, main, StepMeaning::Reopen).map_or(Asked::NotNow, |t| Asked::Open(field, t))
            }
        }
        _ => Asked::Never,
    };
    AllAsked {
        satisfaction,
        reopening,
    }
}

/// The operations of what a resident says, on the record as it stands.
///
/// # Errors
/// [`Refused`].
pub fn operations(view: &RecordView<'_>, given: &Given) -> Result<Vec<Op>, Refused> {
    let form = view.form;
    let asked = asked(view);
    let mut ops = Vec::new();
    let take = |step: &Transition| Op::Transition {
        action: step.action.clone(),
        note: String::new(),
    };
    let reopening = given.reopening.as_deref().map(str::trim);
    if let Some(choice) = &given.satisfaction {
        let (field, step) = match asked.satisfaction {
            Asked::Open(field, step) => (field, step),
            Asked::Given(_) => return Err(Refused::Before),
            Asked::NotNow | Asked::Never => return Err(Refused::NotNow),
        };
        ops.push(Op::Set {
            field: field.key.clone(),
            value: Value::Choice(choice.clone()),
        });
        // What is opened again with it does not end first.
        ops.extend(step.filter(|_| reopening.is_none()).map(take));
    }
    if let Some(words) = reopening.filter(|words| !words.is_empty()) {
        let (field, step) = match asked.reopening {
            Asked::Open(field, step) => (field, step),
            Asked::Given(_) => return Err(Refused::Before),
            Asked::NotNow | Asked::Never => return Err(Refused::NotNow),
        };
        ops.push(Op::Set {
            field: field.key.clone(),
            value: Value::Text(words.to_owned()),
        });
        ops.push(take(step));
    } else if reopening.is_some() || ops.is_empty() {
        return Err(Refused::Nothing);
    }
    for op in &ops {
        let class = op
            .field()
            .and_then(|key| form.field(key.as_str()))
            .map_or(form.class, |field| form.class_of(field));
        let part = view.parts.iter().find(|(of, _)| *of == class);
        let empty = PartState::new(form.code.clone());
        let state = part.map_or(&empty, |(_, part)| *part);
        check_op(form, class, &ROLES, state, op).map_err(Refused::Rule)?;
    }
    Ok(ops)
}

/// The reply to the resident, where the form says that it may be told and the work came so far.
#[must_use]
pub fn reply_of(view: &RecordView<'_>) -> Option<String> {
    let form = view.form;
    let field = form.field_for(FieldMeaning::Reply)?;
    if !is_told(form, field) {
        return None;
    }
    let empty = PartState::new(form.code.clone());
    let main = view.main().unwrap_or(&empty);
    let is_answered = form.lifecycle.as_ref().is_none_or(|l| {
        let open = l.stage(l.fold(main).status) == Stage::Open;
        // What was opened again keeps what was said.
        !open || matches!(asked(view).reopening, Asked::Given(_))
    });
    let part = part_of(view, field)?;
    let text = match part.fields.get(&field.key)? {
        cell @ Cell::Text { .. } => cell.shown_text().to_owned(),
        Cell::Register(_) => match part.value(field.key.as_str()) {
            Some(Value::Text(text)) => text.clone(),
            _ => return None,
        },
        _ => return None,
    };
    let text = text.trim();
    (is_answered && !text.is_empty()).then(|| text.to_owned())
}
