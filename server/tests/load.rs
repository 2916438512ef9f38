//! What one device can cost others: names it never held, and time of the writer.

use std::sync::{Arc, Condvar, Mutex};

use crate::api_support::{Client, NOW, PASSWORD, Reply, World, config};
use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::log::{Item, StreamName};
use gridfold_server::node::Node;
use gridfold_server::{items::StoredItem, writer::Faults};
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::edit::{Op, Value as Field};
use gridfold_sync_core::entry::{Entry, SignKey, Target, head_statement, next_link};
use gridfold_sync_core::ids::{
    AreaCode, FieldKey, FormCode, Hash, IncarnationId, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::wire::SyncRequest;

const SYNC: &str = "application/vnd.gridfold.sync";

fn stream(grid: &str, class: SensitivityClass) -> StreamId {
    StreamId::new(AreaCode::new(grid).unwrap(), class)
}

fn request(logs: Vec<PushedLog>, erased: Vec<StreamId>) -> Vec<u8> {
    SyncRequest {
        epoch: 0,
        directory: [0; 8],
        budget_kib: 0,
        cursors: Vec::new(),
        erased,
        logs,
        recover: Vec::new(),
        seen: None,
        report: None,
        trip: None,
    }
    .encode()
}

/// A matter made and then changed this many times, as one signed log.
fn matter(seed: u8, edits: u64) -> PushedLog {
    let new = Target::New {
        record: RecordId::from_parts(NOW, [seed; 10]),
        form: FormCode::new("matter").unwrap(),
    };
    line(seed, new, edits, "路灯")
}

/// An entry on a record and as many after it, as one signed log.
fn line(seed: u8, first: Target, edits: u64, text: &str) -> PushedLog {
    let key = SignKey::from_seed(&[seed; 32]);
    let stream = stream("c-a-1", SensitivityClass::General);
    let incarnation = IncarnationId::from_parts(NOW, [seed; 10]);
    let mut link = Hash::default();
    let mut entries: Vec<Entry> = Vec::new();
    for seq in 1..=edits + 1 {
        let target = match entries.last() {
            Some(last) => Target::At(vec![last.id()]),
            None => first.clone(),
        };
        let set = Op::Set {
            field: FieldKey::new("kind").unwrap(),
            value: Field::Text(format!("{text} {seq}")),
        };
        let entry = Entry::new(incarnation, seq, target, 1, NOW, vec![set]);
        link = next_link(&link, &entry.hash(&stream));
        entries.push(entry);
    }
    let signature = key.sign(&head_statement(&stream, incarnation, edits + 1, &link));
    PushedLog {
        erased: Vec::new(),
        stream,
        incarnation,
        entries,
        signature,
    }
}

/// Where the writer is stopped, and whether it stands there.
#[derive(Default)]
pub(crate) struct Gate {
    /// Whether it is shut, and whether somebody stands before it.
    state: Mutex<(bool, bool)>,
    moved: Condvar,
}

impl Gate {
    pub(crate) fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.1 = state.0;
        self.moved.notify_all();
        let mut state = self.moved.wait_while(state, |state| state.0).unwrap();
        state.1 = false;
    }

    pub(crate) fn set(&self, is_shut: bool) {
        self.state.lock().unwrap().0 = is_shut;
        self.moved.notify_all();
    }

    pub(crate) fn wait_for_somebody(&self) {
        let state = self.state.lock().unwrap();
        drop(self.moved.wait_while(state, |state| !state.1).unwrap());
    }
}

struct Town {
    world: World,
    admin: Client,
}

impl Town {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut settings = config();
        change(&mut settings);
        Self::of(World::with(settings, Router::new()))
    }

    /// One whose writer stops at each batch while the gate is shut.
    fn behind(gate: &Arc<Gate>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let (as_clock, password) = (
            Arc::clone(&clock) as Arc<dyn Clock>,
            Password::new(PASSWORD),
        );
        let node = Node::init(
            dir.path(),
            config(),
            Arc::clone(&as_clock),
            "admin",
            &password,
        );
        node.unwrap().shutdown();
        let gate = Arc::clone(gate);
        let faults: Faults = Arc::new(move |step| {
            if step == "admit" {
                gate.pass();
            }
            false
        });
        let node = Node::open_with(dir.path(), config(), as_clock, Some(faults)).unwrap();
        Self::of(World::of(dir, clock, node, Router::new()))
    }

    fn of(world: World) -> Self {
        let admin = world.admin();
        world.areas(&admin);
        Self { world, admin }
    }

    /// Whose entries stand in a stream, in order.
    fn authors(&self, of: &StreamId) -> Vec<IncarnationId> {
        let name = StreamName::new(of.name()).unwrap();
        let items = self
            .world
            .node
            .log
            .read(&name, 0, 10_000, usize::MAX)
            .unwrap();
        let whose = |item: &Item| StoredItem::decode(&item.bytes).unwrap().id.incarnation;
        items.iter().map(whose).collect()
    }

    fn phone(&self, login: &str, area: &str, seed: u8) -> Client {
        let (user, _) = self.world.person(&self.admin, login, "worker", area);
        let session = self.world.phone(&self.admin, &user, seed).ok();
        self.world.anonymous().with(&session)
    }

    fn kind(&self, seed: u8) -> String {
        let record = RecordId::from_parts(NOW, [seed; 10]);
        let read = self.admin.get(&format!("/v1/records/{record}"));
        read.ok()["fields"]["kind"].as_str().unwrap().to_owned()
    }
}

