//! Seen by a supervisor, from the tap on a phone to the open record on a screen and back: a real
//! server over HTTP, real phones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up fails the test"
)]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gridfold_client::{
    Client, Delivery, EntryState, HttpRequest, HttpResponse, OpenOptions, Query, SyncOptions,
    SyncReport, SystemPlatform, Transport, TransportError, UreqTransport,
};
use gridfold_server::auth::{Actor, Password, SeenLog};
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::log::LogOptions;
use gridfold_server::node::Node;
use gridfold_server::serve::Server;
use gridfold_sync_core::directory::{Area, DirectoryChange, Grant, User};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, FieldKey, FormCode, GrantId, IncarnationId, RecordId, SensitivityClass,
    StreamId, UserId,
};
use gridfold_sync_core::limits::MAX_SEEN_MARKS;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_781_330_000_000);
const PASSWORD: &str = "lantern orchard 47 velvet";
const SETTINGS: &str = "[limits]\ndevice_requests_per_minute = 10000\n\
                        address_requests_per_minute = 10000\n[log]\nmin_free_mib = 16\n";

struct Town {
    node: Arc<Node>,
    clock: Arc<ManualClock>,
    url: String,
    runtime: tokio::runtime::Runtime,
    server: Option<Server>,
}

fn config() -> Config {
    Config::parse(SETTINGS, std::iter::empty()).unwrap()
}

fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

