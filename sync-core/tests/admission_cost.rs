//! What one hostile device can cost, with the reference facts, which derive everything anew.
//!
//! Figures are printed (`--nocapture`); what is asserted are counts, which no machine changes.

use crate::common;
use crate::common::world::field;
use crate::common::{GRID, Phone, World, set, stream};
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, next_link};
use gridfold_sync_core::ids::{ActionKey, Hash};
use gridfold_sync_core::limits::{
    MAX_ENTRIES_PER_PUSH, MAX_RECORD_ENTRIES, MAX_RECORD_FORK_WEIGHT, MAX_RECORD_OPS,
    MAX_RECORD_TRANSITIONS, MAX_RECORD_WEIGHT, OP_WEIGHT,
};
use gridfold_sync_core::merge::{fold, state_at};

fn splice(delete: u32, insert: &str) -> Op {
    Op::Splice {
        field: field("note"),
        at: 0,
        delete,
        insert: insert.to_owned(),
    }
}

fn age(n: i64) -> Vec<Op> {
    vec![set("age", Value::Integer(n % 150))]
}

/// A chain of this many entries by the worker.
fn chain(world: &mut World, n: usize, ops: impl Fn(usize) -> Vec<Op>) -> Vec<Entry> {
    let here = stream(GRID);
    let record = world.record();
    let mut all = vec![world.worker.start(&here, record, ops(0))];
    for i in 1..n {
        let head = all[i - 1].id();
        all.push(world.worker.edit(&here, &[head], ops(i)));
    }
    all
}

/// A new phone of the worker's, and its edit beside what came after `at`.
fn forked(world: &mut World, at: &Entry, ops: Vec<Op>) -> (Phone, Entry) {
    let user = world.worker.author.user;
    let mut phone = Phone::new(&mut world.rng, user);
    let entry = phone.edit(&stream(GRID), &[at.id()], ops);
    (phone, entry)
}

fn fork(world: &mut World, at: &Entry, ops: Vec<Op>) -> Entry {
    forked(world, at, ops).1
}

/// A part of a phone's log, signed up to its last entry.
fn signed(phone: &Phone, part: Vec<Entry>, all: &[Entry]) -> PushedLog {
    let before = all.iter().take_while(|e| e.header.seq < part[0].header.seq);
    let from = before.fold(Hash::default(), |link, e| {
        next_link(&link, &e.hash(&stream(GRID)))
    });
    common::world::sign(&phone.key, &stream(GRID), from, part)
}

#[test]
fn a_record_with_all_its_entries_and_forks_derives_and_takes_no_more_forks() {
    let here = stream(GRID);
    let mut world = World::new(1);
    let form = common::world::form_code("probe");
    let per_fork = MAX_RECORD_ENTRIES * OP_WEIGHT;
    let forks = MAX_RECORD_FORK_WEIGHT / per_fork;
    let mut entries = chain(
        &mut world,
        MAX_RECORD_ENTRIES - forks - 1,
        |i| age(i as i64),
    );
    fold(&form, &entries).unwrap();
    for log in entries.chunks(MAX_ENTRIES_PER_PUSH) {
        let log = signed(&world.worker, log.to_vec(), &entries);
        let by = world.worker.clone();
        let decided = world.admit(&by, &log).unwrap();
        assert!(decided.iter().all(|d| d.verdict.is_admitted()));
    }
    for i in 0..forks {
        let at = entries[(i * 50) % 1_000].clone();
        let side = fork(&mut world, &at, age(i as i64));
        entries.push(side);
    }
    let row = fold(&form, &entries).unwrap();
    assert_eq!(row.forks as usize, forks);
    let heads: Vec<_> = row.heads.iter().copied().take(64).collect();
    state_at(&form, &entries, &heads).unwrap();
    // The server's way, one fork and then one too many.
    let (phone, side) = forked(&mut world, &entries[7], age(1));
    let log = phone.clone().push(&here, vec![side]);
    let decided = world.admit(&phone, &log);
    assert_eq!(decided.unwrap()[0].refusal(), None);
    assert_eq!(world.facts.derivations, 2);
    let record = world.facts.log[&here][0].record.unwrap();
    let full = world.facts.row(&here, record).forks;
    assert_eq!(full, 1);
}

