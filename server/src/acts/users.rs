//! Users: adding and changing one, in the directory and among the accounts.
//!
//! What is written first is said with each act: a crash between the two is made good by the next
//! start (`node/agree.rs`).

use gridfold_sync_core::directory::{Directory, DirectoryChange, User};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::search::fold;
use gridfold_sync_core::time::Timestamp;

use crate::auth::{Actor, Password};
use crate::node::{Node, random_10};
use crate::problem::{Answer, Problem};
use crate::words::said;

/// The longest name of a user or area, in characters.
pub(crate) const NAME_MAX_CHARS: usize = 100;

/// Checks a name for people.
pub(crate) fn read_name(text: &str) -> Answer<String> {
    let name = text.trim();
    let fits =
        (1..=NAME_MAX_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(Problem::bad_request_in(said!(
            "name_length",
            most = NAME_MAX_CHARS
        )))
    }
}

/// Those who have this name already, as far as the caller may know of them; disabled ones too, who may be the same
/// person.
pub(crate) fn namesakes(
    directory: &Directory,
    name: &str,
    may_know: impl Fn(UserId) -> bool,
) -> Vec<UserId> {
    let folded = fold(name);
    let of_this_name = directory.users().filter(|user| fold(&user.name) == folded);
    of_this_name
        .map(|user| user.id)
        .filter(|id| may_know(*id))
        .collect()
}

/// Adds a user, with an account when login and password are given.
pub(crate) fn add_user(
    node: &Node,
    name: String,
    account: Option<(String, String)>,
    by: Actor,
    now: Timestamp,
) -> Answer<User> {
    let random = random_10().map_err(|e| Problem::internal(&e))?;
    let user = User {
        id: UserId::from_parts(now, random),
        name,
        active: true,
    };
    // The account first: when its login is taken nobody is added.
    if let Some((login, password)) = account {
        node.auth.accounts.create(
            &login,
            user.id.0,
            &Password::new(password),
            by,
            now.millis(),
        )?;
    }
    let mut changes = vec![DirectoryChange::User { user: user.clone() }];
    if by != Actor::SERVER {
        changes.push(DirectoryChange::UserMade {
            user: user.id,
            by: UserId(by.user),
        });
    }
    node.directory.change(changes)?;
    Ok(user)
}

/// Changes a user in the directory and the store of secrets.
pub(crate) fn change_user(
    node: &Node,
    id: UserId,
    name: Option<String>,
    active: Option<bool>,
    by: Actor,
    now: Timestamp,
) -> Answer<User> {
    let was = node
        .directory
        .current()
        .user(&id)
        .cloned()
        .ok_or_else(Problem::not_found)?;
    if let Some(active) = active {
        node.auth
            .devices
            .set_user_blocked(id.0, !active, by, now.millis())?;
    }
    let user = User {
        id,
        name: name.unwrap_or_else(|| was.name.clone()),
        active: active.unwrap_or(was.active),
    };
    if user != was {
        node.directory
            .change(vec![DirectoryChange::User { user: user.clone() }])?;
    }
    Ok(user)
}