impl Town {
    /// Two grids; nobody but the administrator.
    fn new(dir: &Path) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let password = Password::new(PASSWORD);
        let node = Node::init(dir, config(), clock.clone(), "admin", &password).unwrap();
        let areas = ["g1", "g2"].map(|code| Area {
            code: area(code),
            parent: None,
            name: code.to_owned(),
            level: "grid".to_owned(),
        });
        let areas = areas.into();
        node.directory
            .change(vec![DirectoryChange::Areas { areas }])
            .unwrap();
        Self::serve(node, clock)
    }

    fn serve(node: Arc<Node>, clock: Arc<ManualClock>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime
            .block_on(Server::start(Arc::clone(&node), any))
            .unwrap();
        Self {
            url: format!("http://{}", server.address),
            node,
            clock,
            runtime,
            server: Some(server),
        }
    }

    fn person(&self, n: u8, role: Role, grid: &str) -> UserId {
        let id = UserId::from_parts(NOW, [n; 10]);
        let name = format!("person {n}");
        let user = User {
            id,
            name,
            active: true,
        };
        let grant = Grant {
            id: GrantId::from_parts(NOW, [n; 10]),
            user: id,
            role,
            area: Some(area(grid)),
            from: NOW,
            until: None,
        };
        let (login, password) = (format!("p{n}"), Password::new(PASSWORD));
        let now = NOW.millis();
        self.node
            .directory
            .change(vec![
                DirectoryChange::User { user },
                DirectoryChange::Grant { grant },
            ])
            .unwrap();
        self.node
            .auth
            .accounts
            .create(&login, id.0, &password, Actor::SERVER, now)
            .unwrap();
        id
    }

    fn end_grant(&self, n: u8, role: Role, grid: &str, user: UserId) {
        let grant = Grant {
            id: GrantId::from_parts(NOW, [n; 10]),
            user,
            role,
            area: Some(area(grid)),
            from: NOW,
            until: Some(self.clock.now()),
        };
        self.node
            .directory
            .change(vec![DirectoryChange::Grant { grant }])
            .unwrap();
    }

    fn phone(&self, dir: &Path, user: UserId) -> Client {
        let client = Client::create(OpenOptions {
            path: dir.to_owned(),
            key: [3; 32].into(),
            platform: Arc::new(SystemPlatform),
        })
        .unwrap();
        let now = self.clock.now().millis();
        let invited = self.node.auth.enrolment.invite(user.0, Actor::SERVER, now);
        let code = invited.unwrap().code.text().to_string();
        client.enrol(&UreqTransport::new(&self.url), &code).unwrap();
        client
    }

    fn sync(&self, phone: &Client) -> SyncReport {
        let transport = UreqTransport::new(&self.url);
        phone.sync(&transport, &SyncOptions::default()).unwrap()
    }

    fn later(&self) -> Timestamp {
        let at = self.clock.now().plus_millis(60_000);
        self.clock.set(at);
        at
    }

    fn call(&self, path: &str, token: Option<&str>, body: Option<&Value>) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}{path}", self.url);
        let bearer = token.map(|t| format!("Bearer {t}")).unwrap_or_default();
        let mut response = match body {
            Some(body) => agent.post(url).send_json(body).unwrap(),
            None => agent
                .get(url)
                .header("authorization", bearer)
                .call()
                .unwrap(),
        };
        let json = response.body_mut().read_json().unwrap();
        (response.status().as_u16(), json)
    }

    /// Opens a record as somebody who signed in; gives the status.
    fn open(&self, login: &str, record: RecordId) -> u16 {
        let body = json!({ "login": login, "password": PASSWORD });
        let (status, session) = self.call("/v1/sign-in", None, Some(&body));
        assert_eq!(status, 200, "{session}");
        let token = session["access_token"].as_str();
        self.call(&format!("/v1/records/{record}"), token, None).0
    }

    /// What a phone of this user would be told after a revision.
    fn told(&self, author: Author, seen: u64) -> SyncResponse {
        let request = SyncRequest {
            epoch: self.node.log.epoch(),
            seen: Some(seen),
            ..SyncRequest::default()
        };
        let done = self.node.sync(author, &request.encode()).unwrap();
        SyncResponse::decode(&done.body, &request, author).unwrap()
    }

    fn restored(&self, home: &Path, file: &Path) -> Self {
        let to = home.join("restored");
        let options = LogOptions::default();
        let engine = Default::default();
        gridfold_server::backup::restore(file, &to, engine, &options, &mut |_| {}).unwrap();
        let node = Node::open(&to, config(), self.clock.clone()).unwrap();
        Self::serve(node, self.clock.clone())
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

fn author_of(phone: &Client) -> Author {
    let identity = phone.identity().unwrap();
    Author {
        device: identity.device,
        user: identity.user,
    }
}

fn note(text: &str) -> Vec<Op> {
    vec![Op::Splice {
        field: FieldKey::new("notes").unwrap(),
        at: 0,
        delete: 0,
        insert: text.to_owned(),
    }]
}

fn visit(phone: &Client, grid: &str) -> RecordId {
    let form = FormCode::new("visit").unwrap();
    phone
        .create_record(&area(grid), &form, note("慰问"))
        .unwrap()
}

/// What the record, its list row and its newest entry of this phone say; all of them the same.
fn delivery(phone: &Client, record: RecordId) -> Option<Delivery> {
    let said = phone.get(record).unwrap().delivery;
    let rows = phone.query(Query::default()).items;
    assert!(
        rows.iter()
            .any(|r| r.record == record && r.delivery == said)
    );
    let newest = phone.history(record).pop().unwrap();
    assert_eq!(newest.delivery, said);
    said
}

fn is_at_server(phone: &Client, record: RecordId) -> bool {
    let history = phone.history(record);
    let admitted = EntryState::Admitted { late: false };
    !history.is_empty() && history.iter().all(|h| h.state == admitted)
}

#[test]
fn from_the_phone_to_the_server_to_a_supervisors_eyes_and_back() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    let colleague = town.person(2, Role::Worker, "g1");
    let stranger = town.person(3, Role::Worker, "g2");
    town.person(4, Role::Supervisor, "g1");
    town.person(5, Role::Supervisor, "g2");
    town.person(6, Role::Auditor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let colleagues = town.phone(&home.path().join("colleague"), colleague);
    let strangers = town.phone(&home.path().join("stranger"), stranger);
    for phone in [&phone, &colleagues, &strangers] {
        town.sync(phone);
    }

    let record = visit(&phone, "g1");
    assert!(!is_at_server(&phone, record), "on this phone only");
    assert_eq!(phone.seen(record), None);
    town.sync(&phone);
    assert!(is_at_server(&phone, record));
    assert_eq!(phone.seen(record), None);

    for (login, status) in [("p1", 200), ("p2", 200), ("p5", 404), ("p6", 404)] {
        assert_eq!(town.open(login, record), status, "{login}");
        town.sync(&phone);
        assert_eq!(phone.seen(record), None, "{login} is no supervisor of it");
    }

    let changes = phone.subscribe();
    let at = town.later();
    assert_eq!(town.open("p4", record), 200);
    assert_eq!(phone.seen(record), None, "nobody told the phone yet");
    assert_eq!(delivery(&phone, record), Some(Delivery::AtServer));
    let report = town.sync(&phone);
    assert_eq!((report.round_trips, report.pulled), (1, 0));
    assert_eq!(phone.seen(record), Some(at));
    assert_eq!(delivery(&phone, record), Some(Delivery::SeenBySupervisor));
    let told = changes.try_next().map(|event| event.records);
    assert_eq!(told, Some(vec![record]), "whoever shows it is told");

    // Looked at again without anything new: nothing is noted, and the next sync is idle.
    town.later();
    let newest = town.node.auth.seen.newest(worker.0);
    assert_eq!(town.open("p4", record), 200);
    assert_eq!(town.open("admin", record), 200);
    assert_eq!(town.node.auth.seen.newest(worker.0), newest);
    let idle = town.sync(&phone);
    assert_eq!(idle.round_trips, 1);
    assert!(idle.bytes_up + idle.bytes_down < 100, "{idle:?}");
    assert_eq!(phone.seen(record), Some(at));

    phone.edit(record, note("再访。")).unwrap();
    assert_eq!(phone.seen(record), None, "typed and not seen");
    assert_eq!(delivery(&phone, record), Some(Delivery::OnThisPhone));
    town.sync(&phone);
    assert!(is_at_server(&phone, record));
    assert_eq!(phone.seen(record), None, "at the server and not seen");
    assert_eq!(delivery(&phone, record), Some(Delivery::AtServer));
    let again = town.later();
    assert_eq!(town.open("admin", record), 200);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(again));

    // Of what others wrote a phone is told nothing, in its grid or another.
    for other in [&colleagues, &strangers] {
        town.sync(other);
        assert_eq!(other.seen(record), None);
        assert_eq!(town.told(author_of(other), 0).seen, None);
    }
    // What a colleague adds leaves what the worker wrote seen; theirs is told to them alone.
    colleagues.edit(record, note("同事。")).unwrap();
    town.sync(&colleagues);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(again));
    assert_eq!(colleagues.seen(record), None);
    let third = town.later();
    assert_eq!(town.open("p4", record), 200);
    for phone in [&phone, &colleagues] {
        town.sync(phone);
    }
    assert_eq!(phone.seen(record), Some(again));
    assert_eq!(colleagues.seen(record), Some(third));
}

