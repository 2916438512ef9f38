//! Cleaning: after an erasure what was erased leaves the views' file for good.
//!
//! What enters: a mark that an erasure set, in its own transaction. What leaves: a file in which nothing of it is found: the full-text index is merged into one piece without it, the file is written anew, and the write-ahead log is emptied.
//! All of it goes by steps of a few milliseconds when nobody waits, and goes on after a stop.
//! What never happens here: a change of what anybody reads.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};

use crate::views::{ViewsError, ViewsWriter};

/// Pages of the full-text index that one step merges.
const MERGE_PAGES: i64 = 250;
/// Whole merges after the last erasure: what was erased while one was under way leaves with the next.
const MERGES: u32 = 2;
/// The largest file that is written anew while it is in use, which takes some tenths of a second.
const REWRITE_WHILE_SERVING_BYTES: u64 = 64 << 20;
/// The largest one that is written anew at a stop.
const REWRITE_AT_STOP_BYTES: u64 = 256 << 20;
/// Erasures that follow each other this closely are cleaned up after together.
const QUIET: Duration = Duration::from_millis(20);
/// After this long a step is done although somebody waits.
const OVERDUE: Duration = Duration::from_secs(1);
/// Until a reader of older rows is looked for again.
const READER_PAUSE: Duration = Duration::from_secs(1);
/// How long a stop may take to finish what is left.
const STOP_WITHIN: Duration = Duration::from_secs(10);

const MARK: &str = "cleaning";
const MERGE: &str = "merge";
const REWRITE: &str = "rewrite";

/// Marks the views in the transaction of an erasure.
pub(super) fn mark(conn: &Connection) -> Result<(), ViewsError> {
    set(conn, Some(MERGE))
}

fn set(conn: &Connection, mark: Option<&str>) -> Result<(), ViewsError> {
    match mark {
        Some(mark) => conn.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
            [MARK, mark],
        )?,
        None => conn.execute("DELETE FROM meta WHERE key = ?1", [MARK])?,
    };
    Ok(())
}

/// What is left to be cleaned, and when.
#[derive(Debug, Default)]
pub(crate) struct Cleaning {
    next: Option<Next>,
    /// Since when nothing was done.
    since: Option<Instant>,
    /// Whether a merge was begun, and how many ended.
    merging: bool,
    merged: u32,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Merge(Duration),
    Rewrite,
    Empty,
}

impl Cleaning {
    /// Looks for what an earlier process left.
    pub(crate) fn of(views: &ViewsWriter) -> Result<Self, ViewsError> {
        let mark: Option<String> = views
            .conn
            .query_row("SELECT value FROM meta WHERE key = ?1", [MARK], |r| {
                r.get(0)
            })
            .optional()?;
        Ok(Self {
            next: mark.map(|mark| match mark.as_str() {
                REWRITE => Next::Rewrite,
                _ => Next::Merge(QUIET),
            }),
            ..Self::default()
        })
    }

    /// Something was erased: everything is to be cleaned once more.
    pub(crate) fn again(&mut self) {
        *self = Self {
            next: Some(Next::Merge(QUIET)),
            since: self.since.or_else(|| Some(Instant::now())),
            ..Self::default()
        };
    }

    /// Whether a step has waited long enough for nobody to be waiting.
    pub(crate) fn is_overdue(&self) -> bool {
        self.next.is_some() && self.since.is_some_and(|since| since.elapsed() > OVERDUE)
    }

    /// How long nobody must have waited before the next step, and no longer than something else may wait.
    pub(crate) fn wait(&self, other: Duration) -> Duration {
        let own = match self.next {
            None => other,
            Some(_) if self.is_overdue() => Duration::ZERO,
            Some(Next::Merge(pause)) => pause,
            Some(Next::Rewrite) => Duration::ZERO,
            Some(Next::Empty) => READER_PAUSE,
        };
        own.min(other)
    }

    /// Whether a step is due when nobody waits.
    pub(crate) fn is_due(&self) -> bool {
        let since = || self.since.is_none_or(|at| at.elapsed() >= READER_PAUSE);
        match self.next {
            None => false,
            Some(Next::Empty) => since(),
            Some(_) => true,
        }
    }

    /// Does a step.
    ///
    /// # Errors
    /// When SQLite fails; it is tried again after the next erasure or start.
    pub(crate) fn step(&mut self, views: &mut ViewsWriter) -> Result<(), ViewsError> {
        views.end_reads();
        let limit = REWRITE_WHILE_SERVING_BYTES;
        let done = self.advance(&views.conn, limit);
        self.since = Some(Instant::now());
        if done.is_err() {
            self.next = None;
        }
        done
    }

    /// Finishes what can be finished in a few seconds; the rest waits for the next start.
    ///
    /// # Errors
    /// When SQLite fails.
    pub(crate) fn finish(&mut self, views: &mut ViewsWriter) -> Result<(), ViewsError> {
        views.end_reads();
        let began = Instant::now();
        // A file that was too large while it served may be small enough now.
        if self.next.is_none() {
            *self = Self::of(views)?;
        }
        while let Some(next) = self.next {
            self.advance(&views.conn, REWRITE_AT_STOP_BYTES)?;
            if matches!(next, Next::Empty) || began.elapsed() > STOP_WITHIN {
                break;
            }
        }
        Ok(())
    }

    fn advance(&mut self, conn: &Connection, limit: u64) -> Result<(), ViewsError> {
        match self.next {
            Some(Next::Merge(_)) => {
                let pages = if self.merging {
                    MERGE_PAGES
                } else {
                    -MERGE_PAGES
                };
                let worked = merge(conn, pages)?;
                let whole = !self.merging && !worked;
                self.merging = worked;
                self.merged += u32::from(!worked);
                self.next = Some(Next::Merge(Duration::ZERO));
                if whole || self.merged >= MERGES {
                    set(conn, Some(REWRITE))?;
                    self.next = Some(Next::Rewrite);
                }
            }
            Some(Next::Rewrite) => {
                self.next = Some(Next::Empty);
                let pages: u64 = conn
                    .pragma_query_value(None, "page_count", |r| r.get::<_, i64>(0))?
                    .cast_unsigned();
                let size: u64 = conn
                    .pragma_query_value(None, "page_size", |r| r.get::<_, i64>(0))?
                    .cast_unsigned();
                if pages.saturating_mul(size) <= limit {
                    // SQLite overwrites what is deleted, but not what it moves between pages.
                    conn.execute_batch("VACUUM")?;
                    set(conn, None)?;
                }
            }
            Some(Next::Empty) if empty_wal(conn)? => self.next = None,
            // Somebody still reads older rows.
            Some(Next::Empty) | None => {}
        }
        Ok(())
    }
}

/// Merges some pages of the full-text index; from a negative number on all of it. Says whether there was anything to do.
fn merge(conn: &Connection, pages: i64) -> Result<bool, ViewsError> {
    let changes = || conn.query_row("SELECT total_changes()", [], |r| r.get::<_, i64>(0));
    let before = changes()?;
    conn.prepare_cached("INSERT INTO search (search, rank) VALUES ('merge', ?1)")?
        .execute([pages])?;
    // The command itself counts as one.
    Ok(changes()? - before >= 2)
}

/// Writes the log ahead into the file and empties it, unless somebody still reads from it.
pub(super) fn empty_wal(conn: &Connection) -> Result<bool, ViewsError> {
    conn.busy_timeout(Duration::ZERO)?;
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| {
        r.get::<_, i64>(0)
    });
    conn.busy_timeout(super::pool::WRITER_BUSY)?;
    Ok(busy? == 0)
}
