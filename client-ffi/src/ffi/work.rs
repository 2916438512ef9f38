//! What a person does: changes, undo, drafts, transitions, comments.

use gridfold_sync_core::notice;

use crate::error::ClientError as Inner;
use crate::ffi::client::Client;
use crate::ffi::convert::{self, malformed, op_out, ops_in};
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;
use crate::ffi::types::Operation;
use crate::types as inner;

/// One part of a change.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum RecordEdit {
    /// Makes a record.
    Create {
        /// Its id from `new_record_id`, so that other parts of the change can name it; made here
        /// when left out.
        record_id: Option<String>,
        /// Its grid.
        grid: String,
        /// Its form.
        form: String,
        /// Its first edit.
        operations: Vec<Operation>,
    },
    /// Edits a record as it stands, with what comes before in the same change.
    Edit {
        /// The record.
        record_id: String,
        /// What to do.
        operations: Vec<Operation>,
    },
}

/// What was undone on one record.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct UndoneEdit {
    /// The record.
    pub record_id: String,
    /// Its form.
    pub form: String,
    /// Its grid.
    pub grid: String,
    /// The change had made the record: it is gone.
    pub created: bool,
    /// What had been typed.
    pub operations: Vec<Operation>,
}

/// A draft. Nothing of it is checked before it is committed.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Draft {
    /// The draft it replaces; a new one when left out.
    #[uniffi(default = None)]
    pub id: Option<String>,
    /// The grid.
    pub grid: String,
    /// The form.
    pub form: String,
    /// The record it edits; a new one when left out.
    #[uniffi(default = None)]
    pub record_id: Option<String>,
    /// What was typed so far.
    pub operations: Vec<Operation>,
    /// Whatever the app needs to show its screen again, at most 64 KiB.
    #[uniffi(default = "")]
    pub app_state: String,
    /// When it was last saved, in milliseconds since 1970 (UTC); ignored when saving.
    #[uniffi(default = None)]
    pub updated_at_ms: Option<i64>,
}

/// A transition that this user may make next.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NextTransition {
    /// Which.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// The status it leads to.
    pub to_status: String,
    /// That status's name for people.
    pub to_label: String,
    /// Fields that must have a value before it and have none.
    pub needs: Vec<String>,
    /// Whether the doer is asked to say why.
    pub note_expected: bool,
}

/// A comment on a record.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Comment {
    /// Its key in the record.
    pub item: String,
    /// What was said.
    pub text: String,
    /// When, by the clock of the phone, in milliseconds since 1970 (UTC).
    pub at_ms: Option<i64>,
    /// Who said it, when known.
    pub user_name: Option<String>,
}

/// One kind of matter in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MatterKind {
    /// Its code, for a matter's `kind`.
    pub code: String,
    /// Its name for people.
    pub label: String,
    /// The department accountable for it.
    pub department: String,
    /// Whether it cannot wait.
    pub urgent: bool,
}

fn draft_id(text: &str) -> Result<inner::DraftId, Inner> {
    inner::DraftId::parse(text).map_err(|_| malformed("draft_id"))
}

fn draft_out(draft: inner::SavedDraft) -> Draft {
    Draft {
        id: Some(draft.id.to_string()),
        grid: draft.grid.to_string(),
        form: draft.form.to_string(),
        record_id: draft.record.map(|r| r.to_string()),
        operations: draft.ops.iter().map(op_out).collect(),
        app_state: draft.app_state,
        updated_at_ms: Some(draft.updated.millis()),
    }
}

#[uniffi::export]
impl Client {
    /// A new id for a record that a change makes.
    ///
    /// # Errors
    /// `Closed`.
    pub fn new_record_id(&self) -> Result<String, ClientError> {
        Ok(self.store()?.new_record_id().to_string())
    }

    /// Makes and edits several records as one: all of it or nothing; durable when this returns.
    ///
    /// # Errors
    /// `Rejected` with the code of the rule that does not allow it.
    pub async fn change(&self, edits: Vec<RecordEdit>) -> Result<Vec<String>, ClientError> {
        self.run(move |store| {
            let edits = edits
                .into_iter()
                .map(|edit| {
                    Ok(match edit {
                        RecordEdit::Create {
                            record_id,
                            grid,
                            form,
                            operations,
                        } => inner::RecordEdit::Create {
                            id: record_id.as_deref().map(convert::record_id).transpose()?,
                            grid: convert::area(&grid)?,
                            form: convert::form(&form)?,
                            ops: ops_in(operations)?,
                        },
                        RecordEdit::Edit {
                            record_id,
                            operations,
                        } => inner::RecordEdit::Edit {
                            record: convert::record_id(&record_id)?,
                            form_version: None,
                            ops: ops_in(operations)?,
                        },
                    })
                })
                .collect::<Result<Vec<_>, Inner>>()?;
            let records = store.change(edits)?;
            Ok(records.iter().map(ToString::to_string).collect())
        })
        .await
    }

