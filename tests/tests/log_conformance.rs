//! One suite for every engine of the log: each test runs over memory, and over segments with an index in sled and in
//! redb; what tampers with a store runs over logs that are all in one store.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Barrier},
};

use gridfold_server::log::{
    AppendBatch, AppendError, Appended, Engine, Hash32, Head, IndexRead, Indexer, Item, Log,
    LogError, LogOptions, MAX_ITEM_BYTES, NewItem, OpenReport, Pair, StreamName, open,
    testing::{MemoryStore, Op, Store, item_key, open_single, store, stored},
};

/// A log that can be closed, tampered with and opened again.
struct Bench {
    engine: Engine,
    dir: tempfile::TempDir,
    options: LogOptions,
    /// All in one store, as logs were before there were segments.
    single: bool,
}

impl Bench {
    fn all() -> Vec<Self> {
        [Engine::Memory, Engine::Sled, Engine::Redb]
            .map(Self::new)
            .into()
    }

    /// Every engine with the whole log in it.
    fn single() -> Vec<Self> {
        let mut benches = Self::all();
        benches.iter_mut().for_each(|bench| bench.single = true);
        benches
    }

    fn new(engine: Engine) -> Self {
        let mut options = LogOptions {
            min_free_bytes: 0,
            ..LogOptions::default()
        };
        // Several segments in every test.
        options.testing.segment_bytes = Some(4096);
        if engine == Engine::Memory {
            options.testing.memory = Some(Arc::new(MemoryStore::default()));
        }
        Self {
            engine,
            dir: tempfile::tempdir().unwrap(),
            options,
            single: false,
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn open(&self) -> (Arc<dyn Log>, OpenReport) {
        let open = if self.single { open_single } else { open };
        open(&self.path(), self.engine, &self.options)
            .unwrap_or_else(|e| panic!("{}: {e}", self.engine))
    }

    /// Changes the bare store of the closed log.
    fn tamper(&self, change: impl FnOnce(&dyn Store) -> Vec<Op>) {
        let store = store(&self.path(), self.engine, &self.options).unwrap();
        let ops = change(&*store);
        store.commit(ops).unwrap();
    }
}

fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

fn hash(a: u64, b: u8) -> Hash32 {
    let mut hash = [b; 32];
    hash[..8].copy_from_slice(&a.to_le_bytes());
    hash
}

fn item(n: u64) -> NewItem {
    sized(n, 40 + usize::try_from(n % 90).unwrap())
}

fn sized(n: u64, bytes: usize) -> NewItem {
    let bytes = (0..bytes).map(|i| (i as u64 * 31 + n * 7) as u8).collect();
    NewItem {
        key: hash(n, 1),
        item_hash: hash(n, 2),
        bytes,
    }
}

fn put(log: &dyn Log, name: &str, items: Vec<NewItem>) -> Appended {
    try_put(log, name, None, items).unwrap()
}

fn try_put(
    log: &dyn Log,
    name: &str,
    expect: Option<u64>,
    items: Vec<NewItem>,
) -> Result<Appended, AppendError> {
    let mut results = log
        .append(vec![AppendBatch {
            stream: stream(name),
            expect,
            items,
        }])
        .unwrap();
    assert_eq!(results.len(), 1);
    results.pop().unwrap()
}

fn seqs(appended: &Appended) -> Vec<(u64, bool)> {
    appended.placed.iter().map(|p| (p.seq, p.new)).collect()
}

fn flip(value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    *value.last_mut().unwrap() ^= 1;
    value
}

#[test]
fn appending_is_idempotent_and_dense() {
    for bench in Bench::all() {
        let (log, report) = bench.open();
        assert!(report.created);
        let first = put(&*log, "a", vec![item(1), item(2), item(1)]);
        assert_eq!(seqs(&first), [(1, true), (2, true), (1, false)]);
        assert_eq!(first.first_new_seq(), Some(1));
        let again = put(&*log, "a", vec![item(2), item(3), item(1)]);
        assert_eq!(seqs(&again), [(2, false), (3, true), (1, false)]);
        assert_eq!(
            seqs(&put(&*log, "b", vec![item(2)])),
            [(1, true)],
            "streams are apart"
        );
        // Two batches of one call to the same stream see each other.
        let both = log
            .append(vec![
                AppendBatch {
                    stream: stream("a"),
                    expect: Some(3),
                    items: vec![item(4)],
                },
                AppendBatch {
                    stream: stream("a"),
                    expect: Some(4),
                    items: vec![item(4), item(5)],
                },
            ])
            .unwrap();
        assert_eq!(seqs(both[1].as_ref().unwrap()), [(4, false), (5, true)]);
        assert_eq!(log.head(&stream("a")).unwrap().seq, 5);
        assert_eq!(
            log.head(&stream("a")).unwrap(),
            both[1].as_ref().unwrap().head
        );
        let names: Vec<_> = log
            .streams()
            .unwrap()
            .into_iter()
            .map(|(name, head)| (name.to_string(), head.seq))
            .collect();
        assert_eq!(names, [("a".to_owned(), 5), ("b".to_owned(), 1)]);
    }
}

#[test]
fn concurrent_callers_get_a_dense_sequence() {
    const CALLERS: u64 = 8;
    const EACH: u64 = 12;
    for bench in Bench::all() {
        let (log, _) = bench.open();
        let start = Arc::new(Barrier::new(CALLERS as usize));
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (log, start) = (Arc::clone(&log), Arc::clone(&start));
                std::thread::spawn(move || {
                    start.wait();
                    (0..EACH)
                        .map(|n| put(&*log, "s", vec![item(caller * EACH + n)]).placed[0].seq)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let all: BTreeSet<u64> = callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect();
        assert_eq!(all, (1..=CALLERS * EACH).collect(), "{}", bench.engine);
        assert!(log.verify(&mut |_| ()).unwrap().is_sound());
    }
}

#[test]
fn compare_and_append_refuses_a_moved_head() {
    for bench in Bench::all() {
        let (log, _) = bench.open();
        try_put(&*log, "dir", Some(0), vec![item(1)]).unwrap();
        let head = log.head(&stream("dir")).unwrap();
        let refused = try_put(&*log, "dir", Some(0), vec![item(2)]);
        assert_eq!(refused, Err(AppendError::Conflict { expected: 0, head }));
        assert_eq!(
            try_put(&*log, "dir", Some(7), vec![]),
            Err(AppendError::Conflict { expected: 7, head })
        );
        assert_eq!(try_put(&*log, "dir", Some(1), vec![]).unwrap().head, head);
        // The retry of a reply that got lost.
        assert_eq!(
            seqs(&try_put(&*log, "dir", Some(0), vec![item(1)]).unwrap()),
            [(1, false)]
        );
        // Refusing one batch leaves the others of the call alone.
        let mixed = log
            .append(vec![
                AppendBatch {
                    stream: stream("dir"),
                    expect: Some(5),
                    items: vec![item(9)],
                },
                AppendBatch {
                    stream: stream("x"),
                    expect: None,
                    items: vec![item(9)],
                },
            ])
            .unwrap();
        assert!(mixed[0].is_err() && mixed[1].is_ok());
    }
}

#[test]
fn reading_pages_by_items_and_bytes() {
    for bench in Bench::all() {
        let (log, _) = bench.open();
        let name = stream("s");
        put(&*log, "s", (1..=30).map(|n| sized(n, 100)).collect());
        let page = |after, items, bytes| -> Vec<u64> {
            log.read(&name, after, items, bytes)
                .unwrap()
                .iter()
                .map(|item| item.seq)
                .collect()
        };
        assert_eq!(page(0, 3, usize::MAX), [1, 2, 3]);
        assert_eq!(page(28, 9, usize::MAX), [29, 30]);
        assert_eq!(page(4, 9, 250), [5, 6]);
        assert_eq!(page(4, 9, 1), [5], "one item always comes");
        assert!(page(30, 9, 9).is_empty() && page(99, 9, 9).is_empty() && page(0, 0, 9).is_empty());
        assert_eq!(
            log.get(&name, 7).unwrap().unwrap().bytes,
            sized(7, 100).bytes
        );
        assert_eq!(log.get(&name, 0).unwrap(), None);
        assert_eq!(log.get(&name, 31).unwrap(), None);
        assert_eq!(log.find(&name, &hash(7, 1)).unwrap(), Some(7));
        assert_eq!(log.find(&name, &hash(77, 1)).unwrap(), None);
    }
}

#[test]
fn an_empty_stream_is_at_zero() {
    for bench in Bench::all() {
        let (log, _) = bench.open();
        let name = stream("none");
        assert_eq!(log.head(&name).unwrap(), Head::default());
        assert_eq!(log.read(&name, 0, 9, 9).unwrap(), []);
        assert_eq!(log.digest(&name).unwrap().count, 0);
        assert_eq!(log.prefix_at(&name, 0).unwrap(), Some([0; 32]));
        assert_eq!(log.prefix_at(&name, 1).unwrap(), None);
        assert_eq!(put(&*log, "none", vec![]).head, Head::default());
        assert_eq!(log.streams().unwrap(), []);
    }
}

#[test]
fn engines_agree_on_chain_and_digest() {
    let state = |bench: &Bench| {
        let (log, _) = bench.open();
        put(&*log, "s", (1..=50).map(item).collect());
        let prefixes: Vec<_> = (0..=50)
            .map(|seq| log.prefix_at(&stream("s"), seq).unwrap().unwrap())
            .collect();
        (
            prefixes,
            log.digest(&stream("s")).unwrap(),
            log.read(&stream("s"), 0, 99, usize::MAX).unwrap(),
        )
    };
    let states: Vec<_> = Bench::all().iter().map(state).collect();
    assert!(states.windows(2).all(|pair| pair[0] == pair[1]));
    let xor = (1..=50)
        .map(|n| hash(n, 1))
        .fold([0_u8; 32], |mut sum, key| {
            sum.iter_mut().zip(key).for_each(|(a, b)| *a ^= b);
            sum
        });
    assert_eq!((states[0].1.count, states[0].1.xor), (50, xor));
}

#[test]
fn reopening_keeps_everything_and_the_epoch() {
    for bench in Bench::all() {
        let (log, _) = bench.open();
        put(&*log, "s", (1..=200).map(item).collect());
        put(&*log, "t", vec![item(1)]);
        let before = (
            log.epoch(),
            log.streams().unwrap(),
            log.digest(&stream("s")).unwrap(),
        );
        drop(log);
        let (log, report) = bench.open();
        assert_eq!(report, OpenReport::default(), "{}", bench.engine);
        assert_eq!(
            (
                log.epoch(),
                log.streams().unwrap(),
                log.digest(&stream("s")).unwrap()
            ),
            before
        );
        assert_eq!(
            seqs(&put(&*log, "s", vec![item(9), item(201)])),
            [(9, false), (201, true)]
        );
        log.set_epoch(77).unwrap();
        drop(log);
        let (log, _) = bench.open();
        assert_eq!(
            (log.epoch(), log.head(&stream("s")).unwrap().seq),
            (77, 201)
        );
        let report = log.verify(&mut |_| ()).unwrap();
        assert!(report.is_sound());
        assert_eq!((report.streams, report.items), (2, 202));
    }
}

#[test]
fn big_items_fit_and_bigger_ones_are_refused() {
    for bench in Bench::all() {
        let (log, _) = bench.open();
        let big: Vec<_> = [
            80 * 1024,
            0,
            4096 - 101,
            4096 - 100,
            64 * 1024,
            MAX_ITEM_BYTES,
        ]
        .into_iter()
        .zip(1..)
        .map(|(bytes, n)| sized(n, bytes))
        .collect();
        put(&*log, "s", big.clone());
        let refused = try_put(
            &*log,
            "s",
            None,
            vec![item(50), sized(51, MAX_ITEM_BYTES + 1)],
        );
        assert_eq!(
            refused,
            Err(AppendError::TooLarge {
                bytes: MAX_ITEM_BYTES + 1,
                max: MAX_ITEM_BYTES
            })
        );
        drop(log);
        let (log, _) = bench.open();
        let read = log.read(&stream("s"), 0, 99, usize::MAX).unwrap();
        assert!(
            read.iter()
                .map(|item| &item.bytes)
                .eq(big.iter().map(|item| &item.bytes)),
            "{}",
            bench.engine
        );
        if bench.engine == Engine::Sled {
            let blobs = std::fs::read_dir(bench.path().join("index-sled/blobs"))
                .unwrap()
                .count();
            assert_eq!(blobs, 0, "blobs are not ordered with fsync");
        }
    }
}

#[test]
fn a_nearly_full_disk_refuses_and_writes_nothing() {
    for mut bench in Bench::all() {
        bench.options.min_free_bytes = u64::MAX;
        let (log, _) = bench.open();
        let refused = log.append(vec![AppendBatch {
            stream: stream("s"),
            expect: None,
            items: vec![item(1)],
        }]);
        assert!(matches!(
            refused,
            Err(LogError::DiskFull {
                min_free_bytes: u64::MAX,
                ..
            })
        ));
        assert_eq!(log.head(&stream("s")).unwrap(), Head::default());
        assert!(log.space().unwrap().used_bytes > 0);
        drop(log);
        bench.options.min_free_bytes = 0;
        put(&*bench.open().0, "s", vec![item(1)]);
    }
}

#[test]
fn damage_in_the_middle_is_set_aside_and_healed() {
    for bench in Bench::single() {
        let (log, _) = bench.open();
        // Item 2 is far before what opening checks, 195 is not.
        put(&*log, "s", (1..=200).map(item).collect());
        drop(log);
        bench.tamper(|store| {
            let mut ops = vec![Op::Delete(item_key(&stream("s"), 3))];
            for seq in [2, 195] {
                let key = item_key(&stream("s"), seq);
                let value = store.get(&key).unwrap().unwrap();
                ops.push(Op::Put(key, flip(&value)));
            }
            ops
        });
        let (log, report) = bench.open();
        let name = stream("s");
        let damaged = |log: &dyn Log| log.damage().iter().map(|d| d.seq).collect::<Vec<_>>();
        assert_eq!(
            report.damage.iter().map(|d| d.seq).collect::<Vec<_>>(),
            [195]
        );
        assert_eq!(report.damage[0].name(), "set-aside/s/195");
        assert_eq!(log.read(&name, 0, 99, usize::MAX).unwrap().len(), 1);
        let error = LogError::Damaged {
            stream: name.clone(),
            seq: 2,
        };
        assert_eq!(log.read(&name, 1, 99, usize::MAX), Err(error.clone()));
        assert_eq!(log.get(&name, 2), Err(error));
        let report = log.verify(&mut |_| ()).unwrap();
        assert_eq!(
            report.damage.iter().map(|d| d.seq).collect::<Vec<_>>(),
            [2, 3, 195]
        );
        assert_eq!(report.items, 197);
        drop(log);
        let (log, report) = bench.open();
        assert_eq!(report, OpenReport::default());
        assert_eq!(damaged(&*log), [2, 3, 195]);
        // The stream goes on, a damaged item is still known by its key, the rest is served.
        assert_eq!(
            seqs(&put(&*log, "s", vec![item(2), item(201)])),
            [(2, false), (201, true)]
        );
        assert_eq!(log.read(&name, 3, 500, usize::MAX).unwrap().len(), 191);
        assert_eq!(log.find(&name, &hash(2, 1)).unwrap(), Some(2));
        // Only the right item heals, and not over a good one.
        let not_proven = |seq| {
            Err(LogError::NotProven {
                stream: name.clone(),
                seq,
            })
        };
        assert_eq!(log.heal(&name, 2, vec![item(7)]), not_proven(2));
        assert_eq!(
            log.heal(
                &name,
                2,
                vec![NewItem {
                    bytes: vec![1],
                    ..item(2)
                }]
            ),
            not_proven(2)
        );
        assert_eq!(
            log.heal(
                &name,
                2,
                vec![NewItem {
                    item_hash: [0; 32],
                    ..item(2)
                }]
            ),
            not_proven(2)
        );
        assert_eq!(log.heal(&name, 3, vec![item(3)]), not_proven(3));
        assert_eq!(log.heal(&name, 5, vec![item(6)]), not_proven(5));
        for seq in [2, 3, 195] {
            assert_eq!(log.heal(&name, seq, vec![item(seq)]), Ok(1));
        }
        assert_eq!(log.heal(&name, 2, vec![item(2)]), Ok(0));
        assert!(damaged(&*log).is_empty());
        drop(log);
        let (log, _) = bench.open();
        assert!(log.verify(&mut |_| ()).unwrap().is_sound());
        assert_eq!(log.read(&name, 0, 500, usize::MAX).unwrap().len(), 201);
    }
}

#[test]
fn verifying_finds_a_broken_chain_and_mends_the_index() {
    for bench in Bench::single() {
        let (log, _) = bench.open();
        put(&*log, "s", (1..=100).map(item).collect());
        put(&*log, "t", vec![item(1), sized(2, 9), item(3)]);
        drop(log);
        bench.tamper(|store| {
            let index = stored(store, b'k', &stream("s")).unwrap();
            let (gone, bad) = (&index[10], &index[20]);
            // A value from another place has a right checksum only there.
            let foreign = store.get(&item_key(&stream("t"), 2)).unwrap().unwrap();
            vec![
                Op::Delete(gone.0.clone()),
                Op::Put(bad.0.clone(), flip(&bad.1)),
                Op::Put(item_key(&stream("s"), 2), foreign),
            ]
        });
        let (log, _) = bench.open();
        let mut steps = Vec::new();
        let report = log.verify(&mut |n| steps.push(n)).unwrap();
        assert_eq!(report.damage.iter().map(|d| d.seq).collect::<Vec<_>>(), [2]);
        assert_eq!(steps.last(), Some(&102));
        // Opening may have mended what lies in the last items.
        assert!(report.index_repaired <= 2);
        log.heal(&stream("s"), 2, vec![item(2)]).unwrap();
        let report = log.verify(&mut |_| ()).unwrap();
        assert!(report.is_sound() && report.index_repaired == 0);
        let again = put(&*log, "s", (1..=100).map(item).collect());
        assert!(again.placed.iter().all(|placed| !placed.new));
    }
}

#[test]
fn a_torn_tail_is_cut_off_and_reported() {
    for bench in Bench::single() {
        let (log, _) = bench.open();
        put(&*log, "s", (1..=5).map(item).collect());
        let epoch = log.epoch();
        drop(log);
        // Items behind the head, one whole and one torn, with and without an index entry.
        let donor = Bench::new(Engine::Memory);
        put(&*donor.open().0, "s", (1..=7).map(item).collect());
        let donor = store(&donor.path(), Engine::Memory, &donor.options).unwrap();
        bench.tamper(|_| {
            let six = item_key(&stream("s"), 6);
            let seven = item_key(&stream("s"), 7);
            let torn = donor.get(&seven).unwrap().unwrap();
            vec![
                Op::Put(six.clone(), donor.get(&six).unwrap().unwrap()),
                Op::Put(seven, torn[..torn.len() / 2].to_vec()),
            ]
        });
        let (log, report) = bench.open();
        assert_eq!(report.torn, [(stream("s"), 6)], "{}", bench.engine);
        assert_eq!(
            (log.head(&stream("s")).unwrap().seq, log.epoch()),
            (5, epoch)
        );
        assert!(log.damage().is_empty());
        assert_eq!(
            seqs(&put(&*log, "s", vec![item(8), item(6)])),
            [(6, true), (7, true)]
        );
        assert!(log.verify(&mut |_| ()).unwrap().is_sound());
    }
}

#[test]
fn a_lost_head_is_derived_again() {
    for bench in Bench::single() {
        let (log, _) = bench.open();
        put(&*log, "s", (1..=5).map(item).collect());
        let before = (
            log.epoch(),
            log.head(&stream("s")).unwrap(),
            log.digest(&stream("s")).unwrap(),
        );
        drop(log);
        bench.tamper(|store| {
            let heads = stored(store, b'h', &stream("s")).unwrap();
            vec![Op::Put(heads[0].0.clone(), flip(&heads[0].1))]
        });
        let (log, report) = bench.open();
        assert_eq!(report.heads_rebuilt, [stream("s")]);
        assert_eq!(
            (
                log.epoch(),
                log.head(&stream("s")).unwrap(),
                log.digest(&stream("s")).unwrap()
            ),
            before
        );
        drop(log);
        // With the last item gone too, nobody can say how far the log went: the epoch changes.
        bench.tamper(|store| {
            let last = item_key(&stream("s"), 5);
            let value = flip(&store.get(&last).unwrap().unwrap());
            vec![
                Op::Delete(stored(store, b'h', &stream("s")).unwrap()[0].0.clone()),
                Op::Put(last, value),
            ]
        });
        let (log, report) = bench.open();
        assert!(report.epoch_changed && log.epoch() != before.0);
        assert_eq!(log.head(&stream("s")).unwrap().seq, 4);
        assert_eq!(seqs(&put(&*log, "s", vec![item(5)])), [(5, true)]);
    }
}

#[test]
fn a_store_of_another_engine_or_of_noise_is_refused_untouched() {
    let single = |engine| Bench {
        single: true,
        ..Bench::new(engine)
    };
    let bench = single(Engine::Sled);
    put(
        &*bench.open().0,
        "s",
        (1..=3000).map(|n| sized(n, 4000)).collect(),
    );
    let wrong = open_single(&bench.path(), Engine::Redb, &bench.options);
    assert!(matches!(wrong, Err(LogError::EngineMismatch { .. })));
    // Without its marker the directory is a log all the same.
    std::fs::remove_file(bench.path().join("LOG")).unwrap();
    assert!(matches!(
        open_single(&bench.path(), Engine::Redb, &bench.options),
        Err(LogError::EngineMismatch { .. })
    ));
    let (log, report) = bench.open();
    assert!(!report.created && log.head(&stream("s")).unwrap().seq == 3000);
    drop(log);
    // A log that was there and is empty now is not begun anew in silence.
    std::fs::remove_dir_all(bench.path().join("sled")).unwrap();
    assert!(matches!(
        open_single(&bench.path(), Engine::Sled, &bench.options),
        Err(LogError::Open { .. })
    ));
    // A file of noise is neither opened nor replaced, whatever the engine does with it.
    let bench = single(Engine::Redb);
    put(&*bench.open().0, "s", vec![item(1)]);
    let file = bench.path().join("redb/log.redb");
    let noise = noise();
    std::fs::write(&file, &noise).unwrap();
    for open in [open_single, open] {
        let refused = open(&bench.path(), Engine::Redb, &bench.options);
        assert!(matches!(refused, Err(LogError::Open { .. })), "{refused:?}");
        assert_eq!(std::fs::read(&file).unwrap(), noise);
    }
}

fn noise() -> Vec<u8> {
    (0..8_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

#[test]
fn the_index_is_disposable_and_of_whatever_engine() {
    let mut bench = Bench::new(Engine::Sled);
    bench.options.indexer = Some(Arc::new(Ledger(1)));
    for n in 0..40 {
        put(
            &*bench.open().0,
            "s",
            (n * 5..n * 5 + 5).map(item).collect(),
        );
    }
    let all = |bench: &Bench| {
        let (log, _) = bench.open();
        let again = put(&*log, "s", (0..200).map(item).collect());
        assert!(again.placed.iter().all(|placed| !placed.new));
        assert_eq!(count(&*log, "s"), 200);
        assert!(log.verify(&mut |_| ()).unwrap().is_sound());
        (
            log.streams().unwrap(),
            log.digest(&stream("s")).unwrap(),
            log.read(&stream("s"), 0, 500, usize::MAX).unwrap(),
        )
    };
    let before = all(&bench);
    // Gone, noise, another engine.
    std::fs::remove_dir_all(bench.path().join("index-sled")).unwrap();
    assert_eq!(all(&bench), before);
    std::fs::write(bench.path().join("index-sled/db"), noise()).unwrap();
    assert_eq!(all(&bench), before);
    bench.engine = Engine::Redb;
    assert_eq!(all(&bench), before);
    std::fs::write(bench.path().join("index-redb/log.redb"), noise()).unwrap();
    assert_eq!(all(&bench), before);
}

#[test]
fn a_log_that_should_be_there_is_not_made_anew() {
    for engine in [Engine::Sled, Engine::Redb] {
        let mut bench = Bench::new(engine);
        bench.options.may_create = false;
        let refused = open(&bench.path(), engine, &bench.options);
        assert!(matches!(refused, Err(LogError::Gone { .. })), "{refused:?}");
        assert!(!bench.path().exists());
        bench.options.may_create = true;
        put(&*bench.open().0, "s", vec![item(1)]);
        for name in ["LOG", "segments/LOG"] {
            // One marker is enough, and the other is written again.
            std::fs::write(bench.path().join(name), "gridfold lof 2").unwrap();
            assert_eq!(bench.open().0.head(&stream("s")).unwrap().seq, 1);
            let marker = std::fs::read_to_string(bench.path().join(name)).unwrap();
            assert!(marker.starts_with("gridfold log 2 "), "{marker}");
        }
        for segment in std::fs::read_dir(bench.path().join("segments")).unwrap() {
            let path = segment.unwrap().path();
            if path.extension().is_some() {
                std::fs::remove_file(path).unwrap();
            }
        }
        let refused = open(&bench.path(), engine, &bench.options);
        assert!(matches!(refused, Err(LogError::Open { .. })), "{refused:?}");
        std::fs::remove_dir_all(bench.path()).unwrap();
        bench.options.may_create = false;
        let refused = open(&bench.path(), engine, &bench.options);
        assert!(matches!(refused, Err(LogError::Gone { .. })), "{refused:?}");
    }
}

#[test]
fn a_log_from_before_is_taken_over_with_its_damage_and_kept() {
    for engine in [Engine::Sled, Engine::Redb] {
        for wanted in [Engine::Sled, Engine::Redb] {
            let mut bench = Bench::new(engine);
            bench.single = true;
            let (log, _) = bench.open();
            put(&*log, "s", (1..=300).map(item).collect());
            put(&*log, "t", (1..=3).map(item).collect());
            let (epoch, heads) = (log.epoch(), log.streams().unwrap());
            drop(log);
            bench.tamper(|store| {
                let mut ops = Vec::new();
                // One of them without the index entry that still tells its prefix; one is the last of its stream.
                for (name, seq) in [("s", 2), ("s", 100), ("t", 3)] {
                    ops.push(Op::Delete(item_key(&stream(name), seq)));
                }
                let index = stored(store, b'k', &stream("s")).unwrap();
                let gone = index.iter().find(|(key, _)| key.ends_with(&hash(100, 1)));
                ops.push(Op::Delete(gone.unwrap().0.clone()));
                ops
            });
            bench.single = false;
            bench.engine = wanted;
            bench.options.indexer = Some(Arc::new(Ledger(1)));
            let (log, report) = bench.open();
            let kept = report.taken_over.unwrap();
            assert!(kept.ends_with(engine.name()), "{kept}");
            assert!(std::path::Path::new(&kept).is_dir());
            assert_eq!(
                (log.epoch(), log.streams().unwrap()),
                (epoch, heads.clone())
            );
            let damaged = |log: &dyn Log| -> Vec<(String, u64)> {
                let damage = log.damage();
                damage
                    .iter()
                    .map(|d| (d.stream.to_string(), d.seq))
                    .collect()
            };
            // What stands behind a hole whose prefix nobody knows cannot be chained and goes with it.
            let holes =
                [("s", 2), ("s", 100), ("s", 101), ("t", 3)].map(|(s, n)| (s.to_owned(), n));
            assert_eq!(damaged(&*log), holes);
            assert_eq!(count(&*log, "s"), 297);
            for (seq, right) in (3..=99).chain(102..=300).map(|seq| (seq, item(seq))) {
                let found = log.get(&stream("s"), seq).unwrap().unwrap();
                assert_eq!((found.key, found.bytes), (right.key, right.bytes));
            }
            drop(log);
            let (log, report) = bench.open();
            assert_eq!((report.taken_over, damaged(&*log)), (None, holes.to_vec()));
            assert_eq!(log.heal(&stream("s"), 2, vec![item(2)]), Ok(1));
            assert_eq!(
                log.heal(&stream("s"), 100, vec![item(100), item(101)]),
                Ok(2)
            );
            assert_eq!(log.heal(&stream("t"), 3, vec![item(3)]), Ok(1));
            assert!(log.verify(&mut |_| ()).unwrap().is_sound());
            assert_eq!(count(&*log, "s"), 300);
            let again = put(&*log, "s", (1..=301).map(item).collect());
            assert_eq!(again.placed.iter().filter(|placed| placed.new).count(), 1);
        }
    }
}

/// Counts the items of each stream and lists them by the first byte of their key, reading what it wrote before.
#[derive(Debug)]
struct Ledger(u32);

impl Indexer for Ledger {
    fn version(&self) -> u32 {
        self.0
    }

    fn pairs(
        &self,
        stream: &StreamName,
        item: &Item,
        read: &dyn IndexRead,
    ) -> Result<Vec<Pair>, LogError> {
        let count_key = [b"count/", stream.as_bytes()].concat();
        let count = read
            .get(&count_key)?
            .map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()));
        let mut place = [b"place/", stream.as_bytes(), b"/"].concat();
        place.extend_from_slice(&item.seq.to_be_bytes());
        Ok(vec![
            (count_key, (count + 1).to_be_bytes().to_vec()),
            (place, item.key.to_vec()),
        ])
    }
}

fn count(log: &dyn Log, name: &str) -> u64 {
    let key = [b"count/", name.as_bytes()].concat();
    log.indexed(&key)
        .unwrap()
        .map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()))
}

fn places(log: &dyn Log, name: &str, reverse: bool, max: usize) -> Vec<(u64, Vec<u8>)> {
    let from = [b"place/", name.as_bytes(), b"/"].concat();
    let to = [b"place/", name.as_bytes(), b"0"].concat();
    log.indexed_range(&from, &to, reverse, max)
        .unwrap()
        .into_iter()
        .map(|(key, value)| {
            let seq = u64::from_be_bytes(key[from.len()..].try_into().unwrap());
            (seq, value)
        })
        .collect()
}

#[test]
fn an_index_is_written_with_the_items_and_made_again_from_them() {
    for mut bench in Bench::all() {
        // Each append closes its segment, so that the index is in the engine.
        bench.options.testing.segment_bytes = Some(1);
        {
            let (log, _) = bench.open();
            put(&*log, "a", vec![item(1), item(2)]);
        }
        bench.options.indexer = Some(Arc::new(Ledger(1)));
        {
            // A log from before there was an indexer is indexed by the first start with one.
            let (log, report) = bench.open();
            assert!(report.index_made_again, "{}", bench.engine);
            assert_eq!(count(&*log, "a"), 2);
            // Items of one group commit see each other, and what was stored before counts once.
            put(&*log, "a", vec![item(2), item(3), item(4)]);
            put(&*log, "b", (0..40).map(item).collect());
            assert_eq!((count(&*log, "a"), count(&*log, "b")), (4, 40));
            assert_eq!(count(&*log, "c"), 0);
            let all = places(&*log, "b", false, usize::MAX);
            assert_eq!(all.len(), 40);
            assert!(all.iter().zip(1..).all(|((seq, _), want)| *seq == want));
            assert_eq!(all[7].1, hash(7, 1));
            assert_eq!(places(&*log, "b", false, 3), all[..3]);
            let last: Vec<_> = all.iter().rev().take(3).cloned().collect();
            assert_eq!(places(&*log, "b", true, 3), last);
            // What was refused leaves no pair.
            assert!(try_put(&*log, "a", Some(1), vec![item(9)]).is_err());
            assert_eq!(count(&*log, "a"), 4);
        }
        {
            let (log, report) = bench.open();
            assert!(!report.index_made_again, "it was there: {}", bench.engine);
            assert_eq!((count(&*log, "a"), count(&*log, "b")), (4, 40));
        }
        bench.options.indexer = Some(Arc::new(Ledger(2)));
        let (log, report) = bench.open();
        assert!(report.index_made_again, "another layout: {}", bench.engine);
        assert_eq!((count(&*log, "a"), count(&*log, "b")), (4, 40));
        assert_eq!(places(&*log, "b", false, usize::MAX).len(), 40);
    }
}
