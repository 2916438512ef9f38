//! The bytes of a file as a table in UTF-8: judged on the whole file, before any of it is read.
//!
//! What enters: a file as an office has it: UTF-8, UTF-16, GB18030 as Chinese spreadsheets save it, or a workbook.
//! What leaves: the same rows in UTF-8. What never happens here: a character put in the place of one that could not
//! be read; a file that is not all of one encoding is refused whole.

use std::io::{Cursor, Read};

use calamine::{Data, Reader as _, Xlsx};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::table_error::TableError;

/// Files up to this size are judged whole; larger ones must be UTF-8 and are read as they come.
pub(super) const MAX_JUDGED_BYTES: u64 = 64 << 20;
/// What the sheets of a workbook may come to when they are unpacked.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;

/// How a workbook begins.
const ZIP: &[u8] = b"PK\x03\x04";
/// How a workbook of before 2007 begins.
const OLD_WORKBOOK: &[u8] = b"\xd0\xcf\x11\xe0";

/// A file in UTF-8.
pub(super) struct Decoded<R> {
    pub(super) whole: Cursor<Vec<u8>>,
    /// What of a large file is not in `whole`.
    pub(super) rest: Option<R>,
}

/// Reads a file and gives it in UTF-8.
///
/// # Errors
/// When it is in no encoding that is known, or not all of it in one.
pub(super) fn decode<R: Read>(mut file: R) -> Result<Decoded<R>, TableError> {
    let mut bytes = Vec::new();
    let whole = (&mut file).take(MAX_JUDGED_BYTES).read_to_end(&mut bytes)? as u64;
    if whole == MAX_JUDGED_BYTES {
        return Ok(Decoded {
            whole: Cursor::new(bytes),
            rest: Some(file),
        });
    }
    let text = if bytes.starts_with(ZIP) {
        workbook(bytes)?
    } else if bytes.starts_with(OLD_WORKBOOK) {
        return Err(TableError::OldWorkbook);
    } else {
        text(bytes)?
    };
    Ok(Decoded {
        whole: Cursor::new(text),
        rest: None,
    })
}

fn text(bytes: Vec<u8>) -> Result<Vec<u8>, TableError> {
    let marked = Encoding::for_bom(&bytes);
    if let Some((encoding, mark)) = marked.filter(|(encoding, _)| *encoding != UTF_8) {
        let known = [UTF_16LE, UTF_16BE].contains(&encoding);
        let read = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
        let read = read.filter(|_| known).ok_or(TableError::NotOneEncoding)?;
        return Ok(read.into_owned().into_bytes());
    }
    if std::str::from_utf8(&bytes).is_ok() {
        return Ok(bytes);
    }
    let read = GB18030.decode_without_bom_handling_and_without_replacement(&bytes);
    // Any bytes in pairs are some Chinese: only what people write is believed.
    let read = read.filter(|text| is_mostly_common(&bytes) && text.chars().all(is_written));
    let read = read.ok_or(TableError::NotOneEncoding)?;
    Ok(read.into_owned().into_bytes())
}

/// Whether four of five pairs of bytes are of the common characters, which lie together; letters with accents of other
/// encodings make pairs that do not.
fn is_mostly_common(bytes: &[u8]) -> bool {
    let (mut pairs, mut common) = (0u64, 0u64);
    let mut rest = bytes;
    while let [lead, after @ ..] = rest {
        rest = after;
        if *lead < 0x80 {
            continue;
        }
        let [trail, after @ ..] = after else { break };
        rest = after;
        pairs += 1;
        common += u64::from((0xa1..=0xf7).contains(lead) && *trail >= 0xa1);
    }
    common * 5 >= pairs * 4
}

/// Whether a character stands in texts of offices: ASCII, Chinese characters in use, and signs beside them.
fn is_written(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | ' '..='~'
        | '\u{a4}'..='\u{b7}' | '\u{d7}' | '\u{f7}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{203b}' | '\u{2103}' | '\u{2116}'
        | '\u{2160}'..='\u{217f}' | '\u{2190}'..='\u{2193}' | '\u{2460}'..='\u{249b}' | '\u{25a0}'..='\u{2606}'
        | '\u{3000}'..='\u{3017}' | '\u{3220}'..='\u{3229}'
        | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3134f}'
        | '\u{ff01}'..='\u{ff5e}' | '\u{ffe5}')
}

/// The first sheet of a workbook that has anything, as rows of text.
fn workbook(bytes: Vec<u8>) -> Result<Vec<u8>, TableError> {
    let wrong = |error: &dyn std::fmt::Display| TableError::Workbook(error.to_string());
    let mut parts = zip::ZipArchive::new(Cursor::new(&bytes)).map_err(|e| wrong(&e))?;
    let mut unpacked = 0u64;
    for at in 0..parts.len() {
        unpacked = unpacked.saturating_add(parts.by_index_raw(at).map_err(|e| wrong(&e))?.size());
    }
    if unpacked > MAX_UNPACKED_BYTES {
        return Err(TableError::Workbook(format!(
            "it unpacks to {unpacked} bytes"
        )));
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| wrong(&e))?;
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(|e| wrong(&e))?;
        if range.is_empty() {
            continue;
        }
        // So that line 3 of what is said is row 3 of the sheet.
        let above = range.start().map_or(0, |(row, _)| row);
        let mut out = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        for row in range.rows() {
            out.write_record(row.iter().map(cell))
                .map_err(|e| wrong(&e))?;
        }
        let rows = out.into_inner().map_err(|e| wrong(&e))?;
        let mut text = vec![b'\n'; above as usize];
        text.extend(rows);
        return Ok(text);
    }
    Err(TableError::Empty)
}

fn cell(value: &Data) -> String {
    match value {
        Data::DateTime(at) if at.is_datetime() => {
            let (y, mo, d, h, mi, s, _) = at.to_ymd_hms_milli();
            match (h, mi, s) {
                (0, 0, 0) => format!("{y:04}-{mo:02}-{d:02}"),
                _ => format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}"),
            }
        }
        other => other.to_string(),
    }
}