#[test]
fn a_mark_outlives_a_restored_server_and_marks_are_in_the_backup() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let (early, late) = (visit(&phone, "g1"), visit(&phone, "g1"));
    town.sync(&phone);
    let first = town.later();
    town.open("p4", early);
    let file = home.path().join("backup");
    town.node.backup(&file, &mut |_| {}).unwrap();
    let second = town.later();
    town.open("p4", late);
    town.sync(&phone);
    phone.edit(late, note("又")).unwrap();
    town.sync(&phone);
    let third = town.later();
    town.open("p4", late);
    town.sync(&phone);
    assert_eq!(phone.seen(early), Some(first));
    assert_eq!(phone.seen(late), Some(third));
    assert!(second < third);

    let town = town.restored(home.path(), &file);
    town.sync(&phone);
    assert!(is_at_server(&phone, late), "brought back");
    assert_eq!(phone.seen(early), Some(first));
    assert_eq!(phone.seen(late), Some(third), "seen stays seen");
    phone.edit(late, note("再")).unwrap();
    town.sync(&phone);
    assert_eq!(phone.seen(late), None, "nobody opened this one");
    let fourth = town.later();
    town.open("p4", late);
    town.sync(&phone);
    assert_eq!(phone.seen(late), Some(fourth));

    // A new phone of the same worker learns from the restored server what the backup held.
    let second = town.phone(&home.path().join("second"), worker);
    town.sync(&second);
    assert_eq!(second.seen(early), Some(first));
    assert_eq!(second.seen(late), Some(fourth));
}

