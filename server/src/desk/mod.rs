//! The desk: what supervisors have seen, put away and saved for themselves.
//!
//! What enters: who did what, and when. What leaves: marks beside records, phones and uploads, and
//! lists that somebody saved. It lies in `auth.db` and is never replicated. What never happens here:
//! a change of a record, or of what somebody may do.

mod put_away;
mod reports;
mod saved_views;
mod seen;

pub use put_away::{DUPLICATE, PUT_AWAY_NOTE_MAX_CHARS, PutAway};
pub use reports::{REPORT_MAX_BYTES, REPORT_RUNS_MAX, REPORTS_MAX, SavedReport, SavedReports};
pub use saved_views::{
    SAVED_VIEW_MAX_BYTES, SAVED_VIEW_NAME_MAX_CHARS, SAVED_VIEWS_MAX, SavedView, SavedViews,
};
pub use seen::{Seen, SeenLog, SeenRow};

use std::sync::Arc;

use crate::auth::Auth;
use crate::keys::{MasterKey, StoreError};

/// What supervisors keep.
#[derive(Debug)]
pub struct Desk {
    /// What they have seen.
    pub seen: Seen,
    /// What somebody looked at and put away.
    pub put_away: PutAway,
    /// What people keep of the dashboard.
    pub saved_views: SavedViews,
    /// Report templates, shared by area.
    pub reports: SavedReports,
}

impl Desk {
    /// Opens what lies in `auth.db`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(auth: &Auth, master: &MasterKey) -> Result<Self, StoreError> {
        let store = || Arc::clone(&auth.store);
        Ok(Self {
            seen: Seen::open(store())?,
            put_away: PutAway::new(store()),
            saved_views: SavedViews::open(store(), master)?,
            reports: SavedReports::open(store(), master),
        })
    }
}
