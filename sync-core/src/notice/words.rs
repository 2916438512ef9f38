//! What an edit did, in words: by the names that its form gives fields and choices, in the language asked for.
//!
//! What enters: the edits of one record, each with what it was made at, causes before effects. What
//! leaves: sentences. What never happens here: a value named as the one before that the author did
//! not see, because it only arrived earlier.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Locale, text};
use crate::edit::{Op, Value};
use crate::ids::{EntryRef, RecordId, SensitivityClass};
use crate::schema::{Choice, Field, FieldType, Form, Label};

/// Characters of a text that are shown of a value.
const SHOWN_CHARS: usize = 120;

/// An edit to be told of.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// The class of its fields: each has a log of its own.
    pub class: SensitivityClass,
    /// Its name there.
    pub id: EntryRef,
    /// What it was made at.
    pub deps: &'a [EntryRef],
    /// What it did.
    pub ops: &'a [Op],
    /// What was refused changes nothing that later edits find.
    pub admitted: bool,
}

/// Who wrote each field last, of those who knew nothing of each other, by their places among the edits told of.
type Standing = BTreeMap<String, BTreeSet<usize>>;

/// An edit that was told of.
#[derive(Debug)]
struct Known {
    deps: Vec<usize>,
    standing: Rc<Standing>,
    /// What it left in the fields that it wrote; none where it emptied one.
    left: Left,
}

/// Values of fields, with their words.
type Left = BTreeMap<String, Option<(String, Value)>>;

/// What one operation did.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// A sentence.
    pub words: String,
    /// The values that its author found in the field it set, in order: one, or several that stood side
    /// by side; none where the field was empty, and for operations of another kind.
    pub found: Vec<Value>,
}

/// Tells the edits of one record, causes before effects, so that each can say what its author found.
#[derive(Debug)]
pub struct Teller<'a> {
    form: Option<&'a Form>,
    locale: Locale,
    known: Vec<Known>,
    places: BTreeMap<(SensitivityClass, EntryRef), usize>,
    titles: BTreeMap<RecordId, String>,
}

/// The records that some operations refer to: whoever tells of them says what these are called.
pub fn named_in(ops: &[Op]) -> impl Iterator<Item = RecordId> + '_ {
    ops.iter().filter_map(|op| match op {
        Op::Set {
            value: Value::Reference(id),
            ..
        }
        | Op::ItemSet {
            value: Value::Reference(id),
            ..
        } => Some(*id),
        _ => None,
    })
}

impl<'a> Teller<'a> {
    /// By the names of a form; by keys without one.
    #[must_use]
    pub fn new(form: Option<&'a Form>, locale: Locale) -> Self {
        Self {
            form,
            locale,
            known: Vec::new(),
            places: BTreeMap::new(),
            titles: BTreeMap::new(),
        }
    }

    /// With what records are called that are referred to; one that is missing here is told as another record.
    #[must_use]
    pub fn calling(self, titles: BTreeMap<RecordId, String>) -> Self {
        Self { titles, ..self }
    }

    /// Tells an edit by itself: of what its author found nothing is said.
    #[must_use]
    pub fn alone(&self, ops: &[Op]) -> Vec<String> {
        ops.iter().map(|op| self.one(op, &[])).collect()
    }

    /// What each operation did.
    pub fn tell(&mut self, edit: &Edit<'_>) -> Vec<Told> {
        let deps: Vec<usize> = edit
            .deps
            .iter()
            .filter_map(|dep| self.places.get(&(edit.class, *dep)).copied())
            .collect();
        let mut standing = self.standing(&deps);
        let mut left = BTreeMap::new();
        let at = self.known.len();
        let mut told = Vec::with_capacity(edit.ops.len());
        for op in edit.ops {
            let (texts, found): (Vec<String>, _) =
                self.found(op, &standing, &left).into_iter().unzip();
            let words = self.one(op, &texts);
            told.push(Told { words, found });
            let (field, value) = match op {
                Op::Set { field, value } => {
                    let kind = self.field(field.as_str()).map(|f| &f.kind);
                    let words = self.value(kind, value);
                    (field.to_string(), Some((words, value.clone())))
                }
                Op::Unset { field } => (field.to_string(), None),
                _ => continue,
            };
            if edit.admitted {
                Rc::make_mut(&mut standing).insert(field.clone(), BTreeSet::from([at]));
            }
            left.insert(field, value);
        }
        self.places.insert((edit.class, edit.id), at);
        self.known.push(Known {
            deps,
            standing,
            left,
        });
        told
    }

