//! A world whose steps somebody wrote down: the same real phones, server and checks.

use std::sync::Arc;

use gridfold_client::{ClientError, SyncOptions, SyncReport};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{AreaCode, FieldKey, FormCode, RecordId, SensitivityClass, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

use super::run::{Browsers, World};

/// A world without chance in what happens: one grid more than one phone works in, a network that
/// loses nothing by itself.
#[expect(
    missing_debug_implementations,
    reason = "clients and nodes are not all printable"
)]
pub struct Story(World);

fn visit() -> FormCode {
    FormCode::new("visit").unwrap()
}

fn note(text: &str) -> Op {
    Op::Splice {
        field: FieldKey::new("notes").unwrap(),
        at: 0,
        delete: 0,
        insert: text.to_owned(),
    }
}

impl Story {
    /// A world with that many workers in its first grid, each with a phone.
    #[must_use]
    pub fn new(workers: u8) -> Self {
        Self::with(workers, Browsers::None)
    }

    /// The same with every phone in a browser.
    #[must_use]
    pub fn in_browsers(workers: u8) -> Self {
        Self::with(workers, Browsers::All)
    }

    fn with(workers: u8, browsers: Browsers) -> Self {
        let mut world = World::new(2, false);
        world.browsers = browsers;
        world.found();
        world.net.heal();
        let grid = world.grids[0].clone();
        for n in 0..workers {
            let user = UserId::from_parts(Timestamp(world.now), [n; 10]);
            world.worker(user, grid.clone());
        }
        Self(world)
    }

    /// A world with a phone for each of these, all in its first grid.
    #[must_use]
    pub fn office(roles: &[Role]) -> Self {
        let mut story = Self::new(0);
        let grid = story.grid();
        for (n, role) in (0..).zip(roles) {
            let user = UserId::from_parts(Timestamp(story.0.now), [n; 10]);
            story.0.users.push(user);
            story.0.hire(user, Some(grid.clone()), *role);
            story.0.new_phone(user);
        }
        story
    }

    /// A phone makes a matter.
    ///
    /// # Errors
    /// When the phone does not take it.
    pub fn report(&mut self, at: usize) -> Result<RecordId, ClientError> {
        let claimed = self.0.name_edit(at);
        let (grid, form) = (self.grid(), FormCode::new("matter").unwrap());
        let set = |field: &str, value: Value| Op::Set {
            field: FieldKey::new(field).unwrap(),
            value,
        };
        let ops = vec![
            set("summary", Value::Text("路灯不亮".to_owned())),
            set("reported_at", Value::DateTime(Timestamp(claimed))),
        ];
        let made = self.0.phones[at]
            .client()
            .create_record(&grid, &form, ops)?;
        self.trust_in(at, claimed, made);
        Ok(made)
    }

    /// A phone takes a step of a matter.
    ///
    /// # Errors
    /// When the phone does not take it.
    pub fn step(&mut self, at: usize, matter: RecordId, action: &str) -> Result<(), ClientError> {
        let claimed = self.0.name_edit(at);
        let client = self.0.phones[at].client().clone();
        client.transition(matter, action, "因为")?;
        self.trust_in(at, claimed, matter);
        Ok(())
    }

    fn trust_in(&mut self, at: usize, claimed: i64, matter: RecordId) {
        let grid = self.grid();
        let class = self.0.form("matter").class;
        self.0.trust(at, claimed, matter, class, grid);
    }

    /// Where a phone shows a record, and the statuses that stand beside each other there.
    #[must_use]
    pub fn stands(&self, at: usize, record: RecordId) -> (String, Vec<String>) {
        let detail = self.0.phones[at].client().get(record).unwrap();
        let tips = detail.status_tips.iter();
        let sides = tips.map(|tip| tip.status.to_string()).collect();
        let status = detail.status.map(|status| status.to_string());
        (status.unwrap_or_default(), sides)
    }

    fn grid(&self) -> AreaCode {
        self.0.grids[0].clone()
    }

    /// A phone makes a record of a visit.
    ///
    /// # Errors
    /// When the phone does not take it.
    pub fn create(&mut self, at: usize) -> Result<RecordId, ClientError> {
        let claimed = self.0.name_edit(at);
        let grid = self.grid();
        let made = self.0.phones[at]
            .client()
            .create_record(&grid, &visit(), vec![note("慰问")])?;
        self.trust(at, claimed, made);
        Ok(made)
    }

    /// A phone writes on in a record.
    ///
    /// # Errors
    /// When the phone does not take it.
    pub fn write(&mut self, at: usize, record: RecordId) -> Result<(), ClientError> {
        let claimed = self.0.name_edit(at);
        self.0.phones[at].client().edit(record, vec![note("又")])?;
        self.trust(at, claimed, record);
        Ok(())
    }

    fn trust(&mut self, at: usize, claimed: i64, record: RecordId) {
        let form = self.0.form("visit");
        let class = form
            .field("notes")
            .map_or(SensitivityClass::General, |f| form.class_of(f));
        let grid = self.grid();
        self.0.trust(at, claimed, record, class, grid);
    }

