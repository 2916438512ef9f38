//! The row of one record: what a batch did to it, written over all its parts.

use std::collections::BTreeMap;

use gridfold_sync_core::edit::Value;
use gridfold_sync_core::entry::Verdict;
use gridfold_sync_core::ids::{AreaCode, EntryRef, FormCode, RecordId, SensitivityClass};
use gridfold_sync_core::resident::number_of;
use gridfold_sync_core::schema::{Field, FieldMeaning, FormSet};
use gridfold_sync_core::search::natural_key;
use gridfold_sync_core::view::{PartState, RecordView};
use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};

use crate::views::counted::Counted;
use crate::views::general::General;
use crate::views::measured;
use crate::views::record_columns::{Columns, RowBefore, write_columns};
use crate::views::steps;
use crate::views::work::{self, Closed};
use crate::views::{ProjectedEntry, ViewsError};

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
    first_received: i64,
    late: bool,
    general: General,
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
            first_received: i64::MAX,
            late: false,
            general: General::default(),
        }
    }

    pub(super) fn add(&mut self, e: &'a ProjectedEntry, state: &'a PartState) {
        self.parts.insert(e.stream.class, state);
        // A clock may be wrong, but nothing was captured after it came.
        let claimed = e.claimed.millis().min(e.received.millis());
        self.captured = self.captured.min(claimed);
        self.changed = self.changed.max(claimed);
        self.received = self.received.max(e.received.millis());
        self.first_received = self.first_received.min(e.received.millis());
        let late = e.verdict == Verdict::Admitted { late: true };
        self.late |= late;
        if e.stream.class == SensitivityClass::General {
            self.general.add(claimed, e.received.millis(), late);
        }
    }

    pub(super) fn write(
        &self,
        tx: &Transaction<'_>,
        record: RecordId,
        before: &RowBefore,
        forms: &FormSet,
        counted: &mut Counted,
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
        let Some(form) = forms.to_read(self.form, version) else {
            return Ok(());
        };
        let view = RecordView {
            record,
            form,
            parts,
        };
        let mut texts = [const { String::new() }; 3];
        for (class, part) in &view.parts {
            let one = RecordView {
                record,
                form,
                parts: vec![(*class, part)],
            };
            texts[*class as usize] = one.search_words();
        }
        if let Some(number) = number_of(&view) {
            tx.prepare_cached(
                "UPDATE records SET receipt = ?2 WHERE id = ?1 AND receipt IS NOT ?2",
            )?
            .execute(params![before.id, number.to_string()])?;
        }
        let words = digest(&texts);
        if self.parts.contains_key(&form.class) {
            steps::write(tx, before.id, self.grid, &view)?;
        }
        measured::write(tx, before.id, self.grid, &view)?;
        let general = self.general.of(&before.general, &view);
        general.write(tx, before.id, &before.general)?;
        let after = self.columns(tx, &view, &before.columns, &general)?;
        write_columns(tx, before.id, &before.columns, &after)?;
        tx.prepare_cached(
            "UPDATE records SET form_version = ?2, missing = ?3, words = ?4 WHERE id = ?1",
        )?
        .execute(params![
            before.id,
            version,
            view.missing().len() as i64,
            words
        ])?;
        counted.moved(record, &before.columns, &after);
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
        tx.prepare_cached(
            "INSERT INTO search (rowid, general, personal, restricted) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![before.id, texts[0], texts[1], texts[2]])?;
        Ok(())
    }

    fn columns(
        &self,
        tx: &Transaction<'_>,
        view: &RecordView<'_>,
        before: &Columns,
        general: &General,
    ) -> Result<Columns, ViewsError> {
        let form = view.form;
        let work = steps::reading(|failed| {
            let at = |entry: &EntryRef| steps::made(tx, self.grid, form.class, entry, failed);
            work::of(view, |entry| at(entry).map(|(at, _)| at))
        })?;
        let (captured, changed, received, first_received) = if before.live {
            (
                self.captured.min(before.captured),
                self.changed.max(before.changed),
                self.received.max(before.received),
                self.first_received.min(before.first_received),
            )
        } else {
            (
                self.captured,
                self.changed,
                self.received,
                self.first_received,
            )
        };
        let closed = match work.closed {
            Closed::No => None,
            Closed::At(at) => Some(at.min(received)),
            Closed::By(entry) => {
                let made = steps::of_entry(tx, self.grid, form.class, &entry)?;
                made.map(|(at, _)| at.millis())
            }
        };
        // What is told to readers of general fields comes of these alone.
        let is_general = work::class_for(form, FieldMeaning::Happened) == SensitivityClass::General;
        let (told_captured, told_received) = if is_general && general.received != 0 {
            (general.captured, general.first_received)
        } else {
            (captured, first_received)
        };
        let about = about(view);
        let title = view.title();
        let class = |field: Option<&Field>| field.map_or(form.class, |f| form.class_of(f)) as u8;
        Ok(Columns {
            live: true,
            deleted: view.is_deleted(),
            grid: self.grid.as_str().to_owned(),
            form: self.form.as_str().to_owned(),
            means: work::means(form),
            status: view.status(),
            conflicts: view.conflict_count() as i64,
            late: self.late || (before.live && before.late),
            work: work.state,
            household: view.household().map(|h| h.bytes()),
            household_class: work::class_for(form, FieldMeaning::Household) as u8,
            about: about.map(|(_, id)| id.bytes()),
            about_class: class(about.map(|(field, _)| field)),
            place: view.location(),
            place_class: work::class_for(form, FieldMeaning::Place) as u8,
            title_key: natural_key(&title),
            title,
            title_class: class(form.title.as_ref().and_then(|t| form.field(t.as_str()))),
            captured,
            changed,
            received,
            first_received,
            due: work.due,
            // What came late could not be known to be due before it came.
            due_received: work.due.map(|due| {
                due.saturating_add(
                    general
                        .first_received
                        .saturating_sub(general.captured)
                        .max(0),
                )
            }),
            suspended: work.suspended,
            paused: work.paused,
            doer: work.doer,
            happened: form
                .tells_of_a_time()
                .then(|| work.happened.unwrap_or(told_captured).min(told_received)),
            closed,
        })
    }
}

/// What a record refers to besides its household: the first such field with a value.
fn about<'a>(view: &RecordView<'a>) -> Option<(&'a Field, RecordId)> {
    let mut fields = view.form.about_fields();
    fields.find_map(|field| match view.value(field) {
        Some(Value::Reference(id)) => Some((field, *id)),
        _ => None,
    })
}
