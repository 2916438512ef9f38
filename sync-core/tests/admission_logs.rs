//! Problems with a whole device log: nothing of it enters, and every other log is untouched.

use std::collections::BTreeSet;

use crate::common;
use crate::common::world::{NOW, form_code, sign};
use crate::common::{GRID, MemoryFacts, OTHER_GRID, Phone, World, set, stream, text};
use gridfold_sync_core::admission::{ErasedPlace, LogProblem, PushedLog, admit};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Entry, RefusalCode, SignKey, Target};
use gridfold_sync_core::ids::{Hash, IncarnationId, RecordId};
use gridfold_sync_core::limits::MAX_ENTRIES_PER_PUSH;
use gridfold_sync_core::time::Timestamp;

type Make = fn(&mut World) -> (Phone, PushedLog);

fn named(name: &str) -> Vec<Op> {
    vec![set("name", text(name))]
}
fn start(world: &mut World, name: &str) -> Entry {
    let record = world.record();
    world.worker.start(&stream(GRID), record, named(name))
}
/// Two entries, as the worker would push them.
fn two(world: &mut World) -> PushedLog {
    let entries = vec![start(world, "a"), start(world, "b")];
    world.worker.push(&stream(GRID), entries)
}
fn by_worker(world: &World, log: PushedLog) -> (Phone, PushedLog) {
    (world.worker.clone(), log)
}
/// An entry that says it is of this sequence, properly chained and signed.
fn numbered(world: &mut World, seq: u64) -> (Phone, PushedLog) {
    let (record, by) = (world.record(), world.worker.clone());
    let target = Target::New {
        record,
        form: form_code("probe"),
    };
    let entry = Entry::new(by.incarnation, seq, target, 1, NOW, named("x"));
    let log = sign(&by.key, &stream(GRID), Hash::default(), vec![entry]);
    (by, log)
}

