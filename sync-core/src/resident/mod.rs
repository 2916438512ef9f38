//! What a resident has in hand of a record: the number of its receipt, and what whoever shows it may do.
//!
//! What enters: randomness, what somebody typed, a record with its form and the catalogue. What leaves: numbers,
//! whether a record is answered for, what is told of it, and the operations of what its resident says. What never
//! happens here: a field of another class than the general one in an answer, or an answer without consent of form and kind.
//!
//! The receipt of a carry bundle, and that of a sync, are other things: the server signs those for phones.

mod answer;

pub use crate::receipt_number::{Mistyped, RECEIPT_DIGITS, ReceiptNumber, receipt_link};
pub use answer::{AllAsked, Asked, Given, Refused, asked, operations, reply_of};

use crate::directory::Catalogue;
use crate::edit::{Op, Value};
use crate::ids::{FieldKey, SensitivityClass, UserId};
use crate::schema::{FieldMeaning, Form};
use crate::view::RecordView;

/// Whoever shows the number of a record, as the author of what they say. Nobody signs in as that.
pub const RESIDENT: UserId = UserId(uuid::Uuid::from_u128(
    0x0000_0000_0000_7000_8000_7265_7369_6465,
));
/// What they are called, among the texts for people.
pub const RESIDENT_NAME: &str = "resident_by_receipt";

/// Whether records of a form and a kind get a number and are answered for. The form must have a place for the number;
/// where it asks for a kind, the catalogue must say of that kind that it may show.
#[must_use]
pub fn shows(form: &Form, catalogue: Option<&Catalogue>, kind: Option<&str>) -> bool {
    if form.field_for(FieldMeaning::Receipt).is_none() {
        return false;
    }
    if form.field_for(FieldMeaning::Kind).is_none() {
        return true;
    }
    let known = catalogue.zip(kind).and_then(|(c, kind)| c.find(kind));
    known.is_some_and(|kind| kind.receipt)
}

/// The field of a form in which operations that make a record lack its number, when it is to have one.
#[must_use]
pub fn lacks_number<'a>(
    form: &'a Form,
    catalogue: Option<&Catalogue>,
    ops: &[Op],
) -> Option<&'a FieldKey> {
    let field = form.field_for(FieldMeaning::Receipt)?;
    let kind = form.field_for(FieldMeaning::Kind).and_then(|kind| {
        ops.iter().rev().find_map(|op| match op {
            Op::Set {
                field,
                value: Value::Text(text),
            } if *field == kind.key => Some(text.as_str()),
            _ => None,
        })
    });
    let has = ops.iter().any(|op| op.field() == Some(&field.key));
    (!has && shows(form, catalogue, kind)).then_some(&field.key)
}

/// The number of a record that has one.
#[must_use]
pub fn number_of(view: &RecordView<'_>) -> Option<ReceiptNumber> {
    let field = view.form.field_for(FieldMeaning::Receipt)?;
    match view.value(field) {
        Some(Value::Text(text)) => ReceiptNumber::parse(text),
        _ => None,
    }
}

/// Whether a record is answered for now: form and kind still show, and nobody deleted it. `form` is the newest version
/// of its form, whatever it was written with.
#[must_use]
pub fn is_shown(view: &RecordView<'_>, form: &Form, catalogue: Option<&Catalogue>) -> bool {
    let kind = form.field_for(FieldMeaning::Kind).and_then(|kind| {
        let part = view
            .parts
            .iter()
            .find(|(class, _)| *class == form.class_of(kind));
        match part.and_then(|(_, part)| part.value(kind.key.as_str())) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    });
    !view.is_deleted() && shows(form, catalogue, kind)
}

/// The number of a record that is answered for now; see [`is_shown`].
#[must_use]
pub fn shown_number(
    view: &RecordView<'_>,
    form: &Form,
    catalogue: Option<&Catalogue>,
) -> Option<ReceiptNumber> {
    number_of(view).filter(|_| is_shown(view, form, catalogue))
}

/// Operations without the number that they make: what somebody asked for, and not what was drawn for it.
#[must_use]
pub fn without_number(form: &Form, ops: &[Op]) -> Vec<Op> {
    let field = form.field_for(FieldMeaning::Receipt);
    let is_number = |op: &&Op| field.is_some_and(|field| op.field() == Some(&field.key));
    ops.iter().filter(|op| !is_number(op)).cloned().collect()
}

/// Whether a field may be told to whoever shows the number: the form says so, and everybody with a grant reads it.
fn is_told(form: &Form, field: &crate::schema::Field) -> bool {
    field.on_receipt && form.class_of(field) == SensitivityClass::General
}
