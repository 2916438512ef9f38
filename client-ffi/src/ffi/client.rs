//! The client as an app in another language sees it.

use std::sync::Arc;

use parking_lot::Mutex;
#[cfg(not(target_family = "wasm"))]
use zeroize::Zeroize;

#[cfg(not(target_family = "wasm"))]
use crate::disk::Folder;
use crate::error::ClientError as Inner;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::auto_run::AutoRun;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::convert::malformed;
use crate::ffi::convert::{self, ops_in};
use crate::ffi::error::ClientError;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::gate::{Foreign, Gated};
use crate::ffi::locale::Locale;
use crate::ffi::pool::off_thread;
use crate::ffi::records::{HistoryEntry, RecordDetail, RecordPage, RecordQuery, RefusedEdit};
use crate::ffi::records_out::{detail_out, history_out, page_out, query_in, refused_out};
use crate::ffi::sync_hub::SyncHub;
#[cfg(not(target_family = "wasm"))]
use crate::ffi::traits::{KeyStore, KeyStoreError};
use crate::ffi::traits::{SharedTransport, Transport};
use crate::ffi::types::{FieldValue, Operation};
#[cfg(not(target_family = "wasm"))]
use crate::key_store::StoreKey;
#[cfg(not(target_family = "wasm"))]
use crate::platform::SystemPlatform;
use crate::types::OpenOptions;

/// Where the store is and how texts are shown.
#[derive(Debug, Clone, uniffi::Record)]
pub struct OpenConfig {
    /// The directory of the store; made when it is not there.
    pub path: String,
    /// The language of texts for people.
    pub locale: Locale,
}

/// A phone's store and its way to the server. May be used from any thread; every call that may
/// take time is asynchronous and runs on a thread of the library.
#[derive(uniffi::Object)]
pub struct Client {
    inner: Mutex<Option<crate::Client>>,
    pub(crate) transport: SharedTransport,
    pub(crate) locale: Locale,
    pub(crate) hub: Arc<SyncHub>,
    #[cfg(not(target_family = "wasm"))]
    pub(crate) auto: AutoRun,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[cfg(not(target_family = "wasm"))]
fn raw(mut key: Vec<u8>) -> Result<StoreKey, Inner> {
    let bytes: Result<[u8; 32], _> = key.as_slice().try_into();
    key.zeroize();
    bytes.map(StoreKey::raw).map_err(|_| malformed("key"))
}

/// The app's keystore as the shell sees it.
#[cfg(not(target_family = "wasm"))]
struct ForeignKeyStore(Foreign<dyn KeyStore>);

#[cfg(not(target_family = "wasm"))]
fn key_store_error(error: KeyStoreError) -> crate::KeyStoreError {
    match error {
        KeyStoreError::Unavailable => crate::KeyStoreError::Locked,
        KeyStoreError::KeyLost => crate::KeyStoreError::Invalidated,
        KeyStoreError::Failed => crate::KeyStoreError::Failed,
    }
}

/// What the keystore answered; nothing while the app's interpreter ends.
#[cfg(not(target_family = "wasm"))]
fn answered(
    answer: Option<Result<Vec<u8>, KeyStoreError>>,
) -> Result<Vec<u8>, crate::KeyStoreError> {
    let answer = answer.unwrap_or(Err(KeyStoreError::Unavailable));
    answer.map_err(key_store_error)
}

#[cfg(not(target_family = "wasm"))]
impl crate::KeyStore for ForeignKeyStore {
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, crate::KeyStoreError> {
        let wrapped = self.0.call(|keys| keys.wrap(plain.to_vec()));
        answered(wrapped)
    }
    fn unwrap(&self, sealed: &[u8]) -> Result<Vec<u8>, crate::KeyStoreError> {
        let key = self.0.call(|keys| keys.unwrap_key(sealed.to_vec()));
        answered(key)
    }
}

impl Client {
    /// The store, as long as it is open.
    pub(crate) fn store(&self) -> Result<crate::Client, ClientError> {
        self.inner.lock().clone().ok_or(ClientError::Closed)
    }

