//! One power-cut suite for every engine of the log: see `tests::powercut` for the model of the disk.
//! The writer is this test binary run again under strace; the checker opens every cut with the product's code.

use std::{env, fs::File, io::Write as _, path::Path, process::Command, sync::Arc};

use gridfold_server::log::{
    AppendBatch, Engine, Hash32, Log, LogOptions, NewItem, StreamName, open, testing::open_single,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tests::powercut::{Disk, Effect, Loss, Recording, record};

const DIR: &str = "GRIDFOLD_POWERCUT_DIR";
const ENGINE: &str = "GRIDFOLD_POWERCUT_ENGINE";
const PLAN: &str = "GRIDFOLD_POWERCUT_PLAN";
const FROM: &str = "GRIDFOLD_POWERCUT_FROM";
const SKIP_FSYNC: &str = "GRIDFOLD_POWERCUT_SKIP_FSYNC";
const STREAMS: u64 = 3;

/// What the writer does, the same each time.
#[derive(Clone, Copy)]
struct Plan {
    appends: u64,
    /// Items of one append, spread over the streams.
    items: u64,
    bytes: usize,
    /// One item of each append is as large as this.
    big_every: u64,
    /// Appends between a closing and opening again.
    reopen_every: u64,
}

/// Every boundary of these calls is cut at.
const SHORT: Plan = Plan {
    appends: 24,
    items: 4,
    bytes: 600,
    big_every: 9,
    reopen_every: 10,
};
/// Enough for an engine to reuse the space of its old pages many times.
const LONG: Plan = Plan {
    appends: 260,
    items: 12,
    bytes: 2500,
    big_every: 40,
    reopen_every: 90,
};
const BIG_BYTES: usize = 80 * 1024;
/// Appends of a writer that starts on what a power cut left.
const RECOVERY_APPENDS: u64 = 2;

fn stream(n: u64) -> StreamName {
    StreamName::new(format!("s{n}")).unwrap()
}

fn hash(n: u64, salt: u8) -> Hash32 {
    let mut rng = StdRng::seed_from_u64(n * 4 + u64::from(salt));
    let mut hash = [0; 32];
    rng.fill(&mut hash);
    hash
}

impl Plan {
    /// The nth item of the whole run; it belongs to stream n % STREAMS as its item n / STREAMS + 1.
    fn item(&self, n: u64) -> NewItem {
        let mut rng = StdRng::seed_from_u64(n);
        let len = if n % (self.big_every * self.items) == 1 {
            BIG_BYTES
        } else {
            rng.random_range(0..=self.bytes)
        };
        let mut bytes = vec![0; len];
        rng.fill(&mut bytes[..]);
        NewItem {
            key: hash(n, 1),
            item_hash: hash(n, 2),
            bytes,
        }
    }

    fn batches(&self, append: u64) -> Vec<AppendBatch> {
        let all = append * self.items..(append + 1) * self.items;
        (0..STREAMS)
            .map(|s| AppendBatch {
                stream: stream(s),
                expect: None,
                items: all
                    .clone()
                    .filter(|n| n % STREAMS == s)
                    .map(|n| self.item(n))
                    .collect(),
            })
            .collect()
    }
}

fn options(skip_fsync: bool) -> LogOptions {
    let mut options = LogOptions {
        min_free_bytes: 0,
        ..LogOptions::default()
    };
    options.testing.skip_fsync = skip_fsync;
    // Several segments in every run.
    options.testing.segment_bytes = Some(40_000);
    options
}

/// Not a test of its own: what runs under strace, chosen by the environment.
#[test]
fn writer() {
    let Ok(dir) = env::var(DIR) else { return };
    let dir = Path::new(&dir);
    let engine: Engine = env::var(ENGINE).unwrap().parse().unwrap();
    let plan = if env::var(PLAN).unwrap() == "long" {
        LONG
    } else {
        SHORT
    };
    let options = options(env::var(SKIP_FSYNC).is_ok());
    let mut acks = File::create(dir.join("acks")).unwrap();
    let reopen = || open(&dir.join("log"), engine, &options).unwrap().0;
    let mut log = reopen();
    acks.write_all(format!("epoch {}\n", log.epoch()).as_bytes())
        .unwrap();
    let from: u64 = env::var(FROM).map_or(0, |from| from.parse().unwrap());
    let to = if from > 0 {
        plan.appends.min(from + RECOVERY_APPENDS)
    } else {
        plan.appends
    };
    for append in from..to {
        let results = log.append(plan.batches(append)).unwrap();
        assert!(results.iter().all(Result::is_ok));
        acks.write_all(format!("append {append}\n").as_bytes())
            .unwrap();
        if append % plan.reopen_every == plan.reopen_every - 1 {
            drop(log);
            log = reopen();
        }
    }
}

fn recording(engine: Engine, plan: &str, skip_fsync: bool) -> Recording {
    recording_on(engine, plan, skip_fsync, 0, |_| ())
}

/// Records a writer that starts with the append `from` on what `image` puts into the log's directory.
fn recording_on(
    engine: Engine,
    plan: &str,
    skip_fsync: bool,
    from: u64,
    image: impl FnOnce(&Path),
) -> Recording {
    let dir = tempfile::tempdir().unwrap();
    // The root is made before, so that its own name is none of the model's business.
    let root = dir.path().join("log");
    std::fs::create_dir(&root).unwrap();
    image(&root);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["log_powercut::writer", "--exact", "--test-threads=1"]);
    command
        .env(DIR, dir.path())
        .env(ENGINE, engine.name())
        .env(PLAN, plan)
        .env(FROM, from.to_string());
    if skip_fsync {
        command.env(SKIP_FSYNC, "1");
    }
    record(
        &command,
        &root,
        &dir.path().join("acks"),
        &dir.path().join("trace"),
    )
    .unwrap()
}

