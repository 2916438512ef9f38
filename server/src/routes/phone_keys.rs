//! Whether phones are opened by their person alone, with a PIN or by what the device knows them by.

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{DirectoryChange, KeyRule};
use gridfold_sync_core::schema::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, Body, Caller};
use crate::auth::AuditScope;
use crate::problem::{Answer, ProblemBody};

/// Whether phones are opened by their person alone.
#[derive(Serialize, ToSchema)]
pub struct PhoneKeysBody {
    /// Whether it is demanded.
    pub by_person: bool,
    /// Who demanded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<String>,
}

/// A new rule.
#[derive(Deserialize, ToSchema)]
pub struct PhoneKeysChange {
    /// Whether it is demanded from now on; otherwise each person decides.
    pub by_person: bool,
}

fn body(caller: &Caller) -> PhoneKeysBody {
    let rule = caller.directory.phone_keys();
    PhoneKeysBody {
        by_person: rule.is_some(),
        user_name: rule.and_then(|r| Some(caller.directory.user(&r.by)?.name.clone())),
        changed_at: rule.map(|r| r.at.to_rfc3339()),
    }
}

/// Whether the organisation demands that phones are opened by their person alone.
#[utoipa::path(get, path = "/v1/phone-keys", operation_id = "read_phone_keys", tag = "devices", responses((status = 200, body = PhoneKeysBody), (status = 403, body = ProblemBody)))]
pub async fn one(caller: Caller) -> Answer<Json<PhoneKeysBody>> {
    caller.require(&[Role::Admin, Role::Supervisor, Role::Auditor])?;
    Ok(Json(body(&caller)))
}

/// Demands it, or no more. For an admin everywhere. Phones learn of it with their next sync; an app that keeps the key without its person asks for a PIN or the device's own way when it is opened next.
#[utoipa::path(put, path = "/v1/phone-keys", operation_id = "put_phone_keys", tag = "devices", request_body = PhoneKeysChange, responses(
    (status = 200, body = PhoneKeysBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
))]
pub async fn put(
    State(api): State<Api>,
    mut caller: Caller,
    Body(given): Body<PhoneKeysChange>,
) -> Answer<Json<PhoneKeysBody>> {
    caller.require_operator()?;
    // The same again leaves who demanded it, and when.
    if given.by_person == caller.directory.phone_keys().is_some() {
        return Ok(Json(body(&caller)));
    }
    api.blocking(move |node| {
        let scope = AuditScope::of("by_person", given.by_person);
        caller.audit(node, "phone_keys.set", scope)?;
        node.directory.change(vec![DirectoryChange::PhoneKeys {
            rule: given.by_person.then(|| KeyRule {
                by: caller.user(),
                at: caller.now,
            }),
        }])?;
        caller.directory = node.directory.current();
        Ok(Json(body(&caller)))
    })
    .await
}
