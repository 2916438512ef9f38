//! Flipped bits, zeroed pages, cuts and missing files in the folder of a log: what is served is what was appended,
//! what is not served is named, the log opens, and a copy heals it. `GRIDFOLD_DAMAGE_ROUNDS` says how many of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use gridfold_server::log::{
    AppendBatch, Engine, Head, IndexRead, Indexer, Item, Log, LogError, LogOptions, NewItem, Pair,
    StreamName, open,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const ROUNDS: u64 = 40;
const LONG_ROUNDS: u64 = 1_000;
const STREAMS: u64 = 5;

fn rounds() -> u64 {
    let usual = match std::env::var_os("GRIDFOLD_LONG") {
        Some(_) => LONG_ROUNDS,
        None => ROUNDS,
    };
    std::env::var("GRIDFOLD_DAMAGE_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap())
}

fn stream(n: u64) -> StreamName {
    StreamName::new(format!("g/12010100100{n}/1")).unwrap()
}

/// Where each key is, by stream.
#[derive(Debug)]
struct Places;

impl Indexer for Places {
    fn version(&self) -> u32 {
        1
    }

    fn pairs(
        &self,
        stream: &StreamName,
        item: &Item,
        _: &dyn IndexRead,
    ) -> Result<Vec<Pair>, LogError> {
        let key = [stream.as_bytes(), &item.key].concat();
        Ok(vec![(key, item.seq.to_be_bytes().to_vec())])
    }
}

fn new_item(rng: &mut StdRng) -> NewItem {
    let mut item = NewItem {
        key: rng.random(),
        item_hash: rng.random(),
        bytes: vec![0; rng.random_range(0..700)],
    };
    rng.fill(&mut item.bytes[..]);
    // Half of it repeats, as headers do.
    let half = item.bytes.len() / 2;
    item.bytes[..half].fill(7);
    item
}

/// A log with several closed segments, many small commits and a few large ones, and what is in it.
struct Truth {
    dir: tempfile::TempDir,
    engine: Engine,
    items: BTreeMap<StreamName, Vec<NewItem>>,
    heads: BTreeMap<StreamName, Head>,
}

fn options(heads: &BTreeMap<StreamName, Head>) -> LogOptions {
    let mut options = LogOptions {
        min_free_bytes: 0,
        acknowledged: heads.clone(),
        indexer: Some(Arc::new(Places)),
        ..LogOptions::default()
    };
    options.testing.segment_bytes = Some(25_000);
    options.testing.skip_fsync = true;
    options
}

impl Truth {
    fn new(engine: Engine) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut rng = StdRng::seed_from_u64(5);
        let mut items: BTreeMap<StreamName, Vec<NewItem>> = BTreeMap::new();
        let (log, _) = open(&dir.path().join("log"), engine, &options(&BTreeMap::new())).unwrap();
        for n in 0..60 {
            let some = if n % 20 == 7 {
                60
            } else {
                rng.random_range(1..6)
            };
            let batches: Vec<AppendBatch> = (0..1 + n % 3)
                .map(|_| {
                    let stream = stream(rng.random_range(0..STREAMS));
                    let new: Vec<NewItem> = (0..some).map(|_| new_item(&mut rng)).collect();
                    items.entry(stream.clone()).or_default().extend(new.clone());
                    AppendBatch {
                        stream,
                        expect: None,
                        items: new,
                    }
                })
                .collect();
            log.append(batches).unwrap();
        }
        let heads = log.streams().unwrap().into_iter().collect();
        Self {
            dir,
            engine,
            items,
            heads,
        }
    }

    fn copy(&self) -> tempfile::TempDir {
        let to = tempfile::tempdir().unwrap();
        copy(&self.dir.path().join("log"), &to.path().join("log"));
        to
    }

    fn open(&self, dir: &Path) -> Result<Arc<dyn Log>, LogError> {
        open(&dir.join("log"), self.engine, &options(&self.heads)).map(|(log, _)| log)
    }

    /// What is served is right, and what is not is named or behind the end. Returns what is not.
    fn check(&self, log: &dyn Log) -> Result<BTreeSet<(StreamName, u64)>, String> {
        let report = log.verify(&mut |_| ()).map_err(|e| e.to_string())?;
        let mut gone: BTreeSet<(StreamName, u64)> = BTreeSet::new();
        for damage in log.damage() {
            gone.insert((damage.stream, damage.seq));
        }
        if report.damage.len() != gone.len() {
            return Err("verifying names other damage".to_owned());
        }
        for (stream, items) in &self.items {
            let head = log.head(stream).unwrap();
            // A witness sees it: nothing else can know of an end that is not there.
            for seq in head.seq + 1..=items.len() as u64 {
                gone.insert((stream.clone(), seq));
            }
            for (right, seq) in items.iter().zip(1..) {
                let named = gone.contains(&(stream.clone(), seq));
                match log.get(stream, seq) {
                    Ok(Some(item)) if named => {
                        return Err(format!("{stream}/{seq} is named and served: {}", item.seq));
                    }
                    Ok(Some(item)) => {
                        let same = (item.key, item.item_hash, &item.bytes)
                            == (right.key, right.item_hash, &right.bytes);
                        if !same {
                            return Err(format!("{stream}/{seq} is another"));
                        }
                        if log.find(stream, &right.key) != Ok(Some(seq)) {
                            return Err(format!("the key of {stream}/{seq} is not found"));
                        }
                        let pair = log
                            .indexed(&[stream.as_bytes(), &right.key].concat())
                            .unwrap();
                        if pair != Some(seq.to_be_bytes().to_vec()) {
                            return Err(format!("the pair of {stream}/{seq} is {pair:?}"));
                        }
                    }
                    Ok(None) if named => {}
                    Err(LogError::Damaged { .. }) if named => {}
                    other => return Err(format!("{stream}/{seq} is gone unnamed: {other:?}")),
                }
            }
        }
        Ok(gone)
    }

    /// Gives back all that is named; what is behind the end comes by appending.
    fn heal(&self, log: &dyn Log) -> Result<(), String> {
        let damage: Vec<(StreamName, u64)> = log
            .damage()
            .into_iter()
            .map(|d| (d.stream, d.seq))
            .collect();
        for (stream, seq) in &damage {
            if !log
                .damage()
                .iter()
                .any(|d| (&d.stream, d.seq) == (stream, *seq))
            {
                continue;
            }
            let items = &self.items[stream];
            let end = (*seq..)
                .take_while(|seq| damage.contains(&(stream.clone(), *seq)))
                .last()
                .unwrap();
            let run = items[*seq as usize - 1..end as usize].to_vec();
            log.heal(stream, *seq, run).map_err(|e| e.to_string())?;
        }
        for (stream, items) in &self.items {
            let batch = AppendBatch {
                stream: stream.clone(),
                expect: None,
                items: items.clone(),
            };
            log.append(vec![batch]).map_err(|e| e.to_string())?;
        }
        let left = self.check(log)?;
        if !left.is_empty() {
            return Err(format!("{} items are not healed", left.len()));
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.metadata().unwrap().len() > 0 {
            out.push(path);
        }
    }
    out.sort();
}

/// A file by chance, the large ones more often, as bad sectors have it; every kind at times.
fn pick(dir: &Path, rng: &mut StdRng) -> PathBuf {
    let mut all = Vec::new();
    files(&dir.join("log"), &mut all);
    let sizes: Vec<u64> = all.iter().map(|f| f.metadata().unwrap().len()).collect();
    if rng.random_range(0..4) == 0 {
        return all[rng.random_range(0..all.len())].clone();
    }
    let mut at = rng.random_range(0..sizes.iter().sum());
    for (file, size) in all.iter().zip(sizes) {
        if at < size {
            return file.clone();
        }
        at -= size;
    }
    unreachable!()
}

/// Damages a copy in each round and says what came of it.
fn damaged(
    engine: Engine,
    salt: u64,
    damage: impl Fn(&mut StdRng, &Path) -> String,
) -> Vec<(String, Result<usize, String>)> {
    let truth = Truth::new(engine);
    assert_eq!(
        truth.check(&*truth.open(truth.dir.path()).unwrap()),
        Ok(BTreeSet::new())
    );
    (0..rounds())
        .map(|round| {
            let mut rng = StdRng::seed_from_u64(round * 16 + salt);
            let dir = truth.copy();
            let file = pick(dir.path(), &mut rng);
            let name = file.strip_prefix(dir.path()).unwrap().display().to_string();
            let what = format!(
                "{engine}, round {round}, {name}: {}",
                damage(&mut rng, &file)
            );
            let came = truth
                .open(dir.path())
                .map_err(|e| format!("does not open: {e}"))
                .and_then(|log| {
                    let gone = truth.check(&*log)?;
                    // It was named by reads and at the start; the next start names the same.
                    drop(log);
                    let log = truth
                        .open(dir.path())
                        .map_err(|e| format!("does not open again: {e}"))?;
                    if truth.check(&*log)? != gone {
                        return Err("the next start names other damage".to_owned());
                    }
                    truth.heal(&*log)?;
                    Ok(gone.len())
                });
            (what, came)
        })
        .collect()
}

fn all_of(outcomes: &[(String, Result<usize, String>)]) -> usize {
    let wrong: Vec<String> = outcomes
        .iter()
        .filter_map(|(what, came)| Some(format!("{what}: {}", came.as_ref().err()?)))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        outcomes.len(),
        wrong.join("\n")
    );
    outcomes
        .iter()
        .filter_map(|(_, came)| came.as_ref().ok())
        .sum()
}

