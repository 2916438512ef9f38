//! Who may call what: every route of the API by every role, in the caller's own area and in another, by bearer token and by cookie.
//!
//! A route without a row fails the test, and so does a row without a route. No answer to a role that may not read them holds a personal or restricted text.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::api_support;
use crate::api_support::{Client, PASSWORD, World, config};
use axum::Router;
use serde_json::{Value, json};

/// Who asks, in the order of the table's letters.
const CALLERS: [&str; 9] = [
    "nobody",
    "worker",
    "supervisor",
    "admin",
    "auditor",
    "service",
    "ungranted",
    "ended",
    "to come",
];
/// Those who hold the role of their name.
const ROLES: &[&str] = &["worker", "supervisor", "admin", "auditor", "service"];
/// Those who read general fields alone.
const GENERAL_ONLY: [&str; 6] = [
    "nobody",
    "auditor",
    "service",
    "ungranted",
    "ended",
    "to come",
];

const PERSONAL: &str = "滨江道私密一号";
const RESTRICTED: &str = "只有照护者知道";

/// A number as receipts have, which no receipt has.
const NO_RECEIPT: &str = "00000000000000000098";

struct Ask {
    path: String,
    kind: &'static str,
    body: Vec<u8>,
}

fn plain(path: impl Into<String>) -> Ask {
    Ask {
        path: path.into(),
        kind: "",
        body: Vec::new(),
    }
}

fn with(path: impl Into<String>, body: &Value) -> Ask {
    Ask {
        path: path.into(),
        kind: "application/json",
        body: body.to_string().into_bytes(),
    }
}

/// A row: how to ask, and what each caller is answered in their own area and in another.
///
/// `2` let in and done, `1` 401, `3` 403, `4` 404, `6` 422: an edit that admission refused,
/// `+` judged by what is brought and not by who brings it.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    fn(&Town, &str) -> Ask,
);

