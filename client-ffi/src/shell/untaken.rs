//! What this phone did not take: it becomes a draft with the reason.
//!
//! What enters: an edit or change and the error of the rule that does not allow it. What leaves: the
//! error, which says what became of it. What never happens here: a text that says that something is
//! kept when it is not.

use std::collections::BTreeMap;

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::RecordId;

use crate::error::{ClientError, WhatBecame};
use crate::event::ChangeCause;
use crate::shell::Shell;
use crate::shell::begun::BegunAt;
use crate::shell::change::RECORD_EXISTS;
use crate::shell::draft::UNSAID;
use crate::shell::writing::Unwritten;
use crate::types::{DraftReason, RecordEdit, SavedDraft};

/// Why a part of a change is a draft of which another part was not allowed.
const PART_OF_A_CHANGE: &str = "part_of_a_change";

/// Whether there is something in it that a person typed, and would have to type again.
fn is_worth_keeping(code: &str, ops: &[Op]) -> bool {
    let typed = |op: &Op| match op {
        Op::Delete | Op::Restore => false,
        Op::Transition { note, .. } => !note.is_empty(),
        _ => true,
    };
    code != RefusalCode::Empty.as_str() && ops.iter().any(typed)
}

impl Shell {
    /// Keeps as a draft what this phone did not take, and says so in the error.
    pub(crate) fn or_draft(&self, error: ClientError, of: Unwritten) -> ClientError {
        let ClientError::Rejected { code, field, .. } = &error else {
            return error;
        };
        if !is_worth_keeping(code, &of.ops) {
            return error;
        }
        let reason = DraftReason {
            code: code.clone(),
            field: field.clone(),
        };
        let mut draft = self.unwritten_draft(of, reason);
        let kept = self.commit(ChangeCause::Local, |batch| {
            batch.say_version(&mut draft);
            batch.put_draft(&draft)
        });
        match kept {
            Ok(()) => error.but(WhatBecame::Draft(draft.id)),
            // It says that nothing was kept, and nothing was.
            Err(_) => error,
        }
    }

    /// The same of a change: all its parts in which something was typed, or none. The error names
    /// the part that was not allowed.
    pub(crate) fn change_or_drafts(
        &self,
        error: ClientError,
        edits: Vec<RecordEdit>,
        not_allowed: usize,
    ) -> ClientError {
        let ClientError::Rejected { code, field, .. } = &error else {
            return error;
        };
        // It is the same change again: what was typed is there.
        if code == RECORD_EXISTS {
            return error;
        }
        let mut drafts = Vec::new();
        let mut named = None;
        for (part, of) in self.unwritten(edits).into_iter().enumerate() {
            let Some(of) = of.filter(|of| is_worth_keeping(code, &of.ops)) else {
                continue;
            };
            let reason = if part == not_allowed {
                DraftReason {
                    code: code.clone(),
                    field: field.clone(),
                }
            } else {
                DraftReason {
                    code: PART_OF_A_CHANGE.to_owned(),
                    field: None,
                }
            };
            let draft = self.unwritten_draft(of, reason);
            if named.is_none() || part == not_allowed {
                named = Some(draft.id);
            }
            drafts.push(draft);
        }
        let Some(named) = named else {
            return error;
        };
        let kept = self.commit(ChangeCause::Local, |batch| {
            drafts.iter_mut().try_for_each(|draft| {
                batch.say_version(draft);
                batch.put_draft(draft)
            })
        });
        match kept {
            Ok(()) => error.but(WhatBecame::Draft(named)),
            Err(_) => error,
        }
    }

    /// What each part of a change was to write; none of a record that is neither here nor made by it.
    fn unwritten(&self, edits: Vec<RecordEdit>) -> Vec<Option<Unwritten>> {
        let state = self.state.read();
        let mut made = BTreeMap::new();
        let part = |edit| match edit {
            RecordEdit::Create {
                id,
                grid,
                form,
                form_version: version,
                ops,
            } => {
                if let Some(id) = id {
                    made.insert(id, (grid.clone(), form.clone()));
                }
                Some(Unwritten {
                    record: id,
                    is_new: true,
                    grid,
                    form,
                    version,
                    ops,
                })
            }
            RecordEdit::Edit {
                record,
                form_version: version,
                ops,
            } => {
                let here = state.rows.get(&record);
                let place = here.map(|row| (row.grid.clone(), row.form.clone()));
                let (grid, form) = place.or_else(|| made.get(&record).cloned())?;
                Some(Unwritten {
                    record: Some(record),
                    is_new: false,
                    grid,
                    form,
                    version,
                    ops,
                })
            }
        };
        edits.into_iter().map(part).collect()
    }

    fn unwritten_draft(&self, of: Unwritten, reason: DraftReason) -> SavedDraft {
        let now = self.platform.now();
        SavedDraft {
            id: self.new_draft_id(),
            form: of.form,
            form_version: of.version.unwrap_or(UNSAID),
            grid: of.grid,
            record: of.record,
            new_record: of.is_new,
            ops: of.ops,
            begun_at: BegunAt::new(),
            misfits: Vec::new(),
            reason: Some(reason),
            app_state: String::new(),
            created: now,
            updated: now,
        }
    }

    /// The same of an edit of a record.
    pub(crate) fn edit_or_draft(
        &self,
        error: ClientError,
        record: &RecordId,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> ClientError {
        let place = self.state.read().rows.get(record).map(|row| {
            let (grid, form) = (row.grid.clone(), row.form.clone());
            Unwritten {
                record: Some(*record),
                is_new: false,
                grid,
                form,
                version,
                ops,
            }
        });
        match place {
            Some(of) => self.or_draft(error, of),
            None => error,
        }
    }
}