fn cases() -> Vec<(&'static str, LogProblem, Make)> {
    vec![
        ("a gap", LogProblem::Gap { expected: 3 }, |w| {
            let (first, _, third) = (two(w), start(w, "c"), start(w, "d"));
            let by = w.worker.clone();
            w.admit(&by, &first).unwrap();
            let log = w.worker.push(&stream(GRID), vec![third]);
            by_worker(w, log)
        }),
        (
            "the largest sequence",
            LogProblem::Gap { expected: 1 },
            |w| numbered(w, u64::MAX),
        ),
        ("sequence 0", LogProblem::BadSignature, |w| numbered(w, 0)),
        (
            "a repeated sequence with other content",
            LogProblem::Forked,
            |w| {
                let copy = w.worker.clone();
                let first = two(w);
                let by = w.worker.clone();
                w.admit(&by, &first).unwrap();
                w.worker = copy;
                let again = two(w);
                by_worker(w, again)
            },
        ),
        ("a fork below its head", LogProblem::Forked, |w| {
            let (by, mut log) = (w.worker.clone(), two(w));
            w.admit(&by, &log).unwrap();
            log.entries[0] = Entry::new(
                log.incarnation,
                1,
                log.entries[0].header.target.clone(),
                1,
                Timestamp(5),
                named("other"),
            );
            by_worker(w, log)
        }),
        (
            "a flipped bit of the signature",
            LogProblem::BadSignature,
            |w| {
                let mut log = two(w);
                log.signature.0[3] ^= 1;
                by_worker(w, log)
            },
        ),
        ("another key", LogProblem::BadSignature, |w| {
            w.worker.key = SignKey::from_seed(&[9; 32]);
            let log = two(w);
            let mut by = w.worker.clone();
            by.key = SignKey::from_seed(&[8; 32]);
            (by, log)
        }),
        (
            "a chain with an entry left out",
            LogProblem::BadSignature,
            |w| {
                let mut log = two(w);
                log.entries.pop();
                by_worker(w, log)
            },
        ),
        (
            "a changed entry inside the chain",
            LogProblem::BadSignature,
            |w| {
                let mut log = two(w);
                log.entries[0].header.claimed = Timestamp(1);
                by_worker(w, log)
            },
        ),
        ("swapped entries", LogProblem::BadSignature, |w| {
            let mut log = two(w);
            log.entries.swap(0, 1);
            by_worker(w, log)
        }),
        ("the log of another stream", LogProblem::BadSignature, |w| {
            let mut log = two(w);
            log.stream = stream(OTHER_GRID);
            by_worker(w, log)
        }),
        (
            "entries of another incarnation",
            LogProblem::BadSignature,
            |w| {
                let mut log = two(w);
                log.entries[1].incarnation = w.colleague.incarnation;
                by_worker(w, log)
            },
        ),
        (
            "sequences past the end of u64",
            LogProblem::BadSignature,
            |w| {
                let mut log = two(w);
                log.entries[0].header.seq = u64::MAX;
                log.entries[1].header.seq = 0;
                by_worker(w, log)
            },
        ),
        ("another device's log", LogProblem::NotYourLog, |w| {
            let (by, first) = (w.worker.clone(), two(w));
            w.admit(&by, &first).unwrap();
            let mut thief = w.supervisor.clone();
            thief.incarnation = by.incarnation;
            let entry = thief.start(
                &stream(OTHER_GRID),
                RecordId::from_bytes([1; 16]),
                named("x"),
            );
            let log = thief.push(&stream(OTHER_GRID), vec![entry]);
            (thief, log)
        }),
        ("an area that is no grid", LogProblem::UnknownStream, |w| {
            let record = w.record();
            let entry = w.worker.start(&stream("street"), record, named("x"));
            let log = w.worker.push(&stream("street"), vec![entry]);
            by_worker(w, log)
        }),
        (
            "an area that is not known",
            LogProblem::UnknownStream,
            |w| {
                let record = w.record();
                let entry = w.worker.start(&stream("nowhere"), record, named("x"));
                let log = w.worker.push(&stream("nowhere"), vec![entry]);
                by_worker(w, log)
            },
        ),
        (
            "more entries than a push may have",
            LogProblem::TooLarge,
            |w| {
                let entries = (0..=MAX_ENTRIES_PER_PUSH).map(|_| start(w, "x")).collect();
                let log = w.worker.push(&stream(GRID), entries);
                by_worker(w, log)
            },
        ),
    ]
}

fn rows_without(facts: &MemoryFacts) -> String {
    format!("{:?}", facts.parts())
}

#[test]
fn each_problem_keeps_its_log_out_and_no_other() {
    let mut reached = BTreeSet::new();
    for (name, problem, make) in cases() {
        let mut world = World::new(3);
        let (by, log) = make(&mut world);
        let before = rows_without(&world.facts);
        assert_eq!(world.admit(&by, &log), Err(problem), "{name}");
        assert_eq!(rows_without(&world.facts), before, "{name}");
        let record = world.record();
        let entry = world.colleague.start(&stream(GRID), record, named("good"));
        let (log, by) = (
            world.colleague.push(&stream(GRID), vec![entry]),
            world.colleague.clone(),
        );
        let decided = world.admit(&by, &log).unwrap();
        assert!(decided[0].verdict.is_admitted(), "{name}");
        world.facts.assert_rows_are_folds();
        reached.insert(problem.as_str());
    }
    // A variant added to the enum stops this match from compiling until it has a case.
    let all = |p: LogProblem| match p {
        LogProblem::Gap { .. }
        | LogProblem::BadSignature
        | LogProblem::Forked
        | LogProblem::NotYourLog
        | LogProblem::UnknownStream
        | LogProblem::TooLarge => p.as_str(),
    };
    let every = [
        LogProblem::Gap { expected: 0 },
        LogProblem::BadSignature,
        LogProblem::Forked,
        LogProblem::NotYourLog,
        LogProblem::UnknownStream,
        LogProblem::TooLarge,
    ];
    assert_eq!(reached, every.into_iter().map(all).collect());
}

