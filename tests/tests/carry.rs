//! Carry bundles end to end: real phones, the real server over HTTP, and what people and paths may
//! do to a bundle on its way.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gridfold_client::{
    CarryImport, CarryReader, CarryTo, Client, ClientError, Delivery, EntryState, Folder,
    HistoryEntry, HttpRequest, HttpResponse, OpenOptions, Query, SyncOptions, SyncReport,
    SystemPlatform, Transport, TransportError, TransportErrorKind, carry_frames,
};
use gridfold_server::auth::{Actor, DeviceAccess, Password};
use gridfold_server::carry::CarryFailure;
use gridfold_server::clock::{Clock, SystemClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::serve::Server;
use gridfold_server::views::ReadScope;
use gridfold_sync_core::admission::{LogProblem, PushedLog};
use gridfold_sync_core::carry::{
    Bundle, CARRY_MAGIC, CarriedLog, CarryBody, CarryKind, CarryReceipt,
};
use gridfold_sync_core::directory::{self, Area, DirectoryChange, Grant, User};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{
    Entry, PublicKey, SignKey, Signature, Target, enrolment_statement, head_statement, next_link,
};
use gridfold_sync_core::ids::{
    AreaCode, CarryId, DeviceId, EntryRef, FieldKey, FormCode, GrantId, Hash, IncarnationId,
    RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::limits::{MAX_CARRIED_BUNDLES, MAX_ENTRIES_PER_PUSH};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::view::Cell;
use gridfold_sync_core::wire::ProblemNotice;
use serde_json::json;
use tests::demo::phone::Line;

fn grid(n: u8) -> AreaCode {
    AreaCode::new(&format!("g{n}")).unwrap()
}
fn key(text: &str) -> FieldKey {
    FieldKey::new(text).unwrap()
}
fn text(field: &str, value: &str) -> Op {
    Op::Set {
        field: key(field),
        value: Value::Text(value.to_owned()),
    }
}
fn config() -> Config {
    let limits = "[limits]\ndevice_requests_per_minute = 100000\n\
                  address_requests_per_minute = 100000\n[log]\nmin_free_mib = 16\n";
    Config::parse(limits, std::iter::empty()).unwrap()
}

/// A server with two grids and four people: two workers of the first, one of the second, and an
/// auditor of both.
struct Town {
    root: tempfile::TempDir,
    node: Arc<Node>,
    runtime: tokio::runtime::Runtime,
    server: Option<Server>,
    url: String,
    people: Vec<UserId>,
}

const AN: usize = 0;
const BO: usize = 1;
const CHEN: usize = 2;
const AUDITOR: usize = 3;

impl Town {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("server");
        let password = Password::new("lantern orchard 47 velvet");
        let node = Node::init(&dir, config(), Arc::new(SystemClock), "admin", &password).unwrap();
        let now = SystemClock.now();
        let area = |code: &str, parent: Option<&str>, level: &str| Area {
            code: AreaCode::new(code).unwrap(),
            parent: parent.map(|p| AreaCode::new(p).unwrap()),
            name: code.to_owned(),
            level: level.to_owned(),
        };
        let mut changes = vec![DirectoryChange::Areas {
            areas: vec![
                area("c", None, "community"),
                area("g1", Some("c"), "grid"),
                area("g2", Some("c"), "grid"),
            ],
        }];
        let mut people = Vec::new();
        for (n, (name, role, place)) in (1..).zip([
            ("An", Role::Worker, "g1"),
            ("Bo", Role::Worker, "g1"),
            ("Chen", Role::Worker, "g2"),
            ("Ding", Role::Auditor, "c"),
        ]) {
            let user = UserId::from_parts(now, [n; 10]);
            people.push(user);
            changes.push(DirectoryChange::User {
                user: User {
                    id: user,
                    name: name.to_owned(),
                    active: true,
                },
            });
            changes.push(DirectoryChange::Grant {
                grant: Grant {
                    id: GrantId::from_parts(now, [n; 10]),
                    user,
                    role,
                    area: Some(AreaCode::new(place).unwrap()),
                    from: now,
                    until: None,
                },
            });
        }
        node.directory.change(changes).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut town = Self {
            root,
            node,
            runtime,
            server: None,
            url: String::new(),
            people,
        };
        town.serve();
        town
    }

    fn serve(&mut self) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = self
            .runtime
            .block_on(Server::start(Arc::clone(&self.node), any))
            .unwrap();
        self.url = format!("http://{}", server.address);
        self.server = Some(server);
    }

    fn phone(&self, who: usize) -> Phone {
        self.phone_at(who, &self.root.path().join(format!("phone{who}")))
    }

    fn phone_at(&self, who: usize, dir: &Path) -> Phone {
        let invited = self.node.auth.enrolment.invite(
            self.people[who].0,
            Actor::SERVER,
            SystemClock.now().millis(),
        );
        let code = invited.unwrap().code.text().to_string();
        let client = Client::create(options(dir)).unwrap();
        let line = Line::new(&self.url);
        client.enrol(&line, &code).unwrap();
        Phone { client, line }
    }

    /// Two workers of one grid whose phones know each other and one household.
    fn pair(&self) -> (Phone, Phone, RecordId) {
        let (a, b) = (self.phone(AN), self.phone(BO));
        let record = a.household("first");
        a.sync();
        b.sync();
        a.sync();
        (a, b, record)
    }

    fn revoke(&self, device: DeviceId, state: DeviceAccess) {
        let now = SystemClock.now().millis();
        let devices = &self.node.auth.devices;
        devices
            .set_state(device.0, state, Actor::SERVER, now)
            .unwrap();
        let known = self.node.directory.current().device(&device).cloned();
        self.node
            .directory
            .change(vec![DirectoryChange::Device {
                device: directory::Device {
                    state: directory::DeviceState::Revoked,
                    ..known.unwrap()
                },
            }])
            .unwrap();
    }

    /// What the server shows of a household: its address and how often it was visited.
    fn household(&self, record: RecordId) -> Option<(String, i64)> {
        let row = self
            .node
            .views
            .record(&record, &ReadScope::all())
            .unwrap()?;
        let (_, part) = row
            .parts
            .iter()
            .find(|(class, _)| *class == SensitivityClass::Personal)?;
        let address = match part.fields.get("address") {
            Some(Cell::Register(sides)) => sides[0].value.to_json().as_str()?.to_owned(),
            _ => String::new(),
        };
        let visits = match part.fields.get("visits_made") {
            Some(Cell::Counter { value, .. }) => *value,
            _ => 0,
        };
        Some((address, visits))
    }
}

