//! Phones are told that there is news: by a push service that is ours here, which reads what it gets as a browser would.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::api_support::{Client, NOW, World, config};
use crate::town_support::add;
use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac;
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use gridfold_server::config::{Config, Contact, PushServices, Setting};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

/// Nothing that comes is waited for longer.
const PATIENCE: Duration = Duration::from_secs(60);
const CONTACT: &str = "mailto:it@example.cn";

/// What a push service got.
struct Got {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A push service that answers what it is told to, else that it has the message.
struct Service {
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<String>>>,
    got: Receiver<Got>,
}

fn take(stream: TcpStream, answers: &Mutex<VecDeque<String>>, out: &Sender<Got>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let path = lines[0].split(' ').nth(1).unwrap().to_owned();
    let headers = lines[1..].iter().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let mut got = Got {
        path,
        headers: headers.collect(),
        body: Vec::new(),
    };
    got.body = vec![0; got.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut got.body).unwrap();
    let status = answers.lock().unwrap().pop_front();
    let status = status.unwrap_or_else(|| "201 Created".to_owned());
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    // Told before the answer, so that what is got is in the order of the sender.
    out.send(got).unwrap();
    (&stream).write_all(answer.as_bytes()).unwrap();
}

impl Service {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers: Arc<Mutex<VecDeque<String>>> = Arc::default();
        let (out, got) = channel();
        let next = Arc::clone(&answers);
        let serve = move || {
            for stream in listener.incoming() {
                take(stream.unwrap(), &next, &out);
            }
        };
        std::thread::Builder::new().spawn(serve).unwrap();
        Self {
            address,
            answers,
            got,
        }
    }

    fn answer(&self, with: &str) {
        self.answers.lock().unwrap().push_back(with.to_owned());
    }

    /// What comes up to the phone of this path.
    fn until(&self, path: &str) -> Vec<Got> {
        let mut all = Vec::new();
        loop {
            all.push(self.got.recv_timeout(PATIENCE).unwrap());
            if all.last().unwrap().path == path {
                return all;
            }
        }
    }

    /// These phones are told, in this order, and none before or between.
    #[track_caller]
    fn tells(&self, workers: &[&Worker]) {
        let expected: Vec<&str> = workers.iter().map(|one| one.path.as_str()).collect();
        let got = self.until(expected.last().unwrap());
        let told: Vec<&str> = got.iter().map(|got| got.path.as_str()).collect();
        assert_eq!(told, expected);
    }
}

/// What a browser keeps of its subscription.
struct Browser {
    key: PrivateKey,
    secret: [u8; 16],
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

impl Browser {
    fn new(seed: u8) -> Self {
        Self {
            key: PrivateKey::generate(&ECDH_P256).unwrap(),
            secret: [seed; 16],
        }
    }

    fn public(&self) -> Vec<u8> {
        self.key.compute_public_key().unwrap().as_ref().to_vec()
    }

    /// What a message says, by the letter of RFC 8188 and RFC 8291.
    fn open(&self, message: &[u8]) -> Vec<u8> {
        let (salt, rest) = message.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().unwrap()) >= 18);
        let (length, rest) = rest.split_at(1);
        let (theirs, text) = rest.split_at(usize::from(length[0]));
        let shared = agree(
            &self.key,
            UnparsedPublicKey::new(&ECDH_P256, theirs),
            (),
            |shared| Ok(shared.to_vec()),
        )
        .unwrap();
        let prk = hmac(&self.secret, &[&shared]);
        let input = hmac(&prk, &[b"WebPush: info\0", &self.public(), theirs, &[1]]);
        let prk = hmac(salt, &[&input]);
        let key = hmac(&prk, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = hmac(&prk, &[b"Content-Encoding: nonce\0", &[1]]);
        let mut text = text.to_vec();
        let opened = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap())
            .open_in_place(
                Nonce::assume_unique_for_key(nonce[..12].try_into().unwrap()),
                Aad::empty(),
                &mut text,
            )
            .unwrap();
        let end = opened.iter().rposition(|byte| *byte != 0).unwrap();
        assert_eq!(opened[end], 2, "the last record is marked as such");
        opened[..end].to_vec()
    }
}

/// A worker with a phone that is told.
struct Worker {
    id: String,
    console: Client,
    phone: Client,
    path: String,
    browser: Browser,
}

struct Town {
    service: Service,
    world: World,
    admin: Client,
    supervisor: Client,
    wu: Worker,
    zhao: Worker,
}

