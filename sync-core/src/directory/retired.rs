//! What is no longer worked in: areas and forms that nothing new is put into.
//!
//! What enters: that one was retired, or is used again. What leaves: whether something new fits. What
//! never happens here: a word against what is there already. Records of a retired area or form are
//! read, worked on and ended as before, and an edit that was made without signal is taken.

use std::collections::BTreeMap;

use crate::directory::Directory;
use crate::ids::{AreaCode, FormCode};
use crate::time::Timestamp;

/// Areas and forms that were retired, with the time.
#[derive(Debug, Clone, Default)]
pub(super) struct Retired {
    areas: BTreeMap<AreaCode, Timestamp>,
    forms: BTreeMap<FormCode, Timestamp>,
}

fn put<K: Ord>(all: &mut BTreeMap<K, Timestamp>, key: K, at: Option<Timestamp>) {
    match at {
        // The first word stands until it is taken back.
        Some(at) => {
            all.entry(key).or_insert(at);
        }
        None => {
            all.remove(&key);
        }
    }
}

impl Retired {
    pub(super) fn area(&mut self, area: AreaCode, at: Option<Timestamp>) {
        put(&mut self.areas, area, at);
    }
    pub(super) fn form(&mut self, form: FormCode, at: Option<Timestamp>) {
        put(&mut self.forms, form, at);
    }
}

impl Directory {
    /// Since when this very area is retired.
    #[must_use]
    pub fn area_retired(&self, area: &AreaCode) -> Option<Timestamp> {
        self.retired.areas.get(area).copied()
    }

    /// The retired area that an area is or lies in, the nearest: nothing new is put there.
    #[must_use]
    pub fn retired_around<'a>(&'a self, area: &'a AreaCode) -> Option<&'a AreaCode> {
        if self.retired.areas.is_empty() {
            return None;
        }
        self.upward(area)
            .find(|code| self.retired.areas.contains_key(*code))
    }

    /// The areas that are retired themselves, by code.
    pub fn retired_areas(&self) -> impl Iterator<Item = (&AreaCode, Timestamp)> {
        self.retired.areas.iter().map(|(code, at)| (code, *at))
    }

    /// Since when a form is retired.
    #[must_use]
    pub fn form_retired(&self, form: &FormCode) -> Option<Timestamp> {
        self.retired.forms.get(form).copied()
    }

    /// The forms that are retired, by code.
    pub fn retired_forms(&self) -> impl Iterator<Item = (&FormCode, Timestamp)> {
        self.retired.forms.iter().map(|(code, at)| (code, *at))
    }
}
