//! Imports: what a file made and changed, so that it can be looked up and taken back.
//!
//! What enters: that an import began, which changes of the directory were its, how it ended, that it was
//! taken back. What leaves: the imports there were. What never happens here: what is in a file, or what
//! it was called; both may name people.

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::directory::parts::Parts;
use crate::ids::{DeviceId, ImportId, UserId};
use crate::time::Timestamp;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// Areas.
    Areas,
    /// Kinds of matters.
    Catalogue,
    /// Matters.
    Matters,
    /// The working calendar.
    Calendar,
    /// Plans.
    Plans,
}

impl ImportKind {
    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Areas => "areas",
            Self::Catalogue => "catalogue",
            Self::Matters => "matters",
            Self::Calendar => "calendar",
            Self::Plans => "plans",
        }
    }
}

/// What became of the rows of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Rows read.
    pub rows: u64,
    /// What is new.
    pub added: u64,
    /// What was there and differs since.
    pub changed: u64,
    /// Rows that were not taken.
    pub refused: u64,
    /// Areas made for the rows.
    #[serde(default)]
    pub areas_added: u64,
}

/// A word on one import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum ImportStep {
    /// It begins.
    Begun {
        /// What the file holds.
        kind: ImportKind,
        /// How it is written: `csv`, `xlsx` or `json`.
        format: String,
        /// Who imports; none when the operator does by a command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// The console under which its edits are made, and no others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// When.
        at: Timestamp,
    },
    /// So many changes of the directory right before this one are its.
    Wrote {
        /// How many.
        changes: u64,
    },
    /// It ended.
    Ended {
        /// With what.
        counts: ImportCounts,
    },
    /// What it made was taken back, as far as nobody had touched it.
    Undone {
        /// By whom; none when the operator did by a command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// When.
        at: Timestamp,
    },
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// What the file held.
    pub kind: ImportKind,
    /// How it was written.
    pub format: String,
    /// Who imported; none for the operator.
    pub by: Option<UserId>,
    /// The console under which its edits were made.
    pub device: Option<DeviceId>,
    /// When it began.
    pub at: Timestamp,
    /// Its changes of the directory: first and last revision of each run.
    pub wrote: Vec<(u64, u64)>,
    /// What became of its rows; none while it runs, and of one that was cut off.
    pub counts: Option<ImportCounts>,
    /// Who last took it back, and when.
    pub undone: Option<(Option<UserId>, Timestamp)>,
}

/// The imports there were.
#[derive(Debug, Clone, Default)]
pub(super) struct Imports(Parts<ImportId, Import>);

impl Imports {
    /// Folds in a word that is the change of this revision.
    pub(super) fn step(&mut self, id: ImportId, step: ImportStep, revision: u64) {
        if let ImportStep::Begun {
            kind,
            format,
            by,
            device,
            at,
        } = step
        {
            self.0.entry(id, || Import {
                id,
                kind,
                format,
                by,
                device,
                at,
                wrote: Vec::new(),
                counts: None,
                undone: None,
            });
            return;
        }
        let Some(mut import) = self.0.get(&id).cloned() else {
            return;
        };
        match step {
            ImportStep::Begun { .. } => {}
            ImportStep::Wrote { changes } => {
                if changes > 0 && changes < revision {
                    import.wrote.push((revision - changes, revision - 1));
                }
            }
            ImportStep::Ended { counts } => import.counts = Some(counts),
            ImportStep::Undone { by, at } => import.undone = Some((by, at)),
        }
        self.0.insert(id, import);
    }
}

impl Directory {
    /// One import.
    #[must_use]
    pub fn import(&self, id: &ImportId) -> Option<&Import> {
        self.imports.0.get(id)
    }

    /// The imports there were, by id, which is in the order of their time.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.imports.0.values()
    }
}
