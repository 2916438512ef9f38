//! A node: everything a running server holds, opened from one data directory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gridfold_sync_core::directory::DirectoryChange;
use gridfold_sync_core::entry::{Author, PublicKey, SignKey};
use gridfold_sync_core::ids::{DeviceId, IncarnationId, RecordId, UserId};
use gridfold_sync_core::schema::{Form, newer_builtin_forms};
use gridfold_sync_core::time::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

mod agree;
mod clock;
mod erasures;
mod error;
mod init;
mod mend;
mod open_log;

pub use clock::ConfirmError;
pub use error::NodeError;
pub(crate) use error::io;

use self::open_log::{Opened, open_log};
use crate::auth::{AUTH_DB_FILE_NAME, Auth, AuthSettings, PushKey};
use crate::clock::{Clock, ClockGuard};
use crate::config::Config;
use crate::data_dir::{self, CONSOLE_FILE_NAME, LOG_DIR_NAME, replace_file};
use crate::desk::Desk;
use crate::directory::DirectoryService;
use crate::erasure_ledger::Ledgers;
use crate::keys::secret::random;
use crate::keys::{
    DEFAULT_CACHED_KEYS, KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME, MasterKey, RecordKeys, must_exist,
};
use crate::known_people::KnownPeople;
use crate::log::{Log, OpenReport};
use crate::notify::Notify;
use crate::project::{Follower, Source};
use crate::push::{Push, PushParts};
use crate::redrawing::Redrawing;
use crate::scopes::Scopes;
use crate::trouble::StoreFaults;
use crate::views::{Following, Views};
use crate::witness::Witness;
use crate::writer::{Faults, Writer, WriterParts};

/// What opening found and did.
#[derive(Debug, Default)]
pub struct NodeReport {
    /// The log's own report.
    pub log: OpenReport,
    /// Whether the views were made again from the log.
    pub views_rebuilt: bool,
    /// Entries projected that the views lacked.
    pub caught_up: u64,
    /// Records that a backup had brought back and that were erased again.
    pub erased_again: Vec<RecordId>,
    /// Changes of the directory that the log had lost and that were put back from their copy.
    pub directory_mended: u64,
}

/// A running server without its sockets.
#[derive(Debug)]
pub struct Node {
    /// Its data directory.
    pub dir: PathBuf,
    /// Its configuration.
    pub config: Config,
    /// Accounts, tokens, devices, audit.
    pub auth: Auth,
    /// What supervisors have seen, put away and saved.
    pub desk: Desk,
    /// Keys of records.
    pub keys: Arc<RecordKeys>,
    /// The log.
    pub log: Arc<dyn Log>,
    /// Areas, users, grants, devices, forms.
    pub directory: Arc<DirectoryService>,
    /// The committing thread.
    pub writer: Writer,
    /// What tells phones of news, where that is configured. It ends after the writer.
    pub push: Option<Push>,
    /// The views' reading side.
    pub views: Views,
    /// How the views follow the log.
    pub following: Following,
    /// Where followers listen.
    pub notify: Notify,
    /// The clock the server goes by.
    pub clock: Arc<dyn Clock>,
    /// The same, where it guards the machine's.
    pub guard: Option<Arc<ClockGuard>>,
    /// What opening found.
    pub report: NodeReport,
    witness: Witness,
    pub(crate) server_key: SignKey,
    pub(crate) scopes: Scopes,
    pub(crate) known_people: KnownPeople,
    /// How far the redrawings of grids that run have come.
    pub(crate) redrawing: Redrawing,
    /// Held while somebody acts on a person, so that no grant comes between the question whether they may and the act.
    pub(crate) people: Mutex<()>,
    /// Where erasures are noted outside of the data directory.
    pub(crate) ledgers: Ledgers,
    /// Held while a backup is made.
    pub(crate) backing_up: Mutex<()>,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Console {
    epoch: u64,
    incarnation: IncarnationId,
}

impl Node {
    pub(crate) fn publish(&self, forms: Vec<Form>) -> Result<(), NodeError> {
        let forms = forms.into_iter().map(|form| DirectoryChange::Form {
            form: Box::new(form),
        });
        self.directory.change(forms.collect())?;
        Ok(())
    }

