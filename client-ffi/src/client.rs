//! The client: what an app calls. Every method may be called from any thread.

mod account;
mod carry;
mod due;
mod lifecycle;
mod resident;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(not(target_family = "wasm"))]
use std::time::Duration;

use gridfold_sync_core::calendar::{Calendar, default_calendar};
use gridfold_sync_core::directory::{Catalogue, DirectoryScope};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::PublicKey;
use gridfold_sync_core::ids::{AreaCode, EntryRef, FormCode, RecordId, StreamId, UserId};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::event::Subscription;
use crate::shell::Shell;
use crate::shell::mend::mend;
use crate::shell::state::{Account, initialise};
use crate::shell::store::Store;
use crate::shell::transport::AsyncTransport;
#[cfg(not(target_family = "wasm"))]
use crate::shell::transport::{Blocking, Transport, at_once};
#[cfg(not(target_family = "wasm"))]
use crate::types::RetryPolicy;
use crate::types::{
    DraftId, HistoryEntry, Identity, OpenOptions, Page, Query, RecordDetail, RecordSummary,
    RefusedEdit, Status, SyncOptions, SyncReport,
};

/// A phone's store and its way to the server. Clones share one store.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) shell: Arc<Shell>,
}

fn identity_of(account: &Account) -> Identity {
    Identity {
        user: account.user,
        device: account.device,
        server_url: account.server_url.clone(),
        server_key: account.server_key(),
        user_name: account.user_name.clone(),
    }
}

impl Client {
    /// Makes a new store.
    ///
    /// # Errors
    /// [`ClientError::StoreExists`] when there is one.
    pub fn create(options: OpenOptions) -> Result<Self, ClientError> {
        let platform = options.platform.clone();
        let store = Store::create(&options.disk, &options.key, platform, |store| {
            initialise(store, &*options.platform)
        })?;
        Self::of(options, store)
    }

    /// Opens the store that is there; never makes a new one. A damaged one is mended: what was not
    /// sent stays, the rest comes from the server, and [`Client::status`] tells so.
    ///
    /// # Errors
    /// [`ClientError::NoStore`], [`ClientError::WrongKey`], [`ClientError::KeyUnavailable`],
    /// [`ClientError::DamagedStore`] or [`ClientError::InUse`].
    pub fn open(options: OpenOptions) -> Result<Self, ClientError> {
        match Self::open_whole(options.clone()) {
            Err(ClientError::DamagedStore { .. }) => {
                mend(&options.disk, &options.key, &options.platform)?;
                Self::open_whole(options)
            }
            other => other,
        }
    }

    fn open_whole(options: OpenOptions) -> Result<Self, ClientError> {
        let store = Store::open(&options.disk, &options.key, options.platform.clone())?;
        Self::of(options, store)
    }

    /// Opens the store, or makes one where there is none.
    ///
    /// # Errors
    /// As [`Client::open`], but for [`ClientError::NoStore`].
    pub fn open_or_create(options: OpenOptions) -> Result<Self, ClientError> {
        match Self::open(options.clone()) {
            Err(ClientError::NoStore) => Self::create(options),
            other => other,
        }
    }

    fn of(options: OpenOptions, store: Store) -> Result<Self, ClientError> {
        let shell = Shell::new(options.disk, options.platform, store)?;
        Ok(Self {
            shell: Arc::new(shell),
        })
    }

    /// The public half of the device's key, made with the store.
    #[must_use]
    pub fn enrolment_key(&self) -> PublicKey {
        self.shell.state.read().key.public()
    }

    /// Enrols this device with the code that a supervisor shows, typed or as the text of a QR.
    ///
    /// A phone that was enrolled before goes on as the device that it is: all that waits is sent as
    /// it was. With another person's code the store begins anew, with nothing of the first one's.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with the server's code when it does not take the code, or with
    /// `anothers_phone` while edits or drafts of the person before wait here: nothing was changed.
    #[cfg(not(target_family = "wasm"))]
    pub fn enrol(
        &self,
        transport: &dyn Transport,
        code_or_qr: &str,
    ) -> Result<Identity, ClientError> {
        at_once(self.enrol_async(&Blocking(transport), code_or_qr))
    }

    /// [`Client::enrol`], with calls that are awaited.
    ///
    /// # Errors
    /// As [`Client::enrol`].
    pub async fn enrol_async(
        &self,
        transport: &dyn AsyncTransport,
        code_or_qr: &str,
    ) -> Result<Identity, ClientError> {
        let account = self.shell.enrol(transport, code_or_qr).await?;
        Ok(identity_of(&account))
    }

