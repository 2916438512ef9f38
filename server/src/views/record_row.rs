//! The row of one record: what a batch did to it, written over all its parts.

use std::collections::BTreeMap;

use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::schema::FormSet;
use gridfold_sync_core::view::{PartState, RecordView};
use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use crate::views::{ProjectedEntry, ViewsError, segment};

/// The row of a record and the digest of its text, made without life when an entry names it for
/// the first time.
pub(super) fn record_row(
    tx: &Transaction<'_>,
    record: &RecordId,
    e: &ProjectedEntry,
) -> Result<(i64, i64), ViewsError> {
    let found = tx
        .prepare_cached("SELECT id, words FROM records WHERE record = ?1")?
        .query_row([record.bytes()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    if let Some(found) = found {
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
    Ok((tx.last_insert_rowid(), 0))
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
    id: i64,
    words: i64,
    grid: &'a AreaCode,
    form: &'a FormCode,
    parts: BTreeMap<SensitivityClass, &'a PartState>,
    captured: i64,
    changed: i64,
    received: i64,
    late: bool,
}

impl<'a> Changed<'a> {
    pub(super) fn new((id, words): (i64, i64), e: &'a ProjectedEntry, form: &'a FormCode) -> Self {
        Self {
            id,
            words,
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
        forms: &FormSet,
    ) -> Result<(), ViewsError> {
        for (class, state) in &self.parts {
            tx.prepare_cached(
                "INSERT INTO parts (record, class, state) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET state = ?3",
            )?
            .execute(params![self.id, *class as u8, state.to_bytes()])?;
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
            let rows = statement.query_map([self.id], |r| {
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
        tx.prepare_cached(
            "UPDATE records SET grid = ?2, form = ?3, live = 1, form_version = ?4, status = ?5, deleted = ?6,
             conflicts = ?7, title = ?8, title_class = ?9, household = ?10, lat = ?11, lon = ?12, missing = ?13,
             late = MAX(late, ?14),
             captured = CASE live WHEN 1 THEN MIN(captured, ?15) ELSE ?15 END,
             changed = CASE live WHEN 1 THEN MAX(changed, ?16) ELSE ?16 END,
             received = CASE live WHEN 1 THEN MAX(received, ?17) ELSE ?17 END, words = ?18
             WHERE id = ?1",
        )?
        .execute(params![
            self.id,
            self.grid.as_str(),
            self.form.as_str(),
            version,
            view.status(),
            view.is_deleted(),
            view.conflict_count() as i64,
            view.title(),
            title_class as u8,
            view.household().map(|h| h.bytes()),
            location.map(|l| l.0),
            location.map(|l| l.1),
            view.missing().len() as i64,
            self.late,
            self.captured,
            self.changed,
            self.received,
            words
        ])?;
        if words == self.words {
            return Ok(());
        }
        if self.words != 0 {
            tx.prepare_cached("DELETE FROM search WHERE rowid = ?1")?
                .execute([self.id])?;
        }
        if words == 0 {
            return Ok(());
        }
        let texts = texts.map(|text| segment(&text));
        tx.prepare_cached(
            "INSERT INTO search (rowid, general, personal, restricted) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![self.id, texts[0], texts[1], texts[2]])?;
        Ok(())
    }
}
