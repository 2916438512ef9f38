//! A device that does not keep the rules: enrolled like any phone, but its app was tampered with.
//! It speaks the protocol directly, past the checks that the phone library makes.

use gridfold_client::{HttpRequest, Transport, UreqTransport};
use gridfold_sync_core::admission::PushedLog;
use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{
    Author, Entry, SignKey, Target, enrolment_statement, head_statement, next_link,
};
use gridfold_sync_core::ids::{
    AreaCode, ChoiceKey, DeviceId, FormCode, Hash, IncarnationId, RecordId, SensitivityClass,
    StreamId, UserId,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};
use serde_json::{Value as Json, json};

use super::content::key;
use super::town::DemoError;

fn post(line: &UreqTransport, path: &str, body: &Json) -> Result<Json, DemoError> {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    let request = HttpRequest {
        method: "POST".into(),
        path: path.into(),
        headers,
        body: serde_json::to_vec(body)?,
    };
    let answer = line.call(request)?;
    if answer.status != 200 {
        return Err(format!("{path} answered {}", answer.status).into());
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

/// Enrols and pushes five edits that break rules, and between them one that breaks none. Gives
/// the records it named.
///
/// # Errors
/// When the server cannot be reached or the exchange itself fails.
pub fn push_rule_breakers(
    url: &str,
    qr: &str,
    grid: &AreaCode,
    now: Timestamp,
    seed: u8,
) -> Result<Vec<RecordId>, DemoError> {
    let line = UreqTransport::new(url);
    let code: String = qr.rsplit(':').next().unwrap_or(qr).replace('-', "");
    let nonce = post(&line, "/v1/enrol/begin", &json!({ "code": code }))?;
    let nonce = nonce["nonce"].as_str().ok_or("no nonce")?.to_owned();
    let sign = SignKey::from_seed(&[seed; 32]);
    let bytes: Vec<u8> = (0..nonce.len() / 2)
        .map(|i| u8::from_str_radix(&nonce[2 * i..2 * i + 2], 16))
        .collect::<Result<_, _>>()?;
    let proof = sign.sign(&enrolment_statement(&code, &bytes, &sign.public()));
    let enrolled = post(
        &line,
        "/v1/enrol/finish",
        &json!({
            "code": code, "nonce": nonce, "public_key": to_hex(&sign.public().0),
            "signature": to_hex(&proof.0), "label": "tampered",
        }),
    )?;
    let text = |name: &str| {
        enrolled[name]
            .as_str()
            .map(str::to_owned)
            .ok_or("the answer lacks a field")
    };
    let author = Author {
        device: DeviceId::parse(&text("device_id")?)?,
        user: UserId::parse(&text("user_id")?)?,
    };
    let token = text("access_token")?;
    let stream = StreamId::new(grid.clone(), SensitivityClass::Personal);
    let incarnation = IncarnationId::from_parts(now, [seed; 10]);
    let visit = FormCode::new("visit")?;
    let set = |name: &str, value| Op::Set {
        field: key(name),
        value,
    };
    let edits: Vec<Vec<Op>> = vec![
        vec![set("minutes", Value::Integer(99_999))],
        vec![set(
            "minutes",
            Value::Text("a word where a number belongs".into()),
        )],
        vec![set("opinion", Value::Text("a field the form lacks".into()))],
        vec![
            set("purpose", Value::Choice(ChoiceKey::new("routine")?)),
            set("visited_at", Value::DateTime(now)),
        ],
        vec![Op::Splice {
            field: key("notes"),
            at: 500,
            delete: 0,
            insert: "past the end".into(),
        }],
        vec![set("safety_finding", Value::Text("长".repeat(3_000)))],
    ];
    let mut entries = Vec::new();
    let mut records = Vec::new();
    let mut link = Hash::default();
    for (i, ops) in edits.into_iter().enumerate() {
        let mut random = [seed; 10];
        random[9] = i as u8;
        let record = RecordId::from_parts(now, random);
        records.push(record);
        let target = Target::New {
            record,
            form: visit.clone(),
        };
        let entry = Entry::new(incarnation, i as u64 + 1, target, 1, now, ops);
        link = next_link(&link, &entry.hash(&stream));
        entries.push(entry);
    }
    let signature = sign.sign(&head_statement(
        &stream,
        incarnation,
        entries.len() as u64,
        &link,
    ));
    let logs = vec![PushedLog {
        erased: Vec::new(),
        stream,
        incarnation,
        entries,
        signature,
    }];
    let request = SyncRequest {
        logs,
        ..SyncRequest::default()
    };
    let answer = line.call(HttpRequest {
        method: "POST".into(),
        path: "/v1/sync".into(),
        headers: vec![
            (
                "Content-Type".into(),
                "application/vnd.gridfold.sync".into(),
            ),
            ("Authorization".into(), format!("Bearer {token}")),
        ],
        body: request.encode(),
    })?;
    if answer.status != 200 {
        return Err(format!("/v1/sync answered {}", answer.status).into());
    }
    SyncResponse::decode(&answer.body, &request, author)?;
    Ok(records)
}
