//! Who is calling, and what their roles and areas let them do and see.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gridfold_sync_core::directory::{Directory, Grant};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, SensitivityClass, UserId};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

use super::Api;
use super::origin::{check_csrf, cookie_token, is_activity};
use crate::auth::{Actor, AuditEvent, AuthenticateError, CookieSession};
use crate::client_address::client_address;
use crate::middleware::{KnownDevice, Subject};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views;

/// Someone with a good token or the cookie of a session.
#[derive(Debug, Clone)]
pub struct Caller {
    /// User and device.
    pub actor: Actor,
    /// The directory as of the request.
    pub directory: Arc<Directory>,
    /// When the request came, by the server's clock.
    pub now: Timestamp,
    /// The language asked for.
    pub locale: Locale,
    /// The session in a cookie, when it is that which lets them in.
    pub session: Option<CookieSession>,
}

/// The address a request came from: the client's where a trusted proxy names it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

impl FromRequestParts<Api> for Peer {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let settings = &api.node.config.server;
        Ok(Self(client_address(peer, &parts.headers, settings)))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let peer = Peer::from_request_parts(parts, api).await?;
        let bearer = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned());
        let now = api.now();
        let (actor, session) = match (bearer, cookie_token(&parts.headers)) {
            (Some(bearer), _) => {
                let found = api
                    .blocking(move |node| Ok(node.auth.authenticate(&bearer, now.millis())))
                    .await?;
                (accepted(api, peer.0, found)?, None)
            }
            (None, Some(token)) => {
                let (known, active) = (token.clone(), is_activity(parts));
                // A request of another origin must not even keep the session from going idle.
                check_csrf(api, parts, &token)?;
                let found = api
                    .blocking(move |node| {
                        Ok(node.auth.authenticate_cookie(&known, active, now.millis()))
                    })
                    .await?;
                let session = accepted(api, peer.0, found)?;
                (session.actor, Some(session))
            }
            (None, None) => {
                api.take(Subject::address(peer.0))?;
                return Err(Problem::new(Code::Unauthorized));
            }
        };
        let syncs = matches!(parts.uri.path(), "/v1/sync" | "/v1/carry" | "/v1/changes");
        api.take(if syncs {
            Subject::Sync(actor.device)
        } else {
            Subject::Device(actor.device)
        })?;
        parts.extensions.insert(KnownDevice(actor.device));
        Ok(Self {
            actor,
            directory: api.node.directory.current(),
            now,
            locale: locale_of(&parts.headers),
            session,
        })
    }
}

/// The language asked for.
pub(super) fn locale_of(headers: &HeaderMap) -> Locale {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .map_or(Locale::default(), Locale::from_tag)
}

/// Who was let in; a token or cookie that is not accepted costs its address a request, and one whose time is over its device.
pub(super) fn accepted<T>(
    api: &Api,
    from: IpAddr,
    found: Result<T, AuthenticateError>,
) -> Answer<T> {
    match found {
        Ok(found) => Ok(found),
        Err(AuthenticateError::Revoked) => Err(Problem::new(Code::DeviceRevoked)),
        Err(AuthenticateError::Wipe(order)) => Err(Problem::wiped(&order)),
        Err(AuthenticateError::Expired(actor)) => {
            api.take(Subject::Sync(actor.device))?;
            Err(Problem::new(Code::Unauthorized))
        }
        Err(AuthenticateError::Token(_) | AuthenticateError::NoSession) => {
            api.take(Subject::address(from))?;
            Err(Problem::new(Code::Unauthorized))
        }
        Err(AuthenticateError::Store(error)) => Err(error.into()),
    }
}

impl Caller {
    /// The user.
    #[must_use]
    pub fn user(&self) -> UserId {
        UserId(self.actor.user)
    }
    /// As the author of edits.
    #[must_use]
    pub fn author(&self) -> Author {
        Author {
            device: DeviceId(self.actor.device),
            user: self.user(),
        }
    }

    /// The roles held in an area now; of none, the roles held everywhere.
    #[must_use]
    pub fn roles_in(&self, area: Option<&AreaCode>) -> Vec<Role> {
        self.directory.roles_in(self.user(), area, self.now)
    }

    /// Whether one of these roles is held anywhere.
    #[must_use]
    pub fn has_role(&self, roles: &[Role]) -> bool {
        self.directory
            .roles(self.user(), self.now)
            .iter()
            .any(|r| roles.contains(r))
    }

