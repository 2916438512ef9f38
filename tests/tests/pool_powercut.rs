//! The pool that a browser's store lies in, cut off at every call to its files: see
//! `tests::powercut::SimSlots` for what a browser permits.

use std::collections::BTreeMap;

use gridfold_client::{Disk as _, Pool};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tests::powercut::{Loss, SimSlots};

type Files = BTreeMap<&'static str, Vec<u8>>;

const PLACE: [u8; 16] = [9; 16];
const NAMES: [&str; 5] = [
    "store",
    "store.spare",
    "store.spare.new",
    "store.key",
    "instance",
];

#[derive(Debug, Clone)]
enum Act {
    Write(&'static str, Vec<u8>),
    Overwrite(&'static str, Vec<u8>),
    Append(&'static str, Vec<u8>),
    Rename(&'static str, &'static str),
    Remove(&'static str),
}

/// Bytes that occur once, up to some sectors of them.
fn bytes(rng: &mut StdRng) -> Vec<u8> {
    let word: [u8; 16] = rng.random();
    let len = [20, 500, 3_000][rng.random_range(0..3)] + rng.random_range(0..40);
    word.iter().copied().cycle().take(len).collect()
}

fn some_act(rng: &mut StdRng, files: &Files) -> Act {
    let name = NAMES[rng.random_range(0..NAMES.len())];
    let other = NAMES[rng.random_range(0..NAMES.len())];
    match (files.contains_key(name), rng.random_range(0..6)) {
        (false, _) | (_, 0) => Act::Write(name, bytes(rng)),
        (_, 1) => Act::Overwrite(name, bytes(rng)),
        (_, 2 | 3) => Act::Append(name, bytes(rng)),
        (_, 4) if name != other => Act::Rename(name, other),
        _ => Act::Remove(name),
    }
}

fn act(pool: &Pool<SimSlots>, act: &Act) {
    match act {
        Act::Write(name, bytes) => pool.write(name, bytes).unwrap(),
        Act::Overwrite(name, bytes) => pool.overwrite(name, bytes).unwrap(),
        Act::Append(name, bytes) => pool.file(name).unwrap().unwrap().append(bytes).unwrap(),
        Act::Rename(from, to) => pool.rename(from, to).unwrap(),
        Act::Remove(name) => pool.remove(name).unwrap(),
    }
}

/// What the files are when an act is done.
fn done(files: &Files, act: &Act) -> Files {
    let mut files = files.clone();
    match act {
        Act::Write(name, bytes) => drop(files.insert(name, bytes.clone())),
        Act::Overwrite(name, bytes) => {
            let file = files.get_mut(name).unwrap();
            file.resize(file.len().max(bytes.len()), 0);
            file[..bytes.len()].copy_from_slice(bytes);
        }
        Act::Append(name, bytes) => files.get_mut(name).unwrap().extend(bytes),
        Act::Rename(from, to) => {
            let file = files.remove(from).unwrap();
            files.insert(to, file);
        }
        Act::Remove(name) => drop(files.remove(name)),
    }
    files
}

fn contents(pool: &Pool<SimSlots>) -> Files {
    let read = |name| Some((name, pool.read(name, u64::MAX).unwrap()?));
    NAMES.into_iter().filter_map(read).collect()
}

fn same(what: &str, found: &Files, want: &Files) -> Result<(), String> {
    let brief = |files: &Files| -> Vec<String> {
        let told = |(name, b): (&&str, &Vec<u8>)| format!("{name}: {} of {:?}", b.len(), b.first());
        files.iter().map(told).collect()
    };
    match found == want {
        true => Ok(()),
        false => Err(format!(
            "{what}: {:?} and not {:?}",
            brief(found),
            brief(want)
        )),
    }
}

/// What was acknowledged is as it was; of the act that was cut off the disk's promise holds.
fn check(found: &Files, before: &Files, cut: Option<&Act>) -> Result<(), String> {
    let Some(cut) = cut else {
        return same("between acts", found, before);
    };
    let after = done(before, cut);
    let what = format!(
        "in {}",
        format!("{cut:?}").chars().take(40).collect::<String>()
    );
    // Names change at once.
    if matches!(cut, Act::Rename(..) | Act::Remove(_)) {
        return same(&what, found, before).or_else(|_| same(&what, found, &after));
    }
    let (Act::Write(name, _) | Act::Overwrite(name, _) | Act::Append(name, _)) = cut else {
        unreachable!();
    };
    let (mut found, mut others) = (found.clone(), before.clone());
    let (now, was) = (found.remove(name), others.remove(name));
    same(&what, &found, &others)?;
    let is_kept = match (cut, was, now) {
        // New: whole or not there.
        (Act::Write(_, bytes), None, now) => now.is_none_or(|now| now == *bytes),
        // What is in it is not known.
        (Act::Write(..), Some(_), now) => now.is_some(),
        (Act::Overwrite(_, bytes), Some(was), Some(now)) => {
            let from = bytes.len().min(was.len());
            now.len() >= was.len() && now[from..was.len()] == was[from..]
        }
        (_, Some(was), Some(now)) => now.starts_with(&was),
        _ => false,
    };
    match is_kept {
        true => Ok(()),
        false => Err(format!("{what}: {name} is not what it may be")),
    }
}

/// Nothing is in the files but the index and what has a name, and a loss of power takes nothing.
fn tidy(slots: &SimSlots, files: &Files) -> Result<(), String> {
    for loss in [Loss::Nothing, Loss::All, Loss::Random(slots.calls())] {
        let left = slots.cut_now(loss).contents();
        let mut held: Vec<&[u8]> = left[1..].iter().map(Vec::as_slice).collect();
        held.retain(|bytes| !bytes.is_empty());
        let mut named: Vec<&[u8]> = files.values().map(Vec::as_slice).collect();
        named.retain(|bytes| !bytes.is_empty());
        held.sort_unstable();
        named.sort_unstable();
        if held != named {
            let (held, named) = (held.len(), named.len());
            return Err(format!(
                "{loss:?}: {held} files hold something, {named} should"
            ));
        }
    }
    Ok(())
}

/// A pool that lives several times, each cut off somewhere, also while it opens.
fn lives(seed: u64, without_flush: bool) -> Result<(), String> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut slots = SimSlots::new();
    let mut files = Files::new();
    // The act that was cut off: what became of it is seen when the pool opens again.
    let mut cut: Option<Act> = None;
    for life in 0..8 {
        let at = |e: String| format!("seed {seed}, life {life}: {e}");
        if without_flush {
            slots.leave_out_flushes();
        }
        let loss = match rng.random_range(0..4) {
            0 => Loss::All,
            1 => Loss::Nothing,
            _ => Loss::Random(rng.random()),
        };
        slots.cut_after(rng.random_range(0..40), loss);
        let pool = Pool::open(slots.clone(), PLACE).map_err(|e| at(e.to_string()))?;
        let left = slots.left();
        if let Some(left) = left {
            // Cut off as it opened: the same may be found as before.
            slots = left;
            continue;
        }
        let found = contents(&pool);
        check(&found, &files, cut.take().as_ref()).map_err(at)?;
        files = found;
        tidy(&slots, &files).map_err(at)?;
        slots.cut_after(rng.random_range(0..40), loss);
        loop {
            let next = some_act(&mut rng, &files);
            act(&pool, &next);
            if slots.is_cut() {
                slots = slots.left().unwrap();
                cut = Some(next);
                break;
            }
            files = done(&files, &next);
            same("while it runs", &contents(&pool), &files).map_err(at)?;
            tidy(&slots, &files).map_err(at)?;
        }
    }
    Ok(())
}

#[test]
fn whatever_was_acknowledged_is_there_after_any_cuts() {
    let seeds = if std::env::var_os("GRIDFOLD_LONG").is_some() {
        50_000
    } else {
        2_000
    };
    let wrong: Vec<String> = (0..seeds)
        .filter_map(|seed| lives(seed, false).err())
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {seeds}: {:#?}",
        wrong.len(),
        wrong.first()
    );
}

/// The suite can fail: a pool whose flushes keep nothing loses what it acknowledged.
#[test]
fn without_flushes_the_loss_is_noticed() {
    let noticed = (0..50).filter(|seed| lives(*seed, true).is_err()).count();
    assert_eq!(noticed, 50);
}

/// One script, cut off at each of its calls in each way.
#[test]
fn every_call_of_a_script_can_be_the_last() {
    let text = |n: u8, len: usize| vec![n; len];
    let script = [
        Act::Write("instance", text(1, 32)),
        Act::Write("store", text(2, 5_000)),
        Act::Write("store.key", text(3, 100)),
        Act::Write("store.spare.new", text(4, 700)),
        Act::Rename("store.spare.new", "store.spare"),
        Act::Append("store.spare", text(5, 2_000)),
        Act::Write("store.spare.new", text(6, 300)),
        // What the name led to before is let go.
        Act::Rename("store.spare.new", "store.spare"),
        Act::Append("store.spare", text(7, 900)),
        Act::Overwrite("store.key", text(0, 100)),
        Act::Remove("store.key"),
        Act::Remove("store"),
        Act::Write("store", text(8, 40)),
    ];
    let play = |slots: &SimSlots| -> (Files, Option<Act>) {
        let Ok(pool) = Pool::open(slots.clone(), PLACE) else {
            panic!("an empty pool opens");
        };
        let mut files = Files::new();
        for next in &script {
            if slots.is_cut() {
                break;
            }
            act(&pool, next);
            if slots.is_cut() {
                return (files, Some(next.clone()));
            }
            files = done(&files, next);
        }
        (files, None)
    };
    let whole = SimSlots::new();
    play(&whole);
    let mut images = 0;
    for call in 0..whole.calls() {
        let random = (0..20).map(|n| Loss::Random(call * 100 + n));
        for loss in [Loss::All, Loss::Nothing].into_iter().chain(random) {
            let slots = SimSlots::new();
            slots.cut_after(call, loss);
            let (files, cut) = play(&slots);
            let left = slots.left().unwrap();
            let pool = Pool::open(left.clone(), PLACE).unwrap();
            let found = contents(&pool);
            let checked = check(&found, &files, cut.as_ref()).and_then(|()| tidy(&left, &found));
            checked.unwrap_or_else(|e| panic!("call {call}, {loss:?}: {e}"));
            images += 1;
        }
    }
    assert!(images > 500, "{images}");
}

/// Files with something in them and no index are another's, or damaged: they are not taken for a
/// new pool.
#[test]
fn files_without_an_index_are_not_taken_for_new_ones() {
    let slots = SimSlots::new();
    let pool = Pool::open(slots.clone(), PLACE).unwrap();
    pool.write("store", &[1; 10]).unwrap();
    gridfold_client::Slots::set_len(&slots, 0, 0).unwrap();
    let error = Pool::open(slots, PLACE).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
}
