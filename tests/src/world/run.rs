//! One world from its seed to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use gridfold_client::{ClientError, SyncOptions};
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{Area, Device, DeviceState, DirectoryChange, Grant, User};
use gridfold_sync_core::entry::{Author, SignKey};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, GrantId, IncarnationId, RecordId, StreamId, UserId,
};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::hostile::Hostile;
use super::net::Net;
use super::phone::{CLOCK_STEP, Phone};
use super::place::Place;
use super::server::Server;
use super::{Tag, check};
use crate::powercut::SimSlots;

const T0: i64 = 1_780_000_000_000 / CLOCK_STEP * CLOCK_STEP;
/// Rounds of syncing after which a healed world must have come to rest.
const ROUNDS: u32 = 40;
/// Bytes of bodies of a sync that has nothing to say.
const IDLE_BYTES: u64 = 400;

/// What happened in a world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Edits that phones acknowledged, counted by class.
    pub acknowledged: u64,
    /// Entries in the server's log at the end.
    pub entries: u64,
    /// Of those, refused.
    pub refused: u64,
    /// Of those, late.
    pub late: u64,
    /// Records.
    pub records: u64,
    /// Records with more than one value somewhere.
    pub conflicts: u64,
    /// Calls over the network.
    pub calls: u64,
    /// Of those, with trouble.
    pub troubles: u64,
    /// Times the server stopped in the middle of a batch.
    pub crashes: u64,
    /// Times the server was restored from a backup.
    pub restores: u64,
    /// Stores that went on from a copy.
    pub copies: u64,
    /// Phones in browsers that died between two calls to their files, in the middle of an edit or a sync.
    pub cuts: u64,
    /// Acknowledged edits that went with a lost, revoked or restored phone.
    pub gone: u64,
    /// Device logs set aside.
    pub quarantined: u64,
    /// Writes of views, keys, accounts and the log that failed.
    pub failed_writes: u64,
    /// Records that were erased for good.
    pub erased: u64,
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, o: Self) {
        self.acknowledged += o.acknowledged;
        self.entries += o.entries;
        self.refused += o.refused;
        self.late += o.late;
        self.records += o.records;
        self.conflicts += o.conflicts;
        self.calls += o.calls;
        self.troubles += o.troubles;
        self.crashes += o.crashes;
        self.restores += o.restores;
        self.copies += o.copies;
        self.cuts += o.cuts;
        self.gone += o.gone;
        self.quarantined += o.quarantined;
        self.failed_writes += o.failed_writes;
        self.erased += o.erased;
    }
}

/// Which phones are in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Browsers {
    None,
    /// Each third one.
    Some,
    All,
}

/// A store as it was, to go on from later.
pub(super) struct Copy {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) user: UserId,
    pub(super) holds: BTreeSet<Tag>,
    pub(super) handed_over: BTreeSet<Tag>,
    pub(super) settled: BTreeSet<Tag>,
}

/// Everything there is.
pub(super) struct World {
    pub(super) seed: u64,
    /// Which phones are in a browser.
    pub(super) browsers: Browsers,
    /// Phones that were made.
    pub(super) made: u64,
    pub(super) rng: StdRng,
    pub(super) root: tempfile::TempDir,
    pub(super) server: Server,
    pub(super) net: Arc<Net>,
    pub(super) phones: Vec<Phone>,
    pub(super) users: Vec<UserId>,
    pub(super) grids: Vec<AreaCode>,
    pub(super) forms: Vec<Form>,
    pub(super) grants: Vec<Grant>,
    /// Every change of the directory, for whoever sets up a restored server.
    pub(super) journal: Vec<DirectoryChange>,
    pub(super) now: i64,
    pub(super) next: i64,
    pub(super) record_of: BTreeMap<Tag, RecordId>,
    pub(super) stream_of: BTreeMap<Tag, StreamId>,
    /// Acknowledged edits that went with what held them, and how.
    pub(super) gone: BTreeMap<Tag, String>,
    /// Records that somebody erased for good: nobody answers for their edits any more.
    pub(super) erased: BTreeSet<RecordId>,
    pub(super) backups: Vec<PathBuf>,
    pub(super) copies: Vec<Copy>,
    pub(super) console: Author,
    pub(super) hostile: Hostile,
    /// The server is restored again and again, and grants come and go.
    pub(super) restless: bool,
    /// Lines are so bad that many a sync gets a few bytes through.
    pub(super) narrow: bool,
    pub(super) verbose: bool,
    pub(super) out: Outcome,
}

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

