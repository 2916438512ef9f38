//! The dashboard's session over HTTP: its cookie, what a write needs besides, and when it ends.

use crate::api_support;
use crate::api_support::{Client, PASSWORD, World, config};
use gridfold_server::auth::{COOKIE_ABSOLUTE_MS, COOKIE_IDLE_MS};
use gridfold_server::clock::Clock as _;
use gridfold_sync_core::time::Timestamp;
use serde_json::json;

fn credentials() -> serde_json::Value {
    json!({ "login": "admin", "password": PASSWORD })
}

/// A write that changes nothing lasting.
fn write(page: &Client) -> api_support::Reply {
    page.post("/v1/users", &json!({ "name": "x" }))
}

#[test]
fn the_cookie_is_for_this_origin_and_no_script() {
    let world = World::new();
    let reply = world.anonymous().post("/v1/session", &credentials());
    let body = reply.ok();
    let cookie = reply.headers["set-cookie"].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    assert_eq!(name, "__Host-gridfold");
    assert_eq!(value.len(), 43, "256 bits");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(body["me"]["user_name"], "admin");
    assert_eq!(body["me"]["roles"], json!(["admin"]));
    assert_eq!(body["settings"]["time_zone"], "Asia/Shanghai");
    let now = api_support::NOW;
    let at = |ms| now.plus_millis(ms).to_rfc3339();
    assert_eq!(body["idle_expires_at"], at(COOKIE_IDLE_MS));
    assert_eq!(body["absolute_expires_at"], at(COOKIE_ABSOLUTE_MS));
    // What is stored does not let anybody in.
    let file = std::fs::read(world.dir.path().join("auth.db")).unwrap();
    let wal = std::fs::read(world.dir.path().join("auth.db-wal")).unwrap_or_default();
    for bytes in [file, wal] {
        assert!(
            !bytes.windows(43).any(|w| w == value.as_bytes()),
            "the token is stored as it is"
        );
    }
    let page = world.anonymous().with_cookie(&reply, &world.base);
    assert_eq!(page.get("/v1/session").ok()["me"], page.get("/v1/me").ok());
    world
        .anonymous()
        .get("/v1/session")
        .refused(401, "unauthorized");
}

#[test]
fn a_write_needs_the_token_of_the_session_and_a_page_of_this_origin() {
    let world = World::new();
    let page = world.page("admin");
    assert_eq!(write(&page).status, 201);
    write(&page.header("x-csrf-token", "")).refused(403, "csrf");
    let other = world.page("admin");
    let token = &other
        .headers
        .iter()
        .find(|(n, _)| *n == "x-csrf-token")
        .unwrap()
        .1;
    write(&page.header("x-csrf-token", token)).refused(403, "csrf");
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        write(&page.header("origin", origin)).refused(403, "csrf");
    }
    let silent = page.header("origin", "");
    write(&silent).refused(403, "csrf");
    assert_eq!(
        write(&silent.header("sec-fetch-site", "same-origin")).status,
        201
    );
    write(&silent.header("sec-fetch-site", "same-site")).refused(403, "csrf");
    write(&page.header("sec-fetch-site", "cross-site")).refused(403, "csrf");
    // Reading needs neither: no other origin can read what is answered.
    silent.header("x-csrf-token", "").get("/v1/me").ok();
    // A page of another origin cannot sign a browser in as somebody else either.
    world
        .anonymous()
        .header("origin", "https://evil.example")
        .post("/v1/session", &credentials())
        .refused(403, "csrf");
    // A bearer token is never sent by a browser by itself.
    let bearer = world.admin().header("origin", "https://evil.example");
    assert_eq!(write(&bearer).status, 201);
}

#[test]
fn behind_a_proxy_the_public_url_is_this_origin() {
    let mut settings = config();
    settings.server.public_url = Some("https://grid.example.org/".to_owned());
    let world = World::with(settings, axum::Router::new());
    let page = world.page("admin");
    let at = |origin| write(&page.header("origin", origin));
    assert_eq!(at("https://grid.example.org").status, 201);
    at("https://grid.example.org.evil.example").refused(403, "csrf");
    at("http://grid.example.org").refused(403, "csrf");
}

