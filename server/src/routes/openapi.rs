//! The description of the API, from the routes themselves.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Ref, RefOr, Schema};
use utoipa::{Modify, OpenApi};

use crate::problem::{Code, PROBLEM_CONTENT_TYPE, ProblemBody};
use crate::routes::{
    areas, attention, audit, calendar, carry, catalogue, changes, clock, cookie, devices,
    duplicates, enrol, erasures, export, forms, grants, hand_over, health, holds, imports, map,
    overview, phone_keys, phones, planned, plans, push, receipts, records, redraws, refused,
    reports, retention, saved_views, sign_in, sync, users,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gridfold",
        description = "For supervisors and integrations. Sign in at `/v1/sign-in` and send the access token as `Authorization: Bearer …`; a browser signs in at `/v1/session` and has a cookie. Errors are RFC 9457 problems with a stable `code`; texts follow `Accept-Language` (zh, en). Lists are pages: give `next` back as `cursor`."
    ),
    paths(
        sign_in::sign_in, sign_in::token, sign_in::sign_out, sign_in::me, sign_in::jwks,
        cookie::begin, cookie::look, cookie::finish,
        enrol::begin, enrol::finish,
        devices::invite, devices::invitation, devices::invitations, devices::cancel, devices::list, devices::revoke, devices::wiped,
        push::look, push::change, phone_keys::one, phone_keys::put,
        areas::list, areas::one, areas::put, areas::import, map::boundaries, redraws::go, redraws::list, redraws::one, redraws::halt, imports::list, imports::undo,
        users::list, users::one, users::add, users::change, users::password, hand_over::go, holds::one,
        grants::list, grants::add, grants::end,
        forms::list, forms::offered, forms::one, forms::publish, forms::retire,
        catalogue::one, catalogue::publish, catalogue::import, catalogue::export, catalogue::due,
        calendar::one, calendar::publish, calendar::days, calendar::import, calendar::export,
        plans::list, plans::one, plans::publish, plans::import, plans::export, planned::due, planned::go, planned::unowned,
        records::list::list, records::edit::add, records::one, records::edit::edit, records::edit::delete, records::edit::restore,
        records::history, records::edit::choose, records::edit::transition, records::move_to::go,
        records::merge::go, duplicates::list, duplicates::decide,
        erasures::erase, erasures::list, retention::list, retention::put,
        refused::list, refused::settle,
        receipts::look, receipts::answer,
        overview::overview, phones::list, attention::list, attention::settle, map::map,
        reports::list, reports::add, reports::one, reports::put, reports::remove, reports::result, reports::export,
        reports::runs::kept_list, reports::runs::kept,
        saved_views::list, saved_views::one, saved_views::put, saved_views::remove,
        export::records, changes::follow, sync::knock, sync::sync, carry::carry,
        audit::list, clock::look, clock::confirm, health::healthz, health::readyz, health::metrics,
    ),
    components(schemas(ProblemBody)),
    servers((url = "/", description = "This server")),
    modifiers(&Schemes, &Answers),
    security(("bearer" = []), ("cookie" = [])),
)]
struct ApiDoc;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            crate::routes::COOKIE_NAME,
            "Set by `POST /v1/session`. Every method but GET and HEAD needs `x-csrf-token` and an `Origin` of this server as well.",
        )));
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", bearer);
        components.add_security_scheme("cookie", cookie);
    }
}

/// What every answer has and no route says by itself: a description, the type that problems have,
/// and that any request may be answered with one.
struct Answers;

impl Modify for Answers {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let told: BTreeMap<String, String> = openapi
            .components
            .iter()
            .flat_map(|c| &c.schemas)
            .filter_map(|(name, schema)| Some((name.clone(), description(schema)?)))
            .collect();
        for operation in openapi.paths.paths.values_mut().flat_map(operations) {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    complete(status, response, &told);
                }
            }
            // Nothing is needed, which generators do not read out of "one of: nothing".
            let open = [SecurityRequirement::default()];
            if operation.security.as_deref() == Some(&open) {
                operation.security = Some(Vec::new());
            }
            if operation.parameters.as_ref().map_or(0, Vec::len) > LIST_OF_PARAMETERS {
                let named = Extensions::builder()
                    .add("x-group-parameters", true)
                    .build();
                operation.extensions.get_or_insert_default().merge(named);
            }
            let any = ResponseBuilder::new()
                .description("Any other problem; its `code` says which.")
                .content(
                    PROBLEM_CONTENT_TYPE,
                    Content::new(Some(Ref::from_schema_name(PROBLEM_SCHEMA))),
                )
                .build();
            let responses = &mut operation.responses.responses;
            responses.insert("default".to_owned(), any.into());
        }
    }
}

/// With more parameters than this an operation asks generators of languages whose parameters have no
/// names, such as Java, to make a builder of them.
const LIST_OF_PARAMETERS: usize = 8;
/// The name of the schema of a problem.
const PROBLEM_SCHEMA: &str = "ProblemBody";

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.delete,
        &mut path.patch,
    ]
    .into_iter()
    .flatten()
}

fn description(schema: &RefOr<Schema>) -> Option<String> {
    match schema {
        RefOr::T(Schema::Object(schema)) => schema.description.clone(),
        RefOr::T(Schema::AllOf(schema)) => schema.description.clone(),
        _ => None,
    }
}

fn complete(status: &str, response: &mut Response, told: &BTreeMap<String, String>) {
    let status = status.parse().ok();
    if status.is_some_and(|s: StatusCode| s.is_client_error() || s.is_server_error())
        && let Some(body) = response.content.shift_remove("application/json")
    {
        response
            .content
            .insert(PROBLEM_CONTENT_TYPE.to_owned(), body);
    }
    if response.description.is_empty() {
        response.description = match status {
            Some(status) if response.content.contains_key(PROBLEM_CONTENT_TYPE) => codes_of(status),
            _ => body_name(response)
                .and_then(|name| told.get(name).cloned())
                .unwrap_or_else(|| "Done.".to_owned()),
        };
    }
}

/// The codes that a status has.
fn codes_of(status: StatusCode) -> String {
    let codes: Vec<String> = Code::ALL
        .iter()
        .filter(|code| code.status() == status)
        .map(|code| format!("`{}`", code.as_str()))
        .collect();
    codes.join(", ")
}

/// The name of the schema of what is answered.
fn body_name(response: &Response) -> Option<&str> {
    let RefOr::T(content) = response.content.values().next()? else {
        return None;
    };
    match content.schema.as_ref()? {
        RefOr::Ref(to) => to.ref_location.strip_prefix("#/components/schemas/"),
        RefOr::T(_) => None,
    }
}

/// The description as JSON.
#[must_use]
pub fn to_json() -> String {
    let mut json = ApiDoc::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}
