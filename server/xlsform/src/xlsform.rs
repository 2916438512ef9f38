//! An XLSForm as rows that are understood: questions in their groups, lists, settings; and all that
//! could not be taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::column::Column;
use crate::complaint::{Note, What};
use crate::kind::Kind;
use crate::workbook::Sheet;

/// Groups that lie in each other.
const MAX_DEPTH: usize = 30;
const SURVEY: &str = "survey";
const CHOICES: &str = "choices";

/// A form as an XLSForm says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XlsForm {
    /// Questions and groups, in order.
    pub rows: Vec<Row>,
    /// Choices by the name of their list.
    pub lists: BTreeMap<String, Vec<Choice>>,
    /// Settings by their name.
    pub settings: BTreeMap<String, String>,
    /// What could not be taken as it is written.
    pub notes: Vec<Note>,
}

/// A row of a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, from 1 as a spreadsheet counts.
    pub number: usize,
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// All that is written in it.
    pub cells: BTreeMap<Column, String>,
    /// What lies in it, in order.
    pub rows: Vec<Row>,
}

/// A choice of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is kept.
    pub name: String,
    /// All that is written in it.
    pub cells: BTreeMap<Column, String>,
}

impl Choice {
    /// What it is called in a language, or else at all.
    #[must_use]
    pub fn label(&self, language: &str) -> &str {
        let labels = self
            .cells
            .iter()
            .filter(|(column, _)| column.name == "label");
        let mut labels = labels.map(|(column, text)| (column.language == language, text));
        let first = labels.clone().next();
        let own = labels.find(|(is_own, _)| *is_own).or(first);
        own.map_or("", |(_, text)| text)
    }
}

impl Row {
    /// What is written in a column without a language.
    pub(crate) fn cell(&self, name: &str) -> &str {
        cell(&self.cells, name)
    }
}

pub(crate) fn cell<'a>(cells: &'a BTreeMap<Column, String>, name: &str) -> &'a str {
    let column = Column {
        name: name.to_owned(),
        language: String::new(),
    };
    cells.get(&column).map_or("", String::as_str)
}

/// Understands the sheets of a form.
#[must_use]
pub fn read(sheets: &[Sheet]) -> XlsForm {
    let mut form = XlsForm::default();
    let named = |name: &str| {
        let mut sheets = sheets.iter();
        sheets.find(|sheet| sheet.name.trim().to_lowercase() == name)
    };
    if let Some(sheet) = named("settings") {
        let table = table(sheet, "settings", &mut form.notes);
        if let Some((_, cells)) = table.into_iter().next() {
            let texts = cells.into_iter().map(|(column, text)| (column.name, text));
            form.settings = texts.collect();
        }
    }
    for sheet in [CHOICES, "external_choices"]
        .iter()
        .filter_map(|name| named(name))
    {
        choices(sheet, &mut form);
    }
    match named(SURVEY) {
        Some(sheet) => survey(sheet, &mut form),
        None => form.notes.push(note(SURVEY, 0, "", What::NoSurvey)),
    }
    form
}

pub(crate) fn note(sheet: &str, row: usize, column: &str, what: What) -> Note {
    Note {
        sheet: sheet.to_owned(),
        row,
        column: column.to_owned(),
        what,
    }
}

/// The rows of a sheet that have anything, by the columns of its first such row.
fn table(
    sheet: &Sheet,
    name: &str,
    notes: &mut Vec<Note>,
) -> Vec<(usize, BTreeMap<Column, String>)> {
    let has_any = |row: &[String]| row.iter().any(|cell| !cell.trim().is_empty());
    let mut rows = sheet
        .rows
        .iter()
        .enumerate()
        .filter(|(_, row)| has_any(row));
    let Some((above, headers)) = rows.next() else {
        return Vec::new();
    };
    let mut columns: Vec<Option<Column>> = Vec::new();
    let mut seen = BTreeSet::new();
    for header in headers {
        let column = (!header.trim().is_empty()).then(|| Column::of(header, name));
        if let Some(column) = &column
            && !seen.insert(column.clone())
        {
            notes.push(note(name, above + 1, header.trim(), What::ColumnTwice));
        }
        columns.push(column);
    }
    let cells = |row: &[String]| {
        let mut cells = BTreeMap::new();
        for (column, text) in columns.iter().zip(row) {
            if let (Some(column), false) = (column, text.trim().is_empty()) {
                let entry = cells.entry(column.clone());
                entry.or_insert_with(|| straight(text));
            }
        }
        cells
    };
    let rows = rows.map(|(at, row)| (at + 1, cells(row)));
    rows.filter(|(_, cells)| !cells.is_empty()).collect()
}

/// A text without quotes that bend, which no rule reads.
fn straight(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        })
        .collect()
}

