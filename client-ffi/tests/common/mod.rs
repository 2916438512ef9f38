//! A server in memory for tests: admission of the core over maps, with faults to order.

#![allow(dead_code, reason = "each test file uses another part of it")]
#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]
#![allow(unreachable_pub, reason = "a module that several test files share")]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use gridfold_client::{
    Client, Folder, HttpRequest, HttpResponse, OpenOptions, Platform, SyncOptions, SyncReport,
    Transport, TransportError, TransportErrorKind,
};
use gridfold_sync_core::admission::{Decision, EntryFact, Facts, LogHead, RecordFact, admit};
use gridfold_sync_core::directory::{
    Area, Catalogue, Directory, DirectoryChange, DirectoryScope, Grant, Standing, User,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{
    Author, Entry, Item, PublicKey, Receipt, ReceiptStream, SignKey, enrolment_statement,
    next_link, next_prefix, wipe_statement,
};
use gridfold_sync_core::ids::*;
use gridfold_sync_core::merge::{fold, newest_of, state_at};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView};
use gridfold_sync_core::wire::{
    Directive, ProblemNotice, StreamPage, StreamReset, SyncRequest, SyncResponse,
};
use parking_lot::Mutex;

/// A clock and randomness that repeat.
#[derive(Debug)]
pub struct TestPlatform {
    now: AtomicI64,
    random: AtomicU64,
}

impl TestPlatform {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(1_781_300_000_000),
            random: AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
        })
    }
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Platform for TestPlatform {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.fetch_add(1, Ordering::Relaxed))
    }
    fn random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut x = self
                .random
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Log {
    pub items: Vec<Item>,
    pub prefixes: Vec<Hash>,
}

#[derive(Debug, Clone, Default)]
pub struct World {
    pub epoch: u64,
    pub logs: BTreeMap<StreamId, Log>,
    entries: BTreeMap<(StreamId, EntryRef), (Entry, EntryFact)>,
    heads: BTreeMap<(StreamId, IncarnationId), LogHead>,
    owners: BTreeMap<IncarnationId, DeviceId>,
    records: BTreeMap<RecordId, (AreaCode, FormCode)>,
    erased: BTreeSet<RecordId>,
    pub parts: BTreeMap<(RecordId, StreamId), PartState>,
}

struct Inner {
    world: World,
    directory: Directory,
    devices: BTreeMap<DeviceId, (UserId, PublicKey)>,
    codes: BTreeMap<String, UserId>,
    now: Timestamp,
    next: u64,
    page_items: usize,
    erase: BTreeSet<(DeviceId, StreamId)>,
    wipe: BTreeSet<DeviceId>,
    revoked: BTreeSet<DeviceId>,
    expired: BTreeSet<DeviceId>,
    signed_out: BTreeSet<DeviceId>,
    requests: Vec<SyncRequest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    LoseReply,
    LoseRequest,
    Cut(usize),
    Status(u16),
}

pub struct FakeServer {
    inner: Mutex<Inner>,
    pub faults: Mutex<Vec<Fault>>,
    /// Where phones said that they had wiped themselves.
    pub receipts: Mutex<Vec<String>>,
    key: SignKey,
}

struct View<'a>(&'a mut World, &'a Directory);

impl View<'_> {
    fn entries_of(&self, stream: &StreamId, record: &RecordId) -> Vec<Entry> {
        self.0
            .entries
            .iter()
            .filter(|((s, _), (_, f))| s == stream && f.record == Some(*record) && f.admitted)
            .map(|(_, (e, _))| e.clone())
            .collect()
    }
}

