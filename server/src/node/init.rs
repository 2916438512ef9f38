//! Making a data directory.
//!
//! What enters: an empty directory. What leaves: a node on a directory with keys, log, built-in forms and somebody who may sign in, which counts once it is finished.

use std::path::Path;
use std::sync::Arc;

use gridfold_sync_core::directory::{DirectoryChange, Grant, User};
use gridfold_sync_core::ids::{GrantId, UserId};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};

use super::{Node, NodeError, io, random_10};
use crate::auth::{AccountError, Actor, Password, check_password};
use crate::clock::Clock;
use crate::config::Config;
use crate::data_dir::{BeginError, begin, finish, lock};
use crate::keys::{MASTER_KEY_FILE_NAME, MasterKey};

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
        check_password(password, login).map_err(AccountError::from)?;
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
        node.auth
            .accounts
            .create(login, id.0, password, Actor::SERVER, now.millis())?;
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
            BeginError::NotEmpty => NodeError::NotEmpty(dir.to_owned()),
            BeginError::Io(source) => io(dir)(source),
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
