//! The whole surface of the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use crate::client_address::client_address;
use crate::middleware::{Held, MAX_BODY_TIME, Transport, observe, security_headers};
use crate::problem::{Answer, Code, Problem};
use crate::routes::{
    Api, app, areas, attention, audit, calendar, carry, catalogue, changes, clock, cookie, devices,
    docs, duplicates, enrol, erasures, export, forms, grants, hand_over, health, holds, imports,
    map, overview, phone_keys, phones, planned, plans, push, receipts, records, redraws, refused,
    reports, retention, saved_views, sign_in, sync, users,
};

/// All routes of the API.
fn routes() -> Router<Api> {
    Router::new()
        .merge(device_routes())
        .merge(record_routes())
        .merge(receipt_routes())
        .merge(report_routes())
        .route("/v1/sign-in", post(sign_in::sign_in))
        .route("/v1/token", post(sign_in::token))
        .route("/v1/sign-out", post(sign_in::sign_out))
        .route("/v1/me", get(sign_in::me))
        .route(
            "/v1/session",
            get(cookie::look).post(cookie::begin).delete(cookie::finish),
        )
        .route("/.well-known/jwks.json", get(sign_in::jwks))
        .route("/v1/areas", get(areas::list))
        .route("/v1/areas/boundaries", get(map::boundaries))
        .route("/v1/areas/import", post(areas::import))
        .route("/v1/areas/redraw", post(redraws::go))
        .route("/v1/areas/redraws", get(redraws::list))
        .route("/v1/areas/redraws/{redraw_id}", get(redraws::one))
        .route("/v1/areas/redraws/{redraw_id}/stop", post(redraws::halt))
        .route("/v1/areas/{code}", get(areas::one).put(areas::put))
        .route("/v1/users", get(users::list).post(users::add))
        .route("/v1/users/{user_id}", get(users::one).patch(users::change))
        .route("/v1/users/{user_id}/password", put(users::password))
        .route("/v1/users/{user_id}/hand-over", post(hand_over::go))
        .route("/v1/users/{user_id}/holds", get(holds::one))
        .route("/v1/grants", get(grants::list).post(grants::add))
        .route("/v1/grants/{grant_id}/end", post(grants::end))
        .route("/v1/forms", get(forms::list).post(forms::publish))
        .route("/v1/forms/offered", get(forms::offered))
        .route("/v1/forms/{code}/retired", put(forms::retire))
        .route("/v1/forms/{code}/{version}", get(forms::one))
        .route(
            "/v1/catalogue",
            get(catalogue::one).post(catalogue::publish),
        )
        .route("/v1/catalogue/import", post(catalogue::import))
        .route("/v1/catalogue/export", get(catalogue::export))
        .route("/v1/catalogue/due", get(catalogue::due))
        .route("/v1/calendar", get(calendar::one).post(calendar::publish))
        .route("/v1/calendar/days", get(calendar::days))
        .route("/v1/calendar/import", post(calendar::import))
        .route("/v1/calendar/export", get(calendar::export))
        .route("/v1/plans", get(plans::list).post(plans::publish))
        .route("/v1/plans/import", post(plans::import))
        .route("/v1/plans/export", get(plans::export))
        .route("/v1/plans/{code}", get(plans::one))
        .route("/v1/plans/{code}/due", get(planned::due))
        .route("/v1/plans/{code}/make", post(planned::go))
        .route("/v1/unowned", get(planned::unowned))
        .route("/v1/imports", get(imports::list))
        .route("/v1/imports/{import_id}/undo", post(imports::undo))
        .route("/v1/erasures", get(erasures::list))
        .route("/v1/retention", get(retention::list))
        .route("/v1/retention/{form}", put(retention::put))
        .route("/v1/refused", get(refused::list))
        .route("/v1/refused/settle", post(refused::settle))
        .route("/v1/overview", get(overview::overview))
        .route("/v1/phones", get(phones::list))
        .route("/v1/attention", get(attention::list))
        .route("/v1/attention/settle", post(attention::settle))
        .route("/v1/map", get(map::map))
        .route("/v1/saved-views", get(saved_views::list))
        .route(
            "/v1/saved-views/{name}",
            get(saved_views::one)
                .put(saved_views::put)
                .delete(saved_views::remove),
        )
        .route("/v1/export/records", get(export::records))
        .route("/v1/changes", get(changes::follow))
        .route("/v1/sync", get(sync::knock).post(sync::sync))
        .route("/v1/carry", post(carry::carry))
        .route("/v1/audit", get(audit::list))
        .route("/v1/clock", get(clock::look))
        .route("/v1/clock/confirm", post(clock::confirm))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::docs))
        .route("/docs/", get(docs::index))
        .route("/docs/{*path}", get(docs::asset))
        .fallback(app::serve)
}

/// Those of devices: how they come in, which there are, what they are told.
fn device_routes() -> Router<Api> {
    Router::new()
        .route("/v1/enrol/begin", post(enrol::begin))
        .route("/v1/enrol/finish", post(enrol::finish))
        .route("/v1/devices", get(devices::list))
        .route(
            "/v1/devices/invite",
            post(devices::invite).get(devices::invitations),
        )
        .route(
            "/v1/devices/invite/{enrolment_id}",
            get(devices::invitation).delete(devices::cancel),
        )
        .route("/v1/devices/{device_id}/revoke", post(devices::revoke))
        .route("/v1/devices/{device_id}/wiped", post(devices::wiped))
        .route("/v1/push", get(push::look).post(push::change))
        .route("/v1/phone-keys", get(phone_keys::one).put(phone_keys::put))
}

