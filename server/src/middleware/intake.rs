//! Intake: a request takes room only once its body has come, and a body that hardly comes is not waited for.
//!
//! What enters: the bytes of a body as they arrive. What leaves: the whole body, with the memory it takes counted until the request is answered. What never happens here: a stranger's body keeping anybody else's out.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::StreamExt;
use uuid::Uuid;

use crate::problem::{Answer, Code, Problem};

/// Requests worked on at once; past it callers are told to come back.
pub const MAX_REQUESTS_UNDER_WAY: usize = 512;
/// Largest body of whoever is not known yet: sign-in, enrolment, refresh.
pub const MAX_STRANGER_BODY_BYTES: usize = 16 << 10;
/// Bodies of one address that are waited for before it is known whose they are.
pub const MAX_STRANGER_BODIES: usize = 32;
/// Bodies of one device that are waited for.
pub const MAX_DEVICE_BODIES: usize = 8;
/// In each such time a body must bring [`MIN_BODY_BYTES`], or its end.
pub const BODY_WINDOW: Duration = Duration::from_secs(10);
/// What a body must bring in each [`BODY_WINDOW`].
pub const MIN_BODY_BYTES: usize = 4 << 10;
/// How long a body may take however fast it comes.
pub const MAX_BODY_TIME: Duration = Duration::from_secs(300);
/// Memory for bodies that have come or are coming, all together.
pub const BODY_MEMORY_BYTES: usize = 96 << 20;
/// Memory for what is decoded from bodies of up to [`SMALL_DECODED_BYTES`] each, all together.
pub const SMALL_DECODING_BYTES: usize = 32 << 20;
/// Memory for what is decoded from larger bodies, all together: room for a few of the worst.
pub const DECODING_BYTES: usize = 64 << 20;
/// What a phone has in an ordinary sync, decoded; it never waits behind larger ones.
pub const SMALL_DECODED_BYTES: usize = 256 << 10;
/// How long a request waits for memory.
pub const MEMORY_WAIT: Duration = Duration::from_secs(2);
/// Syncs of one device under way: a phone has one, and some whose answer got lost.
pub const MAX_SYNCS_PER_DEVICE: usize = 4;
/// Exports of one device under way.
pub const MAX_EXPORTS_PER_DEVICE: usize = 2;
/// Exports under way: each keeps a thread while it is read.
pub const MAX_EXPORTS: usize = 16;
const KIB: usize = 1 << 10;

/// How many of something each has under way.
#[derive(Debug)]
pub struct UnderWay<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Default for UnderWay<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// One that is under way, until it is dropped.
#[derive(Debug)]
pub struct OneUnderWay<K: Eq + Hash + Clone> {
    all: Arc<Mutex<HashMap<K, usize>>>,
    whose: K,
}

impl<K: Eq + Hash + Clone> Drop for OneUnderWay<K> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some(n) = all.get_mut(&self.whose) {
            *n -= 1;
            if *n == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

impl<K: Eq + Hash + Clone> UnderWay<K> {
    /// Begins one more, unless `most` are under way.
    pub fn begin(&self, whose: K, most: usize) -> Option<OneUnderWay<K>> {
        let mut all = self.0.lock();
        let n = all.entry(whose.clone()).or_default();
        if *n >= most {
            return None;
        }
        *n += 1;
        Some(OneUnderWay {
            all: Arc::clone(&self.0),
            whose,
        })
    }
}

/// What all requests share of room and memory.
#[derive(Debug)]
pub struct Intake {
    /// Room to be worked on.
    pub room: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    strangers: UnderWay<IpAddr>,
    devices: UnderWay<Uuid>,
    /// Syncs under way, by device.
    pub syncs: UnderWay<Uuid>,
    /// Exports under way, by device.
    pub exports: UnderWay<Uuid>,
    /// Room for exports.
    pub export_room: Arc<Semaphore>,
}

impl Default for Intake {
    fn default() -> Self {
        let of = |n| Arc::new(Semaphore::new(n));
        Self {
            room: of(MAX_REQUESTS_UNDER_WAY),
            bodies: of(BODY_MEMORY_BYTES / KIB),
            small: of(SMALL_DECODING_BYTES / KIB),
            large: of(DECODING_BYTES / KIB),
            strangers: UnderWay::default(),
            devices: UnderWay::default(),
            syncs: UnderWay::default(),
            exports: UnderWay::default(),
            export_room: of(MAX_EXPORTS),
        }
    }
}

impl Intake {
    /// Memory for what is decoded from a body, of so many bytes once decoded.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when none comes free in time.
    pub async fn memory(&self, bytes: usize) -> Answer<OwnedSemaphorePermit> {
        let of = if bytes <= SMALL_DECODED_BYTES {
            &self.small
        } else {
            &self.large
        };
        wait_for(of, bytes).await
    }
}

async fn wait_for(of: &Arc<Semaphore>, bytes: usize) -> Answer<OwnedSemaphorePermit> {
    let kib = u32::try_from(bytes.div_ceil(KIB).max(1)).unwrap_or(u32::MAX);
    let permit = timeout(MEMORY_WAIT, Arc::clone(of).acquire_many_owned(kib)).await;
    match permit {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Problem::new(Code::Unavailable)),
    }
}

