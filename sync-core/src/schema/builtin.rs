//! The forms every installation starts with, as data in `forms/`.

use crate::schema::{Form, FormError};

const SOURCES: [&str; 5] = [
    include_str!("../../forms/household.json"),
    include_str!("../../forms/visit.json"),
    include_str!("../../forms/matter.json"),
    include_str!("../../forms/task.json"),
    include_str!("../../forms/meeting.json"),
];

/// Household, visit, matter, task and meeting.
///
/// # Errors
/// [`FormError`] when a file in `forms/` is wrong; a test keeps it from happening.
pub fn builtin_forms() -> Result<Vec<Form>, FormError> {
    SOURCES.iter().map(|json| Form::from_json(json)).collect()
}
