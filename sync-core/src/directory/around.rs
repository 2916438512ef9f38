//! The areas around those of some grants.

use std::collections::BTreeMap;

use crate::directory::{Area, Grant};
use crate::ids::AreaCode;

/// The areas around those of some grants.
pub(super) struct Around<'a> {
    /// With what is known of them.
    pub(super) areas: BTreeMap<&'a AreaCode, Option<&'a Area>>,
    pub(super) is_everything: bool,
}

impl Around<'_> {
    /// Whether a grant covers some area in common with them.
    pub(super) fn meets(&self, grant: &Grant) -> bool {
        match &grant.area {
            Some(area) => self.is_everything || self.areas.contains_key(area),
            None => self.is_everything || !self.areas.is_empty(),
        }
    }
}