    pub(crate) fn fail(&self, error: Inner) -> ClientError {
        ClientError::of(error, self.locale)
    }

    /// Runs against the store, off the caller's thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&crate::Client) -> Result<T, Inner> + Send + 'static,
    ) -> Result<T, ClientError> {
        let store = self.store()?;
        off_thread(move || work(&store))
            .await
            .map_err(|e| self.fail(e))
    }

    /// Opens a store on any disk, or makes one where there is none.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub fn open_on(
        options: OpenOptions,
        locale: Locale,
        transport: Arc<dyn Transport>,
    ) -> Result<Arc<Self>, ClientError> {
        let opened = crate::Client::open_or_create(options);
        let inner = opened.map_err(|e| ClientError::of(e, locale))?;
        Ok(Self::of(inner, locale, transport))
    }

    /// Opens the store that is there, on any disk.
    ///
    /// # Errors
    /// As [`Client::open_existing`].
    pub fn open_existing_on(
        options: OpenOptions,
        locale: Locale,
        transport: Arc<dyn Transport>,
    ) -> Result<Arc<Self>, ClientError> {
        let opened = crate::Client::open(options);
        let inner = opened.map_err(|e| ClientError::of(e, locale))?;
        Ok(Self::of(inner, locale, transport))
    }

    fn of(inner: crate::Client, locale: Locale, transport: Arc<dyn Transport>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Some(inner)),
            transport,
            locale,
            hub: Arc::new(SyncHub::default()),
            #[cfg(not(target_family = "wasm"))]
            auto: AutoRun::default(),
        })
    }

    #[cfg(not(target_family = "wasm"))]
    async fn opened(
        config: OpenConfig,
        key: impl FnOnce() -> Result<StoreKey, Inner> + Send + 'static,
        transport: Arc<dyn Transport>,
        how: fn(OpenOptions) -> Result<crate::Client, Inner>,
    ) -> Result<Arc<Self>, ClientError> {
        let locale = config.locale;
        let transport = Arc::new(Gated::new(transport));
        let inner = off_thread(move || {
            how(OpenOptions {
                disk: Folder::at(config.path),
                key: key()?,
                platform: Arc::new(SystemPlatform),
            })
        })
        .await
        .map_err(|e| ClientError::of(e, locale))?;
        Ok(Self::of(inner, locale, transport))
    }
}

#[cfg(not(target_family = "wasm"))]
#[uniffi::export]
impl Client {
    /// Opens the store, or makes one where there is none. `key` is 32 bytes from the platform's
    /// keystore; without it nothing in the store is readable.
    ///
    /// # Errors
    /// `WrongKey`, `DamagedStore`, `InUse`, `UpdateRequired`; never a new store in place of one
    /// that does not open.
    #[uniffi::constructor]
    pub async fn open(
        config: OpenConfig,
        key: Vec<u8>,
        transport: Arc<dyn Transport>,
    ) -> Result<Arc<Self>, ClientError> {
        Self::opened(
            config,
            || raw(key),
            transport,
            crate::Client::open_or_create,
        )
        .await
    }

    /// Opens the store, or makes one where there is none, with a key that the platform's keystore
    /// seals and that the app never holds.
    ///
    /// # Errors
    /// As [`Client::open`], and `KeyUnavailable` while the keystore is locked.
    #[uniffi::constructor]
    pub async fn open_with_key_store(
        config: OpenConfig,
        key_store: Arc<dyn KeyStore>,
        transport: Arc<dyn Transport>,
    ) -> Result<Arc<Self>, ClientError> {
        let keys = ForeignKeyStore(Foreign::new(key_store));
        let key = || Ok(StoreKey::KeyStore(Arc::new(keys)));
        Self::opened(config, key, transport, crate::Client::open_or_create).await
    }