fn options(dir: &Path) -> OpenOptions {
    OpenOptions {
        disk: Folder::at(dir),
        key: [3; 32].into(),
        platform: Arc::new(SystemPlatform),
    }
}

struct Phone {
    client: Client,
    line: Line,
}

impl Phone {
    fn sync(&self) -> SyncReport {
        self.client
            .sync(&self.line, &SyncOptions::default())
            .unwrap()
    }
    fn household(&self, address: &str) -> RecordId {
        let form = FormCode::new("household").unwrap();
        let grid = self.client.grids()[0].clone();
        self.client
            .create_record(&grid, &form, vec![text("address", address)])
            .unwrap()
    }
    fn visit(&self, record: RecordId) {
        let count = Op::Count {
            field: key("visits_made"),
            by: 1,
        };
        self.client.edit(record, vec![count]).unwrap();
    }
    fn user(&self) -> UserId {
        self.client.identity().unwrap().user
    }
    fn device(&self) -> DeviceId {
        self.client.identity().unwrap().device
    }
    fn states(&self, record: RecordId) -> Vec<EntryState> {
        let history: Vec<HistoryEntry> = self.client.history(record);
        history.into_iter().map(|h| h.state).collect()
    }
    #[track_caller]
    fn refuses(&self, bytes: &[u8], with: &str) {
        assert_eq!(code(self.client.carry_import(bytes)), with);
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, ClientError>) -> String {
    match result {
        Err(ClientError::Rejected { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

fn admitted() -> EntryState {
    EntryState::Admitted { late: false }
}

/// As on a screen: one part in three is not read, and another bundle's are between them.
fn by_camera(bytes: &[u8], between: &[u8]) -> Vec<u8> {
    let frames = carry_frames(bytes, 300).unwrap();
    let others = carry_frames(between, 300).unwrap();
    let mut reader = CarryReader::new();
    // Two loops are more than enough, even so.
    for (n, frame) in frames.iter().chain(&frames).enumerate() {
        reader.receive("https://example.org/poster");
        reader.receive(&others[n % others.len()].as_str()[..90]);
        if n < 3 {
            reader.receive(&others[n % others.len()]);
        }
        if n % 3 != 2 && reader.receive(frame) {
            break;
        }
    }
    reader.bytes().expect("all of it was shown").to_vec()
}

#[test]
fn a_colleague_takes_what_one_without_signal_wrote_and_brings_the_receipt_back() {
    let town = Town::new();
    let (a, b, old) = town.pair();
    // An has no signal from here on.
    a.visit(old);
    a.visit(old);
    let new = a.household("by An");
    assert_eq!(
        code(
            a.client
                .carry_export(&CarryTo::Colleague(town.people[CHEN]))
        ),
        "carry_nobody",
        "Chen works in another grid"
    );
    let bundle = a
        .client
        .carry_export(&CarryTo::Colleague(town.people[BO]))
        .unwrap();
    assert_eq!((bundle.entries, bundle.left), (3, 0));

    let bytes = by_camera(
        &bundle.bytes,
        &a.client.carry_export(&CarryTo::Server).unwrap().bytes,
    );
    assert_eq!(bytes, bundle.bytes);
    let expected = CarryImport::Entries {
        id: bundle.id,
        author: a.user(),
        author_name: Some("An".to_owned()),
        entries: 3,
    };
    assert_eq!(b.client.carry_import(&bytes), Ok(expected.clone()));
    assert_eq!(b.client.carry_import(&bytes), Ok(expected), "twice");
    // Beside the record, not in it.
    let visits = |p: &Phone| {
        p.client
            .get(old)
            .unwrap()
            .fields
            .get("visits_made")
            .cloned()
    };
    assert_eq!(visits(&b), None);
    assert!(b.client.get(new).is_none());
    let carried = b.client.carried();
    assert_eq!(carried.len(), 3);
    assert!(
        carried
            .iter()
            .all(|c| c.user_name.as_deref() == Some("An") && c.device == a.device())
    );
    let records: Vec<_> = carried.iter().map(|c| c.record.unwrap()).collect();
    assert_eq!(records, [old, old, new]);
    let carried = EntryState::Carried;
    assert_eq!(
        b.states(old),
        [admitted(), carried.clone(), carried.clone()]
    );
    assert_eq!(b.states(new), [carried]);
    // A restart forgets nothing of it.
    let dir = town.root.path().join("phone1");
    drop(b.client);
    let b = Phone {
        client: Client::open(options(&dir)).unwrap(),
        line: b.line,
    };
    assert_eq!(b.client.carried().len(), 3);
    let held = b.client.carry_held();
    assert_eq!((held.len(), held[0].author), (1, Some(a.user())));

    // The first reply is lost: the same goes again.
    b.line.lose_replies(1);
    b.client.sync(&b.line, &SyncOptions::default()).unwrap();
    assert_eq!(town.household(old), Some(("first".to_owned(), 2)));
    let report = b.sync();
    assert_eq!(report.carried, 1);
    assert_eq!(town.household(new), Some(("by An".to_owned(), 0)));
    let history = b.client.history(old);
    assert!(history.iter().all(|h| h.state == admitted()), "{history:?}");
    assert!(
        history
            .iter()
            .all(|h| h.user == Some(a.user()) && h.device == Some(a.device())),
        "An is the author, not Bo"
    );
    assert_eq!(visits(&b), Some(2.into()));
    assert!(b.client.carried().is_empty() && b.client.carry_held().is_empty());
    assert_eq!(b.sync().carried, 0, "nothing is left to carry");

    let receipts = b.client.carry_receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].user_name.as_deref(), Some("An"));
    // Still without signal, An knows that it arrived.
    assert_eq!(
        a.states(old)[1..],
        [EntryState::Pending, EntryState::Pending]
    );
    let receipt = CarryImport::Receipt {
        id: bundle.id,
        entries: 3,
    };
    assert_eq!(a.client.carry_import(&receipts[0].bytes), Ok(receipt));
    let at_server = EntryState::AtServer;
    assert_eq!(a.states(old), [admitted(), at_server.clone(), at_server]);
    let detail = a.client.get(old).unwrap();
    assert!(detail.pending && detail.at_server);
    // A list shows what the record shows.
    let listed = a.client.query(Query::default()).items;
    let listed = listed.iter().find(|item| item.record == old).unwrap();
    assert_eq!(listed.delivery, Some(Delivery::AtServer));
    assert_eq!(
        code(a.client.carry_export(&CarryTo::Server)),
        "carry_nothing"
    );
    assert_eq!(a.client.status().pending, 3, "the verdict is not here yet");
    b.client.carry_drop(receipts[0].id).unwrap();
    assert!(b.client.carry_receipts().is_empty());
    assert_eq!(
        b.client.carry_drop(receipts[0].id),
        Err(ClientError::NotFound)
    );

    // With signal again nothing is doubled and nothing lost.
    let report = a.sync();
    assert_eq!((report.admitted, report.refused), (3, 0));
    assert_eq!(a.client.status().pending, 0);
    assert!(!a.client.get(old).unwrap().at_server);
    assert_eq!(town.household(old), Some(("first".to_owned(), 2)));
    b.sync();
    for record in [old, new] {
        assert_eq!(a.client.canonical(record), b.client.canonical(record));
    }
}

#[test]
fn a_sealed_bundle_is_relayed_by_whoever_meets_the_author() {
    let town = Town::new();
    let (a, _, record) = town.pair();
    let c = town.phone(CHEN);
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
    // Chen has nothing to do with that grid and cannot read it.
    let relay = CarryImport::Relay { id: bundle.id };
    assert_eq!(c.client.carry_import(&bundle.bytes), Ok(relay.clone()));
    assert_eq!(c.client.carry_import(&bundle.bytes), Ok(relay), "twice");
    assert!(c.client.carried().is_empty());
    let held = c.client.carry_held();
    assert_eq!((held.len(), held[0].author), (1, None));
    // An edits on and syncs before Chen: the bundle is old news by then.
    a.visit(record);
    a.sync();
    assert_eq!(c.sync().carried, 1);
    assert_eq!(town.household(record), Some(("first".to_owned(), 2)));
    let receipts = c.client.carry_receipts();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].user_name, None, "no colleague of Chen");
    let receipt = CarryImport::Receipt {
        id: bundle.id,
        entries: 0,
    };
    assert_eq!(a.client.carry_import(&receipts[0].bytes), Ok(receipt));
    assert_eq!(a.sync().pushed, 0);
}

#[test]
fn what_was_changed_or_is_for_others_is_not_taken() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    let stranger = Town::new();
    let foreign = stranger.phone(AN);
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
    let mut altered = bundle.bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    foreign.refuses(&bundle.bytes, "carry_not_for_us");
    b.refuses(b"GFCARRY", "carry_damaged");
    b.refuses(&bundle.bytes[..20], "carry_damaged");
    // Only the server can tell that a sealed one was altered: it says so, and it is not sent again.
    b.client.carry_import(&altered).unwrap();
    let before = town.household(record);
    assert_eq!(b.sync().carried, 0);
    assert_eq!(town.household(record), before);
    let held = b.client.carry_held();
    assert_eq!(held[0].refused.as_deref(), Some("carry_damaged"));
    assert_eq!(b.sync().round_trips, 1);
    b.client.carry_drop(bundle.id).unwrap();
    assert!(b.client.carry_held().is_empty());
    // A colleague's bundle that was altered is seen here already.
    let bundle = a.client.carry_export(&CarryTo::Grid(grid(1))).unwrap();
    let mut altered = bundle.bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    b.refuses(&altered, "carry_damaged");
    // The auditor may read only the general part, so this one was not sealed to them.
    let auditor = town.phone(AUDITOR);
    auditor.refuses(&bundle.bytes, "carry_not_for_us");
    assert_eq!(
        code(
            a.client
                .carry_export(&CarryTo::Colleague(town.people[AUDITOR]))
        ),
        "carry_nobody"
    );
    // A receipt of another server.
    let receipt = CarryReceipt::sign(
        &SignKey::from_seed(&[9; 32]),
        bundle.id,
        a.device(),
        1,
        Vec::new(),
        Vec::new(),
    );
    a.refuses(&receipt.encode(), "carry_bad_receipt");
    assert_eq!(a.states(record)[1], EntryState::Pending);
}

