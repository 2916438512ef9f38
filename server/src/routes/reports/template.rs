//! Report templates: which records, grouped by what, with which numbers, of which time.
//!
//! What enters: a template as somebody wrote it. What leaves: what it asks of the forms there are, or why it cannot be.
//! What never happens here: a number by people. Who did something is no group, and who is asked for in a filter of none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::Query;
use axum::http::Uri;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{FieldKey, FormCode, SensitivityClass};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::{Field, FieldMeaning, Form, FormMeaning};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::measure::Measure;
use super::period::{Period, Unit};
use super::schedule::Schedule;
use crate::problem::{Answer, Problem};
use crate::routes::records::{RecordQuery, encoded, read_values};
use crate::views::{By, is_counted_by};
use crate::words::{Said, said};

/// The longest name, in characters.
pub const REPORT_NAME_MAX_CHARS: usize = 60;
/// Most groups that are nested.
pub const MAX_GROUPS: usize = 2;
/// Most columns of the list behind a number.
const MAX_COLUMNS: usize = 20;

/// The conditions of the list of records that a template may have. Times are its period's; who did or wrote something is for no report.
const CONDITIONS: [&str; 12] = [
    "form",
    "means",
    "area",
    "status",
    "text",
    "conflict",
    "late",
    "open",
    "overdue",
    "unacknowledged",
    "values",
    "within",
];

/// A report template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportTemplate {
    /// Its name.
    pub name: String,
    /// The area whose people share it; everybody, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Which records, in the words of `GET /v1/records`: `form` or `means`, and of `area status text conflict late open overdue unacknowledged values within` as wanted.
    pub records: BTreeMap<String, String>,
    /// By which of their times they belong to the period: `happened` (visits made, matters reported), `closed` or `due`; as fits the forms when left out. Households stand: for them the period is that of their visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Of which time.
    pub period: Period,
    /// What they are grouped by, at most two: `area` (the grid), `area:` and a level, `status`, `kind`, `accountable`, `field:` and the key of a choice or a yes or no, or `day`, `week`, `month`, `quarter`, `year`.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The numbers: `count`, `closed`, `on_time`, `in_grid`, `response`, `handling`, `satisfaction`, of households `coverage`.
    pub measures: Vec<String>,
    /// The columns of the list behind a number, as the dashboard names them.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Whether each number stands beside that of the time before.
    #[serde(default)]
    pub compare: bool,
    /// When the server makes it by itself and keeps the numbers; never, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
}

/// Which time of a record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Happened,
    Closed,
    Due,
    /// None: they stand, and the period is that of their visits.
    Standing,
}

/// What records are grouped by.
#[derive(Debug, Clone)]
pub(super) enum Group {
    Area(Option<String>),
    Status,
    Field(FieldKey),
    Parts(Unit),
}

impl Group {
    /// What the views group by; none for parts of the time.
    pub(super) fn by(&self) -> Option<By> {
        match self {
            Self::Area(_) => Some(By::Grid),
            Self::Status => Some(By::Status),
            Self::Field(key) => Some(By::Chosen(key.clone())),
            Self::Parts(_) => None,
        }
    }

    /// Its kind, for whoever draws it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Area(_) => "area",
            Self::Status => "status",
            Self::Field(_) => "field",
            Self::Parts(_) => "time",
        }
    }
}

/// A template that fits the forms.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// Of each of its forms the newest version.
    pub(super) forms: Vec<Arc<Form>>,
    pub(super) time: Time,
    pub(super) groups: Vec<Group>,
    pub(super) measures: Vec<Measure>,
    /// The fields that it groups or asks by.
    fields: BTreeSet<FieldKey>,
}

fn wrong(said: Said) -> Problem {
    Problem::bad_request_in(said)
}

