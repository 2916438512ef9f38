//! A small world for the merge tests: replicas that edit at the heads they know and exchange
//! entries in any order, driven by a script that proptest draws and shrinks.
#![allow(
    clippy::disallowed_methods,
    reason = "a test asks the environment for its long form, its seed, or whom to play"
)]
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{EntryRef, IncarnationId, RecordId, UserId};
use gridfold_sync_core::merge::{Merger, fold, follows};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{Candidate, Cell, PartState};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestCaseResult, TestRunner};

mod ops;
pub(crate) use ops::*;

pub(crate) type Check = Result<(), TestCaseError>;

/// One replica: its device log, the entries it holds in the order they came, and its row.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pub(crate) incarnation: IncarnationId,
    pub(crate) seq: u64,
    pub(crate) held: Vec<Entry>,
    pub(crate) waiting: Vec<Entry>,
    pub(crate) state: PartState,
}

impl Replica {
    pub(crate) fn new(n: u8) -> Self {
        // Neither in the order of the replicas nor in the order of their first edits.
        let mut bytes = [n.wrapping_mul(97) ^ 0x5a; 16];
        bytes[15] = n;
        Self {
            incarnation: IncarnationId::from_bytes(bytes),
            seq: 0,
            held: Vec::new(),
            waiting: Vec::new(),
            state: PartState::new(form()),
        }
    }

    /// Writes an entry at the heads of the row and applies it the direct way.
    pub(crate) fn edit(&mut self, claimed: i64, ops: Vec<Op>) -> Entry {
        self.edit_with(1, claimed, ops)
    }

    pub(crate) fn edit_with(&mut self, form_version: u32, claimed: i64, ops: Vec<Op>) -> Entry {
        // Device logs are dense over all records of a stream, so one record sees gaps.
        self.seq += 1 + (claimed.unsigned_abs() % 3);
        let target = if self.state.heads.is_empty() {
            Target::New {
                record: RecordId::from_bytes([7; 16]),
                form: form(),
            }
        } else {
            Target::At(self.state.heads.clone())
        };
        let entry = Entry::new(
            self.incarnation,
            self.seq,
            target,
            form_version,
            Timestamp(claimed),
            ops,
        );
        assert!(follows(&self.state, &entry));
        self.state.apply(&entry);
        self.held.push(entry.clone());
        entry
    }

    pub(crate) fn has(&self, id: EntryRef) -> bool {
        self.held.iter().any(|e| e.id() == id)
    }

    /// Takes an entry as a phone does: it waits for what it was made at; it is applied directly
    /// when it follows, otherwise everything is folded anew.
    pub(crate) fn receive(&mut self, entry: &Entry) {
        if self.has(entry.id()) || self.waiting.iter().any(|e| e.id() == entry.id()) {
            return;
        }
        self.waiting.push(entry.clone());
        while let Some(i) = self.waiting.iter().position(|e| {
            let known: BTreeSet<EntryRef> = self.held.iter().map(Entry::id).collect();
            e.header.deps().iter().all(|d| known.contains(d))
        }) {
            let entry = self.waiting.swap_remove(i);
            self.held.push(entry.clone());
            if follows(&self.state, &entry) {
                self.state.apply(&entry);
            } else {
                self.state = fold(&form(), &self.held).unwrap();
            }
        }
    }
}

/// What a script draws for one operation; it is fitted to the row it is made at.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    kind: u8,
    which: u8,
    a: u16,
    b: u8,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Edit {
        replica: u8,
        claimed: i64,
        version: u32,
        ops: Vec<Pick>,
    },
    /// The entries of `from` whose bit is set reach `to`, some twice, in an order drawn from `order`.
    Send {
        from: u8,
        to: u8,
        mask: u64,
        order: u64,
    },
}

fn picks() -> impl Strategy<Value = Vec<Pick>> {
    let pick = (0u8..32, any::<u8>(), any::<u16>(), any::<u8>())
        .prop_map(|(kind, which, a, b)| Pick { kind, which, a, b });
    proptest::collection::vec(pick, 0..6)
}

pub(crate) fn edit_step() -> impl Strategy<Value = Step> {
    (any::<u8>(), -50i64..50, 1u32..4, picks()).prop_map(|(replica, claimed, version, ops)| {
        Step::Edit {
            replica,
            claimed,
            version,
            ops,
        }
    })
}

pub(crate) fn steps(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let send = (any::<u8>(), any::<u8>(), any::<u64>(), any::<u64>()).prop_map(
        |(from, to, mask, order)| Step::Send {
            from,
            to,
            mask: mask | order, // most entries of a message arrive
            order,
        },
    );
    proptest::collection::vec(prop_oneof![3 => edit_step(), 2 => send], n)
}

/// SplitMix64: shuffles that depend on nothing but the script.
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
    pub(crate) fn shuffle<T>(&mut self, of: &mut [T]) {
        for i in (1..of.len()).rev() {
            of.swap(i, self.below(i + 1));
        }
    }
}

