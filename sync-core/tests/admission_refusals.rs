//! One case per reason to refuse an entry. In each the bad entry stands in the middle of a batch,
//! and the rows afterwards equal those of a twin world in which it never came.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::world::{NOW, field, form_code};
use crate::common::{GRID, OTHER_GRID, Phone, World, set, stream, text};
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target, Verdict};
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, EntryRef, ItemKey, RecordId, StreamId};
use gridfold_sync_core::view::PartState;

use RefusalCode as R;

/// What is there before each case.
struct Ground {
    a: Entry,
    a_record: RecordId,
    b: Entry,
    elsewhere: Entry,
    elsewhere_record: RecordId,
    erased: Entry,
    erased_record: RecordId,
    refused: EntryRef,
}

type Who = fn(&mut World) -> &mut Phone;
type Bad = (Target, u32, Vec<Op>);
struct Case {
    name: &'static str,
    code: RefusalCode,
    who: Who,
    /// Whether that phone's other entries are good.
    framed: bool,
    bad: fn(&mut World, &Ground) -> Bad,
}

fn record_of(entry: &Entry) -> RecordId {
    match &entry.header.target {
        Target::New { record, .. } => *record,
        Target::At(_) => panic!("it starts no record"),
    }
}

fn ground(world: &mut World) -> Ground {
    let a = world.started(|w| &mut w.worker, GRID);
    let b = world.started(|w| &mut w.colleague, GRID);
    let elsewhere = world.started(|w| &mut w.worker, OTHER_GRID);
    let erased = world.started(|w| &mut w.worker, GRID);
    let erased_record = record_of(&erased);
    let refused = world.colleague.edit(&stream(GRID), &[a.id()], vec![]);
    let log = world.colleague.push(&stream(GRID), vec![refused.clone()]);
    let by = world.colleague.clone();
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].refusal(), Some(R::Empty));
    let erase = DirectoryChange::RecordErased {
        record: erased_record,
        erasure: None,
    };
    world.facts.directory.apply(erase);
    Ground {
        a_record: record_of(&a),
        elsewhere_record: record_of(&elsewhere),
        a,
        b,
        elsewhere,
        erased,
        erased_record,
        refused: refused.id(),
    }
}

fn on_a(ground: &Ground, ops: Vec<Op>) -> Bad {
    (Target::At(vec![ground.a.id()]), 1, ops)
}
fn at(heads: &[EntryRef]) -> Target {
    let mut heads = heads.to_vec();
    heads.sort_unstable();
    Target::At(heads)
}
fn new(record: RecordId, form: &str, version: u32) -> Bad {
    let form = form_code(form);
    let ops = vec![set("name", text("bad"))];
    (Target::New { record, form }, version, ops)
}
fn act(action: &str, note: &str) -> Op {
    Op::Transition {
        action: ActionKey::new(action).unwrap(),
        note: note.to_owned(),
    }
}
fn splice(key: &str, at: u32, delete: u32, insert: &str) -> Op {
    Op::Splice {
        field: field(key),
        at,
        delete,
        insert: insert.to_owned(),
    }
}
fn choose(key: &str, choice: &str) -> Op {
    Op::Choose {
        field: field(key),
        choice: ChoiceKey::new(choice).unwrap(),
    }
}
fn add(item: &str) -> Op {
    Op::ItemAdd {
        field: field("people"),
        item: ItemKey::new(item).unwrap(),
    }
}
fn count(by: i64) -> Op {
    Op::Count {
        field: field("visits"),
        by,
    }
}
/// An edit at these, sorted as heads are.
fn heads(entries: &[&Entry]) -> (Target, u32, Vec<Op>) {
    let mut heads: Vec<EntryRef> = entries.iter().map(|e| e.id()).collect();
    heads.sort_unstable();
    (Target::At(heads), 1, vec![count(1)])
}
fn worker(w: &mut World) -> &mut Phone {
    &mut w.worker
}

macro_rules! cases {
    ($($name:literal, $code:ident, |$w:pat_param, $g:pat_param| $bad:expr;)*) => {
        vec![$(Case { name: $name, code: R::$code, who: worker, framed: true, bad: |$w, $g| $bad }),*]
    };
}

