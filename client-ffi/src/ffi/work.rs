//! What a person does: changes, undo, transitions, comments.

use gridfold_sync_core::notice;

use crate::error::ClientError as Inner;
use crate::ffi::client::Client;
use crate::ffi::convert::{self, op_out, ops_in};
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
        /// The version of the form that the screen was drawn with; the newest when left out.
        form_version: Option<u32>,
        /// Its first edit.
        operations: Vec<Operation>,
    },
    /// Edits a record as it stands, with what comes before in the same change.
    Edit {
        /// The record.
        record_id: String,
        /// The version of the form that the screen was drawn with; the newest when left out.
        form_version: Option<u32>,
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

/// A transition that this user may make next.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NextTransition {
    /// Which.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// The status it leads to; none of one that only stands beside the status.
    pub to_status: Option<String>,
    /// That status's name for people.
    pub to_label: Option<String>,
    /// Fields that must have a value before it and have none.
    pub needs: Vec<String>,
    /// Whether the doer is asked to say why.
    pub note_expected: bool,
    /// Whether it is refused without that.
    pub note_needed: bool,
}

/// A step that stands: one beside the status that nothing answered since, or the one by which the work was resolved on
/// the spot.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct StandingStep {
    /// Which.
    pub action: String,
    /// Its name for people.
    pub label: String,
    /// What was said with it.
    pub note: String,
    /// Who took it, when known.
    pub user_id: Option<String>,
    /// Their name, when known.
    pub user_name: Option<String>,
    /// When, by the clock of their phone, in milliseconds since 1970 (UTC).
    pub at_ms: Option<i64>,
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
    /// `Rejected` with the code of the rule that does not allow it. Nothing of a change is kept as
    /// drafts: its parts belong together, and the app has them.
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
                            form_version,
                            operations,
                        } => inner::RecordEdit::Create {
                            id: record_id.as_deref().map(convert::record_id).transpose()?,
                            grid: convert::area(&grid)?,
                            form: convert::form(&form)?,
                            form_version,
                            ops: ops_in(operations)?,
                        },
                        RecordEdit::Edit {
                            record_id,
                            form_version,
                            operations,
                        } => inner::RecordEdit::Edit {
                            record: convert::record_id(&record_id)?,
                            form_version,
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
                    to_status: t.to.map(|to| to.to_string()),
                    to_label: match locale {
                        Locale::Zh => t.to_label_zh,
                        Locale::En => t.to_label_en,
                    },
                    needs: t.needs.iter().map(ToString::to_string).collect(),
                    note_expected: t.note_expected,
                    note_needed: t.note_needed,
                })
                .collect())
        })
        .await
    }

    /// The steps that stand on this record, the newest first: who urged, supervises or follows it or asks for more time,
    /// as far as nothing answered that since; and who resolved it on the spot.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn standing_steps(
        &self,
        record_id: String,
    ) -> Result<Vec<StandingStep>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let steps = store.standing_steps(convert::record_id(&record_id)?)?;
            Ok(steps
                .into_iter()
                .map(|step| StandingStep {
                    action: step.action.to_string(),
                    label: match locale {
                        Locale::Zh => step.label_zh,
                        Locale::En => step.label_en,
                    },
                    note: step.note,
                    user_id: step.user.map(|user| user.to_string()),
                    user_name: step.user_name,
                    at_ms: step.at.map(|at| at.millis()),
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
    /// `Rejected` with `no_comments` for forms without them, or as [`Client::edit`].
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

    /// The text of a stable code, in the language the client was opened with. Of a refusal: as of an
    /// edit that waits among the refused ones.
    #[must_use]
    pub fn reason(&self, code: String) -> String {
        notice::text(&code, self.locale.into()).to_owned()
    }
}