#[test]
fn a_session_ends_after_a_quarter_of_an_hour_of_nothing() {
    let world = World::new();
    let page = world.page("admin");
    let later = |ms| world.clock.set(world.clock.now().plus_millis(ms));
    let idle_until =
        |page: &Client| page.get("/v1/session?peek=true").ok()["idle_expires_at"].clone();
    later(COOKIE_IDLE_MS - 1);
    page.get("/v1/me").ok();
    later(COOKIE_IDLE_MS - 1);
    let before = idle_until(&page);
    assert_eq!(
        before,
        world.clock.now().plus_millis(1).to_rfc3339(),
        "peeking is not doing"
    );
    page.header("x-background", "true").get("/v1/me").ok();
    assert_eq!(idle_until(&page), before, "nobody asked for it");
    later(1);
    page.get("/v1/me").refused(401, "unauthorized");
    page.get("/v1/session").refused(401, "unauthorized");
    write(&page).refused(401, "unauthorized");
}

#[test]
fn a_session_ends_after_twelve_hours_whatever_is_done() {
    let world = World::new();
    let page = world.page("admin");
    let end = world.clock.now().plus_millis(COOKIE_ABSOLUTE_MS);
    while world.clock.now().plus_millis(600_000).millis() < end.millis() {
        world.clock.set(world.clock.now().plus_millis(600_000));
        page.get("/v1/me").ok();
    }
    world.clock.set(Timestamp(end.millis() - 1));
    let body = page.get("/v1/session").ok();
    assert_eq!(body["idle_expires_at"], body["absolute_expires_at"]);
    world.clock.set(end);
    page.get("/v1/me").refused(401, "unauthorized");
}

#[test]
fn signing_in_gives_a_new_cookie_and_ends_the_one_before() {
    let world = World::new();
    let first = world.page("admin");
    let reply = first.post("/v1/session", &credentials());
    let second = world.anonymous().with_cookie(&reply, &world.base);
    assert_ne!(first.headers[0], second.headers[0]);
    first.get("/v1/me").refused(401, "unauthorized");
    second.get("/v1/me").ok();
    // A cookie that somebody planted does not become a session.
    let planted = "__Host-gridfold=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let reply = world
        .anonymous()
        .header("cookie", planted)
        .post("/v1/session", &credentials());
    assert!(
        !reply.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains(planted)
    );
    world
        .anonymous()
        .header("cookie", planted)
        .get("/v1/me")
        .refused(401, "unauthorized");
}

#[test]
fn signing_out_ends_one_session_or_all_of_them() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (user, bearer) = world.person(&admin, "li", "supervisor", "c-a");
    let phone = world.phone(&admin, &user, 1).ok();
    let (one, two) = (world.page("li"), world.page("li"));
    one.header("x-csrf-token", "")
        .delete("/v1/session")
        .refused(403, "csrf");
    let reply = one.delete("/v1/session");
    assert_eq!(reply.status, 204);
    assert!(
        reply.headers["set-cookie"]
            .to_str()
            .unwrap()
            .starts_with("__Host-gridfold=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
    );
    one.get("/v1/me").refused(401, "unauthorized");
    two.get("/v1/me").ok();
    bearer.delete("/v1/session").refused(400, "bad_request");
    assert_eq!(two.delete("/v1/session?everywhere=true").status, 204);
    two.get("/v1/me").refused(401, "unauthorized");
    bearer.get("/v1/me").refused(403, "device_revoked");
    let token = json!({ "refresh_token": phone["refresh_token"] });
    world
        .anonymous()
        .post("/v1/token", &token)
        .refused(401, "unauthorized");
    world.page("admin").get("/v1/me").ok();
    let audit = admin.get("/v1/audit?limit=500").text();
    assert!(audit.contains("session.end-all"));
    // Each was signed out of, by its user; nobody revoked one.
    assert!(!audit.contains("device.revoke"), "{audit}");
}