fn with_push(service: &Service) -> Config {
    let mut config = config();
    config.push.contact = Contact::from_text(CONTACT);
    let origin = format!("http://{}", service.address);
    config.push.services = PushServices::from_text(&origin).unwrap();
    // Nobody is told twice in a test, unless it says so.
    config.push.every_s = 3_600;
    config
}

fn subscription(endpoint: &str, browser: &Browser) -> Value {
    json!({ "subscription": {
        "endpoint": endpoint, "p256dh": B64.encode(browser.public()), "auth": B64.encode(browser.secret),
    } })
}

impl Town {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(more: impl FnOnce(&mut Config)) -> Self {
        let service = Service::new();
        let mut config = with_push(&service);
        more(&mut config);
        let world = World::with(config, Router::new());
        let admin = world.admin();
        world.areas(&admin);
        let (_, supervisor) = world.person(&admin, "li", "supervisor", "c-a");
        let worker = |name: &str, seed: u8| {
            let (id, console) = world.person(&admin, name, "worker", "c-a-1");
            let phone = world.phone(&admin, &id, seed).ok();
            Worker {
                id,
                console,
                phone: world.anonymous().with(&phone),
                path: format!("/phones/{name}"),
                browser: Browser::new(seed),
            }
        };
        let (wu, zhao) = (worker("wu", 1), worker("zhao", 2));
        Self {
            service,
            admin,
            supervisor,
            wu,
            zhao,
            world,
        }
    }

    fn subscribe(&self, worker: &Worker) {
        let endpoint = format!("http://{}{}", self.service.address, worker.path);
        let given = subscription(&endpoint, &worker.browser);
        let now = worker.phone.post("/v1/push", &given).ok();
        assert_eq!(now["subscribed"], true);
    }

    fn task(&self, for_whom: &Worker) -> String {
        let fields = json!({ "title": "看望", "doer": { "user_id": for_whom.id } });
        add(&self.supervisor, "c-a-1", "task", fields)
    }
}

fn step(client: &Client, record: &str, action: &str, note: &str) {
    let path = format!("/v1/records/{record}/transitions");
    let step = json!({ "action": action, "note": note });
    client.post(&path, &step).ok();
}