/// A device whose key the test has, as a hostile one would be: it signs what it likes.
struct HandMade {
    device: DeviceId,
    key: SignKey,
    life: IncarnationId,
    server: PublicKey,
    version: u32,
}

impl HandMade {
    fn new(town: &Town, who: usize, seed: u8) -> Self {
        let invited = town.node.auth.enrolment.invite(
            town.people[who].0,
            Actor::SERVER,
            SystemClock.now().millis(),
        );
        let code = invited.unwrap().code.text().to_string();
        let plain: String = code.chars().filter(|c| *c != '-').collect();
        let post = |path: &str, body: serde_json::Value| -> serde_json::Value {
            let url = format!("{}{path}", town.url);
            let mut reply = ureq::post(url).send_json(body).unwrap();
            reply.body_mut().read_json().unwrap()
        };
        let begun = post("/v1/enrol/begin", json!({ "code": code }));
        let nonce = begun["nonce"].as_str().unwrap().to_owned();
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        let raw: Vec<u8> = (0..nonce.len() / 2)
            .map(|i| u8::from_str_radix(&nonce[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let key = SignKey::from_seed(&[seed; 32]);
        let statement = enrolment_statement(&plain, &raw, &key.public());
        let done = post(
            "/v1/enrol/finish",
            json!({
                "code": code, "nonce": nonce, "public_key": hex(&key.public().0),
                "signature": hex(&key.sign(&statement).0), "label": "made by hand",
            }),
        );
        let forms = town.node.directory.current();
        let household = FormCode::new("household").unwrap();
        Self {
            device: DeviceId::parse(done["device_id"].as_str().unwrap()).unwrap(),
            key,
            life: IncarnationId::from_parts(SystemClock.now(), [seed; 10]),
            server: town.node.server_public_key(),
            version: forms.forms().latest(&household).unwrap().version,
        }
    }

    fn stream() -> StreamId {
        StreamId::new(grid(1), SensitivityClass::Personal)
    }

    /// `n` visits of a household from a sequence on, each made at the one before.
    fn visits(&self, record: RecordId, from: u64, n: u64) -> Vec<Entry> {
        (from..from + n)
            .map(|seq| {
                let target = if seq == 1 {
                    Target::New {
                        record,
                        form: FormCode::new("household").unwrap(),
                    }
                } else {
                    Target::At(vec![EntryRef {
                        incarnation: self.life,
                        seq: seq - 1,
                    }])
                };
                let count = Op::Count {
                    field: key("visits_made"),
                    by: 1,
                };
                let at = SystemClock.now();
                Entry::new(self.life, seq, target, self.version, at, vec![count])
            })
            .collect()
    }

    fn piece(&self, before: Hash, entries: Vec<Entry>) -> CarriedLog {
        let stream = Self::stream();
        let link = entries
            .iter()
            .fold(before, |link, e| next_link(&link, &e.hash(&stream)));
        let last = entries.last().unwrap().id();
        let statement = head_statement(&stream, last.incarnation, last.seq, &link);
        CarriedLog {
            before,
            log: PushedLog {
                erased: Vec::new(),
                stream,
                incarnation: last.incarnation,
                signature: self.key.sign(&statement),
                entries,
            },
        }
    }

    fn after(piece: &CarriedLog) -> Hash {
        let stream = Self::stream();
        piece
            .log
            .entries
            .iter()
            .fold(piece.before, |link, e| next_link(&link, &e.hash(&stream)))
    }

    fn body(&self, logs: Vec<CarriedLog>) -> CarryBody {
        CarryBody {
            author: self.device,
            logs,
        }
    }

    /// Carries a body to the server, sealed as anybody may seal.
    fn carry(&self, town: &Town, body: &CarryBody) -> Result<CarryReceipt, String> {
        let id = CarryId::from_parts(SystemClock.now(), [1; 10]);
        let keys = [self.server];
        let sealed = Bundle::seal(id, CarryKind::Server, &body.encode(), &keys, &[5; 32]).unwrap();
        match town.node.carry(&sealed.encode()) {
            Ok(done) => {
                assert!(done.receipt.verify(&self.server));
                Ok(done.receipt)
            }
            Err(CarryFailure::Bundle(error)) => Err(error.as_str().to_owned()),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_carrier_forges_nothing() {
    let town = Town::new();
    let (author, other) = (HandMade::new(&town, AN, 71), HandMade::new(&town, BO, 72));
    let record = RecordId::from_parts(SystemClock.now(), [4; 10]);
    let first = author.piece(Hash::default(), author.visits(record, 1, 2));
    let second = author.piece(HandMade::after(&first), author.visits(record, 3, 1));
    let body = author.body(vec![first.clone(), second.clone()]);
    let bad = Err("carry_bad_signature".to_owned());
    // Other content, another author, an entry left out or moved to another stream.
    let mut changed = body.clone();
    let entry = &changed.logs[0].log.entries[1];
    let more = Op::Count {
        field: key("visits_made"),
        by: 1_000,
    };
    changed.logs[0].log.entries[1] = Entry::new(
        entry.incarnation,
        entry.header.seq,
        entry.header.target.clone(),
        entry.header.form_version,
        entry.header.claimed,
        vec![more],
    );
    assert_eq!(author.carry(&town, &changed), bad);
    let stolen = CarryBody {
        author: other.device,
        ..body.clone()
    };
    assert_eq!(author.carry(&town, &stolen), bad);
    let mut shorter = body.clone();
    shorter.logs[0].log.entries.pop();
    assert_eq!(author.carry(&town, &shorter), bad);
    let mut moved = body.clone();
    moved.logs[0].log.stream = StreamId::new(grid(2), SensitivityClass::Personal);
    assert_eq!(author.carry(&town, &moved), bad);
    let unknown = CarryBody {
        author: DeviceId::from_parts(SystemClock.now(), [9; 10]),
        ..body.clone()
    };
    let said = author.carry(&town, &unknown);
    assert_eq!(said, Err("carry_author_unknown".to_owned()));
    assert_eq!(town.household(record), None, "nothing of all that was kept");
    // A whole piece left out is a gap, and the receipt says what is lacking.
    let receipt = author.carry(&town, &author.body(vec![second])).unwrap();
    assert!(receipt.logs.is_empty());
    let gap = LogProblem::Gap { expected: 1 };
    assert_eq!(receipt.problems[0].problem, gap);
    assert_eq!(town.household(record), None);
    // The author's own, whole: as often as anybody likes.
    for _ in 0..3 {
        let receipt = author.carry(&town, &body).unwrap();
        assert_eq!((receipt.logs.len(), receipt.problems.len()), (1, 0));
        assert_eq!((receipt.device, receipt.logs[0].seq), (author.device, 3));
        assert_eq!(town.household(record), Some((String::new(), 3)));
    }
    // Another device's entries under the author's name are not the author's, signed or not.
    let mut entries = other.visits(record, 1, 1);
    entries[0].incarnation = author.life;
    entries[0].header.seq = 4;
    let intruder = other.piece(HandMade::after(&body.logs[1]), entries);
    let receipt = other.carry(&town, &other.body(vec![intruder])).unwrap();
    assert_eq!(receipt.problems[0].problem, LogProblem::NotYourLog);
    // A second history under the same names is kept apart, and the first stands.
    let fork = author.piece(Hash::default(), author.visits(record, 1, 4));
    let receipt = author.carry(&town, &author.body(vec![fork])).unwrap();
    assert_eq!(receipt.problems[0].problem, LogProblem::Forked);
    assert!(receipt.logs.is_empty());
    assert_eq!(town.household(record), Some((String::new(), 3)));
}

#[test]
fn a_refused_edit_that_was_carried_is_kept_and_its_author_told() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Grid(grid(1))).unwrap();
    // An leaves the grid before the bundle arrives, long enough ago.
    let grant = {
        let directory = town.node.directory.current();
        directory.grants_of(town.people[AN]).next().cloned()
    };
    let long_ago = SystemClock.now().plus_millis(-100 * 86_400_000);
    let ended = Grant {
        from: long_ago,
        until: Some(long_ago.plus_millis(86_400_000)),
        ..grant.unwrap()
    };
    b.client.carry_import(&bundle.bytes).unwrap();
    town.node
        .directory
        .change(vec![DirectoryChange::Grant { grant: ended }])
        .unwrap();
    assert_eq!(b.sync().carried, 1);
    assert_eq!(town.household(record), Some(("first".to_owned(), 0)));
    assert!(
        b.client.carried().is_empty(),
        "its place in the log is known"
    );
    let receipts = b.client.carry_receipts();
    a.client.carry_import(&receipts[0].bytes).unwrap();
    a.sync();
    let refused = a.client.refused();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code, "grant_ended");
}

#[test]
fn the_bundle_of_a_revoked_phone_stays_out_and_the_carrier_goes_on() {
    for (state, mine) in [(DeviceAccess::Revoked, 1), (DeviceAccess::Wiped, 2)] {
        let town = Town::new();
        let (a, b, record) = town.pair();
        a.visit(record);
        let bundle = a
            .client
            .carry_export(&CarryTo::Colleague(town.people[BO]))
            .unwrap();
        b.client.carry_import(&bundle.bytes).unwrap();
        town.revoke(a.device(), state);
        for _ in 0..mine {
            b.visit(record);
        }
        let report = b.sync();
        assert_eq!((report.carried, report.admitted), (0, mine));
        assert_eq!(
            town.household(record),
            Some(("first".to_owned(), mine as i64))
        );
        let held = b.client.carry_held();
        assert_eq!(held[0].refused.as_deref(), Some("carry_author_revoked"));
        assert_eq!(b.client.carried().len(), 1, "until Bo lets it go");
        b.client.carry_drop(bundle.id).unwrap();
        assert!(b.client.carried().is_empty());
        // Bo's phone knows by now that An's is not to be taken from.
        b.refuses(&bundle.bytes, "carry_author_unknown");
    }
}

#[test]
fn two_lives_of_a_phone_and_more_than_one_push_go_in_one_bundle() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    let n = MAX_ENTRIES_PER_PUSH + 20;
    for _ in 0..n {
        a.visit(record);
    }
    // The store is copied to another phone, which goes on under another name.
    drop(a.client);
    let copy = town.root.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(town.root.path().join("phone0")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    let a = Phone {
        client: Client::open(options(&copy)).unwrap(),
        line: a.line,
    };
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
    assert_eq!((bundle.entries, bundle.left), (n as u64 + 1, 0));
    b.client.carry_import(&bundle.bytes).unwrap();
    assert_eq!(b.sync().carried, 1);
    assert_eq!(
        town.household(record),
        Some(("first".to_owned(), n as i64 + 1))
    );
    let receipts = b.client.carry_receipts();
    let receipt = CarryImport::Receipt {
        id: bundle.id,
        entries: n as u64 + 1,
    };
    assert_eq!(a.client.carry_import(&receipts[0].bytes), Ok(receipt));
    // What is new since is all that a second bundle holds, and it follows on the first.
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
    assert_eq!(bundle.entries, 1);
    b.client.carry_import(&bundle.bytes).unwrap();
    assert_eq!(b.sync().carried, 1);
    let all = Some(("first".to_owned(), n as i64 + 2));
    assert_eq!(town.household(record), all);
    a.sync();
    assert_eq!(town.household(record), all);
    assert_eq!(a.client.status().pending, 0);
}

#[test]
fn a_phone_carries_no_more_than_it_may() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    a.visit(record);
    for n in 0..=MAX_CARRIED_BUNDLES {
        let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
        let taken = b.client.carry_import(&bundle.bytes);
        if n < MAX_CARRIED_BUNDLES {
            assert_eq!(taken, Ok(CarryImport::Relay { id: bundle.id }));
        } else {
            assert_eq!(code(taken), "carry_full");
        }
    }
    // A few at each sync, so that the phone's own edits find room beside them.
    let (mut carried, mut syncs) = (0, 0);
    while carried < MAX_CARRIED_BUNDLES as u64 {
        let report = b.sync();
        carried += report.carried;
        syncs += 1;
        assert_eq!(report.more, carried < MAX_CARRIED_BUNDLES as u64);
        assert!(syncs < 10);
    }
    assert!(syncs > 1);
    assert_eq!(town.household(record), Some(("first".to_owned(), 1)));
    assert!(b.client.carry_held().is_empty());
    a.sync();
    assert_eq!(town.household(record), Some(("first".to_owned(), 1)));
}

#[test]
fn a_wiped_phone_has_nothing_left_to_carry() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    a.visit(record);
    let bundle = a.client.carry_export(&CarryTo::Server).unwrap();
    b.client.carry_import(&bundle.bytes).unwrap();
    town.revoke(b.device(), DeviceAccess::Wiped);
    let synced = b.client.sync(&b.line, &SyncOptions::default());
    assert_eq!(synced, Err(ClientError::Revoked));
    assert!(b.client.carry_held().is_empty());
    assert_eq!(town.household(record), Some(("first".to_owned(), 0)));
    // An still has it.
    assert_eq!(a.sync().admitted, 1);
}

/// A line on which carrying fails in one way, and all else goes well.
struct Trouble<'a> {
    line: &'a Line,
    with: Option<u16>,
}

