//! The forms every installation starts with, as data in `forms/`.

use crate::schema::{Form, FormError, FormSet};

/// The first versions, with all that forms from before there was `means` are read by.
const FIRST: [&str; 5] = [
    include_str!("../../forms/household.json"),
    include_str!("../../forms/visit.json"),
    include_str!("../../forms/matter.json"),
    include_str!("../../forms/task.json"),
    include_str!("../../forms/meeting.json"),
];

/// What came after them. The library for phones holds none of it: a phone has its forms from the server.
const LATER: [&str; 8] = [
    // With comments, and notes where a transition asks for one.
    include_str!("../../forms/matter.2.json"),
    include_str!("../../forms/task.2.json"),
    // With people by id.
    include_str!("../../forms/matter.3.json"),
    include_str!("../../forms/task.3.json"),
    // With the receipt for whoever reported it.
    include_str!("../../forms/matter.4.json"),
    // With suspending, extending, recalling, checking by another, and steps beside the status.
    include_str!("../../forms/matter.5.json"),
    // With notice, attendance, resolutions with dissent, and steps up to the answer to residents.
    include_str!("../../forms/meeting.2.json"),
    // With who answers for it, parts, plans, hand-over, and declining that comes back to the issuer.
    include_str!("../../forms/task.4.json"),
];

/// What many offices keep and not every one: an installation has them once it takes them.
const OFFERED: [&str; 4] = [
    include_str!("../../forms/offered/resident.json"),
    include_str!("../../forms/offered/volunteer.json"),
    include_str!("../../forms/offered/volunteering.json"),
    include_str!("../../forms/offered/resource.json"),
];

/// Household, visit, matter, task and meeting, in all their versions, older ones first.
///
/// # Errors
/// [`FormError`] when a file in `forms/` is wrong; a test keeps it from happening.
pub fn builtin_forms() -> Result<Vec<Form>, FormError> {
    let later = LATER.iter().map(|json| Form::from_json(json));
    let mut forms = first_forms()?;
    forms.extend(later.collect::<Result<Vec<_>, _>>()?);
    Ok(forms)
}

/// The first version of each built-in form.
pub(super) fn first_forms() -> Result<Vec<Form>, FormError> {
    FIRST.iter().map(|json| Form::from_json(json)).collect()
}

/// The ready-made forms of which an installation has none, of each the newest version. Those that refer to others
/// stand after them.
///
/// # Errors
/// As [`builtin_forms`].
pub fn offered_forms(known: &FormSet) -> Result<Vec<Form>, FormError> {
    let mut forms = OFFERED
        .iter()
        .map(|json| Form::from_json(json))
        .collect::<Result<Vec<_>, _>>()?;
    forms.retain(|form| known.latest(&form.code).is_none());
    Ok(forms)
}

/// The built-in forms to publish beside those of an installation that an older build founded: newer
/// versions of what it has. A form that the installation went on with by itself is left alone.
///
/// # Errors
/// As [`builtin_forms`].
pub fn newer_builtin_forms(known: &FormSet) -> Result<Vec<Form>, FormError> {
    let mut forms = builtin_forms()?;
    let builtin = forms.clone();
    forms.retain(|form| {
        let of_ours = known.latest(&form.code).filter(|newest| {
            newest.version < form.version && builtin.iter().any(|ours| *ours == ***newest)
        });
        of_ours.is_some()
    });
    Ok(forms)
}
