//! Who wrote a record, for marking what of it was seen.

use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId, StreamId, UserId};

use crate::views::{ReadScope, Views, ViewsError};

/// Device logs of a record that are looked at, the newest first; a record that more devices wrote to was written to by a hostile one.
const MAX_LOGS: usize = 64;

/// The newest admitted entry of one device log on a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenLog {
    /// The stream.
    pub stream: StreamId,
    /// Who wrote it.
    pub user: UserId,
    /// The entry.
    pub upto: EntryRef,
}

impl Views {
    /// The newest admitted entry of each device log on a record, in classes the reader may read.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn written(
        &self,
        record: &RecordId,
        scope: &ReadScope,
    ) -> Result<Vec<WrittenLog>, ViewsError> {
        self.pool.with(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT s.name, e.user, i.incarnation, MAX(e.log_seq) FROM records r
                 JOIN entries e ON e.record = r.id JOIN streams s ON s.id = e.stream
                 JOIN incarnations i ON i.id = e.incarnation
                 WHERE r.record = ?1 AND e.verdict < 2
                 GROUP BY e.stream, e.user, e.incarnation ORDER BY MAX(e.seq) DESC LIMIT ?2",
            )?;
            let mut rows = statement.query((record.bytes(), MAX_LOGS as i64))?;
            let mut out = Vec::new();
            while let Some(row) = rows.next()? {
                let stream =
                    StreamId::parse(&row.get::<_, String>(0)?).ok_or(ViewsError::Damaged)?;
                if !scope.classes.contains(&stream.class) || !scope.has(&stream.grid) {
                    continue;
                }
                out.push(WrittenLog {
                    stream,
                    user: UserId::from_bytes(row.get(1)?),
                    upto: EntryRef {
                        incarnation: IncarnationId::from_bytes(row.get(2)?),
                        seq: row.get::<_, i64>(3)?.unsigned_abs(),
                    },
                });
            }
            Ok(out)
        })
    }
}
