//! CSV after RFC 4180, safe to open in a spreadsheet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::{FieldType, Form};
use serde_json::Value as Json;

use crate::views::StoredRecord;

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

/// What follows the fixed columns.
#[derive(Debug)]
pub(super) struct Columns {
    /// Field key, and `lat` or `lon` for the two columns of a place.
    fields: Vec<(String, Option<&'static str>)>,
}

impl Columns {
    /// One column for each field of the forms in these classes; fields of the same key share one.
    pub(super) fn of(forms: &[Arc<Form>], classes: &BTreeSet<SensitivityClass>) -> Self {
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
        Self { fields }
    }

    pub(super) fn write_header(&self, out: &mut dyn Write) -> io::Result<()> {
        let own = self.fields.iter().map(|(key, part)| match part {
            Some(part) => format!("{key}.{part}"),
            None => key.clone(),
        });
        write_row(FIXED.iter().map(|f| (*f).to_owned()).chain(own), out)
    }

    pub(super) fn write_record(
        &self,
        directory: &Directory,
        record: &StoredRecord,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let object = super::plain(directory, record);
        let fixed = FIXED.iter().map(|key| cell(object.get(*key)));
        let fields = object.get("fields");
        let own = self.fields.iter().map(|(key, part)| {
            let value = fields.and_then(|f| f.get(key));
            cell(match part {
                Some(part) => value.and_then(|v| v.get(*part)),
                None => value,
            })
        });
        write_row(fixed.chain(own), out)
    }
}

fn cell(value: Option<&Json>) -> String {
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
