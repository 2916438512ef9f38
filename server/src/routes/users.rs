//! Users: people, their accounts, whether they may still sign in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::User;
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::search::{is_called, natural_key};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Api, Body, Caller, Params, Path, Peer, page_rows};
use crate::acts::users::{add_user, change_user, namesakes, read_name};
use crate::auth::{Origin, Password, SignInError};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::said;

/// A user.
#[derive(Serialize, ToSchema)]
pub struct UserBody {
    /// The id.
    pub user_id: String,
    /// The name colleagues see.
    pub name: String,
    /// Whether they may sign in and sync.
    pub active: bool,
    /// Roles held now, anywhere.
    pub roles: Vec<String>,
    /// Whether the caller may act on them: give them rights, set their password, invite their phones, disable them.
    pub may_manage: bool,
    /// Whether the person has a login; only of one user, for who may act on them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_login: Option<bool>,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Part of the name.
    pub name: Option<String>,
    /// Only people whose grant as a worker or supervisor covers this grid now.
    pub works_in: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: Option<usize>,
}

/// A new user.
#[derive(Deserialize, ToSchema)]
pub struct NewUser {
    /// The name colleagues see.
    pub name: String,
    /// The login, for those who use the dashboard; phones enrol without one.
    #[serde(default)]
    pub login: Option<String>,
    /// The password; needs a login.
    #[serde(default)]
    pub password: Option<String>,
    /// What becomes of it when somebody whom the caller may know of has this name: `add` adds another, and is so when left out; `ask` adds nobody and answers `namesake`.
    #[serde(default)]
    pub namesake: Option<String>,
}

/// What changes.
#[derive(Deserialize, ToSchema)]
pub struct UserChange {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// False disables the user on all devices, true lets them back in.
    #[serde(default)]
    pub active: Option<bool>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
pub struct NewPassword {
    /// The password, at least 12 characters.
    pub password: String,
    /// The login, when the user has no account yet.
    #[serde(default)]
    pub login: Option<String>,
    /// The present password, when it is one's own that is set: whoever finds a browser signed in must not take the account over.
    #[serde(default)]
    pub current: Option<String>,
}

fn body(caller: &Caller, user: &User) -> UserBody {
    let roles = caller.directory.roles(user.id, caller.now);
    UserBody {
        user_id: user.id.to_string(),
        name: user.name.clone(),
        active: user.active,
        roles: roles.iter().map(|r| r.as_str().to_owned()).collect(),
        may_manage: caller.may_manage(user.id),
        has_login: None,
    }
}

/// The user a text names, if the caller may know of them.
pub(super) fn read_user(caller: &Caller, text: &str) -> Answer<UserId> {
    UserId::parse(text)
        .ok()
        .filter(|id| caller.directory.user(id).is_some() && caller.sees_user(*id))
        .ok_or_else(Problem::not_found)
}

/// The users the caller may know of, by name: a number before a larger one. With `next` of a page come those behind it.
#[utoipa::path(get, path = "/v1/users", operation_id = "list_users", tag = "users", params(UserQuery), responses((status = 200, body = UserPage), (status = 400, body = ProblemBody)))]
pub async fn list(caller: Caller, Params(query): Params<UserQuery>) -> Answer<Json<UserPage>> {
    let limit = page_rows(query.limit)?;
    let place = |user: &User| (natural_key(&user.name), user.id);
    let after = match &query.cursor {
        Some(text) => {
            let last = UserId::parse(text).ok();
            let last = last.and_then(|last| caller.directory.user(&last));
            let last =
                last.ok_or_else(|| Problem::bad_request("cursor is not one of this list"))?;
            Some(place(last))
        }
        None => None,
    };
    let grid = query
        .works_in
        .as_deref()
        .map(|code| caller.read_area(code))
        .transpose()?;
    let works = |user: &User| {
        grid.as_ref()
            .is_none_or(|grid| caller.directory.works_in(user.id, grid, caller.now))
    };
    let part = query.name.as_deref().unwrap_or_default();
    let mut found: Vec<_> = caller
        .directory
        .users()
        .filter(|u| is_called(&u.name, part) && caller.sees_user(u.id))
        .filter(|u| works(u))
        .map(|u| (place(u), u))
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = found.len() > limit;
    found.truncate(limit);
    let users: Vec<UserBody> = found.iter().map(|(_, u)| body(&caller, u)).collect();
    let next = users.last().filter(|_| more).map(|u| u.user_id.clone());
    Ok(Json(UserPage { users, next }))
}

/// One user.
#[utoipa::path(get, path = "/v1/users/{user_id}", operation_id = "read_user", tag = "users", params(("user_id" = String, Path)), responses((status = 200, body = UserBody), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<UserBody>> {
    let id = read_user(&caller, &id)?;
    api.blocking(move |node| {
        let user = caller.directory.user(&id).ok_or_else(Problem::not_found)?;
        let mut body = body(&caller, user);
        if body.may_manage {
            body.has_login = Some(node.auth.accounts.has_login(id.0)?);
        }
        Ok(Json(body))
    })
    .await
}

