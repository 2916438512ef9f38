//! What is no longer worked in: retiring areas and forms, and what is then not put there any more.

use gridfold_sync_core::directory::{Directory, DirectoryChange};
use gridfold_sync_core::ids::{AreaCode, FormCode};
use gridfold_sync_core::time::Timestamp;

use crate::problem::{Answer, Code, Problem};

/// Whether something new may be put into an area.
pub(crate) fn takes_new(directory: &Directory, area: &AreaCode) -> Answer<()> {
    match directory.retired_around(area) {
        Some(_) => Err(Problem::new(Code::AreaRetired).unkept()),
        None => Ok(()),
    }
}

/// Whether a new record may be made: of that form, in that grid.
pub(crate) fn takes_record(directory: &Directory, grid: &AreaCode, form: &FormCode) -> Answer<()> {
    takes_new(directory, grid)?;
    match directory.form_retired(form) {
        Some(_) => Err(Problem::new(Code::FormRetired).unkept()),
        None => Ok(()),
    }
}

/// The change that retires an area or takes it back; none when it is so already.
pub(crate) fn area_retired(
    directory: &Directory,
    area: &AreaCode,
    retired: bool,
    now: Timestamp,
) -> Option<DirectoryChange> {
    (directory.area_retired(area).is_some() != retired).then(|| DirectoryChange::AreaRetired {
        area: area.clone(),
        at: retired.then_some(now),
    })
}

/// The change that retires a form or takes it back; none when it is so already.
pub(crate) fn form_retired(
    directory: &Directory,
    form: &FormCode,
    retired: bool,
    now: Timestamp,
) -> Option<DirectoryChange> {
    (directory.form_retired(form).is_some() != retired).then(|| DirectoryChange::FormRetired {
        form: form.clone(),
        at: retired.then_some(now),
    })
}
