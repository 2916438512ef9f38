//! The description of the API, from the routes themselves.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::problem::ProblemBody;
use crate::routes::{
    areas, attention, audit, carry, catalogue, changes, clock, cookie, devices, enrol, erasures,
    export, forms, grants, hand_over, health, map, overview, phones, records, refused, retention,
    saved_views, session, sync, users,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gridfold",
        description = "For supervisors and integrations. Sign in at `/v1/sign-in` and send the access token as `Authorization: Bearer …`; a browser signs in at `/v1/session` and has a cookie. Errors are RFC 9457 problems with a stable `code`; texts follow `Accept-Language` (zh, en). Lists are pages: give `next` back as `cursor`."
    ),
    paths(
        session::sign_in, session::token, session::sign_out, session::me, session::jwks,
        cookie::begin, cookie::look, cookie::finish,
        enrol::begin, enrol::finish,
        devices::invite, devices::invitation, devices::invitations, devices::cancel, devices::list, devices::revoke, devices::wiped,
        areas::list, areas::one, areas::put, areas::import, map::boundaries,
        users::list, users::one, users::add, users::change, users::password, hand_over::go,
        grants::list, grants::add, grants::end,
        forms::list, forms::one, forms::publish,
        catalogue::one, catalogue::publish,
        records::list::list, records::edit::add, records::one, records::edit::edit, records::edit::delete, records::edit::restore,
        records::history, records::edit::choose, records::edit::transition,
        erasures::erase, erasures::list, retention::list, retention::put,
        refused::list, refused::settle,
        overview::overview, phones::list, attention::list, attention::settle, map::map,
        saved_views::list, saved_views::one, saved_views::put, saved_views::remove,
        export::records, changes::follow, sync::sync, carry::carry,
        audit::list, clock::look, clock::confirm, health::healthz, health::readyz, health::metrics,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Schemes),
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

/// The description as JSON.
#[must_use]
pub fn to_json() -> String {
    let mut json = ApiDoc::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}
