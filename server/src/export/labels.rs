//! What a table says of a record: the values as they are, or for people words instead of codes: headings, names of areas, forms, statuses and choices, times of their own zone.
//!
//! What enters: a record as the API shows it. What leaves: cells. Each field is read by the version of the form that the record was read with, and by another that has it where that one does not. Titles of records it refers to are only those that the reader may read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{AreaCode, RecordId, UserId};
use gridfold_sync_core::notice::{self, Locale};
use gridfold_sync_core::schema::{Field, FieldType, Form, Label};
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::cell::Cell;
use crate::views::{ReadScope, RecordRow, Views};
use crate::words::{Said, said};

/// Titles remembered while an export runs.
const MAX_TITLES: usize = 100_000;

const TIMES: [&str; 7] = [
    "captured_at",
    "changed_at",
    "received_at",
    "due_at",
    "due_received_at",
    "last_visited_at",
    "closed_at",
];

/// What a column that is no field is called.
fn heading(name: &str) -> Option<Said> {
    Some(match name {
        "record_id" => said!("heading_record_id"),
        "grid" => said!("heading_grid"),
        "form" => said!("heading_form"),
        "status" => said!("heading_status"),
        "deleted" => said!("heading_deleted"),
        "conflicts" => said!("heading_conflicts"),
        "late" => said!("heading_late"),
        "captured_at" => said!("heading_captured_at"),
        "changed_at" => said!("heading_changed_at"),
        "received_at" => said!("heading_received_at"),
        "title" => said!("heading_title"),
        "made_by" => said!("heading_made_by"),
        "missing" => said!("heading_missing"),
        "household" => said!("heading_household"),
        "due_at" => said!("heading_due_at"),
        "due_received_at" => said!("heading_due_received_at"),
        "assignee" => said!("heading_assignee"),
        "last_visited_at" => said!("heading_last_visited_at"),
        "closed_at" => said!("heading_closed_at"),
        "clock_wrong" => said!("heading_clock_wrong"),
        _ => return None,
    })
}

/// In which language and zone a table is written.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The language.
    pub locale: Locale,
    /// The zone of its times.
    pub zone: TimeZone,
    /// Whose rights hold for titles of records that are referred to.
    pub scope: ReadScope,
}

/// Says the records of one export.
pub(super) struct Labeller<'a> {
    of: Option<&'a Labels>,
    directory: &'a Directory,
    views: &'a Views,
    /// All versions of the forms, the newest first.
    forms: &'a [Arc<Form>],
    /// The versions of the form of the record that is told of, its own first.
    versions: Vec<Arc<Form>>,
    titles: HashMap<RecordId, String>,
    /// What grids of one name lie in, once it was asked for.
    apart: Option<BTreeMap<AreaCode, String>>,
}

impl<'a> Labeller<'a> {
    pub(super) fn new(
        of: Option<&'a Labels>,
        directory: &'a Directory,
        views: &'a Views,
        forms: &'a [Arc<Form>],
    ) -> Self {
        Self {
            of,
            directory,
            views,
            forms,
            versions: Vec::new(),
            titles: HashMap::new(),
            apart: None,
        }
    }

    /// From now on it is this record that is told of.
    pub(super) fn begin(&mut self, row: &RecordRow) {
        let known = self.versions.first();
        if known.is_some_and(|f| f.code == row.form && f.version == row.form_version) {
            return;
        }
        let of_code = self.forms.iter().filter(|f| f.code == row.form);
        self.versions = of_code.cloned().collect();
        // Stable, so that the others stay in their order.
        let own = |form: &Arc<Form>| form.version != row.form_version;
        self.versions.sort_by_key(own);
    }

    /// The language of the file; English where nobody chose one.
    fn locale(&self) -> Locale {
        self.of.map_or(Locale::En, |of| of.locale)
    }

    /// A name that a form gives, in the language of the file.
    pub(super) fn label(&self, label: &Label) -> String {
        self.locale().pick(label).to_owned()
    }

    /// A text in the language of the file.
    pub(super) fn say(&self, said: &Said) -> String {
        said.text(self.locale())
    }

    /// Whether it puts words in the place of codes.
    pub(super) fn is_for_people(&self) -> bool {
        self.of.is_some()
    }