#[test]
fn ones_own_password_needs_the_present_one() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (user, _) = world.person(&admin, "li", "supervisor", "c-a");
    let page = world.page("li");
    let path = format!("/v1/users/{user}/password");
    let another = "marble harbour 12 signal";
    for current in [json!(null), json!("not the present one")] {
        let given = json!({ "current": current, "password": another });
        page.put(&path, &given).refused(403, "forbidden");
        page.get("/v1/me").ok();
    }
    let given = json!({ "current": PASSWORD, "password": another });
    let reply = page.put(&path, &given);
    assert_eq!(reply.status, 204, "{}", reply.text());
    page.get("/v1/me").refused(401, "unauthorized");
    let again = json!({ "login": "li", "password": another });
    assert_eq!(world.anonymous().post("/v1/session", &again).status, 200);
}

#[test]
fn a_new_password_or_a_block_ends_the_sessions_of_the_user() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (user, _) = world.person(&admin, "li", "supervisor", "c-a");
    let page = world.page("li");
    let path = format!("/v1/users/{user}/password");
    let reply = admin.put(&path, &json!({ "password": "marble harbour 12 signal" }));
    assert_eq!(reply.status, 204, "{}", reply.text());
    page.get("/v1/me").refused(401, "unauthorized");
    admin.put(&path, &json!({ "password": PASSWORD }));
    let page = world.page("li");
    admin
        .patch(&format!("/v1/users/{user}"), &json!({ "active": false }))
        .ok();
    assert!(matches!(page.get("/v1/me").status, 401 | 403));
    let blocked = json!({ "login": "li", "password": PASSWORD });
    world
        .anonymous()
        .post("/v1/session", &blocked)
        .refused(401, "sign_in_failed");
}

#[test]
fn guessing_is_slowed_down_at_both_doors_together() {
    let world = World::new();
    let wrong = json!({ "login": "admin", "password": "not the password" });
    for n in 0..5 {
        let door = ["/v1/session", "/v1/sign-in"][n % 2];
        world
            .anonymous()
            .post(door, &wrong)
            .refused(401, "sign_in_failed");
    }
    let delayed = world.anonymous().post("/v1/session", &credentials());
    delayed.refused(429, "sign_in_delayed");
    assert!(!delayed.headers.contains_key("set-cookie"));
}

#[test]
fn a_session_survives_a_restart_of_the_server() {
    let world = World::new();
    let page = world.page("admin");
    let world = world.reopen(config());
    let mut again = world.anonymous();
    again.headers.clone_from(&page.headers);
    let again = again.header("origin", &world.base);
    again.get("/v1/me").ok();
    assert_eq!(write(&again).status, 201);
}

#[test]
fn the_dashboard_is_answered_for_every_path_that_is_not_the_api() {
    let world = World::new();
    let nobody = world.anonymous();
    for path in ["/", "/records", "/records/018f", "/admin/areas?x=1"] {
        let reply = nobody.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(reply.headers["cache-control"], "no-store");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'; ",
            "script-src 'self'; ",
            "connect-src 'self'; ",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer");
    }
    for path in [
        "/v1/nothing",
        "/docs/nothing",
        "/metrics/x",
        "/missing.js",
        "/assets/gone.css",
    ] {
        nobody.get(path).refused(404, "not_found");
    }
    nobody
        .post("/records", &json!({}))
        .refused(405, "method_not_allowed");
    let page = nobody.get("/").text();
    if !page.contains("<script") {
        assert!(
            page.contains("没有包含管理网页") && page.contains("does not have the dashboard"),
            "a server without it says so in both languages: {page}"
        );
        assert!(page.contains("href=\"/docs/\""));
    }
}

