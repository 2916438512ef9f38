//! A checksum for each row of a file of secrets, so that a flipped bit is never somebody's right.
//!
//! What enters: an open file with its tables. What leaves: the rows that are not what was written,
//! or are gone, by table. Triggers keep the sums as rows change; opening compares them all, which
//! is one look at a small file. A row that does not match is set aside and not used: its account
//! cannot sign in, its phone is not known, its session has ended, until somebody makes it again or
//! the file is restored. A user whose row does not match is blocked, since none would mean allowed.
//!
//! The audit has a chain of its own.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::store_error::StoreError;

/// Bytes of a sum.
const SUM_BYTES: usize = 8;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS summed_tables (name TEXT PRIMARY KEY, columns TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row_sums (
  name TEXT NOT NULL, row BLOB NOT NULL, sum BLOB NOT NULL, PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;
-- Rows that were not what was written, until they are made again.
CREATE TABLE IF NOT EXISTS rows_set_aside (
  name TEXT NOT NULL, row BLOB NOT NULL, PRIMARY KEY (name, row)
) STRICT, WITHOUT ROWID;
";

/// Tables without sums: the audit's chain is its sum, failed attempts are forgotten anyway, the others are these.
const UNSUMMED: [&str; 5] = [
    "audit",
    "failures",
    "summed_tables",
    "row_sums",
    "rows_set_aside",
];

/// Tables whose rows nobody misses for long: what is damaged there is said once and forgotten.
const FORGOTTEN: [&str; 11] = [
    "device_reports",
    "directory_copy",
    // Phones that find another key subscribe anew.
    "push_key",
    "push_subscriptions",
    "refresh_families",
    "refresh_siblings",
    "cookie_sessions",
    "enrolments",
    "seen",
    "seen_revision",
    "wipe_receipts",
];

struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

impl Table {
    fn list(columns: &[String], of: &str) -> String {
        let named: Vec<String> = columns.iter().map(|c| format!("{of}\"{c}\"")).collect();
        named.join(", ")
    }

    fn row(&self, of: &str) -> String {
        format!("row_sum({})", Self::list(&self.key, of))
    }
}

fn tables(conn: &Connection) -> Result<Vec<Table>, StoreError> {
    let mut names = conn.prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names: Vec<String> = names
        .query_map([], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let mut tables = Vec::new();
    for name in names {
        if UNSUMMED.contains(&name.as_str()) {
            continue;
        }
        let mut info = conn.prepare("SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid")?;
        let columns: Vec<(String, i64)> = info
            .query_map([&name], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let key = columns.iter().filter(|c| c.1 > 0).map(|c| c.0.clone());
        tables.push(Table {
            key: key.collect(),
            columns: columns.iter().map(|c| c.0.clone()).collect(),
            name,
        });
    }
    Ok(tables)
}

/// The function of the sums: of all values with their types and lengths.
pub(crate) fn add_function(conn: &Connection) -> Result<(), StoreError> {
    conn.create_scalar_function(
        "row_sum",
        -1,
        FunctionFlags::SQLITE_UTF8
            | FunctionFlags::SQLITE_DETERMINISTIC
            | FunctionFlags::SQLITE_INNOCUOUS,
        |call| {
            let mut hash = Sha256::new();
            for i in 0..call.len() {
                let number = match call.get_raw(i) {
                    ValueRef::Null => [0; 9],
                    ValueRef::Integer(n) => tagged(1, n as u64),
                    ValueRef::Real(n) => tagged(2, n.to_bits()),
                    ValueRef::Text(t) => tagged(3, t.len() as u64),
                    ValueRef::Blob(b) => tagged(4, b.len() as u64),
                };
                hash.update(number);
                if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = call.get_raw(i) {
                    hash.update(bytes);
                }
            }
            Ok(hash.finalize()[..SUM_BYTES].to_vec())
        },
    )?;
    Ok(())
}

fn tagged(kind: u8, n: u64) -> [u8; 9] {
    let mut out = [kind; 9];
    out[1..].copy_from_slice(&n.to_be_bytes());
    out
}

/// Adds the sums to a file that is open for writing, compares what has sums already, and sets
/// aside what does not match. Gives what was found, in words for the operator.
pub(crate) fn keep(conn: &Connection) -> Result<Vec<String>, StoreError> {
    conn.execute_batch(TABLES)?;
    let mut found = Vec::new();
    for table in tables(conn)? {
        let summed: Option<String> = conn
            .query_row(
                "SELECT columns FROM summed_tables WHERE name = ?1",
                [&table.name],
                |r| r.get(0),
            )
            .optional()?;
        let now = table.columns.join(",");
        let stood = renew_triggers(conn, &table, summed.is_some())?;
        if let Some(before) = &summed {
            // A column that is new has no part in the sums yet.
            let before: Vec<String> = before.split(',').map(str::to_owned).collect();
            found.extend(compare(conn, &table, &before)?);
        }
        if summed.as_deref() != Some(&now) || !stood {
            begin(conn, &table, &now)?;
        }
    }
    let mut aside =
        conn.prepare("SELECT name, COUNT(*) FROM rows_set_aside GROUP BY name ORDER BY name")?;
    let aside = aside.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)))?;
    for row in aside {
        let (name, n) = row?;
        found.push(format!(
            "{n} damaged rows of {name} are set aside and not used: make them again, or restore the file from a backup"
        ));
    }
    Ok(found)
}

/// The triggers that keep the sums of a table: their names and texts.
fn triggers(table: &Table) -> [(String, String); 3] {
    let name = &table.name;
    let (old, new) = (table.row("OLD."), table.row("NEW."));
    let sum = format!("row_sum({})", Table::list(&table.columns, "NEW."));
    let put = format!(
        "DELETE FROM row_sums WHERE name = '{name}' AND row = {new};
         INSERT INTO row_sums (name, row, sum) VALUES ('{name}', {new}, {sum});
         DELETE FROM rows_set_aside WHERE name = '{name}' AND row = {new};"
    );
    let take = format!("DELETE FROM row_sums WHERE name = '{name}' AND row = {old};");
    [
        ("new", "INSERT", put.clone()),
        ("changed", "UPDATE", format!("{take} {put}")),
        ("gone", "DELETE", take),
    ]
    .map(|(of, when, does)| {
        let trigger = format!("sum_of_{of}_{name}");
        let text = format!("CREATE TRIGGER {trigger} AFTER {when} ON {name} BEGIN {does} END");
        (trigger, text)
    })
}

/// Makes the triggers of a table that are not what they should be anew; gives whether all were there. What a flipped bit
/// has made of one would refuse every write.
fn renew_triggers(conn: &Connection, table: &Table, is_summed: bool) -> Result<bool, StoreError> {
    let mut stood = true;
    for (name, text) in triggers(table) {
        let found: Option<String> = conn
            .query_row(
                "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?1",
                [&name],
                |r| r.get(0),
            )
            .optional()?;
        if found.as_ref() == Some(&text) {
            continue;
        }
        stood &= found.is_some();
        conn.execute_batch(&format!("DROP TRIGGER IF EXISTS {name};"))?;
        // Of a table without sums they begin with the sums.
        if is_summed {
            conn.execute_batch(&text)?;
        }
    }
    Ok(stood)
}

/// Sums all rows of a table as they are, and keeps the sums from now on.
fn begin(conn: &Connection, table: &Table, columns: &str) -> Result<(), StoreError> {
    let name = &table.name;
    let all = format!("row_sum({})", Table::list(&table.columns, ""));
    let drop = triggers(table).map(|(trigger, _)| format!("DROP TRIGGER IF EXISTS {trigger};"));
    let make = triggers(table).map(|(_, text)| format!("{text};"));
    conn.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         {} {}
         DELETE FROM row_sums WHERE name = '{name}';
         INSERT INTO row_sums (name, row, sum) SELECT '{name}', {}, {all} FROM {name};
         INSERT INTO summed_tables (name, columns) VALUES ('{name}', '{columns}')
           ON CONFLICT DO UPDATE SET columns = '{columns}';
         COMMIT;",
        drop.concat(),
        make.concat(),
        table.row(""),
    ))?;
    Ok(())
}