    /// The heading of a column: `key`, or `key.lat` and `key.lon` of a place.
    pub(super) fn heading(&self, name: &str) -> String {
        let Some(of) = self.of else {
            return name.to_owned();
        };
        if let Some(said) = heading(name) {
            return said.text(of.locale);
        }
        let name = name.strip_prefix("fields.").unwrap_or(name);
        let (key, part) = name.split_once('.').unwrap_or((name, ""));
        let key = if matches!(part, "lat" | "lon") {
            key
        } else {
            name
        };
        let label = self.labels_of(key);
        match part {
            "lat" => self.say(&said!("heading_latitude", heading = label)),
            "lon" => self.say(&said!("heading_longitude", heading = label)),
            _ => label,
        }
    }

    /// What the forms call a field: one column may hold fields of several, which call it by different names.
    fn labels_of(&self, key: &str) -> String {
        let mut told = BTreeSet::new();
        let mut names: Vec<String> = Vec::new();
        // The newest version of a form says what it is called now.
        let newest = self.forms.iter().filter(|form| form.field(key).is_some());
        for form in newest.filter(|form| told.insert(&form.code)) {
            let name = form.field(key).map(|field| self.label(&field.label));
            names.extend(name.filter(|name| !names.contains(name)));
        }
        match names.is_empty() {
            true => key.to_owned(),
            false => names.join(&self.say(&said!("heading_between"))),
        }
    }

    fn moment(of: &Labels, text: &str) -> Cell {
        let Ok(at) = text.parse::<jiff::Timestamp>() else {
            return Cell::Text(text.to_owned());
        };
        let local = at.to_zoned(of.zone.clone()).datetime();
        Cell::Moment(local.strftime("%Y-%m-%d %H:%M:%S").to_string(), local)
    }

    fn title(&mut self, of: &Labels, id: &str) -> Option<String> {
        let record = RecordId::parse(id).ok()?;
        if let Some(known) = self.titles.get(&record) {
            return Some(known.clone()).filter(|t| !t.is_empty());
        }
        let found = self.views.record(&record, &of.scope).ok()?;
        let title = found.map_or_else(String::new, |r| r.row.title);
        if self.titles.len() < MAX_TITLES {
            self.titles.insert(record, title.clone());
        }
        Some(title).filter(|t| !t.is_empty())
    }

    /// The name of a grid, with what it lies in where another one that may be in the file is called the same.
    fn grid(&mut self, of: &Labels, code: &str) -> Option<String> {
        let code = AreaCode::new(code).ok()?;
        let directory = self.directory;
        let name = &directory.area(&code)?.name;
        let apart = self.apart.get_or_insert_with(|| {
            let grids = directory.grids_in(None);
            directory.told_apart(grids.iter().filter(|grid| of.scope.has(grid)))
        });
        Some(match apart.get(&code) {
            Some(way) => format!("{way} / {name}"),
            None => name.clone(),
        })
    }

    fn yes(&self, is: bool) -> String {
        let code = if is { "words_yes" } else { "words_no" };
        notice::text(code, self.locale()).to_owned()
    }

