//! The server's half of a session: what is answered to a request.
//!
//! What enters: a request that was read, what became of its push, and facts of the server. What
//! leaves: the response, whole but for the signature over it. What never happens here: a clock, a
//! disk, or an entry decided on; facts are read as they are asked for, so that an answer costs no
//! more than what it tells.

mod erasures;
mod pages;
mod served;
mod told;

pub use served::{Found, Head, Opened, PrefixAt, Served};

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use told::{Told, lacks, reset, streams_told};

use crate::entry::Author;
use crate::ids::StreamId;
use crate::wire::{Cursor, Directive, ProblemNotice, StreamPage, SyncRequest, SyncResponse};

/// Whether a request's cursors are of another epoch than the log's: what it pushes is not decided
/// on, since what was lost in a restore comes back first. An edit must not be refused for heads
/// that its phone is about to bring again.
#[must_use]
pub fn stands_elsewhere(request: &SyncRequest, epoch: u64) -> bool {
    request.epoch != 0 && request.epoch != epoch
}

/// Answers a request of a device, after its push was decided on with these problems.
///
/// # Errors
/// When a fact could not be read.
pub fn answer<S: Served>(
    served: &S,
    author: Author,
    request: &SyncRequest,
    problems: Vec<ProblemNotice>,
) -> Result<SyncResponse, S::Error> {
    let stands_elsewhere = stands_elsewhere(request, served.epoch());
    let told = streams_told(served, author, &request.cursors)?;
    let mut response = SyncResponse {
        epoch: served.epoch(),
        now: served.now(),
        problems,
        ..SyncResponse::default()
    };
    if stands_elsewhere {
        for Cursor { stream, .. } in request.cursors.iter().filter(|c| told.has(&c.stream)) {
            response.resets.push(reset(stream, served.head(stream)?));
        }
    } else {
        response.lacks = lacks(served, &told);
        pages::fill(served, author, request, &told, &mut response)?;
    }
    // Of a stream that a restored server knows no reading of, it tells nothing, as of one that
    // is empty: the phone then gives back what it can prove before it erases.
    for Cursor { stream, seq, .. } in &request.cursors {
        if !told.has(stream) && *seq > 0 {
            response.resets.push(reset(stream, Head::default()));
        }
    }
    response.directives = erase(served, request, &told, &response)?;
    response.directory = served.directory_news(author.user, request.directory);
    if request.seen.is_some() {
        let known = request.seen.filter(|_| !stands_elsewhere);
        response.seen = served.seen_news(author, known)?;
    }
    if let Some(report) = &request.report {
        let known = (!stands_elsewhere).then_some(report.erasures);
        response.erasures = if request.epoch == 0 && request.logs.is_empty() {
            // Nothing is held there yet, and nothing that was erased is served. One that wrote
            // may have handed it in before, and lost the answer.
            erasures::before(served.directory(), report.erasures)
        } else {
            erasures::news(served, author, known)?
        };
    }
    Ok(response)
}

/// The streams to erase: those that are not read any more, once all of them was told.
fn erase<S: Served>(
    served: &S,
    request: &SyncRequest,
    told: &Told<'_>,
    response: &SyncResponse,
) -> Result<Vec<Directive>, S::Error> {
    let resets: BTreeSet<&StreamId> = response.resets.iter().map(|r| &r.stream).gathered();
    let pages: BTreeMap<&StreamId, &StreamPage> =
        response.pages.iter().map(|p| (&p.stream, p)).gathered();
    let mut out = Vec::new();
    for Cursor { stream, seq, .. } in request.cursors.iter().filter(|c| !told.mine.has(&c.stream)) {
        let has_all = match pages.get(stream) {
            _ if resets.contains(stream) => false,
            Some(page) => !page.more,
            None => served.head(stream)?.seq == *seq,
        };
        if has_all || !told.leaving.contains(stream) {
            out.push(Directive::Erase(stream.clone()));
        }
    }
    Ok(out)
}