#[test]
fn the_workers_app_is_answered_below_its_own_path_under_its_own_policy() {
    let world = World::new();
    let nobody = world.anonymous();
    for path in ["/m/", "/m/today", "/m/record/018f?x=1"] {
        let reply = nobody.get(path);
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(reply.headers["cache-control"], "no-store");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'; ",
            "script-src 'self' 'wasm-unsafe-eval'; ",
            "style-src 'self'; ",
            "connect-src 'self'; ",
            "worker-src 'self'; ",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(part), "{part}: {policy}");
        }
        let without = policy.replace("'wasm-unsafe-eval'", "");
        assert!(!without.contains("unsafe"), "{policy}");
        assert_eq!(
            reply.headers["permissions-policy"],
            "geolocation=(self), camera=(self), microphone=(self)"
        );
        assert_eq!(reply.headers["service-worker-allowed"], "/m/");
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    }
    for path in ["/", "/records", "/metrics-of-mine", "/ms"] {
        let reply = nobody.get(path);
        assert_eq!(
            reply.headers["permissions-policy"],
            "geolocation=(), camera=(), microphone=()"
        );
        assert!(!reply.headers.contains_key("service-worker-allowed"));
    }
    // Without its last slash it leads there: names of files in the page are relative to it.
    let bare = nobody.get("/m");
    assert_eq!(bare.headers["service-worker-allowed"], "/m/");
    assert_eq!(bare.text(), nobody.get("/m/").text());
    for path in ["/m/missing.js", "/m/assets/gone.css", "/m/v1/x.json"] {
        nobody.get(path).refused(404, "not_found");
    }
    nobody
        .post("/m/today", &json!({}))
        .refused(405, "method_not_allowed");
    let page = nobody.get("/m/").text();
    if page.contains("<script") {
        // What decides which version a phone starts is asked for anew each time.
        for path in ["/m/sw.js", "/m/manifest.webmanifest"] {
            assert_eq!(nobody.get(path).headers["cache-control"], "no-store");
        }
        let reply = nobody.get("/m/manifest.webmanifest");
        assert_eq!(reply.headers["content-type"], "application/manifest+json");
    } else {
        assert!(
            page.contains("没有包含网格员的应用")
                && page.contains("does not have the worker's app"),
            "a server without it says so in both languages: {page}"
        );
    }
}

#[test]
fn maps_that_lie_in_their_folder_are_listed_and_served_and_nothing_else_is() {
    let world = World::new();
    let nobody = world.anonymous();
    assert_eq!(
        nobody.get("/m/maps/index.json").ok(),
        json!({ "maps": [] }),
        "without a folder there are none"
    );
    let dir = world.dir.path().join("maps");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("c-a.pmtiles"), b"PMTiles of a street").unwrap();
    std::fs::write(dir.join("notes.txt"), b"not for anybody").unwrap();
    std::fs::create_dir(dir.join("c-b.pmtiles")).unwrap();
    let listed = nobody.get("/m/maps/index.json").ok();
    assert_eq!(listed["maps"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["maps"][0]["area"], "c-a");
    assert_eq!(listed["maps"][0]["bytes"], 19);
    let whole = nobody.get("/m/maps/c-a.pmtiles");
    assert_eq!(
        (whole.status, whole.text()),
        (200, "PMTiles of a street".to_owned())
    );
    assert_eq!(whole.headers["service-worker-allowed"], "/m/");
    assert_eq!(whole.headers["accept-ranges"], "bytes");
    for name in [
        "notes.txt",
        "c-b.pmtiles",
        "none.pmtiles",
        "..%2Fkeys.db",
        "..%2Fmaps%2Fc-a.pmtiles",
        ".pmtiles",
        "",
    ] {
        nobody
            .get(&format!("/m/maps/{name}"))
            .refused(404, "not_found");
    }
    // A file that was changed is another version.
    std::fs::write(dir.join("c-a.pmtiles"), b"PMTiles of a street, newer").unwrap();
    let later = nobody.get("/m/maps/index.json").ok();
    assert_ne!(later["maps"][0]["version"], listed["maps"][0]["version"]);
}
