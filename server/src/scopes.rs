//! What phones are sent of the directory: digests of what each user's phone holds, so that one that
//! is up to date costs no making and hashing of it at every sync, and the areas of those who see
//! many, made once for all who see the same and not again before some area changes.

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use gridfold_sync_core::directory::{AreasPart, Directory, ScopeDocument};
use gridfold_sync_core::ids::{AreaCode, UserId};
use gridfold_sync_core::time::Timestamp;
use lru::LruCache;
use parking_lot::Mutex;

/// Users whose digest is kept.
const CACHED_USERS: usize = 16_384;
/// Areas are kept from so many bytes on: fewer are made as fast as found.
const KEPT_FROM_BYTES: usize = 16 << 10;
/// Most bytes of areas that are kept; the last one used always is.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// A digest, the newest change it tells of, and the time between two turns of grants in which it holds.
#[derive(Debug, Clone)]
struct Known {
    shown: u64,
    from: Timestamp,
    until: Timestamp,
    digest: [u8; 8],
    /// What it was a digest of, when the areas are kept; they are not kept for this.
    of: Option<(Weak<AreasPart>, [u8; 32])>,
}

/// The digests of recent users, and areas that many are sent.
#[derive(Debug)]
pub(crate) struct Scopes {
    users: Mutex<LruCache<UserId, Known>>,
    /// The last one used at the end.
    areas: Mutex<VecDeque<Arc<AreasPart>>>,
}

impl Default for Scopes {
    fn default() -> Self {
        let size = NonZeroUsize::new(CACHED_USERS).unwrap_or(NonZeroUsize::MIN);
        Self {
            users: Mutex::new(LruCache::new(size)),
            areas: Mutex::default(),
        }
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
    ) -> Option<ScopeDocument> {
        let known = self.users.lock().get(&user).cloned();
        let holds = known.as_ref().is_some_and(|k| {
            k.shown == directory.shown() && k.from <= now && now < k.until && k.digest == held
        });
        if holds {
            return None;
        }
        let areas = self.areas(directory, &directory.granted_areas(user, now));
        let is_kept = areas.bytes().len() >= KEPT_FROM_BYTES;
        let document = directory.document(user, now, Arc::clone(&areas));
        let of = is_kept.then(|| (Arc::downgrade(&areas), document.own_hash()));
        let same = known.as_ref().filter(|known| match (&known.of, &of) {
            (Some((was, own)), Some((areas, hash))) => was.ptr_eq(areas) && own == hash,
            _ => false,
        });
        let digest = same.map_or_else(|| document.digest(), |known| known.digest);
        let known = Known {
            shown: directory.shown(),
            from: now,
            until: directory.next_turn(now),
            digest,
            of,
        };
        self.users.lock().put(user, known);
        (digest != held).then_some(document)
    }

    /// The areas of whoever has grants of these, as they are kept.
    fn areas(&self, directory: &Directory, granted: &BTreeSet<Option<AreaCode>>) -> Arc<AreasPart> {
        let mut kept = self.areas.lock();
        if let Some(at) = kept.iter().position(|p| p.holds(directory, granted))
            && let Some(found) = kept.remove(at)
        {
            kept.push_back(Arc::clone(&found));
            return found;
        }
        drop(kept);
        let made = Arc::new(directory.areas_part(granted));
        if made.bytes().len() >= KEPT_FROM_BYTES {
            let mut kept = self.areas.lock();
            kept.retain(|part| !part.is_for(granted));
            kept.push_back(Arc::clone(&made));
            let mut bytes: usize = kept.iter().map(|part| part.bytes().len()).sum();
            while bytes > MAX_KEPT_BYTES && kept.len() > 1 {
                bytes -= kept.pop_front().map_or(0, |part| part.bytes().len());
            }
        }
        made
    }
}
