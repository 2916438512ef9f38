//! What a supervisor waits for, at the API, against the same questions put to the bare SQLite file
//! by hand: a filtered page, a search, the overview, the map at three zooms.
//!
//! The server runs in this process and is asked over HTTP on one connection. The bare connection
//! has the server's cache and memory map, and the same indexes; its statements are those that a
//! person would write who does not choose an index.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::views::VIEWS_DB_FILE_NAME;
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::search::SearchQuery;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rusqlite::{Connection, OpenFlags, params};

use super::served::serve_here;
use super::site::{T0, row, temp};
use super::town::{self, CORNER_E7, PER_GRID, STREET};

/// Times that each question is put, with other words each time.
const ROUNDS: usize = 100;
/// Rounds before, so that neither side reads from a cold disk.
const WARM_UP: usize = 5;
const PASSWORD: &str = "a long enough phrase";
const DAY_MS: i64 = 86_400_000;
/// Words of the generator's grammar: some that many records hold, some that few do.
const WORDS: [&str; 8] = [
    "灭火器",
    "电梯",
    "助听器",
    "井盖",
    "幸福路",
    "王",
    "滨河道 电动车",
    "米面油 老人",
];
const STATUSES: [&str; 4] = ["reported", "accepted", "dispatched", "closed"];
const COLUMNS: &str =
    "record, grid, form, form_version, status, deleted, conflicts, title, household, lat, lon,
 missing, late, captured, changed, received";

/// Sides of a map's window, in degrees, by zoom: 1,024 by 768 pixels.
const ZOOMS: [(u32, f64); 3] = [(9, 2.8), (13, 0.176), (16, 0.022)];

fn p95(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[(took.len() * 95).div_ceil(100) - 1]
}

/// The server's resident memory, which is this process's.
fn resident_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("VmRSS:"));
    let kib = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

pub(super) struct Asked {
    agent: ureq::Agent,
    base: String,
    token: String,
}

impl Asked {
    pub(super) fn get(&self, path: &str) -> String {
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .call()
            .unwrap();
        answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .unwrap()
    }
}

fn bare(path: &std::path::Path) -> Connection {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    conn.pragma_update(None, "cache_size", -32_768).unwrap();
    conn.pragma_update(None, "mmap_size", 268_435_456).unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    conn
}

/// Runs a statement and takes every value of every row, as whoever asks would.
pub(super) fn run(conn: &Connection, sql: &str, values: impl rusqlite::Params) -> usize {
    let mut statement = conn.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query(values).unwrap();
    let mut n = 0;
    while let Some(row) = rows.next().unwrap() {
        for i in 0..columns {
            std::hint::black_box(row.get::<_, rusqlite::types::Value>(i).unwrap());
        }
        n += 1;
    }
    n
}

/// Puts a question to both sides in turn.
fn compare(what: &str, api: impl FnMut(usize), sqlite: impl FnMut(usize)) {
    compare_in(ROUNDS, what, api, sqlite);
}