    /// Opens the store that is there.
    ///
    /// # Errors
    /// As [`Client::open`], and `NoStore`.
    #[uniffi::constructor]
    pub async fn open_existing(
        config: OpenConfig,
        key: Vec<u8>,
        transport: Arc<dyn Transport>,
    ) -> Result<Arc<Self>, ClientError> {
        Self::opened(config, || raw(key), transport, crate::Client::open).await
    }
}

#[uniffi::export]
impl Client {
    /// Makes a record; durable when this returns. Gives its id. `form_version` is that of the form
    /// that the screen was drawn with; the newest when left out.
    ///
    /// # Errors
    /// `Rejected` with the code of the rule that does not allow it; what was typed is kept as the
    /// draft that the error names.
    #[uniffi::method(default(form_version = None))]
    pub async fn create(
        &self,
        grid: String,
        form: String,
        operations: Vec<Operation>,
        form_version: Option<u32>,
    ) -> Result<String, ClientError> {
        self.run(move |store| {
            let ops = ops_in(operations)?;
            let (grid, form) = (convert::area(&grid)?, convert::form(&form)?);
            let record = match form_version {
                Some(version) => store.create_with_form_version(&grid, &form, version, ops)?,
                None => store.create_record(&grid, &form, ops)?,
            };
            Ok(record.to_string())
        })
        .await
    }

    /// Edits a record as it stands here; all operations or none; durable when this returns.
    /// `form_version` is that of the form that the screen was drawn with; the newest when left out.
    ///
    /// # Errors
    /// `Rejected` with the code of the rule that does not allow it, and what was typed is kept as
    /// the draft that the error names; `NotFound`.
    #[uniffi::method(default(form_version = None))]
    pub async fn edit(
        &self,
        record_id: String,
        operations: Vec<Operation>,
        form_version: Option<u32>,
    ) -> Result<(), ClientError> {
        self.run(move |store| {
            let record = convert::record_id(&record_id)?;
            let ops = ops_in(operations)?;
            match form_version {
                Some(version) => store.edit_with_form_version(record, version, ops),
                None => store.edit(record, ops),
            }
        })
        .await
    }