impl Facts for View<'_> {
    type Error = Infallible;
    fn is_grid(&mut self, area: &AreaCode) -> Result<bool, Infallible> {
        Ok(self.1.is_grid(area))
    }
    fn standing(
        &mut self,
        u: UserId,
        a: &AreaCode,
        now: Timestamp,
    ) -> Result<Standing, Infallible> {
        Ok(self.1.standing(u, a, now))
    }
    fn form(&mut self, code: &FormCode, version: u32) -> Result<Option<Arc<Form>>, Infallible> {
        Ok(self.1.forms().get(code, version).cloned())
    }
    fn has_form(&mut self, code: &FormCode) -> Result<bool, Infallible> {
        Ok(self.1.forms().has(code))
    }
    fn incarnation_owner(&mut self, i: IncarnationId) -> Result<Option<DeviceId>, Infallible> {
        Ok(self.0.owners.get(&i).copied())
    }
    fn log_head(&mut self, s: &StreamId, i: IncarnationId) -> Result<LogHead, Infallible> {
        Ok(self
            .0
            .heads
            .get(&(s.clone(), i))
            .copied()
            .unwrap_or_default())
    }
    fn entry(&mut self, s: &StreamId, id: &EntryRef) -> Result<Option<EntryFact>, Infallible> {
        Ok(self.0.entries.get(&(s.clone(), *id)).map(|(_, f)| *f))
    }
    fn record(&mut self, record: &RecordId) -> Result<RecordFact, Infallible> {
        if self.0.erased.contains(record) {
            return Ok(RecordFact::Erased);
        }
        Ok(match self.0.records.get(record) {
            Some((grid, form)) => RecordFact::Known {
                grid: grid.clone(),
                form: form.clone(),
            },
            None => RecordFact::Unknown,
        })
    }
    fn part(&mut self, s: &StreamId, r: &RecordId) -> Result<Option<PartState>, Infallible> {
        Ok(self.0.parts.get(&(*r, s.clone())).cloned())
    }
    fn newest_of(
        &mut self,
        s: &StreamId,
        r: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Vec<EntryRef>, Infallible> {
        Ok(newest_of(&self.entries_of(s, r), heads).unwrap())
    }
    fn part_at(
        &mut self,
        s: &StreamId,
        r: &RecordId,
        heads: &[EntryRef],
    ) -> Result<Option<PartState>, Infallible> {
        let form = self.0.parts[&(*r, s.clone())].form.clone();
        Ok(state_at(&form, &self.entries_of(s, r), heads).ok())
    }
    fn merge(&mut self, s: &StreamId, r: &RecordId, e: &Entry) -> Result<PartState, Infallible> {
        let form = self.0.parts[&(*r, s.clone())].form.clone();
        let mut all = self.entries_of(s, r);
        all.push(e.clone());
        Ok(fold(&form, &all).unwrap())
    }
    fn decided(&mut self, stream: &StreamId, d: &Decision) -> Result<(), Infallible> {
        let item = Item {
            id: d.entry.id(),
            author: d.author,
            received: d.received,
            verdict: d.verdict,
            entry_hash: d.hash,
            entry: Some(d.entry.clone()),
        };
        self.0
            .append(stream, item, d.record, d.form.clone(), d.state.clone());
        Ok(())
    }
}

