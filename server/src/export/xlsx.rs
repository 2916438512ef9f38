//! A workbook of one sheet, for people who open records in a spreadsheet.
//!
//! It is made in memory, never in a file: what is exported may be personal.

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use serde_json::Value as Json;

use super::{ExportError, csv};

/// Most records of one workbook.
pub const MAX_XLSX_ROWS: u32 = 50_000;
/// A cell of a spreadsheet holds no more characters.
const MAX_CELL_CHARS: usize = 32_767;
/// Numbers from this on lose digits in a spreadsheet, so they are written as text.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The sheet as it grows.
#[derive(Default)]
pub(super) struct Sheet {
    sheet: Worksheet,
    rows: u32,
}

impl From<XlsxError> for ExportError {
    fn from(error: XlsxError) -> Self {
        Self::Workbook(error.to_string())
    }
}

impl Sheet {
    pub(super) fn write_header(
        &mut self,
        names: impl Iterator<Item = String>,
    ) -> Result<(), ExportError> {
        let bold = Format::new().set_bold();
        for (column, name) in (0u16..).zip(names) {
            self.sheet
                .write_string_with_format(0, column, name, &bold)?;
        }
        self.sheet.set_freeze_panes(1, 0)?;
        Ok(())
    }

    pub(super) fn write_record<'a>(
        &mut self,
        values: impl Iterator<Item = Option<&'a Json>>,
    ) -> Result<(), ExportError> {
        if self.rows == MAX_XLSX_ROWS {
            return Err(ExportError::TooMany);
        }
        self.rows += 1;
        for (column, value) in (0u16..).zip(values) {
            match value {
                None | Some(Json::Null) => {}
                Some(Json::Bool(is)) => {
                    self.sheet.write_boolean(self.rows, column, *is)?;
                }
                Some(Json::Number(n)) if n.as_f64().is_some_and(|n| n.abs() < MAX_EXACT) => {
                    let n = n.as_f64().unwrap_or_default();
                    self.sheet.write_number(self.rows, column, n)?;
                }
                other => {
                    let text: String = csv::cell(other).chars().take(MAX_CELL_CHARS).collect();
                    self.sheet.write_string(self.rows, column, text)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, ExportError> {
        let mut workbook = Workbook::new();
        workbook.push_worksheet(self.sheet);
        Ok(workbook.save_to_buffer()?)
    }
}