const TEXTS: [&str; 8] = ["", "ok", "老王", "🏠", "阀门漏水", "👩‍👧", "é", "the door\n"];
const ACTIONS: [&str; 4] = ["accept", "dispatch", "handle", "close"];
const ITEMS: [&str; 3] = ["i1", "i-2", "i.3"];

fn value(p: &Pick) -> Value {
    let small = i64::from(p.a % 3);
    match p.b % 11 {
        0..=2 => text(TEXTS[usize::from(p.a) % 3 + 1]),
        3 => Value::Integer(small - 1),
        4 => Value::Decimal(Decimal {
            mantissa: small * 10,
            scale: 1,
        }),
        5 => Value::Boolean(small == 0),
        6 => Value::Date(small as i32),
        7 => Value::Choice(choice(["a", "b", "c"][small as usize])),
        8 => Value::Geopoint {
            lat_e7: small as i32,
            lon_e7: -1,
        },
        9 => Value::Person {
            user: UserId::from_bytes([small as u8; 16]),
            name: TEXTS[usize::from(p.a) % 3].to_owned(),
        },
        _ => Value::DateTime(Timestamp(small)),
    }
}

/// Fits the picks to a row; splices stay inside the text as it is after the operations before.
fn operations(state: &PartState, picks: &[Pick]) -> Vec<Op> {
    let mut lengths: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ops = Vec::new();
    for p in picks {
        let two = |names: [&'static str; 2]| names[usize::from(p.which) % 2];
        let item = ITEMS[usize::from(p.which / 2) % 3];
        let member = ["name", "relation"][usize::from(p.b / 100) % 2];
        let of = ["a", "b", "c"][usize::from(p.a) % 3];
        ops.push(match p.kind {
            0..=5 => set(two(["head", "phone"]), value(p)),
            6..=7 => unset(two(["head", "phone"])),
            8..=13 => {
                let key = two(["notes", "minutes"]);
                let length = lengths
                    .entry(key)
                    .or_insert_with(|| state.text(key).chars().count());
                let (at, delete) = match p.a % 4 {
                    0 => (0, *length),
                    _ => {
                        let at = usize::from(p.a) % (*length + 1);
                        (at, usize::from(p.b / 32).min(*length - at))
                    }
                };
                let insert = TEXTS[usize::from(p.b) % TEXTS.len()];
                *length = *length - delete + insert.chars().count();
                splice(key, at as u32, delete as u32, insert)
            }
            14..=15 => choose(two(["needs", "care"]), of),
            16..=17 => unchoose(two(["needs", "care"]), of),
            18 => item_add(two(["members", "steps"]), item),
            19..=20 => item_remove(two(["members", "steps"]), item),
            21..=23 => item_set(two(["members", "steps"]), item, member, value(p)),
            24 => item_unset(two(["members", "steps"]), item, member),
            25..=26 => count(two(["visits", "stock"]), i64::from(p.a % 7) - 3),
            27..=28 => transition(ACTIONS[usize::from(p.a) % 4], TEXTS[usize::from(p.b) % 8]),
            29 => Op::Delete,
            30 => Op::Restore,
            // Past the end: changes nothing, in either way.
            _ => splice(two(["notes", "minutes"]), 1 << 20, 1, "x"),
        });
    }
    ops
}

/// What happened: all entries in the order they were made, and the row each author saw.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) seen: Vec<PartState>,
}

impl World {
    pub(crate) fn new(replicas: u8) -> Self {
        Self {
            replicas: (0..replicas).map(Replica::new).collect(),
            entries: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, step: &Step) {
        let n = self.replicas.len();
        match step {
            Step::Edit {
                replica,
                claimed,
                version,
                ops,
            } => {
                let replica = &mut self.replicas[usize::from(*replica) % n];
                self.seen.push(replica.state.clone());
                let ops = operations(&replica.state, ops);
                self.entries
                    .push(replica.edit_with(*version, *claimed, ops));
            }
            Step::Send {
                from,
                to,
                mask,
                order,
            } => {
                let mut dice = Dice(*order);
                let of: Vec<Entry> = self.replicas[usize::from(*from) % n]
                    .held
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| mask >> (i % 64) & 1 == 1)
                    .map(|(_, e)| e.clone())
                    .collect();
                self.deliver(usize::from(*to) % n, of, &mut dice);
            }
        }
    }

    /// Some twice, in any order.
    pub(crate) fn deliver(&mut self, to: usize, mut of: Vec<Entry>, dice: &mut Dice) {
        let twice: Vec<Entry> = of.iter().filter(|_| dice.below(4) == 0).cloned().collect();
        of.extend(twice);
        dice.shuffle(&mut of);
        for entry in &of {
            self.replicas[to].receive(entry);
        }
    }

