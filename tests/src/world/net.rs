//! The network between phones and the server: loses, repeats, delays and cuts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use gridfold_client::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};
use gridfold_server::node::Node;
use gridfold_server::sync::SyncError;
use gridfold_sync_core::codec::{array_from_hex, to_hex};
use gridfold_sync_core::directory::{Device, DeviceState, DirectoryChange};
use gridfold_sync_core::entry::{Author, PublicKey, Signature, enrolment_statement};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::place::Place;
use crate::powercut::SimSlots;

const NONCE: [u8; 4] = [1, 2, 3, 4];
/// Old requests kept to be sent again.
const KEPT: usize = 40;

struct Inner {
    rng: StdRng,
    /// Calls in a hundred that meet trouble.
    trouble: u32,
    codes: BTreeMap<String, UserId>,
    old: Vec<(Author, Vec<u8>)>,
    devices: BTreeMap<DeviceId, Device>,
    /// Copies a store at the next call, as a crash in the middle of it would leave the disk.
    snapshot: Option<(Place, PathBuf)>,
    /// The files of a phone that is in a sync: once they were cut off it makes no call any more.
    mortal: Option<SimSlots>,
    calls: u64,
    troubles: u64,
    trace: bool,
}

/// The way to the server.
pub(super) struct Net {
    node: Mutex<Option<Arc<Node>>>,
    inner: Mutex<Inner>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    LoseRequest,
    LoseReply,
    Twice,
    OldFirst,
    CutRequest,
    CutReply,
    Busy,
}

fn answer(status: u16, kind: &str, body: Vec<u8>) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![("content-type".to_owned(), kind.to_owned())],
        body,
    }
}

fn problem(status: u16, code: &str) -> HttpResponse {
    let kind = format!("urn:gridfold:problem:{code}");
    let body = serde_json::json!({ "type": kind, "code": code });
    let body = serde_json::to_vec(&body).unwrap();
    answer(status, "application/problem+json", body)
}

impl Net {
    pub(super) fn new(seed: u64, trouble: u32, trace: bool) -> Arc<Self> {
        Arc::new(Self {
            node: Mutex::new(None),
            inner: Mutex::new(Inner {
                rng: StdRng::seed_from_u64(seed),
                trouble,
                codes: BTreeMap::new(),
                old: Vec::new(),
                devices: BTreeMap::new(),
                snapshot: None,
                mortal: None,
                calls: 0,
                troubles: 0,
                trace,
            }),
        })
    }
    pub(super) fn connect(&self, node: Option<Arc<Node>>) {
        *self.node.lock().unwrap() = node;
    }
    pub(super) fn heal(&self) {
        self.inner.lock().unwrap().trouble = 0;
    }
    pub(super) fn code_for(&self, user: UserId) -> String {
        let mut inner = self.inner.lock().unwrap();
        let code = format!("CODE{}", inner.codes.len());
        inner.codes.insert(code.clone(), user);
        code
    }
    pub(super) fn snapshot_next(&self, from: Place, to: PathBuf) {
        self.inner.lock().unwrap().snapshot = Some((from, to));
    }
    /// From now on, calls are of the phone with these files.
    pub(super) fn calls_are_of(&self, slots: Option<SimSlots>) {
        self.inner.lock().unwrap().mortal = slots;
    }
    /// Forgets a copy that no call asked for; tells whether there was one.
    pub(super) fn snapshot_missed(&self) -> bool {
        self.inner.lock().unwrap().snapshot.take().is_some()
    }
    pub(super) fn devices(&self) -> Vec<Device> {
        self.inner
            .lock()
            .unwrap()
            .devices
            .values()
            .cloned()
            .collect()
    }
    pub(super) fn device_changed(&self, device: Device) {
        let mut inner = self.inner.lock().unwrap();
        inner.devices.insert(device.id, device);
    }
    pub(super) fn counts(&self) -> (u64, u64) {
        let inner = self.inner.lock().unwrap();
        (inner.calls, inner.troubles)
    }
    /// A request that the server has seen, as somebody else's device may try to use it.
    pub(super) fn seen(&self, rng: &mut StdRng) -> Option<Vec<u8>> {
        let inner = self.inner.lock().unwrap();
        if inner.old.is_empty() {
            return None;
        }
        Some(inner.old[rng.random_range(0..inner.old.len())].1.clone())
    }

