//! What an edit did, in words: by the names that its form gives fields and choices, in the language asked for.

use std::collections::BTreeMap;

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::notice::{Locale, text};
use gridfold_sync_core::schema::{Choice, Field, FieldType, Form, Label};

/// Characters of a text that are shown of a value.
const SHOWN_CHARS: usize = 120;

/// Tells edits of one record in the order they came, so that each can say what was there before.
pub(crate) struct Teller<'a> {
    form: Option<&'a Form>,
    locale: Locale,
    known: BTreeMap<String, String>,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(form: Option<&'a Form>, locale: Locale) -> Self {
        Self {
            form,
            locale,
            known: BTreeMap::new(),
        }
    }

    /// One sentence for each operation. What was refused changes nothing that later edits find.
    pub(crate) fn tell(&mut self, ops: &[Op], admitted: bool) -> Vec<String> {
        ops.iter().map(|op| self.one(op, admitted)).collect()
    }

    fn say(&self, code: &str, parts: &[(&str, &str)]) -> String {
        let mut out = text(code, self.locale).to_owned();
        for (name, value) in parts {
            out = out.replace(&format!("{{{name}}}"), value);
        }
        out
    }

    fn label(&self, label: &Label) -> String {
        match self.locale {
            Locale::Zh => label.zh.clone(),
            Locale::En => label.en.clone(),
        }
    }

    fn field(&self, key: &str) -> Option<&'a Field> {
        self.form.and_then(|f| f.field(key))
    }

    fn name(&self, key: &str) -> String {
        self.field(key)
            .map_or_else(|| key.to_owned(), |f| self.label(&f.label))
    }

    fn choice(&self, kind: Option<&FieldType>, key: &str) -> String {
        let choices: &[Choice] = match kind {
            Some(FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices }) => choices,
            _ => &[],
        };
        let found = choices.iter().find(|c| c.key.as_str() == key);
        found.map_or_else(|| key.to_owned(), |c| self.label(&c.label))
    }

    fn value(&self, kind: Option<&FieldType>, value: &Value) -> String {
        let shown = match value {
            Value::Boolean(true) => text("words_yes", self.locale).to_owned(),
            Value::Boolean(false) => text("words_no", self.locale).to_owned(),
            Value::Geopoint { lat_e7, lon_e7 } => {
                format!(
                    "{:.5}, {:.5}",
                    f64::from(*lat_e7) / 1e7,
                    f64::from(*lon_e7) / 1e7
                )
            }
            other => match other.to_json() {
                serde_json::Value::String(text) => self.choice(kind, &text),
                json => json.to_string(),
            },
        };
        cut(&shown)
    }

    fn one(&mut self, op: &Op, admitted: bool) -> String {
        match op {
            Op::Set { field, value } => {
                let kind = self.field(field.as_str()).map(|f| &f.kind);
                let value = self.value(kind, value);
                let name = self.name(field.as_str());
                let before = self.known.get(field.as_str()).cloned();
                if admitted {
                    self.known.insert(field.to_string(), value.clone());
                }
                match before {
                    Some(before) => self.say(
                        "words_changed",
                        &[("field", &name), ("before", &before), ("value", &value)],
                    ),
                    None => self.say("words_set", &[("field", &name), ("value", &value)]),
                }
            }
            Op::Unset { field } => {
                if admitted {
                    self.known.remove(field.as_str());
                }
                self.say("words_unset", &[("field", &self.name(field.as_str()))])
            }
            Op::Splice {
                field,
                delete,
                insert,
                ..
            } => {
                let code = match (*delete, insert.is_empty()) {
                    (0, _) => "words_typed",
                    (_, true) => "words_cut",
                    (_, false) => "words_retyped",
                };
                let name = self.name(field.as_str());
                self.say(
                    code,
                    &[
                        ("field", &name),
                        ("before", &delete.to_string()),
                        ("value", &cut(insert)),
                    ],
                )
            }
            Op::Choose { field, choice } | Op::Unchoose { field, choice } => {
                let kind = self.field(field.as_str()).map(|f| &f.kind);
                let value = self.choice(kind, choice.as_str());
                let code = if matches!(op, Op::Choose { .. }) {
                    "words_chose"
                } else {
                    "words_unchose"
                };
                let name = self.name(field.as_str());
                self.say(code, &[("field", &name), ("value", &value)])
            }
            Op::ItemAdd { field, .. } => {
                self.say("words_item_added", &[("field", &self.name(field.as_str()))])
            }
            Op::ItemRemove { field, .. } => self.say(
                "words_item_removed",
                &[("field", &self.name(field.as_str()))],
            ),
            Op::ItemSet {
                field,
                member,
                value,
                ..
            } => {
                let (name, kind) = self.member(field.as_str(), member.as_str());
                let value = self.value(kind, value);
                let field = self.name(field.as_str());
                self.say(
                    "words_item_set",
                    &[("field", &field), ("member", &name), ("value", &value)],
                )
            }
            Op::ItemUnset { field, member, .. } => {
                let (name, _) = self.member(field.as_str(), member.as_str());
                let field = self.name(field.as_str());
                self.say("words_item_unset", &[("field", &field), ("member", &name)])
            }
            Op::Count { field, by } => {
                let by = format!("{by:+}");
                let name = self.name(field.as_str());
                self.say("words_counted", &[("field", &name), ("value", &by)])
            }
            Op::Transition { action, note } => {
                let transitions = self.form.and_then(|f| f.lifecycle.as_ref());
                let found = transitions
                    .and_then(|l| l.transitions.iter().find(|t| t.action == *action))
                    .map_or_else(|| action.to_string(), |t| self.label(&t.label));
                let code = if note.is_empty() {
                    "words_transition"
                } else {
                    "words_transition_note"
                };
                self.say(code, &[("value", &found), ("note", &cut(note))])
            }
            Op::Delete => self.say("words_deleted", &[]),
            Op::Restore => self.say("words_restored", &[]),
        }
    }

    fn member(&self, field: &str, member: &str) -> (String, Option<&'a FieldType>) {
        let members = match self.field(field).map(|f| &f.kind) {
            Some(FieldType::Group { members, .. }) => members.as_slice(),
            _ => &[],
        };
        let found = members.iter().find(|m| m.key.as_str() == member);
        let name = found.map_or_else(|| member.to_owned(), |m| self.label(&m.label));
        (name, found.map(|m| &m.kind))
    }
}

/// A text short enough for a line.
fn cut(text: &str) -> String {
    let mut out: String = text.chars().take(SHOWN_CHARS).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