    /// The name of a choice: by the field given, or by another version that has the choice.
    fn choice(&self, field: &Field, key: &str) -> String {
        let named = |field: &Field| match &field.kind {
            FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices } => choices
                .iter()
                .find(|c| c.key.as_str() == key)
                .map(|c| self.label(&c.label)),
            _ => None,
        };
        let others = self
            .versions
            .iter()
            .filter_map(|form| form.field(field.key.as_str()));
        let found = named(field).or_else(|| others.into_iter().find_map(named));
        found.unwrap_or_else(|| key.to_owned())
    }

    /// A value of a column besides the fields.
    pub(super) fn column(&mut self, name: &str, object: &Map<String, Json>) -> Cell {
        let value = object.get(name);
        let text = value.and_then(Json::as_str);
        let Some(of) = self.of else {
            return match text {
                Some(text) if TIMES.contains(&name) => Cell::moment(text),
                _ => Cell::of(value),
            };
        };
        let words = match (name, text, value) {
            // By a clock that was wrong it is no moment to reckon with.
            ("captured_at" | "changed_at", Some(text), _)
                if object.get("clock_wrong") == Some(&Json::Bool(true)) =>
            {
                let time = Self::moment(of, text).text();
                Some(self.say(&said!("cell_clock_wrong", time = time)))
            }
            (name, Some(text), _) if TIMES.contains(&name) => return Self::moment(of, text),
            ("deleted" | "late" | "clock_wrong", _, Some(Json::Bool(is))) => Some(self.yes(*is)),
            ("form", Some(_), _) => self.versions.first().map(|f| self.label(&f.label)),
            ("status", Some(key), _) => self.versions.iter().find_map(|form| {
                let statuses = &form.lifecycle.as_ref()?.statuses;
                let found = statuses.iter().find(|s| s.key.as_str() == key)?;
                Some(self.label(&found.label))
            }),
            ("grid", Some(code), _) => self.grid(of, code),
            ("made_by", Some(id), _) => Some(self.directory.called(id).1),
            ("household", Some(id), _) => self.title(of, id),
            // Where a record is named by a choice, such as why somebody was visited.
            ("title", Some(key), _) => self.versions.first().cloned().and_then(|form| {
                let field = form.field(form.title.as_ref()?.as_str())?;
                matches!(field.kind, FieldType::ChooseOne { .. }).then(|| self.choice(field, key))
            }),
            ("missing", _, Some(Json::Array(keys))) => {
                let keys = keys.iter().filter_map(Json::as_str);
                let names = keys.map(|key| self.heading(key)).collect::<Vec<_>>();
                Some(names.join(&self.say(&said!("cell_between"))))
            }
            _ => None,
        };
        words.map_or_else(|| Cell::of(value), Cell::Text)
    }

    /// The field of a key, by the version that the record was read with, or by another that has it.
    pub(super) fn field_of(&self, key: &str) -> Option<Field> {
        self.versions
            .iter()
            .find_map(|form| form.field(key))
            .cloned()
    }

    /// A value of a field.
    pub(super) fn field(&mut self, key: &str, value: &Json) -> Cell {
        match self.field_of(key) {
            Some(field) => self.value(&field, value),
            None => Cell::of(Some(value)),
        }
    }

    fn value(&mut self, field: &Field, value: &Json) -> Cell {
        let Some(of) = self.of else {
            return Cell::of_field(field, value);
        };
        let words = match (&field.kind, value) {
            (FieldType::Boolean, Json::Bool(is)) => self.yes(*is),
            (FieldType::DateTime, Json::String(text)) => return Self::moment(of, text),
            (FieldType::Reference { .. }, Json::String(id)) => match self.title(of, id) {
                Some(title) => title,
                None => id.clone(),
            },
            (FieldType::ChooseOne { .. }, Json::String(key)) => self.choice(field, key),
            (FieldType::ChooseMany { .. }, Json::Array(keys)) => {
                let keys = keys.iter().filter_map(Json::as_str);
                let names = keys.map(|key| self.choice(field, key));
                names
                    .collect::<Vec<_>>()
                    .join(&self.say(&said!("cell_between")))
            }
            (FieldType::Geopoint, Json::Object(at)) => {
                let of_part = |part| at.get(part).map(ToString::to_string).unwrap_or_default();
                format!("{}, {}", of_part("lat"), of_part("lon"))
            }
            // What they are called now, where they have an account.
            (FieldType::Person, Json::Object(person)) => {
                let said = |part| person.get(part).and_then(Json::as_str).unwrap_or_default();
                let now = UserId::parse(said("user_id")).ok();
                let now = now.and_then(|id| self.directory.user(&id));
                now.map_or(said("name"), |user| user.name.as_str())
                    .to_owned()
            }
            (FieldType::Group { .. }, Json::Array(items)) => {
                let items = items.iter().map(|item| self.item(field, item));
                return Cell::Items(items.collect());
            }
            _ => return Cell::of_field(field, value),
        };
        Cell::Text(words)
    }

    /// An item of a group on one line: what each member is called, and its value.
    fn item(&mut self, group: &Field, item: &Json) -> String {
        let mut parts = Vec::new();
        for (member, cell) in self.members(group, item) {
            let text = cell.text();
            if !text.is_empty() {
                let member = self.label(&member.label);
                parts.push(self.say(&said!("cell_member", member = member, value = text)));
            }
        }
        parts.join(&self.say(&said!("cell_between_members")))
    }

    /// The values of an item, for each member of its group.
    pub(super) fn members(&mut self, group: &Field, item: &Json) -> Vec<(Field, Cell)> {
        let FieldType::Group { members, .. } = &group.kind else {
            return Vec::new();
        };
        let mut out = Vec::with_capacity(members.len());
        for member in members {
            let cell = match item.get(member.key.as_str()) {
                Some(value) => self.value(member, value),
                None => Cell::Empty,
            };
            out.push((member.clone(), cell));
        }
        out
    }
}
