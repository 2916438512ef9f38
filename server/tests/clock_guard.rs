//! A server whose clock jumps: a dead battery after a power cut, a wrong time server. Nothing is refused, expired or erased for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::api_support::{Client, PASSWORD, World, config, push_matter};
use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{
    CLOCK_AHEAD_MS, CLOCK_BEHIND_MS, CLOCK_FLOOR, Clock, ClockGuard, DoubtKind, ManualClock,
};
use gridfold_server::node::{Node, NodeError};
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(CLOCK_FLOOR.0 + 40 * DAY_MS);
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const MINUTE_MS: i64 = 60_000;

/// The clock of a machine: what it says, and how long it has run.
#[derive(Debug)]
struct Machine {
    says: AtomicI64,
    ran_ms: AtomicI64,
}

impl Machine {
    fn at(at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            says: AtomicI64::new(at.millis()),
            ran_ms: AtomicI64::new(0),
        })
    }
    /// Time passes as it should.
    fn pass(&self, ms: i64) {
        self.says.fetch_add(ms, Ordering::SeqCst);
        self.ran_ms.fetch_add(ms, Ordering::SeqCst);
    }
    /// It says something else without time passing.
    fn jump(&self, ms: i64) {
        self.says.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(self.says.load(Ordering::SeqCst))
    }
    fn steady(&self) -> Option<Duration> {
        let ran = self.ran_ms.load(Ordering::SeqCst);
        Some(Duration::from_millis(ran.unsigned_abs()))
    }
}

#[test]
fn a_clock_is_followed_within_reason_and_counted_on_beyond_it() {
    let later = |ms: i64| NOW.plus_millis(ms);
    let machine = Machine::at(NOW);
    let guard = ClockGuard::new(Arc::clone(&machine) as _, Some(NOW)).unwrap();
    machine.pass(MINUTE_MS);
    assert_eq!(guard.now(), later(MINUTE_MS));
    machine.jump(CLOCK_AHEAD_MS);
    assert_eq!(guard.read().doubt, None, "as after a long holiday");
    let at = guard.now();
    machine.jump(-CLOCK_BEHIND_MS);
    assert_eq!(guard.read().doubt, None, "as a time service corrects");
    assert_eq!(guard.now(), at, "and time never runs back");
    machine.jump(CLOCK_BEHIND_MS);
    for (jump, doubt) in [
        (CLOCK_AHEAD_MS + 1, DoubtKind::Ahead),
        (5 * 365 * DAY_MS, DoubtKind::Ahead),
        (-CLOCK_BEHIND_MS - 1, DoubtKind::Behind),
        (-9_000 * DAY_MS, DoubtKind::Behind),
    ] {
        let at = guard.now();
        machine.jump(jump);
        assert_eq!(guard.read().doubt, Some(doubt), "{jump}");
        assert_eq!(guard.now(), at, "{jump}");
        machine.pass(MINUTE_MS);
        assert_eq!(guard.now(), at.plus_millis(MINUTE_MS), "it goes on");
        machine.jump(-jump);
        assert_eq!(guard.read().doubt, None, "set right again: {jump}");
    }
}

#[test]
fn a_first_start_long_before_this_version_was_made_is_doubted() {
    let machine = Machine::at(Timestamp(0));
    let guard = ClockGuard::new(Arc::clone(&machine) as _, None).unwrap();
    assert_eq!(guard.read().doubt, Some(DoubtKind::Behind));
    guard.believe();
    assert_eq!(guard.read().doubt, None);
    assert_eq!(guard.now(), Timestamp(0));
    let simulated = Arc::new(ManualClock::at(NOW));
    assert!(ClockGuard::new(simulated, None).is_none());
}

/// A server whose machine's clock the test turns.
struct Town {
    world: World,
    machine: Arc<Machine>,
}

impl Town {
    fn new(start: Timestamp) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::at(start);
        let node = Node::init(
            dir.path(),
            config(),
            Arc::clone(&machine) as Arc<dyn Clock>,
            "admin",
            &Password::new(PASSWORD),
        )
        .unwrap();
        let unused = Arc::new(ManualClock::at(start));
        Self {
            world: World::of(dir, unused, node, Router::new()),
            machine,
        }
    }

    /// Stops, turns the clock by `jump`, and starts again as a new process does.
    fn restart(self, jump: i64) -> Self {
        let Self { mut world, machine } = self;
        let server = world.server.take().unwrap();
        world.runtime.block_on(server.stop());
        let World {
            dir,
            clock,
            node,
            runtime,
            ..
        } = world;
        runtime.shutdown_background();
        drop(node);
        let machine = Machine::at(machine.now().plus_millis(jump));
        let node = loop {
            let clock = Arc::clone(&machine) as Arc<dyn Clock>;
            match Node::open(dir.path(), config(), clock) {
                Ok(node) => break node,
                Err(NodeError::Locked(_)) => std::thread::yield_now(),
                Err(other) => panic!("{other}"),
            }
        };
        Self {
            world: World::of(dir, clock, node, Router::new()),
            machine,
        }
    }

    fn refused(&self, admin: &Client) -> usize {
        let list = admin.get("/v1/refused").ok();
        list["refused"].as_array().map_or(0, Vec::len)
    }

    fn renew(&self, session: &mut Value) -> Client {
        let given = json!({ "refresh_token": session["refresh_token"] });
        *session = self.world.anonymous().post("/v1/token", &given).ok();
        self.world.anonymous().with(session)
    }
}

