//! Drafts: what was typed and not done yet, or not taken.

use gridfold_sync_core::notice;

use crate::error::ClientError as Inner;
use crate::ffi::client::Client;
use crate::ffi::convert::{self, malformed, op_out, ops_in};
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;
use crate::ffi::types::Operation;
use crate::types as inner;

/// Why something became a draft that was to be written.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DraftReason {
    /// The stable code of the rule that did not allow it.
    pub code: String,
    /// The field, when one field is the reason.
    pub field: Option<String>,
    /// The reason for people.
    pub reason: String,
}

/// An operation that does not fit the version of the form that its draft was mended to. It stays
/// with the draft; once the rest is committed it is what is left of it.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Misfit {
    /// What was typed.
    pub operation: Operation,
    /// The version of the form it was typed with, for `form`.
    pub form_version: u32,
    /// The stable code of why it does not fit.
    pub code: String,
    /// The reason for people.
    pub reason: String,
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
    /// The version of the form it is typed with, for `form`; left out when saving, that of the
    /// draft it replaces, or the newest for a new one.
    #[uniffi(default = None)]
    pub form_version: Option<u32>,
    /// The record it edits; a new one when left out.
    #[uniffi(default = None)]
    pub record_id: Option<String>,
    /// The record is not there yet: it is made under that id.
    #[uniffi(default = false)]
    pub new_record: bool,
    /// What was typed so far.
    pub operations: Vec<Operation>,
    /// Whatever the app needs to show its screen again, at most 64 KiB.
    #[uniffi(default = "")]
    pub app_state: String,
    /// What did not fit the version that it was mended to; it stays whatever is saved over it, and
    /// is ignored when saving.
    #[uniffi(default = [])]
    pub misfits: Vec<Misfit>,
    /// Why it was not written, when it became a draft by that; until it is saved again. Ignored
    /// when saving.
    #[uniffi(default = None)]
    pub reason: Option<DraftReason>,
    /// When it was last saved, in milliseconds since 1970 (UTC); ignored when saving.
    #[uniffi(default = None)]
    pub updated_at_ms: Option<i64>,
}

fn draft_id(text: &str) -> Result<inner::DraftId, Inner> {
    inner::DraftId::parse(text).map_err(|_| malformed("draft_id"))
}

fn draft_out(draft: inner::SavedDraft, locale: Locale) -> Draft {
    let text = |code: &str| notice::text_of(code, locale.into(), notice::Kept::Draft).to_owned();
    Draft {
        id: Some(draft.id.to_string()),
        grid: draft.grid.to_string(),
        form: draft.form.to_string(),
        form_version: Some(draft.form_version).filter(|version| *version > 0),
        new_record: draft.new_record && draft.record.is_some(),
        record_id: draft.record.map(|r| r.to_string()),
        operations: draft.ops.iter().map(op_out).collect(),
        app_state: draft.app_state,
        misfits: draft
            .misfits
            .into_iter()
            .map(|misfit| Misfit {
                operation: op_out(&misfit.op),
                form_version: misfit.form_version,
                reason: text(&misfit.code),
                code: misfit.code,
            })
            .collect(),
        reason: draft.reason.map(|reason| DraftReason {
            reason: text(&reason.code),
            code: reason.code,
            field: reason.field,
        }),
        updated_at_ms: Some(draft.updated.millis()),
    }
}

#[uniffi::export]
impl Client {
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
                form_version: draft.form_version,
                new_record: draft.new_record,
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
        let locale = self.locale;
        self.run(move |store| {
            let drafts = store.drafts()?.into_iter();
            Ok(drafts.map(|draft| draft_out(draft, locale)).collect())
        })
        .await
    }

    /// A draft; none when it is not here.
    ///
    /// # Errors
    /// `Rejected` for an id that is none.
    pub async fn draft(&self, draft_id: String) -> Result<Option<Draft>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let draft = store.draft(self::draft_id(&draft_id)?)?;
            Ok(draft.map(|draft| draft_out(draft, locale)))
        })
        .await
    }

    /// Makes a draft one of the newest version of its form, and gives it as it is then. What does
    /// not fit there is named in `misfits` and stays with it.
    ///
    /// # Errors
    /// `NotFound`, or `Rejected` with `unknown_form` or `no_grant`; the draft stays as it is then.
    pub async fn mend_draft(&self, draft_id: String) -> Result<Draft, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let mended = store.mend_draft(self::draft_id(&draft_id)?)?;
            Ok(draft_out(mended, locale))
        })
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

    /// Makes a draft a record, or an edit of its record, and removes the draft, in one step. It is
    /// written under the version of the form that it was typed with, or the newest where only that
    /// takes it. Misfits stay behind as a draft of the record. Gives the record's id.
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
}