    /// Whose phone this is, once enrolled.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let state = self.shell.state.read();
        state.bearings.account.as_deref().map(identity_of)
    }

    /// The part of the directory held here; empty before the device is enrolled.
    #[must_use]
    pub fn directory(&self) -> DirectoryScope {
        let state = self.shell.state.read();
        match &state.bearings.held {
            Some(held) => held.scope.clone(),
            None => DirectoryScope {
                user: UserId::from_bytes([0; 16]),
                users: Vec::new(),
                grants: Vec::new(),
                areas: Vec::new(),
                forms: Vec::new(),
                catalogue: None,
                calendar: None,
                plans: Vec::new(),
                retired_areas: BTreeMap::new(),
                retired_forms: BTreeMap::new(),
                boundaries: BTreeMap::new(),
                colleagues: Vec::new(),
                key_by_person: false,
            },
        }
    }

    /// The newest version of each form.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let state = self.shell.state.read();
        let Some(held) = &state.bearings.held else {
            return Vec::new();
        };
        let mut codes: Vec<&FormCode> = held.scope.forms.iter().map(|f| &f.code).collect();
        codes.sort();
        codes.dedup();
        codes
            .into_iter()
            .filter_map(|code| held.form(code).map(|f| (**f).clone()))
            .collect()
    }

    /// A version of a form, such as a draft was begun with.
    #[must_use]
    pub fn form(&self, code: &FormCode, version: u32) -> Option<Form> {
        let state = self.shell.state.read();
        let held = state.bearings.held.as_ref()?;
        let form = held.directory.forms().get(code, version)?;
        Some((**form).clone())
    }

    /// The working calendar that holds here: the newest, or the one that holds before any was published.
    #[must_use]
    pub fn working_calendar(&self) -> Calendar {
        let state = self.shell.state.read();
        let held = state.bearings.held.as_ref();
        let newest = held.and_then(|held| held.scope.calendar.clone());
        newest.unwrap_or_else(default_calendar)
    }

    /// The newest catalogue of matter kinds held here, if one was published.
    #[must_use]
    pub fn catalogue(&self) -> Option<Catalogue> {
        let state = self.shell.state.read();
        state.bearings.held.as_ref()?.scope.catalogue.clone()
    }

    /// Whether the organisation demands that its person alone opens this store, by a PIN or by what
    /// the device knows them by; so far as the last sync said.
    #[must_use]
    pub fn key_by_person(&self) -> bool {
        let state = self.shell.state.read();
        let held = state.bearings.held.as_ref();
        held.is_some_and(|held| held.scope.key_by_person)
    }

    /// The grids this user works in.
    #[must_use]
    pub fn grids(&self) -> Vec<AreaCode> {
        let state = self.shell.state.read();
        state
            .bearings
            .held
            .as_ref()
            .map_or_else(Vec::new, |h| h.grids())
    }

    /// Makes a record with the newest version of its form; durable when this returns.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with the code of the rule that does not allow it, and the draft
    /// that what was typed is kept as.
    pub fn create_record(
        &self,
        grid: &AreaCode,
        form: &FormCode,
        ops: Vec<Op>,
    ) -> Result<RecordId, ClientError> {
        self.shell.create_record(grid, form, None, ops)
    }

    /// Makes a record with a certain version of its form: the one that a screen was drawn with.
    ///
    /// # Errors
    /// As [`Client::create_record`].
    pub fn create_with_form_version(
        &self,
        grid: &AreaCode,
        form: &FormCode,
        form_version: u32,
        ops: Vec<Op>,
    ) -> Result<RecordId, ClientError> {
        self.shell
            .create_record(grid, form, Some(form_version), ops)
    }

    /// Edits a record as it stands here; durable when this returns.
    ///
    /// # Errors
    /// [`ClientError::Rejected`] with the code of the rule that does not allow it and the draft that
    /// what was typed is kept as, or [`ClientError::NotFound`].
    pub fn edit(&self, record: RecordId, ops: Vec<Op>) -> Result<(), ClientError> {
        self.shell.edit(&record, None, ops)
    }

    /// Edits a record with a certain version of its form, as an older app would.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn edit_with_form_version(
        &self,
        record: RecordId,
        form_version: u32,
        ops: Vec<Op>,
    ) -> Result<(), ClientError> {
        self.shell.edit(&record, Some(form_version), ops)
    }

    /// A record with all sides of its conflicts. What is damaged is not there; [`Client::status`]
    /// says so.
    #[must_use]
    pub fn get(&self, record: RecordId) -> Option<RecordDetail> {
        self.shell.get(&record).ok().flatten()
    }

    /// A record as one JSON object that is equal on every replica that holds the same parts;
    /// null when it is not here.
    #[must_use]
    pub fn canonical(&self, record: RecordId) -> serde_json::Value {
        let found = self.shell.canonical(&record).ok().flatten();
        found.unwrap_or(serde_json::Value::Null)
    }

    /// All entries of a record, by the clocks of those who made them.
    #[must_use]
    pub fn history(&self, record: RecordId) -> Vec<HistoryEntry> {
        self.shell.history(&record).unwrap_or_default()
    }

    /// What each entry of a history did, in words: one sentence for each operation, with the values that its
    /// author found.
    #[must_use]
    pub fn history_words(
        &self,
        record: RecordId,
        entries: &[HistoryEntry],
        locale: Locale,
    ) -> Vec<Vec<String>> {
        self.shell.history_words(&record, entries, locale)
    }

    /// When a supervisor had seen all that this phone's user wrote to a record; none while some of
    /// it was not seen, or when the user wrote nothing to it. By the server's clock.
    #[must_use]
    pub fn seen(&self, record: RecordId) -> Option<Timestamp> {
        self.shell.seen(&record).ok().flatten()
    }

    /// Settles a conflict: gives `field`, or `field/item/member`, this value.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn choose(&self, record: RecordId, path: &str, value: Value) -> Result<(), ClientError> {
        self.shell.choose(&record, path, value)
    }

    /// One page of records.
    #[must_use]
    pub fn query(&self, query: Query) -> Page<RecordSummary> {
        self.shell.query(&query)
    }

    /// How many records a query finds.
    #[must_use]
    pub fn count(&self, query: Query) -> u64 {
        self.shell.count(&query)
    }

    /// All records, deleted ones too.
    #[must_use]
    pub fn records(&self) -> Vec<RecordId> {
        self.shell.state.read().rows.keys().copied().collect()
    }

    /// Edits of this phone that the server refused and nobody settled.
    #[must_use]
    pub fn refused(&self) -> Vec<RefusedEdit> {
        self.shell.refused()
    }

    /// Lets a refused edit go.
    ///
    /// # Errors
    /// [`ClientError::NotFound`].
    pub fn discard_refused(&self, stream: &StreamId, entry: EntryRef) -> Result<(), ClientError> {
        self.shell.discard_refused(stream, entry)
    }

    /// Makes a refused edit again, at the record as it stands now: under the version of the form
    /// that it was typed with, or the newest where only that takes it.
    ///
    /// # Errors
    /// As [`Client::edit`]; the refused edit is kept then.
    pub fn retry_refused(&self, stream: &StreamId, entry: EntryRef) -> Result<(), ClientError> {
        self.shell.retry_refused(stream, entry)
    }

    /// Makes a refused edit a draft, to be changed and committed; it is refused no more.
    ///
    /// # Errors
    /// [`ClientError::NotFound`], or [`ClientError::Rejected`] with `too_many_drafts`.
    pub fn refused_as_draft(
        &self,
        stream: &StreamId,
        entry: EntryRef,
    ) -> Result<DraftId, ClientError> {
        self.shell.refused_as_draft(stream, entry)
    }

    /// Where the phone stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shell.status()
    }

    /// Notes that the person was told of a store that was mended: [`Client::status`] says it no more.
    ///
    /// # Errors
    /// As any call that writes; it is said again then.
    pub fn mended_seen(&self) -> Result<(), ClientError> {
        self.shell.mended_seen()
    }

    /// Pushes what is new here and pulls what is new there.
    ///
    /// # Errors
    /// [`ClientError::Offline`] when it should be tried again; nothing is lost whenever it breaks.
    #[cfg(not(target_family = "wasm"))]
    pub fn sync(
        &self,
        transport: &dyn Transport,
        options: &SyncOptions<'_>,
    ) -> Result<SyncReport, ClientError> {
        at_once(self.sync_async(&Blocking(transport), options))
    }

    /// [`Client::sync`], with calls that are awaited.
    ///
    /// # Errors
    /// As [`Client::sync`].
    pub async fn sync_async(
        &self,
        transport: &dyn AsyncTransport,
        options: &SyncOptions<'_>,
    ) -> Result<SyncReport, ClientError> {
        self.shell.sync(transport, options).await
    }

    /// Syncs and tries again while the server cannot be reached, with growing and random waits.
    ///
    /// # Errors
    /// As [`Client::sync`], after the last try.
    #[cfg(not(target_family = "wasm"))]
    pub fn sync_with_retry(
        &self,
        transport: &dyn Transport,
        policy: RetryPolicy,
        options: &SyncOptions<'_>,
        sleep: &dyn Fn(Duration),
    ) -> Result<SyncReport, ClientError> {
        self.shell
            .sync_with_retry(transport, policy, options, sleep)
    }

    /// Tells which records change from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        self.shell.subscriptions.subscribe()
    }

    /// Lets go of the store: another client may open it at once. A sync that runs is not waited
    /// for; it ends with [`ClientError::Closed`] once its call is over, and nothing is lost. Calls
    /// afterwards give [`ClientError::Closed`], or nothing where they give no error.
    pub fn close(&self) {
        self.shell.close();
    }

    /// Erases everything: first the key, then the files. The client is of no use afterwards.
    ///
    /// # Errors
    /// When a file cannot be removed; its content is unreadable even then.
    pub fn wipe(&self) -> Result<(), ClientError> {
        self.shell.wipe()
    }
}
