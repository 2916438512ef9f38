//! Grants: one that is new, one that ends, and what is told of one.

use gridfold_sync_core::directory::Grant;
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Actor;
use crate::node::{Node, random_10};
use crate::problem::{Answer, Problem};

/// A grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct GrantBody {
    /// The id.
    pub grant_id: String,
    /// Whose it is.
    pub user_id: String,
    /// `worker`, `supervisor`, `admin`, `auditor` or `service`.
    pub role: String,
    /// The area and everything in it; absent for everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// From when.
    pub from: String,
    /// Until when; absent while open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When it was just given and what its holder came in with was given by somebody who may not give as much: `ended`, or `kept` as was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
}

impl From<&Grant> for GrantBody {
    fn from(grant: &Grant) -> Self {
        Self {
            grant_id: grant.id.to_string(),
            user_id: grant.user.to_string(),
            role: grant.role.as_str().to_owned(),
            area: grant.area.as_ref().map(ToString::to_string),
            from: grant.from.to_rfc3339(),
            until: grant.until.map(Timestamp::to_rfc3339),
            access: None,
        }
    }
}

/// A grant that nobody was given yet.
pub(crate) fn new_grant(
    user: UserId,
    role: Role,
    area: Option<AreaCode>,
    (from, until): (Timestamp, Option<Timestamp>),
    now: Timestamp,
) -> Answer<Grant> {
    Ok(Grant {
        id: GrantId::from_parts(now, random_10().map_err(|e| Problem::internal(&e))?),
        user,
        role,
        area,
        from,
        until,
    })
}

/// Ends a grant at a time.
pub(crate) fn end_grant(
    node: &Node,
    id: GrantId,
    at: Timestamp,
    by: Actor,
    now: Timestamp,
) -> Answer<Grant> {
    let was = node
        .directory
        .current()
        .grant(&id)
        .cloned()
        .ok_or_else(Problem::not_found)?;
    if was.until.is_some_and(|until| until <= at) {
        return Ok(was);
    }
    let grant = Grant {
        until: Some(at.max(was.from)),
        ..was
    };
    node.write_grant(grant.clone(), "grant.end", by, now)?;
    Ok(grant)
}
