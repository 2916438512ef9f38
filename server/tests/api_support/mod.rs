//! A server on a socket of its own, and clients typed by who is calling.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod carry;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::node::Node;
use gridfold_server::routes::Api;
use gridfold_server::serve::Server;
use gridfold_server::trouble::StoreFaults;
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::directory::{Area, DirectoryChange};
use gridfold_sync_core::edit::{Op, Value as Field};
use gridfold_sync_core::entry::{
    Entry, PublicKey, SignKey, Target, enrolment_statement, head_statement, next_link,
};
use gridfold_sync_core::ids::{
    AreaCode, FieldKey, FormCode, Hash, IncarnationId, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::SyncRequest;
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp(1_781_330_000_000);
pub(crate) const PASSWORD: &str = "lantern orchard 47 velvet";

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) node: Arc<Node>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) base: String,
    pub(crate) address: SocketAddr,
    pub(crate) server: Option<Server>,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) codes: Arc<Mutex<BTreeSet<String>>>,
}

pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.limits.address_requests_per_minute = 10_000;
    config.limits.device_requests_per_minute = 10_000;
    config.log.min_free_mib = 16;
    config
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(config(), Router::new())
    }

    pub(crate) fn with(config: Config, more: Router<Api>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW));
        let node = Node::init(
            dir.path(),
            config,
            Arc::clone(&clock) as Arc<dyn Clock>,
            "admin",
            &Password::new(PASSWORD),
        )
        .unwrap();
        Self::of(dir, clock, node, more)
    }

    pub(crate) fn of(
        dir: tempfile::TempDir,
        clock: Arc<ManualClock>,
        node: Arc<Node>,
        more: Router<Api>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime
            .block_on(Server::start_with(Arc::clone(&node), any, more))
            .unwrap();
        let address = server.address;
        Self {
            dir,
            node,
            clock,
            base: format!("http://{address}"),
            address,
            server: Some(server),
            runtime,
            codes: Arc::default(),
        }
    }

    /// Stops the server and opens the same data with another configuration.
    pub(crate) fn reopen(self, config: Config) -> Self {
        self.reopen_failing(config, None)
    }

    /// The same with stores whose writes fail.
    pub(crate) fn reopen_failing(self, config: Config, faults: Option<StoreFaults>) -> Self {
        self.reopen_after(config, faults, |_| ())
    }

    /// The same with a directory that lacks a change, of which there is no copy either.
    pub(crate) fn reopen_lacking_a_change(self, config: Config) -> Self {
        let segment = self.dir.path().join(SEGMENT);
        let len = || segment.metadata().unwrap().len();
        let area = |code: &str| Area {
            code: AreaCode::new(code).unwrap(),
            parent: None,
            name: "an area".into(),
            level: "city".into(),
        };
        let change = |code: &str| {
            let areas = vec![area(code)];
            let change = DirectoryChange::Areas { areas };
            self.node.directory.change(vec![change]).unwrap();
        };
        let from = len();
        change("lost");
        let to = len();
        change("kept");
        self.reopen_after(config, None, move |node| {
            node.auth.directory_copy.end_at(0).unwrap();
            spoil(&segment, from..to);
        })
    }

    fn reopen_after(
        mut self,
        config: Config,
        faults: Option<StoreFaults>,
        between: impl FnOnce(&Node),
    ) -> Self {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.stop());
        between(&self.node);
        let Self {
            dir,
            clock,
            node,
            runtime,
            codes,
            ..
        } = self;
        runtime.shutdown_background();
        drop(node);
        let node = loop {
            // Blocking work under way may hold the node a moment longer.
            match Node::open_failing(
                dir.path(),
                config.clone(),
                Arc::clone(&clock) as Arc<dyn Clock>,
                None,
                faults.clone(),
            ) {
                Ok(node) => break node,
                Err(gridfold_server::node::NodeError::Locked(_)) => std::thread::yield_now(),
                Err(other) => panic!("{other}"),
            }
        };
        let mut world = Self::of(dir, clock, node, Router::new());
        world.codes = codes;
        world
    }

    pub(crate) fn anonymous(&self) -> Client {
        Client {
            base: self.base.clone(),
            token: None,
            headers: Vec::new(),
            codes: Arc::clone(&self.codes),
        }
    }

    pub(crate) fn sign_in(&self, login: &str) -> Client {
        let session = self
            .anonymous()
            .post(
                "/v1/sign-in",
                &json!({ "login": login, "password": PASSWORD }),
            )
            .ok();
        self.anonymous().with(&session)
    }

    /// A page of the dashboard: signed in by cookie, and sending what a browser and the page send.
    pub(crate) fn page(&self, login: &str) -> Client {
        let given = json!({ "login": login, "password": PASSWORD });
        let reply = self.anonymous().post("/v1/session", &given);
        self.anonymous().with_cookie(&reply, &self.base)
    }

    pub(crate) fn admin(&self) -> Client {
        self.sign_in("admin")
    }

    /// Two streets with two grids each.
    pub(crate) fn areas(&self, admin: &Client) {
        for (code, parent, level) in [
            ("c", None, "city"),
            ("c-a", Some("c"), "street"),
            ("c-b", Some("c"), "street"),
            ("c-a-1", Some("c-a"), "grid"),
            ("c-a-2", Some("c-a"), "grid"),
            ("c-b-1", Some("c-b"), "grid"),
        ] {
            admin
                .put(
                    &format!("/v1/areas/{code}"),
                    &json!({ "parent": parent, "name": code, "level": level }),
                )
                .ok();
        }
    }

    /// A user with an account and one grant.
    pub(crate) fn person(
        &self,
        admin: &Client,
        login: &str,
        role: &str,
        area: &str,
    ) -> (String, Client) {
        let user = admin
            .post(
                "/v1/users",
                &json!({ "name": login, "login": login, "password": PASSWORD }),
            )
            .ok();
        let id = user["user_id"].as_str().unwrap().to_owned();
        admin
            .post(
                "/v1/grants",
                &json!({ "user_id": id, "role": role, "area": area }),
            )
            .ok();
        (id, self.sign_in(login))
    }

    /// Invites and enrols a phone.
    pub(crate) fn phone(&self, admin: &Client, user: &str, seed: u8) -> Reply {
        let invitation = admin
            .post("/v1/devices/invite", &json!({ "user_id": user }))
            .ok();
        self.enrol(invitation["code"].as_str().unwrap(), seed)
    }

    pub(crate) fn enrol(&self, code: &str, seed: u8) -> Reply {
        let key = SignKey::from_seed(&[seed; 32]);
        let begun = self
            .anonymous()
            .post("/v1/enrol/begin", &json!({ "code": code }));
        if begun.status != 200 {
            return begun;
        }
        let nonce = begun.ok()["nonce"].as_str().unwrap().to_owned();
        let normal: String = code.chars().filter(|c| *c != '-').collect();
        let PublicKey(public) = key.public();
        let statement = enrolment_statement(&normal, &unhex(&nonce), &key.public());
        self.anonymous().post(
            "/v1/enrol/finish",
            &json!({
                "code": code, "nonce": nonce, "public_key": hex(&public),
                "signature": hex(&key.sign(&statement).0), "label": "a phone",
            }),
        )
    }
}

