//! What was kept while its form went on: drafts, and refused edits that are made again.
//!
//! What enters: the version that something was typed with. What leaves: the versions under which it
//! can be written, best first. What never happens here: letting something go because the newest
//! version has no place for it; an edit made under an old version stays valid.

use std::sync::Arc;

use crate::edit::Op;
use crate::entry::RefusalCode;
use crate::ids::FormCode;
use crate::schema::{Form, FormSet};

impl RefusalCode {
    /// Whether it was the version of the form that did not allow it, so that another one may.
    #[must_use]
    pub fn is_of_the_form(self) -> bool {
        matches!(
            self,
            Self::UnknownForm
                | Self::UnknownFormVersion
                | Self::UnknownField
                | Self::WrongType
                | Self::WrongClass
                | Self::OutOfRange
                | Self::TooLong
                | Self::NotWritable
                | Self::TransitionNotAllowed
        )
    }
}

impl FormSet {
    /// The versions under which something that was kept is written, best first: the one that it was
    /// typed with, then the newest. What was refused by the rules of its own version already is
    /// tried under the newest first.
    #[must_use]
    pub fn to_write_again(
        &self,
        code: &FormCode,
        typed_with: u32,
        refused: Option<RefusalCode>,
    ) -> Vec<Arc<Form>> {
        let mut forms: Vec<Arc<Form>> = [self.get(code, typed_with), self.latest(code)]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if refused.is_some_and(RefusalCode::is_of_the_form) {
            forms.reverse();
        }
        forms.dedup_by_key(|form| form.version);
        forms
    }

    /// The newest version that has all the fields that operations name; the newest of all when none
    /// has. It is what something was most likely typed with that did not say.
    #[must_use]
    pub fn newest_with_fields_of(&self, code: &FormCode, ops: &[Op]) -> Option<&Arc<Form>> {
        let has_all = |form: &&Arc<Form>| {
            let mut fields = ops.iter().filter_map(Op::field);
            fields.all(|key| form.field(key.as_str()).is_some())
        };
        // Older versions come first.
        let versions = self.iter().filter(|form| form.code == *code);
        versions
            .filter(has_all)
            .last()
            .or_else(|| self.latest(code))
    }
}
