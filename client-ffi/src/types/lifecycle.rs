//! Types of lifecycles and comments.

use gridfold_sync_core::ids::{ActionKey, EntryRef, FieldKey, ItemKey, UserId};
use gridfold_sync_core::time::Timestamp;

/// A transition that may be made next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextTransition {
    /// Which.
    pub action: ActionKey,
    /// Its name in Chinese.
    pub label_zh: String,
    /// Its name in English.
    pub label_en: String,
    /// The status it leads to; none of one that only stands beside the status.
    pub to: Option<ActionKey>,
    /// That status's name in Chinese.
    pub to_label_zh: Option<String>,
    /// That status's name in English.
    pub to_label_en: Option<String>,
    /// Fields that must have a value before it and have none.
    pub needs: Vec<FieldKey>,
    /// Whether the doer is asked to say why.
    pub note_expected: bool,
    /// Whether it is refused without that.
    pub note_needed: bool,
}

/// A step that stands: one beside the status that nothing answered since, or the one by which the work was resolved on
/// the spot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingStep {
    /// Which.
    pub action: ActionKey,
    /// Its name in Chinese.
    pub label_zh: String,
    /// Its name in English.
    pub label_en: String,
    /// What was said with it.
    pub note: String,
    /// The entry that took it.
    pub entry: EntryRef,
    /// Who took it, when known.
    pub user: Option<UserId>,
    /// Their name, when known.
    pub user_name: Option<String>,
    /// When, by the clock of their phone.
    pub at: Option<Timestamp>,
}

/// A comment on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its key in the record.
    pub item: ItemKey,
    /// What was said.
    pub text: String,
    /// When, by the clock of the phone.
    pub at: Option<Timestamp>,
    /// The entry that said it.
    pub entry: EntryRef,
    /// Who said it, when known.
    pub user: Option<UserId>,
    /// Their name, when known.
    pub user_name: Option<String>,
}