    /// A record with all sides of its conflicts; none when it is not here.
    ///
    /// # Errors
    /// `Rejected` for an id that is none.
    pub async fn get(&self, record_id: String) -> Result<Option<RecordDetail>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let record = convert::record_id(&record_id)?;
            let found = store.get(record);
            Ok(found.map(|found| detail_out(found, locale)))
        })
        .await
    }

    /// One page of records.
    ///
    /// # Errors
    /// `Rejected` for a filter that is none.
    pub async fn list(&self, query: RecordQuery) -> Result<RecordPage, ClientError> {
        self.run(move |store| Ok(page_out(store.query(query_in(query)?))))
            .await
    }

    /// How many records a query finds.
    ///
    /// # Errors
    /// As [`Client::list`].
    pub async fn count(&self, query: RecordQuery) -> Result<u64, ClientError> {
        self.run(move |store| Ok(store.count(query_in(query)?)))
            .await
    }

    /// All entries of a record, by the clocks of those who made them.
    ///
    /// # Errors
    /// `Rejected` for an id that is none.
    pub async fn history(&self, record_id: String) -> Result<Vec<HistoryEntry>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            let record = convert::record_id(&record_id)?;
            let entries = store.history(record);
            let words = store.history_words(record, &entries, locale.into());
            let told = entries.into_iter().zip(words);
            Ok(told
                .map(|(entry, words)| history_out(entry, words, locale))
                .collect())
        })
        .await
    }

    /// Settles a conflict: gives `field`, or `field/item/member`, this value: one of the sides, or
    /// a third.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub async fn choose(
        &self,
        record_id: String,
        path: String,
        value: FieldValue,
    ) -> Result<(), ClientError> {
        self.run(move |store| {
            let record = convert::record_id(&record_id)?;
            let value = convert::value_in(value, &path)?;
            store.choose(record, &path, value)
        })
        .await
    }

    /// Edits of this phone that the server refused and nobody settled.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn refused(&self) -> Result<Vec<RefusedEdit>, ClientError> {
        let locale = self.locale;
        self.run(move |store| {
            Ok(store
                .refused()
                .into_iter()
                .map(|r| refused_out(r, locale))
                .collect())
        })
        .await
    }

    /// Makes a refused edit again, at the record as it stands now: under the version of the form
    /// that it was typed with, or the newest where only that takes it.
    ///
    /// # Errors
    /// `Rejected` with the code of the rule that does not allow it; the refused edit is kept then.
    pub async fn retry_refused(&self, refused_id: String) -> Result<(), ClientError> {
        self.run(move |store| {
            let (stream, entry) = convert::parse_refused_id(&refused_id)?;
            store.retry_refused(&stream, entry)
        })
        .await
    }

    /// Makes a refused edit a draft, to be changed, mended and committed; it is refused no more.
    /// Gives the draft's id.
    ///
    /// # Errors
    /// `NotFound`, or `Rejected` with `too_many_drafts`.
    pub async fn refused_as_draft(&self, refused_id: String) -> Result<String, ClientError> {
        self.run(move |store| {
            let (stream, entry) = convert::parse_refused_id(&refused_id)?;
            Ok(store.refused_as_draft(&stream, entry)?.to_string())
        })
        .await
    }

    /// Lets a refused edit go.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn discard_refused(&self, refused_id: String) -> Result<(), ClientError> {
        self.run(move |store| {
            let (stream, entry) = convert::parse_refused_id(&refused_id)?;
            store.discard_refused(&stream, entry)
        })
        .await
    }

    /// Erases everything: first the key, then the files. The client is closed afterwards.
    ///
    /// # Errors
    /// `Internal` when a file cannot be removed; its content is unreadable even then.
    pub async fn wipe(&self) -> Result<(), ClientError> {
        self.cancel_sync();
        let result = self.run(|store| store.wipe()).await;
        self.shut_down();
        result
    }

    /// Cancels a running sync, ends all watches and releases the store. Waits for no HTTP call, so
    /// that it may be called where the transport runs. Later calls fail with `Closed`. Closing
    /// twice is harmless.
    pub fn shut_down(&self) {
        self.cancel_sync();
        #[cfg(not(target_family = "wasm"))]
        self.auto.stop();
        self.hub.close();
        if let Some(store) = self.inner.lock().take() {
            store.close();
        }
    }
}

#[cfg(not(target_family = "wasm"))]
#[uniffi::export]
impl Client {
    /// Ends the session: tells the server, if it can be reached, and erases everything here. The
    /// client is closed afterwards. Gives whether the server was told.
    ///
    /// # Errors
    /// `Rejected` with `unsent_edits` while something would be lost, unless `discard_unsent`.
    #[uniffi::method(default(discard_unsent = false))]
    pub async fn sign_out(&self, discard_unsent: bool) -> Result<bool, ClientError> {
        self.signing_out(discard_unsent).await
    }
}

// Its future awaits the transport, which in a browser is of one thread, so it is not exported there.
#[cfg(target_family = "wasm")]
impl Client {
    /// Ends the session, as in every language.
    ///
    /// # Errors
    /// `Rejected` with `unsent_edits` while something would be lost, unless `discard_unsent`.
    pub async fn sign_out(&self, discard_unsent: bool) -> Result<bool, ClientError> {
        self.signing_out(discard_unsent).await
    }
}

impl Client {
    async fn signing_out(&self, discard_unsent: bool) -> Result<bool, ClientError> {
        let url = self.server_url()?;
        #[cfg(not(target_family = "wasm"))]
        self.auto.stop();
        let told = self
            .run_with_transport(url, async move |store, transport| {
                store.sign_out_async(transport, discard_unsent).await
            })
            .await?;
        self.shut_down();
        Ok(told.server_told)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shut_down();
    }
}
