//! Notices: every text that is shown to a person, in both languages, from one catalogue.
//!
//! What enters: a stable code. What leaves: what happened, what is safe and what to do, in Chinese
//! or English. What never happens here: personal data in a text.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::schema::Label;

mod words;

pub use words::{Edit, Teller, Told};

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// Chinese (zh-CN).
    #[default]
    Zh,
    /// English.
    En,
}

impl Locale {
    /// The first language of an `Accept-Language` header or locale name that the catalogue has.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        let found = tag
            .split([',', ';'])
            .find_map(|part| match part.trim().get(..2) {
                Some("zh") => Some(Self::Zh),
                Some("en") => Some(Self::En),
                _ => None,
            });
        found.unwrap_or_default()
    }

    /// A text in this language.
    #[must_use]
    pub fn pick(self, label: &Label) -> &str {
        match self {
            Self::Zh => &label.zh,
            Self::En => &label.en,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Catalogue {
    #[serde(flatten)]
    messages: BTreeMap<String, Label>,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        serde_json::from_str(include_str!("messages.json")).unwrap_or(Catalogue {
            messages: BTreeMap::new(),
        })
    })
}

/// The text of a code; the code itself when the catalogue lacks it.
#[must_use]
pub fn text(code: &str, locale: Locale) -> &str {
    match catalogue().messages.get(code) {
        Some(label) => locale.pick(label),
        None => code,
    }
}

/// Whether the catalogue has a code.
#[must_use]
pub fn has(code: &str) -> bool {
    catalogue().messages.contains_key(code)
}
