//! A server of 100,000 areas and 10,000 people with a phone each: what those who see one grid and
//! those who see everything wait for, over HTTP on one connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_server::auth::{Actor, Password, Redemption, enrolment_proof_message};
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_sync_core::directory::{Area, DirectoryChange, GRID_LEVEL, User};
use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{DeviceId, RecordId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::wire::{PhoneReport, SyncRequest, Trip};
use rand::{SeedableRng as _, rngs::StdRng};

use super::device::Device;
use super::directory::{GRIDS, PEOPLE, STREETS, areas};
use super::served::serve_here;
use super::site::{T0, area, row, temp, ten};
use super::{text, visit, wire::visit_form};

/// People who have pushed a visit, each in a grid of their own.
const WROTE: u64 = 1_000;
const ROUNDS: usize = 7;
const MOST: Duration = Duration::from_millis(50);
const SETTINGS: &str = "[log]\nmin_free_mib = 16\n[limits]\ndevice_requests_per_minute = 100000\ndevice_write_s = 3600\n";

/// Somebody with a phone and the token it comes with.
struct Person {
    who: &'static str,
    device: Device,
    token: String,
}

/// The server, and how it is reached.
struct City {
    node: Arc<Node>,
    base: String,
    agent: ureq::Agent,
}

impl City {
    fn get(&self, person: &Person, path: &str) -> usize {
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", person.token))
            .call()
            .unwrap();
        let body = answer.body_mut().with_config().limit(256 << 20);
        body.read_to_vec().unwrap().len()
    }

    fn post(&self, token: &str, body: &[u8]) -> Vec<u8> {
        self.agent
            .post(format!("{}/v1/sync", self.base))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/vnd.gridfold.sync")
            .send(body)
            .unwrap()
            .body_mut()
            .with_config()
            .limit(256 << 20)
            .read_to_vec()
            .unwrap()
    }

    /// One exchange: how long until the answer was there, and its bytes.
    fn sync(&self, person: &mut Person) -> (Duration, usize) {
        // As phones ask.
        let request = SyncRequest {
            seen: Some(0),
            report: Some(PhoneReport::default()),
            trip: Some(Trip { nonce: [7; 8] }),
            ..person.device.request()
        };
        let body = request.encode();
        let from = Instant::now();
        let answer = self.post(&person.token, &body);
        let took = from.elapsed();
        person.device.take(&request, &answer);
        (took, answer.len())
    }
}

/// Changes that add somebody who works in a grid of the city, or oversees more.
fn person(n: u64, role: Role, place: Option<&str>) -> (Device, Vec<DirectoryChange>) {
    let grid = format!("s{}g{}", n as usize % STREETS, n as usize % GRIDS);
    let (device, mut changes) = Device::new(n, &grid);
    for change in &mut changes {
        if let (DirectoryChange::Grant { grant }, true) = (change, role != Role::Worker) {
            grant.role = role;
            grant.area = place.map(area);
        }
    }
    (device, changes)
}

/// Enrols the phone; the same device under the name that the accounts give it, with a token.
fn signed_in(node: &Node, device: &mut Device, changes: &mut [DirectoryChange]) -> String {
    let (user, now) = (device.author.user.0, T0.millis());
    let by = Actor { user, device: user };
    let enrolment = &node.auth.enrolment;
    let code = enrolment.invite(user, by, now).unwrap().code.text();
    let nonce = enrolment.begin(&code, now).unwrap().nonce;
    let public_key = device.key.public().0;
    let message = enrolment_proof_message(&code, &nonce, &public_key).unwrap();
    let given = Redemption {
        code: &code,
        public_key,
        proof: device.key.sign(&message).0,
        max_devices: 5,
    };
    let id = enrolment.redeem(&given, now).unwrap().device_id;
    device.author.device = DeviceId(id);
    for change in changes {
        if let DirectoryChange::Device { device } = change {
            device.id = DeviceId(id);
        }
    }
    node.auth.tokens.issue(user, id, now).unwrap()
}

fn fill(node: &Node) -> Vec<Person> {
    let areas = areas();
    node.directory
        .change(vec![DirectoryChange::Areas { areas }])
        .unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let mut people = Vec::new();
    let (mut wrote, mut all) = (Vec::new(), Vec::new());
    for n in 1..=PEOPLE {
        let (mut device, mut changes) = person(n, Role::Worker, None);
        let token = signed_in(node, &mut device, &mut changes);
        if n == 1 {
            let who = "a worker of one grid";
            people.push(Person { who, device, token });
        } else if n <= WROTE + 1 {
            wrote.push(device);
        }
        all.extend(changes);
    }
    for (n, who, role, place) in [
        (1, "a supervisor of all", Role::Supervisor, Some("city")),
        (2, "an admin of all", Role::Admin, None),
    ] {
        let (mut device, mut changes) = person(PEOPLE + n, role, place);
        let token = signed_in(node, &mut device, &mut changes);
        people.push(Person { who, device, token });
        all.extend(changes);
    }
    for some in all.chunks(3_000) {
        node.directory.change(some.to_vec()).unwrap();
    }
    for device in &mut wrote {
        let record = RecordId::from_parts(T0, ten(device.author.user.0.as_u128() as u64));
        let notes = text::notes(&mut rng, 120);
        let form = visit_form();
        let ops = visit::visit(&mut rng, record, T0, notes);
        device.make(Target::New { record, form }, T0, ops);
        device.sync(node);
    }
    people
}

fn best(mut run: impl FnMut() -> Duration) -> Duration {
    let all = std::iter::repeat_n((), ROUNDS).map(|()| run());
    all.min().unwrap_or_default()
}

fn show(what: &str, took: Duration) {
    let ratio = took.as_secs_f64() / MOST.as_secs_f64();
    row(what, &format!("{took:.1?}"), "50 ms", ratio, Some(1.0));
}

/// One more person, of whom no phone is told yet.
fn new_person(n: u64) -> DirectoryChange {
    DirectoryChange::User {
        user: User {
            id: UserId::from_parts(T0, ten(n)),
            name: format!("new {n}"),
            active: true,
        },
    }
}

/// A worker of a grid is called something else.
fn new_name(worker: UserId, n: u64) -> DirectoryChange {
    DirectoryChange::User {
        user: User {
            id: worker,
            name: format!("renamed {n}"),
            active: true,
        },
    }
}

/// One more grid in a street.
fn new_area(n: u64) -> DirectoryChange {
    let code = area(&format!("s7new{n}"));
    DirectoryChange::Areas {
        areas: vec![Area {
            name: code.to_string(),
            code,
            parent: Some(area("s7")),
            level: GRID_LEVEL.to_owned(),
        }],
    }
}

pub(crate) fn run() {
    let dir = temp();
    let config = Config::parse(SETTINGS, std::iter::empty()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(T0));
    let password = Password::new("a long enough phrase");
    let node = Node::init(
        &dir.path().join("server"),
        config,
        clock,
        "admin",
        &password,
    )
    .unwrap();
    let from = Instant::now();
    let people = fill(&node);
    println!("filled in {:.1?}", from.elapsed());
    let (runtime, server, base) = serve_here(&node);
    let city = City {
        node,
        base,
        agent: ureq::Agent::config_builder().build().into(),
    };
    let worker = people[0].device.author.user;
    for person in people {
        questions(&city, person, worker);
    }
    runtime.block_on(server.stop());
}

fn questions(city: &City, mut person: Person, worker: UserId) {
    let who = person.who;
    for (what, path) in [("list", "/v1/records"), ("overview", "/v1/overview")] {
        let bytes = city.get(&person, path);
        let took = best(|| {
            let from = Instant::now();
            city.get(&person, path);
            from.elapsed()
        });
        show(&format!("{what} of {who} ({bytes} B)"), took);
    }
    let (first, bytes) = city.sync(&mut person);
    show(&format!("first sync of {who} ({bytes} B)"), first);
    // More pages, until it has all.
    while city.sync(&mut person).1 > 4_096 {}
    show(
        &format!("idle sync of {who}"),
        best(|| city.sync(&mut person).0),
    );
    let took = best(|| {
        person.device.directory = [0; 8];
        city.sync(&mut person).0
    });
    show(&format!("sync of {who} that brings the directory"), took);
    let mut n = person.device.author.user.0.as_u128() as u64;
    let mut after = |what: &str, change: &dyn Fn(u64) -> DirectoryChange| {
        let mut bytes = 0;
        let mut changed = || {
            n += 1;
            let change = change(n);
            city.node.directory.change(vec![change]).unwrap();
        };
        let took = best(|| {
            changed();
            let (took, sent) = city.sync(&mut person);
            bytes = sent;
            took
        });
        show(&format!("sync of {who} after {what} ({bytes} B)"), took);
        let took = best(|| {
            changed();
            let from = Instant::now();
            city.get(&person, "/v1/overview");
            from.elapsed()
        });
        show(&format!("overview of {who} after {what}"), took);
    };
    after("one more person elsewhere", &new_person);
    after("another name of a worker", &|n| new_name(worker, n));
    after("one more area", &new_area);
}