/// The first segment of a log, in a data directory.
pub(crate) const SEGMENT: &str = "log/segments/00000001.segment";

/// Flips bits of a part of a file, more than parity mends.
pub(crate) fn spoil(file: &Path, part: Range<u64>) {
    let file = std::fs::File::options().read(true).write(true).open(file);
    let file = file.unwrap();
    let mut bytes = vec![0; (part.end - part.start) as usize];
    file.read_exact_at(&mut bytes, part.start).unwrap();
    bytes.iter_mut().step_by(3).for_each(|byte| *byte ^= 0x10);
    file.write_all_at(&bytes, part.start).unwrap();
}

/// A matter that a phone of this seed made at `claimed` in a grid, as it is pushed.
pub(crate) fn matter_log(seed: u8, grid: &str, record: RecordId, claimed: Timestamp) -> PushedLog {
    let value = Field::Text("路灯".to_owned());
    matter_log_of(seed, grid, record, claimed, vec![set("kind", value)])
}

/// An operation that sets a field.
pub(crate) fn set(field: &str, value: Field) -> Op {
    Op::Set {
        field: FieldKey::new(field).unwrap(),
        value,
    }
}

/// The same with these operations.
pub(crate) fn matter_log_of(
    seed: u8,
    grid: &str,
    record: RecordId,
    claimed: Timestamp,
    ops: Vec<Op>,
) -> PushedLog {
    let key = SignKey::from_seed(&[seed; 32]);
    let stream = StreamId::new(AreaCode::new(grid).unwrap(), SensitivityClass::General);
    let incarnation = IncarnationId::from_parts(claimed, [seed; 10]);
    let target = Target::New {
        record,
        form: FormCode::new("matter").unwrap(),
    };
    let entry = Entry::new(incarnation, 1, target, 1, claimed, ops);
    let link = next_link(&Hash::default(), &entry.hash(&stream));
    let signature = key.sign(&head_statement(&stream, incarnation, 1, &link));
    PushedLog {
        erased: Vec::new(),
        stream,
        incarnation,
        entries: vec![entry],
        signature,
    }
}

