//! The keys at rest: record keys, sealing, the master key and the server key.

use std::path::Path;

use gridfold_server::auth::{AuthStore, ServerKey};
use gridfold_server::keys::{
    DEFAULT_CACHED_KEYS, MasterKey, MasterKeyError, RecordKeys, StoreError, open, seal,
};
use uuid::Uuid;

fn master() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

fn open_keys(dir: &Path) -> RecordKeys {
    RecordKeys::open(&dir.join("keys.db"), &master(), DEFAULT_CACHED_KEYS).unwrap()
}

fn record(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// The wrapped key as SQLite has it, read through a second connection.
fn wrapped(dir: &Path, record: Uuid) -> Option<Vec<u8>> {
    let conn = rusqlite::Connection::open(dir.join("keys.db")).unwrap();
    conn.query_row(
        "SELECT wrapped FROM record_keys WHERE record_id = ?1",
        [record.as_bytes()],
        |r| r.get(0),
    )
    .unwrap()
}

fn files_contain(dir: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[test]
fn keys_outlive_the_process_and_differ_by_record() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = {
        let keys = open_keys(dir.path());
        let made = keys
            .get_or_create_many(&[record(1), record(2), record(1)])
            .unwrap();
        let made: Vec<_> = made.into_iter().map(Option::unwrap).collect();
        let sealed = seal(&made[0], b"entry", b"flood on the stairs").unwrap();
        assert!(
            open(&made[1], b"entry", &sealed).is_err(),
            "another record's key"
        );
        assert!(open(&made[0], b"other", &sealed).is_err(), "another entry");
        assert!(
            open(&made[2], b"entry", &sealed).is_ok(),
            "the same record twice in a batch"
        );
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(
            open(&made[0], b"entry", &changed).is_err(),
            "a changed byte"
        );
        sealed
    };
    let keys = open_keys(dir.path());
    let key = keys.get(record(1)).unwrap().unwrap();
    assert_eq!(
        open(&key, b"entry", &sealed).unwrap(),
        b"flood on the stairs"
    );
    assert!(keys.get(record(3)).unwrap().is_none());
}

#[test]
fn a_destroyed_key_leaves_no_bytes_in_any_file() {
    let dir = tempfile::tempdir().unwrap();
    let keys = open_keys(dir.path());
    let ids: Vec<Uuid> = (0..300).map(record).collect();
    keys.get_or_create_many(&ids).unwrap();
    let victim = ids[150];
    let before = wrapped(dir.path(), victim).unwrap();
    assert!(
        files_contain(dir.path(), &before),
        "the needle is found while the key lives"
    );
    keys.destroy(victim).unwrap();
    assert!(!files_contain(dir.path(), &before));
    assert!(
        !files_contain(dir.path(), &before[25..57]),
        "not even the ciphertext alone"
    );
    assert_eq!(
        std::fs::metadata(dir.path().join("keys.db-wal"))
            .unwrap()
            .len(),
        0
    );
    assert!(keys.get(victim).unwrap().is_none());
    assert!(keys.get(ids[149]).unwrap().is_some());
}

#[test]
fn an_erased_record_never_gets_a_key_again() {
    let dir = tempfile::tempdir().unwrap();
    let keys = open_keys(dir.path());
    keys.get_or_create_many(&[record(1)]).unwrap();
    keys.destroy(record(1)).unwrap();
    keys.destroy(record(9)).unwrap();
    for keys in [keys, open_keys(dir.path())] {
        let made = keys
            .get_or_create_many(&[record(1), record(2), record(9)])
            .unwrap();
        assert!(made[0].is_none());
        assert!(made[1].is_some(), "others of the batch are not affected");
        assert!(made[2].is_none(), "erased before its first entry came");
    }
}

#[test]
fn wrapped_keys_are_bound_to_their_record() {
    let dir = tempfile::tempdir().unwrap();
    open_keys(dir.path())
        .get_or_create_many(&[record(1), record(2)])
        .unwrap();
    let conn = rusqlite::Connection::open(dir.path().join("keys.db")).unwrap();
    conn.execute(
        "UPDATE record_keys SET wrapped = (SELECT wrapped FROM record_keys WHERE record_id = ?1)",
        [record(1).as_bytes()],
    )
    .unwrap();
    let keys = open_keys(dir.path());
    assert!(keys.get(record(1)).is_ok());
    assert!(matches!(keys.get(record(2)), Err(StoreError::Damaged(_))));
}

#[test]
fn another_master_key_is_noticed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    drop(open_keys(dir.path()));
    let other = MasterKey::from_bytes([8; 32]);
    let error = RecordKeys::open(&dir.path().join("keys.db"), &other, DEFAULT_CACHED_KEYS);
    assert!(matches!(error, Err(StoreError::WrongMasterKey)));
    let store = AuthStore::open(&dir.path().join("auth.db")).unwrap();
    let first = ServerKey::open(&store, &master()).unwrap().public();
    assert_eq!(ServerKey::open(&store, &master()).unwrap().public(), first);
    let error = ServerKey::open(&store, &other).unwrap_err();
    assert!(matches!(error, StoreError::WrongMasterKey));
}

#[test]
fn the_master_key_is_made_once_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    assert!(matches!(
        MasterKey::open(&path),
        Err(MasterKeyError::File { .. })
    ));
    let key = MasterKey::create(&path).unwrap();
    assert!(
        MasterKey::create(&path).is_err(),
        "an existing key is never replaced"
    );
    RecordKeys::open(&dir.path().join("keys.db"), &key, DEFAULT_CACHED_KEYS).unwrap();
    let again = MasterKey::open(&path).unwrap();
    RecordKeys::open(&dir.path().join("keys.db"), &again, DEFAULT_CACHED_KEYS).unwrap();
    assert_eq!(format!("{key:?}"), "MasterKey(…)");
    for wrong in [31, 33] {
        std::fs::write(&path, vec![1; wrong]).unwrap();
        assert!(matches!(
            MasterKey::open(&path),
            Err(MasterKeyError::Malformed(_))
        ));
    }
}

#[cfg(unix)]
#[test]
fn files_of_secrets_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    MasterKey::create(&path).unwrap();
    let keys = open_keys(dir.path());
    keys.get_or_create_many(&[record(1)]).unwrap();
    let store = AuthStore::open(&dir.path().join("auth.db")).unwrap();
    ServerKey::open(&store, &master()).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 7, "master.key and two databases with wal and shm");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(
        MasterKey::open(&path),
        Err(MasterKeyError::Exposed(_))
    ));
}

#[test]
fn five_hundred_keys_and_cached_reads_are_fast_enough() {
    let dir = tempfile::tempdir().unwrap();
    let keys = open_keys(dir.path());
    let batches: Vec<Vec<Uuid>> = (0..8)
        .map(|b| (b * 500..b * 500 + 500).map(record).collect())
        .collect();
    let time = |ids: &Vec<Uuid>| {
        let started = std::time::Instant::now();
        keys.get_or_create_many(ids).unwrap();
        started.elapsed()
    };
    let created = batches.iter().map(time).min().unwrap();
    let ids = &batches[0];
    let started = std::time::Instant::now();
    for _ in 0..20 {
        for id in ids {
            assert!(keys.get(*id).unwrap().is_some());
        }
    }
    let cached = started.elapsed() / 10_000;
    eprintln!("500 keys made in {created:?}; a cached get takes {cached:?}");
    // Far above what is measured, so that only a change of kind fails here, not a busy machine.
    assert!(created.as_millis() < 200);
    assert!(cached.as_micros() < 20);
}
