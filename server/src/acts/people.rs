//! Acts on people: the question whether somebody may, and the act, with nothing in between; and what becomes of a person's access when they are granted more.
//!
//! What enters: who acts, on whom, and the act. What leaves: what the act gave. What never happens here: the rule itself, which is the core's (`directory/people.rs`).

use gridfold_sync_core::directory::{Directory, DirectoryChange, Grant};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::time::Timestamp;

use super::devices::revoke_device;
use super::retired::takes_new;
use crate::auth::{Actor, AuditEvent, AuditScope, DeviceAccess, DeviceStanding, Giver};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};

/// What becomes of the access of a person who is granted more than who gave it to them may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AccessChoice {
    /// It ends: password, codes, phones and sessions.
    #[default]
    End,
    /// It stays, on the word of whoever grants.
    Keep,
    /// Nothing is granted yet when there is any.
    Ask,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessOutcome {
    /// Nothing: they have none, or who gave it may give the grant too.
    Untouched,
    /// It ended.
    Ended,
    /// It was kept.
    Kept,
}

/// Whether somebody may act on a person; the server itself always.
fn may(directory: &Directory, by: Actor, person: UserId, now: Timestamp) -> bool {
    by == Actor::SERVER || directory.may_manage(UserId(by.user), person, now)
}

impl Node {
    /// Runs an act on a person if whoever acts may, by the directory as it is then; nobody is granted anything meanwhile.
    ///
    /// # Errors
    /// [`Code::Forbidden`], or the act's own.
    pub(crate) fn on_person<T>(
        &self,
        by: Actor,
        person: UserId,
        now: Timestamp,
        act: impl FnOnce() -> Answer<T>,
    ) -> Answer<T> {
        let _alone = self.people.lock();
        if may(&self.directory.current(), by, person, now) {
            act()
        } else {
            Err(Problem::new(Code::Forbidden))
        }
    }

    /// Runs an act on one's own account, if the session it is done in has not ended meanwhile; nobody is granted anything until it is done.
    ///
    /// # Errors
    /// [`Code::DeviceRevoked`], or the act's own.
    pub(crate) fn on_oneself<T>(
        &self,
        by: Actor,
        now: Timestamp,
        act: impl FnOnce() -> Answer<T>,
    ) -> Answer<T> {
        let _alone = self.people.lock();
        match self.auth.devices.standing(by.device, now.millis())? {
            DeviceStanding::Active { user_id } if user_id == by.user => act(),
            _ => Err(Problem::new(Code::DeviceRevoked)),
        }
    }

    /// Grants, once whoever does may give this grant and may act on the person. What the person could come in with ends first when it came from somebody who may not give as much.
    ///
    /// # Errors
    /// [`Code::Forbidden`]; [`Code::AccessEnds`] when it is to be asked first.
    pub(crate) fn grant(
        &self,
        grant: Grant,
        choice: AccessChoice,
        by: Actor,
        now: Timestamp,
    ) -> Answer<AccessOutcome> {
        self.on_person(by, grant.user, now, || {
            let directory = self.directory.current();
            if by != Actor::SERVER
                && !directory.may_grant(UserId(by.user), grant.role, grant.area.as_ref(), now)
            {
                return Err(Problem::new(Code::Forbidden));
            }
            if let Some(area) = &grant.area {
                takes_new(&directory, area)?;
            }
            let outcome = match choice {
                _ if !self.comes_from_less(&directory, &grant, now)? => AccessOutcome::Untouched,
                AccessChoice::Ask => return Err(Problem::new(Code::AccessEnds)),
                AccessChoice::Keep => {
                    self.auth.access.confirm(grant.user.0, by, now.millis())?;
                    AccessOutcome::Kept
                }
                AccessChoice::End => {
                    self.end_access(&directory, grant.user, by, now)?;
                    AccessOutcome::Ended
                }
            };
            self.write_grant(grant, "grant.add", by, now)?;
            Ok(outcome)
        })
    }

    /// Logs a grant that is new or changed.
    ///
    /// # Errors
    /// When it cannot be recorded or logged.
    pub(crate) fn write_grant(
        &self,
        grant: Grant,
        what: &'static str,
        who: Actor,
        now: Timestamp,
    ) -> Answer<()> {
        let scope = AuditScope::of("grant", grant.id).and("user", grant.user);
        self.auth.audit.record(&AuditEvent {
            at_ms: now.millis(),
            who,
            what,
            scope,
        })?;
        self.directory
            .change(vec![DirectoryChange::Grant { grant }])?;
        Ok(())
    }

    /// Whether a person's access comes from somebody who may not give what they are to be granted.
    pub(crate) fn comes_from_less(
        &self,
        directory: &Directory,
        grant: &Grant,
        now: Timestamp,
    ) -> Answer<bool> {
        if !directory.widens(grant, now) {
            return Ok(false);
        }
        let area = grant.area.as_ref();
        let may_give = |user, at| directory.may_grant(UserId(user), grant.role, area, at);
        let givers = self.auth.access.givers(grant.user.0)?;
        Ok(givers.into_iter().any(|giver| match giver {
            Giver::Server => false,
            Giver::Unknown => true,
            // Then or now: who went on to other work has not become a stranger for that.
            Giver::User { user, at_ms } => {
                !may_give(user, Timestamp(at_ms)) && !may_give(user, now)
            }
        }))
    }

    fn end_access(
        &self,
        directory: &Directory,
        person: UserId,
        by: Actor,
        now: Timestamp,
    ) -> Answer<()> {
        let devices = self.auth.devices.of_user(person.0)?;
        self.auth.end_access(person.0, by, now.millis())?;
        // The directory has to know of the phones too.
        for device in devices {
            let known = directory.device(&DeviceId(device.device_id)).is_some();
            if known && device.state == DeviceAccess::Active {
                revoke_device(self, device.device_id, false, by, now)?;
            }
        }
        Ok(())
    }
}
