//! A server in memory: admission and the answer of the core over a log in memory, with faults to
//! order.

use std::collections::BTreeSet;
use std::sync::Arc;

use gridfold_client::{HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind};
use gridfold_sync_core::admission::admit;
use gridfold_sync_core::calendar::Calendar;
use gridfold_sync_core::directory::{Catalogue, DirectoryChange, Grant};
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::{DeviceId, RecordId, UserId};
use gridfold_sync_core::plan::Plan;
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::session::server as session;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{Directive, ProblemNotice, SyncRequest};
use parking_lot::Mutex;

use super::account::{Access, Accounts};
use super::facts::MemoryFacts;
use super::http::{answer, problem};
use super::served::MemoryServed;
use super::town::{grant, hire, town};
use super::world::World;

struct Inner {
    world: World,
    accounts: Accounts,
    now: Timestamp,
    page_items: usize,
    wipes: BTreeSet<DeviceId>,
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

impl FakeServer {
    pub fn new() -> Arc<Self> {
        Self::with_forms(u32::MAX)
    }
    /// With the built-in forms up to a version, as an older server has them.
    pub fn with_forms(newest: u32) -> Arc<Self> {
        let inner = Inner {
            world: World {
                epoch: 7,
                facts: MemoryFacts::of(town(newest)),
            },
            accounts: Accounts::default(),
            now: Timestamp(1_781_300_100_000),
            page_items: usize::MAX,
            wipes: BTreeSet::new(),
            requests: Vec::new(),
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            faults: Mutex::default(),
            receipts: Mutex::default(),
            key: SignKey::from_seed(&[9; 32]),
        })
    }
    pub fn key(&self) -> SignKey {
        self.key.clone()
    }
    fn change(&self, change: DirectoryChange) {
        self.inner.lock().world.facts.directory.apply(change);
    }

    /// A new person with a grant for an area, and a code to enrol a phone with.
    pub fn hire(&self, name: &str, area: &str) -> String {
        self.hire_as(name, area, Role::Worker)
    }
    /// Likewise, with another role.
    pub fn hire_as(&self, name: &str, area: &str, role: Role) -> String {
        let inner = &mut *self.inner.lock();
        let n = inner.accounts.next();
        let user = hire(&mut inner.world.facts.directory, n, name, role, area);
        inner.accounts.invite(user)
    }
    /// Another code for somebody who is here.
    pub fn invite(&self, user: UserId) -> String {
        self.inner.lock().accounts.invite(user)
    }
    /// Ends what somebody was granted for an area, so many days ago.
    pub fn end_grant(&self, user: UserId, area: &str, days_ago: i64) {
        let inner = &mut *self.inner.lock();
        let directory = &mut inner.world.facts.directory;
        let of = |grant: &&Grant| grant.area.as_ref().is_some_and(|a| a.as_str() == area);
        let grants: Vec<Grant> = directory.grants_of(user).filter(of).cloned().collect();
        for mut grant in grants {
            grant.until = Some(inner.now.plus_millis(-days_ago * 86_400_000));
            directory.apply(DirectoryChange::Grant { grant });
        }
    }
    /// Grants somebody who is here an area.
    pub fn grant(&self, user: UserId, area: &str) {
        let inner = &mut *self.inner.lock();
        let n = inner.accounts.next();
        grant(
            &mut inner.world.facts.directory,
            n,
            (user, Role::Worker),
            area,
        );
    }
    /// Edits of this record are refused from now on. Its key is still there, so no phone is told.
    pub fn refuse(&self, record: RecordId) {
        self.change(DirectoryChange::RecordErased {
            record,
            erasure: None,
        });
    }
    pub fn publish(&self, form: Form) {
        let form = Box::new(form);
        self.change(DirectoryChange::Form { form });
    }
    /// All built-in forms, as when an older server is replaced.
    pub fn publish_builtin(&self) {
        for form in builtin_forms().unwrap() {
            self.publish(form);
        }
    }
    pub fn publish_catalogue(&self, catalogue: Catalogue) {
        let catalogue = Box::new(catalogue);
        self.change(DirectoryChange::Catalogue { catalogue });
    }
    pub fn publish_calendar(&self, calendar: Calendar) {
        let calendar = Box::new(calendar);
        self.change(DirectoryChange::Calendar { calendar });
    }

    pub fn publish_plan(&self, plan: Plan) {
        let plan = Box::new(plan);
        self.change(DirectoryChange::Plan { plan });
    }

