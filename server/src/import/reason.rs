//! Why a row was not taken, or needs a look: what it is, so that it can be told in either language.

use std::fmt;

use gridfold_sync_core::notice::Locale;
use serde::{Serialize, Serializer};

use crate::acts::areas::Misfit;
use crate::words::{Said, said};

/// What there is to say of a row. Codes, names of columns and numbers stay as they are in any language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowReason {
    /// It has not as many values as there are columns.
    Width {
        /// Its values.
        values: usize,
        /// The columns that the header names.
        columns: usize,
    },
    /// Not UTF-8.
    NotUtf8,
    /// Its `parent` is no code.
    BadParent,
    /// Its `code` is none.
    BadCode,
    /// Its `name` is empty, too long or cannot be shown.
    BadName,
    /// Its `level` is no word.
    BadLevel,
    /// An earlier row has the same key and other content.
    Twice {
        /// The key, or the column of a key that is nobody's to print.
        key: String,
        /// The line of the earlier row.
        line: u64,
    },
    /// The area does not fit the tree.
    Misfit(Misfit),
    /// What is said of it elsewhere too.
    Said(Said),
    /// What only the command line tells, in English.
    Told(String),
}

impl RowReason {
    /// The reason in a language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        let said = match self {
            Self::Width { values, columns } => {
                said!("row_width", values = *values, columns = *columns)
            }
            Self::NotUtf8 => said!("row_not_utf8"),
            Self::BadParent => said!("row_bad_parent"),
            Self::BadCode => said!("row_bad_code"),
            Self::BadName => said!("row_bad_name"),
            Self::BadLevel => said!("row_bad_level"),
            Self::Twice { key, line } => said!("row_twice", key = key, line = *line),
            Self::Misfit(misfit) => misfit.said(),
            Self::Said(said) => said.clone(),
            Self::Told(text) => return text.clone(),
        };
        said.text(locale)
    }
}

/// In English, as the command line tells it.
impl fmt::Display for RowReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Locale::En))
    }
}

impl Serialize for RowReason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl From<Misfit> for RowReason {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl From<Said> for RowReason {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

impl From<String> for RowReason {
    fn from(text: String) -> Self {
        Self::Told(text)
    }
}

impl From<&str> for RowReason {
    fn from(text: &str) -> Self {
        Self::Told(text.to_owned())
    }
}
