//! A phone with its directory, and what is typed on it.

use std::path::Path;
use std::sync::Arc;

use gridfold_client::{Client, Folder, OpenOptions, SyncOptions, SyncReport};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{DeviceId, FieldKey, FormCode};
use gridfold_sync_core::schema::Role;

use super::platform::TestPlatform;
use super::server::FakeServer;

pub const KEY: [u8; 32] = [5; 32];

pub fn options(path: &Path, platform: &Arc<TestPlatform>) -> OpenOptions {
    OpenOptions {
        disk: Folder::at(path),
        key: KEY.into(),
        platform: platform.clone(),
    }
}

/// A phone with its directory.
pub struct Phone {
    pub dir: tempfile::TempDir,
    pub platform: Arc<TestPlatform>,
    pub client: Client,
}

impl Phone {
    pub fn new(seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let platform = TestPlatform::new(seed);
        let client = Client::create(options(dir.path(), &platform)).unwrap();
        Self {
            dir,
            platform,
            client,
        }
    }
    pub fn enrolled(server: &FakeServer, name: &str, seed: u64) -> Self {
        Self::enrolled_as(server, name, seed, Role::Worker)
    }
    pub fn enrolled_as(server: &FakeServer, name: &str, seed: u64, role: Role) -> Self {
        let phone = Self::new(seed);
        let code = server.hire_as(name, "c", role);
        phone.client.enrol(server, &code).unwrap();
        phone
    }
    pub fn sync(&self, server: &FakeServer) -> SyncReport {
        self.client.sync(server, &SyncOptions::default()).unwrap()
    }
    pub fn device(&self) -> DeviceId {
        self.client.identity().unwrap().device
    }
}

pub fn code(text: &str) -> FormCode {
    FormCode::new(text).unwrap()
}

pub fn key(text: &str) -> FieldKey {
    FieldKey::new(text).unwrap()
}

pub fn set(field: &str, value: Value) -> Op {
    Op::Set {
        field: key(field),
        value,
    }
}

pub fn set_text(field: &str, text: &str) -> Op {
    set(field, Value::Text(text.to_owned()))
}

pub fn splice(field: &str, at: u32, insert: &str) -> Op {
    Op::Splice {
        field: key(field),
        at,
        delete: 0,
        insert: insert.to_owned(),
    }
}

/// Every record of the server is shown alike by every phone.
pub fn assert_alike(server: &FakeServer, phones: &[&Phone]) {
    for record in server.records() {
        for phone in phones {
            assert_eq!(phone.client.canonical(record), server.canonical(record));
        }
    }
}
