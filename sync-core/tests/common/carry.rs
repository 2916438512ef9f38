//! A carry bundle's parts that are always the same.

use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::carry::{CarriedLog, CarryBody, CarryReceipt, LogEnd};
use gridfold_sync_core::edit::Value;
use gridfold_sync_core::entry::{Entry, SignKey, Target, next_link};
use gridfold_sync_core::ids::{CarryId, DeviceId, EntryRef, Hash, IncarnationId, RecordId};
use gridfold_sync_core::wire::ProblemNotice;

use super::world::{NOW, form_code, set, sign};
use super::{GRID, stream};

pub fn key(n: u8) -> SignKey {
    SignKey::from_seed(&[n; 32])
}
pub fn id(n: u8) -> CarryId {
    CarryId::from_parts(NOW, [n; 10])
}
pub fn device() -> DeviceId {
    DeviceId::from_parts(NOW, [0xd1; 10])
}

/// Two lives of a device: the end of the log of the first, and the log of the second in two pieces.
pub fn body() -> CarryBody {
    let here = stream(GRID);
    let author = key(3);
    let record = RecordId::from_parts(NOW, [5; 10]);
    let entry = |life: u8, seq: u64, heads: Vec<EntryRef>| {
        let target = if heads.is_empty() {
            Target::New {
                record,
                form: form_code("probe"),
            }
        } else {
            Target::At(heads)
        };
        let ops = vec![set("name", Value::Text(format!("{life}/{seq} 张")))];
        let life = IncarnationId::from_bytes([life; 16]);
        Entry::new(life, seq, target, 1, NOW.plus_millis(seq as i64), ops)
    };
    let at = |entry: &Entry| vec![entry.id()];
    let before = Hash([6; 32]);
    let old: Vec<Entry> = {
        let first = entry(0xa1, 7, Vec::new());
        let second = entry(0xa1, 8, at(&first));
        let third = entry(0xa1, 9, at(&second));
        vec![first, second, third]
    };
    let new_first = entry(0xa2, 1, at(&old[2]));
    let new_second = entry(0xa2, 2, at(&new_first));
    let link = next_link(&Hash::default(), &new_first.hash(&here));
    let piece = |before: Hash, entries: Vec<Entry>| CarriedLog {
        before,
        log: sign(&author, &here, before, entries),
    };
    CarryBody {
        author: device(),
        logs: vec![
            piece(before, old),
            piece(Hash::default(), vec![new_first]),
            piece(link, vec![new_second]),
        ],
    }
}

pub fn receipt(server: &SignKey) -> CarryReceipt {
    let incarnation = IncarnationId::from_bytes([0xa1; 16]);
    let problems = [LogProblem::Gap { expected: 4 }, LogProblem::Forked];
    CarryReceipt::sign(
        server,
        id(1),
        device(),
        7,
        vec![LogEnd {
            stream: stream(GRID),
            incarnation,
            seq: 300,
            link: Hash([2; 32]),
        }],
        problems
            .map(|problem| ProblemNotice {
                stream: stream(GRID),
                incarnation: IncarnationId::from_bytes([0xa2; 16]),
                problem,
            })
            .into(),
    )
}