const ENGINES: [Engine; 2] = [Engine::Sled, Engine::Redb];

#[test]
fn one_flipped_bit_costs_nothing() {
    for engine in ENGINES {
        let outcomes = damaged(engine, 1, |rng, file| {
            let mut bytes = std::fs::read(file).unwrap();
            // Where there is something, if there is.
            let at = (0..200)
                .map(|_| rng.random_range(0..bytes.len()))
                .find(|at| bytes[*at] != 0)
                .unwrap_or(0);
            let bit = rng.random_range(0..8);
            bytes[at] ^= 1 << bit;
            std::fs::write(file, bytes).unwrap();
            format!("bit {bit} of {at}")
        });
        assert_eq!(all_of(&outcomes), 0, "{engine}");
    }
}

#[test]
fn a_zeroed_page_costs_what_it_hit_by_name() {
    for engine in ENGINES {
        let outcomes = damaged(engine, 2, |rng, file| {
            let mut bytes = std::fs::read(file).unwrap();
            let at = rng.random_range(0..bytes.len()) & !511;
            let end = bytes.len().min(at + 4096);
            bytes[at..end].fill(0);
            std::fs::write(file, bytes).unwrap();
            format!("zeros from {at} to {end}")
        });
        println!(
            "{engine}: {} items in {} rounds",
            all_of(&outcomes),
            outcomes.len()
        );
    }
}