#[test]
fn the_reader_of_these_tests_reads_the_example_of_the_standard() {
    let text = |text: &str| B64.decode(text).unwrap();
    let private = text("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
    let browser = Browser {
        key: PrivateKey::from_private_key(&ECDH_P256, &private).unwrap(),
        secret: text("BTBZMqHH6r4Tts7J_aSIgg").try_into().unwrap(),
    };
    let message = text(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    );
    let said = browser.open(&message);
    assert_eq!(said, b"When I grow up, I want to be a watermelon");
}

#[test]
fn who_is_given_a_task_is_told_that_there_is_news_and_nobody_else_is() {
    let town = Town::new();
    let li = &town.supervisor;
    let user = li.get("/v1/me").ok()["user_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = Worker {
        phone: {
            let phone = town.world.phone(&town.admin, &user, 9).ok();
            town.world.anonymous().with(&phone)
        },
        id: user,
        console: li.clone(),
        path: "/phones/li".to_owned(),
        browser: Browser::new(9),
    };
    for worker in [&town.wu, &town.zhao, &own] {
        town.subscribe(worker);
    }
    town.task(&town.wu);
    // Her own work is no news to her.
    town.task(&own);
    town.task(&town.zhao);
    let got = town.service.until(&town.zhao.path);
    let told: Vec<&str> = got.iter().map(|got| got.path.as_str()).collect();
    assert_eq!(told, [town.wu.path.as_str(), &town.zhao.path]);

    let said = town.wu.browser.open(&got[0].body);
    assert_eq!(said, br#"{"kind":"news"}"#, "nothing of whom or what");
    assert_eq!(got[0].header("content-encoding"), "aes128gcm");
    assert_eq!(got[0].header("ttl"), "86400");
    assert_eq!(got[0].header("urgency"), "normal");
    let sent = got[0].header("authorization");
    let (token, key) = sent
        .strip_prefix("vapid t=")
        .and_then(|sent| sent.split_once(", k="))
        .unwrap();
    let known = town.wu.phone.get("/v1/push").ok();
    assert_eq!(known["key"], key);
    let point = B64.decode(key).unwrap();
    assert_eq!((point.len(), point[0]), (65, 4));
    let (x, y) = (B64.encode(&point[1..33]), B64.encode(&point[33..]));
    let key = DecodingKey::from_ec_components(&x, &y).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[format!("http://{}", town.service.address)]);
    // The time of these tests is not the machine's.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(token, &key, &rules)
        .unwrap()
        .claims;
    assert_eq!(claims["sub"], CONTACT);
    let left = claims["exp"].as_i64().unwrap() - NOW.millis() / 1_000;
    assert!((1..=86_400).contains(&left), "{left}");
}

#[test]
fn ten_tasks_in_a_row_are_one_message() {
    let town = Town::new();
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    for _ in 0..10 {
        town.task(&town.wu);
    }
    town.task(&town.zhao);
    town.service.tells(&[&town.wu, &town.zhao]);
}

#[test]
fn what_happens_within_the_time_between_two_messages_is_told_after_it() {
    let town = Town::with(|config| config.push.every_s = 1);
    town.subscribe(&town.wu);
    let began = std::time::Instant::now();
    town.task(&town.wu);
    town.service.tells(&[&town.wu]);
    town.task(&town.wu);
    town.service.tells(&[&town.wu]);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn work_that_is_sent_back_is_told_to_who_had_done_it() {
    let town = Town::new();
    let task = town.task(&town.wu);
    step(&town.wu.console, &task, "acknowledge", "");
    step(&town.wu.console, &task, "finish", "");
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    step(&town.supervisor, &task, "reissue", "门牌没拍");
    town.service.tells(&[&town.wu]);
}

#[test]
fn a_conflict_is_told_to_whose_edit_is_in_it() {
    let town = Town::new();
    let task = town.task(&town.wu);
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    let path = format!("/v1/records/{task}");
    let heads = town.supervisor.get(&path).ok()["heads"].clone();
    let edit = |client: &Client, title: &str| {
        let edit = json!({ "fields": { "title": title }, "base": heads });
        client.patch(&path, &edit).ok();
    };
    edit(&town.wu.console, "看望两户");
    edit(&town.supervisor, "看望三户");
    town.service.tells(&[&town.wu]);
}

#[test]
fn a_phone_that_is_gone_from_its_service_is_not_written_to_again() {
    let town = Town::with(|config| config.push.every_s = 1);
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    town.service.answer("410 Gone");
    town.task(&town.wu);
    town.service.until(&town.wu.path);
    town.task(&town.wu);
    town.task(&town.zhao);
    town.service.tells(&[&town.zhao]);
    assert_eq!(town.wu.phone.get("/v1/push").ok()["subscribed"], false);
}

#[test]
fn a_service_that_is_busy_is_asked_again_when_it_says() {
    let town = Town::new();
    town.subscribe(&town.wu);
    town.service
        .answer("503 Service Unavailable\r\nRetry-After: 1");
    town.service
        .answer("429 Too Many Requests\r\nRetry-After: 1");
    town.task(&town.wu);
    for _ in 0..3 {
        town.service.tells(&[&town.wu]);
    }
}

#[test]
fn a_service_that_sends_on_to_elsewhere_is_not_followed() {
    let town = Town::new();
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    let elsewhere = Service::new();
    let to = format!("303 See Other\r\nLocation: http://{}/x", elsewhere.address);
    town.service.answer(&to);
    town.task(&town.wu);
    town.task(&town.zhao);
    town.service.until(&town.zhao.path);
    assert!(elsewhere.got.try_recv().is_err());
}

#[test]
fn who_may_not_sync_any_more_is_told_nothing() {
    let town = Town::new();
    let (id, console) = town.world.person(&town.admin, "sun", "worker", "c-a-1");
    let sun = Worker {
        phone: {
            let phone = town.world.phone(&town.admin, &id, 3).ok();
            town.world.anonymous().with(&phone)
        },
        id,
        console,
        path: "/phones/sun".to_owned(),
        browser: Browser::new(3),
    };
    for worker in [&town.wu, &town.zhao, &sun] {
        town.subscribe(worker);
    }
    let device = |worker: &Worker| worker.phone.get("/v1/me").ok()["device_id"].clone();
    let revoke = format!("/v1/devices/{}/revoke", device(&town.wu).as_str().unwrap());
    town.admin.post(&revoke, &json!({})).ok();
    sun.phone.post("/v1/sign-out", &json!({})).ok();
    for worker in [&town.wu, &sun, &town.zhao] {
        town.task(worker);
    }
    town.service.tells(&[&town.zhao]);
}

#[test]
fn who_reads_there_no_more_is_told_nothing() {
    let town = Town::new();
    let task = town.task(&town.wu);
    town.subscribe(&town.wu);
    town.subscribe(&town.zhao);
    let path = format!("/v1/records/{task}");
    let heads = town.supervisor.get(&path).ok()["heads"].clone();
    let edit = |client: &Client, title: &str| {
        let edit = json!({ "fields": { "title": title }, "base": heads });
        client.patch(&path, &edit).ok();
    };
    edit(&town.zhao.console, "看望两户");
    let grants = format!("/v1/grants?user_id={}", town.zhao.id);
    let grants = town.admin.get(&grants).ok();
    let id = grants["grants"][0]["grant_id"].as_str().unwrap();
    let end = format!("/v1/grants/{id}/end");
    town.admin.post(&end, &json!({})).ok();
    edit(&town.supervisor, "看望三户");
    town.task(&town.wu);
    town.service.tells(&[&town.wu]);
}

#[test]
fn a_url_that_is_of_no_push_service_is_not_taken() {
    let town = Town::new();
    let at = |endpoint: &str| {
        let given = subscription(endpoint, &town.wu.browser);
        town.wu.phone.post("/v1/push", &given)
    };
    for endpoint in [
        "http://127.0.0.1:1/x",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "http://fcm.googleapis.com/fcm/send/x",
        "https://fcm.googleapis.com:8443/x",
        "https://fcm.googleapis.com.example.cn/x",
        "https://somebody@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@example.cn/x",
        "https://notify.windows.com.example.cn/x",
        "https://evilpush.apple.com/x",
        "ftp://fcm.googleapis.com/x",
        "/x",
        "",
    ] {
        at(endpoint).refused(400, "bad_request");
    }
    let long = format!("https://fcm.googleapis.com/{}", "x".repeat(3_000));
    at(&long).refused(400, "bad_request");
    for endpoint in [
        "https://fcm.googleapis.com/fcm/send/x",
        "https://FCM.googleapis.com:443/fcm/send/x",
        "https://updates.push.services.mozilla.com/wpush/v2/x",
        "https://autopush.push.services.mozilla.com/x",
        "https://wns2-par02p.notify.windows.com/w/?token=x",
        "https://web.push.apple.com/x",
        "https://api.push.apple.com/x",
    ] {
        at(endpoint).ok();
    }
    let chinese = town.wu.phone.header("accept-language", "zh-CN");
    let given = subscription("https://example.cn/x", &town.wu.browser);
    let said = chinese.post("/v1/push", &given).refused(400, "bad_request");
    assert!(
        said["detail"].as_str().unwrap().contains("推送服务"),
        "{said}"
    );
    // What was there before is there still.
    assert_eq!(town.wu.phone.get("/v1/push").ok()["subscribed"], true);
}

#[test]
fn keys_that_are_none_are_not_taken() {
    let town = Town::new();
    let good = subscription("https://web.push.apple.com/x", &town.wu.browser);
    let mut off_the_curve = [7; 65];
    off_the_curve[0] = 4;
    for (part, wrong) in [
        ("p256dh", B64.encode(off_the_curve)),
        ("p256dh", B64.encode([4; 64])),
        ("p256dh", "没有".to_owned()),
        ("auth", B64.encode([1; 15])),
    ] {
        let mut given = good.clone();
        given["subscription"][part] = json!(wrong);
        let answer = town.wu.phone.post("/v1/push", &given);
        answer.refused(400, "bad_request");
    }
}

#[test]
fn nothing_is_offered_where_nobody_answers_for_it() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (id, console) = world.person(&admin, "wu", "worker", "c-a-1");
    let phone = world.phone(&admin, &id, 1).ok();
    let phone = world.anonymous().with(&phone);
    assert_eq!(phone.get("/v1/push").ok(), json!({ "subscribed": false }));
    let given = subscription("https://web.push.apple.com/x", &Browser::new(1));
    phone.post("/v1/push", &given).refused(409, "conflict");
    console.post("/v1/push", &given).refused(403, "forbidden");
    phone.post("/v1/push", &json!({})).ok();
}

#[test]
fn the_key_and_where_phones_are_told_outlive_a_restart_and_are_sealed() {
    let town = Town::new();
    town.subscribe(&town.wu);
    let before = town.wu.phone.get("/v1/push").ok();
    let config = with_push(&town.service);
    let dir = town.world.dir.path().join("auth.db");
    let world = town.world.reopen(config);
    let phone = town.wu.phone.at(&world.base);
    assert_eq!(phone.get("/v1/push").ok(), before);
    let file = std::fs::read(&dir).unwrap();
    let wal = std::fs::read(dir.with_extension("db-wal")).unwrap_or_default();
    let clear = town.wu.path.as_bytes();
    for bytes in [file, wal] {
        assert!(!bytes.windows(clear.len()).any(|part| part == clear));
    }
    phone.post("/v1/push", &json!({})).ok();
    assert_eq!(phone.get("/v1/push").ok()["subscribed"], false);
}
