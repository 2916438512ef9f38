//! What a report counts a record as, as SQL: one rule for the numbers of a report and for the list behind each of them.
//!
//! Columns are those of `records r` and of its row of `measured m`.

use gridfold_sync_core::time::Timestamp;

use crate::views::sql::Conditions;
use crate::views::work::{TO_DO, UNACKNOWLEDGED, VISIT};
use crate::views::{Fact, ReadScope, Span};

/// The conditions, as this reader may know them.
pub(super) fn of(fact: Fact, scope: &ReadScope, now: Timestamp) -> Conditions {
    let mut c = Conditions::default();
    match fact {
        Fact::Closed => c.add("r.closed IS NOT NULL"),
        Fact::Done => c.add("m.done IS NOT NULL"),
        Fact::OnTime => c.add("r.due IS NOT NULL AND m.done <= r.due"),
        Fact::Late => {
            // What stands suspended is not late for that.
            c.with(
                format!(
                    "r.due IS NOT NULL AND (m.done > r.due OR (m.done IS NULL
                     AND r.work IN ({UNACKNOWLEDGED}, {TO_DO}) AND r.due < ?))"
                ),
                now.millis(),
            );
        }
        Fact::Judged => {
            c.with(
                format!(
                    "r.due IS NOT NULL AND (m.done IS NOT NULL
                     OR (r.work IN ({UNACKNOWLEDGED}, {TO_DO}) AND r.due < ?))"
                ),
                now.millis(),
            );
        }
        Fact::InGrid => c.add("m.in_grid = 1"),
        Fact::Answered => c.add("m.answered IS NOT NULL"),
        Fact::Evaluated => c.add("m.satisfaction IS NOT NULL"),
    }
    match fact {
        Fact::Evaluated => c.readable_in("m.satisfaction_class", scope),
        Fact::Answered => {
            c.readable_in("r.happened_class", scope);
            c.readable_in("r.main_class", scope);
        }
        Fact::Closed | Fact::Done | Fact::OnTime | Fact::Late | Fact::Judged | Fact::InGrid => {
            c.readable_in("r.main_class", scope);
        }
    }
    c
}

/// That a household was visited in this time.
pub(super) fn visited(span: Span, scope: &ReadScope) -> Conditions {
    let mut v = Conditions::default();
    v.add(format!(
        "v.household = r.record AND v.means = {VISIT} AND v.live = 1 AND v.deleted = 0"
    ));
    v.with("v.happened >= ?", span.from.millis());
    v.with("v.happened < ?", span.until.millis());
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