/// What the writer had been told when the power went.
#[derive(Default, Clone, Copy)]
struct Told {
    epoch: Option<u64>,
    appends: u64,
}

/// Opens what a cut left and says what is wrong with it.
fn check(engine: Engine, plan: &Plan, told: &Told, dir: &Path) -> Result<(), String> {
    // The checker's own fsyncs cost time and prove nothing.
    let (log, report) =
        open(dir, engine, &options(true)).map_err(|e| format!("not opened: {e}"))?;
    if told.epoch.is_some_and(|epoch| epoch != log.epoch()) {
        return Err(format!("another epoch, {report:?}"));
    }
    check_items(plan, told, &*log)?;
    // The log goes on from there: the next append repeats what may have survived unacknowledged.
    if told.epoch.is_some() && told.appends < plan.appends {
        let results = log
            .append(plan.batches(told.appends))
            .map_err(|e| format!("does not go on: {e}"))?;
        if let Some(Err(e)) = results.into_iter().find(Result::is_err) {
            return Err(format!("does not go on: {e}"));
        }
        check_items(
            plan,
            &Told {
                epoch: None,
                appends: told.appends + 1,
            },
            &*log,
        )?;
    }
    Ok(())
}

fn check_items(plan: &Plan, told: &Told, log: &dyn Log) -> Result<(), String> {
    for s in 0..STREAMS {
        let name = stream(s);
        let acknowledged = (0..told.appends * plan.items)
            .filter(|n| n % STREAMS == s)
            .count();
        let head = log.head(&name).map_err(|e| e.to_string())?;
        let mut items = Vec::new();
        while (items.len() as u64) < head.seq {
            items.extend(
                log.read(&name, items.len() as u64, 500, usize::MAX)
                    .map_err(|e| e.to_string())?,
            );
        }
        if items.len() < acknowledged {
            return Err(format!(
                "{name}: {acknowledged} acknowledged, {} there",
                items.len()
            ));
        }
        for (item, seq) in items.iter().zip(1..) {
            let right = plan.item((seq - 1) * STREAMS + s);
            if (item.seq, item.key, item.item_hash, &item.bytes)
                != (seq, right.key, right.item_hash, &right.bytes)
            {
                return Err(format!("{name}: item {seq} is another"));
            }
        }
    }
    let report = log.verify(&mut |_| ()).map_err(|e| e.to_string())?;
    if !report.is_sound() || report.index_repaired > 0 {
        return Err(format!("not sound: {report:?}"));
    }
    Ok(())
}

/// Replays a recording and stops at every boundary at which something may have changed.
fn replay(recording: &Recording, mut told: Told, visit: &mut dyn FnMut(usize, &Disk, Told)) {
    let mut disk = Disk::before(recording);
    let mut boundaries: Vec<(usize, bool, usize)> = Vec::new();
    for (n, call) in recording.calls.iter().enumerate() {
        boundaries.push((call.start, false, n));
        boundaries.push((call.end, true, n));
    }
    boundaries.sort_unstable();
    for (at, (_, is_end, n)) in boundaries.into_iter().enumerate() {
        let call = &recording.calls[n];
        let is_fsync = matches!(call.effect, Effect::Fsync(_) | Effect::FsyncDir(_));
        if is_end {
            disk.end(call);
        } else {
            disk.begin(call);
        }
        if let (false, Effect::Ack(line)) = (is_end, &call.effect) {
            match line.split_once(' ') {
                Some(("epoch", epoch)) => told.epoch = Some(epoch.parse().unwrap()),
                Some(("append", append)) => told.appends = append.parse::<u64>().unwrap() + 1,
                _ => panic!("what is {line}?"),
            }
        }
        if is_end == is_fsync {
            visit(at, &disk, told);
        }
    }
}

/// Cuts the power at boundaries of the recording: at every one, or at about `sample` of them.
/// Returns what was wrong and how many images were opened.
fn cut(
    engine: Engine,
    plan: &Plan,
    recording: &Recording,
    told: Told,
    sample: Option<usize>,
    seeds: u64,
) -> (Vec<String>, usize) {
    let (mut wrong, mut opened) = (Vec::new(), 0);
    let mut rng = StdRng::seed_from_u64(7);
    replay(recording, told, &mut |at, disk, told| {
        if sample.is_some_and(|sample| rng.random_range(0..recording.calls.len()) >= sample) {
            return;
        }
        let mut losses = vec![Loss::All];
        if !disk.is_settled() {
            losses.push(Loss::Nothing);
            losses.extend((0..seeds).map(|seed| Loss::Random(at as u64 * 1000 + seed)));
        }
        for loss in losses {
            let dir = tempfile::tempdir().unwrap();
            disk.write_out(loss, dir.path()).unwrap();
            opened += 1;
            if let Err(e) = check(engine, plan, &told, dir.path()) {
                wrong.push(format!("{engine}, boundary {at}, {loss:?}: {e}"));
            }
        }
    });
    (wrong, opened)
}

