//! Words: what the server alone says to people, in both languages, from one catalogue.
//!
//! What enters: a key with what belongs in its places, by [`said!`]. What leaves: a text in the language asked for. What
//! never happens here: personal data in a text, but for what the person typed just now.
//!
//! The texts that phones say too are the core's (`notice`), which reads them by the same rule. `tests/tests/tidy` holds
//! that every key that is said has its texts with the same places, and that no other key has any.

use std::sync::LazyLock;

use gridfold_sync_core::notice::{Locale, Texts};

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::read(&[
        include_str!("acts.json"),
        include_str!("files.json"),
        include_str!("forms.json"),
        include_str!("receipts.json"),
        include_str!("reports.json"),
    ])
});

/// What is said to a person: a key of the catalogue, with what belongs in its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    key: &'static str,
    with: Vec<(&'static str, Part)>,
}

/// What comes into a place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it is, in any language.
    Plain(String),
    /// A text of its own.
    Said(Said),
}

impl Said {
    /// By [`said!`], which is what the catalogue is held to.
    pub(crate) fn new(key: &'static str, with: Vec<(&'static str, Part)>) -> Self {
        Self { key, with }
    }

    /// The text in a language; the key where the catalogue lacks it.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        let with: Vec<(&str, String)> = self
            .with
            .iter()
            .map(|(place, part)| match part {
                Part::Plain(text) => (*place, text.clone()),
                Part::Said(said) => (*place, said.text(locale)),
            })
            .collect();
        let with: Vec<(&str, &str)> = with.iter().map(|(p, text)| (*p, text.as_str())).collect();
        TEXTS.say(self.key, locale, &with)
    }
}

impl From<Said> for Part {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

/// What is written alike in every language.
macro_rules! plain {
    ($($kind:ty),+) => {
        $(impl From<$kind> for Part {
            fn from(part: $kind) -> Self {
                Self::Plain(part.to_string())
            }
        })+
    };
}

plain!(&str, &String, String, u32, u64, usize, i64);

/// A text of the catalogue: `said!("key", place = value, …)`.
macro_rules! said {
    ($key:literal $(, $place:ident = $value:expr)* $(,)?) => {
        $crate::words::Said::new($key, vec![$((stringify!($place), $crate::words::Part::from($value))),*])
    };
}
pub(crate) use said;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_said_in_either_language_with_what_belongs_in_it() {
        let inner = said!("catalogue_no_kinds");
        let said = said!("import_catalogue", what = inner);
        assert_eq!(said.text(Locale::Zh), "什么都没有改动：目录里没有任何类别");
        assert_eq!(
            said.text(Locale::En),
            "nothing was changed: the catalogue has no kinds"
        );
    }

    #[test]
    fn a_key_that_is_missing_is_told_as_itself() {
        let said = Said::new("no_such_key", vec![("n", Part::from("1"))]);
        assert_eq!(said.text(Locale::Zh), "no_such_key");
    }
}