impl World {
    pub(super) fn new(seed: u64, verbose: bool) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let memory = std::path::Path::new("/dev/shm");
        let root = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        }
        .unwrap();
        let server = Server::create(root.path(), seed % 2 == 1, Timestamp(T0));
        let trouble = [0, 15, 30, 50][rng.random_range(0..4)];
        let net = Net::new(rng.random(), trouble, verbose);
        net.connect(Some(Arc::clone(server.node())));
        let grids: Vec<AreaCode> = (1..=rng.random_range(2..=3))
            .map(|n| area(&format!("g{n}")))
            .collect();
        let console = Author {
            device: DeviceId::from_parts(Timestamp(T0), [250; 10]),
            user: UserId::from_parts(Timestamp(T0), [250; 10]),
        };
        let mallory = Author {
            device: DeviceId::from_parts(Timestamp(T0), [251; 10]),
            user: UserId::from_parts(Timestamp(T0), [251; 10]),
        };
        let hostile = Hostile::new(
            mallory,
            SignKey::from_seed(&[251; 32]),
            IncarnationId::from_parts(Timestamp(T0), [251; 10]),
            grids.clone(),
        );
        let mut world = Self {
            seed,
            browsers: Browsers::Some,
            made: 0,
            rng,
            root,
            server,
            net,
            phones: Vec::new(),
            users: Vec::new(),
            grids,
            forms: builtin_forms().unwrap(),
            grants: Vec::new(),
            journal: Vec::new(),
            now: T0,
            next: 1,
            record_of: BTreeMap::new(),
            stream_of: BTreeMap::new(),
            gone: BTreeMap::new(),
            erased: BTreeSet::new(),
            backups: Vec::new(),
            copies: Vec::new(),
            console,
            hostile,
            restless: false,
            narrow: false,
            verbose,
            out: Outcome::default(),
        };
        world.restless = world.rng.random_range(0..6) == 0;
        world.narrow = world.rng.random_range(0..4) == 0;
        world
    }

    fn populate(&mut self) {
        self.found();
        for n in 0..self.rng.random_range(2..=4u8) {
            let user = UserId::from_parts(Timestamp(T0), [n; 10]);
            let whole = self.rng.random_range(0..3) == 0;
            let at = match whole {
                true => area("s1"),
                // Most work in the same grid, so that they meet.
                false if n < 2 => self.grids[0].clone(),
                false => self.grids[self.rng.random_range(0..self.grids.len())].clone(),
            };
            self.worker(user, at);
        }
    }

    /// Somebody new works in an area and has a phone.
    pub(super) fn worker(&mut self, user: UserId, at: AreaCode) {
        self.users.push(user);
        self.hire(user, Some(at), Role::Worker);
        self.new_phone(user);
    }

    /// A street with its grids, a supervisor, and somebody who wants harm.
    pub(super) fn found(&mut self) {
        let street = Area {
            code: area("s1"),
            parent: None,
            name: "street".into(),
            level: "street".into(),
        };
        let mut areas = vec![street];
        areas.extend(self.grids.iter().map(|code| Area {
            code: code.clone(),
            parent: Some(area("s1")),
            name: code.to_string(),
            level: "grid".into(),
        }));
        self.change(vec![DirectoryChange::Areas { areas }]);
        let (console, mallory) = (self.console.user, self.hostile.author);
        self.hire(console, Some(area("s1")), Role::Supervisor);
        let grid = self.grids[0].clone();
        self.hire(mallory.user, Some(grid), Role::Worker);
        let device = Device {
            id: mallory.device,
            user: mallory.user,
            public_key: to_hex(&self.hostile.key.public().0),
            state: DeviceState::Active,
            enrolled: Timestamp(self.now),
        };
        self.net.device_changed(device.clone());
        self.change(vec![DirectoryChange::Device { device }]);
    }

    pub(super) fn hire(&mut self, user: UserId, at: Option<AreaCode>, role: Role) {
        let name = format!("{user}");
        self.change(vec![DirectoryChange::User {
            user: User {
                id: user,
                name,
                active: true,
            },
        }]);
        self.give(user, at, role);
    }

    pub(super) fn give(&mut self, user: UserId, at: Option<AreaCode>, role: Role) {
        let grant = Grant {
            id: GrantId::from_parts(Timestamp(self.now), self.rng.random()),
            user,
            role,
            area: at,
            from: Timestamp(self.now),
            until: None,
        };
        self.grants.push(grant.clone());
        self.change(vec![DirectoryChange::Grant { grant }]);
    }

    pub(super) fn change(&mut self, changes: Vec<DirectoryChange>) {
        // Whoever changes it sees that it failed, and does it again.
        self.server.recover(&self.net);
        self.journal.extend(changes.iter().cloned());
        self.server.node().directory.change(changes).unwrap();
    }

    pub(super) fn new_dir(&mut self) -> PathBuf {
        self.next += 1;
        self.root.path().join(format!("store{}", self.next))
    }

    /// Chance of its own for what only phones in browsers meet, so that all others meet what they met.
    pub(super) fn chance(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed.rotate_left(32) ^ self.next.unsigned_abs())
    }

    fn new_place(&mut self) -> Place {
        let dir = self.new_dir();
        self.made += 1;
        let in_browser = match self.browsers {
            Browsers::None => false,
            Browsers::Some => self.seed.wrapping_add(self.made).is_multiple_of(3),
            Browsers::All => true,
        };
        match in_browser {
            true => Place::Browser(SimSlots::new()),
            false => Place::Folder(dir),
        }
    }

    pub(super) fn new_phone(&mut self, user: UserId) {
        let place = self.new_place();
        let clock = self.some_clock();
        let name = format!("phone{}", self.next);
        let phone = Phone::create(name, place, self.rng.random(), user, clock);
        let code = self.net.code_for(user);
        self.server.recover(&self.net);
        phone.client().enrol(&*self.net, &code).unwrap();
        self.phones.push(phone);
    }

    /// Most clocks are nearly right; some stand in another century.
    pub(super) fn some_clock(&mut self) -> i64 {
        let hours = match self.rng.random_range(0..8) {
            0 => -(T0 / CLOCK_STEP),
            1 => self.rng.random_range(-400..400) * 100,
            2 => 400_000,
            _ => self.rng.random_range(-2..3),
        };
        T0 + hours * CLOCK_STEP
    }

    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            eprintln!("  {}", what());
        }
    }

    pub(super) fn tick(&mut self, millis: i64) {
        self.now += millis;
        self.server.clock.set(Timestamp(self.now));
    }

    /// A phone is no more. What it had not handed in goes with it.
    pub(super) fn lose(&mut self, at: usize, how: &str) {
        let phone = self.phones.remove(at);
        self.note_gone(&phone.holds, &format!("{} was {how}", phone.name));
        phone.place.remove();
    }

    pub(super) fn note_gone(&mut self, tags: &BTreeSet<Tag>, how: &str) {
        let server = check::verdicts(&check::read_log(self.server.node()));
        for tag in tags {
            let elsewhere = self.phones.iter().any(|p| p.holds.contains(tag));
            if !server.contains_key(tag) && !elsewhere {
                self.gone.insert(*tag, how.to_owned());
            }
        }
    }

    /// One sync. True when something moved.
    pub(super) fn sync(&mut self, at: usize, healed: bool) -> Result<bool, String> {
        let phone = &self.phones[at];
        let name = phone.name.clone();
        phone.platform.set(phone.clock);
        let mut options = SyncOptions {
            max_round_trips: 200,
            ..SyncOptions::default()
        };
        if self.narrow && !healed && self.rng.random() {
            options.budget_bytes = self.rng.random_range(200..4_000);
            options.max_round_trips = self.rng.random_range(1..4);
        }
        let phone = &self.phones[at];
        let result = phone.client().sync(&*self.net, &options);
        self.say(|| format!("{name} syncs: {result:?}"));
        let moved = match result {
            Ok(report) if report.wiped => return Err(format!("{name} was told to wipe itself")),
            Ok(report) => {
                report.round_trips > 1 || report.pushed + report.pulled > 0 || report.more
            }
            Err(ClientError::Revoked) => {
                self.lose(at, "revoked");
                return Ok(true);
            }
            Err(ClientError::Offline { .. }) if !healed => true,
            Err(error) => return Err(format!("{name} could not sync: {error}")),
        };
        self.account(at)?;
        Ok(moved)
    }

    /// What a phone acknowledged is on it, or the server has it and it had to go from the phone.
    pub(super) fn account(&mut self, at: usize) -> Result<(), String> {
        let phone = &self.phones[at];
        let present = phone.present(&self.record_of);
        let missing: Vec<Tag> = phone.holds.difference(&present).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let node = self.server.node();
        let directory = node.directory.current();
        let may = directory.streams_of(phone.user, Timestamp(self.now));
        let log = check::read_log(node);
        let server = check::verdicts(&log);
        // Refused, still shown here with what was typed, and there by its hash.
        let by_hash = check::known_by_hash(&self.phones, &log);
        for tag in missing {
            let stream = &self.stream_of[&tag];
            let phone = &mut self.phones[at];
            if self.erased.contains(&self.record_of[&tag]) {
                phone.holds.remove(&tag);
                continue;
            }
            if phone.settled.contains(&tag) {
                // Refused, let go by its person, and its name is another copy's now.
                phone.holds.remove(&tag);
                continue;
            }
            let name = &phone.name;
            if may.contains(stream) && !phone.refused().contains(&tag) {
                return Err(format!("{name} dropped edit {tag:?} of {}", stream.name()));
            }
            if !server.contains_key(&tag) && !by_hash.contains(&tag) {
                return Err(format!("{name} erased edit {tag:?} before handing it over"));
            }
            phone.holds.remove(&tag);
            phone.handed_over.insert(tag);
        }
        Ok(())
    }

    /// The network heals, everybody syncs until nothing moves, and all promises are checked.
    pub(super) fn end(&mut self, rebuild: bool) -> Result<(), String> {
        self.say(|| "the network and the disk heal".to_owned());
        self.server.recover(&self.net);
        self.settle()?;
        self.check(rebuild)
    }

    fn settle(&mut self) -> Result<(), String> {
        self.net.heal();
        for _ in 0..ROUNDS {
            let mut moved = false;
            for at in (0..self.phones.len()).rev() {
                moved |= self.sync(at, true)?;
            }
            if !moved {
                return Ok(());
            }
        }
        Err("the world does not come to rest".to_owned())
    }

    fn check(&mut self, rebuild: bool) -> Result<(), String> {
        for phone in &self.phones {
            let report = phone.client().sync(&*self.net, &SyncOptions::default());
            let report = report.map_err(|e| e.to_string())?;
            let bytes = report.bytes_up + report.bytes_down;
            if report.round_trips != 1 || report.pulled + report.pushed > 0 || bytes > IDLE_BYTES {
                return Err(format!("{} is not idle: {report:?}", phone.name));
            }
        }
        let node = self.server.node();
        let report = node.verify(rebuild, &mut |_| {}).unwrap();
        if !report.is_well() {
            return Err(format!("the server is not well: {report:?}"));
        }
        let log = check::read_log(node);
        let records = check::rows(node, &log, &self.erased)?;
        check::refused_visible(node, &log)?;
        let verdicts = check::verdicts(&log);
        let by_hash = check::known_by_hash(&self.phones, &log);
        for phone in &self.phones {
            check::phone(node, phone, Timestamp(self.now), &records)?;
            check::erased(phone, &self.erased)?;
            let erased = |tag: &Tag| self.erased.contains(&self.record_of[tag]);
            check::kept(phone, &verdicts, &by_hash, &erased)?;
        }
        for tag in self.record_of.keys() {
            let of = verdicts.get(tag).map(Vec::as_slice).unwrap_or_default();
            if of.iter().filter(|(_, v)| v.is_admitted()).count() > 1 {
                return Err(format!("edit {tag:?} counts twice: {of:?}"));
            }
            let is_erased = self.erased.contains(&self.record_of[tag]);
            if of.is_empty() && !is_erased && !self.gone.contains_key(tag) && !by_hash.contains(tag)
            {
                return Err(format!("edit {tag:?} is lost and nobody knows why"));
            }
        }
        self.out.acknowledged = self.record_of.len() as u64;
        self.out.entries = log.len() as u64;
        self.out.refused = log.iter().filter(|l| !l.item.verdict.is_admitted()).count() as u64;
        let late = gridfold_sync_core::entry::Verdict::Admitted { late: true };
        self.out.late = log.iter().filter(|l| l.item.verdict == late).count() as u64;
        self.out.records = records.len() as u64;
        let all = gridfold_server::views::ReadScope::all();
        for record in &records {
            let stored = node.views.record(record, &all).unwrap();
            self.out.conflicts += u64::from(stored.is_some_and(|s| s.row.conflicts > 0));
        }
        self.out.quarantined = node.views.quarantine(500).unwrap().len() as u64;
        (self.out.calls, self.out.troubles) = self.net.counts();
        self.out.gone = self.gone.len() as u64;
        self.out.failed_writes = self.server.failed_writes();
        self.out.erased = self.erased.len() as u64;
        Ok(())
    }
}

/// Runs the world of a seed.
///
/// # Errors
/// The first broken promise, in words.
pub fn run(seed: u64, verbose: bool) -> Result<Outcome, String> {
    let mut world = World::new(seed, verbose);
    world.populate();
    let steps = world.rng.random_range(20..110);
    for _ in 0..steps {
        world.step()?;
    }
    world.end(seed.is_multiple_of(4))?;
    Ok(world.out)
}

/// As [`run`]; a panic is a broken promise too.
///
/// # Errors
/// As [`run`].
pub fn run_caught(seed: u64, verbose: bool) -> Result<Outcome, String> {
    match std::panic::catch_unwind(|| run(seed, verbose)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|t| (*t).to_owned()));
            Err(format!("panic: {}", text.unwrap_or_default()))
        }
    }
}
