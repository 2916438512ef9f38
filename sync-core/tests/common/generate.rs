//! Random messages with everything in them.

use gridfold_sync_core::admission::{ErasedPlace, LogProblem, PushedLog};
use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::entry::{
    Author, Entry, Item, Receipt, ReceiptStream, RefusalCode, SignKey, Signature, Target, Verdict,
};
use gridfold_sync_core::ids::{
    ActionKey, AreaCode, ChoiceKey, DeviceId, EntryRef, FieldKey, FormCode, Hash, IncarnationId,
    ItemKey, RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{
    Cursor, Directive, ErasureNews, Lacking, PhoneReport, ProblemNotice, RecoverRun, SeenMark,
    SeenNews, StreamPage, StreamReset, SyncRequest, SyncResponse, Trip,
};

use super::Rng;

fn word(r: &mut Rng) -> String {
    let alphabet = b"abzAZ09_-.";
    let n = if r.one_in(20) { 64 } else { 1 + r.below(3) };
    (0..n).map(|_| char::from(*r.pick(alphabet))).collect()
}
fn words(r: &mut Rng) -> String {
    let parts = ["网格", "a", "é", "𝄞", "\0", " "];
    let n = if r.one_in(30) { 2_000 } else { r.below(6) };
    (0..n).map(|_| *r.pick(&parts)).collect()
}
fn field(r: &mut Rng) -> FieldKey {
    FieldKey::new(&word(r)).unwrap()
}
fn stamp(r: &mut Rng) -> Timestamp {
    Timestamp(r.i64())
}
fn hash(r: &mut Rng) -> Hash {
    Hash(r.bytes())
}
fn signature(r: &mut Rng) -> Signature {
    Signature(r.bytes())
}
fn seq(r: &mut Rng) -> u64 {
    match r.below(4) {
        0 => u64::MAX,
        1 => r.below(5) as u64,
        _ => r.next(),
    }
}

pub fn value(r: &mut Rng) -> Value {
    match r.below(10) {
        0 => Value::Text(words(r)),
        1 => Value::Integer(r.i64()),
        2 => Value::Decimal(Decimal {
            mantissa: r.i64(),
            scale: r.below(19) as u8,
        }),
        3 => Value::Boolean(r.one_in(2)),
        4 => Value::Date(r.i64() as i32),
        5 => Value::DateTime(stamp(r)),
        6 => Value::Choice(ChoiceKey::new(&word(r)).unwrap()),
        7 => Value::Geopoint {
            lat_e7: r.i64() as i32,
            lon_e7: r.i64() as i32,
        },
        8 => Value::Person {
            user: UserId::from_bytes(r.bytes()),
            name: words(r),
        },
        _ => Value::Reference(RecordId::from_bytes(r.bytes())),
    }
}

pub fn op(r: &mut Rng) -> Op {
    let field = field(r);
    let choice = ChoiceKey::new(&word(r)).unwrap();
    let item = ItemKey::new(&word(r)).unwrap();
    let member = FieldKey::new(&word(r)).unwrap();
    match r.below(13) {
        0 => Op::Set {
            field,
            value: value(r),
        },
        1 => Op::Unset { field },
        2 => Op::Splice {
            field,
            at: r.next() as u32,
            delete: r.i64() as u32,
            insert: words(r),
        },
        3 => Op::Choose { field, choice },
        4 => Op::Unchoose { field, choice },
        5 => Op::ItemAdd { field, item },
        6 => Op::ItemRemove { field, item },
        7 => Op::ItemSet {
            field,
            item,
            member,
            value: value(r),
        },
        8 => Op::ItemUnset {
            field,
            item,
            member,
        },
        9 => Op::Count { field, by: r.i64() },
        10 => Op::Transition {
            action: ActionKey::new(&word(r)).unwrap(),
            note: words(r),
        },
        11 => Op::Delete,
        _ => Op::Restore,
    }
}

pub fn entry(r: &mut Rng, incarnation: IncarnationId, seq: u64) -> Entry {
    let target = if r.one_in(3) {
        let mut record: [u8; 16] = r.bytes();
        if r.one_in(2) {
            record[0] = 0;
        }
        Target::New {
            record: RecordId::from_bytes(record),
            form: FormCode::new(&word(r)).unwrap(),
        }
    } else {
        let mut heads: Vec<EntryRef> = (0..1 + r.below(4))
            .map(|_| EntryRef {
                incarnation: if r.one_in(2) {
                    incarnation
                } else {
                    IncarnationId::from_bytes(r.bytes())
                },
                seq: self::seq(r),
            })
            .collect();
        heads.sort_unstable();
        heads.dedup();
        Target::At(heads)
    };
    let n = if r.one_in(40) { 300 } else { r.below(5) };
    let ops = (0..n).map(|_| op(r)).collect();
    Entry::new(incarnation, seq, target, r.next() as u32, stamp(r), ops)
}

pub fn streams(r: &mut Rng, n: usize) -> Vec<StreamId> {
    (0..r.below(n + 1))
        .map(|_| {
            let grid = AreaCode::new(&word(r)).unwrap();
            StreamId::new(grid, *r.pick(&SensitivityClass::ALL))
        })
        .collect()
}

pub fn author(r: &mut Rng) -> Author {
    Author {
        device: DeviceId::from_bytes(r.bytes()),
        user: UserId::from_bytes(r.bytes()),
    }
}

fn verdict(r: &mut Rng) -> Verdict {
    match r.below(3) {
        0 => Verdict::Refused(*r.pick(RefusalCode::ALL)),
        n => Verdict::Admitted { late: n == 1 },
    }
}

/// Items as a page holds them: full, by hash, with refused ones between.
pub fn items(r: &mut Rng, stream: &StreamId, authors: &[Author], n: usize) -> Vec<Item> {
    let incarnations: Vec<IncarnationId> = (0..3)
        .map(|_| IncarnationId::from_bytes(r.bytes()))
        .collect();
    (0..r.below(n + 1))
        .map(|_| {
            let incarnation = *r.pick(&incarnations);
            let seq = seq(r);
            let entry = entry(r, incarnation, seq);
            Item {
                id: entry.id(),
                author: *r.pick(authors),
                received: stamp(r),
                verdict: verdict(r),
                entry_hash: entry.hash(stream),
                entry: (!r.one_in(4)).then_some(entry),
            }
        })
        .collect()
}

pub fn request(r: &mut Rng) -> SyncRequest {
    let authors = [author(r), author(r)];
    let incarnations: Vec<IncarnationId> = (0..2)
        .map(|_| IncarnationId::from_bytes(r.bytes()))
        .collect();
    let logs = streams(r, 4)
        .into_iter()
        .map(|stream| {
            let incarnation = *r.pick(&incarnations);
            let first = seq(r);
            let n = r.below(6) as u64;
            PushedLog {
                erased: Vec::new(),
                stream,
                incarnation,
                entries: (0..n)
                    .map(|i| entry(r, incarnation, first.wrapping_add(i)))
                    .collect(),
                signature: signature(r),
            }
        })
        .collect();
    let recover = streams(r, 2)
        .into_iter()
        .map(|stream| {
            let named = streams(r, 3)
                .into_iter()
                .map(|stream| ReceiptStream {
                    stream,
                    seq: seq(r),
                    prefix: hash(r),
                })
                .collect();
            RecoverRun {
                receipt: Receipt::sign(&SignKey::from_seed(&r.bytes()), seq(r), named),
                after: seq(r),
                items: items(r, &stream, &authors, 5),
                stream,
            }
        })
        .collect();
    let seen = r.one_in(2).then(|| seq(r));
    let report = seen.and_then(|_| r.one_in(2).then(|| report(r)));
    let trip = report.as_ref().and_then(|_| r.one_in(2).then(|| trip(r)));
    let mut logs: Vec<PushedLog> = logs;
    let mut recover: Vec<RecoverRun> = recover;
    if trip.is_some() {
        for log in &mut logs {
            let n = r.below(4) as u64;
            let first = log.entries.first().map_or_else(|| seq(r), |e| e.header.seq);
            let places = (0..n).map(|i| ErasedPlace {
                seq: first.wrapping_sub(n).wrapping_add(i),
                hash: hash(r),
            });
            log.erased = places.collect();
        }
        for run in &mut recover {
            let RecoverRun { stream, items, .. } = run;
            for item in items.iter_mut().filter(|item| item.entry.is_none()) {
                if r.one_in(2) {
                    let mut left = entry(r, item.id.incarnation, item.id.seq);
                    left.ops = None;
                    item.entry_hash = left.hash(stream);
                    item.entry = Some(left);
                }
            }
        }
    }
    SyncRequest {
        epoch: seq(r),
        directory: r.bytes(),
        budget_kib: seq(r),
        cursors: streams(r, 6)
            .into_iter()
            .map(|stream| Cursor {
                stream,
                seq: seq(r),
                prefix: r.bytes(),
            })
            .collect(),
        erased: streams(r, 3),
        logs,
        recover,
        seen,
        report,
        trip,
    }
}

/// What an answer is bound to.
pub fn trip(r: &mut Rng) -> Trip {
    Trip { nonce: r.bytes() }
}

/// What a phone says of itself.
pub fn report(r: &mut Rng) -> PhoneReport {
    PhoneReport {
        erasures: seq(r),
        pending: r.next(),
        clock: stamp(r),
        library: ["", "0.1.0", "12.3.4-rc.1+a"][r.below(3)].to_owned(),
    }
}

/// Marks on logs of the request and on others.
fn news(r: &mut Rng, request: &SyncRequest) -> SeenNews {
    let marks = streams(r, 5).into_iter().map(|stream| SeenMark {
        stream,
        record: RecordId::from_bytes(r.bytes()),
        upto: EntryRef {
            incarnation: match request.logs.first() {
                Some(log) if r.one_in(2) => log.incarnation,
                _ => IncarnationId::from_bytes(r.bytes()),
            },
            seq: seq(r),
        },
        at: stamp(r),
    });
    SeenNews {
        marks: marks.collect(),
        revision: seq(r),
        more: r.one_in(2),
    }
}

fn problem(r: &mut Rng) -> LogProblem {
    match r.below(6) {
        0 => LogProblem::Gap { expected: seq(r) },
        1 => LogProblem::BadSignature,
        2 => LogProblem::Forked,
        3 => LogProblem::NotYourLog,
        4 => LogProblem::UnknownStream,
        _ => LogProblem::TooLarge,
    }
}

pub fn response(r: &mut Rng, request: &SyncRequest, asker: Author) -> SyncResponse {
    let authors = [asker, author(r), author(r)];
    let mut pages: Vec<StreamPage> = streams(r, 3)
        .into_iter()
        .map(|stream| StreamPage {
            items: items(r, &stream, &authors, 12),
            stream,
            after: seq(r) >> 1,
            more: r.one_in(2),
        })
        .collect();
    // What was pushed comes back with its verdict.
    for log in &request.logs {
        let items = log.entries.iter().map(|e| Item {
            id: e.id(),
            author: asker,
            received: stamp(r),
            verdict: verdict(r),
            entry_hash: e.hash(&log.stream),
            entry: Some(e.clone()),
        });
        pages.push(StreamPage {
            stream: log.stream.clone(),
            after: 3,
            items: items.collect(),
            more: false,
        });
    }
    let directive = |stream| Directive::Erase(stream);
    SyncResponse {
        epoch: if r.one_in(2) { request.epoch } else { r.next() },
        now: stamp(r),
        problems: streams(r, 3)
            .into_iter()
            .map(|stream| ProblemNotice {
                stream,
                incarnation: IncarnationId::from_bytes(r.bytes()),
                problem: problem(r),
            })
            .collect(),
        pages,
        resets: streams(r, 3)
            .into_iter()
            .map(|stream| StreamReset {
                stream,
                seq: seq(r),
                prefix: hash(r),
            })
            .collect(),
        receipt: r.one_in(2).then(|| signature(r)),
        directory: r.one_in(2).then(|| words(r).into_bytes().into()),
        directives: streams(r, 2)
            .into_iter()
            .map(directive)
            .chain(r.one_in(3).then_some(Directive::Wipe))
            .collect(),
        seen: r.one_in(2).then(|| news(r, request)),
        lacks: match request.trip {
            None => Vec::new(),
            Some(_) => streams(r, 3)
                .into_iter()
                .map(|stream| Lacking {
                    stream,
                    after: seq(r),
                })
                .collect(),
        },
        erasures: r.one_in(2).then(|| ErasureNews {
            revision: seq(r),
            more: r.one_in(2),
            records: (0..r.below(4))
                .map(|_| RecordId::from_bytes(r.bytes()))
                .collect(),
        }),
        proof: None,
    }
}

/// What a phone reads of a response: items it pushed itself come without what it has, and in the
/// first version nothing tells what was seen.
pub fn as_read(mut response: SyncResponse, request: &SyncRequest) -> SyncResponse {
    response.seen = response.seen.filter(|_| request.seen.is_some());
    let third = request.seen.is_some() && request.report.is_some();
    response.erasures = response.erasures.filter(|_| third);
    for page in &mut response.pages {
        for item in &mut page.items {
            let pushed = request.logs.iter().any(|log| {
                log.stream == page.stream
                    && log
                        .entries
                        .iter()
                        .any(|e| e.id() == item.id && e.hash(&page.stream) == item.entry_hash)
            });
            if pushed {
                item.entry_hash = Hash::default();
                item.entry = None;
            }
        }
    }
    response
}