    /// A phone syncs; what it must hold is checked.
    ///
    /// # Errors
    /// The broken promise.
    pub fn sync(&mut self, at: usize) -> Result<(), String> {
        self.0.tick(1_000);
        self.0.sync(at, true).map(|_| ())
    }

    /// A phone syncs, and may be told that the server is busy; the server then gets its views level.
    ///
    /// # Errors
    /// The broken promise.
    pub fn sync_patiently(&mut self, at: usize) -> Result<(), String> {
        self.0.tick(1_000);
        self.0.sync(at, false)?;
        self.0.server.recover(&self.0.net);
        Ok(())
    }

    /// A phone gets one exchange through, and so many bytes of it; 0 is as many as there are.
    ///
    /// # Errors
    /// The broken promise.
    pub fn trip(&mut self, at: usize, budget_bytes: u64) -> Result<SyncReport, String> {
        self.0.tick(1_000);
        let options = SyncOptions {
            budget_bytes,
            max_round_trips: 1,
            ..SyncOptions::default()
        };
        let phone = &self.0.phones[at];
        phone.platform.set(phone.clock);
        let report = phone
            .client()
            .sync(&*self.0.net, &options)
            .map_err(|e| e.to_string())?;
        self.0.account(at)?;
        Ok(report)
    }

    /// The server is backed up; gives the number of the backup.
    pub fn backup(&mut self) -> usize {
        let file = self.0.server.backup();
        self.0.backups.push(file);
        self.0.backups.len() - 1
    }

    /// The server is lost, and another one goes on from a backup.
    ///
    /// # Errors
    /// The broken promise.
    pub fn restore(&mut self, backup: usize) -> Result<(), String> {
        self.0.tick(1_000);
        self.0.restore_from(backup)
    }

    /// The grants of a phone's worker end.
    pub fn end_grants(&mut self, at: usize) {
        self.0.tick(1_000);
        let user = self.0.phones[at].user;
        for n in 0..self.0.grants.len() {
            if self.0.grants[n].user == user && self.0.grants[n].until.is_none() {
                self.0.grants[n].until = Some(Timestamp(self.0.now));
                let grant = self.0.grants[n].clone();
                self.0.change(vec![
                    gridfold_sync_core::directory::DirectoryChange::Grant { grant },
                ]);
            }
        }
        self.0.tick(1);
    }

    /// A phone's worker has the grid again.
    pub fn grant(&mut self, at: usize) {
        self.0.tick(1_000);
        let (user, grid) = (self.0.phones[at].user, self.grid());
        self.0.give(user, Some(grid), Role::Worker);
    }

    /// A phone is backed up; gives the number of the copy.
    pub fn copy(&mut self, at: usize) -> usize {
        self.0.copy_store(at);
        self.0.copies.len() - 1
    }

    /// The phone that a copy is of is lost, and another goes on from the copy; gives its number.
    ///
    /// # Errors
    /// The broken promise.
    pub fn go_on_from(&mut self, copy: usize) -> Result<usize, String> {
        self.0.go_on_from_copy(copy, Some(true))?;
        Ok(self.0.phones.len() - 1)
    }

    /// A copy of a phone goes on beside the phone; gives its number.
    ///
    /// # Errors
    /// The broken promise.
    pub fn go_on_beside(&mut self, copy: usize) -> Result<usize, String> {
        self.0.go_on_from_copy(copy, Some(false))?;
        Ok(self.0.phones.len() - 1)
    }

    /// Entries of a record as a phone shows it; none without the record.
    #[must_use]
    pub fn shown(&self, at: usize, record: RecordId) -> Option<usize> {
        let client = self.0.phones[at].client();
        client.get(record)?;
        Some(client.history(record).len())
    }

    /// A record is erased for good.
    pub fn erase(&mut self, record: RecordId) {
        self.0.tick(1_000);
        let grid = self.grid();
        self.0.erase_record(record, grid);
    }

    /// The server's disk loses a stretch of the log and all views while it is down.
    pub fn wreck(&mut self) {
        self.0.server.wreck(&self.0.net);
    }

    /// Items of the log that are damaged.
    #[must_use]
    pub fn damaged(&self) -> usize {
        self.0.server.node().log.damage().len()
    }

    /// Days go by.
    pub fn days(&mut self, n: i64) {
        self.0.tick(n * 86_400_000);
    }

    /// A phone is lost with all it holds.
    pub fn lose(&mut self, at: usize) {
        self.0.lose(at, "lost");
    }

    /// Entries of a record as the server has them; none without the record.
    #[must_use]
    pub fn entries(&self, record: RecordId) -> Option<u32> {
        let node = Arc::clone(self.0.server.node());
        let stored = node
            .views
            .record(&record, &gridfold_server::views::ReadScope::all())
            .unwrap()?;
        Some(stored.parts.iter().map(|(_, part)| part.entries).sum())
    }

    /// Everybody syncs until nothing moves, and every promise is checked.
    ///
    /// # Errors
    /// The broken promise.
    pub fn end(&mut self) -> Result<(), String> {
        self.0.end(true)
    }
}
