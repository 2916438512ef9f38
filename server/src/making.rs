//! Making a data directory: `init` and `restore` leave either nothing or a whole one, wherever they are killed.
//!
//! What enters: a directory that is empty, or holds what a making that was cut off left. What leaves: the same with a mark in it, which is taken away when everything is durable.
//! What never happens here: opening a marked directory for anything else, or removing a file that Gridfold did not make.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use gridfold_sync_core::directory::{DirectoryChange, Grant, User};
use gridfold_sync_core::ids::{GrantId, UserId};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};

use crate::auth::{
    AUTH_DB_FILE_NAME, KEYS_DB_FILE_NAME, MASTER_KEY_FILE_NAME, MasterKey, Password,
};
use crate::backup::KEPT_FILE_NAME;
use crate::clock::Clock;
use crate::config::{CONFIG_FILE_NAME, Config};
use crate::control::DOOR_FILE_NAME;
use crate::erasure_ledger::PENDING_FILE_NAME;
use crate::node::{
    CONSOLE_FILE_NAME, LOCK_FILE_NAME, LOG_DIR_NAME, Node, NodeError, io, lock, random_10,
};
use crate::views::VIEWS_DB_FILE_NAME;

/// Stands in a data directory while it is made, and holds the name of the command that makes it.
pub(crate) const UNFINISHED_FILE_NAME: &str = "unfinished";

/// What a making that was cut off may have left.
const MADE: [&str; 9] = [
    LOG_DIR_NAME,
    KEYS_DB_FILE_NAME,
    AUTH_DB_FILE_NAME,
    VIEWS_DB_FILE_NAME,
    MASTER_KEY_FILE_NAME,
    CONSOLE_FILE_NAME,
    KEPT_FILE_NAME,
    PENDING_FILE_NAME,
    DOOR_FILE_NAME,
];
/// What is put behind a name while it is written, or by SQLite.
const SIDE_FILES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".new"];

/// Why a directory cannot be made.
#[derive(Debug)]
pub(crate) enum MakingError {
    /// Something else is in it.
    NotEmpty,
    /// The file system failed.
    Io(std::io::Error),
}

impl From<std::io::Error> for MakingError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Node {
    /// Makes a data directory: keys, log, built-in forms, and an administrator with this password.
    ///
    /// # Errors
    /// When the directory is not empty, or anything cannot be made.
    pub fn init(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        login: &str,
        password: &Password,
    ) -> Result<Arc<Self>, NodeError> {
        let node = Self::begin_init(dir, config, clock, login, password)?;
        node.finish_init()?;
        Ok(node)
    }

    /// As [`Node::init`], up to the step that makes it count: until [`Node::finish_init`] nothing is there.
    pub(crate) fn begin_init(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        login: &str,
        password: &Password,
    ) -> Result<Arc<Self>, NodeError> {
        crate::auth::check_password(password, login).map_err(crate::auth::AccountError::from)?;
        let node = Self::begin_create(dir, config, clock, builtin_forms()?)?;
        let now = node.clock.now();
        let user = User {
            id: UserId::from_parts(now, random_10()?),
            name: login.to_owned(),
            active: true,
        };
        let grant = Grant {
            id: GrantId::from_parts(now, random_10()?),
            user: user.id,
            role: Role::Admin,
            area: None,
            from: now,
            until: None,
        };
        let id = user.id;
        node.directory.change(vec![
            DirectoryChange::User { user },
            DirectoryChange::Grant { grant },
        ])?;
        node.auth.accounts.create(
            login,
            id.0,
            password,
            crate::auth::Actor::SERVER,
            now.millis(),
        )?;
        Ok(node)
    }

    /// Makes a data directory with keys, log and built-in forms, and nobody who may sign in.
    ///
    /// # Errors
    /// When the directory is not empty, or anything cannot be made.
    pub fn create(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, NodeError> {
        Self::create_with(dir, config, clock, builtin_forms()?)
    }

    /// Makes a data directory with other forms, as an older build did.
    ///
    /// # Errors
    /// As [`Node::create`].
    #[doc(hidden)]
    pub fn create_with(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        forms: Vec<Form>,
    ) -> Result<Arc<Self>, NodeError> {
        let node = Self::begin_create(dir, config, clock, forms)?;
        node.finish_init()?;
        Ok(node)
    }

    fn begin_create(
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
        forms: Vec<Form>,
    ) -> Result<Arc<Self>, NodeError> {
        std::fs::create_dir_all(dir).map_err(io(dir))?;
        let lock = lock(dir)?;
        begin(dir, "init").map_err(|error| match error {
            MakingError::NotEmpty => NodeError::NotEmpty(dir.to_owned()),
            MakingError::Io(source) => io(dir)(source),
        })?;
        MasterKey::create(&dir.join(MASTER_KEY_FILE_NAME))?;
        let node = Self::open_locked(dir, config, clock, (None, None), lock)?;
        node.publish(forms)?;
        Ok(node)
    }

    /// Makes what was begun count.
    ///
    /// # Errors
    /// When the directory cannot be written; then it still counts for nothing.
    pub(crate) fn finish_init(&self) -> Result<(), NodeError> {
        finish(&self.dir).map_err(io(&self.dir))
    }
}

/// The command that was cut off while it made this directory; none for one that is whole.
pub(crate) fn cut_off(dir: &Path) -> Option<String> {
    match std::fs::read_to_string(dir.join(UNFINISHED_FILE_NAME)) {
        Ok(command) if command.is_empty() => Some("init".to_owned()),
        Ok(command) => Some(command),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => Some("init".to_owned()),
    }
}

/// Removes what a making that was cut off left, and marks the directory. Its lock is held.
pub(crate) fn begin(dir: &Path, command: &str) -> Result<(), MakingError> {
    let mark = dir.join(UNFINISHED_FILE_NAME);
    if mark.exists() {
        for name in MADE {
            for suffix in SIDE_FILES {
                remove(&dir.join(format!("{name}{suffix}")))?;
            }
        }
        remove(&dir.join("master.key.new"))?;
    }
    for entry in std::fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != CONFIG_FILE_NAME && name != LOCK_FILE_NAME && name != UNFINISHED_FILE_NAME {
            return Err(MakingError::NotEmpty);
        }
    }
    let mut file = File::create(&mark)?;
    file.write_all(command.as_bytes())?;
    file.sync_all()?;
    sync_dir(dir)?;
    Ok(())
}

/// Takes the mark away: from here on the directory is whole. Everything in it is durable before.
pub(crate) fn finish(dir: &Path) -> std::io::Result<()> {
    sync_dir(dir)?;
    remove(&dir.join(UNFINISHED_FILE_NAME))?;
    sync_dir(dir)
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what was renamed, made or removed in a directory last.
pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    let dir = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    File::open(dir)?.sync_all()
}
