//! The sender: a thread beside the writer's that finds out whom news concerns, and writes to their phones in its own
//! time.
//!
//! What enters: news, by a line. What leaves: messages. Nothing of it is kept: what waits when the server stops is not
//! sent, and a phone learns of it when it syncs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gridfold_sync_core::ids::{EntryRef, UserId};
use parking_lot::Mutex;
use uuid::Uuid;

use super::address::service_of;
use super::message::seal;
use super::news::{Herald, News};
use super::post::{Posted, Postman};
use crate::auth::{PushKey, PushSubscriptions};
use crate::clock::Clock;
use crate::config::{Contact, PushServices};
use crate::directory::DirectoryService;
use crate::keys::StoreError;
use crate::views::{Views, ViewsError};

/// News that waits for the sender.
const LINE: usize = 4_096;
/// The whole of a message: that there is news, and nothing of what it is.
const MESSAGE: &[u8] = br#"{"kind":"news"}"#;
/// How long a service is left alone after it was not reached or was busy, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The same where it says for how long, which may be no time at all.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
/// What could not be sent for this long is news no more.
const GIVE_UP: Duration = Duration::from_secs(86_400);
/// How long a push service may believe that this server writes, as RFC 8292 allows at most twice.
const VAPID_S: i64 = 12 * 3_600;

/// What the sender works with.
pub(crate) struct PushParts {
    pub(crate) subscriptions: PushSubscriptions,
    pub(crate) key: Arc<PushKey>,
    pub(crate) contact: Contact,
    pub(crate) services: PushServices,
    pub(crate) every: Duration,
    pub(crate) directory: Arc<DirectoryService>,
    pub(crate) views: Views,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The handle to the sender.
pub struct Push {
    key: Arc<PushKey>,
    stopping: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Push").finish_non_exhaustive()
    }
}

impl Push {
    /// Starts the thread, which ends when what tells it is gone.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(parts: PushParts) -> std::io::Result<(Self, Herald)> {
        let (line, news) = sync_channel(LINE);
        let stopping = Arc::new(AtomicBool::new(false));
        let key = Arc::clone(&parts.key);
        let ends = Arc::clone(&stopping);
        let thread = std::thread::Builder::new()
            .name("push".into())
            .spawn(move || Sender::new(parts, ends).run(&news))?;
        let push = Self {
            key,
            stopping,
            thread: Mutex::new(Some(thread)),
        };
        Ok((push, Herald(line)))
    }

    /// The public key by which browsers and push services know this server.
    #[must_use]
    pub fn public_key(&self) -> &str {
        self.key.public()
    }

    /// Waits for the message under way and ends. The writer has ended before.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.lock().take() {
            // A panic of the thread was logged when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Push {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A phone that is to be told.
struct Waiting {
    /// When, at the earliest.
    due: Instant,
    /// Since when.
    since: Instant,
    /// The same by the server's clock.
    news_ms: i64,
}

/// A service that is left alone for a while.
struct Paused {
    until: Instant,
    next: Duration,
}

struct Sender {
    parts: PushParts,
    stopping: Arc<AtomicBool>,
    postman: Postman,
    waiting: BTreeMap<Uuid, Waiting>,
    told: HashMap<Uuid, Instant>,
    paused: HashMap<String, Paused>,
}

impl Sender {
    fn new(parts: PushParts, stopping: Arc<AtomicBool>) -> Self {
        Self {
            parts,
            stopping,
            postman: Postman::new(),
            waiting: BTreeMap::new(),
            told: HashMap::new(),
            paused: HashMap::new(),
        }
    }