const ROWS: &[Row] = &[
    // Doors.
    ("post", "/v1/sign-in", "222222222", "222222222", |_, _| {
        with(
            "/v1/sign-in",
            &json!({ "login": "operator-2", "password": PASSWORD }),
        )
    }),
    ("post", "/v1/token", "111111111", "111111111", |_, _| {
        with("/v1/token", &json!({ "refresh_token": "x" }))
    }),
    (
        "get",
        "/.well-known/jwks.json",
        "222222222",
        "222222222",
        |_, _| plain("/.well-known/jwks.json"),
    ),
    ("get", "/healthz", "222222222", "222222222", |_, _| {
        plain("/healthz")
    }),
    ("get", "/readyz", "222222222", "222222222", |_, _| {
        plain("/readyz")
    }),
    ("get", "/v1/sync", "222222222", "222222222", |_, _| {
        plain("/v1/sync")
    }),
    ("get", "/metrics", "222222222", "222222222", |_, _| {
        plain("/metrics")
    }),
    ("get", "/v1/me", "122222222", "122222222", |_, _| {
        plain("/v1/me")
    }),
    // By the number of a receipt, whoever asks: one that nobody has.
    (
        "post",
        "/v1/receipts/look",
        "444444444",
        "444444444",
        |_, _| with("/v1/receipts/look", &json!({ "number": NO_RECEIPT })),
    ),
    (
        "post",
        "/v1/receipts/answer",
        "444444444",
        "444444444",
        |_, _| {
            let said = json!({ "number": NO_RECEIPT, "satisfaction": "fair" });
            with("/v1/receipts/answer", &said)
        },
    ),
    // Devices.
    ("get", "/v1/devices", "122222222", "122222222", |_, _| {
        plain("/v1/devices")
    }),
    (
        "post",
        "/v1/devices/invite",
        "132233444",
        "144444444",
        |t, a| with("/v1/devices/invite", &json!({ "user_id": t.colleague(a) })),
    ),
    (
        "get",
        "/v1/devices/invite",
        "122222222",
        "122222222",
        |t, a| {
            t.invitation(a);
            plain("/v1/devices/invite")
        },
    ),
    (
        "get",
        "/v1/devices/invite/{enrolment_id}",
        "142244444",
        "144444444",
        |t, a| plain(format!("/v1/devices/invite/{}", t.invitation(a))),
    ),
    (
        "delete",
        "/v1/devices/invite/{enrolment_id}",
        "142244444",
        "144444444",
        |t, a| plain(format!("/v1/devices/invite/{}", t.invitation(a))),
    ),
    (
        "post",
        "/v1/devices/{device_id}/revoke",
        "132233444",
        "144444444",
        |t, a| with(format!("/v1/devices/{}/revoke", t.device(a)), &json!({})),
    ),
    ("get", "/v1/phones", "132233333", "134433333", |_, a| {
        plain(format!("/v1/phones?area={a}"))
    }),
    ("get", "/v1/push", "122222222", "122222222", |_, _| {
        plain("/v1/push")
    }),
    // Consoles: a phone alone has notifications.
    ("post", "/v1/push", "133333333", "133333333", |_, _| {
        with("/v1/push", &json!({}))
    }),
    ("get", "/v1/phone-keys", "132223333", "132223333", |_, _| {
        plain("/v1/phone-keys")
    }),
    ("put", "/v1/phone-keys", "133333333", "133333333", |_, _| {
        with("/v1/phone-keys", &json!({ "by_person": true }))
    }),
    ("get", "/v1/retention", "132223333", "132223333", |_, _| {
        plain("/v1/retention")
    }),
    (
        "put",
        "/v1/retention/{form}",
        "133333333",
        "133333333",
        |_, _| with("/v1/retention/visit", &json!({ "days": 365 })),
    ),
    // The directory.
    ("get", "/v1/areas", "122222222", "122222222", |_, _| {
        plain("/v1/areas")
    }),
    (
        "get",
        "/v1/areas/boundaries",
        "122222444",
        "144444444",
        |_, a| plain(format!("/v1/areas/boundaries?area={a}")),
    ),
    (
        "post",
        "/v1/areas/import",
        "133333333",
        "133333333",
        |_, _| Ask {
            path: "/v1/areas/import".to_owned(),
            kind: "text/csv",
            body: b"code,parent,name,level\n".to_vec(),
        },
    ),
    ("get", "/v1/imports", "133333333", "133333333", |_, _| {
        plain("/v1/imports")
    }),
    (
        "post",
        "/v1/imports/{import_id}/undo",
        "133333333",
        "133333333",
        |_, _| {
            with(
                "/v1/imports/00000000-0000-7000-8000-000000000000/undo",
                &json!({}),
            )
        },
    ),
    (
        "get",
        "/v1/areas/{code}",
        "122222444",
        "144444444",
        |_, a| plain(format!("/v1/areas/{a}")),
    ),
    (
        "put",
        "/v1/areas/{code}",
        "133233333",
        "133333333",
        |_, a| {
            with(
                format!("/v1/areas/{a}"),
                &json!({ "parent": &a[..3], "name": a, "level": "grid" }),
            )
        },
    ),
    ("get", "/v1/users", "122222222", "122222222", |_, _| {
        plain("/v1/users")
    }),
    ("post", "/v1/users", "132233333", "132233333", |_, _| {
        with("/v1/users", &json!({ "name": "new" }))
    }),
    (
        "get",
        "/v1/users/{user_id}",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/users/{}", t.colleague(a))),
    ),
    (
        "patch",
        "/v1/users/{user_id}",
        "132233444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/users/{}", t.colleague(a)),
                &json!({ "name": "colleague" }),
            )
        },
    ),
    (
        "put",
        "/v1/users/{user_id}/password",
        "132233444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/users/{}/password", t.colleague(a)),
                &json!({ "password": PASSWORD }),
            )
        },
    ),
    (
        "post",
        "/v1/users/{user_id}/hand-over",
        "132233333",
        "134433333",
        |t, a| {
            with(
                format!("/v1/users/{}/hand-over", t.colleague(a)),
                &json!({ "to": t.newcomer(a), "dry_run": true }),
            )
        },
    ),
    (
        "get",
        "/v1/users/{user_id}/holds",
        "132233444",
        "144444444",
        |t, a| plain(format!("/v1/users/{}/holds", t.colleague(a))),
    ),
    (
        "post",
        "/v1/areas/redraw",
        "132233333",
        "132233333",
        |t, a| {
            let line = json!({
                "act": "hand", "from": a, "from_user": t.colleague(a), "to_user": t.newcomer(a),
            });
            with(
                "/v1/areas/redraw",
                &json!({ "lines": [line], "rehearse": true }),
            )
        },
    ),
    (
        "get",
        "/v1/households/duplicates",
        "132233333",
        "132233333",
        |_, _| plain("/v1/households/duplicates"),
    ),
    (
        "post",
        "/v1/households/duplicates/decide",
        "134433333",
        "134433333",
        |_, _| {
            let no = "00000000-0000-7000-8000-000000000000";
            with(
                "/v1/households/duplicates/decide",
                &json!({ "one": no, "other": no, "distinct": true }),
            )
        },
    ),
    (
        "get",
        "/v1/areas/redraws",
        "132233333",
        "132233333",
        |_, _| plain("/v1/areas/redraws"),
    ),
    (
        "get",
        "/v1/areas/redraws/{redraw_id}",
        "134433333",
        "134433333",
        |_, _| plain("/v1/areas/redraws/00000000-0000-7000-8000-000000000000"),
    ),
    (
        "post",
        "/v1/areas/redraws/{redraw_id}/stop",
        "134433333",
        "134433333",
        |_, _| {
            with(
                "/v1/areas/redraws/00000000-0000-7000-8000-000000000000/stop",
                &json!({}),
            )
        },
    ),
    ("get", "/v1/grants", "122222222", "122222222", |_, _| {
        plain("/v1/grants")
    }),
    ("post", "/v1/grants", "132233444", "144444444", |t, a| {
        with(
            "/v1/grants",
            &json!({ "user_id": t.colleague(a), "role": "worker", "area": a }),
        )
    }),
    (
        "post",
        "/v1/grants/{grant_id}/end",
        "132233444",
        "144444444",
        |t, a| with(format!("/v1/grants/{}/end", t.grant(a)), &json!({})),
    ),
    ("get", "/v1/forms", "122222222", "122222222", |_, _| {
        plain("/v1/forms")
    }),
    (
        "get",
        "/v1/forms/offered",
        "122222222",
        "122222222",
        |_, _| plain("/v1/forms/offered"),
    ),
    ("post", "/v1/forms", "133333333", "133333333", |_, _| {
        with("/v1/forms", &json!({}))
    }),
    (
        "get",
        "/v1/forms/{code}/{version}",
        "122222222",
        "122222222",
        |_, _| plain("/v1/forms/matter/1"),
    ),
    (
        "put",
        "/v1/forms/{code}/retired",
        "133333333",
        "133333333",
        |_, _| with("/v1/forms/matter/retired", &json!({ "retired": true })),
    ),
    ("get", "/v1/catalogue", "122222222", "122222222", |_, _| {
        plain("/v1/catalogue")
    }),
    ("post", "/v1/catalogue", "133333333", "133333333", |_, _| {
        with("/v1/catalogue", &json!({ "version": 1, "kinds": [] }))
    }),
    (
        "post",
        "/v1/catalogue/import",
        "133333333",
        "133333333",
        |_, _| Ask {
            path: "/v1/catalogue/import".to_owned(),
            kind: "text/csv",
            body: b"code,label_zh,label_en,department\n".to_vec(),
        },
    ),
    (
        "get",
        "/v1/catalogue/export",
        "122222222",
        "122222222",
        |_, _| plain("/v1/catalogue/export?format=csv"),
    ),
    (
        "get",
        "/v1/catalogue/due",
        "122222222",
        "122222222",
        |_, _| plain("/v1/catalogue/due?kind=x&reported_at=2026-09-30T02:00:00Z"),
    ),
    ("get", "/v1/calendar", "122222222", "122222222", |_, _| {
        plain("/v1/calendar")
    }),
    ("post", "/v1/calendar", "133333333", "133333333", |_, _| {
        with("/v1/calendar", &json!({}))
    }),
    (
        "get",
        "/v1/calendar/days",
        "122222222",
        "122222222",
        |_, _| plain("/v1/calendar/days?year=2026"),
    ),
    (
        "post",
        "/v1/calendar/import",
        "133333333",
        "133333333",
        |_, _| Ask {
            path: "/v1/calendar/import".to_owned(),
            kind: "text/csv",
            body: b"date,kind\n".to_vec(),
        },
    ),
    (
        "get",
        "/v1/calendar/export",
        "122222222",
        "122222222",
        |_, _| plain("/v1/calendar/export?format=csv"),
    ),
    // Plans.
    ("get", "/v1/plans", "122222222", "122222222", |_, _| {
        plain("/v1/plans")
    }),
    ("post", "/v1/plans", "132233333", "133333333", |_, a| {
        let plan = json!({
            "code": "table", "version": 1, "label": { "zh": "走访", "en": "Visits" }, "area": a,
            "about": "household", "every": { "amount": 1, "unit": "months" },
            "begins": "2026-01-01", "makes": { "form": "task" },
        });
        with("/v1/plans", &plan)
    }),
    (
        "post",
        "/v1/plans/import",
        "133333333",
        "133333333",
        |_, _| Ask {
            path: "/v1/plans/import".to_owned(),
            kind: "text/csv",
            body: b"code,name_zh,name_en,every,begins,form\n".to_vec(),
        },
    ),
    (
        "get",
        "/v1/plans/export",
        "122222222",
        "122222222",
        |_, _| plain("/v1/plans/export?format=csv"),
    ),
    (
        "get",
        "/v1/plans/{code}",
        "144444444",
        "144444444",
        |_, _| plain("/v1/plans/none"),
    ),
    (
        "get",
        "/v1/plans/{code}/due",
        "144444444",
        "144444444",
        |_, _| plain("/v1/plans/none/due"),
    ),
    (
        "post",
        "/v1/plans/{code}/make",
        "134433333",
        "134433333",
        |_, _| with("/v1/plans/none/make", &json!({})),
    ),
    ("get", "/v1/unowned", "132233333", "134433333", |_, a| {
        plain(format!("/v1/unowned?area={a}"))
    }),
    // Records.
    ("get", "/v1/records", "122222444", "144444444", |_, a| {
        plain(format!(
            "/v1/records?area={a}&fields=address,care_notes,summary&count=true"
        ))
    }),
    ("post", "/v1/records", "122262444", "144444444", |_, a| {
        with(
            "/v1/records",
            &json!({ "grid": a, "form": "matter", "fields": { "kind": "x" } }),
        )
    }),
    (
        "get",
        "/v1/records/{record_id}",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/records/{}", t.matter(a))),
    ),
    (
        "patch",
        "/v1/records/{record_id}",
        "122262444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}", t.fresh_matter(a)),
                &json!({ "fields": { "place": "east" } }),
            )
        },
    ),
    (
        "delete",
        "/v1/records/{record_id}",
        "122262444",
        "144444444",
        |t, a| plain(format!("/v1/records/{}", t.fresh_matter(a))),
    ),
    (
        "get",
        "/v1/records/{record_id}/history",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/records/{}/history", t.matter(a))),
    ),
    (
        "post",
        "/v1/records/{record_id}/restore",
        "122262444",
        "144444444",
        |t, a| with(format!("/v1/records/{}/restore", t.matter(a)), &json!({})),
    ),
    (
        "post",
        "/v1/records/{record_id}/choose",
        "144444444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}/choose", t.matter(a)),
                &json!({ "field": "kind", "by": "x" }),
            )
        },
    ),
    (
        "post",
        "/v1/records/{record_id}/transitions",
        "162262444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}/transitions", t.fresh_matter(a)),
                &json!({ "action": "accept" }),
            )
        },
    ),
    (
        "post",
        "/v1/records/{record_id}/move",
        "122233444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}/move", t.fresh_matter(a)),
                &json!({ "grid": "c-a-2" }),
            )
        },
    ),
    (
        "post",
        "/v1/records/{record_id}/merge",
        "122233444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}/merge", t.fresh_matter(a)),
                &json!({ "into": t.fresh_matter(a) }),
            )
        },
    ),
    (
        "post",
        "/v1/records/{record_id}/erase",
        "132233444",
        "144444444",
        |t, a| {
            with(
                format!("/v1/records/{}/erase", t.fresh_matter(a)),
                &json!({ "reason": "asked for" }),
            )
        },
    ),
    ("get", "/v1/erasures", "132223333", "132223333", |_, _| {
        plain("/v1/erasures")
    }),
    ("get", "/v1/refused", "132233333", "132233333", |_, _| {
        plain("/v1/refused")
    }),
    (
        "post",
        "/v1/refused/settle",
        "132233444",
        "144444444",
        |t, a| with("/v1/refused/settle", &t.refused(a)),
    ),
    (
        "get",
        "/v1/export/records",
        "122222444",
        "144444444",
        |_, a| plain(format!("/v1/export/records?format=csv&area={a}")),
    ),
    ("post", "/v1/sync", "133333333", "133333333", |_, _| Ask {
        path: "/v1/sync".to_owned(),
        kind: "application/vnd.gridfold.sync",
        body: empty_sync(),
    }),
    ("post", "/v1/carry", "166666666", "166666666", |_, _| Ask {
        path: "/v1/carry".to_owned(),
        kind: api_support::carry::CARRY,
        body: b"x".to_vec(),
    }),
    ("get", "/v1/clock", "133333333", "133333333", |_, _| {
        plain("/v1/clock")
    }),
    (
        "post",
        "/v1/clock/confirm",
        "133333333",
        "133333333",
        |_, _| {
            with(
                "/v1/clock/confirm",
                &json!({ "machine": api_support::NOW.to_rfc3339() }),
            )
        },
    ),
    ("get", "/v1/audit", "133333333", "133333333", |_, _| {
        plain("/v1/audit")
    }),
    // The dashboard.
    ("get", "/v1/overview", "122222444", "144444444", |_, a| {
        plain(format!("/v1/overview?area={a}"))
    }),
    ("get", "/v1/map", "122222444", "144444444", |_, a| {
        plain(format!("/v1/map?zoom=12&area={a}"))
    }),
    ("get", "/v1/attention", "132233333", "134433333", |_, a| {
        plain(format!("/v1/attention?area={a}"))
    }),
    (
        "post",
        "/v1/attention/settle",
        "134433333",
        "134433333",
        |_, _| {
            with(
                "/v1/attention/settle",
                &json!({ "kind": "upload", "id": "99" }),
            )
        },
    ),
    (
        "get",
        "/v1/saved-views",
        "122222222",
        "122222222",
        |_, _| plain("/v1/saved-views"),
    ),
    (
        "put",
        "/v1/saved-views/{name}",
        "122222222",
        "122222222",
        |_, _| with("/v1/saved-views/mine", &json!({})),
    ),
    (
        "get",
        "/v1/saved-views/{name}",
        "122222222",
        "122222222",
        |_, _| plain("/v1/saved-views/mine"),
    ),
    (
        "delete",
        "/v1/saved-views/{name}",
        "122222222",
        "122222222",
        |t, _| {
            for caller in &CALLERS[1..] {
                t.bearers[caller]
                    .put("/v1/saved-views/mine", &json!({}))
                    .ok();
            }
            plain("/v1/saved-views/mine")
        },
    ),
    // Reports: templates are made for an area by its supervisors and admins.
    ("get", "/v1/reports", "122222222", "122222222", |_, _| {
        plain("/v1/reports")
    }),
    ("post", "/v1/reports", "132233333", "134433333", |_, a| {
        with("/v1/reports", &report(a))
    }),
    (
        "get",
        "/v1/reports/{report_id}",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/reports/{}", t.report(a))),
    ),
    (
        "put",
        "/v1/reports/{report_id}",
        "133233444",
        "144444444",
        |t, a| with(format!("/v1/reports/{}", t.report(a)), &report(a)),
    ),
    (
        "get",
        "/v1/reports/{report_id}/result",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/reports/{}/result", t.report(a))),
    ),
    (
        "get",
        "/v1/reports/{report_id}/export",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/reports/{}/export?format=csv", t.report(a))),
    ),
    (
        "get",
        "/v1/reports/{report_id}/runs",
        "122222444",
        "144444444",
        |t, a| plain(format!("/v1/reports/{}/runs", t.report(a))),
    ),
    (
        "get",
        "/v1/reports/{report_id}/runs/{at}",
        "144444444",
        "144444444",
        |t, a| {
            plain(format!(
                "/v1/reports/{}/runs/2026-06-01T00:00:00Z",
                t.report(a)
            ))
        },
    ),
    (
        "delete",
        "/v1/reports/{report_id}",
        "133233444",
        "144444444",
        |t, a| plain(format!("/v1/reports/{}", t.report(a))),
    ),
    // It ends the session that the page had.
    ("post", "/v1/session", "222222222", "222222222", |_, _| {
        with(
            "/v1/session",
            &json!({ "login": "operator-2", "password": PASSWORD }),
        )
    }),
    // Last, since wrong codes delay their address.
    (
        "post",
        "/v1/enrol/begin",
        "+++++++++",
        "+++++++++",
        |_, _| with("/v1/enrol/begin", &json!({ "code": "x" })),
    ),
    (
        "post",
        "/v1/enrol/finish",
        "+++++++++",
        "+++++++++",
        |_, _| {
            with(
                "/v1/enrol/finish",
                &json!({ "code": "x", "nonce": "00", "public_key": "00", "signature": "00" }),
            )
        },
    ),
    (
        "post",
        "/v1/devices/{device_id}/wiped",
        "444444444",
        "444444444",
        |_, _| {
            with(
                "/v1/devices/00000000-0000-7000-8000-000000000000/wiped",
                &json!({ "signature": "00".repeat(64) }),
            )
        },
    ),
];

