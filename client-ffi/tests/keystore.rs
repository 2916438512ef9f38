//! Stores whose wrapping key a key store seals.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_debug_implementations,
    reason = "a test that cannot go on stops"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::common::*;
use gridfold_client::{Client, ClientError, KeyStore, KeyStoreError, OpenOptions, StoreKey};
use parking_lot::Mutex;

/// Seals by adding bytes of its own key, and answers as it is told to.
#[derive(Default)]
struct Hardware {
    key: u8,
    answer: Mutex<Option<KeyStoreError>>,
    plain: Mutex<Vec<u8>>,
}

impl Hardware {
    fn new(key: u8) -> Arc<Self> {
        Arc::new(Self {
            key,
            ..Self::default()
        })
    }
    fn say(&self, answer: Option<KeyStoreError>) {
        *self.answer.lock() = answer;
    }
    fn check(&self) -> Result<(), KeyStoreError> {
        self.answer.lock().map_or(Ok(()), Err)
    }
}

impl KeyStore for Hardware {
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.check()?;
        *self.plain.lock() = plain.to_vec();
        Ok(plain.iter().map(|b| b.wrapping_add(self.key)).collect())
    }
    fn unwrap(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.check()?;
        Ok(sealed.iter().map(|b| b.wrapping_sub(self.key)).collect())
    }
}

fn with(dir: &Path, keystore: &Arc<Hardware>) -> OpenOptions {
    OpenOptions {
        key: StoreKey::KeyStore(Arc::clone(keystore) as Arc<dyn KeyStore>),
        ..options(dir, &TestPlatform::new(1))
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_store_opens_with_what_the_key_store_unseals_and_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = Hardware::new(3);
    let opts = with(dir.path(), &keystore);
    let made = Client::create(opts.clone()).unwrap();
    let id = made.enrolment_key();
    made.close();
    assert_eq!(
        names(dir.path()),
        [
            "instance",
            "store.key",
            "store.redb",
            "store.spare",
            "store.wrap"
        ]
    );
    let plain = keystore.plain.lock().clone();
    assert_eq!(plain.len(), 32);
    for name in names(dir.path()) {
        let bytes = fs::read(dir.path().join(&name)).unwrap();
        assert!(
            !bytes.windows(32).any(|w| w == plain),
            "{name} holds the key"
        );
    }
    let again = Client::open(opts.clone()).unwrap();
    assert_eq!(again.enrolment_key(), id);
    again.close();
    let before: Vec<Vec<u8>> = names(dir.path())
        .iter()
        .map(|n| fs::read(dir.path().join(n)).unwrap())
        .collect();
    for (answer, expected) in [
        (KeyStoreError::Locked, ClientError::KeyUnavailable),
        (KeyStoreError::Failed, ClientError::KeyUnavailable),
        (KeyStoreError::Invalidated, ClientError::WrongKey),
    ] {
        keystore.say(Some(answer));
        let retryable = expected == ClientError::KeyUnavailable;
        assert_eq!(expected.is_retryable(), retryable);
        assert_eq!(Client::open(opts.clone()).err(), Some(expected.clone()));
        assert_eq!(Client::open_or_create(opts.clone()).err(), Some(expected));
    }
    keystore.say(None);
    let other = with(dir.path(), &Hardware::new(4));
    assert_eq!(
        Client::open_or_create(other).err(),
        Some(ClientError::WrongKey)
    );
    let raw = OpenOptions {
        key: plain.try_into().map(StoreKey::raw).unwrap(),
        ..opts.clone()
    };
    assert_eq!(
        Client::open_or_create(raw).err(),
        Some(ClientError::WrongKey)
    );
    let after: Vec<Vec<u8>> = names(dir.path())
        .iter()
        .map(|n| fs::read(dir.path().join(n)).unwrap())
        .collect();
    assert!(after == before, "what does not open is left as it is");
    assert_eq!(Client::open(opts).unwrap().enrolment_key(), id);
}

#[test]
fn a_damaged_or_missing_sealed_key_comes_back_and_never_makes_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    let keystore = Hardware::new(3);
    let opts = with(dir.path(), &keystore);
    let made = Client::create(opts.clone()).unwrap();
    let id = made.enrolment_key();
    made.close();
    let (file, spare) = (
        dir.path().join("store.wrap"),
        dir.path().join("store.spare"),
    );
    let (whole, copy) = (fs::read(&file).unwrap(), fs::read(&spare).unwrap());
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damages = (0..whole.len()).flat_map(|at| [flipped(at), whole[..at].to_vec()]);
    for (n, bytes) in damages.enumerate() {
        fs::write(&file, &bytes).unwrap();
        if n % 8 == 0 {
            let client = Client::open_or_create(opts.clone()).unwrap();
            assert_eq!(client.enrolment_key(), id);
            client.close();
            assert_eq!(fs::read(&file).unwrap(), whole);
            continue;
        }
        fs::remove_file(&spare).unwrap();
        let result = Client::open_or_create(opts.clone()).err();
        assert!(
            matches!(result, Some(ClientError::DamagedStore { .. })),
            "damage {n}: {result:?}"
        );
        fs::write(&spare, &copy).unwrap();
    }
    fs::remove_file(&file).unwrap();
    fs::remove_file(&spare).unwrap();
    let result = Client::open_or_create(opts.clone()).err();
    assert!(matches!(result, Some(ClientError::DamagedStore { .. })));
    fs::write(&spare, &copy).unwrap();
    Client::open(opts).unwrap();
}

#[test]
fn a_store_of_a_raw_key_does_not_open_by_a_key_store_and_a_locked_one_makes_none() {
    let phone = Phone::new(1);
    phone.client.close();
    let opts = with(phone.dir.path(), &Hardware::new(3));
    assert_eq!(
        Client::open_or_create(opts).err(),
        Some(ClientError::WrongKey)
    );
    let dir = tempfile::tempdir().unwrap();
    let keystore = Hardware::new(3);
    let opts = with(dir.path(), &keystore);
    keystore.say(Some(KeyStoreError::Locked));
    assert_eq!(
        Client::open_or_create(opts.clone()).err(),
        Some(ClientError::KeyUnavailable)
    );
    assert_eq!(Client::open(opts.clone()).err(), Some(ClientError::NoStore));
    keystore.say(None);
    let client = Client::open_or_create(opts.clone()).unwrap();
    client.wipe().unwrap();
    assert_eq!(names(dir.path()), [""; 0]);
    assert_eq!(Client::open(opts).err(), Some(ClientError::NoStore));
}

/// Seals what it never gives back.
struct Broken;

impl KeyStore for Broken {
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok(plain.to_vec())
    }
    fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok(vec![0; 32])
    }
}

#[test]
fn a_key_store_that_does_not_give_back_what_it_sealed_makes_no_store() {
    let dir = tempfile::tempdir().unwrap();
    let opts = OpenOptions {
        key: StoreKey::KeyStore(Arc::new(Broken)),
        ..options(dir.path(), &TestPlatform::new(1))
    };
    let error = Client::open_or_create(opts.clone()).err();
    assert!(
        matches!(error, Some(ClientError::Internal { .. })),
        "{error:?}"
    );
    assert_eq!(Client::open(opts).err(), Some(ClientError::NoStore));
}
