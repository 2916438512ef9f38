//! What the fuzz target and the seeded mutation test both run: any bytes, through decoding and
//! admission against the reference facts.

use gridfold_sync_core::admission::{Facts, admit};
use gridfold_sync_core::carry::{Bundle, CarryBody, CarryFile, CarryKind};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, Target, head_statement, next_link};
use gridfold_sync_core::ids::{ActionKey, ChoiceKey, EntryRef, IncarnationId, ItemKey, RecordId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SyncRequest, open_frame};

use super::world::{NOW, field, form_code, set};
use super::{GRID, Rng, World, stream};

/// Decodes a body; admits each of its logs as if its device had signed it on purpose, twice; and
/// checks that rows are folds. Gives how many entries were admitted.
pub fn run(body: &[u8]) -> usize {
    let Ok(request) = SyncRequest::decode(body) else {
        return 0;
    };
    let mut world = World::new(1);
    let (by, key) = (world.worker.author, world.worker.key.clone());
    let mut admitted = 0;
    for mut log in request.logs {
        let head = world
            .facts
            .log_head(&log.stream, log.incarnation)
            .expect("a head");
        let mut link = head.link;
        for entry in log.entries.iter().filter(|e| e.header.seq > head.seq) {
            link = next_link(&link, &entry.hash(&log.stream));
        }
        let last = log.entries.last().map_or(0, |e| e.header.seq);
        let statement = head_statement(&log.stream, log.incarnation, last, &link);
        log.signature = key.sign(&statement);
        let decided = admit(&mut world.facts, by, &key.public(), NOW, &log);
        let Ok(decided) = decided.expect("admission let through what cannot be folded") else {
            continue;
        };
        admitted += decided.iter().filter(|d| d.verdict.is_admitted()).count();
        let again = admit(&mut world.facts, by, &key.public(), NOW, &log);
        assert_eq!(
            again.expect("facts"),
            Ok(vec![]),
            "what was taken is passed over"
        );
    }
    world.facts.assert_rows_are_folds();
    admitted
}

/// Reads any bytes as what is carried, opens a bundle with a key that may be its recipient's, and
/// reads the same bytes as a body, since whoever seals may seal anything. Tells whether any of it
/// could be read.
pub fn carry(bytes: &[u8]) -> bool {
    let own = super::carry::key(1);
    let opened = match CarryFile::decode(bytes) {
        Ok(CarryFile::Receipt(receipt)) => {
            let again = CarryFile::decode(&receipt.encode());
            assert_eq!(
                again,
                Ok(CarryFile::Receipt(receipt)),
                "one way to write it"
            );
            return true;
        }
        Ok(CarryFile::Bundle(bundle)) => bundle.open(&own).ok(),
        Err(_) => None,
    };
    let Ok(body) = CarryBody::decode(opened.as_deref().unwrap_or(bytes)) else {
        return false;
    };
    let read = CarryBody::decode(&body.encode());
    assert_eq!(read, Ok(body.clone()), "what was read is written the same");
    let _ = body.verify(&own.public());
    true
}

/// A body, bundle or receipt with a few bytes changed; bodies uncompressed, so that they matter.
pub fn carry_mutant(r: &mut Rng) -> Vec<u8> {
    let own = super::carry::key(1);
    let body = {
        let packed = super::carry::body().encode();
        let mut frame = vec![1];
        frame.extend_from_slice(&packed);
        let mut plain = vec![0];
        plain.extend(open_frame(&frame).expect("a body"));
        plain
    };
    match r.below(4) {
        0 => {
            let mut receipt = super::carry::receipt(&own).encode();
            change(r, &mut receipt, 9);
            receipt
        }
        1 => {
            let mut altered = body;
            change(r, &mut altered, 1);
            let seal = Bundle::seal(
                super::carry::id(1),
                CarryKind::Server,
                &altered,
                &[own.public()],
                &r.bytes(),
            );
            let mut bundle = seal.expect("a bundle").encode();
            if r.one_in(4) {
                change(r, &mut bundle, 0);
            }
            bundle
        }
        _ => {
            let mut altered = body;
            change(r, &mut altered, 1);
            altered
        }
    }
}

/// Changes a few bytes from a place on.
fn change(r: &mut Rng, bytes: &mut [u8], from: usize) {
    for _ in 0..r.below(4) {
        let at = from + r.below(bytes.len() - from);
        bytes[at] = match r.below(3) {
            0 => bytes[at] ^ 1 << r.below(8),
            1 => *r.pick(&[0, 1, 2, 0x7f, 0x80, 0xff]),
            _ => bytes[from + r.below(bytes.len() - from)],
        };
    }
}

