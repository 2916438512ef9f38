//! A phone's part of the directory as it is sent, in pieces: its areas, which many share and which
//! seldom change, between what is the phone's own.
//!
//! What enters: a directory, a user, a time. What leaves: bytes, and digests of them. What never
//! happens here: areas made into bytes again because somebody's name or phone changed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::directory::around::Around;
use crate::directory::parts::Parts;
use crate::directory::{Area, Directory};
use crate::ids::{AreaCode, UserId};
use crate::time::Timestamp;

/// Where the areas are left out. No text of anybody can hold it: quotes are escaped in texts.
const NO_AREAS: &str = "\"areas\":[]";

/// The areas of a document, as a list in JSON; the same for all whose grants are of the same areas.
pub struct AreasPart {
    of: Parts<AreaCode, Area>,
    granted: BTreeSet<Option<AreaCode>>,
    around: Around,
    bytes: Vec<u8>,
    packed: OnceLock<Option<Vec<u8>>>,
}

impl fmt::Debug for AreasPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AreasPart")
            .field("granted", &self.granted)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl PartialEq for AreasPart {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for AreasPart {}

impl AreasPart {
    /// Whether it is what this directory gives to somebody with grants of these areas.
    #[must_use]
    pub fn holds(&self, directory: &Directory, granted: &BTreeSet<Option<AreaCode>>) -> bool {
        self.of.is_copy_of(&directory.areas) && self.is_for(granted)
    }

    /// Whether it was made for whoever has grants of these areas.
    #[must_use]
    pub fn is_for(&self, granted: &BTreeSet<Option<AreaCode>>) -> bool {
        self.granted == *granted
    }

    /// The list in JSON.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same compressed, by whoever asks first.
    pub(crate) fn packed(&self, pack: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Option<&[u8]> {
        self.packed.get_or_init(|| pack(&self.bytes)).as_deref()
    }
}

/// A phone's part of the directory: the bytes of [`Directory::scope`] in pieces that follow each
/// other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeDocument {
    /// Up to the areas; all of it, when they are no piece of their own.
    pub before: Vec<u8>,
    /// The areas.
    pub areas: Option<Arc<AreasPart>>,
    /// After the areas.
    pub after: Vec<u8>,
}

impl From<Vec<u8>> for ScopeDocument {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            before: bytes,
            ..Self::default()
        }
    }
}

impl ScopeDocument {
    /// The pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> [&[u8]; 3] {
        let areas = self.areas.as_ref().map_or(&[][..], |areas| areas.bytes());
        [&self.before, areas, &self.after]
    }

    /// How many bytes it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pieces().iter().map(|piece| piece.len()).sum()
    }

    /// All of its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces().concat()
    }

    /// The digest of all of its bytes, as [`DirectoryScope::digest_of`](crate::directory::DirectoryScope::digest_of) gives it.
    #[must_use]
    pub fn digest(&self) -> [u8; 8] {
        let mut hash = Sha256::new();
        for piece in self.pieces() {
            hash.update(piece);
        }
        let mut out = [0; 8];
        out.copy_from_slice(&hash.finalize()[..8]);
        out
    }

    /// A hash of all but the areas: of two documents with the same areas, whether they are the same.
    #[must_use]
    pub fn own_hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update((self.before.len() as u64).to_be_bytes())
            .chain_update(&self.before)
            .chain_update(&self.after)
            .finalize()
            .into()
    }
}

impl Directory {
    /// The areas that a user's grants name now; none among them is everything.
    #[must_use]
    pub fn granted_areas(&self, user: UserId, now: Timestamp) -> BTreeSet<Option<AreaCode>> {
        let grants = self.active_grants(user, now);
        grants.map(|grant| grant.area.clone()).collect()
    }

    /// The areas of the document of whoever has grants of these areas.
    #[must_use]
    pub fn areas_part(&self, granted: &BTreeSet<Option<AreaCode>>) -> AreasPart {
        let around = self.around(granted);
        let areas: Vec<&Area> = around.areas(self).collect();
        AreasPart {
            bytes: serde_json::to_vec(&areas).unwrap_or_default(),
            of: self.areas.clone(),
            granted: granted.clone(),
            around,
            packed: OnceLock::new(),
        }
    }

    /// The document of a user's phone, with areas that [hold](AreasPart::holds) for their grants.
    #[must_use]
    pub fn document(&self, user: UserId, now: Timestamp, areas: Arc<AreasPart>) -> ScopeDocument {
        let without = self.scope_without_areas(user, now, &areas.around);
        let mut before = without.to_bytes();
        let text = std::str::from_utf8(&before).unwrap_or_default();
        let Some(at) = text.find(NO_AREAS) else {
            return before.into();
        };
        let after = before.split_off(at + NO_AREAS.len());
        // The list comes from elsewhere.
        before.truncate(before.len() - "[]".len());
        ScopeDocument {
            before,
            areas: Some(areas),
            after,
        }
    }
}
