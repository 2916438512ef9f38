//! A worker's phone: the real client on a real store, over real HTTP, with a line that may be cut.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gridfold_client::{Client, ClientError, Folder, OpenOptions, SyncOptions, SyncReport};
use gridfold_client::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind, UreqTransport,
};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId, UserId};

use super::clock::{PhonePlatform, ShiftedClock};

/// The key with which an app opens its store; a real one lies in the platform's keystore.
pub const STORE_KEY: [u8; 32] = [7; 32];

/// A line to the server that loses replies when told to.
pub struct Line {
    inner: UreqTransport,
    lose_replies: AtomicU32,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    /// A line to a server.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            inner: UreqTransport::new(url),
            lose_replies: AtomicU32::new(0),
        }
    }
    /// Loses the next `n` replies after the server has acted.
    pub fn lose_replies(&self, n: u32) {
        self.lose_replies.store(n, Ordering::SeqCst);
    }
}

impl Transport for Line {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let answer = self.inner.call(request)?;
        let lose = |n: u32| n.checked_sub(1);
        if self
            .lose_replies
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, lose)
            .is_ok()
        {
            return Err(TransportError {
                kind: TransportErrorKind::Interrupted,
            });
        }
        Ok(answer)
    }
}

/// One edit that the phone acknowledged as durable.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The record.
    pub record: RecordId,
    /// Entries of this phone on the record once it was acknowledged: an edit over two
    /// sensitivity classes is two entries.
    pub entries: usize,
}

/// A phone in a worker's hand.
#[derive(Debug)]
pub struct Phone {
    /// Its name in tables.
    pub name: String,
    /// Whose it is.
    pub user: UserId,
    /// Its store.
    pub dir: PathBuf,
    /// Its line.
    pub line: Line,
    /// Edits it acknowledged.
    pub acknowledged: Vec<Acknowledged>,
    /// Syncs it did, with what each cost.
    pub syncs: Vec<SyncReport>,
    platform: Arc<PhonePlatform>,
    client: Option<Client>,
}

impl Phone {
    /// A phone with an empty store.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub fn create(
        name: String,
        user: UserId,
        dir: &Path,
        url: &str,
        clock: Arc<ShiftedClock>,
        wrong_by_ms: i64,
    ) -> Result<Self, ClientError> {
        let platform = Arc::new(PhonePlatform { clock, wrong_by_ms });
        let mut phone = Self {
            name,
            user,
            dir: dir.to_owned(),
            line: Line::new(url),
            acknowledged: Vec::new(),
            syncs: Vec::new(),
            platform,
            client: None,
        };
        phone.client = Some(Client::create(phone.options())?);
        Ok(phone)
    }

    fn options(&self) -> OpenOptions {
        OpenOptions {
            disk: Folder::at(&self.dir),
            key: STORE_KEY.into(),
            platform: self.platform.clone(),
        }
    }

    /// The client.
    ///
    /// # Errors
    /// [`ClientError::NoStore`] while the phone is off.
    pub fn client(&self) -> Result<&Client, ClientError> {
        self.client.as_ref().ok_or(ClientError::NoStore)
    }

    /// Lets go of the store, as when the app is killed.
    pub fn off(&mut self) {
        self.client = None;
    }

    /// Opens the store again.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub fn on(&mut self) -> Result<(), ClientError> {
        self.client = Some(Client::open(self.options())?);
        Ok(())
    }

    /// Makes a record and notes that it was acknowledged.
    ///
    /// # Errors
    /// As [`Client::create_record`].
    pub fn create_record(
        &mut self,
        grid: &AreaCode,
        form: &str,
        ops: Vec<Op>,
    ) -> Result<RecordId, ClientError> {
        let form = FormCode::new(form).map_err(|_| ClientError::NotFound)?;
        let record = self.client()?.create_record(grid, &form, ops)?;
        self.acknowledge(record)?;
        Ok(record)
    }

    /// Edits a record and notes that it was acknowledged.
    ///
    /// # Errors
    /// As [`Client::edit`].
    pub fn edit(&mut self, record: RecordId, ops: Vec<Op>) -> Result<(), ClientError> {
        self.client()?.edit(record, ops)?;
        self.acknowledge(record)
    }

    /// Notes what the phone has acknowledged on a record.
    ///
    /// # Errors
    /// [`ClientError::NoStore`] while the phone is off.
    pub fn acknowledge(&mut self, record: RecordId) -> Result<(), ClientError> {
        let client = self.client()?;
        let device = client.identity().map(|i| i.device);
        let entries = client
            .history(record)
            .iter()
            .filter(|h| h.device.is_none() || h.device == device)
            .count();
        self.acknowledged.push(Acknowledged { record, entries });
        Ok(())
    }

    /// Syncs once.
    ///
    /// # Errors
    /// As [`Client::sync`].
    pub fn sync(&mut self) -> Result<SyncReport, ClientError> {
        let report = self.client()?.sync(&self.line, &SyncOptions::default())?;
        self.syncs.push(report.clone());
        Ok(report)
    }

    /// Characters of a long text as this phone knows it.
    ///
    /// # Errors
    /// [`ClientError::NoStore`] while the phone is off.
    pub fn text_chars(&self, record: RecordId, field: &str) -> Result<usize, ClientError> {
        let detail = self.client()?.get(record);
        let text = detail.and_then(|d| d.fields.get(field)?.as_str().map(str::to_owned));
        Ok(text.map_or(0, |t| t.chars().count()))
    }
}