    pub fn page_items(&self, n: usize) {
        self.inner.lock().page_items = n;
    }
    /// Orders a device to erase everything by a directive, which no answer of the core has and phones
    /// still obey.
    pub fn wipe(&self, device: DeviceId) {
        self.inner.lock().wipes.insert(device);
    }
    pub fn set_access(&self, device: DeviceId, access: Access) {
        self.inner.lock().accounts.set(device, access);
    }
    /// The device may not sync any more.
    pub fn revoke(&self, device: DeviceId) {
        self.set_access(device, Access::Revoked);
    }
    /// Likewise, and is told to erase everything.
    pub fn revoke_and_wipe(&self, device: DeviceId) {
        self.set_access(device, Access::Wiped);
    }
    pub fn expire_token(&self, device: DeviceId) {
        self.set_access(device, Access::Expired);
    }
    pub fn signed_out(&self, device: DeviceId) -> bool {
        self.inner.lock().accounts.access(device) == Some(Access::SignedOut)
    }

    pub fn backup(&self) -> World {
        self.inner.lock().world.clone()
    }
    pub fn restore(&self, mut world: World) {
        world.epoch = self.inner.lock().world.epoch + 1;
        self.put_back(world);
    }
    /// The very log of before, as if what came since had never been asked. People and forms stay.
    pub fn put_back(&self, mut world: World) {
        let inner = &mut *self.inner.lock();
        world.facts.directory = std::mem::take(&mut inner.world.facts.directory);
        inner.world = world;
    }
    pub fn requests(&self) -> Vec<SyncRequest> {
        self.inner.lock().requests.clone()
    }
    pub fn items(&self) -> usize {
        self.inner
            .lock()
            .world
            .facts
            .log
            .values()
            .map(Vec::len)
            .sum()
    }
    /// The record as a phone that holds all parts must show it.
    pub fn canonical(&self, record: RecordId) -> serde_json::Value {
        self.inner.lock().world.canonical(record)
    }
    pub fn records(&self) -> Vec<RecordId> {
        let inner = self.inner.lock();
        inner.world.facts.records().keys().copied().collect()
    }

    fn sync(&self, request: &HttpRequest) -> HttpResponse {
        let inner = &mut *self.inner.lock();
        inner.now = inner.now.plus_millis(1);
        let (author, key) = match inner.accounts.caller(request, &self.key) {
            Ok(caller) => caller,
            Err(refused) => return refused,
        };
        let asked = SyncRequest::decode(&request.body).unwrap();
        let problems = inner.push(&asked, (author, key), &self.key);
        inner.requests.push(asked.clone());
        let (facts, epoch) = (&inner.world.facts, inner.world.epoch);
        let served = MemoryServed {
            page_items: inner.page_items,
            keys_are_gone: false,
            ..MemoryServed::new(facts, epoch, inner.now, &self.key)
        };
        let mut out = session::answer(&served, author, &asked, problems).unwrap();
        if inner.wipes.contains(&author.device) {
            out.directives.push(Directive::Wipe);
        }
        let body = out.encode_signed(&asked, &request.body, author, &self.key);
        answer(200, body)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let inner = &mut *self.inner.lock();
        let (accounts, now) = (&mut inner.accounts, inner.now);
        let directory = &inner.world.facts.directory;
        match request.path.as_str() {
            "/v1/enrol/begin" => accounts.begin(&request.body),
            "/v1/enrol/finish" => accounts.finish(&request.body, (directory, now), &self.key),
            "/v1/token" => accounts.renew(&request.body, &self.key),
            "/v1/sign-out" => accounts.sign_out(request, &self.key),
            path if path.ends_with("/wiped") => {
                self.receipts.lock().push(path.to_owned());
                answer(204, Vec::new())
            }
            _ => problem(404, "not_found"),
        }
    }
}

impl Inner {
    /// What the writer does with a request, if its cursors are of this epoch.
    fn push(
        &mut self,
        asked: &SyncRequest,
        (author, key): (Author, PublicKey),
        server: &SignKey,
    ) -> Vec<ProblemNotice> {
        if session::stands_elsewhere(asked, self.world.epoch) {
            return Vec::new();
        }
        for run in &asked.recover {
            self.world.recover(run, &server.public());
        }
        let mut problems = Vec::new();
        for log in &asked.logs {
            let decided = admit(&mut self.world.facts, author, &key, self.now, log).unwrap();
            if let Err(problem) = decided {
                problems.push(ProblemNotice {
                    stream: log.stream.clone(),
                    incarnation: log.incarnation,
                    problem,
                });
            }
        }
        problems
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
                let code = match status {
                    413 => "too_large",
                    _ => "unavailable",
                };
                let body = serde_json::json!({ "code": code, "retry_after_s": 3 });
                return Ok(answer(status, serde_json::to_vec(&body).unwrap()));
            }
            _ => {}
        }
        let mut response = match request.path.as_str() {
            "/v1/sync" => self.sync(&request),
            _ => self.answer(&request),
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
