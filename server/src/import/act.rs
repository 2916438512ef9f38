//! An import as an act: what the directory notes of it, so that it is listed and can be taken back.
//!
//! What enters: who imports and what kind of file. What leaves: words for the directory, in one commit
//! with what they are about. What never happens here: a name of a file, or anything of what is in it.

use std::io::{Cursor, Read};

use gridfold_sync_core::directory::{DirectoryChange, ImportCounts, ImportKind, ImportStep};
use gridfold_sync_core::ids::{DeviceId, ImportId, UserId};

use super::{ImportError, Report, TableError};
use crate::node::{Node, random_10};

/// How a workbook begins.
const ZIP: &[u8] = b"PK\x03\x04";

/// What the directory notes of one import. Of one that changes nothing it notes nothing.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) id: ImportId,
    begun: Option<DirectoryChange>,
}

impl Act {
    pub(super) fn new(
        node: &Node,
        kind: ImportKind,
        format: &str,
        by: Option<UserId>,
        device: Option<DeviceId>,
    ) -> Result<Self, ImportError> {
        let at = node.clock.now();
        let random = random_10().map_err(|e| ImportError::Node {
            line: 0,
            reason: e.to_string(),
        })?;
        let id = ImportId::from_parts(at, random);
        let step = ImportStep::Begun {
            kind,
            format: format.to_owned(),
            by,
            device,
            at,
        };
        Ok(Self {
            id,
            begun: Some(DirectoryChange::Import { id, step }),
        })
    }

    fn say(&self, step: ImportStep) -> DirectoryChange {
        DirectoryChange::Import { id: self.id, step }
    }

    /// That it begins, once.
    pub(super) fn begin(&mut self) -> Option<DirectoryChange> {
        self.begun.take()
    }

    /// Changes with the word that they are its.
    pub(super) fn with(&mut self, changes: Vec<DirectoryChange>) -> Vec<DirectoryChange> {
        let wrote = self.say(ImportStep::Wrote {
            changes: changes.len() as u64,
        });
        let mut all: Vec<DirectoryChange> = self.begin().into_iter().collect();
        all.extend(changes);
        all.push(wrote);
        all
    }

    /// That it ended; none of one that never began.
    pub(super) fn end(&self, report: &mut Report) -> Option<DirectoryChange> {
        if self.begun.is_some() {
            return None;
        }
        report.import_id = Some(self.id.to_string());
        Some(self.say(ImportStep::Ended {
            counts: ImportCounts {
                rows: report.rows,
                added: report.added,
                changed: report.changed,
                refused: report.refused,
                areas_added: report.areas_added,
            },
        }))
    }
}

/// How a file is written, and the file as it was.
pub(super) fn format_of<R: Read>(mut file: R) -> Result<(&'static str, impl Read), TableError> {
    let mut head = Vec::new();
    (&mut file).take(ZIP.len() as u64).read_to_end(&mut head)?;
    let format = if head == ZIP { "xlsx" } else { "csv" };
    Ok((format, Cursor::new(head).chain(file)))
}