#[test]
fn what_was_taken_is_passed_over_and_what_is_new_is_taken() {
    let mut world = World::new(4);
    let (first, by) = (two(&mut world), world.worker.clone());
    assert_eq!(world.admit(&by, &first).unwrap().len(), 2);
    assert_eq!(
        world.admit(&by, &first),
        Ok(vec![]),
        "the reply got lost: nothing is decided twice"
    );
    let third = start(&mut world, "c");
    let mut entries = first.entries.clone();
    entries.push(third.clone());
    let again = world.worker.push(&stream(GRID), entries);
    let decided = world.admit(&by, &again).unwrap();
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].entry, third);
    assert!(decided[0].signature.is_some());
    assert!(common::facts::repeated(&world.facts.log[&stream(GRID)]).is_empty());
}

#[test]
fn an_empty_log_changes_nothing_whatever_its_signature() {
    let mut world = World::new(5);
    let by = world.worker.clone();
    let log = world.worker.push(&stream(GRID), vec![]);
    assert_eq!(world.admit(&by, &log), Ok(vec![]));
}

#[test]
fn the_device_that_first_wrote_an_incarnation_owns_it_in_all_streams() {
    let mut world = World::new(6);
    let (by, log) = (world.worker.clone(), two(&mut world));
    world.admit(&by, &log).unwrap();
    let record = world.record();
    let entry = world.worker.start(&stream(OTHER_GRID), record, named("x"));
    let log = world.worker.push(&stream(OTHER_GRID), vec![entry]);
    let key = by.key.public();
    let thief = world.colleague.author;
    let stolen = admit(&mut world.facts, thief, &key, NOW, &log).unwrap();
    assert_eq!(stolen, Err(LogProblem::NotYourLog));
    assert_eq!(world.admit(&by, &log).unwrap().len(), 1);
}

#[test]
fn two_phones_may_start_one_record_beside_each_other() {
    let mut world = World::new(7);
    let record = world.record();
    let here = stream(GRID);
    let a = world.worker.start(&here, record, named("a"));
    let b = world.colleague.start(&here, record, named("b"));
    let (log, by) = (
        world.worker.push(&here, vec![a.clone()]),
        world.worker.clone(),
    );
    world.admit(&by, &log).unwrap();
    let (log, by) = (
        world.colleague.push(&here, vec![b.clone()]),
        world.colleague.clone(),
    );
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].refusal(), None);
    let row = world.facts.row(&here, record);
    assert_eq!(row.heads.len(), 2);
    assert_eq!(row.conflicts().count(), 1, "both names stay visible");
    world.facts.assert_rows_are_folds();
    // Another form is another thing.
    let target = Target::New {
        record,
        form: form_code("task"),
    };
    let wrong = world.supervisor.write(&here, target, vec![Op::Delete]);
    let (log, by) = (
        world.supervisor.push(&here, vec![wrong]),
        world.supervisor.clone(),
    );
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].refusal(), Some(RefusalCode::WrongForm));
}

#[test]
fn a_record_lives_in_the_grid_that_first_had_it() {
    let mut world = World::new(8);
    let record = world.record();
    for (grid, expected) in [(GRID, None), (OTHER_GRID, Some(RefusalCode::AnotherGrid))] {
        let entry = world.worker.start(&stream(grid), record, named("x"));
        let (log, by) = (
            world.worker.push(&stream(grid), vec![entry]),
            world.worker.clone(),
        );
        let decided = world.admit(&by, &log).unwrap();
        assert_eq!(decided[0].refusal(), expected, "{grid}");
    }
    assert_eq!(world.facts.parts().len(), 1);
}

