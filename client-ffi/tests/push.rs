//! Being told that there is news: what the library asks the server, with the device's token.

#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use crate::common::*;
use gridfold_client::{
    ClientError, HttpRequest, HttpResponse, PushState, PushSubscription, Transport, TransportError,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// A server that tells phones of news, or one that does not know how.
struct Telling<'a> {
    server: &'a FakeServer,
    knows: bool,
    /// What was asked: method, token, body.
    asked: Mutex<Vec<(String, String, Value)>>,
    answers: Mutex<Vec<HttpResponse>>,
    /// How often a token was renewed.
    renewed: Mutex<usize>,
}

impl Transport for Telling<'_> {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        if request.path != "/v1/push" {
            *self.renewed.lock() += usize::from(request.path == "/v1/token");
            return self.server.call(request);
        }
        let token = request
            .headers
            .iter()
            .find(|(name, _)| name == "authorization");
        let token = token.map_or(String::new(), |(_, token)| token.clone());
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let subscribed = !body["subscription"].is_null();
        self.asked.lock().push((request.method, token, body));
        if let Some(first) = self.answers.lock().pop() {
            return Ok(first);
        }
        if !self.knows {
            return Ok(problem(404, "not_found"));
        }
        let state = json!({ "key": "BKey", "subscribed": subscribed });
        Ok(answer(200, state.to_string().into_bytes()))
    }
}

fn problem(status: u16, code: &str) -> HttpResponse {
    answer(status, json!({ "code": code }).to_string().into_bytes())
}

fn telling(server: &FakeServer) -> Telling<'_> {
    Telling {
        server,
        knows: true,
        asked: Mutex::default(),
        answers: Mutex::default(),
        renewed: Mutex::default(),
    }
}

fn subscription() -> PushSubscription {
    PushSubscription {
        endpoint: "https://web.push.apple.com/secret".to_owned(),
        p256dh: "BPhone".to_owned(),
        auth: "c2VjcmV0".to_owned(),
    }
}

fn state(subscribed: bool) -> Result<PushState, ClientError> {
    Ok(PushState {
        key: Some("BKey".to_owned()),
        subscribed,
    })
}

#[test]
fn a_phone_asks_for_the_key_and_says_where_it_is_told_and_that_it_is_not_to_be() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let told = telling(&server);
    assert_eq!(a.client.push(&told), state(false));
    assert_eq!(a.client.set_push(&told, Some(&subscription())), state(true));
    assert_eq!(a.client.set_push(&told, None), state(false));
    let asked = told.asked.into_inner();
    let asked: Vec<(&str, &Value)> = asked
        .iter()
        .map(|(method, token, body)| {
            assert!(token.starts_with("Bearer "), "with the token of the device");
            (method.as_str(), body)
        })
        .collect();
    let given = json!({ "subscription": {
        "endpoint": "https://web.push.apple.com/secret", "p256dh": "BPhone", "auth": "c2VjcmV0",
    } });
    let nothing = json!({ "subscription": null });
    assert_eq!(
        asked,
        [("GET", &Value::Null), ("POST", &given), ("POST", &nothing)]
    );
}

#[test]
fn a_server_of_before_tells_nobody() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let mut told = telling(&server);
    told.knows = false;
    let nobody = PushState {
        key: None,
        subscribed: false,
    };
    assert_eq!(a.client.push(&told), Ok(nobody));
}

#[test]
fn a_token_that_ended_is_renewed_and_what_the_server_refuses_is_said() {
    let server = FakeServer::new();
    let a = Phone::enrolled(&server, "甲", 1);
    let told = telling(&server);
    told.answers.lock().push(problem(401, "unauthorized"));
    assert_eq!(a.client.set_push(&told, Some(&subscription())), state(true));
    assert_eq!((told.asked.lock().len(), *told.renewed.lock()), (2, 1));
    told.answers.lock().push(problem(400, "bad_request"));
    let refused = a.client.set_push(&told, Some(&subscription()));
    assert_eq!(refused.unwrap_err().code(), "bad_request");
    told.answers.lock().push(problem(403, "device_revoked"));
    assert_eq!(a.client.push(&told), Err(ClientError::Revoked));
}

#[test]
fn where_a_phone_is_told_is_in_no_debug_text() {
    let text = format!("{:?}", subscription());
    assert!(!text.contains("secret") && !text.contains("c2Vj"), "{text}");
}