impl Transport for Trouble<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.path != "/v1/carry" {
            return self.line.call(request);
        }
        match self.with {
            Some(status) => Ok(HttpResponse {
                status,
                headers: Vec::new(),
                body: b"<html>".to_vec(),
            }),
            None => Err(TransportError {
                kind: TransportErrorKind::Unreachable,
            }),
        }
    }
}

#[test]
fn carrying_that_fails_keeps_nothing_of_ones_own_waiting() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    a.visit(record);
    let bundle = a
        .client
        .carry_export(&CarryTo::Colleague(town.people[BO]))
        .unwrap();
    b.client.carry_import(&bundle.bytes).unwrap();
    // Unreachable, an older server without the path, a proxy's page, a busy server, a cut receipt.
    let ways = [None, Some(404), Some(502), Some(503), Some(400), Some(200)];
    for (n, with) in (1..).zip(ways) {
        b.visit(record);
        let trouble = Trouble {
            line: &b.line,
            with,
        };
        let report = b.client.sync(&trouble, &SyncOptions::default()).unwrap();
        assert_eq!((report.carried, report.admitted), (0, 1), "{with:?}");
        assert_eq!(town.household(record), Some(("first".to_owned(), n)));
        let held = b.client.carry_held();
        assert_eq!((held.len(), &held[0].refused), (1, &None), "{with:?}");
    }
    // A sync that may cost little leaves it for later.
    let frugal = SyncOptions {
        budget_bytes: 100,
        ..SyncOptions::default()
    };
    assert_eq!(b.client.sync(&b.line, &frugal).unwrap().carried, 0);
    assert_eq!(b.sync().carried, 1);
    assert_eq!(
        town.household(record),
        Some(("first".to_owned(), ways.len() as i64 + 1))
    );
}

