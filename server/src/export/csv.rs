//! CSV after RFC 4180, safe to open in a spreadsheet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::{FieldType, Form};
use serde_json::{Map, Value as Json};

use super::Picked;

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
const CHOOSABLE: [&str; 8] = [
    "title",
    "missing",
    "household",
    "due_at",
    "due_received_at",
    "assignee",
    "last_visited_at",
    "closed_at",
];

/// Whether a column besides the fields may be chosen.
#[must_use]
pub fn is_column(name: &str) -> bool {
    FIXED.contains(&name) || CHOOSABLE.contains(&name)
}

/// The columns of a table of records.
#[derive(Debug)]
pub(super) struct Columns {
    fixed: Vec<String>,
    /// Field key, and `lat` or `lon` for the two columns of a place.
    fields: Vec<(String, Option<&'static str>)>,
}

impl Columns {
    /// One column for each field of the forms in these classes; fields of the same key share one. What was picked stands in the order it was picked in.
    pub(super) fn of(
        forms: &[Arc<Form>],
        classes: &BTreeSet<SensitivityClass>,
        picked: &Picked,
    ) -> Self {
        let mut fields: Vec<(String, Option<&'static str>)> = Vec::new();
        for form in forms {
            for field in form
                .fields
                .iter()
                .filter(|f| classes.contains(&form.class_of(f)))
            {
                let parts: &[Option<&'static str>] = match field.kind {
                    FieldType::Geopoint => &[Some("lat"), Some("lon")],
                    _ => &[None],
                };
                for part in parts {
                    let column = (field.key.to_string(), *part);
                    if !fields.contains(&column) {
                        fields.push(column);
                    }
                }
            }
        }
        if let Some(keys) = &picked.fields {
            let place = |key: &str| keys.iter().position(|k| k.as_str() == key);
            fields.retain(|(key, _)| place(key).is_some());
            fields.sort_by_key(|(key, _)| place(key));
        }
        let fixed = match &picked.columns {
            Some(columns) => columns.clone(),
            None => FIXED.iter().map(|f| (*f).to_owned()).collect(),
        };
        Self { fixed, fields }
    }

    /// The names of all columns.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let own = self.fields.iter().map(|(key, part)| match part {
            Some(part) => format!("{key}.{part}"),
            None => key.clone(),
        });
        self.fixed.iter().cloned().chain(own)
    }

    /// The values of a record in all columns.
    pub(super) fn values<'a>(
        &'a self,
        object: &'a Map<String, Json>,
    ) -> impl Iterator<Item = Option<&'a Json>> {
        let fields = object.get("fields");
        let own = self.fields.iter().map(move |(key, part)| {
            let value = fields.and_then(|f| f.get(key));
            match part {
                Some(part) => value.and_then(|v| v.get(*part)),
                None => value,
            }
        });
        self.fixed.iter().map(|key| object.get(key)).chain(own)
    }

    pub(super) fn write_header(
        &self,
        heading: impl FnMut(String) -> String,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write_row(self.names().map(heading), out)
    }

    pub(super) fn write_record(
        &self,
        object: &Map<String, Json>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        write_row(self.values(object).map(cell), out)
    }
}

pub(super) fn cell(value: Option<&Json>) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(all)) if all.iter().all(Json::is_string) => all
            .iter()
            .filter_map(Json::as_str)
            .collect::<Vec<_>>()
            .join(";"),
        Some(other) => other.to_string(),
    }
}

fn write_row(cells: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::with_capacity(256);
    for (i, text) in cells.enumerate() {
        if i > 0 {
            line.push(',');
        }
        let guard = is_formula(&text);
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

/// Whether a spreadsheet would take a text for a formula. A plain number is none.
fn is_formula(text: &str) -> bool {
    let first = text.trim_start_matches(' ').chars().next();
    matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    ) && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
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
        write_row(cells.iter().map(|c| (*c).to_owned()), &mut out).unwrap();
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
