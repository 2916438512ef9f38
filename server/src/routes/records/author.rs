//! Who wrote something, as the API names them.

use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::notice;
use gridfold_sync_core::resident::{RESIDENT, RESIDENT_NAME};
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::Caller;

/// Who made a record.
#[derive(Serialize, ToSchema)]
pub struct Maker {
    /// Who.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
}

/// What whoever wrote something is called; whoever has a receipt by a text, and of whom nothing is known nothing.
pub(crate) fn user_name(caller: &Caller, id: UserId) -> String {
    if id == RESIDENT {
        return notice::text(RESIDENT_NAME, caller.locale).to_owned();
    }
    let user = caller.directory.user(&id);
    user.map_or_else(String::new, |u| u.name.clone())
}