/// Compares the rows of a table with their sums; sets aside those that do not match.
fn compare(
    conn: &Connection,
    table: &Table,
    summed: &[String],
) -> Result<Option<String>, StoreError> {
    let name = &table.name;
    let row = table.row("t.");
    let sum = format!("row_sum({})", Table::list(summed, "t."));
    let wrong = format!(
        "FROM {name} t LEFT JOIN row_sums s ON s.name = '{name}' AND s.row = {row} WHERE s.sum IS NOT {sum}"
    );
    let count = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, i64>(0));
    let damaged = count(&format!("SELECT COUNT(*) {wrong}"))?;
    let gone = count(&format!(
        "SELECT COUNT(*) FROM row_sums s WHERE s.name = '{name}'
         AND NOT EXISTS (SELECT 1 FROM {name} t WHERE {row} = s.row)"
    ))?;
    if damaged == 0 && gone == 0 {
        return Ok(None);
    }
    if name == "server_key" {
        return Err(StoreError::Damaged(
            "the server's own key is not what was written",
        ));
    }
    let is_missed = !FORGOTTEN.contains(&name.as_str());
    let tx = conn.unchecked_transaction()?;
    let rows: Vec<Vec<u8>> = {
        let mut rows = tx.prepare(&format!("SELECT {row} {wrong}"))?;
        let rows = rows.query_map([], |r| r.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    for of in rows {
        let this = table.row("");
        if name == "users" {
            tx.execute(
                &format!("UPDATE users SET blocked = 1 WHERE {this} = ?1"),
                [&of],
            )?;
        } else {
            tx.execute(&format!("DELETE FROM {name} WHERE {this} = ?1"), [&of])?;
        }
        if is_missed {
            tx.execute(
                "INSERT OR IGNORE INTO rows_set_aside (name, row) VALUES (?1, ?2)",
                params![name, of],
            )?;
        }
    }
    // What is gone leaves its sum behind.
    if is_missed {
        tx.execute(
            &format!(
                "INSERT OR IGNORE INTO rows_set_aside (name, row) SELECT name, row FROM row_sums s
                 WHERE s.name = ?1 AND NOT EXISTS (SELECT 1 FROM {name} t WHERE {row} = s.row)"
            ),
            [name],
        )?;
    }
    tx.execute(
        &format!(
            "DELETE FROM row_sums WHERE name = ?1 AND row NOT IN (SELECT {} FROM {name})",
            table.row("")
        ),
        [name],
    )?;
    tx.commit()?;
    Ok(Some(format!(
        "{damaged} rows of {name} were not what was written and {gone} were gone"
    )))
}
