//! Who may act on a person: give them rights, set their password, invite their phones, disable them.
//!
//! What enters: who acts and on whom. What leaves: yes or no, by the ledger of grants as a whole and
//! by who made a person, never by what runs at the moment alone: of nobody's grants everything is
//! true. What never happens here: reading or writing records; that is [`Directory::standing`].

use crate::directory::{Directory, Grant};
use crate::ids::{AreaCode, UserId};
use crate::schema::Role;
use crate::time::Timestamp;

/// How far up it is looked from a person to who made them, and who made those.
const MAX_MAKERS: usize = 8;

impl Directory {
    /// Who added a user; none for the server's own, and for those of before this was kept.
    #[must_use]
    pub fn maker(&self, user: &UserId) -> Option<UserId> {
        self.makers.get(user).copied()
    }

    /// The roles a user holds in an area at a time; of no area, those held everywhere.
    #[must_use]
    pub fn roles_in(&self, user: UserId, area: Option<&AreaCode>, at: Timestamp) -> Vec<Role> {
        self.active_grants(user, at)
            .filter(|g| match area {
                Some(area) => self.covers(g.area.as_ref(), area),
                None => g.area.is_none(),
            })
            .map(|g| g.role)
            .collect()
    }

    /// Whether a user may give or end a grant of this role there: an admin of the area any, a
    /// supervisor a worker's. Whom it is for is [`Self::may_manage`].
    #[must_use]
    pub fn may_grant(
        &self,
        user: UserId,
        role: Role,
        area: Option<&AreaCode>,
        at: Timestamp,
    ) -> bool {
        let roles = self.roles_in(user, area, at);
        roles.contains(&Role::Admin) || (role == Role::Worker && roles.contains(&Role::Supervisor))
    }

    /// Whether there may be anybody whom a user may act on.
    #[must_use]
    pub fn may_manage_some(&self, user: UserId, now: Timestamp) -> bool {
        self.active_grants(user, now)
            .any(|grant| matches!(grant.role, Role::Admin | Role::Supervisor))
    }

    /// Whether a user may act on a person.
    ///
    /// Who is admin everywhere may. Of others, an admin or supervisor may when all that the person
    /// was ever granted, has, or will have, is theirs to give; a person who was never granted
    /// anything is only theirs who made them, or who may act on who did.
    #[must_use]
    pub fn may_manage(&self, user: UserId, person: UserId, now: Timestamp) -> bool {
        if !self.may_manage_some(user, now) {
            return false;
        }
        if self.roles_in(user, None, now).contains(&Role::Admin) {
            return true;
        }
        let mut person = person;
        for _ in 0..MAX_MAKERS {
            let mut grants = self.grants_of(person).peekable();
            if grants.peek().is_some() {
                return grants.all(|g| self.may_grant(user, g.role, g.area.as_ref(), now));
            }
            match self.maker(&person) {
                Some(maker) if maker == user => return true,
                Some(maker) => person = maker,
                None => return false,
            }
        }
        false
    }

    /// Whether a grant gives its holder more than they have.
    #[must_use]
    pub fn widens(&self, grant: &Grant, now: Timestamp) -> bool {
        let area = grant.area.as_ref();
        let held = self.roles_in(grant.user, area, now).contains(&grant.role);
        !held && !self.may_grant(grant.user, grant.role, area, now)
    }
}