/// The same so many times.
pub(super) fn compare_in(
    rounds: usize,
    what: &str,
    mut api: impl FnMut(usize),
    mut sqlite: impl FnMut(usize),
) {
    for n in 0..WARM_UP.min(rounds) {
        api(n);
        sqlite(n);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for n in WARM_UP..WARM_UP + rounds {
        let start = Instant::now();
        api(n);
        ours.push(start.elapsed());
        let start = Instant::now();
        sqlite(n);
        theirs.push(start.elapsed());
    }
    let (ours, theirs) = (p95(ours), p95(theirs));
    row(
        what,
        &format!("p95 {:.2} ms", ours.as_secs_f64() * 1e3),
        &format!("bare SQLite p95 {:.2} ms", theirs.as_secs_f64() * 1e3),
        ours.as_secs_f64() / theirs.as_secs_f64(),
        Some(1.5),
    );
}

/// Loads records and compares.
pub(crate) fn run_with(records: usize, seed: u64) {
    let dir = temp();
    let data = dir.path().join("server");
    let settings = "[log]\nmin_free_mib = 16\n[limits]\ndevice_requests_per_minute = 100000\n";
    let config = Config::parse(settings, std::iter::empty()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(T0));
    let node = Node::init(&data, config, clock, "admin", &Password::new(PASSWORD)).unwrap();
    let grids = records.div_ceil(PER_GRID);
    for areas in town::areas(grids).chunks(100) {
        let areas = areas.to_vec();
        node.directory
            .change(vec![DirectoryChange::Areas { areas }])
            .unwrap();
    }
    let views = data.join(VIEWS_DB_FILE_NAME);
    let start = Instant::now();
    town::fill(&views, &node.directory.current(), records, seed);
    let took = start.elapsed();
    let size = std::fs::metadata(&views).unwrap().len() >> 20;
    println!(
        "{records} records in {grids} grids, {size} MiB of views, {:.0} us a record to write",
        took.as_secs_f64() * 1e6 / records as f64
    );
    let (runtime, server, base) = serve_here(&node);
    let agent: ureq::Agent = ureq::Agent::config_builder().build().into();
    let credentials = format!("{{\"login\":\"admin\",\"password\":\"{PASSWORD}\"}}");
    let mut answer = agent
        .post(format!("{base}/v1/sign-in"))
        .header("content-type", "application/json")
        .send(credentials)
        .unwrap();
    let session: serde_json::Value = answer.body_mut().read_json().unwrap();
    let token = session["access_token"].as_str().unwrap().to_owned();
    let api = Asked { agent, base, token };
    let conn = bare(&views);
    questions(&api, &conn, grids, seed);
    super::reports::questions(&api, &conn);
    println!(
        "resident memory after all questions: {} MiB",
        resident_mib()
    );
    runtime.block_on(server.stop());
}

fn questions(api: &Asked, conn: &Connection, grids: usize, seed: u64) {
    let streets = grids.div_ceil(STREET);
    let pick = |n: usize| StdRng::seed_from_u64(seed ^ (n as u64) << 20);
    let in_street = |street: usize| {
        let all: Vec<String> = (street * STREET..((street + 1) * STREET).min(grids))
            .map(|g| format!("g{g}"))
            .collect();
        serde_json::to_string(&all).unwrap()
    };
    let of = |n: usize| {
        let mut rng = pick(n);
        (
            rng.random_range(0..streets),
            STATUSES[rng.random_range(0..STATUSES.len())],
        )
    };
    compare(
        "a page of 50 matters of a street by status, newest first",
        |n| {
            let (street, status) = of(n);
            api.get(&format!(
                "/v1/records?area=s{street}&form=matter&status={status}&limit=50"
            ));
        },
        |n| {
            let (street, status) = of(n);
            let sql = format!(
                "SELECT {COLUMNS} FROM records WHERE live = 1 AND deleted = 0 AND form = 'matter' AND status = ?1
                 AND grid IN (SELECT value FROM json_each(?2)) ORDER BY changed DESC, id DESC LIMIT 51"
            );
            run(conn, &sql, params![status, in_street(street)]);
        },
    );
    compare(
        "a page of 50 of everything, by title",
        |n| {
            let form = ["household", "matter", "task"][n % 3];
            api.get(&format!("/v1/records?sort=title&form={form}&limit=50"));
        },
        |n| {
            let form = ["household", "matter", "task"][n % 3];
            let sql = format!(
                "SELECT {COLUMNS} FROM records WHERE live = 1 AND deleted = 0 AND form = ?1 ORDER BY title_key, id LIMIT 51"
            );
            run(conn, &sql, [form]);
        },
    );
    compare(
        "full text, newest 50",
        |n| {
            let word = WORDS[n % WORDS.len()].replace(' ', "%20");
            api.get(&format!("/v1/records?text={word}&limit=50"));
        },
        |n| {
            let query = SearchQuery::read(WORDS[n % WORDS.len()]);
            let phrases = query.as_ref().map(SearchQuery::phrases).unwrap_or_default();
            let words: Vec<String> = phrases
                .iter()
                .map(|phrase| format!("\"{}\"", phrase.words))
                .collect();
            let sql = format!(
                "SELECT {COLUMNS} FROM records WHERE live = 1 AND deleted = 0
                 AND id IN (SELECT rowid FROM search WHERE search MATCH ?1) ORDER BY changed DESC, id DESC LIMIT 51"
            );
            run(conn, &sql, [words.join(" AND ")]);
        },
    );
    compare(
        "the overview of the town",
        |_| {
            api.get("/v1/overview?days=30");
        },
        |_| bare_overview(conn),
    );
    for (zoom, side) in ZOOMS {
        let window = |n: usize| {
            let mut rng = pick(n);
            let wide = 0.32;
            let high = (grids as f64 / 32.0).ceil() / 100.0;
            let west =
                f64::from(CORNER_E7.1) / 1e7 + (wide - side).max(0.0) * rng.random_range(0.0..1.0);
            let south =
                f64::from(CORNER_E7.0) / 1e7 + (high - side).max(0.0) * rng.random_range(0.0..1.0);
            (west, south, west + side, south + side * 0.75)
        };
        compare(
            &format!("the map at zoom {zoom}"),
            |n| {
                let (w, s, e, t) = window(n);
                api.get(&format!("/v1/map?zoom={zoom}&bbox={w},{s},{e},{t}"));
            },
            |n| {
                let (w, s, e, t) = window(n);
                let e7 = |v: f64| (v * 1e7) as i64;
                let shift = 2 * (22 - (zoom + 2).min(22));
                let sql = format!(
                    "SELECT cell >> {shift}, COUNT(*), AVG(lat), AVG(lon), MIN(record) FROM records
                     WHERE live = 1 AND deleted = 0 AND cell IS NOT NULL AND lat BETWEEN ?1 AND ?2 AND lon BETWEEN ?3 AND ?4
                     GROUP BY 1"
                );
                run(conn, &sql, params![e7(s), e7(t), e7(w), e7(e)]);
            },
        );
    }
}

/// The numbers of the overview, each by a statement of its own.
fn bare_overview(conn: &Connection) {
    let now = T0.millis();
    for form in ["matter", "task"] {
        run(
            conn,
            "SELECT grid, COUNT(*), SUM(work = 1 AND due < ?1), SUM(work = 1 AND due_received < ?1), SUM(status = 'issued')
             FROM records WHERE live = 1 AND deleted = 0 AND work > 0 AND form = ?2 GROUP BY grid",
            params![now, form],
        );
    }
    let since = now - 30 * DAY_MS;
    run(
        conn,
        "SELECT grid, COUNT(*), SUM(visited < ?1) FROM records
         WHERE live = 1 AND deleted = 0 AND form = 'household' GROUP BY grid",
        [since],
    );
    run(
        conn,
        "SELECT grid, COUNT(*) FROM records WHERE live = 1 AND deleted = 0 AND form = 'visit' AND happened >= ?1 GROUP BY grid",
        [now - 7 * DAY_MS],
    );
    for (form, column) in [
        ("visit", "happened"),
        ("matter", "happened"),
        ("matter", "closed"),
    ] {
        let sql = format!(
            "SELECT ({column} - ?1) / {DAY_MS}, COUNT(*) FROM records
             WHERE live = 1 AND deleted = 0 AND {column} IS NOT NULL AND form = '{form}' AND {column} >= ?1 GROUP BY 1"
        );
        run(conn, &sql, [since]);
    }
    run(
        conn,
        "SELECT COUNT(*) FROM records WHERE live = 1 AND deleted = 0 AND conflicts > 0",
        [],
    );
    run(conn, "SELECT COUNT(*) FROM entries WHERE verdict >= 2", []);
    run(conn, "SELECT name, received FROM streams", []);
}
