//! The body of an XForm: what is asked how, by the path of what it is about.

use std::collections::BTreeMap;

use gridfold_sync_core::questionnaire::{
    AnswerType, When, WrittenAction, WrittenChoices, WrittenList,
};

use crate::element::Element;
use crate::itext::Texts;

/// The column of an item that holds its label in the language of who asks.
pub(crate) const SHOWN: &str = "jr:label";
/// The column of an item that names its texts.
const TEXT_NAME: &str = "itextId";

/// What a body says of the parts of a form.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// By path: what is offered.
    pub choices: BTreeMap<String, (AnswerType, WrittenChoices)>,
    /// By path of a repeat: how many turns there are, where a rule says so.
    pub repeats: BTreeMap<String, String>,
    /// By path: what happens at moments.
    pub actions: BTreeMap<String, Vec<WrittenAction>>,
    /// Lists that are written where they are offered.
    pub lists: Vec<WrittenList>,
}

impl Body {
    pub(crate) fn of(body: &Element, texts: &Texts) -> Self {
        let mut out = Self::default();
        out.take(body, texts);
        out
    }

    fn take(&mut self, element: &Element, texts: &Texts) {
        for child in &element.children {
            let path = child
                .attribute("ref")
                .or_else(|| child.attribute("nodeset"));
            let path = path.map(|path| path.trim().to_owned());
            match (child.local(), path) {
                ("repeat", Some(path)) => {
                    let count = child.attribute("count").unwrap_or_default();
                    self.repeats.insert(path.clone(), count.to_owned());
                    self.act(child, &path);
                    self.take(child, texts);
                }
                ("group", _) => self.take(child, texts),
                ("select1" | "select" | "rank" | "odk:rank", Some(path)) => {
                    self.offer(child, &path, texts);
                    self.act(child, &path);
                }
                (_, Some(path)) => self.act(child, &path),
                _ => {}
            }
        }
    }

    fn act(&mut self, element: &Element, path: &str) {
        for action in actions(element) {
            self.actions
                .entry(path.to_owned())
                .or_default()
                .push(action);
        }
    }

    fn offer(&mut self, element: &Element, path: &str, texts: &Texts) {
        let answer = match element.local() {
            "select1" => AnswerType::One,
            "select" => AnswerType::Several,
            _ => AnswerType::Ranked,
        };
        let choices = match element.first("itemset") {
            Some(itemset) => {
                let column = |name: &str| {
                    let of = itemset.first(name).and_then(|of| of.attribute("ref"));
                    of.map(str::trim).unwrap_or_default().to_owned()
                };
                let label = column("label");
                WrittenChoices {
                    items: itemset.attribute("nodeset").unwrap_or_default().to_owned(),
                    value: column("value"),
                    label: match label.contains("jr:itext") {
                        true => SHOWN.to_owned(),
                        false => label,
                    },
                }
            }
            None => {
                let name = format!("choices of {path}");
                let items = element.all("item").map(|item| {
                    let value = item
                        .first("value")
                        .map_or_else(String::new, Element::whole_text);
                    let label = item
                        .first("label")
                        .map_or_else(String::new, |l| texts.label(l));
                    vec![
                        ("name".to_owned(), value.trim().to_owned()),
                        ("label".to_owned(), label),
                    ]
                });
                self.lists.push(WrittenList {
                    name: name.clone(),
                    items: items.collect(),
                    is_known: true,
                });
                WrittenChoices {
                    items: format!("instance({})/root/item", quoted(&name)),
                    value: "name".to_owned(),
                    label: "label".to_owned(),
                }
            }
        };
        self.choices.insert(path.to_owned(), (answer, choices));
    }
}

/// What happens at moments, as it is written in an element.
pub(crate) fn actions(element: &Element) -> Vec<WrittenAction> {
    let mut out = Vec::new();
    for action in element.all("setvalue") {
        let Some(target) = action.attribute("ref") else {
            continue;
        };
        let value = match action.attribute("value") {
            Some(value) => value.to_owned(),
            None if action.text.is_empty() => String::new(),
            None => quoted(&action.text),
        };
        for event in action
            .attribute("event")
            .unwrap_or_default()
            .split_whitespace()
        {
            let when = match event {
                "odk-instance-first-load" | "odk-instance-load" | "xforms-ready" => When::Opened,
                "odk-new-repeat" | "jr-insert" => When::TurnAdded,
                "xforms-value-changed" => When::Changed,
                _ => continue,
            };
            out.push(WrittenAction {
                when,
                target: target.to_owned(),
                value: value.clone(),
            });
        }
    }
    out
}

/// A text as it is written in an expression.
pub(crate) fn quoted(text: &str) -> String {
    if !text.contains('\'') {
        return format!("'{text}'");
    }
    if !text.contains('"') {
        return format!("\"{text}\"");
    }
    let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
    format!("concat({})", parts.join(", \"'\", "))
}

/// A list that stands in the model.
pub(crate) fn list(instance: &Element, texts: &Texts) -> Option<WrittenList> {
    let name = instance.attribute("id")?.to_owned();
    let items = instance.first("root").map(|root| {
        let items = root.all("item").map(|item| {
            let columns = item.children.iter();
            let mut columns: Vec<(String, String)> = columns
                .map(|column| (column.name.clone(), column.whole_text()))
                .collect();
            let shown = columns.iter().find(|(column, _)| column == TEXT_NAME);
            if let Some(shown) = shown.and_then(|(_, id)| texts.get(id)) {
                columns.push((SHOWN.to_owned(), shown.to_owned()));
            }
            columns
        });
        items.collect()
    });
    let is_known = instance.attribute("src").is_none();
    Some(WrittenList {
        name,
        items: items.unwrap_or_default(),
        is_known,
    })
}