/// Words of a query as its text.
pub(super) fn query_text(words: &BTreeMap<String, String>) -> String {
    let pair = |(key, value): (&String, &String)| format!("{key}={}", encoded(value));
    words.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Words of a query as the list of records reads them.
pub(super) fn read_words(words: &BTreeMap<String, String>) -> Answer<RecordQuery> {
    let unread = || wrong(said!("report_conditions"));
    let uri: Uri = format!("/?{}", query_text(words))
        .parse()
        .map_err(|_| unread())?;
    let read = Query::<RecordQuery>::try_from_uri(&uri);
    read.map(|Query(query)| query).map_err(|_| unread())
}

impl Checked {
    /// The field of a key in any of the forms.
    pub(super) fn field(&self, key: &FieldKey) -> Option<(&Form, &Field)> {
        let forms = self.forms.iter();
        let mut found = forms.filter_map(|form| Some((&**form, form.field(key.as_str())?)));
        found.next()
    }

    /// Refuses who may not read every field that it groups or asks by.
    pub(super) fn may_read(&self, classes: &BTreeSet<SensitivityClass>) -> Answer<()> {
        for key in &self.fields {
            let hidden = self.forms.iter().any(|form| {
                let field = form.field(key.as_str());
                field.is_some_and(|field| !classes.contains(&form.class_of(field)))
            });
            if hidden {
                return Err(Problem::new(crate::problem::Code::Forbidden)
                    .because_in(said!("report_class", field = key.as_str())));
            }
        }
        Ok(())
    }

    /// The name of a group, for its heading.
    pub(super) fn heading(&self, group: &Group, locale: Locale) -> String {
        match group {
            Group::Area(_) => said!("report_area").text(locale),
            Group::Status => said!("report_status").text(locale),
            Group::Parts(Unit::Day) => said!("report_day").text(locale),
            Group::Parts(Unit::Week) => said!("report_week").text(locale),
            Group::Parts(Unit::Month) => said!("report_month").text(locale),
            Group::Parts(Unit::Quarter) => said!("report_quarter").text(locale),
            Group::Parts(Unit::Year) => said!("report_year").text(locale),
            Group::Field(key) => match self.field(key) {
                Some((_, field)) => locale.pick(&field.label).to_owned(),
                None => key.to_string(),
            },
        }
    }
}

/// The newest versions of the forms that a template's words name.
fn forms_of(directory: &Directory, words: &BTreeMap<String, String>) -> Answer<Vec<Arc<Form>>> {
    let all = directory.forms();
    let mut codes: Option<BTreeSet<FormCode>> = None;
    if let Some(text) = words.get("form") {
        let mut named = BTreeSet::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            let code = FormCode::new(word).ok().filter(|code| all.has(code));
            named.insert(code.ok_or_else(|| wrong(said!("report_no_form", form = word)))?);
        }
        codes = Some(named);
    }
    if let Some(text) = words.get("means") {
        let meaning = FormMeaning::parse(text);
        let meaning = meaning.ok_or_else(|| wrong(said!("report_no_form", form = text)))?;
        let mean = all.that_mean(meaning);
        codes = Some(match codes {
            Some(named) => &named & &mean,
            None => mean,
        });
    }
    let forms: Vec<Arc<Form>> = codes
        .into_iter()
        .flatten()
        .filter_map(|code| all.latest(&code).cloned())
        .collect();
    match forms.is_empty() {
        true => Err(wrong(said!("report_which_form"))),
        false => Ok(forms),
    }
}

fn time_of(forms: &[Arc<Form>], by: Option<&str>) -> Answer<Time> {
    let all = |fits: fn(&Form) -> bool| forms.iter().all(|form| fits(form));
    let happens = all(Form::tells_of_a_time);
    let is_due = all(|form| form.field_for(FieldMeaning::Due).is_some());
    let is_work = all(|form| form.lifecycle.is_some());
    let stands = all(|form| form.is(FormMeaning::Household));
    let time = match by {
        None if happens => Time::Happened,
        None if stands => Time::Standing,
        None if is_due => Time::Due,
        Some("happened") if happens => Time::Happened,
        Some("closed") if is_work => Time::Closed,
        Some("due") if is_due => Time::Due,
        _ => return Err(wrong(said!("report_time"))),
    };
    Ok(time)
}