#[test]
fn forks_past_the_limit_are_refused_without_deriving_anything() {
    let here = stream(GRID);
    let mut world = World::new(4);
    let long = "x".repeat(20_000);
    let n = MAX_RECORD_WEIGHT / (40_000 + OP_WEIGHT);
    let entries = chain(&mut world, n, |i| {
        vec![splice(if i == 0 { 0 } else { 20_000 }, &long)]
    });
    let log = world.worker.push(&here, entries.clone());
    let by = world.worker.clone();
    world.admit(&by, &log).unwrap();
    let mut codes = Vec::new();
    for i in 0..8 {
        let (phone, side) = forked(&mut world, &entries[n - 2], age(i));
        let log = phone.clone().push(&here, vec![side]);
        codes.push(world.admit(&phone, &log).unwrap()[0].refusal());
    }
    let admitted = codes.iter().filter(|c| c.is_none()).count();
    assert!(
        (1..=MAX_RECORD_FORK_WEIGHT / MAX_RECORD_WEIGHT + 1).contains(&admitted),
        "{codes:?}"
    );
    assert_eq!(codes.last(), Some(&Some(RefusalCode::RecordFull)));
    assert_eq!(
        world.facts.derivations,
        2 * admitted,
        "a refused fork derives nothing"
    );
}

#[test]
fn the_heaviest_text_derives_and_takes_no_more() {
    let here = stream(GRID);
    let mut world = World::new(2);
    let form = common::world::form_code("probe");
    let long = "x".repeat(20_000);
    let n = MAX_RECORD_WEIGHT / (40_000 + OP_WEIGHT) + 3;
    let entries = chain(&mut world, n, |i| {
        vec![splice(if i == 0 { 0 } else { 20_000 }, &long)]
    });
    let log = world.worker.push(&here, entries.clone());
    let by = world.worker.clone();
    let decided = world.admit(&by, &log).unwrap();
    let first = decided.iter().position(|d| d.refusal().is_some()).unwrap();
    assert_eq!(decided[first].refusal(), Some(RefusalCode::RecordFull));
    let record = decided[0].record.unwrap();
    let row = world.facts.row(&here, record);
    assert!(row.weight <= MAX_RECORD_WEIGHT as u64);
    assert!(row.weight + 40_008 > MAX_RECORD_WEIGHT as u64);
    let mut entries = entries[..first].to_vec();
    let at = entries[first - 2].clone();
    let side = fork(&mut world, &at, age(3));
    entries.push(side);
    fold(&form, &entries).unwrap();
}

#[test]
fn a_push_of_the_costliest_entries_fills_its_records_soon() {
    let mut world = World::new(3);
    let here = stream(GRID);
    let long = "网".repeat(19_000);
    let first = world.record();
    let mut entries = vec![world.worker.start(&here, first, vec![splice(0, &long)])];
    for i in 0..130 {
        let head = entries[i].id();
        // Positions at the far end of a long text.
        let op = Op::Splice {
            field: field("note"),
            at: 19_000,
            delete: 0,
            insert: String::new(),
        };
        entries.push(world.worker.edit(&here, &[head], vec![op; 1_000]));
    }
    let log = world.worker.push(&here, entries);
    let by = world.worker.clone();
    let decided = world.admit(&by, &log);
    let admitted = decided
        .unwrap()
        .iter()
        .filter(|d| d.verdict.is_admitted())
        .count();
    assert!(
        admitted <= 1 + MAX_RECORD_OPS / 1_000,
        "{admitted} admitted"
    );
}

#[test]
fn alternating_transitions_of_two_devices_fold_in_one_pass() {
    let mut world = World::new(5);
    let here = stream(GRID);
    let start = world.started(|w| &mut w.worker, GRID);
    let mut head = start;
    let act = |a: &str| Op::Transition {
        action: ActionKey::new(a).unwrap(),
        note: String::new(),
    };
    ({
        for i in 0..MAX_RECORD_TRANSITIONS {
            let phone = if i % 2 == 0 {
                &mut world.worker
            } else {
                &mut world.colleague
            };
            let op = act(if i % 2 == 0 { "finish" } else { "reopen" });
            head = phone.edit(&here, &[head.id()], vec![op]);
            let (log, by) = (phone.push(&here, vec![head.clone()]), phone.clone());
            assert_eq!(world.admit(&by, &log).unwrap()[0].refusal(), None);
        }
    });
    let last = world.worker.edit(&here, &[head.id()], vec![act("finish")]);
    let (log, by) = (world.worker.push(&here, vec![last]), world.worker.clone());
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].refusal(), Some(RefusalCode::RecordFull));
}
