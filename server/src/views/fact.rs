//! What a report counts a record as, as SQL: one rule for the numbers of a report and for the list behind each of them.
//!
//! Columns are those of `records r` and of its row of `measured m`.

use gridfold_sync_core::time::Timestamp;

use crate::views::ReadScope;
use crate::views::conditions::Conditions;
use crate::views::work::{TO_DO, UNACKNOWLEDGED, VISIT};

/// What a record counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// Its work is closed.
    Closed,
    /// Its doer has done their part, whether or not it is closed.
    Done,
    /// That was before it was due.
    OnTime,
    /// That was after it was due, or it is past that and still to be done.
    Late,
    /// One of both: whether it was in time is settled.
    Judged,
    /// Whoever reported it did it on the spot, and nobody else was handed it.
    InGrid,
    /// A first step was taken after it was reported.
    Answered,
    /// Whoever has its receipt said how satisfied they are.
    Evaluated,
}

impl Fact {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Closed,
        Self::Done,
        Self::OnTime,
        Self::Late,
        Self::Judged,
        Self::InGrid,
        Self::Answered,
        Self::Evaluated,
    ];

    /// Its name in a request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Done => "done",
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::Judged => "judged",
            Self::InGrid => "in_grid",
            Self::Answered => "answered",
            Self::Evaluated => "evaluated",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.name() == name)
    }

    /// The conditions, as this reader may know them.
    pub(super) fn of(self, scope: &ReadScope, now: Timestamp) -> Conditions {
        let mut c = Conditions::default();
        match self {
            Self::Closed => c.add("r.closed IS NOT NULL"),
            Self::Done => c.add("m.done IS NOT NULL"),
            Self::OnTime => c.add("r.due IS NOT NULL AND m.done <= r.due"),
            Self::Late => {
                // What stands suspended is not late for that.
                c.with(
                    format!(
                        "r.due IS NOT NULL AND (m.done > r.due OR (m.done IS NULL
                         AND r.work IN ({UNACKNOWLEDGED}, {TO_DO}) AND r.due < ?))"
                    ),
                    now.millis(),
                );
            }
            Self::Judged => {
                c.with(
                    format!(
                        "r.due IS NOT NULL AND (m.done IS NOT NULL
                         OR (r.work IN ({UNACKNOWLEDGED}, {TO_DO}) AND r.due < ?))"
                    ),
                    now.millis(),
                );
            }
            Self::InGrid => c.add("m.in_grid = 1"),
            Self::Answered => c.add("m.answered IS NOT NULL"),
            Self::Evaluated => c.add("m.satisfaction IS NOT NULL"),
        }
        match self {
            Self::Evaluated => c.readable_in("m.satisfaction_class", scope),
            Self::Answered => {
                c.readable_in("r.happened_class", scope);
                c.readable_in("r.main_class", scope);
            }
            Self::Closed | Self::Done | Self::OnTime | Self::Late | Self::Judged | Self::InGrid => {
                c.readable_in("r.main_class", scope);
            }
        }
        c
    }
}

/// A time from one moment to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

impl Span {
    /// That a household was visited in this time.
    pub(super) fn visited(self, scope: &ReadScope) -> Conditions {
        let mut v = Conditions::default();
        v.add(format!(
            "v.household = r.record AND v.means = {VISIT} AND v.live = 1 AND v.deleted = 0"
        ));
        v.with("v.happened >= ?", self.from.millis());
        v.with("v.happened < ?", self.until.millis());
        v.readable_in("v.happened_class", scope);
        v.readable_in("v.household_class", scope);
        let mut c = Conditions::default();
        c.add(format!(
            "EXISTS (SELECT 1 FROM records v INDEXED BY records_household WHERE {})",
            v.all()
        ));
        c.values = v.values;
        c
    }
}