    /// Tells edits in whatever order they are given, each in its place: an edit is told once those it was
    /// made at are, as far as they are among them.
    pub fn tell_all(&mut self, edits: &[Edit<'_>]) -> Vec<Vec<Told>> {
        let places: BTreeMap<_, usize> = edits
            .iter()
            .enumerate()
            .map(|(at, edit)| ((edit.class, edit.id), at))
            .gathered();
        let mut told: Vec<Option<Vec<Told>>> = vec![None; edits.len()];
        // What was made at itself, however far around, waits for nothing.
        let mut begun = vec![false; edits.len()];
        for first in 0..edits.len() {
            let mut ahead = vec![first];
            while let Some(at) = ahead.last().copied() {
                begun[at] = true;
                let mut deps = edits[at].deps.iter();
                let before = deps.find_map(|dep| {
                    let place = places.get(&(edits[at].class, *dep)).copied();
                    place.filter(|p| !begun[*p])
                });
                match before {
                    Some(before) => ahead.push(before),
                    None => {
                        ahead.pop();
                        if told[at].is_none() {
                            told[at] = Some(self.tell(&edits[at]));
                        }
                    }
                }
            }
        }
        told.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The values that stood in a field when an operation wrote it, each once.
    fn found(&self, op: &Op, standing: &Standing, left: &Left) -> BTreeMap<String, Value> {
        let Op::Set { field, .. } = op else {
            return BTreeMap::new();
        };
        if let Some(own) = left.get(field.as_str()) {
            return own.iter().cloned().gathered();
        }
        let writers = standing.get(field.as_str()).into_iter().flatten();
        writers
            .filter_map(|w| self.known.get(*w)?.left.get(field.as_str())?.clone())
            .collect()
    }

    /// What stands after all of these.
    fn standing(&self, deps: &[usize]) -> Rc<Standing> {
        let mut of = deps.iter().filter_map(|dep| self.known.get(*dep));
        let Some(first) = of.next() else {
            return Rc::default();
        };
        let mut out = Rc::clone(&first.standing);
        for other in of {
            if Rc::ptr_eq(&out, &other.standing) {
                continue;
            }
            let all = Rc::make_mut(&mut out);
            for (field, writers) in other.standing.iter() {
                let here = all.entry(field.clone()).or_default();
                if here != writers {
                    here.extend(writers);
                    *here = self.newest(here);
                }
            }
        }
        out
    }

    /// Of some edits, those that no other of them was made after.
    fn newest(&self, of: &BTreeSet<usize>) -> BTreeSet<usize> {
        let oldest = of.first().copied().unwrap_or_default();
        let mut covered = BTreeSet::new();
        let mut ahead: Vec<usize> = of
            .iter()
            .filter_map(|w| self.known.get(*w))
            .flat_map(|k| &k.deps)
            .copied()
            .collect();
        while let Some(at) = ahead.pop() {
            // Causes are told of before their effects, so that nothing older can lead to one of them.
            if at >= oldest && covered.insert(at) {
                ahead.extend(self.known.get(at).into_iter().flat_map(|k| &k.deps));
            }
        }
        of.difference(&covered).copied().collect()
    }

    fn say(&self, code: &str, parts: &[(&str, &str)]) -> String {
        super::say(code, self.locale, parts)
    }

    fn label(&self, label: &Label) -> String {
        self.locale.pick(label).to_owned()
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
            Value::Person { name, .. } => name.clone(),
            // Its id says nothing to people.
            Value::Reference(id) => match self.titles.get(id) {
                Some(title) => title.clone(),
                None => text("words_some_record", self.locale).to_owned(),
            },
            other => match other.to_json() {
                serde_json::Value::String(text) => self.choice(kind, &text),
                json => json.to_string(),
            },
        };
        cut(&shown)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of operation")]
    fn one(&self, op: &Op, found: &[String]) -> String {
        match op {
            Op::Set { field, value } => {
                let kind = self.field(field.as_str()).map(|f| &f.kind);
                let value = self.value(kind, value);
                let name = self.name(field.as_str());
                let parts = [("field", name.as_str()), ("value", &value)];
                match found {
                    [] => self.say("words_set", &parts),
                    [before] => {
                        let [field, value] = parts;
                        self.say("words_changed", &[field, ("before", before), value])
                    }
                    several => {
                        let others: Vec<&str> = several
                            .iter()
                            .map(String::as_str)
                            .filter(|v| *v != value)
                            .collect();
                        let between = text("words_between", self.locale);
                        let code = if several.contains(&value) {
                            "words_chosen"
                        } else {
                            "words_settled"
                        };
                        let [field, value] = parts;
                        self.say(code, &[field, value, ("others", &others.join(between))])
                    }
                }
            }
            Op::Unset { field } => {
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
                    .and_then(|l| l.steps().find(|t| t.action == *action))
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