/// Routes whose answer is no message, or that end the session that asks; each has a test of its own below.
const APART: [(&str, &str); 4] = [
    ("get", "/v1/changes"),
    ("post", "/v1/sign-out"),
    ("get", "/v1/session"),
    ("delete", "/v1/session"),
];

fn empty_sync() -> Vec<u8> {
    gridfold_sync_core::wire::SyncRequest {
        epoch: 0,
        directory: [0; 8],
        budget_kib: 0,
        cursors: Vec::new(),
        erased: Vec::new(),
        logs: Vec::new(),
        recover: Vec::new(),
        seen: None,
        report: None,
        trip: None,
    }
    .encode()
}

fn report(area: &str) -> Value {
    json!({
        "name": "r", "area": area, "records": { "means": "matter" }, "period": { "of": "this_month" },
        "groups": ["kind"], "measures": ["count"],
    })
}

struct Town {
    world: World,
    operator: Client,
    bearers: BTreeMap<&'static str, Client>,
    pages: BTreeMap<&'static str, Client>,
    colleagues: BTreeMap<String, String>,
    matters: BTreeMap<String, String>,
    made: Cell<u8>,
}

impl Town {
    fn new() -> Self {
        let mut settings = config();
        settings.limits.devices_per_worker = 1_000;
        let world = World::with(settings, Router::new());
        let operator = world.admin();
        world.areas(&operator);
        world.person(&operator, "operator-2", "worker", "c-a-1");
        let (mut bearers, mut pages) = (BTreeMap::new(), BTreeMap::new());
        bearers.insert("nobody", world.anonymous());
        pages.insert("nobody", world.anonymous());
        for role in ROLES {
            let login = format!("the-{role}");
            let (_, bearer) = world.person(&operator, &login, role, "c-a");
            bearers.insert(*role, bearer);
            pages.insert(*role, world.page(&login));
        }
        // Without a grant that runs: before the first, after the last, and while the next is to come.
        for (caller, login) in [("ungranted", "un"), ("ended", "en"), ("to come", "co")] {
            let given = json!({ "name": login, "login": login, "password": PASSWORD });
            let user = operator.post("/v1/users", &given).ok();
            let mut grant =
                json!({ "user_id": user["user_id"], "role": "supervisor", "area": "c-a" });
            if caller == "to come" {
                grant["from"] = json!("2030-01-01T00:00:00Z");
            }
            if caller != "ungranted" {
                let given = operator.post("/v1/grants", &grant).ok();
                if caller == "ended" {
                    let id = given["grant_id"].as_str().unwrap();
                    operator
                        .post(&format!("/v1/grants/{id}/end"), &json!({}))
                        .ok();
                }
            }
            bearers.insert(caller, world.sign_in(login));
            pages.insert(caller, world.page(login));
        }
        let mut town = Self {
            colleagues: BTreeMap::new(),
            matters: BTreeMap::new(),
            made: Cell::new(0),
            world,
            operator,
            bearers,
            pages,
        };
        for (n, area) in ["c-a-1", "c-b-1"].into_iter().enumerate() {
            let (id, _) =
                town.world
                    .person(&town.operator, &format!("colleague-{n}"), "worker", area);
            town.colleagues.insert(area.to_owned(), id);
            let matter = town.fresh_matter(area);
            town.matters.insert(area.to_owned(), matter);
            town.add(area, "household", &json!({ "address": PERSONAL, "care_notes": RESTRICTED, "location": { "lat": 39.1, "lon": 117.2 } }));
        }
        town
    }

