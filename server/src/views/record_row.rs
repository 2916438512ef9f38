//! The row of one record: what a batch did to it, written over all its parts.

use std::collections::BTreeMap;

use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::schema::FormSet;
use gridfold_sync_core::view::{PartState, RecordView};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use sha2::{Digest, Sha256};

use crate::views::{ProjectedEntry, ViewsError, segment};

/// What the row of a record held before a batch.
#[derive(Debug, Default)]
pub(super) struct RowBefore {
    pub(super) id: i64,
    words: i64,
    live: bool,
    grid: String,
    form: String,
    status: Option<String>,
    conflicts: i64,
    household: Option<[u8; 16]>,
}

const BEFORE: &str =
    "SELECT id, words, live, grid, form, status, conflicts, household FROM records";

fn row_before(row: &Row<'_>) -> rusqlite::Result<RowBefore> {
    Ok(RowBefore {
        id: row.get(0)?,
        words: row.get(1)?,
        live: row.get(2)?,
        grid: row.get(3)?,
        form: row.get(4)?,
        status: row.get(5)?,
        conflicts: row.get(6)?,
        household: row.get(7)?,
    })
}

/// The row of a record, made without life when an entry names it for the first time.
pub(super) fn record_row(
    tx: &Transaction<'_>,
    id: Option<i64>,
    record: &RecordId,
    e: &ProjectedEntry,
) -> Result<RowBefore, ViewsError> {
    let found = match id {
        Some(id) => tx
            .prepare_cached(&format!("{BEFORE} WHERE id = ?1"))?
            .query_row([id], row_before),
        None => tx
            .prepare_cached(&format!("{BEFORE} WHERE record = ?1"))?
            .query_row([record.bytes()], row_before),
    };
    if let Some(found) = found.optional()? {
        return Ok(found);
    }
    tx.prepare_cached(
        "INSERT INTO records (record, grid, form, live, form_version, deleted, conflicts, title, title_class,
         missing, late, captured, changed, received, words) VALUES (?1, ?2, ?3, 0, 0, 0, 0, '', 0, 0, 0, ?4, ?4, ?5, 0)",
    )?
    .execute(params![
        record.bytes(),
        e.stream.grid.as_str(),
        e.form.as_ref().map_or("", FormCode::as_str),
        e.claimed.millis(),
        e.received.millis()
    ])?;
    Ok(RowBefore {
        id: tx.last_insert_rowid(),
        ..RowBefore::default()
    })
}

/// Digest of the text of each class; 0 when there is none.
fn digest(texts: &[String; 3]) -> i64 {
    if texts.iter().all(String::is_empty) {
        return 0;
    }
    let mut h = Sha256::new();
    for text in texts {
        h.update((text.len() as u64).to_be_bytes());
        h.update(text);
    }
    let digest = h.finalize();
    i64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}

/// What a batch does to one record.
pub(super) struct Changed<'a> {
    grid: &'a AreaCode,
    form: &'a FormCode,
    parts: BTreeMap<SensitivityClass, &'a PartState>,
    captured: i64,
    changed: i64,
    received: i64,
    late: bool,
}

impl<'a> Changed<'a> {
    pub(super) fn new(e: &'a ProjectedEntry, form: &'a FormCode) -> Self {
        Self {
            grid: &e.stream.grid,
            form,
            parts: BTreeMap::new(),
            captured: i64::MAX,
            changed: i64::MIN,
            received: i64::MIN,
            late: false,
        }
    }

    pub(super) fn add(&mut self, e: &'a ProjectedEntry, state: &'a PartState) {
        self.parts.insert(e.stream.class, state);
        self.captured = self.captured.min(e.claimed.millis());
        self.changed = self.changed.max(e.claimed.millis());
        self.received = self.received.max(e.received.millis());
        self.late |= e.verdict == Verdict::Admitted { late: true };
    }

