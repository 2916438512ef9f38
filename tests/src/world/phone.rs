//! A phone: the real client on its disk, with a clock and randomness of the simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use gridfold_client::{Client, ClientError, OpenOptions, Platform};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::time::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Tag;
use super::place::Place;

/// Claimed times are this coarse but for a number that names the edit.
pub(super) const CLOCK_STEP: i64 = 10_000_000;

/// A clock that stands until it is set, and randomness that repeats.
#[derive(Debug)]
pub(super) struct SimPlatform {
    now: AtomicI64,
    rng: Mutex<StdRng>,
}

impl SimPlatform {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            now: AtomicI64::new(0),
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
        })
    }
    pub(super) fn set(&self, at: i64) {
        self.now.store(at, Ordering::SeqCst);
    }
}

impl Platform for SimPlatform {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
    fn random(&self, bytes: &mut [u8]) {
        self.rng.lock().unwrap().fill_bytes(bytes);
    }
}

/// A phone and what it was trusted with.
pub(super) struct Phone {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) platform: Arc<SimPlatform>,
    pub(super) client: Option<Client>,
    pub(super) user: UserId,
    /// The coarse part of its clock, a multiple of [`CLOCK_STEP`].
    pub(super) clock: i64,
    /// What it acknowledged and must still hold.
    pub(super) holds: BTreeSet<Tag>,
    /// What it handed over before it had to erase a stream.
    pub(super) handed_over: BTreeSet<Tag>,
    /// Refused edits that its person looked at and let go or made again.
    pub(super) settled: BTreeSet<Tag>,
}

const KEY: [u8; 32] = [7; 32];

fn options(place: &Place, platform: &Arc<SimPlatform>) -> Result<OpenOptions, ClientError> {
    Ok(OpenOptions {
        disk: place.disk(&mut *platform.rng.lock().unwrap())?,
        key: KEY.into(),
        platform: Arc::clone(platform) as Arc<dyn Platform>,
    })
}

impl Phone {
    pub(super) fn create(name: String, place: Place, seed: u64, user: UserId, clock: i64) -> Self {
        let platform = SimPlatform::new(seed);
        platform.set(clock);
        let client = Client::create(options(&place, &platform).unwrap()).unwrap();
        Self {
            name,
            place,
            platform,
            client: Some(client),
            user,
            clock,
            holds: BTreeSet::new(),
            handed_over: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    pub(super) fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// The process ends and starts again.
    pub(super) fn reopen(&mut self) -> Result<(), ClientError> {
        self.client = None;
        self.client = Some(Client::open(options(&self.place, &self.platform)?)?);
        Ok(())
    }

    /// Goes on from what is in another place, moved or copied there.
    pub(super) fn open_at(&mut self, place: Place) -> Result<(), ClientError> {
        self.client = None;
        self.place.remove();
        self.place = place;
        self.reopen()
    }

    /// What the store holds of acknowledged edits, by record, as its history tells.
    pub(super) fn present(
        &self,
        records: &BTreeMap<Tag, gridfold_sync_core::ids::RecordId>,
    ) -> BTreeSet<Tag> {
        let mine: BTreeSet<_> = self
            .holds
            .iter()
            .filter_map(|tag| records.get(tag))
            .collect();
        let mut out = BTreeSet::new();
        for record in mine {
            for entry in self.client().history(*record) {
                out.insert((entry.claimed.millis(), entry.stream.class));
            }
        }
        out
    }

    pub(super) fn refused(&self) -> BTreeSet<Tag> {
        self.client()
            .refused()
            .into_iter()
            .map(|r| (r.at.millis(), r.stream.class))
            .collect()
    }
}
