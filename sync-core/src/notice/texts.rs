//! Texts in both languages by their keys, and how what they speak of comes into them.
//!
//! A file of texts is a JSON object: a key, then its text as `zh` and `en`. A place in a text is a name in braces, such as
//! `{grid}`; both languages of a key have the same places.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use super::Locale;
use crate::schema::Label;

/// Texts of some files.
#[derive(Debug, Clone, Default)]
pub struct Texts(BTreeMap<String, Label>);

impl Texts {
    /// Reads files of texts. One that is none holds nothing: what it should say is then told by its keys.
    #[must_use]
    pub fn read(files: &[&str]) -> Self {
        let read = |file: &&str| -> BTreeMap<String, Label> {
            serde_json::from_str(file).unwrap_or_default()
        };
        Self(files.iter().flat_map(read).gathered())
    }

    /// The texts of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Label> {
        self.0.get(key)
    }

    /// All keys, with their texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Label)> {
        self.0.iter().map(|(key, label)| (key.as_str(), label))
    }

    /// The text of a key as it stands; the key itself where there is none.
    #[must_use]
    pub fn text<'a>(&'a self, key: &'a str, locale: Locale) -> &'a str {
        self.get(key).map_or(key, |label| locale.pick(label))
    }

    /// The text of a key with its places filled.
    #[must_use]
    pub fn say(&self, key: &str, locale: Locale, with: &[(&str, &str)]) -> String {
        fill(self.text(key, locale), with)
    }

    /// The same texts, each ended at a place, and some keys with the text of another: `instead` has both.
    pub(super) fn without_advice(mut self, place: &str, instead: &[(&str, &str)]) -> Self {
        for (key, other) in instead {
            if let Some(label) = self.get(other).cloned() {
                self.0.insert((*key).to_owned(), label);
            }
        }
        let place = format!("{{{place}}}");
        for label in self.0.values_mut() {
            for text in [&mut label.zh, &mut label.en] {
                let Some((before, after)) = text.split_once(&place) else {
                    continue;
                };
                let stop = after.chars().last();
                *text = before.chars().chain(place.chars()).chain(stop).collect();
            }
        }
        self
    }

    /// The same texts, with a place filled in all of them by the text of a key.
    pub(super) fn filled(mut self, place: &str, key: &str) -> Self {
        if let Some(said) = self.get(key).cloned() {
            for label in self.0.values_mut() {
                label.zh = fill(&label.zh, &[(place, &said.zh)]);
                label.en = fill(&label.en, &[(place, &said.en)]);
            }
        }
        self
    }
}

/// The first place of a text: what stands before it, its name, what comes after.
fn first_place(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let inside = text.get(open + 1..)?;
        let long = inside.find(|c: char| !(c.is_ascii_lowercase() || c == '_'))?;
        match inside.get(long..)?.strip_prefix('}') {
            Some(after) if long > 0 => return Some((&text[..open], &inside[..long], after)),
            _ => from = open + 1,
        }
    }
}

/// Fills the places of a text. What comes into it is not looked at for places; one that nothing is given for stays.
#[must_use]
pub fn fill(text: &str, with: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = first_place(rest) {
        out.push_str(before);
        match with.iter().find(|(place, _)| *place == name) {
            Some((_, value)) => out.push_str(value),
            None => out.extend(["{", name, "}"]),
        }
        rest = after;
    }
    out + rest
}

/// The names of the places of a text.
#[must_use]
pub fn places(text: &str) -> BTreeSet<&str> {
    let mut out = BTreeSet::new();
    let mut rest = text;
    while let Some((_, name, after)) = first_place(rest) {
        out.insert(name);
        rest = after;
    }
    out
}