fn check_jump(jump: i64, doubt: &str) {
    let town = Town::new(NOW);
    let admin = town.world.admin();
    town.world.areas(&admin);
    let (user, _) = town.world.person(&admin, "worker", "worker", "c-a-1");
    let mut session = town.world.phone(&admin, &user, 1).ok();
    let phone = town.world.anonymous().with(&session);
    let before = push_matter(&phone, 1, NOW);
    town.machine.pass(MINUTE_MS);

    let town = town.restart(jump);
    // The session lives, the edit is taken, and the phone keeps its grid.
    let phone = town.renew(&mut session);
    let during = push_matter(&phone, 1, NOW.plus_millis(1));
    let admin = town.world.admin();
    for record in [&before, &during] {
        assert_eq!(admin.get(&format!("/v1/records/{record}")).status, 200);
    }
    assert_eq!(town.refused(&admin), 0);
    assert_eq!(admin.get("/v1/clock").ok()["doubt"], doubt);
    assert_eq!(town.world.anonymous().get("/readyz").ok()["clock"], doubt);
    let page = json!({ "login": "admin", "password": PASSWORD });
    let page = town.world.anonymous().post("/v1/session", &page).ok();
    assert_eq!(page["clock"], doubt, "the dashboard says so");
    let at = |record: &str| {
        let found = admin.get(&format!("/v1/records/{record}")).ok();
        found["received_at"].as_str().unwrap().to_owned()
    };
    assert!(at(&during).starts_with(&at(&before)[..10]), "the same day");

    // Set right again by a restart or a time service: nothing is left of it.
    let town = town.restart(-jump);
    let phone = town.renew(&mut session);
    push_matter(&phone, 1, NOW.plus_millis(2));
    let admin = town.world.admin();
    assert_eq!(town.refused(&admin), 0);
    assert_eq!(admin.get("/v1/clock").ok()["doubt"], Value::Null);
    assert_eq!(
        town.world.anonymous().get("/readyz").ok()["clock"],
        Value::Null
    );
}

#[test]
fn a_server_that_wakes_years_ahead_refuses_expires_and_erases_nothing() {
    check_jump(5 * 365 * DAY_MS, "ahead");
}

#[test]
fn a_server_that_wakes_years_back_refuses_expires_and_erases_nothing() {
    check_jump(-9_000 * DAY_MS, "behind");
}

#[test]
fn an_administrator_confirms_a_clock_that_was_ahead_and_grants_go_on() {
    // The first start was five years ahead, and nobody knew.
    let ahead = 5 * 365 * DAY_MS;
    let town = Town::new(NOW.plus_millis(ahead));
    let admin = town.world.admin();
    town.world.areas(&admin);
    let (user, _) = town.world.person(&admin, "worker", "worker", "c-a-1");
    let (gone, _) = town.world.person(&admin, "gone", "worker", "c-a-2");
    let grants = admin.get("/v1/grants").ok();
    let grants = grants["grants"].as_array().unwrap().clone();
    let of = |user: &str| {
        let mut all = grants.iter();
        let found = all.find(|g| g["user_id"] == user).unwrap();
        found["grant_id"].as_str().unwrap().to_owned()
    };
    let end = format!("/v1/grants/{}/end", of(&gone));
    admin.post(&end, &json!({})).ok();
    let mut session = town.world.phone(&admin, &user, 1).ok();
    town.machine.pass(MINUTE_MS);

    let town = town.restart(-ahead);
    let admin = town.world.admin();
    let clock = admin.get("/v1/clock").ok();
    assert_eq!(clock["doubt"], "behind");
    let stale = json!({ "machine": clock["now"] });
    admin
        .post("/v1/clock/confirm", &stale)
        .refused(409, "conflict");
    let seen = json!({ "machine": clock["machine"] });
    let after = admin.post("/v1/clock/confirm", &seen).ok();
    assert_eq!(after["doubt"], Value::Null);
    assert_eq!(after["now"], after["machine"]);

    // Tokens of later are not valid yet; what refreshes them is.
    let phone = town.renew(&mut session);
    push_matter(&phone, 1, NOW);
    let admin = town.world.admin();
    assert_eq!(town.refused(&admin), 0, "the grant has begun");
    let grants = admin.get("/v1/grants").ok();
    let ended = grants["grants"].as_array().unwrap();
    let ended = ended
        .iter()
        .find(|g| g["user_id"] == gone.as_str())
        .unwrap();
    let until = ended["until"].as_str().unwrap();
    assert!(until < "2027", "what had ended has ended: {until}");
    let audit = admin.get("/v1/audit").text();
    assert!(audit.contains("clock.confirm"));
}