/// What a request holds until it is answered. It travels with the request.
#[derive(Debug, Clone)]
pub struct Held(Arc<HeldInner>);

#[derive(Debug)]
struct HeldInner {
    intake: Arc<Intake>,
    from: IpAddr,
    most_bytes: usize,
    permits: Mutex<Vec<OwnedSemaphorePermit>>,
    /// Whether the body has come.
    came: watch::Sender<bool>,
    window: Duration,
}

/// Whose request it is, once that is known.
#[derive(Debug, Clone, Copy)]
pub struct KnownDevice(pub Uuid);

impl Held {
    /// What a request from an address will hold, whose body may have so many bytes.
    #[must_use]
    pub fn new(intake: Arc<Intake>, from: IpAddr, most_bytes: usize) -> Self {
        Self::within(intake, from, most_bytes, BODY_WINDOW)
    }

    fn within(intake: Arc<Intake>, from: IpAddr, most_bytes: usize, window: Duration) -> Self {
        Self(Arc::new(HeldInner {
            window,
            intake,
            from,
            most_bytes,
            permits: Mutex::new(Vec::new()),
            came: watch::Sender::new(false),
        }))
    }

    /// Takes room to be worked on: at once for a request without a body.
    ///
    /// # Errors
    /// [`Code::Unavailable`] when there is none.
    pub fn take_room(&self) -> Answer<()> {
        let room = Arc::clone(&self.0.intake.room).try_acquire_owned();
        let permit = room.map_err(|_| Problem::new(Code::Unavailable))?;
        self.0.permits.lock().push(permit);
        self.0.came.send_replace(true);
        Ok(())
    }

    /// When the body has come, for which a request waits by other rules than for its answer.
    pub async fn body_came(&self) {
        // The sender lives as long as this does.
        let _ = self.0.came.subscribe().wait_for(|came| *came).await;
    }

    /// Reads a body whole, then takes room.
    ///
    /// # Errors
    /// [`Code::TooLarge`], [`Code::Timeout`] when it hardly comes, [`Code::RateLimited`] when too many of its sender's are waited for, [`Code::Unavailable`] without memory or room.
    pub async fn read(&self, body: Body, known: Option<KnownDevice>) -> Answer<Bytes> {
        let intake = &self.0.intake;
        let crowded = || Problem::new(Code::RateLimited).after(1);
        let (most, _stranger, _device);
        match known {
            Some(KnownDevice(device)) => {
                most = self.0.most_bytes;
                _stranger = None;
                _device = Some(
                    intake
                        .devices
                        .begin(device, MAX_DEVICE_BODIES)
                        .ok_or_else(crowded)?,
                );
            }
            None => {
                most = self.0.most_bytes.min(MAX_STRANGER_BODY_BYTES);
                let one = intake.strangers.begin(self.0.from, MAX_STRANGER_BODIES);
                _stranger = Some(one.ok_or_else(crowded)?);
                _device = None;
            }
        }
        let whole = self.gather(body, most).await?;
        self.take_room()?;
        Ok(whole)
    }