    /// Everything reaches everyone.
    pub(crate) fn settle(&mut self, dice: &mut Dice) {
        for to in 0..self.replicas.len() {
            let all = self.entries.clone();
            self.deliver(to, all, dice);
        }
    }
}

pub(crate) fn fail(message: String) -> TestCaseError {
    TestCaseError::fail(message)
}

pub(crate) fn merged(entries: &[Entry]) -> Result<Merger, TestCaseError> {
    let mut merger = Merger::new(form());
    for entry in entries {
        merger.add(entry).map_err(|e| fail(format!("add: {e}")))?;
    }
    Ok(merger)
}

pub(crate) fn read(merger: &Merger) -> Result<PartState, TestCaseError> {
    merger.read().map_err(|e| fail(format!("read: {e}")))
}

/// An order in which each entry comes after those it was made at, drawn at random.
pub(crate) fn causal_order(entries: &[Entry], dice: &mut Dice) -> Vec<Entry> {
    let mut left: Vec<&Entry> = entries.iter().collect();
    let mut placed: BTreeSet<EntryRef> = BTreeSet::new();
    let mut out = Vec::new();
    while !left.is_empty() {
        let ready: Vec<usize> = (0..left.len())
            .filter(|&i| left[i].header.deps().iter().all(|d| placed.contains(d)))
            .collect();
        let entry = left.remove(ready[dice.below(ready.len())]);
        placed.insert(entry.id());
        out.push(entry.clone());
    }
    out
}

/// Two rows must be equal; the message says in what they differ.
pub(crate) fn same(what: &str, a: &PartState, b: &PartState) -> TestCaseResult {
    if a == b {
        return Ok(());
    }
    let mut lines = vec![format!("{what}: the rows differ")];
    for key in a.fields.keys().chain(b.fields.keys()) {
        if a.fields.get(key) != b.fields.get(key) {
            lines.push(format!(
                "{key}: {:?}\n   against {:?}",
                a.fields.get(key),
                b.fields.get(key)
            ));
        }
    }
    if a.transitions != b.transitions {
        lines.push(format!(
            "{:?}\n   against {:?}",
            a.transitions, b.transitions
        ));
    }
    lines.push(format!(
        "{:?} against {:?}",
        (
            a.form_version,
            a.entries,
            a.ops,
            a.forks,
            &a.heads,
            &a.deleted,
            &a.beside
        ),
        (
            b.form_version,
            b.entries,
            b.ops,
            b.forks,
            &b.heads,
            &b.deleted,
            &b.beside
        )
    ));
    Err(fail(lines.join("\n")))
}

/// Runs a law on random cases; a failing one is shrunk and printed with the seed.
/// `GRIDFOLD_SEED` and `GRIDFOLD_CASES` change both.
pub(crate) fn law<S: Strategy>(
    name: &str,
    cases: u32,
    strategy: &S,
    check: impl Fn(S::Value) -> TestCaseResult,
) where
    S::Value: std::fmt::Debug,
{
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let own = name
        .bytes()
        .fold(20_260_613, |n, b| n * 31 % 1_000_000_007 + u64::from(b));
    let seed = number("GRIDFOLD_SEED").unwrap_or(own);
    let config = Config {
        cases: number("GRIDFOLD_CASES").map_or(cases, |n| n as u32),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    if let Err(e) = TestRunner::new(config).run(strategy, check) {
        panic!("{name}, GRIDFOLD_SEED={seed}: {e}");
    }
}

/// The values of a register, the shown one first.
pub(crate) fn values(state: &PartState, key: &str) -> Vec<Value> {
    match state.fields.get(key) {
        Some(Cell::Register(candidates)) => candidates.iter().map(|c| c.value.clone()).collect(),
        None => Vec::new(),
        Some(other) => panic!("{key} is {other:?}"),
    }
}

pub(crate) fn chosen(state: &PartState, key: &str) -> Vec<String> {
    match state.fields.get(key) {
        Some(Cell::Choices(map)) => map.keys().map(ToString::to_string).collect(),
        other => panic!("{key} is {other:?}"),
    }
}

pub(crate) fn counter(state: &PartState, key: &str) -> i64 {
    match state.fields.get(key) {
        Some(Cell::Counter { value, .. }) => *value,
        other => panic!("{key} is {other:?}"),
    }
}

/// Items that are there, each with the values of its members.
pub(crate) fn items(
    state: &PartState,
    key: &str,
) -> BTreeMap<String, BTreeMap<String, Vec<Candidate>>> {
    match state.fields.get(key) {
        Some(Cell::Group(items)) => items
            .iter()
            .filter(|(_, i)| i.present)
            .map(|(k, i)| {
                let members = i.members.iter();
                let members = members.map(|(m, c)| (m.to_string(), c.clone())).collect();
                (k.to_string(), members)
            })
            .collect(),
        other => panic!("{key} is {other:?}"),
    }
}