impl World {
    fn append(
        &mut self,
        stream: &StreamId,
        item: Item,
        record: Option<RecordId>,
        form: Option<FormCode>,
        state: Option<PartState>,
    ) {
        let head = self
            .heads
            .entry((stream.clone(), item.id.incarnation))
            .or_default();
        *head = LogHead {
            seq: item.id.seq,
            link: next_link(&head.link, &item.entry_hash),
        };
        self.owners.insert(item.id.incarnation, item.author.device);
        let admitted = item.verdict.is_admitted();
        if let Some(entry) = &item.entry {
            let fact = EntryFact {
                hash: item.entry_hash,
                record,
                admitted,
            };
            self.entries
                .insert((stream.clone(), item.id), (entry.clone(), fact));
        }
        if let (true, Some(record), Some(form), Some(state)) = (admitted, record, form, state) {
            self.records
                .entry(record)
                .or_insert((stream.grid.clone(), form));
            self.parts.insert((record, stream.clone()), state);
        }
        let log = self.logs.entry(stream.clone()).or_default();
        let before = log.prefixes.last().copied().unwrap_or_default();
        log.prefixes.push(next_prefix(&before, &item.hash()));
        log.items.push(item);
    }
    pub fn prefix(&self, stream: &StreamId, seq: u64) -> Option<Hash> {
        if seq == 0 {
            return Some(Hash::default());
        }
        self.logs
            .get(stream)?
            .prefixes
            .get(seq as usize - 1)
            .copied()
    }
    fn recover(
        &mut self,
        directory: &Directory,
        stream: &StreamId,
        after: u64,
        items: &[Item],
        proof: Hash,
    ) {
        let Some(mut prefix) = self.prefix(stream, after) else {
            return;
        };
        for item in items {
            prefix = next_prefix(&prefix, &item.hash());
        }
        if prefix != proof {
            return;
        }
        for item in items {
            let head = self
                .heads
                .get(&(stream.clone(), item.id.incarnation))
                .map_or(0, |h| h.seq);
            if item.id.seq <= head {
                continue;
            }
            let record = item.entry.as_ref().and_then(|e| match &e.header.target {
                gridfold_sync_core::entry::Target::New { record, .. } => Some(*record),
                gridfold_sync_core::entry::Target::At(deps) => {
                    self.entries.get(&(stream.clone(), deps[0]))?.1.record
                }
            });
            let form = record
                .and_then(|r| self.records.get(&r).map(|(_, f)| f.clone()))
                .or_else(|| match &item.entry.as_ref()?.header.target {
                    gridfold_sync_core::entry::Target::New { form, .. } => Some(form.clone()),
                    _ => None,
                });
            let mut state = None;
            if let (Some(record), Some(form), Some(entry), true) =
                (record, &form, &item.entry, item.verdict.is_admitted())
            {
                let mut all = View(self, directory).entries_of(stream, &record);
                all.push(entry.clone());
                state = fold(form, &all).ok();
            }
            self.append(stream, item.clone(), record, form, state);
        }
    }
}

pub fn grid(n: u32) -> AreaCode {
    AreaCode::new(&format!("g{n}")).unwrap()
}