#[test]
fn a_cut_file_costs_what_was_cut_by_name() {
    for engine in ENGINES {
        let outcomes = damaged(engine, 3, |rng, file| {
            let bytes = std::fs::read(file).unwrap();
            let all = [
                0,
                bytes.len() / 2,
                bytes.len() - 1,
                rng.random_range(0..bytes.len()),
            ];
            let len = all[rng.random_range(0..all.len())];
            std::fs::write(file, &bytes[..len]).unwrap();
            format!("cut to {len}")
        });
        println!(
            "{engine}: {} items in {} rounds",
            all_of(&outcomes),
            outcomes.len()
        );
    }
}

#[test]
fn a_missing_file_costs_what_it_held_by_name() {
    for engine in ENGINES {
        let outcomes = damaged(engine, 4, |_, file| {
            std::fs::remove_file(file).unwrap();
            "gone".to_owned()
        });
        println!(
            "{engine}: {} items in {} rounds",
            all_of(&outcomes),
            outcomes.len()
        );
    }
}

#[test]
fn a_commit_of_several_streams_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(9);
    let segment = dir.path().join("log/segments/00000001.segment");
    let none = BTreeMap::new();
    let usual = || {
        let mut options = options(&none);
        options.testing.segment_bytes = None;
        options
    };
    let (log, _) = open(&dir.path().join("log"), Engine::Sled, &usual()).unwrap();
    // Nothing of it shrinks, so that it takes several frames.
    let batch = |n: u64, items: usize, rng: &mut StdRng| AppendBatch {
        stream: stream(n),
        expect: None,
        items: (0..items)
            .map(|_| {
                let mut bytes = vec![0; 6_000];
                rng.fill(&mut bytes[..]);
                NewItem {
                    key: rng.random(),
                    item_hash: rng.random(),
                    bytes,
                }
            })
            .collect(),
    };
    log.append(vec![batch(0, 1, &mut rng)]).unwrap();
    let begins = segment.metadata().unwrap().len();
    let all: Vec<AppendBatch> = (1..4).map(|n| batch(n, 25, &mut rng)).collect();
    log.append(all).unwrap();
    let ends = segment.metadata().unwrap().len();
    drop(log);
    let bytes = std::fs::read(&segment).unwrap();
    let is_head = |at: &u64| bytes[*at as usize..].starts_with(b"GFs2");
    // Where frames begin and end, and a page of each kind between.
    let mut cuts: Vec<u64> = (begins..ends).filter(is_head).collect();
    assert!(cuts.len() > 4, "{} heads: it is one frame", cuts.len());
    cuts.extend((begins..ends).step_by(40_960));
    let heads = |cut: u64| -> Vec<u64> {
        let copied = tempfile::tempdir().unwrap();
        copy(&dir.path().join("log"), &copied.path().join("log"));
        let file = copied.path().join("log/segments/00000001.segment");
        let file = std::fs::File::options().write(true).open(file).unwrap();
        file.set_len(cut).unwrap();
        let (log, _) = open(&copied.path().join("log"), Engine::Sled, &usual()).unwrap();
        assert!(log.damage().is_empty(), "cut at {cut}");
        (0..4).map(|n| log.head(&stream(n)).unwrap().seq).collect()
    };
    for cut in cuts {
        let found = heads(cut);
        assert!(
            found == [1, 0, 0, 0] || found == [1, 25, 25, 25],
            "cut at {cut}: {found:?}"
        );
    }
    assert_eq!(heads(ends), [1, 25, 25, 25]);
}