    /// Lets go on who holds one of these roles anywhere.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn require(&self, roles: &[Role]) -> Answer<()> {
        if self.has_role(roles) {
            Ok(())
        } else {
            Err(Problem::new(Code::Forbidden))
        }
    }

    /// Lets go on who is admin everywhere.
    ///
    /// # Errors
    /// [`Code::Forbidden`].
    pub fn require_operator(&self) -> Answer<()> {
        if self.roles_in(None).contains(&Role::Admin) {
            Ok(())
        } else {
            Err(Problem::new(Code::Forbidden))
        }
    }

    /// Whether the caller may act on a person, by the rule of the core. An act itself goes through [`Node::on_person`].
    #[must_use]
    pub fn may_manage(&self, user: UserId) -> bool {
        self.directory.may_manage(self.user(), user, self.now)
    }

    /// The area that a text names, if the caller may know of it.
    ///
    /// # Errors
    /// [`Problem::not_found`].
    pub fn read_area(&self, text: &str) -> Answer<AreaCode> {
        AreaCode::new(text)
            .ok()
            .filter(|area| self.directory.area(area).is_some() && self.sees_area(area))
            .ok_or_else(Problem::not_found)
    }

    /// Whether an area lies in the caller's, or around them.
    #[must_use]
    pub fn sees_area(&self, area: &AreaCode) -> bool {
        self.directory
            .active_grants(self.user(), self.now)
            .any(|g| self.directory.meets(g.area.as_ref(), area))
    }

    /// Whether the caller may know of a user: themselves, whom they manage, and whoever has had a grant in their areas.
    #[must_use]
    pub fn sees_user(&self, user: UserId) -> bool {
        self.sees_users()(user)
    }

    /// The same, to be asked of many.
    pub(super) fn sees_users(&self) -> impl Fn(UserId) -> bool {
        let directory = &self.directory;
        let mine = directory.active_grants(self.user(), self.now);
        let mine: Vec<Option<&AreaCode>> = mine.map(|grant| grant.area.as_ref()).collect();
        let is_everywhere = mine.contains(&None);
        let manages = directory.may_manage_some(self.user(), self.now);
        move |user| {
            let is_mine = |grant: &Grant| match &grant.area {
                _ if is_everywhere => true,
                None => false,
                Some(area) => mine.iter().any(|outer| directory.covers(*outer, area)),
            };
            user == self.user()
                || directory.grants_of(user).any(is_mine)
                || manages && self.may_manage(user)
        }
    }

    /// Whether the caller reads everything in every grid there is.
    fn reads_everything(&self) -> bool {
        let roles = self.directory.roles_everywhere(self.user(), self.now);
        let classes: BTreeSet<_> = roles.iter().flat_map(|r| r.readable()).collect();
        classes.len() == SensitivityClass::ALL.len()
    }

    /// The classes that the caller reads in each of their grids.
    #[must_use]
    pub fn common_classes(&self) -> BTreeSet<SensitivityClass> {
        if self.reads_everything() {
            return SensitivityClass::ALL.into_iter().collect();
        }
        self.directory.reach(self.user(), self.now).common()
    }

    /// What they may see of these grids, of all when none is named; no grids means every one.
    pub(super) fn visible(&self, asked: Option<Vec<AreaCode>>) -> views::ReadScope {
        let Some(asked) = asked else {
            return self.scope(&[]);
        };
        if asked.is_empty() {
            return views::ReadScope {
                grids: Some(BTreeSet::new()),
                classes: BTreeSet::new(),
            };
        }
        let mut scope = self.scope(&asked);
        scope
            .grids
            .get_or_insert_with(|| asked.into_iter().collect());
        scope
    }

    /// What the caller may see of these grids, of all when none is named.
    ///
    /// One scope has the same classes in all its grids: where the caller's differ, those that are readable in all of them.
    #[must_use]
    pub fn scope(&self, grids: &[AreaCode]) -> views::ReadScope {
        if self.reads_everything() {
            return views::ReadScope::all();
        }
        let reach = self.directory.reach(self.user(), self.now);
        if grids.is_empty() {
            return views::ReadScope {
                grids: Some(reach.grids().map(|(grid, _)| grid.clone()).collect()),
                classes: reach.common(),
            };
        }
        let mut all = BTreeSet::new();
        let mut classes: Option<BTreeSet<SensitivityClass>> = None;
        for grid in grids {
            let Some(here) = reach.classes_in(grid) else {
                continue;
            };
            all.insert(grid.clone());
            match &mut classes {
                Some(common) => common.retain(|class| here.contains(class)),
                None => classes = Some(here.clone()),
            }
        }
        views::ReadScope {
            grids: Some(all),
            classes: classes.unwrap_or_default(),
        }
    }

    /// What the caller may see in one grid; none when it is out of scope.
    #[must_use]
    pub fn scope_of_grid(&self, grid: &AreaCode) -> Option<views::ReadScope> {
        let classes: BTreeSet<SensitivityClass> = self
            .directory
            .readable(self.user(), grid, self.now)
            .into_iter()
            .collect();
        (!classes.is_empty()).then(|| views::ReadScope {
            grids: Some(BTreeSet::from([grid.clone()])),
            classes,
        })
    }

    /// Records what the caller did or read.
    ///
    /// # Errors
    /// When it cannot be recorded; the act must then not happen.
    pub fn audit(
        &self,
        node: &Node,
        what: &'static str,
        scope: crate::auth::AuditScope,
    ) -> Answer<()> {
        node.auth
            .audit
            .record(&AuditEvent {
                at_ms: self.now.millis(),
                who: self.actor,
                what,
                scope,
            })
            .map_err(|e| Problem::internal(&e))
    }
}
