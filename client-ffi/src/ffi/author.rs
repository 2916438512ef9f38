//! What whoever wrote something is called.

use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::notice;
use gridfold_sync_core::resident::{RESIDENT, RESIDENT_NAME};

use crate::ffi::locale::Locale;

/// What whoever wrote something is called: a person by name, whoever shows a receipt by a text.
pub(crate) fn author_name(
    name: Option<String>,
    user: Option<UserId>,
    locale: Locale,
) -> Option<String> {
    let is_resident = user == Some(RESIDENT);
    name.or_else(|| is_resident.then(|| notice::text(RESIDENT_NAME, locale.into()).to_owned()))
}
