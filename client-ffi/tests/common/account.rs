//! Devices of people and what they may do: enrolling, renewing, signing out. The answers to whoever
//! may not are those of the server's problem table.

use std::collections::BTreeMap;

use gridfold_client::{HttpRequest, HttpResponse};
use gridfold_sync_core::codec::{array_from_hex, from_hex, to_hex};
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::{Author, PublicKey, SignKey, Signature, enrolment_statement};
use gridfold_sync_core::ids::{DeviceId, UserId};
use gridfold_sync_core::time::Timestamp;

use super::http::{answer, json, problem, wiped_by};

/// Whether a device may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Active,
    /// Its access token has ended.
    Expired,
    Revoked,
    /// Revoked, with the order to erase everything.
    Wiped,
    SignedOut,
}

pub struct Device {
    user: UserId,
    key: PublicKey,
    access: Access,
}

#[derive(Default)]
pub struct Accounts {
    devices: BTreeMap<DeviceId, Device>,
    codes: BTreeMap<String, UserId>,
    next: u64,
}

const NONCE: &str = "00ff10";

impl Accounts {
    /// A number that nobody had before.
    pub fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
    /// A code for somebody to enrol a phone with.
    pub fn invite(&mut self, user: UserId) -> String {
        let code = format!("CODE{}", self.next());
        self.codes.insert(code.clone(), user);
        code
    }
    pub fn set(&mut self, device: DeviceId, access: Access) {
        if let Some(device) = self.devices.get_mut(&device) {
            device.access = access;
        }
    }
    pub fn access(&self, device: DeviceId) -> Option<Access> {
        self.devices.get(&device).map(|d| d.access)
    }

    /// Who calls, and the key their logs are signed with; else the answer to them.
    pub fn caller(
        &self,
        request: &HttpRequest,
        server: &SignKey,
    ) -> Result<(Author, PublicKey), HttpResponse> {
        let headers = request.headers.iter();
        let token = headers
            .filter(|(name, _)| name == "authorization")
            .find_map(|(_, value)| DeviceId::parse(value.strip_prefix("Bearer ")?).ok());
        let device = token.ok_or_else(|| problem(401, "unauthorized"))?;
        let known = self.device(device, server)?;
        if known.access == Access::Expired {
            return Err(problem(401, "unauthorized"));
        }
        let user = known.user;
        Ok((Author { device, user }, known.key))
    }

    fn device(&self, id: DeviceId, server: &SignKey) -> Result<&Device, HttpResponse> {
        match self.devices.get(&id) {
            Some(device) if matches!(device.access, Access::Active | Access::Expired) => Ok(device),
            Some(device) if device.access == Access::Wiped => Err(wiped_by(server, id)),
            Some(_) | None => Err(problem(403, "device_revoked")),
        }
    }

    pub fn begin(&self, body: &[u8]) -> HttpResponse {
        let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
        match self.codes.get(text(&asked, "code")) {
            Some(user) => json(&serde_json::json!({ "nonce": NONCE, "user_id": user })),
            None => problem(400, "bad_code"),
        }
    }

    pub fn finish(
        &mut self,
        body: &[u8],
        (directory, now): (&Directory, Timestamp),
        server: &SignKey,
    ) -> HttpResponse {
        let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
        let code = text(&asked, "code");
        let Some(user) = self.codes.get(code).copied() else {
            return problem(400, "bad_code");
        };
        let key = PublicKey(array_from_hex(text(&asked, "public_key")).unwrap());
        let signature = Signature(array_from_hex(text(&asked, "signature")).unwrap());
        let statement = enrolment_statement(code, &from_hex(NONCE).unwrap(), &key);
        if !key.verify(&statement, &signature) {
            return problem(400, "bad_code");
        }
        let known = self.devices.iter().find(|(_, d)| d.key == key);
        let id = match known {
            Some((id, device)) if device.access == Access::Wiped => return wiped_by(server, *id),
            Some((_, device)) if device.user != user => return problem(409, "anothers_phone"),
            Some((id, _)) => *id,
            None => {
                let n = self.next();
                DeviceId::from_parts(Timestamp(n as i64), [n as u8; 10])
            }
        };
        let access = Access::Active;
        self.devices.insert(id, Device { user, key, access });
        let mut body = session(id);
        body["device_id"] = serde_json::json!(id);
        body["user_id"] = serde_json::json!(user);
        body["user_name"] = "someone".into();
        body["server_public_key"] = to_hex(&server.public().0).into();
        body["directory"] = serde_json::to_value(directory.scope(user, now)).unwrap();
        json(&body)
    }

    /// Renews the session of a refresh token.
    pub fn renew(&mut self, body: &[u8], server: &SignKey) -> HttpResponse {
        let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
        let Ok(device) = DeviceId::parse(text(&asked, "refresh_token")) else {
            return problem(401, "unauthorized");
        };
        if let Err(refused) = self.device(device, server) {
            return refused;
        }
        self.set(device, Access::Active);
        json(&session(device))
    }

    pub fn sign_out(&mut self, request: &HttpRequest, server: &SignKey) -> HttpResponse {
        match self.caller(request, server) {
            Ok((author, _)) => {
                self.set(author.device, Access::SignedOut);
                answer(204, Vec::new())
            }
            Err(refused) => refused,
        }
    }
}

fn text<'a>(body: &'a serde_json::Value, name: &str) -> &'a str {
    body[name].as_str().unwrap()
}

/// Tokens are the device's name: what they are good for stands in its access.
fn session(device: DeviceId) -> serde_json::Value {
    serde_json::json!({
        "access_token": device.to_string(), "refresh_token": device.to_string(),
        "access_expires_in_s": 600,
    })
}