fn survives(engine: Engine, plan: &Plan, name: &str, sample: Option<usize>, seeds: u64) {
    let recording = recording(engine, name, false);
    let (wrong, opened) = cut(engine, plan, &recording, Told::default(), sample, seeds);
    println!(
        "{engine} {name}: {} calls, {opened} images opened, {} wrong",
        recording.calls.len(),
        wrong.len()
    );
    assert!(opened > 50);
    assert!(
        wrong.is_empty(),
        "{} of {opened}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn sled_survives_every_cut_of_a_short_run() {
    survives(Engine::Sled, &SHORT, "short", None, 3);
}

#[test]
fn redb_survives_every_cut_of_a_short_run() {
    survives(Engine::Redb, &SHORT, "short", None, 3);
}

#[test]
fn sled_survives_cuts_of_a_long_run() {
    survives(Engine::Sled, &LONG, "long", Some(120), 3);
}

#[test]
fn redb_survives_cuts_of_a_long_run() {
    survives(Engine::Redb, &LONG, "long", Some(120), 3);
}

/// A second cut while the log recovers from a first one.
fn survives_twice(engine: Engine) {
    let first = recording(engine, "short", false);
    let (mut wrong, mut opened, mut round) = (Vec::new(), 0, 0);
    replay(&first, Told::default(), &mut |at, disk, told| {
        // After some boundaries with something to lose, and with the log's creation behind.
        if disk.is_settled() || told.appends == 0 || told.appends % 3 != 0 || at % 2 != 0 {
            return;
        }
        round += 1;
        let image = |dir: &Path| disk.write_out(Loss::Random(at as u64), dir).unwrap();
        let second = recording_on(engine, "short", false, told.appends, image);
        let (more, n) = cut(engine, &SHORT, &second, told, Some(20), 2);
        wrong.extend(more.into_iter().map(|e| format!("first cut at {at}: {e}")));
        opened += n;
    });
    println!(
        "{engine} twice: {round} first cuts, {opened} images opened, {} wrong",
        wrong.len()
    );
    assert!(round > 3 && opened > 50);
    assert!(
        wrong.is_empty(),
        "{} of {opened}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn sled_survives_a_cut_while_recovering() {
    survives_twice(Engine::Sled);
}

#[test]
fn redb_survives_a_cut_while_recovering() {
    survives_twice(Engine::Redb);
}

/// Cuts while a log that is whole in one store is taken over into segments, and in the appends after it.
fn survives_being_taken_over(engine: Engine) {
    const BEFORE: u64 = 6;
    let mut told = Told {
        epoch: None,
        appends: BEFORE,
    };
    let recording = recording_on(engine, "short", false, BEFORE, |root| {
        let (log, _) = open_single(root, engine, &options(false)).unwrap();
        for append in 0..BEFORE {
            log.append(SHORT.batches(append)).unwrap();
        }
        told.epoch = Some(log.epoch());
    });
    let (wrong, opened) = cut(engine, &SHORT, &recording, told, Some(60), 2);
    println!(
        "{engine} taken over: {opened} images opened, {} wrong",
        wrong.len()
    );
    assert!(opened > 50);
    assert!(
        wrong.is_empty(),
        "{} of {opened}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

#[test]
fn sled_survives_a_cut_while_it_is_taken_over() {
    survives_being_taken_over(Engine::Sled);
}

#[test]
fn redb_survives_a_cut_while_it_is_taken_over() {
    survives_being_taken_over(Engine::Redb);
}

/// The suite is worth nothing unless it turns red when the fsync is taken away.
#[test]
fn without_fsync_the_loss_is_noticed() {
    for engine in [Engine::Sled, Engine::Redb] {
        let recording = recording(engine, "short", true);
        let (wrong, opened) = cut(engine, &SHORT, &recording, Told::default(), Some(30), 1);
        println!("{engine} without fsync: {} of {opened} wrong", wrong.len());
        assert!(
            wrong
                .iter()
                .any(|e| e.contains("another epoch") || e.contains("acknowledged")),
            "{engine}: {wrong:?}"
        );
    }
}

/// The memory engine has no disk; that the plan itself passes the checker is shown with it.
#[test]
fn the_checker_passes_an_undisturbed_run() {
    let (log, _) = open(Path::new("unused"), Engine::Memory, &options(false)).unwrap();
    let log: Arc<dyn Log> = log;
    for append in 0..SHORT.appends {
        log.append(SHORT.batches(append)).unwrap();
    }
    check_items(
        &SHORT,
        &Told {
            epoch: None,
            appends: SHORT.appends,
        },
        &*log,
    )
    .unwrap();
}
