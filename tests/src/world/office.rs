//! What happens away from the phones: grants begin and end, devices are revoked, forms change, and
//! somebody attacks.

use std::sync::Arc;

use gridfold_sync_core::directory::{DeviceState, DirectoryChange};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use rand::RngExt;

use super::check;
use super::run::World;

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
