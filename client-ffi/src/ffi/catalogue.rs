//! The catalogue: the kinds of matters that an organisation knows.

use gridfold_sync_core::directory::{self, Evidence};
use gridfold_sync_core::time::Timestamp;

use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;

/// One kind of matter in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MatterKind {
    /// Its code, for a matter's `kind`.
    pub code: String,
    /// Its name for people.
    pub label: String,
    /// The department accountable for it.
    pub department: String,
    /// Hours from the report in which it should be handled; none when its time is open.
    pub deadline_hours: Option<u32>,
    /// What a matter of it should be shown with: `text`, `photo`, `video`, `audio`, `location`,
    /// `signature`, `document`, or a word that a newer server knows.
    pub evidence: Vec<String>,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Whether it is no longer offered. Matters that name it keep its name and time.
    pub retired: bool,
}

fn kind_out(kind: &directory::MatterKind, locale: Locale) -> MatterKind {
    MatterKind {
        code: kind.code.to_string(),
        label: locale.pick(&kind.label),
        department: kind.department.clone(),
        deadline_hours: kind.deadline_hours,
        evidence: kind.evidence.iter().map(evidence_out).collect(),
        urgent: kind.urgent,
        retired: kind.retired,
    }
}

fn evidence_out(evidence: &Evidence) -> String {
    let known = Evidence::ALL.iter().find(|(known, _)| known == evidence);
    match (known, evidence) {
        (Some((_, text)), _) => (*text).to_owned(),
        (None, Evidence::Other(text)) => text.clone(),
        (None, _) => String::new(),
    }
}

#[uniffi::export]
impl Client {
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
            let kinds = catalogue.offered();
            Ok(kinds.map(|kind| kind_out(kind, locale)).collect())
        })
        .await
    }

    /// The kind that the text of a matter's kind means, by its code or one of its names, retired
    /// ones too; none for a text that the catalogue does not know.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn matter_kind(&self, typed: String) -> Result<Option<MatterKind>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let catalogue = store.catalogue();
            let kind = catalogue.as_ref().and_then(|c| c.find(&typed));
            Ok(kind.map(|kind| kind_out(kind, locale)))
        })
        .await
    }

    /// A proposal for when a matter of this kind is due that was reported then, both in
    /// milliseconds since 1970 (UTC); none for a kind that is not known or has no deadline.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn proposed_due(
        &self,
        kind: String,
        reported_at_ms: i64,
    ) -> Result<Option<i64>, ClientError> {
        self.run(move |store| {
            let catalogue = store.catalogue();
            let due = catalogue.and_then(|c| c.due_at(&kind, Timestamp(reported_at_ms)));
            Ok(due.map(|due| due.millis()))
        })
        .await
    }
}