fn choices(sheet: &Sheet, form: &mut XlsForm) {
    let may_repeat = is_yes(
        form.settings
            .get("allow_choice_duplicates")
            .map_or("", |s| s),
    );
    for (number, mut cells) in table(sheet, CHOICES, &mut form.notes) {
        let list = cell(&cells, "list_name").to_owned();
        let name = cell(&cells, "name").to_owned();
        if list.is_empty() {
            continue;
        }
        if name.is_empty() {
            form.notes
                .push(note(CHOICES, number, "name", What::NoChoiceName));
            continue;
        }
        cells.retain(|column, _| column.name != "list_name" && column.name != "name");
        let list = form.lists.entry(list).or_default();
        if !may_repeat && list.iter().any(|choice| choice.name == name) {
            form.notes.push(note(
                CHOICES,
                number,
                "name",
                What::ChoiceTwice(name.clone()),
            ));
        }
        list.push(Choice { name, cells });
    }
}

/// A survey that is being read: what is open, the innermost last.
struct Reading<'a> {
    form: &'a mut XlsForm,
    open: Vec<Row>,
    /// How many that begin were left out, and not ended yet.
    left_out: usize,
}

fn survey(sheet: &Sheet, form: &mut XlsForm) {
    let rows = table(sheet, SURVEY, &mut form.notes);
    let is_type = |(_, cells): &(usize, BTreeMap<Column, String>)| !cell(cells, "type").is_empty();
    if !rows.iter().any(is_type) {
        form.notes.push(note(SURVEY, 0, "type", What::NoSurvey));
    }
    let mut reading = Reading {
        form,
        open: Vec::new(),
        left_out: 0,
    };
    for (number, cells) in rows {
        reading.row(number, cells);
    }
    while let Some(row) = reading.open.pop() {
        let what = What::NotEnded(row.name.clone());
        reading.note(row.number, "type", what);
        reading.put(row);
    }
}

impl Reading<'_> {
    fn note(&mut self, row: usize, column: &str, what: What) {
        self.form.notes.push(note(SURVEY, row, column, what));
    }

    fn put(&mut self, row: Row) {
        let beside = match self.open.last() {
            Some(around) => &around.rows,
            None => &self.form.rows,
        };
        if beside.iter().any(|other| other.name == row.name) {
            self.note(row.number, "name", What::Twice(row.name));
            return;
        }
        match self.open.last_mut() {
            Some(around) => around.rows.push(row),
            None => self.form.rows.push(row),
        }
    }

    fn row(&mut self, number: usize, cells: BTreeMap<Column, String>) {
        let written = cell(&cells, "type").to_owned();
        if is_yes(cell(&cells, "disabled")) {
            return;
        }
        if written.is_empty() {
            self.note(number, "type", What::NoType);
            return;
        }
        let kind = match Kind::of(&written) {
            Some((kind, is_plain)) => {
                if !is_plain {
                    let read_as = written.to_lowercase();
                    self.note(number, "type", What::ReadAs(written, read_as));
                }
                kind
            }
            None => {
                self.note(number, "type", What::UnknownType(written));
                Kind::Question(crate::kind::Asks::Text)
            }
        };
        if kind == Kind::End {
            self.end(number, &cells);
            return;
        }
        if kind == Kind::Nothing {
            return;
        }
        let begins = matches!(
            kind,
            Kind::BeginGroup | Kind::BeginRepeat | Kind::BeginLoop(_)
        );
        if begins && (self.left_out > 0 || self.open.len() >= MAX_DEPTH) {
            self.note(number, "type", What::TooDeep);
            self.left_out += 1;
            return;
        }
        if self.left_out > 0 {
            return;
        }
        let Some(name) = self.name(number, &kind, &cells, begins) else {
            return;
        };
        let row = Row {
            number,
            kind,
            name,
            cells,
            rows: Vec::new(),
        };
        match begins {
            true => self.open.push(row),
            false => self.put(row),
        }
    }

    fn end(&mut self, number: usize, cells: &BTreeMap<Column, String>) {
        if self.left_out > 0 {
            self.left_out -= 1;
            return;
        }
        match self.open.pop() {
            Some(row) => self.put(row),
            None => {
                let name = cell(cells, "name");
                let what = if name.is_empty() {
                    cell(cells, "type")
                } else {
                    name
                };
                self.note(number, "type", What::EndsNothing(what.to_owned()));
            }
        }
    }

    /// The name of a row; what only groups, and what is only read, goes without.
    fn name(
        &mut self,
        number: usize,
        kind: &Kind,
        cells: &BTreeMap<Column, String>,
        begins: bool,
    ) -> Option<String> {
        let name = cell(cells, "name").to_owned();
        let is_note = *kind == Kind::Question(crate::kind::Asks::Note);
        if name.is_empty() {
            return match (begins, is_note) {
                (true, _) => Some(format!("group_{number}")),
                (_, true) => Some(format!("generated_note_name_{number}")),
                _ => {
                    self.note(number, "name", What::NoName);
                    None
                }
            };
        }
        if !is_name(&name) {
            self.note(number, "name", What::BadName(name));
            return None;
        }
        Some(name)
    }
}

/// Whether a text can be the name of a question or group.
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    let begins_well = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    begins_well && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

/// Whether a cell says yes.
pub(crate) fn is_yes(text: &str) -> bool {
    matches!(
        text.trim().to_lowercase().as_str(),
        "yes" | "true" | "true()" | "1"
    )
}

/// Whether a cell says no.
pub(crate) fn is_no(text: &str) -> bool {
    matches!(
        text.trim().to_lowercase().as_str(),
        "no" | "false" | "false()" | "0"
    )
}