#[test]
fn what_a_restored_server_lacks_is_handed_out_again() {
    let town = Town::new();
    let (a, b, record) = town.pair();
    a.visit(record);
    a.visit(record);
    let first = a.client.carry_export(&CarryTo::Server).unwrap();
    assert_eq!(first.entries, 2);
    let taken = town.node.carry(&first.bytes).unwrap().receipt;
    a.client.carry_import(&taken.encode()).unwrap();
    a.visit(record);
    let second = a.client.carry_export(&CarryTo::Server).unwrap();
    assert_eq!(second.entries, 1);
    // Restored from before the first bundle, the server would find a hole before the second.
    let lacking = CarryReceipt {
        id: second.id,
        logs: Vec::new(),
        problems: vec![ProblemNotice {
            stream: taken.logs[0].stream.clone(),
            incarnation: taken.logs[0].incarnation,
            problem: LogProblem::Gap {
                expected: taken.logs[0].seq - 1,
            },
        }],
        ..taken
    };
    let signed = {
        let said = lacking.encode();
        let content = &said[CARRY_MAGIC.len() + 2..said.len() - 64];
        let statement = [b"gridfold carry receipt v1\0", content].concat();
        CarryReceipt {
            signature: Signature(town.node.auth.server_key.sign(&statement)),
            ..lacking
        }
    };
    assert!(signed.verify(&a.client.identity().unwrap().server_key));
    a.client.carry_import(&signed.encode()).unwrap();
    assert_eq!(a.states(record)[1..], vec![EntryState::Pending; 3]);
    let again = a.client.carry_export(&CarryTo::Server).unwrap();
    assert_eq!(again.entries, 3);
    b.client.carry_import(&again.bytes).unwrap();
    assert_eq!(b.sync().carried, 1);
    assert_eq!(town.household(record), Some(("first".to_owned(), 3)));
    a.sync();
    assert_eq!(town.household(record), Some(("first".to_owned(), 3)));
}