    fn add(&self, area: &str, form: &str, fields: &Value) -> String {
        let body = json!({ "grid": area, "form": form, "fields": fields });
        self.operator.post("/v1/records", &body).ok()["record"]["record_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
    fn fresh_matter(&self, area: &str) -> String {
        self.add(area, "matter", &json!({ "kind": "x", "summary": "s", "reported_at": "2026-06-13T05:50:34Z", "reporter_name": PERSONAL }))
    }
    fn matter(&self, area: &str) -> String {
        self.matters[area].clone()
    }
    fn colleague(&self, area: &str) -> String {
        self.colleagues[area].clone()
    }
    /// Somebody else who works in that area.
    fn newcomer(&self, area: &str) -> String {
        let made = json!({ "name": "newcomer" });
        let user = self.operator.post("/v1/users", &made).ok();
        let id = user["user_id"].as_str().unwrap().to_owned();
        let grant = json!({ "user_id": id, "role": "worker", "area": area });
        self.operator.post("/v1/grants", &grant).ok();
        id
    }
    /// A code that waits, of somebody of that area.
    fn invitation(&self, area: &str) -> String {
        let invite = json!({ "user_id": self.colleague(area) });
        self.operator.post("/v1/devices/invite", &invite).ok()["enrolment_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
    /// A report that the people of that area share.
    fn report(&self, area: &str) -> String {
        self.operator.post("/v1/reports", &report(area)).ok()["report_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
    fn grant(&self, area: &str) -> String {
        let body = json!({ "user_id": self.colleague(area), "role": "worker", "area": area });
        self.operator.post("/v1/grants", &body).ok()["grant_id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
    fn device(&self, area: &str) -> String {
        self.made.set(self.made.get() + 1);
        let phone = self
            .world
            .phone(&self.operator, &self.colleague(area), self.made.get())
            .ok();
        phone["device_id"].as_str().unwrap().to_owned()
    }
    /// A refused edit of that area, to be dismissed.
    fn refused(&self, area: &str) -> Value {
        let record = self.fresh_matter(area);
        let path = format!("/v1/records/{record}/transitions");
        self.operator
            .post(&path, &json!({ "action": "close" }))
            .refused(422, "transition_not_allowed");
        let history = self
            .operator
            .get(&format!("/v1/records/{record}/history"))
            .ok();
        let entries = history["entries"].as_array().unwrap();
        let found = entries.iter().find(|e| e["verdict"] == "refused").unwrap();
        json!({ "stream": found["stream"], "entry": found["entry"], "how": "dismiss" })
    }
}

/// Whether an answer is what a letter of the table says.
fn fits(letter: char, status: u16) -> bool {
    match letter {
        '2' => (200..300).contains(&status),
        '1' => status == 401,
        '3' => status == 403,
        '4' => status == 404,
        '6' => status == 422,
        '+' => !matches!(status, 401 | 403 | 404 | 500..),
        other => panic!("{other} means nothing"),
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let description: Value =
        serde_json::from_str(&gridfold_server::routes::openapi::to_json()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.insert((method.clone(), path.clone()));
        }
    }
    let rows: BTreeSet<(String, String)> = ROWS
        .iter()
        .map(|(method, path, ..)| (*method, *path))
        .chain(APART)
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(
        routes.difference(&rows).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "routes without a row"
    );
    assert_eq!(
        rows.difference(&routes).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "rows without a route"
    );
    // The description leaves nothing of the router out.
    let router = include_str!("../src/router.rs");
    let described: BTreeSet<&str> = routes.iter().map(|(_, path)| path.as_str()).collect();
    let own = [
        "/openapi.json",
        "/docs",
        "/docs/",
        "/docs/{*path}",
        "/r",
        "/r/",
        "/r/page.js",
        "/r/page.css",
    ];
    for part in router.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        assert!(
            described.contains(path) || own.contains(&path),
            "{path} is not described"
        );
    }
}

#[test]
fn each_role_is_answered_as_the_table_says() {
    let town = Town::new();
    let mut wrong = Vec::new();
    for (method, path, own, other, ask) in ROWS {
        for (area, letters) in [("c-a-1", own), ("c-b-1", other)] {
            assert_eq!(letters.len(), CALLERS.len(), "{path}");
            for (caller, letter) in CALLERS.iter().zip(letters.chars()) {
                for (by, clients) in [("bearer", &town.bearers), ("cookie", &town.pages)] {
                    let asked = ask(&town, area);
                    let client = &clients[caller];
                    let reply =
                        client.send(&method.to_uppercase(), &asked.path, asked.kind, &asked.body);
                    if !fits(letter, reply.status) {
                        wrong.push(format!("{method} {path} in {area} as {caller} by {by}: {letter} expected, {} answered", reply.status));
                    }
                    let text = String::from_utf8_lossy(&reply.bytes);
                    let told = text.contains(PERSONAL) || text.contains(RESTRICTED);
                    if told && (GENERAL_ONLY.contains(caller) || area == "c-b-1") {
                        wrong.push(format!("{method} {path} in {area} tells {caller} by {by} what they may not read"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What must not be told is there to be told.
    let worker = &town.bearers["worker"];
    let seen = worker
        .get("/v1/records?area=c-a-1&form=household&fields=address,care_notes")
        .text();
    assert!(seen.contains(PERSONAL) && seen.contains(RESTRICTED));
}

#[test]
fn a_restricted_field_is_read_by_those_who_may_and_each_reading_is_audited() {
    let town = Town::new();
    let household = town.add(
        "c-a-2",
        "household",
        &json!({ "address": PERSONAL, "care_notes": RESTRICTED }),
    );
    let path = format!("/v1/records/{household}");
    let readings = || {
        town.operator
            .get("/v1/audit?limit=500")
            .text()
            .matches("read-restricted")
            .count()
    };
    for caller in CALLERS {
        for clients in [&town.bearers, &town.pages] {
            let before = readings();
            let reply = clients[caller].get(&path);
            let list =
                clients[caller].get(&format!("/v1/records?id={household}&fields=care_notes"));
            if GENERAL_ONLY.contains(&caller) {
                // Who reads general fields there knows that it is there, and nothing of it.
                let knows = matches!(caller, "auditor" | "service");
                assert_eq!(reply.status == 200, knows, "{caller} {}", reply.status);
                for text in [reply.text(), list.text()] {
                    let told = text.contains(RESTRICTED) || text.contains(PERSONAL);
                    assert!(!told, "{caller} {text}");
                }
                assert_eq!(readings(), before, "{caller}");
            } else {
                assert!(
                    reply.text().contains(RESTRICTED) && list.text().contains(RESTRICTED),
                    "{caller}"
                );
                assert_eq!(readings(), before + 2, "{caller}");
            }
            // Writing it takes the same right.
            let change = json!({ "fields": { "care_notes": "x" } });
            let status = clients[caller].patch(&path, &change).status;
            assert_eq!(
                status == 200,
                !GENERAL_ONLY.contains(&caller),
                "{caller} {status}"
            );
            town.operator
                .patch(&path, &json!({ "fields": { "care_notes": RESTRICTED } }))
                .ok();
        }
    }
}

#[test]
fn the_feed_of_changes_takes_whoever_is_signed_in() {
    let town = Town::new();
    let status = |client: &Client| {
        let mut stream = TcpStream::connect(town.world.address).unwrap();
        let mut head = format!(
            "GET /v1/changes HTTP/1.1\r\nhost: {}\r\n",
            town.world.address
        );
        if let Some(token) = &client.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        for (name, value) in &client.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        write!(stream, "{head}\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap().to_owned()
    };
    for caller in CALLERS {
        let expected = if caller == "nobody" { "401" } else { "200" };
        assert_eq!(status(&town.bearers[caller]), expected, "{caller}");
        assert_eq!(status(&town.pages[caller]), expected, "{caller}");
    }
}

#[test]
fn everybody_may_look_at_and_end_their_own_session() {
    let town = Town::new();
    for caller in CALLERS {
        let (bearer, page) = (&town.bearers[caller], &town.pages[caller]);
        let signed_in = if caller == "nobody" {
            [401; 3]
        } else {
            [200, 204, 204]
        };
        assert_eq!(
            bearer.get("/v1/session").status,
            401,
            "a token is no cookie"
        );
        assert_eq!(page.get("/v1/session").status, signed_in[0]);
        assert_eq!(bearer.post("/v1/sign-out", &json!({})).status, signed_in[1]);
        assert_eq!(page.delete("/v1/session").status, signed_in[2]);
        assert!(matches!(bearer.get("/v1/me").status, 401 | 403));
        assert_eq!(page.get("/v1/me").status, 401);
    }
}
