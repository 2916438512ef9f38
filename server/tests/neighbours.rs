//! Who shares an address with others: an office behind one line, everybody behind a proxy that does TLS, and the strangers among them.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::api_support;
use crate::api_support::{PASSWORD, World, config};
use axum::Router;
use gridfold_server::config::Config;
use serde_json::{Value, json};

/// Phones of one address: an office's line, or an operator's.
const PHONES: usize = 60;

fn ordinary() -> Config {
    let mut ordinary = config();
    ordinary.limits = Config::default().limits;
    ordinary
}

/// The server with its ordinary limits, made with wide ones.
fn town(more: impl FnOnce(&mut Config)) -> World {
    let world = World::new();
    let mut ordinary = ordinary();
    more(&mut ordinary);
    world.reopen(ordinary)
}

/// A session as sign-in starts it, without the work of a password.
fn session(world: &World) -> Value {
    let (auth, now) = (&world.node.auth, api_support::NOW.millis());
    let (_, user) = auth.accounts.logins().unwrap().pop().unwrap();
    let device = auth.devices.create_console(user, now).unwrap();
    let refresh = auth.refresh.start(user, device, now).unwrap();
    json!({
        "access_token": auth.tokens.issue(user, device, now).unwrap(),
        "refresh_token": refresh.expose(),
    })
}

fn refresh(world: &World, session: &Value) -> u16 {
    let given = json!({ "refresh_token": session["refresh_token"] });
    world.anonymous().post("/v1/token", &given).status
}

#[test]
fn sixty_sessions_of_one_address_renew_within_a_minute() {
    let world = World::new();
    let sessions: Vec<Value> = (0..PHONES).map(|_| session(&world)).collect();
    let world = world.reopen(ordinary());
    // A stranger at the same address uses up what strangers may ask.
    for _ in 0..40 {
        let given = json!({ "refresh_token": "a".repeat(64) });
        let reply = world.anonymous().post("/v1/token", &given);
        assert!(matches!(reply.status, 401 | 429), "{}", reply.status);
    }
    let renewed = sessions.iter().map(|s| refresh(&world, s));
    assert_eq!(renewed.filter(|status| *status == 200).count(), PHONES);
}

#[test]
fn access_tokens_that_ran_out_cost_their_devices_and_not_their_address() {
    let world = World::new();
    let sessions: Vec<Value> = (0..PHONES).map(|_| session(&world)).collect();
    let world = world.reopen(ordinary());
    world
        .clock
        .set(api_support::NOW.plus_millis(20 * 60 * 1_000));
    for session in &sessions {
        let reply = world.anonymous().with(session).get("/v1/me");
        assert_eq!(reply.status, 401, "told to renew, not to wait");
    }
    // What was never a token is counted for the address.
    let garbage = json!({ "access_token": "not.a.token", "refresh_token": "" });
    let replies = (0..PHONES).map(|_| world.anonymous().with(&garbage).get("/v1/me").status);
    assert!(replies.filter(|status| *status == 429).count() > PHONES / 3);
}

#[test]
fn an_office_enrols_its_phones_beside_a_stranger_who_guesses_codes() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let codes: Vec<String> = (0..20)
        .map(|n| {
            let user = admin
                .post("/v1/users", &json!({ "name": format!("worker {n}") }))
                .ok();
            let user = user["user_id"].as_str().unwrap().to_owned();
            let grant = json!({ "user_id": user, "role": "worker", "area": "c-a-1" });
            admin.post("/v1/grants", &grant).ok();
            let invited = admin.post("/v1/devices/invite", &json!({ "user_id": user }));
            invited.ok()["code"].as_str().unwrap().to_owned()
        })
        .collect();
    let world = world.reopen(ordinary());
    let mut told_to_wait = 0;
    for n in 0..40 {
        let wrong = json!({ "code": format!("00000-00000-00000-00000-00000-{}", n % 10) });
        let reply = world.anonymous().post("/v1/enrol/begin", &wrong);
        told_to_wait += usize::from(reply.status == 429);
    }
    assert!(told_to_wait >= 10, "guessing is bounded: {told_to_wait}");
    for (n, code) in codes.iter().enumerate() {
        let seed = u8::try_from(n + 1).unwrap();
        assert_eq!(world.enrol(code, seed).status, 200, "phone {n}");
    }
}

