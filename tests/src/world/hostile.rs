//! A device whose owner wants harm: it has a key, a grant for one grid, and no manners.

use std::collections::BTreeMap;

use gridfold_server::node::Node;
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{
    Author, Entry, SignKey, Signature, Target, head_statement, next_link,
};
use gridfold_sync_core::ids::{
    AreaCode, ChoiceKey, EntryRef, FieldKey, FormCode, Hash, IncarnationId, ItemKey, RecordId,
    SensitivityClass, StreamId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{Cursor, SyncRequest, SyncResponse};
use rand::RngExt;
use rand::rngs::StdRng;

pub(super) struct Hostile {
    pub(super) author: Author,
    pub(super) key: SignKey,
    pub(super) incarnation: IncarnationId,
    pub(super) grids: Vec<AreaCode>,
    heads: BTreeMap<(StreamId, IncarnationId), (u64, Hash)>,
}

fn field(key: &str) -> FieldKey {
    FieldKey::new(key).unwrap()
}

fn bad_ops(rng: &mut StdRng) -> Vec<Op> {
    let set = |key: &str, value| Op::Set {
        field: field(key),
        value,
    };
    match rng.random_range(0..12) {
        0 => vec![],
        1 => vec![set("no_such_field", Value::Boolean(true))],
        2 => vec![set("notes", Value::Integer(1))],
        3 => vec![set("phone", Value::Text("not a number".into()))],
        4 => vec![Op::Splice {
            field: field("notes"),
            at: u32::MAX,
            delete: u32::MAX,
            insert: "x".into(),
        }],
        5 => vec![Op::Count {
            field: field("visits_made"),
            by: i64::MIN,
        }],
        6 => vec![Op::Choose {
            field: field("care_needs"),
            choice: ChoiceKey::new("no_such").unwrap(),
        }],
        7 => vec![
            Op::Count {
                field: field("visits_made"),
                by: 1
            };
            999
        ],
        8 => vec![Op::Transition {
            action: gridfold_sync_core::ids::ActionKey::new("close").unwrap(),
            note: "x".repeat(9_000),
        }],
        9 => vec![Op::ItemSet {
            field: field("members"),
            item: ItemKey::new("i0").unwrap(),
            member: field("birth_year"),
            value: Value::Integer(i64::MAX),
        }],
        10 => vec![set("address", Value::Text("长".repeat(20_000)))],
        _ => vec![set("address", Value::Text("mine".into())), Op::Delete],
    }
}

impl Hostile {
    pub(super) fn new(
        author: Author,
        key: SignKey,
        incarnation: IncarnationId,
        grids: Vec<AreaCode>,
    ) -> Self {
        Self {
            author,
            key,
            incarnation,
            grids,
            heads: BTreeMap::new(),
        }
    }

    /// The server went back in time: what this device wrote may be gone, so it starts over.
    pub(super) fn start_over(&mut self, incarnation: IncarnationId) {
        self.incarnation = incarnation;
        self.heads.clear();
    }

    fn target(&self, rng: &mut StdRng, known: &[EntryRef]) -> Target {
        let some = |rng: &mut StdRng| match known.len() {
            0 => EntryRef {
                incarnation: self.incarnation,
                seq: 77,
            },
            n => known[rng.random_range(0..n)],
        };
        let mut refs = |n: usize| {
            let mut refs: Vec<EntryRef> = (0..n).map(|_| some(rng)).collect();
            refs.sort_unstable();
            refs.dedup();
            Target::At(refs)
        };
        match refs(1) {
            one if known.len().is_multiple_of(2) => one,
            _ if known.len().is_multiple_of(5) => refs(70),
            _ if known.len().is_multiple_of(3) => refs(3),
            _ => Target::New {
                record: RecordId::from_parts(Timestamp(3), rng.random()),
                form: FormCode::new("household").unwrap(),
            },
        }
    }

    /// One attack. The server must answer or refuse, and nobody else may notice.
    pub(super) fn act(
        &mut self,
        rng: &mut StdRng,
        node: &Node,
        known: &[EntryRef],
        seen: Option<Vec<u8>>,
    ) {
        match (rng.random_range(0..8), seen) {
            (0, _) => {
                let n = rng.random_range(0..200);
                let noise: Vec<u8> = (0..n).map(|_| rng.random()).collect();
                let _ = node.sync(self.author, &noise);
                return;
            }
            (1, Some(mut body)) if !body.is_empty() => {
                for _ in 0..rng.random_range(1..4) {
                    let at = rng.random_range(0..body.len());
                    body[at] ^= 1 << rng.random_range(0..8);
                }
                let _ = node.sync(self.author, &body);
                return;
            }
            (2, Some(body)) => {
                // Somebody else's device log, brought as its own.
                let _ = node.sync(self.author, &body);
                return;
            }
            _ => {}
        }
        let grid = match rng.random_range(0..10) {
            0 => AreaCode::new("nowhere").unwrap(),
            _ => self.grids[rng.random_range(0..self.grids.len())].clone(),
        };
        let class = SensitivityClass::ALL[rng.random_range(0..3)];
        let stream = StreamId::new(grid, class);
        let incarnation = match (rng.random_range(0..6), known.last()) {
            (0, Some(other)) => other.incarnation,
            _ => self.incarnation,
        };
        let at = (stream.clone(), incarnation);
        let (mut seq, mut link) = self.heads.get(&at).copied().unwrap_or_default();
        if rng.random_range(0..8) == 0 {
            // A gap, or a fork of what it wrote before.
            seq = rng.random_range(0..seq + 3);
        }
        let mut entries = Vec::new();
        for _ in 0..rng.random_range(1..4) {
            seq += 1;
            let claimed =
                Timestamp(rng.random_range(-4..4) * (i64::MAX / 8) / 10_000_000 * 10_000_000);
            let version = rng.random_range(0..3);
            let entry = Entry::new(
                incarnation,
                seq,
                self.target(rng, known),
                version,
                claimed,
                bad_ops(rng),
            );
            link = next_link(&link, &entry.hash(&stream));
            entries.push(entry);
        }
        let signature = match rng.random_range(0..8) {
            0 => Signature([9; 64]),
            _ => self
                .key
                .sign(&head_statement(&stream, incarnation, seq, &link)),
        };
        let request = SyncRequest {
            cursors: vec![Cursor {
                stream: stream.clone(),
                seq: rng.random(),
                prefix: rng.random(),
            }],
            logs: vec![PushedLog {
                erased: Vec::new(),
                stream,
                incarnation,
                entries,
                signature,
            }],
            ..SyncRequest::default()
        };
        if let Ok(exchange) = node.sync(self.author, &request.encode())
            && let Ok(answer) = SyncResponse::decode(&exchange.body, &request, self.author)
            && answer.problems.is_empty()
        {
            self.heads.insert(at, (seq, link));
        }
    }
}
