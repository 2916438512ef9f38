//! A workbook, for people who open records in a spreadsheet: a sheet of the records, and one for the items of each
//! group, as many rows as there are items.
//!
//! It is made in memory, never in a file: what is exported may be personal.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::{Field, FieldType};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use serde_json::{Map, Value as Json};

use super::ExportError;
use super::cell::{Cell, exact};
use super::csv::Columns;
use super::labels::Labeller;
use crate::words::said;

/// Most records of one workbook.
pub const MAX_XLSX_ROWS: u32 = 50_000;
/// Rows of any sheet, its heading not counted.
const MAX_SHEET_ROWS: u32 = 1_048_575;
/// UTF-16 units that a cell of a spreadsheet holds.
const MAX_CELL_UNITS: usize = 32_767;
/// Characters of a sheet's name.
const MAX_NAME_CHARS: usize = 31;

/// One sheet as it grows.
#[derive(Default)]
struct Sheet {
    sheet: Worksheet,
    rows: u32,
}

/// The sheet of the items of a group.
struct Items {
    sheet: Sheet,
    name: String,
}

/// The workbook as it grows.
pub(super) struct Book<'a> {
    columns: &'a Columns,
    records: Sheet,
    /// By the key of the group.
    groups: BTreeMap<String, Items>,
    moments: Format,
    days: Format,
    bold: Format,
}

impl From<XlsxError> for ExportError {
    fn from(error: XlsxError) -> Self {
        Self::Workbook(error.to_string())
    }
}

impl<'a> Book<'a> {
    pub(super) fn new(columns: &'a Columns) -> Self {
        Self {
            columns,
            records: Sheet::default(),
            groups: BTreeMap::new(),
            moments: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            days: Format::new().set_num_format("yyyy-mm-dd"),
            bold: Format::new().set_bold(),
        }
    }

    pub(super) fn write_header(&mut self, labeller: &Labeller<'_>) -> Result<(), ExportError> {
        let names = self.columns.names().map(|name| labeller.heading(&name));
        self.records.header(names, &self.bold)?;
        Ok(self
            .records
            .sheet
            .set_name(labeller.say(&said!("sheet_records")))
            .map(drop)?)
    }

    pub(super) fn write_record(
        &mut self,
        object: &Map<String, Json>,
        labeller: &mut Labeller<'_>,
    ) -> Result<(), ExportError> {
        if self.records.rows == MAX_XLSX_ROWS {
            return Err(ExportError::TooMany);
        }
        let fields = object.get("fields").and_then(Json::as_object);
        for key in self.columns.keys() {
            let value = fields.and_then(|f| f.get(key)).and_then(Json::as_array);
            let group = labeller.field_of(key);
            let group = group.filter(|f| matches!(f.kind, FieldType::Group { .. }));
            if let (Some(items), Some(group)) = (value, group) {
                self.write_items(object, &group, items, labeller)?;
            }
        }
        self.records.rows += 1;
        let row = self.records.rows;
        let cells: Vec<Cell> = self.columns.cells(object, labeller).collect();
        let keys = self.columns.names();
        for ((column, cell), key) in (0u16..).zip(cells).zip(keys) {
            let cell = match cell {
                Cell::Items(items) => self.in_one(&key, items, labeller),
                other => other,
            };
            self.put(None, (row, column), cell, labeller)?;
        }
        Ok(())
    }

    /// The items of a group in a cell of their record, where they fit; else where they stand.
    fn in_one(&self, key: &str, items: Vec<String>, labeller: &Labeller<'_>) -> Cell {
        let text = items.join("\n");
        let known = self.groups.get(key);
        match known.filter(|_| units(&text) > MAX_CELL_UNITS) {
            None => Cell::Text(text),
            Some(Items { name, .. }) => {
                let n = items.len();
                Cell::Text(labeller.say(&said!("cell_items_elsewhere", n = n, sheet = name)))
            }
        }
    }

    /// One row an item: the record it is of, then its members.
    fn write_items(
        &mut self,
        object: &Map<String, Json>,
        group: &Field,
        items: &[Json],
        labeller: &mut Labeller<'_>,
    ) -> Result<(), ExportError> {
        let key = group.key.to_string();
        if !self.groups.contains_key(&key) {
            let FieldType::Group { members, .. } = &group.kind else {
                return Ok(());
            };
            let mut sheet = Sheet::default();
            let name = self.free_name(&labeller.heading(&key));
            sheet.sheet.set_name(&name)?;
            let people = labeller.is_for_people();
            let mut names = vec![labeller.heading("record_id")];
            names.push(labeller.heading(if people { "title" } else { "key" }));
            let labels = members.iter().map(|member| match people {
                true => labeller.label(&member.label),
                false => member.key.to_string(),
            });
            names.extend(labels);
            sheet.header(names.into_iter(), &self.bold)?;
            self.groups.insert(key.clone(), Items { sheet, name });
        }
        for item in items {
            let Some(Items { sheet, .. }) = self.groups.get_mut(&key) else {
                return Ok(());
            };
            if sheet.rows == MAX_SHEET_ROWS {
                return Err(ExportError::TooMany);
            }
            sheet.rows += 1;
            let row = sheet.rows;
            let second = match labeller.is_for_people() {
                true => object.get("title"),
                false => item.get("key"),
            };
            let mut cells = vec![Cell::of(object.get("record_id")), Cell::of(second)];
            let members = labeller.members(group, item);
            cells.extend(members.into_iter().map(|(_, cell)| cell));
            for (column, cell) in (0u16..).zip(cells) {
                self.put(Some(&key), (row, column), cell, labeller)?;
            }
        }
        Ok(())
    }