#[test]
fn a_browser_that_signed_in_before_gets_in_when_strangers_used_up_its_address() {
    let world = town(|_| {});
    let given = json!({ "login": "admin", "password": PASSWORD });
    let first = world.anonymous().post("/v1/session", &given);
    assert_eq!(first.status, 200);
    let known: Vec<String> = first
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|v| v.to_str().unwrap().to_owned())
        .filter(|v| v.starts_with("__Host-gridfold-known="))
        .collect();
    let [known] = known.as_slice() else {
        panic!("one cookie: {known:?}")
    };
    for rule in [
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
        "Max-Age=",
    ] {
        assert!(known.contains(rule), "{rule}: {known}");
    }
    let stranger = json!({ "login": "admin", "password": "wrong wrong wrong" });
    let mut last = 0;
    for _ in 0..45 {
        last = world.anonymous().post("/v1/session", &stranger).status;
    }
    assert_eq!(last, 429);
    assert_eq!(
        world.anonymous().post("/v1/session", &given).status,
        429,
        "unknown, at the same address"
    );
    let mut browser = world.anonymous();
    let pair = known.split(';').next().unwrap().to_owned();
    browser.headers.push(("cookie", pair));
    assert_eq!(browser.post("/v1/session", &given).status, 200);
}

/// Signs in `times` in vain from an address that a proxy names; the statuses.
fn wrong_behind(world: &World, header: (&'static str, &str), times: usize) -> Vec<u16> {
    let wrong = json!({ "login": "admin", "password": "wrong wrong wrong" });
    let mut client = world.anonymous();
    client.headers.push((header.0, header.1.to_owned()));
    (0..times)
        .map(|_| client.post("/v1/sign-in", &wrong).status)
        .collect()
}

fn right_behind(world: &World, header: (&'static str, &str)) -> u16 {
    let right = json!({ "login": "admin", "password": PASSWORD });
    let mut client = world.anonymous();
    client.headers.push((header.0, header.1.to_owned()));
    client.post("/v1/sign-in", &right).status
}

#[test]
fn behind_a_trusted_proxy_everybody_has_an_address_of_their_own() {
    let name = "x-forwarded-for";
    let world = town(|c| {
        let text = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n";
        c.server = Config::parse(text, []).unwrap().server;
    });
    assert_eq!(wrong_behind(&world, (name, "198.51.100.1"), 6)[5], 429);
    assert_eq!(right_behind(&world, (name, "198.51.100.1")), 429);
    assert_eq!(right_behind(&world, (name, "198.51.100.2")), 200);
    // What the client wrote itself stands before what the proxy saw.
    assert_eq!(right_behind(&world, (name, "8.8.8.8, 198.51.100.1")), 429);
    let world = town(|_| {});
    assert_eq!(wrong_behind(&world, (name, "198.51.100.1"), 6)[5], 429);
    assert_eq!(
        right_behind(&world, (name, "198.51.100.2")),
        429,
        "nobody is trusted unless named"
    );
}

/// One request with bytes before it, as a proxy in front of TLS sends them; the status, 0 when the connection ends without one.
fn raw(world: &World, before: &[u8], body: &str) -> u16 {
    let mut stream = TcpStream::connect(world.address).unwrap();
    let mut sent = before.to_vec();
    sent.extend_from_slice(
        format!(
            "POST /v1/sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    );
    // A server that hangs up may do so before all is sent.
    let _ = stream.write_all(&sent);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer)
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

#[test]
fn the_proxy_protocol_names_the_client_before_anything_else() {
    let world = World::with(
        {
            let mut c = ordinary();
            let text =
                "[server]\ntrusted_proxies = \"127.0.0.0/8\"\nproxy_header = \"proxy-protocol\"\n";
            c.server = Config::parse(text, []).unwrap().server;
            c
        },
        Router::new(),
    );
    let wrong = json!({ "login": "admin", "password": "wrong wrong wrong" }).to_string();
    let right = json!({ "login": "admin", "password": PASSWORD }).to_string();
    let v1 = |last: u8| format!("PROXY TCP4 198.51.100.{last} 127.0.0.1 4711 443\r\n").into_bytes();
    let v2 = |last: u8| {
        let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
        bytes.extend_from_slice(&[198, 51, 100, last, 127, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb]);
        bytes
    };
    for _ in 0..5 {
        assert_eq!(raw(&world, &v1(1), &wrong), 401);
    }
    assert_eq!(raw(&world, &v1(1), &right), 429);
    assert_eq!(raw(&world, &v2(1), &right), 429, "the same client");
    assert_eq!(raw(&world, &v2(2), &right), 200);
    assert_eq!(raw(&world, &v1(3), &right), 200);
    let unknown = b"PROXY UNKNOWN\r\n".to_vec();
    assert_eq!(raw(&world, &unknown, &right), 200, "asked for itself");
    assert_eq!(raw(&world, b"", &right), 0, "nobody can be told");
    assert_eq!(raw(&world, &[b'x'; 200], &right), 0);
}
