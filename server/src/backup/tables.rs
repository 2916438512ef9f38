//! The two files of secrets as rows: what they hold goes into a backup, and nothing of what they held.
//!
//! What enters: an open store; what leaves: its schema and its rows, read at one state of it. The other way a store is made anew of them.
//! What never happens here: a copy of a store in a file of its own, which a kill would leave behind.

use std::path::Path;

use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_str, put_u64};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Transaction, params_from_iter};

use crate::keys::{StoreError, open_private};

/// Bytes of rows after which a part ends.
const PART_BYTES: usize = 1 << 20;
const MAX_VALUE_BYTES: usize = 64 << 20;
const MAX_STATEMENT_BYTES: usize = 1 << 20;
const MAX_STATEMENTS: usize = 10_000;
const MAX_COLUMNS: usize = 2_000;

/// Tables whose rows are in no backup. What is restored has another epoch and begins its notes of the log anew, and the
/// directory's changes are among the items.
pub(super) const LEFT_OUT: [&str; 3] = ["log_witness", "log_witness_epoch", "directory_copy"];

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// What a store is made of.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Schema {
    version: i64,
    /// Kind, as SQLite names it, and the statement that makes it.
    statements: Vec<(String, String)>,
}

impl Schema {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.version.to_be_bytes().to_vec();
        put_u64(&mut out, self.statements.len() as u64);
        for (kind, sql) in &self.statements {
            put_str(&mut out, kind);
            put_str(&mut out, sql);
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let version = i64::from_be_bytes(r.array()?);
        let n = r.count(MAX_STATEMENTS, "statements")?;
        let statements = (0..n)
            .map(|_| {
                let kind = r.str(MAX_STATEMENT_BYTES)?.to_owned();
                Ok((kind, r.str(MAX_STATEMENT_BYTES)?.to_owned()))
            })
            .collect::<Result<_, DecodeError>>()?;
        r.finish()?;
        Ok(Self {
            version,
            statements,
        })
    }

    fn of(tx: &Transaction<'_>) -> rusqlite::Result<Self> {
        let mut statement = tx.prepare(
            "SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY rowid",
        )?;
        let statements = statement
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            version: tx.pragma_query_value(None, "user_version", |r| r.get(0))?,
            statements,
        })
    }
}

/// Rows of one table, in bytes.
#[derive(Debug)]
pub(super) struct Rows {
    table: String,
    columns: usize,
    bytes: Vec<u8>,
}

impl Rows {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 64);
        put_str(&mut out, &self.table);
        put_u64(&mut out, self.columns as u64);
        out.extend(&self.bytes);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let table = r.str(MAX_STATEMENT_BYTES)?.to_owned();
        let columns = r.count(MAX_COLUMNS, "columns")?;
        let rest = r.take(r.remaining())?;
        let rows = Self {
            table,
            columns,
            bytes: rest.to_vec(),
        };
        // Looked through whole, so that a store is never made of half of it.
        let mut rest = Reader::new(&rows.bytes);
        while rest.remaining() > 0 {
            rows.row(&mut rest)?;
        }
        Ok(rows)
    }

    fn row(&self, r: &mut Reader<'_>) -> Result<Vec<Value>, DecodeError> {
        (0..self.columns.max(1))
            .map(|_| {
                Ok(match r.u8()? {
                    NULL => Value::Null,
                    INTEGER => Value::Integer(i64::from_be_bytes(r.array()?)),
                    REAL => Value::Real(f64::from_be_bytes(r.array()?)),
                    TEXT => Value::Text(r.str(MAX_VALUE_BYTES)?.to_owned()),
                    BLOB => Value::Blob(r.bytes(MAX_VALUE_BYTES)?.to_vec()),
                    _ => return Err(DecodeError::OutOfRange("value")),
                })
            })
            .collect()
    }
}

fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.push(NULL),
        ValueRef::Integer(n) => {
            out.push(INTEGER);
            out.extend(n.to_be_bytes());
        }
        ValueRef::Real(n) => {
            out.push(REAL);
            out.extend(n.to_be_bytes());
        }
        ValueRef::Text(text) => {
            out.push(TEXT);
            put_bytes(out, text);
        }
        ValueRef::Blob(blob) => {
            out.push(BLOB);
            put_bytes(out, blob);
        }
    }
}

fn quoted(table: &str) -> String {
    format!("\"{}\"", table.replace('"', "\"\""))
}

/// Part of a store on its way out.
pub(super) enum Piece {
    Schema(Schema),
    Rows(Rows),
}

impl Piece {
    /// Whether these are rows of this table.
    pub(super) fn is_of(&self, table: &str) -> bool {
        matches!(self, Self::Rows(rows) if rows.table == table)
    }
}

/// Reads a store, all of it at one state.
pub(super) fn read<E: From<rusqlite::Error>>(
    path: &Path,
    mut each: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let mut conn = Connection::open(path)?;
    conn.busy_timeout(std::time::Duration::from_secs(10))?;
    let tx = conn.transaction()?;
    let schema = Schema::of(&tx)?;
    each(Piece::Schema(schema))?;
    let tables: Vec<String> = tx
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
        )?
        .query_map([], |r| r.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let mut statement = tx.prepare(&format!("SELECT * FROM {}", quoted(&table)))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        let mut bytes = Vec::new();
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                put_value(&mut bytes, row.get_ref(column)?);
            }
            if bytes.len() >= PART_BYTES {
                each(Piece::Rows(Rows {
                    table: table.clone(),
                    columns,
                    bytes: std::mem::take(&mut bytes),
                }))?;
            }
        }
        if !bytes.is_empty() {
            each(Piece::Rows(Rows {
                table,
                columns,
                bytes,
            }))?;
        }
    }
    Ok(())
}

/// A store being made of its parts.
pub(super) struct Made {
    conn: Connection,
    /// Indexes and triggers, made last.
    later: Vec<String>,
    version: i64,
}

impl Made {
    pub(super) fn begin(path: &Path, schema: Schema) -> Result<Self, StoreError> {
        let conn = open_private(path, "")?;
        let mut later = Vec::new();
        for (kind, sql) in schema.statements {
            if kind == "table" {
                conn.execute_batch(&sql)?;
            } else {
                later.push(sql);
            }
        }
        Ok(Self {
            conn,
            later,
            version: schema.version,
        })
    }

    pub(super) fn add(&mut self, rows: &Rows) -> Result<(), StoreError> {
        let tx = self.conn.transaction()?;
        {
            let places = vec!["?"; rows.columns.max(1)].join(",");
            let sql = format!("INSERT INTO {} VALUES ({places})", quoted(&rows.table));
            let mut insert = tx.prepare_cached(&sql)?;
            let mut r = Reader::new(&rows.bytes);
            while r.remaining() > 0 {
                let values = rows
                    .row(&mut r)
                    .map_err(|_| StoreError::Damaged("rows of a backup do not decode"))?;
                insert.execute(params_from_iter(values))?;
            }
        }
        Ok(tx.commit()?)
    }

    pub(super) fn finish(self) -> Result<(), StoreError> {
        for sql in &self.later {
            self.conn.execute_batch(sql)?;
        }
        // What a backup leaves out has no rows, and so no sums of them.
        if self.conn.table_exists(None, "row_sums")? {
            for name in LEFT_OUT {
                self.conn
                    .execute("DELETE FROM row_sums WHERE name = ?1", [name])?;
            }
        }
        self.conn
            .pragma_update(None, "user_version", self.version)?;
        self.conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}
