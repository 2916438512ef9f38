//! A delimited file as rows of named columns, whatever the order of its columns, its line ends and the mark at its start.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use super::decode::{Decoded, decode};
use super::reason::RowReason;
use super::table_error::TableError;

/// The largest row. More than this without an end is a quote that is not closed.
pub(super) const MAX_ROW_BYTES: u64 = 4 << 20;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    /// The line it starts on, from 1.
    pub line: u64,
    /// The values of the columns asked for, trimmed; empty for a column the file lacks. Or what is wrong with the row.
    pub values: Result<Vec<String>, RowReason>,
}

/// A column that is looked for: its name, and what else offices call it.
pub type Column = (&'static str, &'static [&'static str]);

/// A file in UTF-8: what was judged whole, then what of a large one comes after.
type Source<R> = Chain<Cursor<Vec<u8>>, Rest<R>>;

/// What comes after what was judged, if anything.
struct Rest<R>(Option<R>);

impl<R: Read> Read for Rest<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_mut().map_or(Ok(0), |rest| rest.read(out))
    }
}

/// The rows of a delimited file.
pub struct Delimited<R: Read> {
    reader: csv::Reader<Guarded<Source<R>>>,
    record: csv::ByteRecord,
    columns: Vec<Option<usize>>,
    headings: Vec<String>,
    width: usize,
    since: Rc<Cell<u64>>,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> std::fmt::Debug for Delimited<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delimited")
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// Makes every line end one `\n`, also the last, so that lines are counted right; and stops when it has read too much since the last row.
struct Guarded<R> {
    inner: BufReader<R>,
    since: Rc<Cell<u64>>,
    taken: Rc<Cell<u64>>,
    after_return: bool,
    ended_line: bool,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.since.get() > MAX_ROW_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        let mut written = 0;
        while written == 0 && !out.is_empty() {
            let start = self.inner.fill_buf()?;
            if start.is_empty() {
                if self.ended_line {
                    return Ok(0);
                }
                self.ended_line = true;
                out[0] = b'\n';
                return Ok(1);
            }
            let n = start.len().min(out.len());
            for byte in &start[..n] {
                let skip = *byte == b'\n' && self.after_return;
                self.after_return = *byte == b'\r';
                if !skip {
                    out[written] = if self.after_return { b'\n' } else { *byte };
                    written += 1;
                }
            }
            self.inner.consume(n);
            self.since.set(self.since.get().saturating_add(n as u64));
            self.taken.set(self.taken.get().saturating_add(n as u64));
            if written > 0 {
                self.ended_line = out[written - 1] == b'\n';
            }
        }
        Ok(written)
    }
}

impl<R: Read> Delimited<R> {
    /// Reads the header. `wanted` names the columns in the order their values are given; the first `required` of them must be there.
    /// The encoding is judged on the whole file before.
    ///
    /// # Errors
    /// When the file cannot be read or lacks a required column.
    pub fn open(file: R, wanted: &[Column], required: usize) -> Result<Self, TableError> {
        let Decoded { whole, rest } = decode(file)?;
        let mut inner = BufReader::with_capacity(64 << 10, whole.chain(Rest(rest)));
        let start = inner.fill_buf()?;
        let mark = if start.starts_with(UTF8_MARK) {
            UTF8_MARK.len()
        } else {
            0
        };
        let delimiter = delimiter_of(start.get(mark..).unwrap_or_default());
        inner.consume(mark);
        let (since, taken) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(mark as u64)));
        let guarded = Guarded {
            inner,
            since: Rc::clone(&since),
            taken: Rc::clone(&taken),
            after_return: false,
            ended_line: true,
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(guarded);
        let mut record = csv::ByteRecord::new();
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|e| table_error(e, 1))?;
        if !more {
            return Err(TableError::Empty);
        }
        let names: Vec<String> = record.iter().map(column_name).collect();
        let names_it = |name: &str, (known, also): &Column| name == *known || also.contains(&name);
        let mut columns = Vec::with_capacity(wanted.len());
        for (i, column) in wanted.iter().enumerate() {
            let name = column.0;
            let mut at = names
                .iter()
                .enumerate()
                .filter(|(_, n)| names_it(n, column))
                .map(|(at, _)| at);
            let found = at.next();
            if at.next().is_some() {
                return Err(TableError::TwiceTheColumn(name.to_owned()));
            }
            if found.is_none() && i < required {
                let found = names
                    .iter()
                    .take(40)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", ");
                return Err(TableError::MissingColumn {
                    missing: name,
                    found,
                });
            }
            columns.push(found);
        }
        let headings = record
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned());
        let headings = headings.collect();
        Ok(Self {
            reader,
            record,
            columns,
            headings,
            width: names.len(),
            since,
            taken,
        })
    }

    /// Whether the file has this one of the columns asked for.
    pub fn has(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(Option::is_some)
    }

    /// From now on rows have every column of the file. Gives what the file calls each, and which of the columns asked
    /// for it is.
    pub(super) fn read_all_columns(&mut self) -> Vec<(String, Option<usize>)> {
        let asked = std::mem::replace(&mut self.columns, (0..self.width).map(Some).collect());
        let headings = self.headings.iter().enumerate();
        headings
            .map(|(at, heading)| {
                let taken_for = asked.iter().position(|asked| *asked == Some(at));
                (heading.clone(), taken_for)
            })
            .collect()
    }

    /// Bytes of the file read so far.
    pub fn bytes_read(&self) -> u64 {
        self.taken.get()
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read any further.
    pub fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        loop {
            self.since.set(0);
            let before = self.reader.position().line();
            let more = self
                .reader
                .read_byte_record(&mut self.record)
                .map_err(|e| table_error(e, before))?;
            if !more {
                return Ok(None);
            }
            // A spreadsheet writes rows of nothing after its last.
            if self.record.iter().any(|v| !v.trim_ascii().is_empty()) {
                break;
            }
        }
        // Counted back from its end, since empty lines before it are passed over.
        let inside = self
            .record
            .as_slice()
            .iter()
            .filter(|b| **b == b'\n')
            .count() as u64;
        let line = self.reader.position().line().saturating_sub(1 + inside);
        Ok(Some(RawRow {
            line,
            values: self.values(),
        }))
    }

    fn values(&self) -> Result<Vec<String>, RowReason> {
        if self.record.len() != self.width {
            return Err(RowReason::Width {
                values: self.record.len(),
                columns: self.width,
            });
        }
        self.columns
            .iter()
            .map(|at| {
                let bytes = at.and_then(|at| self.record.get(at)).unwrap_or_default();
                std::str::from_utf8(bytes)
                    .map(|text| text.trim().to_owned())
                    .map_err(|_| RowReason::NotUtf8)
            })
            .collect()
    }
}