impl FakeServer {
    pub fn new() -> Arc<Self> {
        Self::with_forms(u32::MAX)
    }
    /// With the built-in forms up to a version, as an older server has them.
    pub fn with_forms(newest: u32) -> Arc<Self> {
        let mut directory = Directory::default();
        let area = |code: &str, parent: Option<&str>, level: &str| Area {
            code: AreaCode::new(code).unwrap(),
            parent: parent.map(|p| AreaCode::new(p).unwrap()),
            name: code.to_owned(),
            level: level.to_owned(),
        };
        directory.apply(DirectoryChange::Areas {
            areas: vec![
                area("c", None, "community"),
                area("g1", Some("c"), "grid"),
                area("g2", Some("c"), "grid"),
            ],
        });
        let forms = builtin_forms().unwrap();
        for form in forms.into_iter().filter(|f| f.version <= newest) {
            directory.apply(DirectoryChange::Form {
                form: Box::new(form),
            });
        }
        Arc::new(Self {
            inner: Mutex::new(Inner {
                world: World {
                    epoch: 7,
                    ..World::default()
                },
                directory,
                devices: BTreeMap::new(),
                codes: BTreeMap::new(),
                now: Timestamp(1_781_300_100_000),
                next: 1,
                page_items: 4_096,
                erase: BTreeSet::new(),
                wipe: BTreeSet::new(),
                revoked: BTreeSet::new(),
                expired: BTreeSet::new(),
                signed_out: BTreeSet::new(),
                requests: Vec::new(),
            }),
            faults: Mutex::new(Vec::new()),
            receipts: Mutex::default(),
            key: SignKey::from_seed(&[9; 32]),
        })
    }
    /// A new person with a grant for an area, and a code to enrol a phone with.
    pub fn hire(&self, name: &str, area: &str) -> String {
        self.hire_as(name, area, Role::Worker)
    }
    /// Likewise, with another role.
    pub fn hire_as(&self, name: &str, area: &str, role: Role) -> String {
        let mut inner = self.inner.lock();
        inner.next += 1;
        let n = inner.next;
        let user = UserId::from_parts(Timestamp(n as i64), [n as u8; 10]);
        inner.directory.apply(DirectoryChange::User {
            user: User {
                id: user,
                name: name.to_owned(),
                active: true,
            },
        });
        inner.directory.apply(DirectoryChange::Grant {
            grant: Grant {
                id: GrantId::from_parts(Timestamp(n as i64), [n as u8; 10]),
                user,
                role,
                area: Some(AreaCode::new(area).unwrap()),
                from: Timestamp(0),
                until: None,
            },
        });
        let code = format!("CODE{n}");
        inner.codes.insert(code.clone(), user);
        code
    }
    /// Another code for somebody who is here.
    pub fn invite(&self, user: UserId) -> String {
        let mut inner = self.inner.lock();
        inner.next += 1;
        let code = format!("CODE{}", inner.next);
        inner.codes.insert(code.clone(), user);
        code
    }
    pub fn end_grants(&self, user: UserId) {
        let mut inner = self.inner.lock();
        let grants: Vec<Grant> = inner.directory.grants_of(user).cloned().collect();
        for mut grant in grants {
            grant.until = Some(inner.now.plus_millis(-40 * 86_400_000));
            inner.directory.apply(DirectoryChange::Grant { grant });
        }
    }
    /// Edits of this record are refused from now on.
    pub fn refuse(&self, record: RecordId) {
        self.inner.lock().world.erased.insert(record);
    }
    pub fn page_items(&self, n: usize) {
        self.inner.lock().page_items = n;
    }
    pub fn erase(&self, device: DeviceId, stream: StreamId) {
        self.inner.lock().erase.insert((device, stream));
    }
    /// Takes such an order back.
    pub fn keep(&self, device: DeviceId, stream: &StreamId) {
        self.inner.lock().erase.remove(&(device, stream.clone()));
    }
    pub fn wipe(&self, device: DeviceId) {
        self.inner.lock().wipe.insert(device);
    }
    pub fn revoke(&self, device: DeviceId) {
        self.inner.lock().revoked.insert(device);
    }
    pub fn expire_token(&self, device: DeviceId) {
        self.inner.lock().expired.insert(device);
    }
    pub fn publish(&self, form: Form) {
        self.inner.lock().directory.apply(DirectoryChange::Form {
            form: Box::new(form),
        });
    }
    /// All built-in forms, as when an older server is replaced.
    pub fn publish_builtin(&self) {
        for form in builtin_forms().unwrap() {
            self.publish(form);
        }
    }
    pub fn publish_catalogue(&self, catalogue: Catalogue) {
        self.inner
            .lock()
            .directory
            .apply(DirectoryChange::Catalogue {
                catalogue: Box::new(catalogue),
            });
    }
    pub fn backup(&self) -> World {
        self.inner.lock().world.clone()
    }
    pub fn restore(&self, mut world: World) {
        let mut inner = self.inner.lock();
        world.epoch = inner.world.epoch + 1;
        inner.world = world;
    }
    /// The very log of before, as if what came since had never been asked.
    pub fn put_back(&self, world: World) {
        self.inner.lock().world = world;
    }
    pub fn requests(&self) -> Vec<SyncRequest> {
        self.inner.lock().requests.clone()
    }
    pub fn items(&self) -> usize {
        self.inner
            .lock()
            .world
            .logs
            .values()
            .map(|l| l.items.len())
            .sum()
    }
    pub fn world(&self) -> World {
        self.backup()
    }
    /// The record as a phone that holds all parts must show it.
    pub fn canonical(&self, record: RecordId) -> serde_json::Value {
        let inner = self.inner.lock();
        let Some((_, form)) = inner.world.records.get(&record) else {
            return serde_json::Value::Null;
        };
        let form = inner.directory.forms().latest(form).unwrap().clone();
        let mut parts: Vec<_> = inner
            .world
            .parts
            .iter()
            .filter(|((r, _), _)| *r == record)
            .map(|((_, s), p)| (s.class, p))
            .collect();
        parts.sort_by_key(|(c, _)| *c);
        RecordView {
            record,
            form: &form,
            parts,
        }
        .canonical()
    }
    pub fn records(&self) -> Vec<RecordId> {
        self.inner.lock().world.records.keys().copied().collect()
    }

