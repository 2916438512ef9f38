//! What happens around the end of a grant.

use super::section::section;

section! {
    /// What happens around the end of a grant, and on a phone that cannot ask.
    GrantsConfig "grants" {
        /// Edits captured before a grant ended are still taken for this long after it ended.
        late_edit_window_days: u32 = 30, "days", 0..=3_650;
        /// A phone that has not reached the server for this long locks its store and keeps what was not yet sent.
        lease_days: u32 = 7, "days", 1..=365;
    }
}