    /// Opens a data directory.
    ///
    /// # Errors
    /// When it is not initialised, in use, or damaged beyond what opening repairs.
    pub fn open(dir: &Path, config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, NodeError> {
        Self::open_with(dir, config, clock, None)
    }

    /// Opens a data directory with a simulated fault in its writer.
    ///
    /// # Errors
    /// As [`Node::open`].
    #[doc(hidden)]
    pub fn open_with(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        faults: Option<Faults>,
    ) -> Result<Arc<Self>, NodeError> {
        Self::open_failing(dir, config, clock, faults, None)
    }

    /// Opens a data directory with simulated faults: the steps of a batch at which its writer stops
    /// as a crash would, and the writes of stores that fail, by name.
    ///
    /// # Errors
    /// As [`Node::open`].
    #[doc(hidden)]
    pub fn open_failing(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        faults: Option<Faults>,
        stores: Option<StoreFaults>,
    ) -> Result<Arc<Self>, NodeError> {
        if let Some(command) = data_dir::cut_off(dir) {
            return Err(NodeError::Unfinished {
                dir: dir.to_owned(),
                command,
            });
        }
        let has_content =
            std::fs::read_dir(dir.join(LOG_DIR_NAME)).is_ok_and(|mut files| files.next().is_some());
        if has_content {
            for name in [MASTER_KEY_FILE_NAME, KEYS_DB_FILE_NAME, AUTH_DB_FILE_NAME] {
                must_exist(&dir.join(name))?;
            }
        }
        if !dir.join(MASTER_KEY_FILE_NAME).exists() {
            return Err(NodeError::NotInitialised(dir.to_owned()));
        }
        let lock = data_dir::lock(dir)?;
        // What a backup left that was killed holds keys of records that may be erased by now.
        crate::kept_backups::sweep(dir).map_err(io(dir))?;
        Self::open_locked(dir, config, clock, (faults, stores), lock)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "what is opened after what, in one place"
    )]
    pub(crate) fn open_locked(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        (faults, stores): (Option<Faults>, Option<StoreFaults>),
        lock: File,
    ) -> Result<Arc<Self>, NodeError> {
        let master = MasterKey::open(&dir.join(MASTER_KEY_FILE_NAME))?;
        let newest = crate::auth::newest_time(dir)?.map(Timestamp);
        let guard = ClockGuard::new(Arc::clone(&clock), newest).map(Arc::new);
        let clock = guard
            .as_ref()
            .map_or(clock, |guard| Arc::clone(guard) as Arc<dyn Clock>);
        let now = clock.now();
        let settings = AuthSettings::from(&config);
        let auth = Auth::open_with(dir, &master, settings, now.millis(), stores.clone())?;
        let desk = Desk::open(&auth, &master)?;
        let keys = Arc::new(RecordKeys::open_with(
            &dir.join(KEYS_DB_FILE_NAME),
            &master,
            DEFAULT_CACHED_KEYS,
            stores.clone(),
        )?);
        let log_dir = dir.join(LOG_DIR_NAME);
        let Opened {
            log,
            report: log_report,
            put_back,
        } = open_log(&log_dir, &config, &auth, stores.clone())?;
        let copy = auth.directory_copy.clone();
        let given_up = copy.lost()?;
        let directory = DirectoryService::open(Arc::clone(&log), Arc::clone(&keys), given_up)?;
        let directory_mended = put_back + mend::mend_directory(log.as_ref(), &directory, &copy)?;
        let directory = Arc::new(directory);
        let notes = auth.log_notes.clone();
        let witness = Witness::start(Arc::clone(&log), notes, copy).map_err(io(dir))?;
        let server_key = auth.server_key.sign_key();
        let erased_again = Self::erase_pending(
            dir,
            (&auth, &desk),
            &keys,
            &directory,
            &server_key.public(),
            now,
        )?;
        let source = Source {
            log: log.as_ref(),
            keys: &keys,
            directory: &directory.current(),
        };
        let (follower, opened) = Follower::open(dir, stores, source)?;
        let following = follower.following().clone();
        let views = Views::open(
            follower.path(),
            Arc::clone(&log),
            Arc::clone(&keys),
            following.clone(),
        );
        let notify = Notify::default();
        let console = console_incarnation(dir, log.epoch(), now)?;
        let (push, herald) = match &config.push.contact {
            Some(contact) => {
                let parts = PushParts {
                    subscriptions: auth.push.clone(),
                    key: Arc::new(PushKey::open(&auth.push)?),
                    contact: contact.clone(),
                    services: config.push.services.clone(),
                    every: Duration::from_secs(config.push.every_s),
                    directory: Arc::clone(&directory),
                    views: views.clone(),
                    clock: Arc::clone(&clock),
                };
                let (push, herald) = Push::start(parts).map_err(io(dir))?;
                (Some(push), Some(herald))
            }
            None => (None, None),
        };
        let writer = Writer::start(WriterParts {
            log: Arc::clone(&log),
            keys: Arc::clone(&keys),
            directory: Arc::clone(&directory),
            follower,
            views: views.clone(),
            notify: notify.clone(),
            herald,
            clock: Arc::clone(&clock),
            server_key: server_key.clone(),
            console,
            turn: Duration::from_millis(u64::from(config.limits.write_turn_ms)),
            most: Duration::from_secs(u64::from(config.limits.device_write_s)),
            faults,
        })
        .map_err(io(dir))?;
        let node = Arc::new(Self {
            dir: dir.to_owned(),
            config,
            auth,
            desk,
            keys,
            log,
            directory,
            writer,
            push,
            views,
            following,
            notify,
            clock,
            guard,
            witness,
            report: NodeReport {
                log: log_report,
                views_rebuilt: opened.made_again,
                caught_up: opened.caught_up,
                erased_again,
                directory_mended,
            },
            server_key,
            scopes: Scopes::default(),
            known_people: KnownPeople::default(),
            redrawing: Redrawing::default(),
            people: Mutex::default(),
            ledgers: Ledgers::default(),
            backing_up: Mutex::default(),
            _lock: lock,
        });
        node.note_erasures();
        node.note_clock();
        if node.directory.is_in_doubt() {
            // A form that is missed is not a form that was never published.
            return Ok(node);
        }
        let newer = newer_builtin_forms(node.directory.current().forms())?;
        if let Err(error) = node.publish(newer) {
            // What is there still serves; the next start tries again.
            tracing::warn!(%error, "newer built-in forms are not published");
        }
        if let Err(error) = node.agree() {
            // Who may act is read from the accounts; the next start tries again.
            tracing::warn!(%error, "accounts and directory may differ");
        }
        Ok(node)
    }

