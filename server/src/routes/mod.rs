//! Routes: one file for each thing the API speaks of.
//!
//! What enters is a request whose caller is known; what leaves is what the caller's roles and areas let it see.
//! A write ends at the log or the directory; views are only read here.

#![allow(
    missing_debug_implementations,
    reason = "bodies hold tokens, passwords and fields: without Debug nobody logs one by accident"
)]
#![allow(
    unused_qualifications,
    reason = "the code that utoipa makes of `params` has them"
)]

mod app_files;
mod caller;
mod error;
mod explain;
mod extract;
mod look;
mod origin;

pub mod app;
pub mod areas;
pub mod attention;
pub mod audit;
pub mod calendar;
pub mod calendar_shapes;
pub mod carry;
pub mod catalogue;
pub mod changes;
pub mod clock;
pub mod cookie;
pub mod devices;
pub mod docs;
pub mod duplicates;
pub mod enrol;
pub mod erasures;
pub mod export;
pub mod forms;
pub mod grants;
pub mod hand_over;
pub mod health;
pub mod holds;
pub mod imports;
pub mod map;
mod maps;
pub mod openapi;
pub mod overview;
pub mod phone_keys;
pub mod phones;
pub mod plan_shapes;
pub mod planned;
pub mod plans;
pub mod push;
pub mod receipts;
pub mod records;
pub mod redraw_shapes;
pub mod redraws;
pub mod refused;
pub mod reports;
pub mod retention;
pub mod saved_views;
pub mod shapes;
pub mod sign_in;
pub mod sync;
pub mod tables;
pub mod users;

pub(crate) use crate::acts::read_time;
pub use caller::{Caller, Peer};
pub(crate) use extract::read_hex;
pub use extract::{Body, Params, Path, RawBody};
pub use origin::{BACKGROUND_HEADER, COOKIE_NAME, CSRF_HEADER, Here, KNOWN_COOKIE_NAME};

use std::sync::Arc;

use gridfold_sync_core::time::Timestamp;

use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::middleware::{Intake, RateLimiter, Subject};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};

/// How many more requests than a phone's a console may make, since a page of a dashboard takes several.
pub const CONSOLE_RATE_FACTOR: u32 = 10;
/// Rows of a page when the caller does not say.
pub const PAGE_ROWS: usize = 50;
/// Most rows of a page.
pub const MAX_PAGE_ROWS: usize = 500;

/// What all routes share.
#[derive(Debug, Clone)]
pub struct Api(Arc<Shared>);

/// See [`Api`].
#[derive(Debug)]
pub struct Shared {
    /// The node.
    pub node: Arc<Node>,
    /// What is counted.
    pub metrics: Metrics,
    /// Who asked how often.
    pub limiter: RateLimiter,
    /// Room and memory for requests.
    pub intake: Arc<Intake>,
    /// Becomes true when the server stops; streams that would never end then end.
    pub stopping: watch::Receiver<bool>,
}

impl std::ops::Deref for Api {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    /// Shares a node.
    #[must_use]
    pub fn new(node: Arc<Node>, metrics: Metrics, stopping: watch::Receiver<bool>) -> Self {
        Self(Arc::new(Shared {
            node,
            metrics,
            limiter: RateLimiter::default(),
            intake: Arc::default(),
            stopping,
        }))
    }

    /// Now, by the server's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.node.clock.now()
    }

    /// Runs what blocks where blocking is allowed.
    ///
    /// # Errors
    /// What `work` says; [`Code::Internal`] when it does not come back.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Node) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let node = Arc::clone(&self.node);
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || span.in_scope(|| work(&node)));
        match done.await {
            Ok(answer) => answer,
            Err(error) => Err(Problem::internal(&error)),
        }
    }

    /// Takes one request of a subject.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn take(&self, subject: Subject) -> Answer<()> {
        let limits = &self.node.config.limits;
        let per_minute = match subject {
            Subject::Sync(_)
            | Subject::Refresh(_)
            | Subject::Enrolment(_)
            | Subject::Browser(_) => limits.device_requests_per_minute,
            Subject::Device(_) => limits
                .device_requests_per_minute
                .saturating_mul(CONSOLE_RATE_FACTOR),
            Subject::Address(_) | Subject::ReceiptsOf(_) => limits.address_requests_per_minute,
            Subject::Receipts => limits.receipt_requests_per_minute,
        };
        self.limiter
            .take(subject, per_minute, self.now())
            .map_err(|wait_s| Problem::new(Code::RateLimited).after(wait_s))
    }
}

/// The rows of a page a caller asked for.
pub(crate) fn page_rows(asked: Option<usize>) -> Answer<usize> {
    match asked {
        None => Ok(PAGE_ROWS),
        Some(n) if (1..=MAX_PAGE_ROWS).contains(&n) => Ok(n),
        Some(_) => Err(Problem::bad_request(format!(
            "limit must be from 1 to {MAX_PAGE_ROWS}"
        ))),
    }
}
