//! What a report waits for, at the API, against the same sums put to the bare SQLite file by hand: grouped by grid, by kind, by need, by whether households were visited, and how long matters took.

use rusqlite::{Connection, params};

use super::dashboard::{Asked, compare_in, run};
use super::site::T0;

/// Times that each is put: a report reads all the records that it counts.
const ROUNDS: usize = 10;
const DAY_MS: i64 = 86_400_000;

/// The sums of matters by what a group is.
fn matters(conn: &Connection, group: &str, join: &str, span: (i64, i64)) {
    let sql = format!(
        "SELECT {group}, COUNT(*), SUM(r.closed IS NOT NULL), SUM(m.done <= r.due),
         SUM(r.due IS NOT NULL AND (m.done IS NOT NULL OR r.work IN (1, 2) AND r.due < ?3))
         FROM records r LEFT JOIN measured m ON m.record = r.id {join}
         WHERE r.live = 1 AND r.deleted = 0 AND r.form = 'matter' AND r.happened >= ?1 AND r.happened < ?2 GROUP BY 1"
    );
    run(conn, &sql, params![span.0, span.1, T0.millis()]);
}

/// Puts them all.
pub(super) fn questions(api: &Asked, conn: &Connection) {
    // Days of the server's zone: the last one is today, and the time before is as long.
    let until = (T0.millis() + 8 * 3_600_000).div_euclid(DAY_MS) * DAY_MS + DAY_MS - 8 * 3_600_000;
    let days = |n: i64| {
        [
            (until - n * DAY_MS, until),
            (until - 2 * n * DAY_MS, until - n * DAY_MS),
        ]
    };
    let report = |id: &str, of: &str| {
        api.get(&format!("/v1/reports/{id}/result?of={of}"));
    };
    compare_in(
        ROUNDS,
        "a year of matters by grid: count, closing and on-time rate, beside the year before",
        |_| report("matters-by-area", "last_365_days"),
        |_| {
            for span in days(365) {
                matters(conn, "r.grid", "", span);
            }
        },
    );
    let kind = "LEFT JOIN chosen c ON c.record = r.id AND c.field = 'kind'";
    compare_in(
        ROUNDS,
        "the same by kind",
        |_| report("matters-by-kind", "last_365_days"),
        |_| {
            for span in days(365) {
                matters(conn, "c.value", kind, span);
            }
        },
    );
    compare_in(
        ROUNDS,
        "a year of visits by need, and all of them once",
        |_| report("visits-by-need", "last_365_days"),
        |_| {
            for span in days(365) {
                for (group, join) in [
                    (
                        "c.value",
                        "LEFT JOIN chosen c ON c.record = r.id AND c.field = 'needs'",
                    ),
                    ("NULL", ""),
                ] {
                    let sql = format!(
                        "SELECT {group}, COUNT(*) FROM records r {join} WHERE r.live = 1 AND r.deleted = 0
                         AND r.form = 'visit' AND r.happened >= ?1 AND r.happened < ?2 GROUP BY 1"
                    );
                    run(conn, &sql, params![span.0, span.1]);
                }
            }
        },
    );
    compare_in(
        ROUNDS,
        "coverage of 90 days by grid",
        |_| report("coverage", "last_90_days"),
        |_| {
            for span in days(90) {
                run(
                    conn,
                    "SELECT grid, COUNT(*), SUM(EXISTS (SELECT 1 FROM records v WHERE v.household = r.record
                       AND v.means = 2 AND v.live = 1 AND v.deleted = 0 AND v.happened >= ?1 AND v.happened < ?2))
                     FROM records r WHERE live = 1 AND deleted = 0 AND form = 'household' GROUP BY grid",
                    params![span.0, span.1],
                );
            }
        },
    );
    compare_in(
        ROUNDS,
        "a year of matters by grid: done on the spot, and how long the first step took",
        |_| report("resolved-in-grid", "last_365_days"),
        |_| {
            for span in days(365) {
                run(
                    conn,
                    "SELECT r.grid, COUNT(*), SUM(m.in_grid), SUM(m.done IS NOT NULL), SUM(m.answered IS NOT NULL)
                     FROM records r LEFT JOIN measured m ON m.record = r.id WHERE r.live = 1 AND r.deleted = 0
                     AND r.form = 'matter' AND r.happened >= ?1 AND r.happened < ?2 GROUP BY 1",
                    params![span.0, span.1],
                );
                // All of them in order, from which the middle of each grid is taken.
                run(
                    conn,
                    "SELECT r.grid, m.answered - r.happened AS took FROM records r JOIN measured m ON m.record = r.id
                     WHERE r.live = 1 AND r.deleted = 0 AND r.form = 'matter' AND m.answered IS NOT NULL
                     AND r.happened >= ?1 AND r.happened < ?2 ORDER BY r.grid, took",
                    params![span.0, span.1],
                );
            }
        },
    );
}