fn sync(phone: &Client, body: &[u8]) -> Reply {
    phone.send("POST", "/v1/sync", SYNC, body)
}

#[test]
fn a_device_names_as_erased_only_what_it_can_have_held() {
    let town = Town::new(|_| ());
    let phone = town.phone("hong", "c-a-1", 1);
    let revision = || town.world.node.directory.current().revision;
    let before = revision();
    let mut names: Vec<StreamId> = (0..500)
        .map(|n| stream(&format!("nowhere-{n:03}"), SensitivityClass::General))
        .collect();
    names.push(stream("c-b-1", SensitivityClass::General));
    names.push(stream("c-a", SensitivityClass::General));
    names.sort();
    assert_eq!(sync(&phone, &request(vec![], names.clone())).status, 200);
    assert_eq!(revision(), before, "nothing of that is kept");
    names.push(stream("c-a-1", SensitivityClass::General));
    names.sort();
    for _ in 0..2 {
        assert_eq!(sync(&phone, &request(vec![], names.clone())).status, 200);
        assert_eq!(revision(), before + 1, "what it held is, once");
    }
}

#[test]
fn a_push_that_is_worked_on_turn_by_turn_is_taken_in_whole() {
    let town = Town::new(|c| c.limits.write_turn_ms = 0);
    let phone = town.phone("hong", "c-a-1", 1);
    let mut logs = vec![matter(1, 20)];
    let other = PushedLog {
        erased: Vec::new(),
        incarnation: IncarnationId::from_parts(NOW, [9; 10]),
        ..matter(1, 0)
    };
    logs.push(other);
    let reply = sync(&phone, &request(logs.clone(), vec![]));
    assert_eq!(reply.status, 200);
    assert_eq!(town.kind(1), "路灯 21");
    // The same again finds all of it there.
    let seen = town.world.node.log.streams().unwrap();
    assert_eq!(sync(&phone, &request(logs, vec![])).status, 200);
    assert_eq!(town.world.node.log.streams().unwrap(), seen);
}

#[test]
fn a_device_past_its_share_waits_and_loses_nothing_and_others_do_not_wait() {
    let town = Town::new(|c| {
        c.limits.write_turn_ms = 0;
        c.limits.device_write_s = 0;
    });
    let (phone, other) = (
        town.phone("hong", "c-a-1", 1),
        town.phone("lan", "c-a-1", 2),
    );
    let body = request(vec![matter(1, 3)], vec![]);
    for _ in 0..3 {
        let told = sync(&phone, &body);
        told.refused(429, "rate_limited");
        assert!(told.headers.contains_key("retry-after"));
        // No time goes by for it, and asking again costs the writer nothing.
        sync(&phone, &body).refused(429, "rate_limited");
        town.world
            .clock
            .set(town.world.node.clock.now().plus_millis(30_000));
    }
    assert_eq!(town.kind(1), "路灯 3");
    assert_eq!(sync(&phone, &body).status, 200);
    assert_eq!(town.kind(1), "路灯 4");
    assert_eq!(
        sync(&other, &request(vec![matter(2, 0)], vec![])).status,
        200
    );
}

#[test]
fn a_cheap_push_goes_before_costly_ones_that_came_first_and_took_nothing_yet() {
    let gate = Arc::new(Gate::default());
    let town = Town::behind(&gate);
    let people = ["hong", "lan", "mei", "jun", "bo", "yan"];
    let phones: Vec<(u8, Client)> = (1..)
        .zip(people)
        .map(|(seed, login)| (seed, town.phone(login, "c-a-1", seed)))
        .collect();
    let [(_, maker), (_, first), costly @ .., (honest, phone)] = &phones[..] else {
        panic!("six of them");
    };
    // A record that much was written to, so that a line beside what is there is a document of it all.
    let record = matter(1, 0);
    let base = record.entries[0].header.target.clone();
    let long = line(1, base, 500, &"很长的文字".repeat(4));
    let made = long.entries[0].id();
    assert_eq!(sync(maker, &request(vec![long], vec![])).status, 200);
    assert!(town.kind(1).ends_with(" 501"), "all of it was admitted");
    gate.set(true);
    let waits_for = |n: usize| {
        while town.world.node.writer.waiting() < n {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|all| {
        all.spawn(|| {
            assert_eq!(
                sync(first, &request(vec![matter(2, 0)], vec![])).status,
                200
            )
        });
        gate.wait_for_somebody();
        for (seed, phone) in costly {
            let beside = line(*seed, Target::At(vec![made]), 0, "短");
            let body = request(vec![beside], vec![]);
            all.spawn(move || assert_eq!(sync(phone, &body).status, 200));
        }
        waits_for(costly.len());
        let body = request(vec![matter(*honest, 0)], vec![]);
        all.spawn(move || assert_eq!(sync(phone, &body).status, 200));
        waits_for(costly.len() + 1);
        gate.set(false);
    });
    let order = town.authors(&stream("c-a-1", SensitivityClass::General));
    let place = |seed: u8| {
        let theirs = IncarnationId::from_parts(NOW, [seed; 10]);
        order.iter().position(|of| *of == theirs).unwrap()
    };
    for (seed, _) in costly {
        assert!(place(*honest) < place(*seed), "{seed} kept them waiting");
    }
}
