//! People by what they are called: whom a name stands for, and what whoever is meant is called now.
//!
//! What enters: a name, or what a field that means a person holds. What leaves: ids of users. What
//! never happens here: guessing between two people of one name.

use crate::directory::Directory;
use crate::ids::{AreaCode, UserId};
use crate::schema::Role;
use crate::time::Timestamp;

/// More than one person who works there is called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namesakes;

impl Directory {
    /// Everybody who is called so now, with an account that is closed too.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = UserId> + 'a {
        let name = name.trim();
        self.users()
            .filter(move |u| u.name.trim() == name)
            .map(|u| u.id)
    }

    /// Whether somebody works in a grid now: as its worker, or as a supervisor over it.
    #[must_use]
    pub fn works_in(&self, user: UserId, grid: &AreaCode, now: Timestamp) -> bool {
        self.active_grants(user, now).any(|g| {
            matches!(g.role, Role::Worker | Role::Supervisor) && self.covers(g.area.as_ref(), grid)
        })
    }

    /// The one who is called so and works in a grid; none when nobody is.
    ///
    /// # Errors
    /// [`Namesakes`] when the name alone does not say who.
    pub fn worker_named(
        &self,
        name: &str,
        grid: &AreaCode,
        now: Timestamp,
    ) -> Result<Option<UserId>, Namesakes> {
        let mut there = self
            .named(name)
            .filter(|id| self.user(id).is_some_and(|u| u.active) && self.works_in(*id, grid, now));
        match (there.next(), there.next()) {
            (Some(_), Some(_)) => Err(Namesakes),
            (one, _) => Ok(one),
        }
    }

    /// Whom a record means by an id or by the name of somebody without an account: the id, and
    /// what they are called now.
    #[must_use]
    pub fn called(&self, who: &str) -> (Option<UserId>, String) {
        match UserId::parse(who) {
            Ok(id) => {
                let name = self.user(&id).map(|u| u.name.clone());
                (Some(id), name.unwrap_or_default())
            }
            Err(_) => (None, who.to_owned()),
        }
    }

    /// What records say of the people who are meant by an id or a name: ids, and names where those
    /// who wrote them named nobody with an account.
    #[must_use]
    pub fn meant_by(&self, who: &str) -> Vec<String> {
        let who = who.trim();
        if let Ok(id) = UserId::parse(who) {
            // A name without an id is theirs only while nobody else is called so.
            let name = self.user(&id).map(|u| u.name.trim());
            let name = name.filter(|name| self.named(name).nth(1).is_none());
            return [id.to_string()]
                .into_iter()
                .chain(name.map(str::to_owned))
                .collect();
        }
        let ids = self.named(who).map(|id| id.to_string());
        ids.chain([who.to_owned()]).collect()
    }
}