    /// A name that a sheet may have and none has yet.
    fn free_name(&self, wanted: &str) -> String {
        let allowed = |c: &char| !"[]:*?/\\'".contains(*c) && !c.is_control();
        let taken: BTreeSet<&str> = self.groups.values().map(|g| g.name.as_str()).collect();
        let plain: String = wanted
            .chars()
            .filter(allowed)
            .take(MAX_NAME_CHARS - 3)
            .collect();
        let plain = if plain.trim().is_empty() {
            "items".to_owned()
        } else {
            plain
        };
        let numbered = (2..100).map(|n| format!("{plain} {n}"));
        let mut all = std::iter::once(plain.clone()).chain(numbered);
        let records = said!("sheet_records");
        let ours = [Locale::Zh, Locale::En].map(|locale| records.text(locale));
        all.find(|name| !taken.contains(name.as_str()) && !ours.contains(name))
            .unwrap_or(plain)
    }

    fn put(
        &mut self,
        group: Option<&str>,
        (row, column): (u32, u16),
        cell: Cell,
        labeller: &Labeller<'_>,
    ) -> Result<(), ExportError> {
        let sheet = match group.and_then(|key| self.groups.get_mut(key)) {
            Some(items) => &mut items.sheet.sheet,
            None => &mut self.records.sheet,
        };
        let text = match cell {
            Cell::Empty => return Ok(()),
            Cell::Bool(is) => return Ok(sheet.write_boolean(row, column, is).map(drop)?),
            Cell::Number(text) => match exact(&text) {
                Some(n) => return Ok(sheet.write_number(row, column, n).map(drop)?),
                None => text,
            },
            Cell::Moment(text, at) => match moment(at) {
                Some(at) => {
                    sheet.write_datetime_with_format(row, column, at, &self.moments)?;
                    return Ok(());
                }
                None => text,
            },
            Cell::Day(text, day) => match moment(day.at(0, 0, 0, 0)) {
                Some(day) => {
                    sheet.write_datetime_with_format(row, column, day, &self.days)?;
                    return Ok(());
                }
                None => text,
            },
            other => other.text(),
        };
        sheet.write_string(row, column, shortened(text, labeller))?;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, ExportError> {
        let mut workbook = Workbook::new();
        workbook.push_worksheet(self.records.sheet);
        for items in self.groups.into_values() {
            workbook.push_worksheet(items.sheet.sheet);
        }
        Ok(workbook.save_to_buffer()?)
    }
}

impl Sheet {
    fn header(
        &mut self,
        names: impl Iterator<Item = String>,
        bold: &Format,
    ) -> Result<(), ExportError> {
        for (column, name) in (0u16..).zip(names) {
            self.sheet.write_string_with_format(0, column, name, bold)?;
        }
        self.sheet.set_freeze_panes(1, 0)?;
        Ok(())
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A text as long as a cell holds; one that is longer says that it is, at its end.
fn shortened(text: String, labeller: &Labeller<'_>) -> String {
    let all = units(&text);
    if all <= MAX_CELL_UNITS {
        return text;
    }
    let note = labeller.say(&said!("cell_cut"));
    let room = MAX_CELL_UNITS - units(&note);
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.len_utf16();
        if used > room {
            break;
        }
        out.push(c);
    }
    out + &note
}

/// A moment as a spreadsheet counts it; none for years that it does not know.
fn moment(at: jiff::civil::DateTime) -> Option<ExcelDateTime> {
    let year = u16::try_from(at.year()).ok().filter(|y| *y >= 1900)?;
    let (month, day) = (u8::try_from(at.month()).ok()?, u8::try_from(at.day()).ok()?);
    let (hour, minute) = (
        u16::try_from(at.hour()).ok()?,
        u8::try_from(at.minute()).ok()?,
    );
    ExcelDateTime::from_ymd(year, month, day)
        .and_then(|d| d.and_hms(hour, minute, f64::from(at.second())))
        .ok()
}
