//! Steps that stand: beside the status, who urged, supervises or follows a record last, and asks for more time; and who resolved it on the spot.
//!
//! What enters: a record over all its parts, as its row is written. What leaves: for each such step that nothing answered since, and each person, when they last took it.

use std::cell::Cell;
use std::collections::BTreeMap;

use gridfold_sync_core::ids::{
    ActionKey, AreaCode, EntryRef, RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::views::{ReadScope, Views, ViewsError};

/// A step that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTaken {
    /// Which.
    pub action: ActionKey,
    /// Who took it.
    pub by: UserId,
    /// When they last did, as their device says and never after it came.
    pub at: Timestamp,
}

/// When an entry was made, as its device says, and never after it came; and by whom.
pub(super) fn of_entry(
    tx: &Transaction<'_>,
    grid: &AreaCode,
    class: SensitivityClass,
    entry: &EntryRef,
) -> Result<Option<(Timestamp, UserId)>, ViewsError> {
    let stream = StreamId::new(grid.clone(), class);
    Ok(tx
        .prepare_cached(
            "SELECT min(claimed, received), user FROM entries WHERE stream = (SELECT id FROM streams WHERE name = ?1)
             AND incarnation = (SELECT id FROM incarnations WHERE incarnation = ?2) AND log_seq = ?3",
        )?
        .query_row(
            params![stream.name(), entry.incarnation.bytes(), entry.seq as i64],
            |r| Ok((Timestamp(r.get(0)?), UserId::from_bytes(r.get(1)?))),
        )
        .optional()?)
}

/// The same for what asks and cannot fail itself: see [`reading`].
pub(super) fn made(
    tx: &Transaction<'_>,
    grid: &AreaCode,
    class: SensitivityClass,
    entry: &EntryRef,
    failed: &Cell<Option<ViewsError>>,
) -> Option<(Timestamp, UserId)> {
    of_entry(tx, grid, class, entry).unwrap_or_else(|error| {
        failed.set(Some(error));
        None
    })
}

/// What is reckoned by reading, unless reading failed.
pub(super) fn reading<T>(
    reckon: impl FnOnce(&Cell<Option<ViewsError>>) -> T,
) -> Result<T, ViewsError> {
    let failed = Cell::new(None);
    let reckoned = reckon(&failed);
    failed.take().map_or(Ok(reckoned), Err)
}

/// Writes the steps that stand of a record; of one of which none was ever taken nothing is done.
pub(super) fn write(
    tx: &Transaction<'_>,
    id: i64,
    grid: &AreaCode,
    view: &RecordView<'_>,
) -> Result<(), ViewsError> {
    let (Some(lifecycle), Some(main)) = (&view.form.lifecycle, view.main()) else {
        return Ok(());
    };
    let counts = |action: &ActionKey| lifecycle.is_aside(action) || lifecycle.resolves(action);
    if !main.transitions.iter().any(|t| counts(&t.action)) {
        return Ok(());
    }
    let class = view.form.class;
    let last = reading(|failed| {
        let of = |entry: &EntryRef| made(tx, grid, class, entry, failed);
        let mut last: BTreeMap<(&ActionKey, UserId), Timestamp> = BTreeMap::new();
        let standing = lifecycle.standing(main, |entry| of(entry).map(|(_, user)| user));
        for step in standing.into_iter().chain(lifecycle.resolved(main)) {
            if let Some((at, user)) = of(&step.by) {
                let newest = last.entry((&step.action, user)).or_insert(at);
                *newest = at.max(*newest);
            }
        }
        last
    })?;
    tx.prepare_cached("DELETE FROM steps WHERE record = ?1")?
        .execute([id])?;
    for ((action, user), at) in last {
        tx.prepare_cached("INSERT INTO steps (action, user, record, at) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![action.as_str(), user.bytes(), id, at.millis()])?;
    }
    Ok(())
}

impl Views {
    /// Who made an entry; none when the views do not have it.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn author(
        &self,
        stream: &StreamId,
        entry: &EntryRef,
    ) -> Result<Option<UserId>, ViewsError> {
        self.pool.with(|conn| {
            let found = conn
                .prepare_cached(
                    "SELECT e.user FROM entries e JOIN streams s ON s.id = e.stream
                     JOIN incarnations i ON i.id = e.incarnation
                     WHERE s.name = ?1 AND i.incarnation = ?2 AND e.log_seq = ?3",
                )?
                .query_row(
                    params![stream.name(), entry.incarnation.bytes(), entry.seq as i64],
                    |r| Ok(UserId::from_bytes(r.get(0)?)),
                )
                .optional()?;
            Ok(found)
        })
    }

    /// The steps that stand of these records, the newest first; of those whose status the reader may read.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn steps(
        &self,
        records: &[RecordId],
        scope: &ReadScope,
    ) -> Result<BTreeMap<RecordId, Vec<StepTaken>>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.action, s.user, s.at, r.main_class FROM records r JOIN steps s ON s.record = r.id
                 WHERE r.record = ?1 AND r.live = 1 ORDER BY s.at DESC, s.action, s.user",
            )?;
            let mut out = BTreeMap::new();
            for record in records {
                let mut rows = statement.query([record.bytes()])?;
                let mut steps = Vec::new();
                while let Some(row) = rows.next()? {
                    let class = SensitivityClass::from_u8(row.get(3)?);
                    if !scope.classes.contains(&class.ok_or(ViewsError::Damaged)?) {
                        continue;
                    }
                    let action: String = row.get(0)?;
                    steps.push(StepTaken {
                        action: ActionKey::new(&action).map_err(|_| ViewsError::Damaged)?,
                        by: UserId::from_bytes(row.get(1)?),
                        at: Timestamp(row.get(2)?),
                    });
                }
                if !steps.is_empty() {
                    out.insert(*record, steps);
                }
            }
            Ok(out)
        })
    }
}
