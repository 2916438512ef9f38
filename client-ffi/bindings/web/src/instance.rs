//! The open store, and the calls to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use gridfold_client::core::search::normalize_by;
use gridfold_client::ffi::{CarryReader, Client, ClientError, WatchTarget, locale_from_tag};
use gridfold_client::{OpenOptions, Pool, StoreKey};
use zeroize::Zeroizing;

use crate::browser::{Browser, tell_of_panics};
use crate::bytes::{Answer, Arguments, Malformed, answer, failed, failing_answer};
use crate::dispatch;
use crate::host;
use crate::http::Fetch;
use crate::opfs::Opfs;
use crate::tasks::spawn;
use crate::watches;

/// What a PIN costs to try: memory in KiB and passes.
const PIN_MEMORY_KIB: u32 = 64 << 10;
const PIN_PASSES: u32 = 3;

thread_local! {
    static CLIENT: RefCell<Option<Arc<Client>>> = const { RefCell::new(None) };
    static READERS: RefCell<BTreeMap<u32, Arc<CarryReader>>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn client() -> Option<Arc<Client>> {
    CLIENT.with_borrow(Clone::clone)
}

pub(crate) fn open(bytes: &[u8]) {
    tell_of_panics();
    normalize_by(host::normal);
    let opened = try_open(bytes).unwrap_or_else(|Malformed| Malformed::answer());
    host::answer(0, &opened);
}

fn try_open(bytes: &[u8]) -> Result<Answer, Malformed> {
    let mut arguments = Arguments::of(bytes);
    let key = Zeroizing::new(arguments.next::<Vec<u8>>()?);
    let locale = locale_from_tag(&arguments.next::<String>()?);
    let existing: bool = arguments.next()?;
    let key: [u8; 32] = key.as_slice().try_into().map_err(|_| Malformed)?;
    let mut place = [0; 16];
    host::random(&mut place);
    let Ok(pool) = Pool::open(Opfs, place) else {
        return Ok(failed(ClientError::DamagedStore {
            part: "directory".to_owned(),
        }));
    };
    let options = OpenOptions {
        disk: Arc::new(pool),
        key: StoreKey::raw(key),
        platform: Arc::new(Browser),
    };
    let opened = if existing {
        Client::open_existing_on(options, locale, Arc::new(Fetch))
    } else {
        Client::open_on(options, locale, Arc::new(Fetch))
    };
    Ok(match opened {
        Ok(client) => {
            CLIENT.set(Some(client));
            answer(true)
        }
        Err(error) => failed(error),
    })
}

pub(crate) fn call(id: u32, bytes: Vec<u8>) {
    let Some(client) = client() else {
        return host::answer(id, &failed(ClientError::Closed));
    };
    spawn(async move {
        let mut arguments = Arguments::of(&bytes);
        let answer = match arguments.next::<String>() {
            Ok(name) => dispatch::call(&client, &name, arguments.left()).await,
            Err(malformed) => Err(malformed),
        };
        host::answer(id, &answer.unwrap_or_else(|Malformed| Malformed::answer()));
    });
}

pub(crate) fn watch(id: u32, bytes: &[u8]) {
    let Some(client) = client() else {
        return host::answer(id, &failed(ClientError::Closed));
    };
    let target: Result<WatchTarget, _> = Arguments::of(bytes).next();
    let answered = match target.map(|target| client.watch(target)) {
        Ok(Ok(watch)) => {
            watches::begin(id, watch);
            answer(true)
        }
        Ok(Err(error)) => failed(error),
        Err(Malformed) => Malformed::answer(),
    };
    host::answer(id, &answered);
}

pub(crate) fn scan(id: u32, reader: u32, bytes: &[u8]) {
    let reader = READERS.with_borrow_mut(|readers| {
        Arc::clone(readers.entry(reader).or_insert_with(CarryReader::new))
    });
    let frame: Result<String, Malformed> = Arguments::of(bytes).next();
    let answered = frame.map_or_else(|_| Malformed::answer(), |frame| answer(reader.scan(frame)));
    host::answer(id, &answered);
}

pub(crate) fn unread(reader: u32) {
    READERS.with_borrow_mut(|readers| readers.remove(&reader));
}

pub(crate) fn close() {
    watches::stop_all();
    if let Some(client) = CLIENT.take() {
        client.shut_down();
    }
}

/// From a PIN and a salt to a key.
pub(crate) fn derive(bytes: &[u8]) {
    let derived = try_derive(bytes).unwrap_or_else(|Malformed| Malformed::answer());
    host::answer(0, &derived);
}

fn try_derive(bytes: &[u8]) -> Result<Answer, Malformed> {
    let mut arguments = Arguments::of(bytes);
    let pin = Zeroizing::new(arguments.next::<String>()?);
    let salt: Vec<u8> = arguments.next()?;
    let params = Params::new(PIN_MEMORY_KIB, PIN_PASSES, 1, Some(32)).map_err(|_| Malformed)?;
    let mut key = vec![0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(
        match argon.hash_password_into(pin.as_bytes(), &salt, &mut key) {
            Ok(()) => answer(key),
            Err(_) => failing_answer::<bool>(Err(ClientError::StorageFull)),
        },
    )
}