    /// The key with which the server signs receipts.
    #[must_use]
    pub fn server_public_key(&self) -> PublicKey {
        self.server_key.public()
    }

    /// Finishes what was taken and stops the committing thread.
    pub fn shutdown(&self) {
        self.writer.stop();
        if let Some(push) = &self.push {
            push.stop();
        }
        self.note_clock();
        self.witness.stop();
    }

    /// The public key of an enrolled device, for checking what it signed.
    #[must_use]
    pub fn device_key(&self, device: DeviceId) -> Option<PublicKey> {
        device_key(&self.directory.current(), device)
    }

    /// The author of a session.
    #[must_use]
    pub fn author(user: uuid::Uuid, device: uuid::Uuid) -> Author {
        Author {
            device: DeviceId(device),
            user: UserId(user),
        }
    }
}

/// The public key of a device of the directory.
pub(crate) fn device_key(
    directory: &gridfold_sync_core::directory::Directory,
    device: DeviceId,
) -> Option<PublicKey> {
    PublicKey::from_hex(&directory.device(&device)?.public_key)
}

/// Ten random bytes, for an id.
///
/// # Errors
/// When the system gives none.
pub fn random_10() -> Result<[u8; 10], NodeError> {
    random().map_err(|_| NodeError::Randomness)
}

/// Sixteen random bytes.
///
/// # Errors
/// When the system gives none.
pub(crate) fn random_16() -> Result<[u8; 16], NodeError> {
    random().map_err(|_| NodeError::Randomness)
}

/// The incarnation under which the console writes in this epoch: after a restore a new one, so
/// that the server's own device log never forks.
fn console_incarnation(dir: &Path, epoch: u64, now: Timestamp) -> Result<IncarnationId, NodeError> {
    let path = dir.join(CONSOLE_FILE_NAME);
    if let Ok(bytes) = std::fs::read(&path)
        && let Ok(console) = serde_json::from_slice::<Console>(&bytes)
        && console.epoch == epoch
    {
        return Ok(console.incarnation);
    }
    let console = Console {
        epoch,
        incarnation: IncarnationId::from_parts(now, random_10()?),
    };
    let json = serde_json::to_vec(&console).map_err(|e| io(&path)(e.into()))?;
    replace_file(&path, &json).map_err(io(&path))?;
    Ok(console.incarnation)
}