fn op(r: &mut Rng) -> Op {
    let item = ItemKey::new(r.pick::<&str>(&["a", "b"])).expect("a name");
    let choice = ChoiceKey::new(r.pick::<&str>(&["x", "y"])).expect("a name");
    let people = field("people");
    match r.below(12) {
        0 => set("name", Value::Text((*r.pick(&["", "n", "名"])).to_owned())),
        1 => set("age", Value::Integer(r.below(160) as i64)),
        2 | 3 => Op::Splice {
            field: field("note"),
            at: r.below(2) as u32,
            delete: r.below(2) as u32,
            insert: (*r.pick(&["", "a", "文b", "𝄞"])).to_owned(),
        },
        4 => Op::Choose {
            field: field("needs"),
            choice,
        },
        5 => Op::Unchoose {
            field: field("needs"),
            choice,
        },
        6 => Op::ItemAdd {
            field: people,
            item,
        },
        7 => Op::ItemRemove {
            field: people,
            item,
        },
        8 => Op::ItemSet {
            field: people,
            item,
            member: field("name"),
            value: Value::Text("m".to_owned()),
        },
        9 => Op::Count {
            field: field("visits"),
            by: r.below(20) as i64 - 10,
        },
        10 => Op::Transition {
            action: ActionKey::new(r.pick::<&str>(&["finish", "reopen"])).expect("a name"),
            note: String::new(),
        },
        _ => Op::Delete,
    }
}

/// A request of several devices that edit the same few records, much of it beside each other.
pub fn request(r: &mut Rng) -> SyncRequest {
    let here = stream(GRID);
    let records: Vec<RecordId> = (0..1 + r.below(2))
        .map(|_| RecordId::from_parts(NOW, r.bytes()))
        .collect();
    let mut known: Vec<EntryRef> = Vec::new();
    let mut logs = Vec::new();
    for _ in 0..1 + r.below(4) {
        let incarnation = IncarnationId::from_parts(NOW, r.bytes());
        let mut own: Option<EntryRef> = None;
        let entries: Vec<Entry> = (1..=1 + r.below(5) as u64)
            .map(|seq| {
                let target = if known.is_empty() || r.one_in(8) {
                    Target::New {
                        record: *r.pick(&records),
                        form: form_code("probe"),
                    }
                } else {
                    let mut heads: Vec<EntryRef> = own.into_iter().collect();
                    if heads.is_empty() || r.one_in(3) {
                        heads.push(*r.pick(&known));
                    }
                    heads.sort_unstable();
                    heads.dedup();
                    Target::At(heads)
                };
                let ops = (0..1 + r.below(3)).map(|_| op(r)).collect();
                let claimed = Timestamp(NOW.millis() + r.below(9) as i64);
                let entry = Entry::new(incarnation, seq, target, 1, claimed, ops);
                own = Some(entry.id());
                known.push(entry.id());
                entry
            })
            .collect();
        logs.push(super::world::sign(
            &gridfold_sync_core::entry::SignKey::from_seed(&[1; 32]),
            &here,
            Default::default(),
            entries,
        ));
    }
    SyncRequest {
        logs,
        seen: r.one_in(2).then(|| r.next()),
        report: r.one_in(2).then(|| super::generate::report(r)),
        trip: r.one_in(2).then(|| super::generate::trip(r)),
        ..SyncRequest::default()
    }
}

/// A body like `request`'s with a few bytes changed; uncompressed, so that they matter.
pub fn mutant(r: &mut Rng) -> Vec<u8> {
    let request = request(r);
    let mut body = open_frame(&request.encode()).expect("a frame");
    for _ in 0..r.below(4) {
        let at = r.below(body.len());
        match r.below(4) {
            0 => body[at] ^= 1 << r.below(8),
            1 => body[at] = *r.pick(&[0, 1, 2, 0x7f, 0x80, 0xff]),
            2 => {
                let from = r.below(body.len());
                body[at] = body[from];
            }
            _ => {
                let to = (at + 1 + r.below(8)).min(body.len());
                let part = body[at..to].to_vec();
                let into = r.below(body.len() - part.len() + 1);
                body[into..into + part.len()].copy_from_slice(&part);
            }
        }
    }
    [&[request.version(), 0], body.as_slice()].concat()
}