fn cases() -> Vec<Case> {
    let mut all = cases! {
        "heads that were never here", MissingHeads, |w, _| {
            let incarnation = w.colleague.incarnation;
            (at(&[EntryRef { incarnation, seq: 900 }]), 1, vec![Op::Delete])
        };
        "heads that come after it", MissingHeads, |w, g| {
            let incarnation = w.worker.incarnation;
            (at(&[g.a.id(), EntryRef { incarnation, seq: 50 }]), 1, vec![Op::Delete])
        };
        "the largest sequence as head", MissingHeads, |w, _| {
            let incarnation = w.worker.incarnation;
            (at(&[EntryRef { incarnation, seq: u64::MAX }]), 1, vec![Op::Delete])
        };
        "sequence 0 as head", MissingHeads, |w, _| {
            let incarnation = w.worker.incarnation;
            (at(&[EntryRef { incarnation, seq: 0 }]), 1, vec![Op::Delete])
        };
        "itself as head", MissingHeads, |w, _| {
            // The worker wrote two entries here, the frame is the third, the bad one the fourth.
            let incarnation = w.worker.incarnation;
            (at(&[EntryRef { incarnation, seq: 4 }]), 1, vec![Op::Delete])
        };
        "heads of another stream", MissingHeads, |_, g| {
            (at(&[EntryRef { seq: 77, ..g.elsewhere.id() }]), 1, vec![Op::Delete])
        };
        "more heads than may be named", MissingHeads, |w, g| {
            let incarnation = w.colleague.incarnation;
            let many = (0..65).map(|seq| EntryRef { incarnation, seq });
            let mut heads: Vec<_> = many.chain([g.a.id()]).collect();
            heads.sort_unstable();
            (Target::At(heads), 1, vec![Op::Delete])
        };
        "no heads at all", MissingHeads, |_, _| (Target::At(vec![]), 1, vec![Op::Delete]);
        "heads of two records", HeadsOfAnotherRecord, |_, g| {
            (at(&[g.a.id(), g.b.id()]), 1, vec![Op::Delete])
        };
        "a refused head", RefusedHeads, |_, g| (at(&[g.refused]), 1, vec![Op::Delete]);
        "a refused head beside a good one", RefusedHeads, |_, g| {
            (at(&[g.a.id(), g.refused]), 1, vec![Op::Delete])
        };
        "an unknown form", UnknownForm, |w, _| new(w.record(), "nope", 1);
        "an unknown version", UnknownFormVersion, |w, _| new(w.record(), "probe", 9);
        "version 0", UnknownFormVersion, |w, _| new(w.record(), "probe", 0);
        "the record has another form", WrongForm, |_, g| new(record_of(&g.b), "matter", 1);
        "no such field", UnknownField, |_, g| on_a(g, vec![set("nope", text("x"))]);
        "no such member", UnknownField, |_, g| on_a(g, vec![Op::ItemUnset {
            field: field("people"), item: ItemKey::new("i").unwrap(), member: field("nope"),
        }]);
        "a text for a number", WrongType, |_, g| on_a(g, vec![set("age", text("x"))]);
        "a splice of a short text", WrongType, |_, g| on_a(g, vec![splice("name", 0, 0, "x")]);
        "a set of a counter", WrongType, |_, g| on_a(g, vec![set("visits", Value::Integer(1))]);
        "an unset of a long text", WrongType, |_, g| on_a(g, vec![Op::Unset { field: field("note") }]);
        "a field of another class", WrongClass, |_, g| on_a(g, vec![set("secret", text("x"))]);
        "past the largest number", OutOfRange, |_, g| on_a(g, vec![set("age", Value::Integer(151))]);
        "the smallest i64", OutOfRange, |_, g| on_a(g, vec![set("age", Value::Integer(i64::MIN))]);
        "against the pattern", OutOfRange, |_, g| on_a(g, vec![set("code", text("X1"))]);
        "not in the list", OutOfRange, |_, g| on_a(g, vec![choose("needs", "z")]);
        "too many digits", OutOfRange, |_, g| {
            on_a(g, vec![set("size", Value::Decimal(Decimal { mantissa: i64::MIN, scale: 3 }))])
        };
        "a day that is none", OutOfRange, |_, g| on_a(g, vec![set("day", Value::Date(i32::MAX))]);
        "a moment that is none", OutOfRange, |_, g| {
            on_a(g, vec![set("at", Value::DateTime(gridfold_sync_core::time::Timestamp(i64::MIN)))])
        };
        "a place that is none", OutOfRange, |_, g| {
            on_a(g, vec![set("place", Value::Geopoint { lat_e7: i32::MIN, lon_e7: 0 })])
        };
        "too many items", OutOfRange, |_, g| on_a(g, ["a", "b", "c", "d"].map(add).to_vec());
        "too large a step", OutOfRange, |_, g| on_a(g, vec![count(11)]);
        "the smallest step", OutOfRange, |_, g| on_a(g, vec![count(i64::MIN)]);
        "past the end", PastEnd, |_, g| on_a(g, vec![splice("note", 1, 0, "x")]);
        "deleting past the end", PastEnd, |_, g| {
            on_a(g, vec![splice("note", 0, 0, "x"), splice("note", u32::MAX, u32::MAX, "")])
        };
        "too long a text", TooLong, |_, g| on_a(g, vec![set("name", text(&"长".repeat(41)))]);
        "too long after the splice", TooLong, |_, g| {
            on_a(g, vec![splice("short", 0, 0, "123456"), splice("short", 0, 0, "123456")])
        };
        "too long a note", TooLong, |_, g| on_a(g, vec![act("finish", &"x".repeat(2_001))]);
        "too large a payload", TooLong, |_, g| {
            on_a(g, vec![splice("note", 0, 0, &"长".repeat(20_000)), splice("note", 0, 0, &"x".repeat(6_000))])
        };
        "too many operations", TooManyOperations, |_, g| on_a(g, vec![Op::Delete; 1_001]);
        "too many transitions", TooManyOperations, |_, g| on_a(g, vec![act("finish", ""); 17]);
        "a record with all its transitions", RecordFull, |w, g| {
            let pair = [act("finish", ""), act("reopen", "")];
            let mut head = g.b.clone();
            for _ in 0..64 {
                let ops = pair.iter().cloned().cycle().take(16).collect();
                head = good(w, |w| &mut w.colleague, &[head.id()], ops);
            }
            (at(&[head.id()]), 1, vec![act("finish", "")])
        };
        "a field of another role", NotWritable, |_, g| on_a(g, vec![set("verdict", text("x"))]);
        "a transition of another role", NotWritable, |_, g| on_a(g, vec![act("audit", "")]);
        "a record of another grid", AnotherGrid, |_, g| new(g.elsewhere_record, "probe", 1);
        "an erased record anew", Erased, |_, g| new(g.erased_record, "probe", 1);
        "an erased record's heads", Erased, |_, g| (at(&[g.erased.id()]), 1, vec![Op::Delete]);
        "no such step from here", TransitionNotAllowed, |_, g| on_a(g, vec![act("reopen", "")]);
        "no such step at all", TransitionNotAllowed, |_, g| on_a(g, vec![act("fly", "")]);
        "nothing", Empty, |_, g| on_a(g, vec![]);
        "a head and the one before it", NeedlessHeads, |w, g| {
            let newer = good(w, |w| &mut w.colleague, &[g.a.id()], vec![count(1)]);
            heads(&[&g.a, &newer])
        };
        "a head and one long before it", NeedlessHeads, |w, g| {
            let mut newer = g.a.clone();
            for _ in 0..70 {
                newer = good(w, |w| &mut w.colleague, &[newer.id()], vec![count(1)]);
            }
            heads(&[&g.a, &newer])
        };
        "two that stand beside each other and one before both", NeedlessHeads, |w, g| {
            let one = good(w, |w| &mut w.colleague, &[g.a.id()], vec![count(1)]);
            let other = good(w, worker, &[g.a.id()], vec![count(1)]);
            heads(&[&g.a, &one, &other])
        };
        "an own record begun again", BesideOwnEdit, |_, g| new(g.a_record, "probe", 1);
    };
    all.push(Case {
        name: "beside an own edit",
        code: R::BesideOwnEdit,
        who: worker,
        framed: true,
        bad: |w, g| {
            good(w, worker, &[g.a.id()], vec![count(1)]);
            on_a(g, vec![count(1)])
        },
    });
    let standing: [(_, _, Who); 3] = [
        ("no grant", R::NoGrant, |w| &mut w.stranger),
        ("an ended grant", R::GrantEnded, |w| &mut w.ended),
        ("an auditor", R::NotWritable, |w| &mut w.auditor),
    ];
    for (name, code, who) in standing {
        all.push(Case {
            name,
            code,
            who,
            framed: false,
            bad: |_, g| on_a(g, vec![Op::Delete]),
        });
    }
    all
}