    fn enrol(&self, node: &Node, path: &str, body: &[u8]) -> HttpResponse {
        let json: serde_json::Value = serde_json::from_slice(body).unwrap();
        let text = |key: &str| json[key].as_str().unwrap().to_owned();
        let code = text("code");
        let user = self.inner.lock().unwrap().codes.get(&code).copied();
        let Some(user) = user else {
            return problem(400, "enrolment_code_unknown");
        };
        if path.ends_with("begin") {
            let body = serde_json::json!({ "nonce": to_hex(&NONCE) });
            return answer(200, "application/json", serde_json::to_vec(&body).unwrap());
        }
        let key = PublicKey::from_hex(&text("public_key")).unwrap();
        let signature = Signature(array_from_hex(&text("signature")).unwrap());
        assert!(key.verify(&enrolment_statement(&code, &NONCE, &key), &signature));
        let now = node.clock.now();
        let id = DeviceId::from_parts(now, self.inner.lock().unwrap().rng.random());
        let device = Device {
            id,
            user,
            public_key: to_hex(&key.0),
            state: DeviceState::Active,
            enrolled: now,
        };
        self.device_changed(device.clone());
        node.directory
            .change(vec![DirectoryChange::Device { device }])
            .unwrap();
        let scope = node.directory.current().scope(user, now);
        let body = serde_json::json!({
            "device_id": id, "user_id": user, "user_name": "someone",
            "server_public_key": to_hex(&node.server_public_key().0),
            "access_token": id.to_string(), "refresh_token": id.to_string(),
            "access_expires_in_s": 600, "directory": scope,
        });
        answer(200, "application/json", serde_json::to_vec(&body).unwrap())
    }

    fn author(node: &Node, request: &HttpRequest) -> Result<Author, HttpResponse> {
        let token = request
            .headers
            .iter()
            .find(|(name, _)| name == "authorization")
            .and_then(|(_, v)| v.strip_prefix("Bearer "));
        let device = token.and_then(|t| DeviceId::parse(t).ok());
        let directory = node.directory.current();
        match device.and_then(|d| directory.device(&d)) {
            None => Err(problem(401, "unauthorized")),
            Some(d) if d.state == DeviceState::Revoked => Err(problem(403, "device_revoked")),
            Some(d) => Ok(Author {
                device: d.id,
                user: d.user,
            }),
        }
    }