#[test]
fn marks_come_in_bounded_parts_and_only_of_streams_that_may_be_read() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let author = author_of(&phone);
    let log = |grid: &str, n: u8| SeenLog {
        user: worker.0,
        stream: StreamId::new(area(grid), SensitivityClass::Personal).name(),
        incarnation: IncarnationId::from_parts(NOW, [n; 10]).0,
        seq: 1,
    };
    let all = MAX_SEEN_MARKS + 88;
    for n in 0..all {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&(n as u64).to_be_bytes());
        let record = RecordId::from_parts(NOW, random).0;
        let logs = [log("g1", 1), log("g2", 2)];
        let noted = town.node.auth.seen.note(record, &logs[..1], NOW.millis());
        assert_eq!(noted.unwrap(), 1);
        if n == 0 {
            // Of a grid that this worker may not read now.
            let noted = town.node.auth.seen.note(record, &logs, NOW.millis());
            assert_eq!(noted.unwrap(), 1, "the first is known");
        }
    }
    let (mut known, mut sizes, mut records) = (0, Vec::new(), Vec::new());
    while let Some(news) = town.told(author, known).seen {
        assert!(news.revision > known);
        known = news.revision;
        sizes.push(news.marks.len());
        assert!(news.marks.iter().all(|m| m.stream.grid == area("g1")));
        records.extend(news.marks.iter().map(|m| m.record));
        assert_eq!(news.more, records.len() < all);
    }
    assert_eq!(sizes, [MAX_SEEN_MARKS - 1, 89]);
    records.sort();
    records.dedup();
    assert_eq!(records.len(), all);
    // A revision that this server never gave: it begins anew.
    let news = town.told(author, known + 1).seen.unwrap();
    assert_eq!(news.marks.len(), MAX_SEEN_MARKS - 1);
    let report = town.sync(&phone);
    assert!(!report.more);
    assert_eq!(town.told(author, known).seen, None);
    // A phone of before asks in the first version and hears nothing of it.
    let first = SyncRequest::default();
    let body = town.node.sync(author, &first.encode()).unwrap().body;
    assert_eq!(body[0], 1);
    let nobody = Author {
        device: DeviceId::from_bytes([0; 16]),
        user: worker,
    };
    assert!(SyncResponse::decode(&body, &first, nobody).is_ok());
}

/// A server of before version 2: what it does not know it calls malformed.
struct Older<'a>(&'a UreqTransport);

impl Transport for Older<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.path == "/v1/sync" && request.body.first() != Some(&1) {
            return Ok(HttpResponse {
                status: 400,
                headers: Vec::new(),
                body: br#"{"code":"bad_request"}"#.to_vec(),
            });
        }
        self.0.call(request)
    }
}

#[test]
fn a_phone_works_with_an_older_server_and_learns_once_it_is_upgraded() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let record = visit(&phone, "g1");
    let transport = UreqTransport::new(&town.url);
    let options = SyncOptions {
        max_round_trips: 1,
        ..SyncOptions::default()
    };
    let report = phone.sync(&Older(&transport), &options).unwrap();
    assert_eq!((report.round_trips, report.admitted), (2, 1));
    let at = town.later();
    town.open("p4", record);
    let report = phone.sync(&Older(&transport), &options).unwrap();
    assert_eq!(report.round_trips, 2);
    assert_eq!(phone.seen(record), None);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(at));
}

#[test]
fn with_the_stream_its_marks_are_erased() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    let record = visit(&phone, "g1");
    town.sync(&phone);
    let at = town.later();
    town.open("p4", record);
    town.sync(&phone);
    assert_eq!(phone.seen(record), Some(at));
    town.later();
    town.end_grant(1, Role::Worker, "g1", worker);
    town.sync(&phone);
    assert_eq!(phone.get(record), None);
    assert_eq!(phone.seen(record), None);
    assert_eq!(
        town.told(author_of(&phone), 0).seen.map(|s| s.marks),
        Some(vec![])
    );
}
