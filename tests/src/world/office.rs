//! What happens away from the phones: grants begin and end, devices are revoked, forms change, and
//! somebody attacks.

use std::sync::Arc;

use gridfold_server::trouble::{Store, Trouble};
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::directory::{DeviceState, DirectoryChange, Erasure};
use gridfold_sync_core::ids::{AreaCode, RecordId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use rand::RngExt;

use super::check;
use super::run::World;
use super::server::Ailing;

impl World {
    pub(super) fn end_grant(&mut self) {
        let users = self.users.clone();
        let open: Vec<usize> = (0..self.grants.len())
            .filter(|&i| self.grants[i].until.is_none() && users.contains(&self.grants[i].user))
            .collect();
        if open.is_empty() {
            return;
        }
        let n = open[self.rng.random_range(0..open.len())];
        self.grants[n].until = Some(Timestamp(self.now));
        let grant = self.grants[n].clone();
        self.say(|| format!("a grant ends: {} {:?}", grant.user, grant.area));
        self.change(vec![DirectoryChange::Grant { grant }]);
        self.tick(1);
    }

    pub(super) fn new_grant(&mut self) {
        let user = self.users[self.rng.random_range(0..self.users.len())];
        let grid = self.grids[self.rng.random_range(0..self.grids.len())].clone();
        let role = match self.rng.random_range(0..5) {
            0 => Role::Auditor,
            1 => Role::Supervisor,
            _ => Role::Worker,
        };
        self.say(|| format!("a grant: {user} {role:?} {grid}"));
        self.give(user, Some(grid), role);
    }

    pub(super) fn revoke(&mut self, at: usize) {
        let Some(identity) = self.phones[at].client().identity() else {
            return;
        };
        let devices = self.net.devices();
        let device = devices.into_iter().find(|d| d.id == identity.device);
        let mut device = device.unwrap();
        device.state = DeviceState::Revoked;
        self.say(|| format!("device {} is revoked", device.id));
        self.net.device_changed(device.clone());
        self.change(vec![DirectoryChange::Device { device }]);
    }

    pub(super) fn publish(&mut self) {
        let n = self.rng.random_range(0..5);
        let code = self.forms[n].code.to_string();
        let mut form = self.form(&code);
        form.version += 1;
        let mut field = form.fields[0].clone();
        let key = format!("added_in_{}", form.version);
        field.key = gridfold_sync_core::ids::FieldKey::new(&key).unwrap();
        field.required = false;
        form.fields.push(field);
        self.say(|| format!("{code} has version {}", form.version));
        self.forms.push(form.clone());
        self.change(vec![DirectoryChange::Form {
            form: Box::new(form),
        }]);
    }

    pub(super) fn back_up(&mut self) {
        self.server.recover(&self.net);
        let file = self.server.backup();
        self.backups.push(file);
    }

    /// A store of the server fails its next writes, and somebody writes.
    pub(super) fn ail(&mut self, at: usize) -> Result<(), String> {
        let stores = [
            Store::Views,
            Store::Views,
            Store::Keys,
            Store::Accounts,
            Store::Log,
        ];
        let troubles = [Trouble::Busy, Trouble::Full, Trouble::Io, Trouble::Damaged];
        let ailing = Ailing {
            store: stores[self.rng.random_range(0..stores.len())],
            trouble: troubles[self.rng.random_range(0..troubles.len())],
            writes: self.rng.random_range(1..6),
        };
        self.say(|| format!("the server's disk ails: {ailing:?}"));
        self.server.ail(ailing);
        if self.rng.random() {
            self.console_edit();
            return Ok(());
        }
        self.sync(at, false).map(|_| ())
    }

    /// Somebody may ask for it: a record is erased for good.
    pub(super) fn erase(&mut self) {
        self.server.recover(&self.net);
        let node = Arc::clone(self.server.node());
        let all = RecordFilter::of(ReadScope::all());
        let Ok(list) = node.views.list_full(&all) else {
            return;
        };
        if list.rows.is_empty() {
            return;
        }
        let row = &list.rows[self.rng.random_range(0..list.rows.len())].row;
        let (record, grid) = (row.record, row.grid.clone());
        self.erase_record(record, grid);
    }

    pub(super) fn erase_record(&mut self, record: RecordId, grid: AreaCode) {
        self.say(|| format!("{record} is erased"));
        let erasure = Erasure {
            grid,
            by: self.console.user,
            at: Timestamp(self.now),
            reason: "asked for by the resident".to_owned(),
            again: None,
        };
        self.change(vec![DirectoryChange::RecordErased {
            record,
            erasure: Some(erasure),
        }]);
        self.server.node().writer.erase(record).unwrap();
        self.erased.insert(record);
    }

    pub(super) fn attack(&mut self) {
        let node = Arc::clone(self.server.node());
        let log = check::read_log(&node);
        let first = self.grids[0].clone();
        let known: Vec<_> = log
            .iter()
            .filter(|l| l.stream.grid == first)
            .map(|l| l.item.id)
            .collect();
        let seen = self.net.seen(&mut self.rng);
        self.say(|| "the hostile device acts".to_owned());
        self.hostile.act(&mut self.rng, &node, &known, seen);
    }
}
