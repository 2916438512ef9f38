//! The catalogue: the kinds of matters that an organisation knows.

use gridfold_sync_core::calendar::WorkingTime;
use gridfold_sync_core::directory::{self, Catalogue, Evidence};
use gridfold_sync_core::time::Timestamp;

use crate::ffi::client::Client;
use crate::ffi::error::ClientError;
use crate::ffi::locale::Locale;

/// In which time a matter should be handled.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct KindDeadline {
    /// The code of the urgency that it is for; none for all that have none of their own.
    pub urgency: Option<String>,
    /// How many.
    pub amount: u32,
    /// Of what: `working_hours`, `working_days`, `hours`, `days`, or a word that a newer server knows.
    pub unit: String,
}

/// How urgent a matter can be.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Urgency {
    /// Its code.
    pub code: String,
    /// Its name for people.
    pub label: String,
}

/// When a matter is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ProposedDue {
    /// When, in milliseconds since 1970 (UTC).
    pub due_at_ms: i64,
    /// When it is time to warn; none without a warning.
    pub warn_at_ms: Option<i64>,
    /// Whether it stands on a year whose holidays nobody has announced yet: counted by weekdays and the
    /// organisation's own days, it may become another.
    pub provisional: bool,
}

/// One kind of matter in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct MatterKind {
    /// Its code, for a matter's `kind`.
    pub code: String,
    /// Its name for people.
    pub label: String,
    /// The names of the kinds that it lies in, the outermost first; empty of one that lies in none.
    pub path: Vec<String>,
    /// The department accountable for it.
    pub department: String,
    /// Hours from the report in which it should be handled; none when its time is open, or its deadline is not of hours
    /// alone.
    pub deadline_hours: Option<u32>,
    /// In which time it should be handled; empty when its time is open.
    pub deadlines: Vec<KindDeadline>,
    /// What a matter of it should be shown with: `text`, `photo`, `video`, `audio`, `location`,
    /// `signature`, `document`, or a word that a newer server knows.
    pub evidence: Vec<String>,
    /// The code of how urgent it is, where a matter does not say.
    pub urgency: String,
    /// Whether it cannot wait.
    pub urgent: bool,
    /// Whether it is no longer offered. Matters that name it keep its name and time.
    pub retired: bool,
}

fn kind_out(catalogue: &Catalogue, kind: &directory::MatterKind, locale: Locale) -> MatterKind {
    let mut path: Vec<String> = catalogue
        .upward(kind)
        .skip(1)
        .map(|above| locale.pick(&above.label))
        .collect();
    path.reverse();
    let urgency = catalogue.urgency(kind, None);
    let deadlines = catalogue
        .upward(kind)
        .map(directory::MatterKind::own_deadlines);
    let deadlines = deadlines.into_iter().find(|all| !all.is_empty());
    MatterKind {
        code: kind.code.to_string(),
        label: locale.pick(&kind.label),
        path,
        department: catalogue.department(kind).to_owned(),
        deadline_hours: kind.deadline_hours,
        deadlines: deadlines
            .unwrap_or_default()
            .iter()
            .map(deadline_out)
            .collect(),
        evidence: kind.evidence.iter().map(evidence_out).collect(),
        urgency: urgency.map(|code| code.to_string()).unwrap_or_default(),
        urgent: kind.urgent,
        retired: kind.retired,
    }
}

fn deadline_out(deadline: &directory::KindDeadline) -> KindDeadline {
    KindDeadline {
        urgency: deadline.urgency.as_ref().map(ToString::to_string),
        amount: deadline.within.amount,
        unit: deadline.within.unit.as_str().to_owned(),
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
    /// The kinds of matters that are offered, without those that others which are offered lie in; empty without a
    /// catalogue.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn matter_kinds(&self) -> Result<Vec<MatterKind>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let Some(catalogue) = store.catalogue() else {
                return Ok(Vec::new());
            };
            let kinds = catalogue
                .offered()
                .filter(|kind| !catalogue.is_heading(kind));
            Ok(kinds
                .map(|kind| kind_out(&catalogue, kind, locale))
                .collect())
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
            let Some(catalogue) = store.catalogue() else {
                return Ok(None);
            };
            let kind = catalogue.find(&typed);
            Ok(kind.map(|kind| kind_out(&catalogue, kind, locale)))
        })
        .await
    }

    /// How urgent matters can be, least first; empty without a catalogue.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn urgencies(&self) -> Result<Vec<Urgency>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let Some(catalogue) = store.catalogue() else {
                return Ok(Vec::new());
            };
            let all = catalogue.urgencies();
            let out = all.iter().map(|urgency| Urgency {
                code: urgency.code.to_string(),
                label: locale.pick(&urgency.label),
            });
            Ok(out.collect())
        })
        .await
    }

    /// When a matter of this kind is due that was reported then (milliseconds since 1970, UTC), by the newest catalogue
    /// and working calendar held here. `urgency` is the code or name of how urgent it is; the kind's own counts when it
    /// is left out or not known. None for a kind that is not known or has no deadline.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn proposed_due(
        &self,
        kind: String,
        urgency: Option<String>,
        reported_at_ms: i64,
    ) -> Result<Option<ProposedDue>, ClientError> {
        self.run(move |store| {
            let calendar = store.working_calendar();
            let time = WorkingTime::of(&calendar);
            let reported = Timestamp(reported_at_ms);
            let due = store
                .catalogue()
                .and_then(|catalogue| catalogue.due(&kind, urgency.as_deref(), reported, &time));
            Ok(due.map(|due| ProposedDue {
                due_at_ms: due.at.millis(),
                warn_at_ms: due.warn_at.map(Timestamp::millis),
                provisional: due.provisional,
            }))
        })
        .await
    }
}
