//! What a table for people says instead of codes: headings, names of areas, forms, statuses and choices, times of their own zone.
//!
//! What enters: a record as the API shows it. What leaves: the same with texts in one language. Titles of records it refers to are only those that the reader may read.

use std::collections::HashMap;
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::{Field, FieldType, Form, Label};
use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use crate::views::{ReadScope, Views};

/// Titles remembered while an export runs.
const MAX_TITLES: usize = 100_000;

const HEADINGS: [(&str, &str, &str); 18] = [
    ("record_id", "记录编号", "Record"),
    ("grid", "网格", "Grid"),
    ("form", "类型", "Form"),
    ("status", "状态", "Status"),
    ("deleted", "已标为删除", "Marked as deleted"),
    ("conflicts", "冲突数", "Conflicts"),
    ("late", "晚到", "Late"),
    ("captured_at", "记录时间", "Captured"),
    ("changed_at", "最近修改", "Last changed"),
    ("received_at", "服务器收到", "Received"),
    ("title", "名称", "Title"),
    ("missing", "缺少的必填项", "Missing fields"),
    ("household", "住户", "Household"),
    ("due_at", "时限", "Due"),
    (
        "due_received_at",
        "时限（自收到起）",
        "Due, counted from receipt",
    ),
    ("assignee", "办理人", "Assignee"),
    ("last_visited_at", "最近走访", "Last visited"),
    ("closed_at", "办结时间", "Closed"),
];
const TIMES: [&str; 7] = [
    "captured_at",
    "changed_at",
    "received_at",
    "due_at",
    "due_received_at",
    "last_visited_at",
    "closed_at",
];

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

/// The same at work.
pub(super) struct Labeller<'a> {
    of: &'a Labels,
    directory: &'a Directory,
    views: &'a Views,
    titles: HashMap<RecordId, String>,
}

impl<'a> Labeller<'a> {
    pub(super) fn new(of: &'a Labels, directory: &'a Directory, views: &'a Views) -> Self {
        Self {
            of,
            directory,
            views,
            titles: HashMap::new(),
        }
    }

    fn label(&self, label: &Label) -> String {
        self.of.locale.pick(label).to_owned()
    }

    fn say(&self, zh: &str, en: &str) -> String {
        match self.of.locale {
            Locale::Zh => zh.to_owned(),
            Locale::En => en.to_owned(),
        }
    }

    /// The heading of a column: `key`, or `key.lat` and `key.lon` of a place.
    pub(super) fn heading(&self, forms: &[Arc<Form>], name: &str) -> String {
        if let Some((_, zh, en)) = HEADINGS.iter().find(|(key, _, _)| *key == name) {
            return self.say(zh, en);
        }
        let (key, part) = match name.split_once('.') {
            Some((key, "lat")) => (key, self.say("（纬度）", " (latitude)")),
            Some((key, "lon")) => (key, self.say("（经度）", " (longitude)")),
            _ => (name, String::new()),
        };
        let field = forms.iter().find_map(|form| form.field(key));
        let label = field.map_or_else(|| key.to_owned(), |f| self.label(&f.label));
        label + &part
    }

    fn time(&self, text: &str) -> Option<String> {
        let at: jiff::Timestamp = text.parse().ok()?;
        let at = at.to_zoned(self.of.zone.clone());
        Some(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }

    fn title(&mut self, id: &str) -> Option<String> {
        let record = RecordId::parse(id).ok()?;
        if let Some(known) = self.titles.get(&record) {
            return Some(known.clone()).filter(|t| !t.is_empty());
        }
        let found = self.views.record(&record, &self.of.scope).ok()?;
        let title = found.map_or_else(String::new, |r| r.row.title);
        if self.titles.len() < MAX_TITLES {
            self.titles.insert(record, title.clone());
        }
        Some(title).filter(|t| !t.is_empty())
    }

    fn yes(&self, is: bool) -> Json {
        Json::String(if is {
            self.say("是", "yes")
        } else {
            self.say("否", "no")
        })
    }

    /// A value of a field, in words.
    fn value(&mut self, field: &Field, value: &Json) -> Option<Json> {
        let choice = |me: &Self, key: &str| match &field.kind {
            FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices } => choices
                .iter()
                .find(|c| c.key.as_str() == key)
                .map(|c| me.label(&c.label)),
            _ => None,
        };
        let words = match (&field.kind, value) {
            (FieldType::Boolean, Json::Bool(is)) => return Some(self.yes(*is)),
            (FieldType::DateTime, Json::String(text)) => self.time(text)?,
            (FieldType::Reference { .. }, Json::String(id)) => self.title(id)?,
            (FieldType::Decimal { .. }, Json::String(text)) => {
                let number: f64 = text.parse().ok()?;
                return serde_json::Number::from_f64(number).map(Json::Number);
            }
            (FieldType::ChooseOne { .. }, Json::String(key)) => choice(self, key)?,
            (FieldType::ChooseMany { .. }, Json::Array(keys)) => {
                let names = keys.iter().filter_map(Json::as_str);
                let names = names.map(|key| choice(self, key).unwrap_or_else(|| key.to_owned()));
                names.collect::<Vec<_>>().join(&self.say("、", "; "))
            }
            _ => return None,
        };
        Some(Json::String(words))
    }

    /// Puts words in the place of codes.
    pub(super) fn label_record(&mut self, object: &mut Map<String, Json>) {
        let text = |object: &Map<String, Json>, key: &str| {
            object.get(key).and_then(Json::as_str).map(str::to_owned)
        };
        let code = text(object, "form").and_then(|code| FormCode::new(&code).ok());
        let form = code.and_then(|code| self.directory.forms().latest(&code).cloned());
        if let Some(form) = &form {
            object.insert("form".to_owned(), Json::String(self.label(&form.label)));
            let status = text(object, "status").and_then(|key| {
                let lifecycle = form.lifecycle.as_ref()?;
                let found = lifecycle.statuses.iter().find(|s| s.key.as_str() == key)?;
                Some(self.label(&found.label))
            });
            if let Some(status) = status {
                object.insert("status".to_owned(), Json::String(status));
            }
        }
        let grid = text(object, "grid").and_then(|code| AreaCode::new(&code).ok());
        if let Some(area) = grid.and_then(|code| self.directory.area(&code)) {
            object.insert("grid".to_owned(), Json::String(area.name.clone()));
        }
        for key in TIMES {
            if let Some(local) = text(object, key).and_then(|t| self.time(&t)) {
                object.insert(key.to_owned(), Json::String(local));
            }
        }
        for key in ["deleted", "late"] {
            if let Some(Json::Bool(is)) = object.get(key) {
                let words = self.yes(*is);
                object.insert(key.to_owned(), words);
            }
        }
        if let Some(title) = text(object, "household").and_then(|id| self.title(&id)) {
            object.insert("household".to_owned(), Json::String(title));
        }
        let Some(form) = form else { return };
        if let Some(Json::Object(fields)) = object.get_mut("fields") {
            for field in &form.fields {
                let words = fields
                    .get(field.key.as_str())
                    .and_then(|value| self.value(field, value));
                if let Some(words) = words {
                    fields.insert(field.key.to_string(), words);
                }
            }
        }
    }
}
