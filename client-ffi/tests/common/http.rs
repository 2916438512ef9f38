//! Answers as a server gives them, and what stands between answers instead.

use gridfold_client::HttpResponse;
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::entry::{SignKey, wipe_statement};
use gridfold_sync_core::ids::DeviceId;
use gridfold_sync_core::time::Timestamp;

/// An answer as the server gives it: its media type goes by what it is.
pub fn answer(status: u16, body: Vec<u8>) -> HttpResponse {
    let json = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let (kind, body) = match json {
        Some(mut problem) if problem["code"].is_string() => {
            let code = problem["code"].as_str().unwrap_or_default();
            problem["type"] = format!("urn:gridfold:problem:{code}").into();
            let body = serde_json::to_vec(&problem).unwrap();
            ("application/problem+json", body)
        }
        Some(_) => ("application/json", body),
        None if status == 200 => ("application/vnd.gridfold.sync", body),
        None => ("", body),
    };
    let headers = [("x-request-id", "1"), ("content-type", kind)];
    HttpResponse {
        status,
        headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
        body,
    }
}

/// A value as an answer.
pub fn json(body: &serde_json::Value) -> HttpResponse {
    answer(200, serde_json::to_vec(body).unwrap())
}

/// A problem of the server's table.
pub fn problem(status: u16, code: &str) -> HttpResponse {
    let body = serde_json::json!({ "code": code });
    answer(status, serde_json::to_vec(&body).unwrap())
}

/// The order to a device to erase everything, signed with this key.
pub fn wiped_by(key: &SignKey, device: DeviceId) -> HttpResponse {
    let signature = key.sign(&wipe_statement(device, Timestamp(7)));
    let body = serde_json::json!({
        "code": "device_wiped",
        "wipe": { "device_id": device, "at_ms": 7, "signature": to_hex(&signature.0) },
    });
    answer(403, serde_json::to_vec(&body).unwrap())
}

/// What stands between answers instead.
pub fn page(status: u16, kind: &str) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body: b"<!DOCTYPE html><html><body>Please log in to this Wi-Fi</body></html>".to_vec(),
    }
}