    fn enrol(&self, path: &str, body: &[u8]) -> HttpResponse {
        let mut inner = self.inner.lock();
        let json: serde_json::Value = serde_json::from_slice(body).unwrap();
        let code = json["code"].as_str().unwrap().to_owned();
        let Some(user) = inner.codes.get(&code).copied() else {
            return answer(400, br#"{"code":"enrolment_code_unknown"}"#.to_vec());
        };
        if path.ends_with("begin") {
            let body = serde_json::json!({ "nonce": "00ff10", "user_id": user });
            return answer(200, serde_json::to_vec(&body).unwrap());
        }
        let bytes = |name: &str| unhex(json[name].as_str().unwrap());
        let key = PublicKey(bytes("public_key").try_into().unwrap());
        let signature =
            gridfold_sync_core::entry::Signature(bytes("signature").try_into().unwrap());
        assert!(key.verify(&enrolment_statement(&code, &[0, 255, 16], &key), &signature));
        let known = inner.devices.iter().find(|(_, (_, k))| *k == key);
        let device = match known.map(|(device, (of, _))| (*device, *of)) {
            Some((_, of)) if of != user => {
                return answer(409, br#"{"code":"anothers_phone"}"#.to_vec());
            }
            Some((device, _)) => device,
            None => {
                inner.next += 1;
                let n = inner.next;
                DeviceId::from_parts(Timestamp(n as i64), [n as u8; 10])
            }
        };
        inner.devices.insert(device, (user, key));
        inner.revoked.remove(&device);
        inner.expired.remove(&device);
        let scope: DirectoryScope = inner.directory.scope(user, inner.now);
        let body = serde_json::json!({
            "device_id": device, "user_id": user, "user_name": "someone",
            "server_public_key": hex(&self.key.public().0),
            "access_token": device.to_string(), "refresh_token": device.to_string(),
            "access_expires_in_s": 600, "directory": scope,
        });
        answer(200, serde_json::to_vec(&body).unwrap())
    }

    /// The signed order to erase everything.
    pub fn wiped(&self, device: DeviceId) -> HttpResponse {
        wiped_by(&self.key, device)
    }
    pub fn key(&self) -> SignKey {
        self.key.clone()
    }

    fn token(&self, body: &[u8]) -> HttpResponse {
        let mut inner = self.inner.lock();
        let json: serde_json::Value = serde_json::from_slice(body).unwrap();
        let device = DeviceId::parse(json["refresh_token"].as_str().unwrap()).unwrap();
        if inner.revoked.contains(&device) {
            return self.wiped(device);
        }
        inner.expired.remove(&device);
        let body = serde_json::json!({
            "access_token": device.to_string(), "refresh_token": device.to_string(),
            "access_expires_in_s": 600,
        });
        answer(200, serde_json::to_vec(&body).unwrap())
    }

    fn sign_out(&self, request: &HttpRequest) -> HttpResponse {
        let mut inner = self.inner.lock();
        let (_, bearer) = request
            .headers
            .iter()
            .find(|(n, _)| n == "authorization")
            .unwrap();
        let device = DeviceId::parse(bearer.strip_prefix("Bearer ").unwrap()).unwrap();
        if inner.expired.contains(&device) {
            return answer(401, br#"{"code":"token_expired"}"#.to_vec());
        }
        inner.signed_out.insert(device);
        answer(204, Vec::new())
    }
    pub fn signed_out(&self, device: DeviceId) -> bool {
        self.inner.lock().signed_out.contains(&device)
    }

    fn sync(&self, request: &HttpRequest) -> HttpResponse {
        let mut guard = self.inner.lock();
        let inner = &mut *guard;
        inner.now = inner.now.plus_millis(1);
        let token = request
            .headers
            .iter()
            .find(|(n, _)| n == "authorization")
            .and_then(|(_, v)| DeviceId::parse(v.strip_prefix("Bearer ")?).ok());
        let Some((device, (user, key))) =
            token.and_then(|d| Some((d, inner.devices.get(&d).copied()?)))
        else {
            return answer(401, br#"{"code":"token_invalid"}"#.to_vec());
        };
        if inner.revoked.contains(&device) {
            return self.wiped(device);
        }
        if inner.expired.contains(&device) {
            return answer(401, br#"{"code":"token_expired"}"#.to_vec());
        }
        let decoded = SyncRequest::decode(&request.body).unwrap();
        inner.requests.push(decoded.clone());
        let author = Author { device, user };
        let now = inner.now;
        let mut out = SyncResponse {
            epoch: inner.world.epoch,
            now,
            ..SyncResponse::default()
        };
        for run in &decoded.recover {
            let proof = run.receipt.streams.iter().find(|s| s.stream == run.stream);
            if let (true, Some(proof)) = (run.receipt.verify(&self.key.public()), proof) {
                inner.world.recover(
                    &inner.directory,
                    &run.stream,
                    run.after,
                    &run.items,
                    proof.prefix,
                );
            }
        }
        for log in &decoded.logs {
            let mut view = View(&mut inner.world, &inner.directory);
            if let Err(problem) = admit(&mut view, author, &key, now, log).unwrap() {
                out.problems.push(ProblemNotice {
                    stream: log.stream.clone(),
                    incarnation: log.incarnation,
                    problem,
                });
            }
        }
        for stream in &decoded.erased {
            inner.erase.remove(&(device, stream.clone()));
        }
        let scope = inner.directory.scope(user, now).to_bytes();
        if DirectoryScope::digest_of(&scope) != decoded.directory {
            out.directory = Some(scope);
        }
        let anew = decoded.epoch != 0 && decoded.epoch != out.epoch;
        let readable = inner.directory.streams_of(user, now);
        for cursor in &decoded.cursors {
            let log = inner
                .world
                .logs
                .get(&cursor.stream)
                .cloned()
                .unwrap_or_default();
            if anew {
                out.resets.push(reset(&log, &cursor.stream));
                continue;
            }
            if !readable.contains(&cursor.stream) {
                out.directives.push(Directive::Erase(cursor.stream.clone()));
                continue;
            }
            let known = inner.world.prefix(&cursor.stream, cursor.seq);
            let follows = known.is_some_and(|p| p.0[..8] == cursor.prefix);
            if !follows {
                out.resets.push(reset(&log, &cursor.stream));
                continue;
            }
            let after = cursor.seq as usize;
            let items: Vec<Item> = log.items[after..]
                .iter()
                .take(inner.page_items)
                .cloned()
                .map(|mut item| {
                    if !item.verdict.is_admitted() && item.author.device != device {
                        item.entry = None;
                    }
                    item
                })
                .collect();
            if items.is_empty() {
                continue;
            }
            out.pages.push(StreamPage {
                stream: cursor.stream.clone(),
                after: after as u64,
                more: after + items.len() < log.items.len(),
                items,
            });
        }
        if !out.pages.is_empty() {
            let streams = out
                .pages
                .iter()
                .map(|p| {
                    let seq = p.after + p.items.len() as u64;
                    ReceiptStream {
                        stream: p.stream.clone(),
                        seq,
                        prefix: inner.world.prefix(&p.stream, seq).unwrap(),
                    }
                })
                .collect();
            out.receipt = Some(Receipt::sign(&self.key, out.epoch, streams).signature);
        }
        for (d, stream) in &inner.erase {
            if *d == device {
                out.directives.push(Directive::Erase(stream.clone()));
            }
        }
        if inner.wipe.contains(&device) {
            out.directives.push(Directive::Wipe);
        }
        let asked = &request.body;
        answer(200, out.encode_signed(&decoded, asked, author, &self.key))
    }
}

impl Transport for FakeServer {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let fault = match request.path.as_str() {
            "/v1/sync" | "/v1/sign-out" => self.faults.lock().pop(),
            _ => None,
        };
        let interrupted = Err(TransportError {
            kind: TransportErrorKind::Interrupted,
        });
        match fault {
            Some(Fault::LoseRequest) => return interrupted,
            Some(Fault::Status(status)) => {
                return Ok(answer(
                    status,
                    br#"{"code":"busy","retry_after_s":3}"#.to_vec(),
                ));
            }
            _ => {}
        }
        let mut response = match request.path.as_str() {
            "/v1/sync" => self.sync(&request),
            "/v1/token" => self.token(&request.body),
            "/v1/sign-out" => self.sign_out(&request),
            path if path.ends_with("/wiped") => {
                self.receipts.lock().push(path.to_owned());
                answer(204, Vec::new())
            }
            path => self.enrol(path, &request.body),
        };
        match fault {
            Some(Fault::LoseReply) => interrupted,
            Some(Fault::Cut(at)) => {
                response.body.truncate(at);
                Ok(response)
            }
            _ => Ok(response),
        }
    }
}

/// The order to a device to erase everything, signed with this key.
pub fn wiped_by(key: &SignKey, device: DeviceId) -> HttpResponse {
    let signature = key.sign(&wipe_statement(device, Timestamp(7)));
    let body = serde_json::json!({
        "code": "device_wiped",
        "wipe": { "device_id": device, "at_ms": 7, "signature": hex(&signature.0) },
    });
    answer(403, serde_json::to_vec(&body).unwrap())
}

fn reset(log: &Log, stream: &StreamId) -> StreamReset {
    StreamReset {
        stream: stream.clone(),
        seq: log.items.len() as u64,
        prefix: log.prefixes.last().copied().unwrap_or_default(),
    }
}

/// An answer as the server gives it: its media type goes by what it is.
pub fn answer(status: u16, body: Vec<u8>) -> HttpResponse {
    let json = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let (kind, body) = match json {
        Some(mut problem) if problem["code"].is_string() => {
            let code = problem["code"].as_str().unwrap_or_default();
            problem["type"] = format!("urn:gridfold:problem:{code}").into();
            let body = serde_json::to_vec(&problem).unwrap();
            ("application/problem+json", body)
        }
        Some(_) => ("application/json", body),
        None if status == 200 => ("application/vnd.gridfold.sync", body),
        None => ("", body),
    };
    let headers = [("x-request-id", "1"), ("content-type", kind)];
    HttpResponse {
        status,
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        body,
    }
}

/// What stands between answers instead.
pub fn page(status: u16, kind: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body: b"<!DOCTYPE html><html><body>Please log in to this Wi-Fi</body></html>".to_vec(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect()
}

pub const KEY: [u8; 32] = [5; 32];

pub fn options(path: &Path, platform: &Arc<TestPlatform>) -> OpenOptions {
    OpenOptions {
        disk: Folder::at(path),
        key: KEY.into(),
        platform: platform.clone(),
    }
}

/// A phone with its directory.
pub struct Phone {
    pub dir: tempfile::TempDir,
    pub platform: Arc<TestPlatform>,
    pub client: Client,
}

impl Phone {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let platform = TestPlatform::new(seed);
        let client = Client::create(options(dir.path(), &platform)).unwrap();
        Self {
            dir,
            platform,
            client,
        }
    }
    pub fn enrolled(server: &FakeServer, name: &str, seed: u64) -> Self {
        let phone = Self::new(seed);
        let code = server.hire(name, "c");
        phone.client.enrol(server, &code).unwrap();
        phone
    }
    pub fn enrolled_as(server: &FakeServer, name: &str, seed: u64, role: Role) -> Self {
        let phone = Self::new(seed);
        let code = server.hire_as(name, "c", role);
        phone.client.enrol(server, &code).unwrap();
        phone
    }
    pub fn sync(&self, server: &FakeServer) -> SyncReport {
        self.client.sync(server, &SyncOptions::default()).unwrap()
    }
    pub fn device(&self) -> DeviceId {
        self.client.identity().unwrap().device
    }
}

pub fn code(text: &str) -> FormCode {
    FormCode::new(text).unwrap()
}

pub fn key(text: &str) -> FieldKey {
    FieldKey::new(text).unwrap()
}

pub fn set(field: &str, value: Value) -> Op {
    Op::Set {
        field: key(field),
        value,
    }
}

pub fn set_text(field: &str, text: &str) -> Op {
    set(field, Value::Text(text.to_owned()))
}

pub fn splice(field: &str, at: u32, insert: &str) -> Op {
    Op::Splice {
        field: key(field),
        at,
        delete: 0,
        insert: insert.to_owned(),
    }
}

/// Every record of the server is shown alike by every phone.
pub fn assert_alike(server: &FakeServer, phones: &[&Phone]) {
    for record in server.records() {
        for phone in phones {
            assert_eq!(phone.client.canonical(record), server.canonical(record));
        }
    }
}
