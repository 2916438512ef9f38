//! Texts of an XForm by their name, in the language it is shown in at first.

use std::collections::BTreeMap;

use crate::element::Element;

/// Texts by their name.
#[derive(Debug, Default)]
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    pub(crate) fn of(model: &Element) -> Self {
        let translations: Vec<&Element> = match model.first("itext") {
            Some(itext) => itext.all("translation").collect(),
            None => Vec::new(),
        };
        let is_default = |each: &&&Element| each.attribute("default").is_some();
        let first = translations
            .iter()
            .find(is_default)
            .or(translations.first());
        let texts = first.into_iter().flat_map(|each| each.all("text"));
        let pairs = texts.filter_map(|text| {
            let plain = text
                .all("value")
                .find(|value| value.attribute("form").is_none());
            let value = plain.map_or_else(String::new, Element::whole_text);
            Some((text.attribute("id")?.to_owned(), value))
        });
        Self(pairs.collect())
    }

    pub(crate) fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }

    /// The text of a name.
    pub(crate) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// The text that a label says, or refers to as `jr:itext('…')`.
    pub(crate) fn label(&self, label: &Element) -> String {
        let of = label.attribute("ref").and_then(|path| {
            let inside = path.trim().strip_prefix("jr:itext(")?.strip_suffix(')')?;
            let id = inside.trim().trim_matches(['\'', '"']);
            self.get(id).map(str::to_owned)
        });
        of.unwrap_or_else(|| label.whole_text().trim().to_owned())
    }
}