/// Adds a user. What they may do is granted separately.
#[utoipa::path(post, path = "/v1/users", operation_id = "add_user", tag = "users", request_body = NewUser, responses(
    (status = 201, body = UserBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "login_taken; namesake, only when asked", body = ProblemBody),
    (status = 422, description = "weak_password", body = ProblemBody),
))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<NewUser>,
) -> Answer<(StatusCode, Json<UserBody>)> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let name = read_name(&given.name)?;
    if given.login.is_some() != given.password.is_some() {
        return Err(Problem::bad_request_in(said!("login_without_password")));
    }
    let asks = match given.namesake.as_deref() {
        None | Some("add") => false,
        Some("ask") => true,
        Some(_) => return Err(Problem::bad_request("namesake must be add or ask")),
    };
    let may_know = |id| caller.sees_user(id);
    if asks && !namesakes(&caller.directory, &name, may_know).is_empty() {
        return Err(Problem::new(Code::Namesake));
    }
    api.blocking(move |node| {
        let account = given.login.zip(given.password);
        let user = add_user(node, name, account, caller.actor, caller.now)?;
        Ok((StatusCode::CREATED, Json(body(&caller, &user))))
    })
    .await
}

/// Renames, disables or enables a user.
#[utoipa::path(patch, path = "/v1/users/{user_id}", operation_id = "change_user", tag = "users", params(("user_id" = String, Path)), request_body = UserChange, responses(
    (status = 200, body = UserBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "conflict: one cannot disable oneself", body = ProblemBody),
))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<UserChange>,
) -> Answer<Json<UserBody>> {
    let id = read_user(&caller, &id)?;
    if id == caller.user() && given.active == Some(false) {
        return Err(Problem::new(Code::Conflict).because_in(said!("user_disables_self")));
    }
    let name = given.name.as_deref().map(read_name).transpose()?;
    api.blocking(move |node| {
        let (by, now) = (caller.actor, caller.now);
        let user = node.on_person(by, id, now, || {
            change_user(node, id, name, given.active, by, now)
        })?;
        Ok(Json(body(&caller, &user)))
    })
    .await
}

/// Checks the present password of a user, with the same delays as a sign-in.
fn prove_own(node: &Node, id: UserId, current: String, from: Origin, now_ms: i64) -> Answer<()> {
    let logins = node.auth.accounts.logins()?;
    let login = logins.into_iter().find(|(_, user)| *user == id.0);
    let (login, _) = login.ok_or_else(Problem::not_found)?;
    let proof = node
        .auth
        .accounts
        .sign_in(&login, &Password::new(current), from, now_ms);
    match proof {
        Ok(_) => Ok(()),
        Err(SignInError::Invalid) => {
            Err(Problem::new(Code::Forbidden).because_in(said!("password_wrong")))
        }
        Err(other) => Err(other.into()),
    }
}

/// Sets a user's password and ends all their sessions. One's own needs the present one.
#[utoipa::path(put, path = "/v1/users/{user_id}/password", operation_id = "set_password", tag = "users", params(("user_id" = String, Path)), request_body = NewPassword, responses(
    (status = 204, description = "Set"),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 422, description = "weak_password", body = ProblemBody),
))]
pub async fn password(
    State(api): State<Api>,
    caller: Caller,
    Peer(from): Peer,
    Path(id): Path<String>,
    Body(given): Body<NewPassword>,
) -> Answer<StatusCode> {
    let id = read_user(&caller, &id)?;
    api.blocking(move |node| {
        let (password, now_ms) = (Password::new(given.password), caller.now.millis());
        let set = || {
            let accounts = &node.auth.accounts;
            match &given.login {
                Some(login) => accounts.create(login, id.0, &password, caller.actor, now_ms)?,
                None => accounts.set_password(id.0, &password, caller.actor, now_ms)?,
            }
            Ok(StatusCode::NO_CONTENT)
        };
        if id != caller.user() {
            return node.on_person(caller.actor, id, caller.now, set);
        }
        let current = given.current.unwrap_or_default();
        node.on_oneself(caller.actor, caller.now, || {
            if given.login.is_none() {
                let from = Origin {
                    address: from,
                    browser: None,
                    session: Some(caller.actor.device),
                };
                prove_own(node, id, current, from, now_ms)?;
            }
            set()
        })
    })
    .await
}
