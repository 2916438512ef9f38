//! A kind of matters: who is accountable, by when, and what evidence is needed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::calendar::{Deadline, Unit};
use crate::directory::CatalogueError;
use crate::ids::{ChoiceKey, KindCode};
use crate::limits::MAX_KIND_TEXT_CHARS;
use crate::notice::Locale;
use crate::schema::Label;
use crate::search::fold;

/// What a matter of a kind should be shown with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A description in words.
    Text,
    /// A picture.
    Photo,
    /// A film.
    Video,
    /// A recording.
    Audio,
    /// Where it is.
    Location,
    /// A signature.
    Signature,
    /// A paper.
    Document,
    /// What a newer build knows and this one does not.
    #[serde(untagged)]
    Other(String),
}

impl Evidence {
    /// Those that this build knows, with their texts.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Text, "text"),
        (Self::Photo, "photo"),
        (Self::Video, "video"),
        (Self::Audio, "audio"),
        (Self::Location, "location"),
        (Self::Signature, "signature"),
        (Self::Document, "document"),
    ];

    /// The evidence with this text; [`Evidence::Other`] when it is not known.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|(_, known)| *known == text)
            .map_or_else(|| Self::Other(text.to_owned()), |(evidence, _)| evidence)
    }
}

/// In which time a matter should be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindDeadline {
    /// For which urgency; for all that have none of their own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<ChoiceKey>,
    /// In which time.
    #[serde(flatten)]
    pub within: Deadline,
    /// So much before its end it is time to warn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Deadline>,
}

/// How urgent a matter can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urgency {
    /// Its code, as the choice of a field for the priority of a matter has it.
    pub code: ChoiceKey,
    /// Its name for people.
    pub label: Label,
}

/// A kind of matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatterKind {
    /// Its code.
    pub code: KindCode,
    /// The kind that it is one of; kinds lie in at most three levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<KindCode>,
    /// Its name for people.
    pub label: Label,
    /// The accountable department; that of the kind it lies in when empty.
    #[serde(default)]
    pub department: String,
    /// Hours from the report in which it should be handled, for every urgency without a deadline of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_hours: Option<u32>,
    /// Deadlines, each for an urgency or for all others; those of the kind it lies in when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deadlines: Vec<KindDeadline>,
    /// What should be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// How urgent it is, where a matter does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<ChoiceKey>,
    /// Whether it goes before others.
    #[serde(default, skip_serializing_if = "is_no")]
    pub urgent: bool,
    /// Whether it is no longer offered. Matters that name it keep their deadline and name.
    #[serde(default, skip_serializing_if = "is_no")]
    pub retired: bool,
    /// Whether a matter of it gets a receipt, by which whoever reported it is told its status.
    #[serde(default, skip_serializing_if = "is_no")]
    pub receipt: bool,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_no(value: &bool) -> bool {
    !*value
}

pub(super) fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_KIND_TEXT_CHARS
        && !text.chars().any(char::is_control)
}

impl MatterKind {
    /// Checks what can be checked of a kind alone.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the kind and what to do.
    pub fn check(&self) -> Result<(), CatalogueError> {
        let texts = [
            ("Chinese name", &self.label.zh),
            ("English name", &self.label.en),
            ("department", &self.department),
        ];
        for (what, text) in texts {
            let is_taken_over = self.parent.is_some() && what == "department" && text.is_empty();
            if !is_text(text) && !is_taken_over {
                return Err(CatalogueError::BadText(self.code.clone(), what));
            }
        }
        self.check_deadlines()?;
        for (i, evidence) in self.evidence.iter().enumerate() {
            let known = Evidence::ALL.iter().find(|(known, _)| known == evidence);
            if known.is_none() || self.evidence[..i].contains(evidence) {
                let text = match (known, evidence) {
                    (Some((_, text)), _) => (*text).to_owned(),
                    (None, Evidence::Other(text)) => text.chars().take(64).collect(),
                    (None, _) => String::new(),
                };
                return Err(CatalogueError::BadEvidence(self.code.clone(), text));
            }
        }
        Ok(())
    }

    fn check_deadlines(&self) -> Result<(), CatalogueError> {
        let mut for_urgency = BTreeSet::new();
        for deadline in self.own_deadlines() {
            if !deadline.within.is_sound() {
                return Err(CatalogueError::BadDeadline(self.code.clone()));
            }
            let comes_first = |warn: &Deadline| {
                warn.unit != deadline.within.unit || warn.amount < deadline.within.amount
            };
            let warn = deadline.warn.as_ref();
            if !warn.is_none_or(|warn| warn.is_sound() && comes_first(warn)) {
                return Err(CatalogueError::BadWarning(self.code.clone()));
            }
            if !for_urgency.insert(deadline.urgency.clone()) {
                let urgency = deadline.urgency.as_ref().map_or("", ChoiceKey::as_str);
                return Err(CatalogueError::TwiceTheDeadline(
                    self.code.clone(),
                    urgency.to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Its deadlines, also the one that is written as hours alone; not those that it takes over.
    #[must_use]
    pub fn own_deadlines(&self) -> Vec<KindDeadline> {
        let hours = self.deadline_hours.map(|hours| KindDeadline {
            urgency: None,
            within: Deadline {
                amount: hours,
                unit: Unit::Hours,
            },
            warn: None,
        });
        self.deadlines.iter().cloned().chain(hours).collect()
    }

    /// Whether a person who typed this means this kind: its code or one of its names.
    #[must_use]
    pub fn is_called(&self, typed: &str) -> bool {
        let typed = fold(typed);
        self.names().contains(&typed)
    }

    pub(super) fn names(&self) -> [String; 3] {
        [
            fold(self.code.as_str()),
            fold(&self.label.zh),
            fold(&self.label.en),
        ]
    }

    /// Whether both are offered and nobody could tell them apart.
    #[must_use]
    pub fn clashes_with(&self, other: &Self) -> bool {
        let names = other.names();
        !self.retired
            && !other.retired
            && self.code != other.code
            && self.names().iter().any(|name| names.contains(name))
    }

    /// Its name in a language.
    #[must_use]
    pub fn name(&self, locale: Locale) -> &str {
        locale.pick(&self.label)
    }
}