/// One more admitted edit.
fn good(world: &mut World, who: Who, heads: &[EntryRef], ops: Vec<Op>) -> Entry {
    let (here, phone) = (stream(GRID), who(world));
    let entry = phone.edit(&here, heads, ops);
    let (log, by) = (phone.push(&here, vec![entry.clone()]), phone.clone());
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].refusal(), None);
    entry
}

type Rows = BTreeMap<(StreamId, RecordId), PartState>;

/// Runs a case and gives the verdict on the middle entry and the rows; `bad` or a neutral twin.
fn run(case: &Case, bad: bool) -> (Option<Verdict>, Rows) {
    let here = stream(GRID);
    let mut world = World::new(7);
    let before = ground(&mut world);
    let (target, version, ops) = (case.bad)(&mut world, &before);
    let (first, twin, other) = (world.record(), world.record(), world.record());
    let start = || vec![set("name", text("good"))];
    let mut entries = Vec::new();
    let phone = (case.who)(&mut world);
    if case.framed {
        entries.push(phone.start(&here, first, start()));
    }
    if bad {
        entries.push(phone.write_as(&here, version, target, ops));
    } else if case.framed {
        entries.push(phone.start(&here, twin, start()));
    }
    if case.framed {
        let heads = [entries[0].id()];
        entries.push(phone.edit(&here, &heads, vec![count(2)]));
    }
    let verdict = if entries.is_empty() {
        None
    } else {
        let (log, by) = (phone.push(&here, entries), phone.clone());
        let decided = world
            .admit(&by, &log)
            .unwrap_or_else(|p| panic!("{}: {p:?}", case.name));
        let middle = usize::from(case.framed);
        for (i, decision) in decided.iter().enumerate() {
            let admitted = decision.verdict.is_admitted();
            assert!(
                i == middle || admitted,
                "{}: {:?}",
                case.name,
                decision.verdict
            );
        }
        Some(decided[middle].verdict)
    };
    // Another log of the same batch.
    let entries = vec![
        world.colleague.start(&here, other, start()),
        world
            .colleague
            .edit(&here, &[before.b.id()], vec![set("age", Value::Integer(3))]),
    ];
    let (log, by) = (
        world.colleague.push(&here, entries),
        world.colleague.clone(),
    );
    if !case.name.contains("all its transitions") {
        for decision in world.admit(&by, &log).unwrap() {
            assert!(
                decision.verdict.is_admitted(),
                "{}: {:?}",
                case.name,
                decision.verdict
            );
        }
    }
    world.facts.assert_rows_are_folds();
    let mut rows = world.facts.parts().clone();
    rows.remove(&(here, twin));
    (verdict, rows)
}

