//! The catalogue: the kinds of matters an organisation knows, with who is accountable, by when,
//! and what evidence is needed. It is advice: a matter's kind is text, and one that is not in the
//! catalogue is shown as typed.

use crate::gather::Gather as _;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::calendar::{Due, WorkingTime};
use crate::directory::kind::is_text;
use crate::directory::{CatalogueError, KindDeadline, MatterKind, Urgency};
use crate::ids::{ChoiceKey, KindCode};
use crate::limits::{MAX_CATALOGUE_BYTES, MAX_KIND_LEVELS, MAX_URGENCIES};
use crate::notice::Locale;
use crate::schema::Label;
use crate::search::fold;
use crate::time::Timestamp;

/// What `urgent` of a kind comes to.
const URGENT: &str = "urgent";
/// The urgencies of a catalogue that names none.
const USUAL_URGENCIES: [(&str, &str, &str); 2] =
    [("normal", "一般", "Normal"), (URGENT, "紧急", "Urgent")];

/// One version of the list of matter kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// How urgent matters can be, least first; normal and urgent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urgencies: Vec<Urgency>,
    /// The kinds, in the order they are offered.
    pub kinds: Vec<MatterKind>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
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
        self.check_urgencies()?;
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
        for kind in &self.kinds {
            self.check_place(kind)?;
        }
        Ok(())
    }

    fn check_urgencies(&self) -> Result<(), CatalogueError> {
        let mut codes = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut fits = self.urgencies.len() <= MAX_URGENCIES;
        for urgency in &self.urgencies {
            let texts = [&urgency.label.zh, &urgency.label.en];
            fits &= codes.insert(&urgency.code) && texts.iter().all(|text| is_text(text));
            let own: BTreeSet<String> = texts.iter().map(|text| fold(text)).gathered();
            fits &= own.into_iter().all(|name| names.insert(name));
        }
        if fits {
            Ok(())
        } else {
            Err(CatalogueError::BadUrgencies)
        }
    }

    /// Checks what a kind says of others: what it lies in, and which urgencies it names.
    ///
    /// # Errors
    /// [`CatalogueError`] naming both.
    pub fn check_place(&self, kind: &MatterKind) -> Result<(), CatalogueError> {
        let urgencies = self.urgencies();
        let known = |code: &ChoiceKey| urgencies.iter().any(|urgency| urgency.code == *code);
        let named = kind.deadlines.iter().filter_map(|d| d.urgency.as_ref());
        if let Some(code) = named.chain(&kind.urgency).find(|code| !known(code)) {
            return Err(CatalogueError::BadUrgency(kind.code.clone(), code.clone()));
        }
        let mut at = kind;
        for _ in 0..MAX_KIND_LEVELS {
            let Some(code) = &at.parent else {
                return Ok(());
            };
            let above = self
                .kind(code.as_str())
                .ok_or_else(|| CatalogueError::NoParent(at.code.clone(), code.clone()))?;
            if above.retired && !at.retired {
                return Err(CatalogueError::ParentRetired(at.code.clone(), code.clone()));
            }
            at = above;
        }
        Err(CatalogueError::TooDeep(kind.code.clone()))
    }

    /// How urgent matters can be, least first.
    #[must_use]
    pub fn urgencies(&self) -> Cow<'_, [Urgency]> {
        if !self.urgencies.is_empty() {
            return Cow::Borrowed(&self.urgencies);
        }
        let usual = USUAL_URGENCIES.iter().filter_map(|(code, zh, en)| {
            Some(Urgency {
                code: ChoiceKey::new(code).ok()?,
                label: Label {
                    zh: (*zh).to_owned(),
                    en: (*en).to_owned(),
                },
            })
        });
        Cow::Owned(usual.collect())
    }

    /// How urgent a matter of a kind is: what it says, by code or name, as far as the catalogue knows that; else what
    /// the kind says.
    #[must_use]
    pub fn urgency(&self, kind: &MatterKind, said: Option<&str>) -> Option<ChoiceKey> {
        let all = self.urgencies();
        let called = |said: &str| {
            let said = fold(said);
            all.iter().find(|urgency| {
                let names = [urgency.code.as_str(), &urgency.label.zh, &urgency.label.en];
                names.iter().any(|name| fold(name) == said)
            })
        };
        let own = kind.urgency.as_ref().map(ChoiceKey::as_str);
        let urgent = kind.urgent.then_some(URGENT);
        let found = said
            .and_then(called)
            .or_else(|| own.or(urgent).and_then(called));
        found
            .or_else(|| all.first())
            .map(|urgency| urgency.code.clone())
    }

    /// A kind and those it lies in, itself first.
    pub fn upward<'a>(&'a self, kind: &'a MatterKind) -> impl Iterator<Item = &'a MatterKind> {
        let above = |kind: &&'a MatterKind| self.kind(kind.parent.as_ref()?.as_str());
        std::iter::successors(Some(kind), above).take(MAX_KIND_LEVELS)
    }

    /// The department that is accountable for a kind.
    #[must_use]
    pub fn department<'a>(&'a self, kind: &'a MatterKind) -> &'a str {
        let said = self.upward(kind).map(|kind| kind.department.as_str());
        said.into_iter()
            .find(|said| !said.is_empty())
            .unwrap_or_default()
    }

    /// Whether other kinds that are offered lie in it: then those are to be chosen.
    #[must_use]
    pub fn is_heading(&self, kind: &MatterKind) -> bool {
        self.offered()
            .any(|other| other.parent.as_ref() == Some(&kind.code))
    }

    /// In which time a matter of a kind should be handled, by how urgent it is; none when its time is open.
    #[must_use]
    pub fn deadline(&self, kind: &MatterKind, urgency: Option<&ChoiceKey>) -> Option<KindDeadline> {
        let mut deadlines = self.upward(kind).map(MatterKind::own_deadlines);
        let deadlines = deadlines.find(|deadlines| !deadlines.is_empty())?;
        let own = deadlines
            .iter()
            .find(|d| d.urgency.is_some() && d.urgency.as_ref() == urgency);
        own.or_else(|| deadlines.iter().find(|d| d.urgency.is_none()))
            .cloned()
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

    /// When a matter is due that was reported then, by its kind and how urgent it says that it is; none for a kind that is
    /// not known or whose time is open.
    #[must_use]
    pub fn due(
        &self,
        typed: &str,
        urgency: Option<&str>,
        reported: Timestamp,
        time: &WorkingTime<'_>,
    ) -> Option<Due> {
        let kind = self.find(typed)?;
        let urgency = self.urgency(kind, urgency);
        let deadline = self.deadline(kind, urgency.as_ref())?;
        time.due(reported, &deadline.within, deadline.warn.as_ref())
    }
}

/// Twelve ordinary kinds of community matters, to begin with.
///
/// # Errors
/// [`CatalogueError`] when the built-in file is wrong; a test keeps it from happening.
pub fn default_catalogue() -> Result<Catalogue, CatalogueError> {
    Catalogue::from_json(include_str!("../../catalogue/default.json"))
}
