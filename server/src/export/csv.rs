//! CSV after RFC 4180, safe to open in a spreadsheet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::{Field, FieldMeaning, FieldType, Form};
use serde_json::{Map, Value as Json};

use super::Picked;
use super::cell::Cell;
use super::labels::Labeller;

/// The columns that every record has, in the order of a file that nobody chose columns for.
const FIXED: [&str; 10] = [
    "record_id",
    "grid",
    "form",
    "status",
    "deleted",
    "conflicts",
    "late",
    "captured_at",
    "changed_at",
    "received_at",
];

/// More columns that may be chosen.
const CHOOSABLE: [&str; 10] = [
    "title",
    "made_by",
    "missing",
    "household",
    "due_at",
    "due_received_at",
    "assignee",
    "last_visited_at",
    "closed_at",
    "clock_wrong",
];

/// All columns besides the fields.
pub fn all_columns() -> impl Iterator<Item = &'static str> {
    FIXED.into_iter().chain(CHOOSABLE)
}

/// Whether a column besides the fields may be chosen.
#[must_use]
pub fn is_column(name: &str) -> bool {
    FIXED.contains(&name) || CHOOSABLE.contains(&name)
}

/// A column of a field: of a place its latitude or longitude.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldColumn {
    key: String,
    part: Option<&'static str>,
}

/// The columns of a table of records.
#[derive(Debug)]
pub(super) struct Columns {
    fixed: Vec<String>,
    fields: Vec<FieldColumn>,
    /// Whether the file is for people: what a spreadsheet would run is made harmless. One for programs holds what the
    /// records hold.
    for_people: bool,
}

/// Whether a column besides the fields always says what a field says.
fn says_the_same(column: &str, form: &Form, field: &Field) -> bool {
    match column {
        "title" => form.title.as_ref() == Some(&field.key),
        "household" => field.meaning() == Some(FieldMeaning::Household),
        "due_at" => field.meaning() == Some(FieldMeaning::Due),
        "assignee" => field.meaning() == Some(FieldMeaning::Doer),
        "closed_at" => field.meaning() == Some(FieldMeaning::Closed),
        _ => false,
    }
}

impl Columns {
    /// One column for each field of the forms in these classes, whichever version has it; fields of the same key share one, and one that says what a chosen column says has none besides. What was picked stands in the order it was picked in.
    pub(super) fn of(
        forms: &[Arc<Form>],
        classes: &BTreeSet<SensitivityClass>,
        picked: &Picked,
        for_people: bool,
    ) -> Self {
        let fixed = match &picked.columns {
            Some(columns) => {
                let mut seen = BTreeSet::new();
                let once = columns.iter().filter(|c| seen.insert(*c));
                once.cloned().collect()
            }
            None => FIXED.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>(),
        };
        let mut fields: Vec<FieldColumn> = Vec::new();
        for form in forms {
            for field in form
                .fields
                .iter()
                .filter(|f| classes.contains(&form.class_of(f)))
                .filter(|f| {
                    !fixed
                        .iter()
                        .any(|c| c == f.key.as_str() && says_the_same(c, form, f))
                })
            {
                let parts: &[Option<&'static str>] = match field.kind {
                    FieldType::Geopoint => &[Some("lat"), Some("lon")],
                    // A program tells people apart by their ids.
                    FieldType::Person if !for_people => &[None, Some("user_id")],
                    _ => &[None],
                };
                for part in parts {
                    let column = FieldColumn {
                        key: field.key.to_string(),
                        part: *part,
                    };
                    if !fields.contains(&column) {
                        fields.push(column);
                    }
                }
            }
        }
        if let Some(keys) = &picked.fields {
            let place = |key: &str| keys.iter().position(|k| k.as_str() == key);
            fields.retain(|f| place(&f.key).is_some());
            fields.sort_by_key(|f| place(&f.key));
        }
        Self {
            fixed,
            fields,
            for_people,
        }
    }

    /// Whether a column besides the fields is among them.
    pub(super) fn has(&self, column: &str) -> bool {
        self.fixed.iter().any(|c| c == column)
    }

    /// The names of all columns. A field that has the name of another column is told apart.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let own = self.fields.iter().map(|field| match field.part {
            Some(part) => format!("{}.{part}", field.key),
            None if self.fixed.contains(&field.key) => format!("fields.{}", field.key),
            None => field.key.clone(),
        });
        self.fixed.iter().cloned().chain(own)
    }

    /// The keys of fields that have a column.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.key.as_str())
    }

    /// The values of a record in all columns.
    pub(super) fn cells<'a>(
        &'a self,
        object: &'a Map<String, Json>,
        labeller: &'a mut Labeller<'_>,
    ) -> impl Iterator<Item = Cell> {
        let fields = object.get("fields").and_then(Json::as_object);
        let mut cells: Vec<Cell> = Vec::with_capacity(self.fixed.len() + self.fields.len());
        for column in &self.fixed {
            cells.push(labeller.column(column, object));
        }
        for field in &self.fields {
            let value = fields.and_then(|f| f.get(&field.key));
            cells.push(match (value, field.part) {
                (None, _) => Cell::Empty,
                (Some(value), Some(part)) => Cell::of(value.get(part)),
                (Some(value), None) => labeller.field(&field.key, value),
            });
        }
        cells.into_iter()
    }

    pub(super) fn write_header(
        &self,
        heading: impl FnMut(String) -> String,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write_row(self.names().map(heading), self.for_people, out)
    }

    pub(super) fn write_record(
        &self,
        object: &Map<String, Json>,
        labeller: &mut Labeller<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let cells = self.cells(object, labeller);
        write_row(cells.map(Cell::text), self.for_people, out)
    }
}

fn write_row(
    cells: impl Iterator<Item = String>,
    for_people: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut line = String::with_capacity(256);
    for (i, text) in cells.enumerate() {
        if i > 0 {
            line.push(',');
        }
        let guard = for_people && is_formula(&text);
        if guard
            || text.contains(['"', ',', '\n', '\r'])
            || text.starts_with(' ')
            || text.ends_with(' ')
        {
            line.push('"');
            if guard {
                line.push('\'');
            }
            line.push_str(&text.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&text);
        }
    }
    line.push_str("\r\n");
    out.write_all(line.as_bytes())
}

/// Whether a spreadsheet would take a text for a formula. A plain number is none, nor is a telephone number with its
/// plus sign.
fn is_formula(text: &str) -> bool {
    let first = text.trim_start_matches(' ').chars().next();
    matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    ) && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut out = Vec::new();
        write_row(cells.iter().map(|c| (*c).to_owned()), true, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_and_never_run() {
        assert_eq!(row(&["a", "", "-12.5", "张三"]), "a,,-12.5,张三\r\n");
        assert_eq!(
            row(&["a,b", "say \"x\"", "two\nlines"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\r\n"
        );
        assert_eq!(row(&["=1+1"]), "\"'=1+1\"\r\n");
        assert_eq!(row(&["+8613800138000"]), "+8613800138000\r\n");
        for risky in [
            "=cmd|' /C calc'!A0",
            "+1+cmd",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            " =1",
            "＝1",
            "-",
        ] {
            assert!(row(&[risky]).starts_with("\"'"), "{risky:?}");
        }
    }
}
