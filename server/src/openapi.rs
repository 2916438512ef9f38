//! The description of the API, from the routes themselves.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::problem::ProblemBody;
use crate::routes::{
    areas, audit, carry, catalogue, changes, devices, enrol, export, forms, grants, health,
    records, refused, session, sync, users,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gridfold",
        description = "For supervisors and integrations. Sign in at `/v1/sign-in` and send the access token as `Authorization: Bearer …`. Errors are RFC 9457 problems with a stable `code`; texts follow `Accept-Language` (zh, en). Lists are pages: give `next` back as `cursor`."
    ),
    paths(
        session::sign_in, session::token, session::sign_out, session::me, session::jwks,
        enrol::begin, enrol::finish,
        devices::invite, devices::invitation, devices::list, devices::revoke,
        areas::list, areas::one, areas::put,
        users::list, users::one, users::add, users::change, users::password,
        grants::list, grants::add, grants::end,
        forms::list, forms::one, forms::publish,
        catalogue::one, catalogue::publish,
        records::list::list, records::edit::add, records::one, records::edit::edit, records::edit::delete, records::edit::restore,
        records::history, records::edit::choose, records::edit::transition,
        refused::list, refused::settle,
        export::records, changes::follow, sync::sync, carry::carry,
        audit::list, health::healthz, health::readyz, health::metrics,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Bearer),
    security(("bearer" = [])),
)]
struct ApiDoc;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", scheme);
    }
}

/// The description as JSON.
#[must_use]
pub fn to_json() -> String {
    let mut json = ApiDoc::openapi().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}