/// The sync with which a phone brings a matter that it made at `claimed` in the grid `c-a-1`, and the record.
pub(crate) fn matter_request(seed: u8, claimed: Timestamp) -> (SyncRequest, RecordId) {
    let record = RecordId::from_parts(claimed, [seed; 10]);
    let request = SyncRequest {
        logs: vec![matter_log(seed, "c-a-1", record, claimed)],
        ..SyncRequest::default()
    };
    (request, record)
}

/// A phone's sync, which is answered.
pub(crate) fn bring(phone: &Client, request: &SyncRequest) {
    let kind = "application/vnd.gridfold.sync";
    let reply = phone.send("POST", "/v1/sync", kind, &request.encode());
    assert_eq!(reply.status, 200);
}

/// A matter that a phone made at `claimed` in the grid `c-a-1`, and brings now.
pub(crate) fn push_matter(phone: &Client, seed: u8, claimed: Timestamp) -> String {
    let (request, record) = matter_request(seed, claimed);
    bring(phone, &request);
    record.to_string()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    pub(crate) token: Option<String>,
    /// Headers of every request, as a browser has them.
    pub(crate) headers: Vec<(&'static str, String)>,
    codes: Arc<Mutex<BTreeSet<String>>>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            String::from_utf8_lossy(&self.bytes)
        );
        self.json()
    }
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        body
    }
}

impl Client {
    pub(crate) fn with(&self, session: &Value) -> Self {
        Self {
            token: session["access_token"].as_str().map(str::to_owned),
            ..self.clone()
        }
    }

    /// With the cookie that was set, as a page of this origin.
    pub(crate) fn with_cookie(&self, reply: &Reply, origin: &str) -> Self {
        let csrf = reply.ok()["csrf_token"].as_str().unwrap().to_owned();
        let set = reply.headers["set-cookie"].to_str().unwrap();
        Self {
            token: None,
            headers: vec![
                ("cookie", set.split(';').next().unwrap().to_owned()),
                ("origin", origin.to_owned()),
                ("x-csrf-token", csrf),
            ],
            ..self.clone()
        }
    }

    /// The same at another server.
    pub(crate) fn at(&self, base: &str) -> Self {
        let moved = Self {
            base: base.to_owned(),
            ..self.clone()
        };
        moved.header("origin", base)
    }

    /// The same with one header replaced, or left out when the value is empty.
    pub(crate) fn header(&self, name: &'static str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.headers.retain(|(n, _)| *n != name);
        if !value.is_empty() {
            changed.headers.push((name, value.to_owned()));
        }
        changed
    }

    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if self
            .headers
            .iter()
            .all(|(name, _)| *name != "accept-language")
        {
            request = request.header("accept-language", "en");
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(body.to_vec()).unwrap();
        let mut response = agent.run(request).unwrap();
        let reply = Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response
                .body_mut()
                .with_config()
                .limit(64 << 20)
                .read_to_vec()
                .unwrap(),
        };
        if reply.status >= 400 {
            assert_eq!(
                reply.headers["content-type"], "application/problem+json",
                "{method} {path}"
            );
            let body = reply.json();
            assert_eq!(body["status"], reply.status);
            assert_eq!(
                body["instance"],
                reply.headers["x-request-id"].to_str().unwrap()
            );
            assert_ne!(
                body["title"], body["code"],
                "the catalogue has a text for {}",
                body["code"]
            );
            self.codes
                .lock()
                .unwrap()
                .insert(body["code"].as_str().unwrap().to_owned());
        }
        reply
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", b"")
    }
    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, "", b"")
    }
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(
            "POST",
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
    }
    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, "application/json", body.to_string().as_bytes())
    }
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send(
            "PATCH",
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
    }
}
