//! The language of texts for people.

use gridfold_sync_core::notice;
use gridfold_sync_core::schema::Label;

/// The language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Locale {
    /// Chinese (zh-CN).
    Zh,
    /// English.
    En,
}

impl From<Locale> for notice::Locale {
    fn from(locale: Locale) -> Self {
        match locale {
            Locale::Zh => Self::Zh,
            Locale::En => Self::En,
        }
    }
}

impl Locale {
    pub(crate) fn pick(self, label: &Label) -> String {
        notice::Locale::from(self).pick(label).to_owned()
    }
}

/// The language for a tag of the platform, for example `zh-Hans-CN` or `en_GB`; Chinese for others.
#[uniffi::export]
#[must_use]
pub fn locale_from_tag(tag: &str) -> Locale {
    match notice::Locale::from_tag(tag) {
        notice::Locale::Zh => Locale::Zh,
        notice::Locale::En => Locale::En,
    }
}