#[test]
fn no_clock_is_wrong_enough_to_refuse_an_edit() {
    let mut world = World::new(9);
    let here = stream(GRID);
    let incarnation = world.worker.incarnation;
    let mut previous = Hash::default();
    for (i, claimed) in [i64::MIN, i64::MAX, 0, -1].into_iter().enumerate() {
        let (record, by) = (world.record(), world.worker.clone());
        let target = Target::New {
            record,
            form: form_code("probe"),
        };
        let entry = Entry::new(
            incarnation,
            i as u64 + 1,
            target,
            1,
            Timestamp(claimed),
            named("x"),
        );
        let log = sign(&by.key, &here, previous, vec![entry]);
        let decided = world.admit(&by, &log).unwrap();
        assert_eq!(decided[0].refusal(), None, "claimed {claimed}");
        previous = decided[0].link;
        // Its merge too: another phone starts the same record.
        let start = world.colleague.start(&here, record, named("y"));
        let (log, by) = (
            world.colleague.push(&here, vec![start]),
            world.colleague.clone(),
        );
        assert_eq!(world.admit(&by, &log).unwrap()[0].refusal(), None);
    }
    world.facts.assert_rows_are_folds();
    let unknown = IncarnationId::from_bytes([0; 16]);
    assert_ne!(unknown, incarnation);
}

/// The log again as its phone has it once the record of its first entries was erased: of so many
/// only the hashes are left.
fn without_words(log: &PushedLog, places: usize) -> PushedLog {
    let mut log = log.clone();
    let gone = log.entries.drain(..places);
    let gone = gone.map(|e| ErasedPlace {
        seq: e.header.seq,
        hash: e.hash(&log.stream),
    });
    log.erased = gone.collect();
    log
}

#[test]
fn what_was_written_after_erased_entries_keeps_its_name() {
    let mut world = World::new(5);
    let (log, by) = (two(&mut world), world.worker.clone());
    let given = without_words(&log, 1);
    let decided = world.admit(&by, &given).unwrap();
    assert_eq!(decided.len(), 2);
    assert_eq!(decided[0].refusal(), Some(RefusalCode::Erased));
    assert_eq!(decided[0].entry, Entry::hollow(log.entries[0].id()));
    assert_eq!(decided[0].hash, log.entries[0].hash(&log.stream));
    assert!(decided[1].verdict.is_admitted());
    assert_eq!(decided[1].entry, log.entries[1]);
    // Said again, with words or without, it changes nothing.
    assert_eq!(world.admit(&by, &given), Ok(vec![]));
    assert_eq!(world.admit(&by, &log), Ok(vec![]));
    world.facts.assert_rows_are_folds();
}

#[test]
fn erased_places_are_part_of_the_chain() {
    let made = |change: fn(&mut PushedLog)| {
        let mut world = World::new(6);
        let (log, by) = (two(&mut world), world.worker.clone());
        let mut log = without_words(&log, 1);
        change(&mut log);
        world.admit(&by, &log)
    };
    let bad = Err(LogProblem::BadSignature);
    assert_eq!(made(|log| log.erased[0].hash.0[0] ^= 1), bad);
    assert_eq!(made(|log| log.erased[0].seq = 0), bad);
    assert_eq!(made(|log| log.entries[0].header.seq = 3), bad);
    assert_eq!(
        made(|log| {
            log.erased[0].seq = 4;
            log.entries.clear();
        }),
        Err(LogProblem::Gap { expected: 1 })
    );
    let mut world = World::new(7);
    let (log, by) = (two(&mut world), world.worker.clone());
    world.admit(&by, &log).unwrap();
    let mut other = without_words(&log, 2);
    other.erased[1].hash.0[0] ^= 1;
    assert_eq!(world.admit(&by, &other), Err(LogProblem::Forked));
    let mut long = without_words(&log, 2);
    long.erased = vec![long.erased[0]; MAX_ENTRIES_PER_PUSH + 1];
    assert_eq!(world.admit(&by, &long), Err(LogProblem::TooLarge));
}
