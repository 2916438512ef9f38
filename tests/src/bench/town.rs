//! A town of records by a seeded generator, straight into the writer of the views: what the log
//! would have brought, without the log.

use std::path::Path;

use gridfold_server::views::{ProjectedEntry, ViewsWriter};
use gridfold_sync_core::directory::{Area, Directory};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Author, Entry, Target, Verdict};
use gridfold_sync_core::ids::{
    ActionKey, ChoiceKey, DeviceId, FormCode, Hash, IncarnationId, RecordId, SensitivityClass,
    StreamId, UserId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::site::{T0, area, ten};
use super::text;
use super::visit::{field, set};

/// Records of one grid: of them 30 in 100 households, 45 visits, 17 matters and 8 tasks.
pub(crate) const PER_GRID: usize = 1_000;
/// Grids of one street.
pub(crate) const STREET: usize = 10;
/// Grids side by side on the map.
const COLUMNS: usize = 32;
/// Width and height of a grid, in 1e-7 degree.
const GRID_E7: i32 = 100_000;
/// The south-western corner of the town, in 1e-7 degree.
pub(crate) const CORNER_E7: (i32, i32) = (390_000_000, 1_170_000_000);
const DAYS: i64 = 360;
const DAY_MS: i64 = 86_400_000;
const BATCH: usize = 4_096;

/// The areas of a town of so many grids: a city `c`, its streets `s0` …, their grids `g0` ….
pub(crate) fn areas(grids: usize) -> Vec<Area> {
    let of = |code: String, parent: Option<String>, level: &str| Area {
        name: code.clone(),
        code: area(&code),
        parent: parent.map(|p| area(&p)),
        level: level.to_owned(),
    };
    let mut out = vec![of("c".to_owned(), None, "city")];
    for street in 0..grids.div_ceil(STREET) {
        out.push(of(format!("s{street}"), Some("c".to_owned()), "street"));
    }
    for grid in 0..grids {
        let street = format!("s{}", grid / STREET);
        out.push(of(format!("g{grid}"), Some(street), "grid"));
    }
    out
}

struct Town<'a> {
    writer: ViewsWriter,
    directory: &'a Directory,
    rng: StdRng,
    incarnation: IncarnationId,
    author: Author,
    seqs: [u64; 3],
    log_seqs: [u64; 3],
    batch: Vec<ProjectedEntry>,
}

fn choice(key: &str) -> Value {
    Value::Choice(ChoiceKey::new(key).unwrap())
}