fn group_of(forms: &[Arc<Form>], text: &str) -> Answer<Group> {
    let unknown = || wrong(said!("report_group", group = text));
    let meant = |meaning: FieldMeaning| {
        let field = forms.iter().find_map(|form| form.field_for(meaning));
        field.map(|field| Group::Field(field.key.clone()))
    };
    if let Some(unit) = Unit::parse(text) {
        return Ok(Group::Parts(unit));
    }
    let group = match text {
        "area" => Some(Group::Area(None)),
        "status" => Some(Group::Status),
        "kind" => meant(FieldMeaning::Kind),
        "accountable" => meant(FieldMeaning::Accountable),
        other => match (other.strip_prefix("area:"), other.strip_prefix("field:")) {
            (Some(level), _) if !level.is_empty() => Some(Group::Area(Some(level.to_owned()))),
            (_, Some(key)) => FieldKey::new(key).ok().map(Group::Field),
            _ => None,
        },
    };
    let group = group.ok_or_else(unknown)?;
    let fits = match &group {
        Group::Status => forms.iter().any(|form| form.lifecycle.is_some()),
        Group::Field(key) => forms.iter().any(|form| {
            let field = form.field(key.as_str());
            field.is_some_and(|field| is_counted_by(form, field))
        }),
        Group::Area(_) | Group::Parts(_) => true,
    };
    match fits {
        true => Ok(group),
        false => Err(unknown()),
    }
}

impl ReportTemplate {
    /// What it asks of the forms there are.
    ///
    /// # Errors
    /// When it cannot be, with the reason.
    pub(super) fn check(&self, directory: &Directory) -> Answer<Checked> {
        let name = self.name.trim();
        let is_named = (1..=REPORT_NAME_MAX_CHARS).contains(&name.chars().count())
            && !name.chars().any(char::is_control);
        if !is_named {
            return Err(wrong(said!("report_name", most = REPORT_NAME_MAX_CHARS)));
        }
        if let Some(word) = self
            .records
            .keys()
            .find(|word| !CONDITIONS.contains(&word.as_str()))
        {
            return Err(wrong(said!("report_condition", word = word)));
        }
        read_words(&self.records)?;
        let forms = forms_of(directory, &self.records)?;
        let time = time_of(&forms, self.by.as_deref())?;
        if self.groups.len() > MAX_GROUPS {
            return Err(wrong(said!("report_groups", most = MAX_GROUPS)));
        }
        let groups = self
            .groups
            .iter()
            .map(|text| group_of(&forms, text))
            .collect::<Answer<Vec<_>>>()?;
        let of_time = |group: &&Group| matches!(group, Group::Parts(_));
        let is_twice = self.groups.len() == 2 && self.groups.first() == self.groups.last();
        if is_twice || groups.iter().filter(of_time).count() > 1 {
            return Err(wrong(said!("report_groups", most = MAX_GROUPS)));
        }
        if time == Time::Standing && groups.iter().any(|group| of_time(&group)) {
            return Err(wrong(said!("report_stands")));
        }
        let mut measures = Vec::new();
        for text in &self.measures {
            let found = Measure::parse(text).filter(|measure| measure.fits(&forms));
            let found = found.ok_or_else(|| wrong(said!("report_measure", measure = text)))?;
            if !measures.contains(&found) {
                measures.push(found);
            }
        }
        if measures.is_empty() {
            return Err(wrong(said!("report_no_measure")));
        }
        let mut fields: BTreeSet<FieldKey> = BTreeSet::new();
        for group in &groups {
            if let Group::Field(key) = group {
                fields.insert(key.clone());
            }
        }
        let values = self.records.get("values").map(|text| read_values(text));
        for chosen in values.transpose()?.unwrap_or_default() {
            let is_known = forms.iter().any(|form| {
                let field = form.field(chosen.field.as_str());
                field.is_some_and(|field| is_counted_by(form, field))
            });
            if !is_known {
                let field = chosen.field.as_str();
                return Err(wrong(said!("report_group", group = field)));
            }
            fields.insert(chosen.field);
        }
        if self.columns.len() > MAX_COLUMNS || self.columns.iter().any(|c| c.len() > 80) {
            return Err(wrong(said!("report_columns", most = MAX_COLUMNS)));
        }
        if let Some(schedule) = &self.schedule {
            schedule.check()?;
        }
        Ok(Checked {
            forms,
            time,
            groups,
            measures,
            fields,
        })
    }
}
