//! The catalogue: the kinds of matters an organisation knows, with who is accountable, by when,
//! and what evidence is needed. It is advice: a matter's kind is text, and one that is not in the
//! catalogue is shown as typed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::KindCode;
use crate::limits::{MAX_CATALOGUE_BYTES, MAX_DEADLINE_HOURS, MAX_KIND_TEXT_CHARS};
use crate::notice::Locale;
use crate::schema::Label;
use crate::search::fold;
use crate::time::Timestamp;

const HOUR_MS: i64 = 3_600_000;

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

/// A kind of matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatterKind {
    /// Its code.
    pub code: KindCode,
    /// Its name for people.
    pub label: Label,
    /// The accountable department.
    pub department: String,
    /// Hours from the report in which it should be handled; open when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_hours: Option<u32>,
    /// What should be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
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

/// One version of the list of matter kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// The kinds, in the order they are offered.
    pub kinds: Vec<MatterKind>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

/// Why a catalogue cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON of a catalogue.
    #[error("this is not a catalogue: {0}")]
    NotACatalogue(String),
    /// Nothing in it.
    #[error("the catalogue has no kinds")]
    NoKinds,
    /// Larger than an entry of the directory may be.
    #[error(
        "the catalogue takes {0} bytes, more than {MAX_CATALOGUE_BYTES}: shorten its texts or leave kinds out"
    )]
    TooLarge(usize),
    /// Two kinds have the same code.
    #[error("kind {0} is there twice: rename one of them")]
    TwiceTheKind(KindCode),
    /// Two kinds that are offered have the same name.
    #[error("kinds {0} and {1} have the same name: nobody could tell them apart")]
    TwiceTheName(KindCode, KindCode),
    /// A text that is missing or too long.
    #[error(
        "the {1} of kind {0} is empty, longer than {MAX_KIND_TEXT_CHARS} characters, or has control characters"
    )]
    BadText(KindCode, &'static str),
    /// A deadline that cannot be meant.
    #[error(
        "the deadline of kind {0} must be 1 to {MAX_DEADLINE_HOURS} hours; leave it out for none"
    )]
    BadDeadline(KindCode),
    /// Evidence that is not known, or named twice.
    #[error(
        "kind {0} asks for {1}, which is not known or named twice: use each of text, photo, video, audio, location, signature, document once"
    )]
    BadEvidence(KindCode, String),
    /// Not the next version.
    #[error("the next version is {expected}, not {given}: somebody else may have published")]
    NotNext {
        /// The version that is due.
        expected: u32,
        /// The version given.
        given: u32,
    },
    /// The version exists with other content.
    #[error("version {0} is published already: publish the change as a new version")]
    Published(u32),
    /// A kind of the version before is gone.
    #[error(
        "kind {0} of the version before is missing: matters name it, so keep it and mark it as retired"
    )]
    MissingKind(KindCode),
}

fn is_text(text: &str) -> bool {
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
            if !is_text(text) {
                return Err(CatalogueError::BadText(self.code.clone(), what));
            }
        }
        if self
            .deadline_hours
            .is_some_and(|hours| !(1..=MAX_DEADLINE_HOURS).contains(&hours))
        {
            return Err(CatalogueError::BadDeadline(self.code.clone()));
        }
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

    /// Whether a person who typed this means this kind: its code or one of its names.
    #[must_use]
    pub fn is_called(&self, typed: &str) -> bool {
        let typed = fold(typed);
        self.names().contains(&typed)
    }

    fn names(&self) -> [String; 3] {
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

impl Catalogue {
    /// Reads and checks a catalogue.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the kind and what to do.
    pub fn from_json(json: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self =
            serde_json::from_str(json).map_err(|e| CatalogueError::NotACatalogue(e.to_string()))?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// The JSON of the catalogue.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Checks all that can be checked without the versions before.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the kind and what to do.
    pub fn check(&self) -> Result<(), CatalogueError> {
        if self.kinds.is_empty() {
            return Err(CatalogueError::NoKinds);
        }
        // First, so that what follows is bounded.
        let bytes = self.to_json().len();
        if bytes > MAX_CATALOGUE_BYTES {
            return Err(CatalogueError::TooLarge(bytes));
        }
        let mut codes = BTreeMap::new();
        let mut names: BTreeMap<String, &KindCode> = BTreeMap::new();
        for kind in &self.kinds {
            kind.check()?;
            if codes.insert(&kind.code, ()).is_some() {
                return Err(CatalogueError::TwiceTheKind(kind.code.clone()));
            }
            if kind.retired {
                continue;
            }
            for name in kind.names() {
                match names.insert(name, &kind.code) {
                    Some(other) if *other != kind.code => {
                        return Err(CatalogueError::TwiceTheName(
                            other.clone(),
                            kind.code.clone(),
                        ));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Checks that this may be published after the newest version.
    ///
    /// # Errors
    /// [`CatalogueError`] naming the kind and what to do.
    pub fn check_follows(&self, newest: Option<&Self>) -> Result<(), CatalogueError> {
        self.check()?;
        let expected = newest.map_or(1, |n| n.version.saturating_add(1));
        if self.version != expected {
            return Err(CatalogueError::NotNext {
                expected,
                given: self.version,
            });
        }
        for was in newest.iter().flat_map(|n| &n.kinds) {
            if self.kind(was.code.as_str()).is_none() {
                return Err(CatalogueError::MissingKind(was.code.clone()));
            }
        }
        Ok(())
    }

    /// The kind with this code.
    #[must_use]
    pub fn kind(&self, code: &str) -> Option<&MatterKind> {
        self.kinds.iter().find(|k| k.code.as_str() == code)
    }

    /// The kinds to choose from, in order.
    pub fn offered(&self) -> impl Iterator<Item = &MatterKind> {
        self.kinds.iter().filter(|k| !k.retired)
    }

    /// The kind that the text of a matter's kind means, if any: one that is offered before one that
    /// is retired.
    #[must_use]
    pub fn find(&self, typed: &str) -> Option<&MatterKind> {
        let called = |kind: &&MatterKind| kind.is_called(typed);
        self.offered()
            .find(called)
            .or_else(|| self.kinds.iter().find(called))
    }

    /// What to show for a matter's kind: its name, or what was typed when it is not known.
    #[must_use]
    pub fn shown<'a>(&'a self, typed: &'a str, locale: Locale) -> &'a str {
        self.find(typed).map_or(typed, |kind| kind.name(locale))
    }

    /// A proposal for when a matter reported then is due; none for a kind that is not known or has
    /// no deadline.
    #[must_use]
    pub fn due_at(&self, typed: &str, reported: Timestamp) -> Option<Timestamp> {
        let hours = self.find(typed)?.deadline_hours?;
        Some(reported.plus_millis(i64::from(hours).saturating_mul(HOUR_MS)))
    }
}

/// Twelve ordinary kinds of community matters, to begin with.
///
/// # Errors
/// [`CatalogueError`] when the built-in file is wrong; a test keeps it from happening.
pub fn default_catalogue() -> Result<Catalogue, CatalogueError> {
    Catalogue::from_json(include_str!("../../catalogue/default.json"))
}