    /// Takes back the newest change, if nothing of it was ever sent or handed out.
    ///
    /// # Errors
    /// `Rejected` with `nothing_to_undo` or `already_sent`.
    pub async fn undo_last(&self) -> Result<Vec<UndoneEdit>, ClientError> {
        self.run(|store| {
            let undone = store.undo_last()?;
            Ok(undone
                .edits
                .into_iter()
                .map(|edit| UndoneEdit {
                    record_id: edit.record.to_string(),
                    form: edit.form.to_string(),
                    grid: edit.grid.to_string(),
                    created: edit.created,
                    operations: edit.ops.iter().map(op_out).collect(),
                })
                .collect())
        })
        .await
    }

    /// Keeps a draft; it survives a killed app. Gives its id.
    ///
    /// # Errors
    /// `Rejected` with `draft_too_large` or `too_many_drafts`.
    pub async fn save_draft(&self, draft: Draft) -> Result<String, ClientError> {
        self.run(move |store| {
            let ops = ops_in(draft.operations)?;
            let id = store.save_draft(&inner::Draft {
                id: draft.id.as_deref().map(draft_id).transpose()?,
                form: convert::form(&draft.form)?,
                grid: convert::area(&draft.grid)?,
                record: draft
                    .record_id
                    .as_deref()
                    .map(convert::record_id)
                    .transpose()?,
                ops,
                app_state: draft.app_state,
            })?;
            Ok(id.to_string())
        })
        .await
    }

    /// All drafts.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn drafts(&self) -> Result<Vec<Draft>, ClientError> {
        self.run(|store| Ok(store.drafts()?.into_iter().map(draft_out).collect()))
            .await
    }

    /// Lets a draft go.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn discard_draft(&self, draft_id: String) -> Result<(), ClientError> {
        self.run(move |store| store.discard_draft(self::draft_id(&draft_id)?))
            .await
    }

    /// Makes a draft a record, or an edit of its record, and removes the draft, in one step. Gives
    /// the record's id.
    ///
    /// # Errors
    /// `Rejected` with the code of the rule that does not allow it; the draft stays.
    pub async fn commit_draft(&self, draft_id: String) -> Result<String, ClientError> {
        self.run(move |store| {
            let record = store.commit_draft(self::draft_id(&draft_id)?)?;
            Ok(record.to_string())
        })
        .await
    }

    /// The transitions that this user may make now on this record.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn next_transitions(
        &self,
        record_id: String,
    ) -> Result<Vec<NextTransition>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let pick = |zh: String, en: String| match locale {
                Locale::Zh => zh,
                Locale::En => en,
            };
            let next = store.next_transitions(convert::record_id(&record_id)?)?;
            Ok(next
                .into_iter()
                .map(|t| NextTransition {
                    action: t.action.to_string(),
                    label: pick(t.label_zh, t.label_en),
                    to_status: t.to.to_string(),
                    to_label: pick(t.to_label_zh, t.to_label_en),
                    needs: t.needs.iter().map(ToString::to_string).collect(),
                    note_expected: t.note_expected,
                })
                .collect())
        })
        .await
    }

    /// Moves the status of a record.
    ///
    /// # Errors
    /// `Rejected` when it is not allowed now, `NotFound`.
    #[uniffi::method(default(note = ""))]
    pub async fn transition(
        &self,
        record_id: String,
        action: String,
        note: String,
    ) -> Result<(), ClientError> {
        self.run(move |store| {
            let record = convert::record_id(&record_id)?;
            store.transition(record, convert::action(&action)?.as_str(), &note)
        })
        .await
    }

    /// Acknowledges a task: its doer knows of it.
    ///
    /// # Errors
    /// As [`Client::transition`].
    pub async fn acknowledge(&self, record_id: String) -> Result<(), ClientError> {
        self.run(move |store| store.acknowledge(convert::record_id(&record_id)?))
            .await
    }

    /// Says something about a matter or task; concurrent comments all stay.
    ///
    /// # Errors
    /// `Rejected` with `no_comments` for forms without them.
    pub async fn comment(&self, record_id: String, text: String) -> Result<(), ClientError> {
        self.run(move |store| store.comment(convert::record_id(&record_id)?, &text))
            .await
    }

    /// What was said about a record.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn comments(&self, record_id: String) -> Result<Vec<Comment>, ClientError> {
        self.run(move |store| {
            let comments = store.comments(convert::record_id(&record_id)?)?;
            Ok(comments
                .into_iter()
                .map(|c| Comment {
                    item: c.item.to_string(),
                    text: c.text,
                    at_ms: c.at.map(|t| t.millis()),
                    user_name: c.user_name,
                })
                .collect())
        })
        .await
    }

    /// The kinds of matters that are offered; empty without a catalogue.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn matter_kinds(&self) -> Result<Vec<MatterKind>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let Some(catalogue) = store.catalogue() else {
                return Ok(Vec::new());
            };
            Ok(catalogue
                .offered()
                .map(|kind| MatterKind {
                    code: kind.code.to_string(),
                    label: locale.pick(&kind.label),
                    department: kind.department.clone(),
                    urgent: kind.urgent,
                })
                .collect())
        })
        .await
    }

    /// The text of a stable code, in the language the client was opened with.
    #[must_use]
    pub fn reason(&self, code: String) -> String {
        notice::text(&code, self.locale.into()).to_owned()
    }
}
