//! A form's file as sheets of texts: a workbook of after or before 2007, or one table.
//!
//! Hidden rows, columns and sheets are read like all others; of merged cells the first has the value.

use std::io::{Cursor, Read as _};

use calamine::{Data, Reader, Xls, Xlsx};

/// Largest file that is read.
pub const MAX_FILE_BYTES: usize = 32 << 20;
/// What the sheets of a workbook may come to when they are unpacked.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// Most rows of a sheet.
const MAX_ROWS: usize = 100_000;
/// Most columns of a sheet.
const MAX_COLUMNS: usize = 1_000;
/// Longest text of a cell, as a spreadsheet holds it.
const MAX_CELL_CHARS: usize = 32_767;

/// How a workbook begins.
const ZIP: &[u8] = b"PK\x03\x04";
/// How a workbook of before 2007 begins.
const OLD: &[u8] = b"\xd0\xcf\x11\xe0";

/// A sheet of a form's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Its name as it is written.
    pub name: String,
    /// Its rows, from the first of the sheet.
    pub rows: Vec<Vec<String>>,
}

/// Why a file can't be read as a form's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Larger than is read.
    #[error("the file is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// Its sheets come to more than is read.
    #[error("the file unpacks to more than {MAX_UNPACKED_BYTES} bytes")]
    Unpacked,
    /// A sheet has more rows or columns than are read.
    #[error("the sheet {0} has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns")]
    Sheet(String),
    /// It is neither a workbook nor a table.
    #[error("the file is no workbook and no table: {0}")]
    Broken(String),
}

/// The sheets of a file.
///
/// # Errors
/// When it is none, or larger than is read.
pub fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, FileError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(FileError::TooLarge);
    }
    let broken = |error: &dyn std::fmt::Display| FileError::Broken(error.to_string());
    if bytes.starts_with(ZIP) {
        unpacks(bytes)?;
        let book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
        return of_book(book);
    }
    if bytes.starts_with(OLD) {
        let book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
        return of_book(book);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| broken(&e))?;
    of_table(text.trim_start_matches('\u{feff}'))
}

fn unpacks(bytes: &[u8]) -> Result<(), FileError> {
    let broken = |error: &dyn std::fmt::Display| FileError::Broken(error.to_string());
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
    let mut left = MAX_UNPACKED_BYTES;
    for at in 0..parts.len() {
        // What it says of its own size need not be so.
        let part = parts.by_index(at).map_err(|e| broken(&e))?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        left = left
            .checked_sub(read.map_err(|e| broken(&e))?)
            .ok_or(FileError::Unpacked)?;
    }
    Ok(())
}

fn of_book<R: Reader<Cursor<B>>, B: AsRef<[u8]>>(mut book: R) -> Result<Vec<Sheet>, FileError>
where
    R::Error: std::fmt::Display,
{
    let mut out = Vec::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name);
        let range = range.map_err(|error| FileError::Broken(error.to_string()))?;
        let (above, left) = range.start().unwrap_or((0, 0));
        let (above, left) = (above as usize, left as usize);
        if above + range.height() > MAX_ROWS || left + range.width() > MAX_COLUMNS {
            return Err(FileError::Sheet(name));
        }
        let mut rows = vec![Vec::new(); above];
        for row in range.rows() {
            let mut cells = vec![String::new(); left];
            cells.extend(row.iter().map(text));
            rows.push(cells);
        }
        out.push(Sheet { name, rows });
    }
    Ok(out)
}

/// A cell as whoever wrote it reads it: whole numbers without a point, days without a time.
fn text(cell: &Data) -> String {
    let text = match cell {
        Data::String(text) => text.clone(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        Data::Float(number) => format!("{number}"),
        Data::Int(number) => number.to_string(),
        Data::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(at) => moment(at),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(_) | Data::Empty => String::new(),
    };
    match text.char_indices().nth(MAX_CELL_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// A day, time or both, as a form writes them.
fn moment(at: &calamine::ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let days = at.as_f64();
    if days < 1.0 {
        return format!("{hour:02}:{minute:02}:{second:02}");
    }
    let day = format!("{year:04}-{month:02}-{day:02}");
    match days.fract() == 0.0 {
        true => day,
        false => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
    }
}

/// One table that holds several sheets: a name in the first column begins each.
fn of_table(text: &str) -> Result<Vec<Sheet>, FileError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut out: Vec<Sheet> = Vec::new();
    let mut above = 0;
    for row in reader.records() {
        let row = row.map_err(|error| FileError::Broken(error.to_string()))?;
        above += 1;
        if above > MAX_ROWS || row.len() > MAX_COLUMNS {
            return Err(FileError::Sheet(String::new()));
        }
        let first = row.get(0).unwrap_or_default().trim();
        let rest: Vec<String> = row.iter().skip(1).map(str::to_owned).collect();
        let is_name = !first.is_empty() && rest.iter().all(|cell| cell.trim().is_empty());
        if is_name {
            out.push(Sheet {
                name: first.to_owned(),
                rows: Vec::new(),
            });
        } else if let Some(sheet) = out.last_mut() {
            sheet.rows.push(rest);
        }
    }
    match out.is_empty() {
        true => Err(FileError::Broken("it has no sheet".to_owned())),
        false => Ok(out),
    }
}