    fn run(mut self, line: &Receiver<News>) {
        while !self.stopping.load(Ordering::Acquire) {
            let first = self.waiting.values().map(|waiting| waiting.due).min();
            let got = match first {
                None => line.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => line.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match got {
                Ok(news) => {
                    // What came together becomes one message a phone.
                    let all: Vec<News> = std::iter::once(news).chain(line.try_iter()).collect();
                    if let Err(error) = self.hear(&all) {
                        tracing::warn!(%error, "whom news concerns was not found out");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.send_one();
        }
    }

    /// Notes the phones of those whom news concerns.
    fn hear(&mut self, all: &[News]) -> Result<(), HearError> {
        let subscribed = self.parts.subscriptions.all()?;
        if subscribed.is_empty() {
            return Ok(());
        }
        let users: BTreeSet<UserId> = subscribed.iter().map(|one| UserId(one.user)).collect();
        let directory = self.parts.directory.current();
        let meant: BTreeMap<UserId, Vec<String>> = users
            .into_iter()
            .map(|user| (user, directory.meant_by(&user.to_string())))
            .collect();
        let clock = self.parts.clock.now();
        let mut concerned = BTreeSet::new();
        for news in all {
            for user in self.whom(news, &meant)? {
                let reads = directory.readable(user, &news.stream.grid, clock);
                if user != news.author && reads.contains(&news.stream.class) {
                    concerned.insert(user);
                }
            }
        }
        let now = Instant::now();
        self.told
            .retain(|_, at| now.saturating_duration_since(*at) < self.parts.every);
        for one in subscribed {
            if !concerned.contains(&UserId(one.user)) {
                continue;
            }
            let told = self.told.get(&one.device);
            let due = told.map_or(now, |at| *at + self.parts.every);
            let waiting = self.waiting.entry(one.device).or_insert(Waiting {
                due,
                since: now,
                news_ms: 0,
            });
            waiting.news_ms = clock.millis();
        }
        Ok(())
    }

    /// Whom news concerns, its author among them perhaps.
    fn whom(
        &self,
        news: &News,
        meant: &BTreeMap<UserId, Vec<String>>,
    ) -> Result<BTreeSet<UserId>, ViewsError> {
        let of_name = |name: &String| {
            let all = meant.iter().filter(|(_, names)| names.contains(name));
            all.map(|(user, _)| *user).collect::<Vec<_>>()
        };
        let mut users: BTreeSet<UserId> = news.given_to.iter().flat_map(of_name).collect();
        users.extend(self.authors(news, &news.beside)?);
        if let Some(back) = &news.back {
            let had_part = self.authors(news, &back.part)?;
            match &back.doer {
                Some(doer) => {
                    let doers = of_name(doer).into_iter();
                    users.extend(doers.filter(|user| had_part.contains(user)));
                }
                None => users.extend(had_part),
            }
        }
        Ok(users)
    }

    fn authors(
        &self,
        news: &News,
        entries: &BTreeSet<EntryRef>,
    ) -> Result<BTreeSet<UserId>, ViewsError> {
        if entries.is_empty() {
            return Ok(BTreeSet::new());
        }
        let made = self
            .parts
            .views
            .made(&news.stream, entries.iter().copied())?;
        Ok(made.values().map(|made| made.by.user).collect())
    }

    /// Writes to the phone that has waited longest of those that are due.
    fn send_one(&mut self) {
        let now = Instant::now();
        let due = self.waiting.iter().filter(|(_, one)| one.due <= now);
        let Some(device) = due
            .min_by_key(|(_, one)| one.due)
            .map(|(device, _)| *device)
        else {
            return;
        };
        let Some(waiting) = self.waiting.remove(&device) else {
            return;
        };
        if now.saturating_duration_since(waiting.since) > GIVE_UP {
            return;
        }
        let again = match self.tell(device, &waiting) {
            Ok(again) => again,
            Err(error) => {
                tracing::warn!(%error, "a phone was not told of news");
                None
            }
        };
        if let Some(due) = again {
            self.waiting.insert(device, Waiting { due, ..waiting });
        }
    }

    /// Writes to a phone; gives when to try again.
    fn tell(&mut self, device: Uuid, waiting: &Waiting) -> Result<Option<Instant>, StoreError> {
        let Some((address, seen_ms)) = self.parts.subscriptions.address(device)? else {
            return Ok(None);
        };
        // It has synced since and knows.
        if seen_ms > waiting.news_ms {
            return Ok(None);
        }
        let Some(service) = service_of(&address.endpoint, &self.parts.services) else {
            return Ok(None);
        };
        if let Some(paused) = self.paused.get(&service)
            && paused.until > Instant::now()
        {
            return Ok(Some(paused.until));
        }
        let until_s = self.parts.clock.now().millis() / 1_000 + VAPID_S;
        let contact = self.parts.contact.as_str();
        let signed = self.parts.key.vapid(&service, contact, until_s);
        let (Some(vapid), Some(message)) = (signed, seal(&address, MESSAGE)) else {
            tracing::warn!("a message to a phone could not be sealed");
            return Ok(None);
        };
        match self.postman.post(&address.endpoint, &vapid, &message) {
            Posted::Taken => {
                self.paused.remove(&service);
                self.told.insert(device, Instant::now());
                Ok(None)
            }
            Posted::Gone => {
                self.paused.remove(&service);
                // Unless it has subscribed anew meanwhile.
                let now = self.parts.subscriptions.address(device)?;
                if now.is_some_and(|(now, _)| now == address) {
                    self.parts.subscriptions.remove(device)?;
                }
                Ok(None)
            }
            Posted::Refused(status) => {
                tracing::warn!(
                    service,
                    status,
                    "a push service takes no message of this server"
                );
                self.told.insert(device, Instant::now());
                Ok(None)
            }
            Posted::Later(after_s) => Ok(Some(self.pause(service, after_s))),
            Posted::Unreachable => Ok(Some(self.pause(service, None))),
        }
    }

    /// Leaves a service alone: longer each time, and for as long as it asks.
    fn pause(&mut self, service: String, after_s: Option<u64>) -> Instant {
        let asked = after_s.map(Duration::from_secs);
        let least = asked.map_or(FIRST_PAUSE, |_| SHORTEST_PAUSE);
        let before = self.paused.get(&service);
        let next = before.map_or(least, |paused| paused.next.max(least));
        let pause = asked
            .map_or(next, |asked| asked.max(next))
            .min(LONGEST_PAUSE);
        tracing::info!(
            service,
            seconds = pause.as_secs(),
            "a push service is left alone"
        );
        let until = Instant::now() + pause;
        let next = next.saturating_mul(2).min(LONGEST_PAUSE);
        self.paused.insert(service, Paused { until, next });
        until
    }
}

/// Why it was not found out whom news concerns.
#[derive(Debug, thiserror::Error)]
enum HearError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Views(#[from] ViewsError),
}

impl fmt::Debug for PushParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushParts").finish_non_exhaustive()
    }
}