    fn serve(&self, node: &Node, request: &HttpRequest) -> HttpResponse {
        match request.path.as_str() {
            "/v1/enrol/begin" | "/v1/enrol/finish" => {
                return self.enrol(node, &request.path, &request.body);
            }
            "/v1/sync" => {}
            path => panic!("nobody serves {path}"),
        }
        let author = match Self::author(node, request) {
            Ok(author) => author,
            Err(response) => return response,
        };
        {
            let mut inner = self.inner.lock().unwrap();
            inner.old.push((author, request.body.clone()));
            if inner.old.len() > KEPT {
                inner.old.remove(0);
            }
        }
        if self.inner.lock().unwrap().trace
            && let Ok(sent) = SyncRequest::decode(&request.body)
        {
            let logs: Vec<_> = sent
                .logs
                .iter()
                .map(|l| {
                    let seqs: Vec<_> = l.entries.iter().map(|e| e.header.seq).collect();
                    format!("{} {} {seqs:?}", l.stream.name(), l.incarnation)
                })
                .collect();
            let runs: Vec<_> = sent
                .recover
                .iter()
                .map(|r| format!("{} {}+{}", r.stream.name(), r.after, r.items.len()))
                .collect();
            eprintln!(
                "    sent: epoch {} {logs:?} recover {runs:?}",
                sent.epoch % 1000
            );
        }
        match node.sync(author, &request.body) {
            Ok(exchange) => {
                if self.inner.lock().unwrap().trace
                    && let Ok(sent) = SyncRequest::decode(&request.body)
                    && let Ok(said) = SyncResponse::decode(&exchange.body, &sent, author)
                {
                    let pages: Vec<_> = said
                        .pages
                        .iter()
                        .map(|p| format!("{} {}+{}", p.stream.name(), p.after, p.items.len()))
                        .collect();
                    let (problems, resets) = (&said.problems, &said.resets);
                    let resets: Vec<_> = resets.iter().map(|r| (r.stream.name(), r.seq)).collect();
                    let told = &said.directives;
                    eprintln!("    said: {problems:?} resets {resets:?} pages {pages:?} {told:?}");
                }
                answer(200, "application/vnd.gridfold.sync", exchange.body)
            }
            Err(SyncError::Malformed(_)) => problem(400, "malformed"),
            Err(SyncError::UnknownDevice) => problem(403, "device_revoked"),
            Err(SyncError::Write(error)) => {
                if self.inner.lock().unwrap().trace {
                    eprintln!("    server: {error}: {error:?}");
                }
                problem(503, "unavailable")
            }
            // A store that fails: nothing of the exchange counts.
            Err(error @ (SyncError::Keys(_) | SyncError::Directory(_))) => {
                if self.inner.lock().unwrap().trace {
                    eprintln!("    server: {error}: {error:?}");
                }
                problem(503, "unavailable")
            }
            Err(other) => panic!("the server failed: {other}"),
        }
    }
}

impl Transport for Net {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let err = |kind| Err(TransportError { kind });
        let Some(node) = self.node.lock().unwrap().clone() else {
            return err(TransportErrorKind::Unreachable);
        };
        let (trouble, at, old) = {
            let mut inner = self.inner.lock().unwrap();
            if inner.mortal.as_ref().is_some_and(SimSlots::is_cut) {
                return err(TransportErrorKind::Unreachable);
            }
            inner.calls += 1;
            if let Some((from, to)) = inner.snapshot.take() {
                from.copy(&to);
            }
            let trouble =
                if inner.rng.random_range(0..100) >= inner.trouble || request.path != "/v1/sync" {
                    Trouble::None
                } else {
                    inner.troubles += 1;
                    match inner.rng.random_range(0..7) {
                        0 => Trouble::LoseRequest,
                        1 => Trouble::LoseReply,
                        2 => Trouble::Twice,
                        3 => Trouble::OldFirst,
                        4 => Trouble::CutRequest,
                        5 => Trouble::CutReply,
                        _ => Trouble::Busy,
                    }
                };
            let at: u64 = inner.rng.random();
            let old = match trouble {
                Trouble::OldFirst if !inner.old.is_empty() => {
                    Some(inner.old[at as usize % inner.old.len()].clone())
                }
                _ => None,
            };
            if inner.trace && trouble != Trouble::None {
                eprintln!("    network: {trouble:?}");
            }
            (trouble, at, old)
        };
        let cut = |body: &[u8]| body[..at as usize % body.len().max(1)].to_vec();
        match trouble {
            Trouble::LoseRequest => return err(TransportErrorKind::Unreachable),
            Trouble::Busy => return Ok(problem(503, "busy")),
            Trouble::CutRequest => {
                let body = cut(&request.body);
                let _ = self.serve(&node, &HttpRequest { body, ..request });
                return err(TransportErrorKind::Interrupted);
            }
            Trouble::OldFirst => {
                if let Some((author, body)) = old {
                    // An old request arrives late; nobody waits for its answer any more.
                    let _ = node.sync(author, &body);
                }
            }
            Trouble::Twice => {
                let _ = self.serve(&node, &request);
            }
            Trouble::None | Trouble::LoseReply | Trouble::CutReply => {}
        }
        let mut response = self.serve(&node, &request);
        match trouble {
            Trouble::LoseReply => err(TransportErrorKind::Timeout),
            Trouble::CutReply if response.status == 200 => {
                response.body = cut(&response.body);
                Ok(response)
            }
            _ => Ok(response),
        }
    }
}
