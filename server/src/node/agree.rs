//! The directory and the accounts agree again after a crash between the two writes of an act.
//!
//! An act on a person or a phone writes `auth.db` first and the directory second, so what `auth.db`
//! says goes and the directory follows. What enters: both as they were found. What leaves: changes of
//! the directory, audited. What never happens here: a guess by a file that is damaged, or anybody let
//! in who was not let in by an act.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{Device, DeviceState, Directory, DirectoryChange, User};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::time::Timestamp;
use uuid::Uuid;

use super::{Node, NodeError};
use crate::auth::{self, Actor, AuditEvent, AuditScope};

impl Node {
    /// Has the directory follow what `auth.db` holds of users and phones. Returns how many changes that took.
    pub(super) fn agree(&self) -> Result<u64, NodeError> {
        if !self.auth.damage.is_empty() || !self.keys.damage().is_empty() {
            // A row that is set aside says nothing of what was decided.
            return Ok(0);
        }
        let directory = self.directory.current();
        let mut changes = self.users_that_differ(&directory)?;
        changes.extend(phones_that_differ(
            &directory,
            &self.auth.devices.enrolled()?,
        ));
        let n = changes.len() as u64;
        for (scope, _) in &changes {
            self.auth.audit.record(&AuditEvent {
                at_ms: self.clock.now().millis(),
                who: Actor::SERVER,
                what: "directory.agree",
                scope: scope.clone(),
            })?;
        }
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        self.directory.change(changes)?;
        if n > 0 {
            tracing::warn!(
                changes = n,
                "an act on users or phones had been cut off between the accounts and the directory: it is finished now"
            );
        }
        Ok(n)
    }

    fn users_that_differ(
        &self,
        directory: &Directory,
    ) -> Result<Vec<(AuditScope, DirectoryChange)>, NodeError> {
        let blocked: BTreeMap<Uuid, bool> = self.auth.devices.users()?.into_iter().collect();
        let mut out = Vec::new();
        let mut put = |user: User| {
            let scope = AuditScope::of("user", user.id);
            out.push((scope, DirectoryChange::User { user }));
        };
        for (login, id) in self.auth.accounts.logins()? {
            if directory.user(&UserId(id)).is_some() {
                continue;
            }
            let is_erased = self.keys.get(id)?.is_none() && !self.keys.is_lost(id)?;
            if !is_erased {
                // The name that was given is gone; whoever manages them sees the login and sets it right.
                put(User {
                    id: UserId(id),
                    name: login,
                    active: !blocked.get(&id).copied().unwrap_or(false),
                });
            }
        }
        for user in directory.users() {
            if let Some(blocked) = blocked.get(&user.id.0)
                && *blocked == user.active
            {
                put(User {
                    active: !blocked,
                    ..user.clone()
                });
            }
        }
        Ok(out)
    }
}

fn phones_that_differ(
    directory: &Directory,
    phones: &[Arc<auth::DeviceAccount>],
) -> Vec<(AuditScope, DirectoryChange)> {
    let mut out = Vec::new();
    for phone in phones {
        let Some(key) = phone.public_key else {
            continue;
        };
        let state = match phone.state {
            auth::DeviceAccess::Active => DeviceState::Active,
            auth::DeviceAccess::Revoked | auth::DeviceAccess::Wiped => DeviceState::Revoked,
        };
        let id = DeviceId(phone.device_id);
        let device = match directory.device(&id) {
            Some(known) if known.state == state => continue,
            Some(known) => Device {
                state,
                ..known.clone()
            },
            None => Device {
                id,
                user: UserId(phone.user_id),
                public_key: to_hex(&key),
                state,
                enrolled: Timestamp(phone.created_ms),
            },
        };
        let scope = AuditScope::of("device", id);
        out.push((scope, DirectoryChange::Device { device }));
    }
    out
}
