//! A real server over HTTP, with real phones: what the tests that go through both share.
#![allow(dead_code, reason = "each test uses a part")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use gridfold_client::{
    Client, Folder, HttpRequest, HttpResponse, OpenOptions, SyncOptions, SyncReport,
    SystemPlatform, Transport, TransportError, UreqTransport,
};
use gridfold_server::auth::{Actor, Password};
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::log::LogOptions;
use gridfold_server::node::Node;
use gridfold_server::serve::Server;
use gridfold_sync_core::directory::{Area, DirectoryChange, Erasure, Grant, User};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, FieldKey, FormCode, GrantId, RecordId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{ErasureNews, PhoneReport, SyncRequest, SyncResponse};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp(1_781_330_000_000);
pub(crate) const PASSWORD: &str = "lantern orchard 47 velvet";
const SETTINGS: &str = "[limits]\ndevice_requests_per_minute = 10000\n\
                        address_requests_per_minute = 10000\n[log]\nmin_free_mib = 16\n";

pub(crate) struct Town {
    pub(crate) node: Arc<Node>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) url: String,
    runtime: tokio::runtime::Runtime,
    server: Option<Server>,
}

fn config() -> Config {
    Config::parse(SETTINGS, std::iter::empty()).unwrap()
}

pub(crate) fn area(code: &str) -> AreaCode {
    AreaCode::new(code).unwrap()
}

impl Town {
    /// Two grids; nobody but the administrator.
    pub(crate) fn new(dir: &Path) -> Self {
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

    pub(crate) fn person(&self, n: u8, role: Role, grid: &str) -> UserId {
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

    pub(crate) fn end_grant(&self, n: u8, role: Role, grid: &str, user: UserId) {
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

    pub(crate) fn phone(&self, dir: &Path, user: UserId) -> Client {
        let client = Client::create(OpenOptions {
            disk: Folder::at(dir),
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

    pub(crate) fn sync(&self, phone: &Client) -> SyncReport {
        let transport = UreqTransport::new(&self.url);
        phone.sync(&transport, &SyncOptions::default()).unwrap()
    }

    pub(crate) fn later(&self) -> Timestamp {
        let at = self.clock.now().plus_millis(60_000);
        self.clock.set(at);
        at
    }

    pub(crate) fn call(
        &self,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}{path}", self.url);
        let bearer = token.map(|t| format!("Bearer {t}")).unwrap_or_default();
        let mut response = match body {
            Some(body) => agent
                .post(url)
                .header("authorization", bearer)
                .send_json(body)
                .unwrap(),
            None => agent
                .get(url)
                .header("authorization", bearer)
                .call()
                .unwrap(),
        };
        let json = response.body_mut().read_json().unwrap_or_default();
        (response.status().as_u16(), json)
    }

    /// An access token of somebody who signs in.
    pub(crate) fn token(&self, login: &str) -> String {
        let body = json!({ "login": login, "password": PASSWORD });
        let (status, session) = self.call("/v1/sign-in", None, Some(&body));
        assert_eq!(status, 200, "{session}");
        session["access_token"].as_str().unwrap().to_owned()
    }

    /// Opens a record as somebody who signed in; gives the status.
    pub(crate) fn open(&self, login: &str, record: RecordId) -> u16 {
        let token = self.token(login);
        self.call(&format!("/v1/records/{record}"), Some(&token), None)
            .0
    }

    /// What a phone of this user would be told after a revision.
    pub(crate) fn told(&self, author: Author, seen: u64) -> SyncResponse {
        let request = SyncRequest {
            epoch: self.node.log.epoch(),
            seen: Some(seen),
            ..SyncRequest::default()
        };
        let done = self.node.sync(author, &request.encode()).unwrap();
        SyncResponse::decode(&done.body, &request, author).unwrap()
    }

    /// The erasures that a phone of this user would be told after a revision.
    pub(crate) fn erasures_told(&self, author: Author, known: u64) -> Option<ErasureNews> {
        let request = SyncRequest {
            epoch: self.node.log.epoch(),
            seen: Some(0),
            report: Some(PhoneReport {
                erasures: known,
                ..PhoneReport::default()
            }),
            ..SyncRequest::default()
        };
        let done = self.node.sync(author, &request.encode()).unwrap();
        SyncResponse::decode(&done.body, &request, author)
            .unwrap()
            .erasures
    }

    /// An exchange of a phone that says nothing but what its clock shows.
    pub(crate) fn report(&self, author: Author, clock_ms: i64) {
        let request = SyncRequest {
            epoch: self.node.log.epoch(),
            seen: Some(0),
            report: Some(PhoneReport {
                clock: Timestamp(clock_ms),
                ..PhoneReport::default()
            }),
            ..SyncRequest::default()
        };
        self.node.sync(author, &request.encode()).unwrap();
    }

    /// Has the directory say that a record of a grid was erased.
    pub(crate) fn note_erasure(&self, n: u64, grid: &str) {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&n.to_be_bytes());
        let change = DirectoryChange::RecordErased {
            record: RecordId::from_parts(NOW, random),
            erasure: Some(Erasure {
                grid: area(grid),
                by: UserId::from_parts(NOW, [9; 10]),
                at: self.clock.now(),
                reason: "asked for".to_owned(),
                again: None,
            }),
        };
        self.node.directory.change(vec![change]).unwrap();
    }

    pub(crate) fn restored(&self, home: &Path, file: &Path) -> Self {
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

pub(crate) fn author_of(phone: &Client) -> Author {
    let identity = phone.identity().unwrap();
    Author {
        device: identity.device,
        user: identity.user,
    }
}

pub(crate) fn note(text: &str) -> Vec<Op> {
    vec![Op::Splice {
        field: FieldKey::new("notes").unwrap(),
        at: 0,
        delete: 0,
        insert: text.to_owned(),
    }]
}

pub(crate) fn visit(phone: &Client, grid: &str) -> RecordId {
    let form = FormCode::new("visit").unwrap();
    phone
        .create_record(&area(grid), &form, note("慰问"))
        .unwrap()
}

/// A server of before: what it does not know it calls malformed.
pub(crate) struct Older<'a>(pub(crate) &'a UreqTransport);

impl Transport for Older<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.path == "/v1/sync" && request.body.first() != Some(&1) {
            return Ok(HttpResponse {
                status: 400,
                headers: vec![(
                    "content-type".to_owned(),
                    "application/problem+json".to_owned(),
                )],
                body: br#"{"type":"urn:gridfold:problem:bad_request","code":"bad_request"}"#
                    .to_vec(),
            });
        }
        self.0.call(request)
    }
}
