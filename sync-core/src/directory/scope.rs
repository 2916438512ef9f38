//! The part of the directory that one user's phone holds.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::directory::{Area, Catalogue, Colleague, Directory, DirectoryChange, Grant, User};
use crate::ids::{FormCode, UserId};
use crate::schema::Form;

/// What a phone knows of the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectoryScope {
    /// Whose phone it is.
    pub user: UserId,
    /// This user and their colleagues.
    pub users: Vec<User>,
    /// The user's grants in force.
    pub grants: Vec<Grant>,
    /// The areas of the grants, what lies in them and what they lie in.
    pub areas: Vec<Area>,
    /// All forms.
    pub forms: Vec<Form>,
    /// The newest catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Catalogue>,
    /// Who can take a carry bundle of this user, and whose bundles this user can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colleagues: Vec<Colleague>,
}

impl DirectoryScope {
    /// The bytes sent to a phone: JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
    /// Reads what a server sent.
    ///
    /// # Errors
    /// The reason when it is no directory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }
    /// A digest by which phone and server see that they hold the same.
    #[must_use]
    pub fn digest_of(bytes: &[u8]) -> [u8; 8] {
        let full: [u8; 32] = Sha256::digest(bytes).into();
        let mut out = [0; 8];
        out.copy_from_slice(&full[..8]);
        out
    }
    /// The directory of just this scope, for the rules that phone and server share.
    #[must_use]
    pub fn to_directory(&self) -> Directory {
        let mut directory = Directory::default();
        directory.apply(DirectoryChange::Areas {
            areas: self.areas.clone(),
        });
        for user in &self.users {
            directory.apply(DirectoryChange::User { user: user.clone() });
        }
        for grant in &self.grants {
            directory.apply(DirectoryChange::Grant {
                grant: grant.clone(),
            });
        }
        for form in &self.forms {
            directory.apply(DirectoryChange::Form {
                form: Box::new(form.clone()),
            });
        }
        if let Some(catalogue) = &self.catalogue {
            directory.apply(DirectoryChange::Catalogue {
                catalogue: Box::new(catalogue.clone()),
            });
        }
        directory
    }
    /// The newest version of a form.
    #[must_use]
    pub fn latest_form(&self, code: &FormCode) -> Option<&Form> {
        self.forms
            .iter()
            .filter(|f| f.code == *code)
            .max_by_key(|f| f.version)
    }
}
