//! The name of a draft.

use gridfold_sync_core::ids::{NameError, RecordId};
use gridfold_sync_core::time::Timestamp;

/// Names a draft. It never leaves the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftId(uuid::Uuid);

impl DraftId {
    pub(crate) fn from_parts(at: Timestamp, random: [u8; 10]) -> Self {
        Self(RecordId::from_parts(at, random).0)
    }
    /// The 16 bytes of the id.
    #[must_use]
    pub fn bytes(&self) -> [u8; 16] {
        *self.0.as_bytes()
    }
    /// The id with these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
    /// Reads the hyphenated form.
    ///
    /// # Errors
    /// [`NameError`] when the text is no UUID.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        RecordId::parse(text).map(|id| Self(id.0))
    }
}

impl std::fmt::Display for DraftId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
