//! Rows as people and programs read them: the parts of a record put together under its form.

use serde_json::{Map, Value as Json, json};

use crate::edit::Value;
use crate::ids::{EntryRef, RecordId, SensitivityClass};
use crate::lifecycle::Stage;
use crate::schema::{Field, FieldMeaning, Form, FormMeaning, missing_required};
use crate::search::SearchText;
use crate::view::{Candidate, Cell, PartState, differ};

/// The parts of one record that the reader may see, put together.
#[derive(Debug, Clone)]
pub struct RecordView<'a> {
    /// The record.
    pub record: RecordId,
    /// The form to read it with; fields it lacks are kept and shown by key.
    pub form: &'a Form,
    /// The parts, each with its class.
    pub parts: Vec<(SensitivityClass, &'a PartState)>,
}

/// The value of a cell in JSON: text, number, boolean, list of choices, list of items.
#[must_use]
pub fn field_json(cell: &Cell) -> Json {
    match cell {
        Cell::Register(candidates) => candidates.first().map_or(Json::Null, |c| c.value.to_json()),
        Cell::Text { .. } => cell.shown_text().into(),
        Cell::Choices(map) => map.keys().map(|c| Json::from(c.as_str())).collect(),
        Cell::Counter { value, .. } => (*value).into(),
        Cell::Group(items) => items
            .iter()
            .filter(|(_, item)| item.present)
            .map(|(key, item)| {
                let mut members = Map::new();
                members.insert("key".into(), key.as_str().into());
                for (member, candidates) in &item.members {
                    let value = candidates.first().map_or(Json::Null, |c| c.value.to_json());
                    members.insert(member.as_str().into(), value);
                }
                Json::Object(members)
            })
            .collect(),
    }
}

impl<'a> RecordView<'a> {
    /// All fields by key.
    #[must_use]
    pub fn fields(&self) -> Map<String, Json> {
        let mut out = Map::new();
        for (_, part) in &self.parts {
            for (key, cell) in &part.fields {
                out.insert(key.as_str().to_owned(), field_json(cell));
            }
        }
        out
    }