fn table_error(error: csv::Error, line: u64) -> TableError {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
            TableError::RowTooLong(line)
        }
        csv::ErrorKind::Io(e) => TableError::Io(e),
        _ => TableError::Io(std::io::Error::from(std::io::ErrorKind::InvalidData)),
    }
}

/// `Unique Key`, `unique_key` and `UNIQUE-KEY` are the same column.
fn column_name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim()
        .chars()
        .map(|c| {
            if matches!(c, ' ' | '-') {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// Comma, unless the first line has more semicolons or tabs.
fn delimiter_of(start: &[u8]) -> u8 {
    let line = start
        .split(|b| matches!(b, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let count = |d: u8| line.iter().filter(|b| **b == d).count();
    [b';', b'\t']
        .into_iter()
        .filter(|d| count(*d) > count(b','))
        .max_by_key(|d| count(*d))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(file: &[u8]) -> Vec<(u64, Result<Vec<String>, RowReason>)> {
        let mut table =
            Delimited::open(file, &[("b", &[]), ("a", &["甲"]), ("c", &[])], 2).unwrap();
        let mut out = Vec::new();
        while let Some(row) = table.next_row().unwrap() {
            out.push((row.line, row.values));
        }
        out
    }

    #[test]
    fn order_marks_line_ends_and_quotes_do_not_matter() {
        let file = b"\xef\xbb\xbf\"A\",B\r\n1,\"x\r\ny\"\"\"\r\n\r\n2\r\n, \r\n4,5\r\n";
        let found = rows(file);
        assert_eq!(
            found[0],
            (2, Ok(vec!["x\ny\"".into(), "1".into(), String::new()]))
        );
        let short = RowReason::Width {
            values: 1,
            columns: 2,
        };
        assert_eq!(found[1].1, Err(short));
        // A row of nothing is passed over, and counted as a line all the same.
        assert_eq!(found[2].1, Ok(vec!["5".into(), "4".into(), String::new()]));
        assert_eq!(found.iter().map(|r| r.0).collect::<Vec<_>>(), [2, 5, 7]);
    }

    #[test]
    fn an_encoding_is_judged_on_the_whole_file() {
        let values = |bytes: &[u8]| rows(bytes).remove(0).1.unwrap();
        let text = "甲,b\n幸福里３号楼（东）,x\n";
        let gb = encoding_rs::GB18030.encode(text).0.into_owned();
        let mut utf16 = b"\xff\xfe".to_vec();
        utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        for bytes in [text.as_bytes(), &gb, &utf16] {
            assert_eq!(values(bytes)[1], "幸福里３号楼（东）");
        }
        // What is GB18030 for a while and then is not, and what is pairs of bytes only by chance.
        let mut torn = gb.clone();
        torn.extend(b"\xff\xff,y\n");
        let chance = b"a,b\ncaf\xe9\x80\x81x,\xd7\x5f\n";
        for bytes in [torn.as_slice(), chance] {
            let open = Delimited::open(bytes, &[("a", &["甲"])], 1);
            assert!(
                matches!(open.err(), Some(TableError::NotOneEncoding)),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn what_is_no_table_is_said() {
        let open = |file: &'static [u8]| Delimited::open(file, &[("a", &[]), ("b", &[])], 1).err();
        assert!(matches!(open(b""), Some(TableError::Empty)));
        assert!(matches!(
            open(b"x;b\n"),
            Some(TableError::MissingColumn { missing: "a", .. })
        ));
        assert!(matches!(
            open(b"a,b,A\n"),
            Some(TableError::TwiceTheColumn(_))
        ));
        assert!(matches!(
            open(b"\xd0\xcf\x11\xe0\xa1"),
            Some(TableError::OldWorkbook)
        ));
        assert!(matches!(
            open(b"PK\x03\x04 and no workbook"),
            Some(TableError::Workbook(_))
        ));
        let mut long = b"a,b\n1,\"".to_vec();
        long.resize((MAX_ROW_BYTES as usize) * 2, b'x');
        let mut table = Delimited::open(long.as_slice(), &[("a", &[])], 1).unwrap();
        assert!(matches!(table.next_row(), Err(TableError::RowTooLong(2))));
    }
}
