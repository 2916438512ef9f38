//! Notices: every text that is shown to a person, in both languages, from one catalogue.
//!
//! What enters: a stable code. What leaves: what happened, what is safe and what to do, in Chinese
//! or English. What never happens here: personal data in a text.
//!
//! Here are the texts that phones say too; what the server alone says it reads by the same [`Texts`].

use std::sync::OnceLock;

use crate::schema::Label;

mod texts;
mod words;

pub use texts::{Texts, fill, places};
pub use words::{Edit, Teller, Told, named_in};

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

/// What became of an edit that was not taken. The same reason is told by the server, by the phone
/// of what the server refused, and by the phone of what it did not take itself: what is safe is not
/// the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kept {
    /// It waits among the refused edits with its reason.
    #[default]
    Refused,
    /// It is a draft on this phone.
    Draft,
    /// It is nowhere: nothing was changed.
    Nothing,
    /// Somebody else's, it waits for whoever reads this to settle it.
    Waiting,
    /// Somebody else's, it is kept with its reason, and nothing is left to do for whoever reads this.
    OfOthers,
    /// Somebody else's, which whoever reads this tried to make anew in vain: it still waits.
    Still,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Draft,
        Self::Nothing,
        Self::Waiting,
        Self::OfOthers,
        Self::Still,
    ];

    /// The text that says so, which stands in the reasons where they have [`HERE`].
    fn code(self) -> &'static str {
        match self {
            Self::Refused => "kept_refused",
            Self::Draft => "kept_draft",
            Self::Nothing => "kept_nothing",
            Self::Waiting => "kept_waiting",
            Self::OfOthers => "kept_of_others",
            Self::Still => "kept_still",
        }
    }
}

/// Where a reason says what became of the edit. What stands behind it is for its author to do.
const HERE: &str = "kept";
/// Reasons that speak of their author, and what is said of that to others.
const OF_OTHERS: [(&str, &str); 4] = [
    ("not_writable", "not_writable_of_others"),
    ("no_grant", "no_grant_of_others"),
    ("grant_ended", "grant_ended_of_others"),
    ("beside_own_edit", "beside_own_edit_of_others"),
];

/// The texts, once for each [`Kept`].
fn texts(kept: Kept) -> &'static Texts {
    static TEXTS: OnceLock<[Texts; 6]> = OnceLock::new();
    let all = TEXTS.get_or_init(|| {
        let all = Texts::read(&[include_str!("messages.json")]);
        Kept::ALL.map(|kept| {
            let all = all.clone();
            let all = match kept {
                Kept::Refused | Kept::Draft | Kept::Nothing => all,
                Kept::Waiting | Kept::OfOthers => all.without_advice(HERE, &OF_OTHERS),
                Kept::Still => all.without_advice(HERE, &[]),
            };
            all.filled(HERE, kept.code())
        })
    });
    let [refused, draft, nothing, waiting, of_others, still] = all;
    match kept {
        Kept::Refused => refused,
        Kept::Draft => draft,
        Kept::Nothing => nothing,
        Kept::Waiting => waiting,
        Kept::OfOthers => of_others,
        Kept::Still => still,
    }
}

/// The text of a code; the code itself when the catalogue lacks it. Of an edit that was not taken:
/// as of one that waits among the refused ones.
#[must_use]
pub fn text(code: &str, locale: Locale) -> &str {
    text_of(code, locale, Kept::Refused)
}

/// The text of a code, true of an edit of which this became.
#[must_use]
pub fn text_of(code: &str, locale: Locale, kept: Kept) -> &str {
    texts(kept).text(code, locale)
}

/// The text of a code with its places filled.
#[must_use]
pub fn say(code: &str, locale: Locale, with: &[(&str, &str)]) -> String {
    texts(Kept::Refused).say(code, locale, with)
}

/// Whether the catalogue has a code.
#[must_use]
pub fn has(code: &str) -> bool {
    texts(Kept::Refused).get(code).is_some()
}
