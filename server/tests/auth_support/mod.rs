//! One open authentication in a directory of its own, and a phone that can prove its key.

#![allow(dead_code, reason = "each test file uses a part")]

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;

use ed25519_dalek::{Signer, SigningKey};
use gridfold_server::auth::{
    Actor, Auth, AuthSettings, EnrolmentError, Redemption, TokenPair, enrolment_proof_message,
    refresh_proof_message,
};
use gridfold_server::config::Config;
use gridfold_server::keys::MasterKey;
use uuid::Uuid;

pub(crate) const NOW_MS: i64 = 1_800_000_000_000;
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub(crate) const USER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const ADMIN: Actor = Actor {
    user: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa),
    device: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00ab),
};

pub(crate) fn settings() -> AuthSettings {
    AuthSettings::from(&Config::default())
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) auth: Auth,
}

impl Deref for World {
    type Target = Auth;
    fn deref(&self) -> &Auth {
        &self.auth
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let auth = Auth::open(dir.path(), &master, settings(), NOW_MS).unwrap();
        Self { dir, auth }
    }

    /// The same store opened by another process.
    pub(crate) fn second(&self) -> Auth {
        let master = MasterKey::from_bytes([7; 32]);
        Auth::open(self.dir.path(), &master, settings(), NOW_MS).unwrap()
    }

    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("auth.db")).unwrap()
    }

    pub(crate) fn audited(&self) -> Vec<String> {
        let rows = self.audit.page(0, 1_000).unwrap();
        rows.into_iter().map(|row| row.what).collect()
    }

    /// A session on a console, without a password.
    pub(crate) fn console(&self, now_ms: i64) -> (Uuid, String) {
        let device = self.devices.create_console(USER, now_ms).unwrap();
        let token = self.refresh.start(USER, device, now_ms).unwrap();
        (device, token.expose().to_owned())
    }
}

pub(crate) struct Phone {
    pub(crate) key: SigningKey,
}

impl Phone {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            key: SigningKey::from_bytes(&[seed; 32]),
        }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn redemption<'a>(&self, code: &'a str, nonce: &[u8; 32]) -> Redemption<'a> {
        let message = enrolment_proof_message(code, nonce, &self.public()).unwrap();
        Redemption {
            code,
            public_key: self.public(),
            proof: self.key.sign(&message).to_bytes(),
            max_devices: 3,
        }
    }

    pub(crate) fn enrol(
        &self,
        world: &World,
        code: &str,
        now_ms: i64,
    ) -> Result<TokenPair, EnrolmentError> {
        let nonce = world.enrolment.begin(code, now_ms)?.nonce;
        let given = self.redemption(code, &nonce);
        world.enrol(&given, now_ms).map(|(session, _)| session)
    }

    pub(crate) fn proof(&self, token: &str) -> [u8; 64] {
        self.key.sign(&refresh_proof_message(token)).to_bytes()
    }
}