    pub(super) fn write(
        &self,
        tx: &Transaction<'_>,
        record: RecordId,
        before: &RowBefore,
        forms: &FormSet,
    ) -> Result<(), ViewsError> {
        for (class, state) in &self.parts {
            tx.prepare_cached(
                "INSERT INTO parts (record, class, state) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET state = ?3",
            )?
            .execute(params![before.id, *class as u8, state.to_bytes()])?;
        }
        let mut others = Vec::new();
        let version = self
            .parts
            .values()
            .map(|p| p.form_version)
            .max()
            .unwrap_or(1);
        let single = forms
            .get(self.form, version)
            .is_some_and(|f| f.classes().len() == self.parts.len());
        if !single {
            let mut statement =
                tx.prepare_cached("SELECT class, state FROM parts WHERE record = ?1")?;
            let rows = statement.query_map([before.id], |r| {
                Ok((r.get::<_, u8>(0)?, r.get::<_, Vec<u8>>(1)?))
            })?;
            for row in rows {
                let (class, state) = row?;
                let class = SensitivityClass::from_u8(class).ok_or(ViewsError::Damaged)?;
                if !self.parts.contains_key(&class) {
                    others.push((
                        class,
                        PartState::from_bytes(&state).map_err(|_| ViewsError::Damaged)?,
                    ));
                }
            }
        }
        let mut parts: Vec<(SensitivityClass, &PartState)> =
            self.parts.iter().map(|(c, p)| (*c, *p)).collect();
        parts.extend(others.iter().map(|(c, p)| (*c, p)));
        parts.sort_by_key(|(class, _)| *class);
        let version = parts.iter().map(|(_, p)| p.form_version).max().unwrap_or(1);
        let Some(form) = forms
            .get(self.form, version)
            .or_else(|| forms.latest(self.form))
        else {
            return Ok(());
        };
        let view = RecordView {
            record,
            form,
            parts,
        };
        let title_class = form
            .title
            .as_ref()
            .and_then(|key| form.field(key.as_str()))
            .map_or(form.class, |f| form.class_of(f));
        let location = view.location();
        let mut texts = [const { String::new() }; 3];
        for (class, part) in &view.parts {
            let one = RecordView {
                record,
                form,
                parts: vec![(*class, part)],
            };
            texts[*class as usize] = one.search_text();
        }
        let words = digest(&texts);
        let (status, conflicts) = (view.status(), view.conflict_count() as i64);
        let household = view.household().map(|h| h.bytes());
        // SQLite writes each index anew of which a column is set, to an equal value too.
        let is_elsewhere = !before.live
            || before.grid != self.grid.as_str()
            || before.form != self.form.as_str()
            || before.status != status
            || before.conflicts != conflicts
            || before.household != household;
        if is_elsewhere {
            tx.prepare_cached(
                "UPDATE records SET grid = ?2, form = ?3, live = 1, status = ?4, conflicts = ?5, household = ?6,
                 captured = CASE live WHEN 1 THEN captured ELSE ?7 END,
                 changed = CASE live WHEN 1 THEN changed ELSE ?8 END,
                 received = CASE live WHEN 1 THEN received ELSE ?9 END
                 WHERE id = ?1",
            )?
            .execute(params![
                before.id,
                self.grid.as_str(),
                self.form.as_str(),
                status,
                conflicts,
                household,
                self.captured,
                self.changed,
                self.received
            ])?;
        }
        tx.prepare_cached(
            "UPDATE records SET form_version = ?2, deleted = ?3, title = ?4, title_class = ?5, lat = ?6, lon = ?7,
             missing = ?8, late = MAX(late, ?9), captured = MIN(captured, ?10), received = MAX(received, ?11),
             words = ?12 WHERE id = ?1",
        )?
        .execute(params![
            before.id,
            version,
            view.is_deleted(),
            view.title(),
            title_class as u8,
            location.map(|l| l.0),
            location.map(|l| l.1),
            view.missing().len() as i64,
            self.late,
            self.captured,
            self.received,
            words
        ])?;
        tx.prepare_cached("UPDATE records SET changed = ?2 WHERE id = ?1 AND changed < ?2")?
            .execute(params![before.id, self.changed])?;
        if words == before.words {
            return Ok(());
        }
        if before.words != 0 {
            tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
                .execute([before.id])?;
        }
        if words == 0 {
            return Ok(());
        }
        let texts = texts.map(|text| segment(&text));
        tx.prepare_cached(
            "INSERT INTO search (rowid, general, personal, restricted) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![before.id, texts[0], texts[1], texts[2]])?;
        Ok(())
    }
}
