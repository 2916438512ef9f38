//! What happens in a world, one step at a time.

use std::sync::Arc;

use gridfold_client::ClientError;
use gridfold_server::admit::{Base, ConsoleEdit};
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{IncarnationId, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use rand::RngExt;

use super::check;
use super::edits::{by_class, random_ops};
use super::phone::{CLOCK_STEP, Phone, SimPlatform};
use super::place::Place;
use super::run::{Copy, World};
use super::server::{STEPS, ViewsFate};

const DAY: i64 = 86_400_000;

impl World {
    /// One thing happens.
    pub(super) fn step(&mut self) -> Result<(), String> {
        let millis = self.rng.random_range(1..5_000);
        self.tick(millis);
        let most = if self.restless { 250 } else { 210 };
        let what = self.rng.random_range(0..most);
        if self.phones.is_empty() {
            let user = self.users[self.rng.random_range(0..self.users.len())];
            self.new_phone(user);
        }
        let at = self.rng.random_range(0..self.phones.len());
        match what {
            0..=79 => self.type_something(at),
            80..=114 => self.sync(at, false).map(|_| ()),
            115..=129 => {
                self.console_edit();
                Ok(())
            }
            130..=135 => self.choose(at),
            136..=139 => self.settle_refused(at),
            140..=145 => self.restart_phone(at),
            146..=149 => self.crash_in_sync(at),
            150..=153 => {
                self.copy_store(at);
                Ok(())
            }
            154..=156 => self.go_on_from_some_copy(),
            157..=165 => self.crash_server(at),
            166..=168 => {
                self.back_up();
                Ok(())
            }
            169 | 170 => self.restore_server(),
            171..=173 => {
                self.end_grant();
                Ok(())
            }
            174..=177 => {
                self.new_grant();
                Ok(())
            }
            178 => {
                self.revoke(at);
                Ok(())
            }
            179 => {
                self.say(|| "a phone is wiped by its owner".to_owned());
                self.phones[at].client().wipe().unwrap();
                self.lose(at, "wiped");
                Ok(())
            }
            180 | 181 => {
                let user = self.users[self.rng.random_range(0..self.users.len())];
                self.new_phone(user);
                Ok(())
            }
            182..=185 => {
                let clock = self.some_clock();
                self.phones[at].clock = clock;
                Ok(())
            }
            186..=188 => {
                let days = if self.rng.random_range(0..4) == 0 {
                    31
                } else {
                    1
                };
                self.tick(days * DAY);
                Ok(())
            }
            189 => {
                self.publish();
                Ok(())
            }
            190..=199 => {
                self.attack();
                Ok(())
            }
            200..=205 => self.ail(at),
            206 | 207 => {
                self.server.recover(&self.net);
                Ok(())
            }
            208 | 209 => {
                self.erase();
                Ok(())
            }
            210..=215 => {
                self.back_up();
                Ok(())
            }
            216..=223 => self.restore_server(),
            224..=227 => {
                self.end_grant();
                Ok(())
            }
            228..=231 => {
                self.new_grant();
                Ok(())
            }
            _ => self.sync(at, false).map(|_| ()),
        }
    }

    pub(super) fn form(&self, code: &str) -> Form {
        let of = self.forms.iter().filter(|f| f.code.as_str() == code);
        of.max_by_key(|f| f.version).unwrap().clone()
    }

    /// Sets a phone's clock to a time that names the next edit.
    pub(super) fn name_edit(&mut self, at: usize) -> i64 {
        self.next += 1;
        let claimed = self.phones[at].clock + self.next;
        self.phones[at].platform.set(claimed);
        claimed
    }

    fn acknowledged(&mut self, at: usize, claimed: i64, record: RecordId, form: &Form, ops: &[Op]) {
        let grid = self.phones[at].client().get(record).map(|d| d.grid);
        for (class, _) in by_class(form, ops) {
            self.trust(at, claimed, record, class, grid.clone().unwrap());
        }
    }

    pub(super) fn trust(
        &mut self,
        at: usize,
        claimed: i64,
        record: RecordId,
        class: SensitivityClass,
        grid: gridfold_sync_core::ids::AreaCode,
    ) {
        let tag = (claimed, class);
        self.record_of.insert(tag, record);
        self.stream_of.insert(tag, StreamId::new(grid, class));
        self.phones[at].holds.insert(tag);
    }

    fn refused_call(&self, at: usize, error: &ClientError) -> Result<(), String> {
        match error {
            ClientError::Rejected { .. } | ClientError::NotFound => Ok(()),
            other => Err(format!("{} failed: {other}", self.phones[at].name)),
        }
    }

    pub(super) fn type_something(&mut self, at: usize) -> Result<(), String> {
        let claimed = self.name_edit(at);
        let client = self.phones[at].client().clone();
        let (records, grids) = (client.records(), client.grids());
        let name = self.phones[at].name.clone();
        // Few records, so that people meet on them.
        let create = records.len() < 2 || self.rng.random_range(0..10) == 0;
        let detail = match (create, records.len()) {
            (false, n) if n > 0 => client.get(records[self.rng.random_range(0..n)]),
            _ => None,
        };
        if let Some(detail) = detail {
            let form = self.form(detail.form.as_str());
            let held = client.forms().into_iter().find(|f| f.code == form.code);
            let Some(form) = held else { return Ok(()) };
            let ops = random_ops(&mut self.rng, &form, &detail.fields);
            self.may_die_in_edit(at);
            let result = client.edit(detail.record, ops.clone());
            self.say(|| {
                format!(
                    "{name} edits {} {claimed}: {ops:?}: {result:?}",
                    detail.record
                )
            });
            if let Some(left) = self.left(at) {
                return self.go_on_after_edit(at, left);
            }
            return match result {
                Ok(()) => {
                    self.acknowledged(at, claimed, detail.record, &form, &ops);
                    Ok(())
                }
                Err(e) => self.refused_call(at, &e),
            };
        }
        if grids.is_empty() {
            return Ok(());
        }
        let grid = grids[self.rng.random_range(0..grids.len())].clone();
        let codes = [
            "household",
            "matter",
            "visit",
            "task",
            "meeting",
            "household",
            "matter",
        ];
        let code = codes[self.rng.random_range(0..codes.len())];
        let form = client.forms().into_iter().find(|f| f.code.as_str() == code);
        let Some(form) = form else { return Ok(()) };
        let ops = random_ops(&mut self.rng, &form, &serde_json::Map::new());
        self.may_die_in_edit(at);
        let result = client.create_record(&grid, &form.code, ops.clone());
        self.say(|| format!("{name} creates {code} in {grid} {claimed}: {ops:?}: {result:?}"));
        if let Some(left) = self.left(at) {
            return self.go_on_after_edit(at, left);
        }
        match result {
            Ok(record) => {
                for (class, _) in by_class(&form, &ops) {
                    self.trust(at, claimed, record, class, grid.clone());
                }
                Ok(())
            }
            Err(e) => self.refused_call(at, &e),
        }
    }

    fn choose(&mut self, at: usize) -> Result<(), String> {
        let client = self.phones[at].client().clone();
        let found = client.records().into_iter().find_map(|record| {
            let detail = client.get(record)?;
            // Whether a record stays deleted is of no field; nobody here settles that yet.
            let conflict = (detail.conflicts.iter().find(|c| c.path != "deleted"))?.clone();
            Some((detail, conflict))
        });
        let Some((detail, conflict)) = found else {
            return Ok(());
        };
        let claimed = self.name_edit(at);
        let n = self.rng.random_range(0..conflict.candidates.len());
        let value = conflict.candidates[n].value.clone();
        let result = client.choose(detail.record, &conflict.path, value);
        let name = self.phones[at].name.clone();
        self.say(|| format!("{name} settles {} {claimed}: {result:?}", conflict.path));
        if let Err(e) = result {
            return self.refused_call(at, &e);
        }
        let form = client
            .forms()
            .into_iter()
            .find(|f| f.code == detail.form)
            .unwrap();
        let key = conflict.path.split('/').next().unwrap_or_default();
        let class = form.field(key).map(|f| form.class_of(f)).unwrap();
        self.trust(at, claimed, detail.record, class, detail.grid);
        Ok(())
    }

    fn settle_refused(&mut self, at: usize) -> Result<(), String> {
        let client = self.phones[at].client().clone();
        let Some(refused) = client.refused().into_iter().next() else {
            return Ok(());
        };
        let was = (refused.at.millis(), refused.stream.class);
        let name = self.phones[at].name.clone();
        if self.rng.random() {
            client
                .discard_refused(&refused.stream, refused.entry)
                .unwrap();
            self.say(|| format!("{name} lets {was:?} go"));
            self.phones[at].settled.insert(was);
            return Ok(());
        }
        let claimed = self.name_edit(at);
        let result = client.retry_refused(&refused.stream, refused.entry);
        self.say(|| format!("{name} makes {was:?} again as {claimed}: {result:?}"));
        match result {
            Ok(()) => {
                self.phones[at].settled.insert(was);
                let (class, grid) = (refused.stream.class, refused.stream.grid);
                self.trust(at, claimed, refused.record, class, grid);
                Ok(())
            }
            Err(e) => self.refused_call(at, &e),
        }
    }

    pub(super) fn console_edit(&mut self) {
        let node = Arc::clone(self.server.node());
        let list = node
            .views
            .list_full(&RecordFilter::of(ReadScope::all()))
            .unwrap();
        let n = list.rows.len();
        let (record, grid, form, fields) = if n > 0 && self.rng.random_range(0..5) > 0 {
            let stored = &list.rows[self.rng.random_range(0..n)];
            let form = self.form(stored.row.form.as_str());
            let view = RecordView {
                record: stored.row.record,
                form: &form,
                parts: stored.parts.iter().map(|(c, p)| (*c, p)).collect(),
            };
            let fields = view.fields();
            (stored.row.record, stored.row.grid.clone(), form, fields)
        } else {
            let id = RecordId::from_parts(Timestamp(self.now), self.rng.random());
            let grid = self.grids[self.rng.random_range(0..self.grids.len())].clone();
            (id, grid, self.form("task"), serde_json::Map::new())
        };
        let edit = ConsoleEdit {
            record,
            grid,
            form: form.code.clone(),
            base: Base::Newest(None),
            wish: random_ops(&mut self.rng, &form, &fields).into(),
            claimed: Timestamp(self.now / CLOCK_STEP * CLOCK_STEP),
        };
        let result = node.writer.edit(self.console, vec![edit]);
        self.say(|| format!("the console edits {record}: {result:?}"));
    }

    fn restart_phone(&mut self, at: usize) -> Result<(), String> {
        let name = self.phones[at].name.clone();
        self.say(|| format!("{name} restarts"));
        if self.phones[at].place.browser().is_some() {
            return self.end_browser(at);
        }
        let result = self.phones[at].reopen();
        result.map_err(|e| format!("{name} does not open again: {e}"))?;
        self.account(at)
    }

    /// The phone dies while a call is under way: what is on its disk then is what it goes on from.
    fn crash_in_sync(&mut self, at: usize) -> Result<(), String> {
        let name = self.phones[at].name.clone();
        self.say(|| format!("{name} dies in its next call"));
        let dir = self.new_dir();
        let phone = &self.phones[at];
        let was = (phone.holds.clone(), phone.handed_over.clone());
        let in_browser = self.dies_soon(at);
        if !in_browser {
            self.net.snapshot_next(phone.place.clone(), dir.clone());
        }
        let before = self.phones.len();
        let synced = self.sync(at, false);
        self.net.calls_are_of(None);
        synced?;
        if self.phones.len() < before {
            self.net.snapshot_missed();
            return Ok(());
        }
        let left = match in_browser {
            true => self.left(at),
            false => (!self.net.snapshot_missed()).then_some(Place::Folder(dir)),
        };
        let Some(left) = left else { return Ok(()) };
        self.out.copies += 1;
        let phone = &mut self.phones[at];
        (phone.holds, phone.handed_over) = was;
        let result = phone.open_at(left);
        result.map_err(|e| format!("{name} does not open after its crash: {e}"))?;
        self.account(at)
    }

    pub(super) fn copy_store(&mut self, at: usize) {
        let dir = self.new_dir();
        let phone = &self.phones[at];
        let place = phone.place.copy(&dir);
        self.say(|| format!("{} is backed up", phone.name));
        self.copies.push(Copy {
            place,
            name: phone.name.clone(),
            user: phone.user,
            holds: phone.holds.clone(),
            handed_over: phone.handed_over.clone(),
            settled: phone.settled.clone(),
        });
    }

    fn go_on_from_some_copy(&mut self) -> Result<(), String> {
        if self.copies.is_empty() {
            return Ok(());
        }
        let n = self.rng.random_range(0..self.copies.len());
        self.go_on_from_copy(n, None)
    }

    /// A phone goes on from a copy of its store. By chance it replaces the phone that the copy is of.
    pub(super) fn go_on_from_copy(
        &mut self,
        n: usize,
        replaces: Option<bool>,
    ) -> Result<(), String> {
        let dir = self.new_dir();
        let copy = &self.copies[n];
        let mut phone = Phone {
            name: copy.name.clone(),
            place: copy.place.copy(&dir),
            platform: SimPlatform::new(self.rng.random()),
            client: None,
            user: copy.user,
            clock: 0,
            holds: copy.holds.clone(),
            handed_over: copy.handed_over.clone(),
            settled: copy.settled.clone(),
        };
        phone.clock = self.some_clock();
        phone.platform.set(phone.clock);
        let name = phone.name.clone();
        let replaces = replaces.unwrap_or_else(|| self.rng.random_range(0..3) > 0);
        self.say(|| format!("{name} goes on from its backup; replaced: {replaces}"));
        self.out.copies += 1;
        let result = phone.reopen();
        result.map_err(|e| format!("{name} does not open its backup: {e}"))?;
        let original = self.phones.iter().position(|p| p.name == name);
        self.phones.push(phone);
        if let (true, Some(original)) = (replaces, original) {
            self.lose(original, "restored from a backup");
        }
        // Edits that only the copy still has are here again.
        let last = self.phones.len() - 1;
        let back = self.phones[last].holds.clone();
        self.gone.retain(|tag, _| !back.contains(tag));
        self.account(last)
    }

    fn crash_server(&mut self, at: usize) -> Result<(), String> {
        let step = STEPS[self.rng.random_range(0..STEPS.len())];
        self.server.arm(step);
        if self.rng.random() {
            self.console_edit();
        } else {
            self.sync(at, false)?;
        }
        if self.server.fired() {
            self.out.crashes += 1;
            self.say(|| format!("the server died before step {step}"));
        }
        let fate = match self.rng.random_range(0..6) {
            0 => ViewsFate::Deleted,
            1 | 2 => ViewsFate::Older,
            _ => ViewsFate::Kept,
        };
        // One flipped bit anywhere in the log is mended, and nobody sees it.
        let flip = (self.rng.random_range(0..3) == 0).then(|| self.rng.random());
        self.say(|| format!("the server restarts, views {fate:?}, a bit flips: {flip:?}"));
        self.server.mend_disk();
        self.net.connect(None);
        self.server.restart_flipped(fate, flip);
        self.net.connect(Some(Arc::clone(self.server.node())));
        Ok(())
    }

    fn restore_server(&mut self) -> Result<(), String> {
        if self.backups.is_empty() {
            return Ok(());
        }
        let n = self.rng.random_range(0..self.backups.len());
        self.restore_from(n)
    }

    /// The server is lost; another one goes on from a backup.
    pub(super) fn restore_from(&mut self, n: usize) -> Result<(), String> {
        let file = self.backups[n].clone();
        self.out.restores += 1;
        self.say(|| format!("the server is restored from backup {n}"));
        self.server.mend_disk();
        self.net.connect(None);
        self.server.restore(&file);
        let devices = self.net.devices();
        let mut changes = self.journal.clone();
        changes.extend(
            devices
                .into_iter()
                .map(|device| DirectoryChange::Device { device }),
        );
        let node = Arc::clone(self.server.node());
        node.directory.change(changes).unwrap();
        for record in &self.erased {
            node.writer.erase(*record).unwrap();
        }
        self.net.connect(Some(node));
        let incarnation = IncarnationId::from_parts(Timestamp(self.now), self.rng.random());
        self.hostile.start_over(incarnation);
        // What phones handed over and had to erase, and what went with lost phones, is gone unless
        // another phone brings it back.
        let server = check::verdicts(&check::read_log(self.server.node()));
        for phone in &mut self.phones {
            phone.handed_over.retain(|tag| server.contains_key(tag));
        }
        for copy in &mut self.copies {
            copy.handed_over.retain(|tag| server.contains_key(tag));
        }
        let held = |tag| self.phones.iter().any(|p| p.holds.contains(tag));
        for tag in self.record_of.keys() {
            if !server.contains_key(tag) && !held(tag) {
                let how = "on no phone when the server went back";
                self.gone.insert(*tag, how.to_owned());
            }
        }
        Ok(())
    }
}
