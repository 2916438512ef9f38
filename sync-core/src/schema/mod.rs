//! Forms: what a record of a type may hold, in which words, and who may write it.
//!
//! What enters: form definitions as JSON data and operations to check. What leaves: the answer
//! whether an operation fits, with a stable code when it does not. What never happens here:
//! looking at grants (the caller passes the roles) or changing a row.

mod again;
mod builtin;
mod check;
mod field;
mod form;
mod meaning;

pub use builtin::{builtin_forms, newer_builtin_forms, offered_forms};
pub use check::{Pattern, check_op, missing_required, visible};
pub use field::{Choice, Condition, Field, FieldType, Label};
pub use form::{Form, FormError, FormSet};
pub use meaning::{FieldMeaning, FormMeaning, Said, StepMeaning};

use serde::{Deserialize, Serialize};

/// What a grant lets a user be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Captures and handles records of their grids.
    Worker,
    /// Sees and settles the records of their areas.
    Supervisor,
    /// Runs the installation.
    Admin,
    /// Sees that work is done, without personal fields.
    Auditor,
    /// A program.
    Service,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::Worker,
        Self::Supervisor,
        Self::Admin,
        Self::Auditor,
        Self::Service,
    ];

    /// The stable text of the role.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Service => "service",
        }
    }

    /// The role with this text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }

    /// The classes of fields the role may read.
    #[must_use]
    pub fn readable(self) -> &'static [crate::ids::SensitivityClass] {
        use crate::ids::SensitivityClass::{General, Personal, Restricted};
        match self {
            Self::Worker | Self::Supervisor | Self::Admin => &[General, Personal, Restricted],
            Self::Auditor | Self::Service => &[General],
        }
    }

    /// Whether the role may write records at all.
    #[must_use]
    pub fn may_write(self) -> bool {
        matches!(
            self,
            Self::Worker | Self::Supervisor | Self::Admin | Self::Service
        )
    }
}
