//! Digests of what each user's phone holds of the directory, so that a phone that is up to date
//! costs no making and hashing of it at every sync.

use std::num::NonZeroUsize;

use gridfold_sync_core::directory::{Directory, DirectoryScope};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::time::Timestamp;
use lru::LruCache;
use parking_lot::Mutex;

/// Users whose digest is kept.
const CACHED_USERS: usize = 16_384;

/// A digest, the newest change it tells of, and the time between two turns of grants in which it holds.
#[derive(Debug, Clone, Copy)]
struct Known {
    shown: u64,
    from: Timestamp,
    until: Timestamp,
    digest: [u8; 8],
}

/// The digests of recent users.
#[derive(Debug)]
pub(crate) struct Scopes(Mutex<LruCache<UserId, Known>>);

impl Default for Scopes {
    fn default() -> Self {
        let size = NonZeroUsize::new(CACHED_USERS).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::new(size)))
    }
}

impl Scopes {
    /// The directory for this user's phone, when the digest it holds is of another one.
    pub(crate) fn news(
        &self,
        directory: &Directory,
        user: UserId,
        now: Timestamp,
        held: [u8; 8],
    ) -> Option<Vec<u8>> {
        let known = self.0.lock().get(&user).copied();
        let holds = known.is_some_and(|k| {
            k.shown == directory.shown() && k.from <= now && now < k.until && k.digest == held
        });
        if holds {
            return None;
        }
        let bytes = directory.scope(user, now).to_bytes();
        let digest = DirectoryScope::digest_of(&bytes);
        let known = Known {
            shown: directory.shown(),
            from: now,
            until: directory.next_turn(now),
            digest,
        };
        self.0.lock().put(user, known);
        (digest != held).then_some(bytes)
    }
}