/// Those of records.
fn record_routes() -> Router<Api> {
    Router::new()
        .route(
            "/v1/records",
            get(records::list::list).post(records::edit::add),
        )
        .route(
            "/v1/records/{record_id}",
            patch(records::edit::edit)
                .get(records::one)
                .delete(records::edit::delete),
        )
        .route("/v1/records/{record_id}/history", get(records::history))
        .route(
            "/v1/records/{record_id}/restore",
            post(records::edit::restore),
        )
        .route(
            "/v1/records/{record_id}/choose",
            post(records::edit::choose),
        )
        .route(
            "/v1/records/{record_id}/transitions",
            post(records::edit::transition),
        )
        .route("/v1/records/{record_id}/move", post(records::move_to::go))
        .route("/v1/records/{record_id}/merge", post(records::merge::go))
        .route("/v1/households/duplicates", get(duplicates::list))
        .route("/v1/households/duplicates/decide", post(duplicates::decide))
        .route("/v1/records/{record_id}/erase", post(erasures::erase))
}

/// Those of reports.
fn report_routes() -> Router<Api> {
    Router::new()
        .route("/v1/reports", get(reports::list).post(reports::add))
        .route(
            "/v1/reports/{report_id}",
            get(reports::one).put(reports::put).delete(reports::remove),
        )
        .route("/v1/reports/{report_id}/result", get(reports::result))
        .route("/v1/reports/{report_id}/export", get(reports::export))
        .route(
            "/v1/reports/{report_id}/runs",
            get(reports::runs::kept_list),
        )
        .route(
            "/v1/reports/{report_id}/runs/{at}",
            get(reports::runs::kept),
        )
}

/// Those of whoever has the number of a receipt.
fn receipt_routes() -> Router<Api> {
    Router::new()
        .route("/v1/receipts/look", post(receipts::look))
        .route("/v1/receipts/answer", post(receipts::answer))
        .route("/r", get(receipts::home))
        .route("/r/", get(receipts::page))
        .route("/r/page.js", get(receipts::script))
        .route("/r/page.css", get(receipts::style))
}

/// The router with everything a request passes before and after its route.
pub fn build(api: Api) -> Router {
    build_with(api, Router::new())
}

/// The same with more routes of the caller's, under the same limits and headers.
pub fn build_with(api: Api, more: Router<Api>) -> Router {
    let limits = &api.node.config.limits;
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(api.clone(), hold))
        .layer(from_fn_with_state(api.clone(), room))
        .layer(DefaultBodyLimit::max(limits.body_bytes));
    routes()
        .merge(more)
        .layer(inner)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(api.clone(), say_behind))
        .layer(from_fn_with_state(
            Transport::of(&api.node.config),
            security_headers,
        ))
        .layer(from_fn_with_state(api.metrics.clone(), observe))
        .with_state(api)
}

/// As long as changes of the directory are missed, the API lets nobody in: what is missed may be the end of a right, and what the directory says less than it did may be an order to erase.
async fn hold(State(api): State<Api>, request: Request, next: Next) -> Answer<Response> {
    if request.uri().path().starts_with("/v1/") && api.node.directory.is_in_doubt() {
        return Err(Problem::new(Code::DirectoryDamaged));
    }
    Ok(next.run(request).await)
}

/// A request without a body takes its room now; one with a body once that has come. Past so many at once the next are told to come back.
async fn room(State(api): State<Api>, mut request: Request, next: Next) -> Answer<Response> {
    // Those who watch the server must see that it is full.
    if matches!(request.uri().path(), "/healthz" | "/metrics") {
        return Ok(next.run(request).await);
    }
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let from = client_address(from, request.headers(), &api.node.config.server);
    let most = api.node.config.limits.body_bytes;
    let held = Held::new(Arc::clone(&api.intake), from, most);
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    if asks || request.body().is_end_stream() {
        held.take_room()?;
    }
    request.extensions_mut().insert(held.clone());
    let timeout = Duration::from_secs(api.node.config.server.request_timeout_s);
    in_time(timeout, &held, next.run(request)).await
}

/// Entries that were acknowledged and are missing in this answer, if views it was read from are
/// behind the log.
pub const VIEWS_BEHIND_HEADER: HeaderName = HeaderName::from_static("gridfold-views-behind");

/// Says with each answer how far behind the views are.
async fn say_behind(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(behind) = api.node.following.behind() {
        // One at least: what was erased and is still shown counts too.
        let entries = HeaderValue::from(behind.entries.max(1));
        response.headers_mut().insert(VIEWS_BEHIND_HEADER, entries);
    }
    response
}

/// Past the time a request may take it is answered for. What it had acknowledged stands.
/// Past the time a request may take it is answered for. What it had acknowledged stands. A body on its way has rules of its own.
async fn in_time(
    timeout: Duration,
    held: &Held,
    answer: impl Future<Output = Response>,
) -> Answer<Response> {
    let late = async {
        held.body_came().await;
        tokio::time::sleep(timeout).await;
    };
    tokio::select! {
        answer = answer => Ok(answer),
        () = late => Err(Problem::new(Code::Timeout)),
        // A handler that never asks for its body is answered for as well.
        () = tokio::time::sleep(MAX_BODY_TIME + timeout) => Err(Problem::new(Code::Timeout)),
    }
}

/// A panic is a defect: it is logged without what caused it, and ends one request only.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a request panicked");
    Problem::new(Code::Internal).into_response()
}