    /// The part that carries status and deletion: the one of the form's own class.
    #[must_use]
    pub fn main(&self) -> Option<&'a PartState> {
        self.parts
            .iter()
            .find(|(class, _)| *class == self.form.class)
            .map(|(_, part)| *part)
    }

    /// The status shown, for forms that have one.
    #[must_use]
    pub fn status(&self) -> Option<String> {
        let lifecycle = self.form.lifecycle.as_ref()?;
        Some(match self.main() {
            Some(part) => lifecycle.fold(part).status.to_string(),
            None => lifecycle.initial.to_string(),
        })
    }

    /// How many fields hold more than one value, concurrent statuses counted as one more.
    #[must_use]
    pub fn conflict_count(&self) -> usize {
        let fields: usize = self.parts.iter().map(|(_, p)| p.conflicts().count()).sum();
        let statuses = match (&self.form.lifecycle, self.main()) {
            (Some(lifecycle), Some(part)) if lifecycle.fold(part).tips.len() > 1 => 1,
            _ => usize::from(!self.beside_closing().is_empty()),
        };
        let deletion = self
            .parts
            .iter()
            .filter(|(_, p)| differ(&p.deletion()))
            .count();
        fields + statuses + deletion
    }

    /// The entries written beside the step that closed the record, which whoever closed it did not
    /// know of; none while it is open.
    #[must_use]
    pub fn beside_closing(&self) -> &'a [EntryRef] {
        match (&self.form.lifecycle, self.main()) {
            (Some(lifecycle), Some(part)) if !part.beside.is_empty() => {
                let fold = lifecycle.fold(part);
                let is_closed = lifecycle.stage(fold.status) == Stage::Closed;
                if is_closed { &part.beside } else { &[] }
            }
            _ => &[],
        }
    }

    /// What names the record in a list: the title field, or nothing.
    #[must_use]
    pub fn title(&self) -> String {
        let Some(key) = &self.form.title else {
            return String::new();
        };
        let cell = self.parts.iter().find_map(|(_, p)| p.fields.get(key));
        match (
            cell.map(field_json),
            self.form.field(key.as_str()).map(|f| &f.kind),
        ) {
            (Some(Json::String(text)), _) => text,
            (Some(other), _) => other.to_string(),
            (None, _) => String::new(),
        }
    }

    /// The words of all text of the record, for full-text search.
    #[must_use]
    pub fn search_words(&self) -> String {
        let mut out = SearchText::default();
        for cell in self.parts.iter().flat_map(|(_, part)| part.fields.values()) {
            match cell {
                Cell::Register(candidates) => {
                    add_values(&mut out, candidates.iter().map(|c| &c.value));
                }
                Cell::Text { sides, .. } if !sides.is_empty() => {
                    for side in sides {
                        if let Value::Text(text) = &side.value {
                            out.add(text);
                        }
                    }
                }
                Cell::Text { text, .. } => out.add(text),
                Cell::Group(items) => {
                    let items = items.values().filter(|item| item.present);
                    let members = items.flat_map(|item| item.members.values().flatten());
                    add_values(&mut out, members.map(|c| &c.value));
                }
                Cell::Choices(_) | Cell::Counter { .. } => {}
            }
        }
        out.into_string()
    }

    /// The value of a field.
    #[must_use]
    pub fn value(&self, field: &Field) -> Option<&'a Value> {
        let key = field.key.as_str();
        self.parts.iter().find_map(|(_, p)| p.value(key))
    }

    /// The value of the field that is for that.
    #[must_use]
    pub fn said(&self, meaning: FieldMeaning) -> Option<&'a Value> {
        self.value(self.form.field_for(meaning)?)
    }

    /// The household the record is about: its own id for a household.
    #[must_use]
    pub fn household(&self) -> Option<RecordId> {
        if self.form.is(FormMeaning::Household) {
            return Some(self.record);
        }
        match self.said(FieldMeaning::Household)? {
            Value::Reference(id) => Some(*id),
            _ => None,
        }
    }

    /// Where the record is, as (latitude, longitude) in 1e-7 degree.
    #[must_use]
    pub fn location(&self) -> Option<(i32, i32)> {
        match self.said(FieldMeaning::Place)? {
            Value::Geopoint { lat_e7, lon_e7 } => Some((*lat_e7, *lon_e7)),
            _ => None,
        }
    }

    /// Required and visible fields that have no value.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        missing_required(self.form, &self.fields())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// Those of them in these classes: of a reader who reads no others.
    #[must_use]
    pub fn missing_in(&self, classes: &[SensitivityClass]) -> Vec<String> {
        let mut missing = self.missing();
        missing.retain(|key| {
            let field = self.form.field(key);
            field.is_some_and(|f| classes.contains(&self.form.class_of(f)))
        });
        missing
    }

    /// Whether the record is marked as deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.main().is_some_and(PartState::is_deleted)
    }

    /// The record as one JSON object that is equal on every replica: what the simulation compares.
    #[must_use]
    pub fn canonical(&self) -> Json {
        let parts: Vec<Json> = self
            .parts
            .iter()
            .map(|(class, part)| {
                json!({
                    "class": class,
                    "heads": part.heads.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "entries": part.entries,
                    "conflicts": part.conflicts().map(|(path, candidates)| json!({
                        "field": path.to_string(),
                        "values": candidates.iter().map(candidate_json).collect::<Vec<_>>(),
                    })).collect::<Vec<_>>(),
                    "deletion": part.deletion().iter().map(candidate_json).collect::<Vec<_>>(),
                    "beside": part.beside.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    "transitions": part.transitions.iter().map(|t| format!("{}#{} {}", t.by, t.index, t.action)).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({
            "record": self.record.to_string(),
            "form": self.form.code.as_str(),
            "fields": self.fields(),
            "status": self.status(),
            "deleted": self.is_deleted(),
            "parts": parts,
        })
    }
}

/// The words of short texts and of people's names.
fn add_values<'a>(out: &mut SearchText, values: impl Iterator<Item = &'a Value>) {
    for value in values {
        match value {
            Value::Text(text) | Value::Person { name: text, .. } => out.add_short(text),
            _ => {}
        }
    }
}

fn candidate_json(c: &Candidate) -> Json {
    json!({ "value": c.value.to_json(), "by": c.by.to_string() })
}