    async fn gather(&self, body: Body, most: usize) -> Answer<Bytes> {
        let (began, window) = (Instant::now(), self.0.window);
        let mut parts = body.into_data_stream();
        let (mut all, mut counted) = (Vec::new(), 0usize);
        let (mut window_ends, mut in_window) = (began + window, 0usize);
        loop {
            match timeout_at(window_ends, parts.next()).await {
                Ok(None) => return Ok(all.into()),
                Ok(Some(Err(_))) => {
                    return Err(Problem::bad_request("the body did not arrive whole"));
                }
                Ok(Some(Ok(part))) => {
                    if all.len() + part.len() > most {
                        return Err(Problem::new(Code::TooLarge));
                    }
                    in_window += part.len();
                    all.extend_from_slice(&part);
                    if all.len() > counted {
                        let more = (all.len() - counted).max(4 * KIB);
                        let permit = wait_for(&self.0.intake.bodies, more).await?;
                        counted += more;
                        self.0.permits.lock().push(permit);
                    }
                }
                Err(_) => {
                    if in_window < MIN_BODY_BYTES || began.elapsed() > MAX_BODY_TIME {
                        return Err(Problem::new(Code::Timeout));
                    }
                    (window_ends, in_window) = (Instant::now() + window, 0);
                }
            }
            if Instant::now() >= window_ends && in_window >= MIN_BODY_BYTES {
                (window_ends, in_window) = (Instant::now() + window, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const WINDOW: Duration = Duration::from_millis(300);

    fn held(intake: &Arc<Intake>) -> Held {
        Held::within(
            Arc::clone(intake),
            Ipv4Addr::LOCALHOST.into(),
            1 << 20,
            WINDOW,
        )
    }

    fn known(n: usize) -> Option<KnownDevice> {
        Some(KnownDevice(Uuid::from_u128(n as u128)))
    }

    /// Parts of a body, each after a pause.
    fn trickle(parts: usize, bytes: usize, pause: Duration) -> Body {
        let parts = tokio_stream::iter(0..parts).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))
        });
        Body::from_stream(parts)
    }

    fn never() -> Body {
        Body::from_stream(tokio_stream::pending::<std::io::Result<Bytes>>())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_hardly_comes_is_not_waited_for() {
        let intake = Arc::new(Intake::default());
        let slow = trickle(100_000, 1, Duration::from_millis(5));
        let refused = held(&intake).read(slow, known(1)).await;
        assert_eq!(refused.map_err(|p| p.code), Err(Code::Timeout));
        // One that comes steadily may take longer than that.
        let steady = trickle(40, 4_096, Duration::from_millis(20));
        let whole = held(&intake).read(steady, known(1)).await;
        assert_eq!(whole.map(|b| b.len()), Ok(40 * 4_096));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_that_are_waited_for_take_no_room() {
        let intake = Arc::new(Intake::default());
        for n in 0..MAX_REQUESTS_UNDER_WAY + 100 {
            let held = held(&intake);
            tokio::spawn(async move { held.read(never(), known(n)).await });
        }
        tokio::task::yield_now().await;
        assert_eq!(held(&intake).take_room(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_keeps_nobody_else_out_and_not_for_long() {
        let intake = Arc::new(Intake::default());
        let mut waiting = Vec::new();
        for _ in 0..MAX_STRANGER_BODIES {
            let held = held(&intake);
            waiting.push(tokio::spawn(async move { held.read(never(), None).await }));
        }
        tokio::task::yield_now().await;
        let more = held(&intake).read(Body::from("x"), None).await;
        assert_eq!(more.map_err(|p| p.code), Err(Code::RateLimited));
        let elsewhere = Ipv4Addr::new(10, 0, 0, 1).into();
        let other = Held::new(Arc::clone(&intake), elsewhere, 100);
        assert_eq!(
            other.read(Body::from("x"), None).await,
            Ok(Bytes::from("x"))
        );
        let of_a_device = held(&intake).read(Body::from("x"), known(1)).await;
        assert_eq!(of_a_device, Ok(Bytes::from("x")));
        for one in waiting {
            assert!(one.await.unwrap().is_err());
        }
        let later = held(&intake).read(Body::from("x"), None).await;
        assert_eq!(later, Ok(Bytes::from("x")));
    }

    #[tokio::test(start_paused = true)]
    async fn small_bodies_do_not_wait_for_memory_behind_large_ones() {
        let intake = Intake::default();
        let worst = gridfold_sync_core::limits::MAX_BODY_DECODED_BYTES;
        let mut all = Vec::new();
        while let Ok(memory) = intake.memory(worst).await {
            all.push(memory);
        }
        assert_eq!(all.len(), DECODING_BYTES / worst);
        assert!(intake.memory(10_000).await.is_ok());
        all.pop();
        assert!(intake.memory(worst).await.is_ok());
    }

    #[test]
    fn each_has_so_many_under_way() {
        let all = UnderWay::default();
        let first = all.begin(1, 2).unwrap();
        let second = all.begin(1, 2).unwrap();
        assert!(all.begin(1, 2).is_none());
        assert!(all.begin(2, 2).is_some());
        drop((first, second));
        assert!(all.begin(1, 2).is_some());
    }
}
