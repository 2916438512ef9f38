//! Whom each caller may know of, and where those work: asked of ten thousand people by every
//! overview, and the same until the directory changes.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{AreaCode, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use lru::LruCache;
use parking_lot::Mutex;

/// Callers of whom it is kept.
const CACHED_CALLERS: usize = 32;

/// People, with the areas in which each works now; none among them is everywhere.
pub(crate) type Known = HashMap<UserId, Vec<Option<AreaCode>>>;

#[derive(Debug)]
struct Held {
    /// The very directory that it was asked of.
    of: Weak<Directory>,
    /// The time between two turns of grants in which it holds.
    from: Timestamp,
    until: Timestamp,
    known: Arc<Known>,
}

/// The people of recent callers.
#[derive(Debug)]
pub(crate) struct KnownPeople(Mutex<LruCache<UserId, Held>>);

impl Default for KnownPeople {
    fn default() -> Self {
        let size = NonZeroUsize::new(CACHED_CALLERS).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::new(size)))
    }
}

impl KnownPeople {
    /// The people whom a caller may know of, by this directory at this time.
    pub(crate) fn of(
        &self,
        caller: UserId,
        directory: &Arc<Directory>,
        now: Timestamp,
        may_know: impl Fn(UserId) -> bool,
    ) -> Arc<Known> {
        if let Some(held) = self.0.lock().get(&caller)
            && std::ptr::eq(held.of.as_ptr(), Arc::as_ptr(directory))
            && held.from <= now
            && now < held.until
        {
            return Arc::clone(&held.known);
        }
        let people = directory.users().map(|user| user.id);
        let known: Known = people
            .filter(|user| may_know(*user))
            .map(|user| {
                let grants = directory.active_grants(user, now);
                let works = grants.filter(|grant| grant.role == Role::Worker);
                (user, works.map(|grant| grant.area.clone()).collect())
            })
            .collect();
        let known = Arc::new(known);
        let held = Held {
            of: Arc::downgrade(directory),
            from: now,
            until: directory.next_turn(now),
            known: Arc::clone(&known),
        };
        self.0.lock().put(caller, held);
        known
    }
}