#[test]
fn each_refusal_leaves_the_rest_of_the_batch_as_it_would_be_without() {
    let mut reached = BTreeSet::new();
    for case in cases() {
        let (verdict, with) = run(&case, true);
        assert_eq!(verdict, Some(Verdict::Refused(case.code)), "{}", case.name);
        let (verdict, without) = run(&case, false);
        assert!(verdict.is_none_or(Verdict::is_admitted), "{}", case.name);
        assert_eq!(with, without, "{}", case.name);
        reached.insert(case.code);
    }
    let all: BTreeSet<RefusalCode> = RefusalCode::ALL.iter().copied().collect();
    assert_eq!(reached, all, "every refusal has a case");
}

#[test]
fn an_entry_on_a_refused_entry_of_the_same_push_is_refused_and_the_next_is_not() {
    let here = stream(GRID);
    let mut world = World::new(8);
    let a = world.started(worker, GRID);
    let bad = world.worker.edit(&here, &[a.id()], vec![]);
    let on_bad = world.worker.edit(&here, &[bad.id()], vec![count(1)]);
    let after = world.worker.edit(&here, &[a.id()], vec![count(2)]);
    let log = world.worker.push(&here, vec![bad, on_bad, after]);
    let by = world.worker.clone();
    let decided = world.admit(&by, &log).unwrap();
    let codes: Vec<_> = decided.iter().map(|d| d.refusal()).collect();
    assert_eq!(codes, [Some(R::Empty), Some(R::RefusedHeads), None]);
    let record = record_of(&a);
    assert_eq!(
        decided[1].record,
        Some(record),
        "its reason can be shown at the record"
    );
    assert_eq!(world.facts.row(&here, record).entries, 2);
}

#[test]
fn an_edit_that_comes_after_its_author_s_grant_ended_is_admitted_late() {
    let here = stream(GRID);
    let mut world = World::new(9);
    let record = world.record();
    let entry = world
        .late
        .start(&here, record, vec![set("name", text("x"))]);
    let (log, by) = (world.late.push(&here, vec![entry]), world.late.clone());
    let decided = world.admit(&by, &log).unwrap();
    assert_eq!(decided[0].verdict, Verdict::Admitted { late: true });
    assert_eq!(decided[0].received, NOW);
}

#[test]
fn a_payload_past_its_limit_keeps_its_place_and_reason_but_not_its_bytes() {
    let here = stream(GRID);
    let mut world = World::new(10);
    let a = world.started(worker, GRID);
    for ops in [
        vec![Op::Delete; 1_001],
        vec![splice("note", 0, 0, &"x".repeat(70_000))],
    ] {
        let entry = world.worker.edit(&here, &[a.id()], ops);
        let (log, by) = (world.worker.push(&here, vec![entry]), world.worker.clone());
        let decided = world.admit(&by, &log).unwrap();
        assert!(decided[0].refusal().is_some());
        assert_eq!(decided[0].entry.ops, None);
        assert_eq!(
            decided[0].entry.hash(&here),
            decided[0].hash,
            "the chain goes on"
        );
    }
}