impl Town<'_> {
    /// One entry that makes a record's part, with its row.
    fn put(
        &mut self,
        grid: usize,
        class: SensitivityClass,
        form: &str,
        record: RecordId,
        at: Timestamp,
        ops: Vec<Op>,
    ) {
        let form = FormCode::new(form).unwrap();
        let n = class as usize;
        self.seqs[n] += 1;
        self.log_seqs[n] += 1;
        let target = Target::New {
            record,
            form: form.clone(),
        };
        let entry = Entry::new(self.incarnation, self.log_seqs[n], target, 1, at, ops);
        let mut state = PartState::new(form.clone());
        state.apply(&entry);
        let stream = StreamId::new(area(&format!("g{grid}")), class);
        self.batch.push(ProjectedEntry {
            hash: entry.hash(&stream),
            stream,
            seq: self.seqs[n],
            prefix: Hash::default(),
            id: entry.id(),
            author: self.author,
            claimed: at,
            received: at.plus_millis(self.rng.random_range(0..6 * 3_600_000)),
            verdict: Verdict::Admitted { late: false },
            record: Some(record),
            form: Some(form),
            state: Some(state),
        });
        if self.batch.len() >= BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        self.writer.project(&batch, self.directory.forms()).unwrap();
    }

    fn id(&mut self, at: Timestamp) -> RecordId {
        RecordId::from_parts(at, ten(self.rng.random()))
    }

    fn when(&mut self) -> Timestamp {
        T0.plus_millis(-self.rng.random_range(0..DAYS * DAY_MS))
    }

    fn place(&mut self, grid: usize) -> Value {
        let row = i32::try_from(grid / COLUMNS).unwrap();
        let column = i32::try_from(grid % COLUMNS).unwrap();
        Value::Geopoint {
            lat_e7: CORNER_E7.0 + row * GRID_E7 + self.rng.random_range(0..GRID_E7),
            lon_e7: CORNER_E7.1 + column * GRID_E7 + self.rng.random_range(0..GRID_E7),
        }
    }

    fn grid(&mut self, grid: usize, records: usize) {
        use SensitivityClass::{General, Personal, Restricted};
        self.seqs = [0; 3];
        let mut households = Vec::new();
        for n in 0..records {
            let at = self.when();
            let record = self.id(at);
            match n % 100 {
                0..30 => {
                    let address = format!("{} {} 号", text::notes(&mut self.rng, 12), n);
                    let place = self.place(grid);
                    let ops = vec![
                        set("address", Value::Text(address)),
                        set("dwelling", choice("owner")),
                        set("location", place),
                    ];
                    self.put(grid, Personal, "household", record, at, ops);
                    if n % 10 == 0 {
                        let needs = vec![Op::Choose {
                            field: field("care_needs"),
                            choice: ChoiceKey::new("elderly_alone").unwrap(),
                        }];
                        self.put(grid, Restricted, "household", record, at, needs);
                    }
                    households.push(record);
                }
                30..75 => {
                    let home = households[self.rng.random_range(0..households.len())];
                    let notes = text::notes(&mut self.rng, 60);
                    let ops = super::visit::visit(&mut self.rng, home, at, notes);
                    self.put(grid, Personal, "visit", record, at, ops);
                }
                75..92 => {
                    let summary = text::notes(&mut self.rng, 30);
                    let due = at.plus_millis(self.rng.random_range(1..30) * DAY_MS);
                    let place = self.place(grid);
                    let mut ops = vec![
                        set("kind", Value::Text("环境卫生".to_owned())),
                        set("summary", Value::Text(summary)),
                        set("reported_at", Value::DateTime(at)),
                        set("due_at", Value::DateTime(due)),
                        set("assignee", Value::Text(format!("worker {}", n % 40))),
                        set("location", place),
                    ];
                    // Nine of ten are closed; the rest stand somewhere on the way.
                    let steps = ["accept", "dispatch", "handle", "close"];
                    let made = if self.rng.random_range(0..10) > 0 {
                        4
                    } else {
                        self.rng.random_range(0..4)
                    };
                    ops.extend(steps.iter().take(made).map(|action| Op::Transition {
                        action: ActionKey::new(action).unwrap(),
                        note: String::new(),
                    }));
                    self.put(grid, General, "matter", record, at, ops);
                }
                _ => {
                    let title = text::notes(&mut self.rng, 16);
                    let due = at.plus_millis(self.rng.random_range(1..14) * DAY_MS);
                    let mut ops = vec![
                        set("title", Value::Text(title)),
                        set("doer", Value::Text(format!("worker {}", n % 40))),
                        set("due_at", Value::DateTime(due)),
                    ];
                    let steps = ["acknowledge", "finish", "confirm"];
                    let made = if self.rng.random_range(0..10) > 0 {
                        3
                    } else {
                        self.rng.random_range(0..3)
                    };
                    ops.extend(steps.iter().take(made).map(|action| Op::Transition {
                        action: ActionKey::new(action).unwrap(),
                        note: String::new(),
                    }));
                    self.put(grid, General, "task", record, at, ops);
                }
            }
        }
    }
}

/// Writes so many records into the views of a data directory.
pub(crate) fn fill(views: &Path, directory: &Directory, records: usize, seed: u64) {
    let mut town = Town {
        writer: ViewsWriter::open(views).unwrap(),
        directory,
        rng: StdRng::seed_from_u64(seed),
        incarnation: IncarnationId::from_parts(T0, ten(1)),
        author: Author {
            device: DeviceId::from_parts(T0, ten(2)),
            user: UserId::from_parts(T0, ten(3)),
        },
        seqs: [0; 3],
        log_seqs: [0; 3],
        batch: Vec::with_capacity(BATCH),
    };
    let mut left = records;
    for grid in 0..records.div_ceil(PER_GRID) {
        // One device log a grid, so that its sequence begins anew.
        town.incarnation = IncarnationId::from_parts(T0, ten(grid as u64 + 10));
        town.log_seqs = [0; 3];
        town.grid(grid, left.min(PER_GRID));
        left = left.saturating_sub(PER_GRID);
        if grid % 50 == 49 {
            eprintln!("{} of {records} records", (grid + 1) * PER_GRID);
        }
    }
    town.flush();
}
