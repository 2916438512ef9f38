//! The server's half of a session: what is answered to a request.
//!
//! What enters: a request that was read, what became of its push, and facts of the server. What
//! leaves: the response, whole but for the signature over it. What never happens here: a clock, a
//! disk, or an entry decided on; facts are read as they are asked for, so that an answer costs no
//! more than what it tells.

mod erasures;
mod pages;

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Directory, Reach};
use crate::entry::{Author, Item, SignKey};
use crate::ids::{DeviceId, Hash, RecordId, StreamId, UserId};
use crate::limits::{CURSOR_PREFIX_BYTES, MAX_STREAMS_PER_SYNC};
use crate::time::Timestamp;
use crate::wire::{
    Cursor, Directive, Lacking, ProblemNotice, SeenNews, StreamPage, StreamReset, SyncRequest,
    SyncResponse,
};

/// Damaged places told in one answer, as many as one takes; once some are healed, the next are told.
pub const MAX_LACKS: usize = MAX_STREAMS_PER_SYNC;

/// How far a stream goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Its newest place; 0 when it holds nothing.
    pub seq: u64,
    /// The prefix there.
    pub prefix: Hash,
}

/// What a log says of the prefix at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixAt {
    /// It is this.
    Is(Hash),
    /// The log does not go so far.
    Past,
    /// The item there is damaged.
    Damaged,
}

/// An item of a log, opened for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The item. The content of a refused entry goes to its author's device only.
    pub item: Item,
    /// The prefix after it.
    pub prefix: Hash,
    /// What it weighs.
    pub bytes: usize,
}

/// An item that was opened; none when its content is here and does not open though nobody erased it:
/// its key is lost.
pub type Opened<E> = Result<Option<Found>, E>;

/// What a server knows that an answer is made of.
pub trait Served {
    /// Why a fact could not be read; the answer is then not given.
    type Error;

    /// The log's epoch.
    fn epoch(&self) -> u64;
    /// When the answer is given, by the server's clock.
    fn now(&self) -> Timestamp;
    /// The directory.
    fn directory(&self) -> &Directory;
    /// What receipts are signed with.
    fn key(&self) -> &SignKey;

    /// How far a stream goes.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn head(&self, stream: &StreamId) -> Result<Head, Self::Error>;

    /// The prefix at a place.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn prefix_at(&self, stream: &StreamId, seq: u64) -> Result<PrefixAt, Self::Error>;

    /// What follows a place, up to about so many items and bytes, opened for a device one by one;
    /// none when the next item is damaged.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn read(
        &self,
        stream: &StreamId,
        after: u64,
        limits: (usize, usize),
        device: DeviceId,
    ) -> Result<Option<impl Iterator<Item = Opened<Self::Error>>>, Self::Error>;

    /// The streams that hold anything, in any order.
    ///
    /// # Errors
    /// When the log cannot be read.
    fn streams(&self) -> Result<impl Iterator<Item = StreamId>, Self::Error>;

    /// Every damaged item, by stream and place.
    fn damage(&self) -> impl Iterator<Item = (StreamId, u64)>;

    /// Whether a record's key is there, so that its contents can still be read.
    ///
    /// # Errors
    /// When the keys cannot be read.
    fn has_key(&self, record: RecordId) -> Result<bool, Self::Error>;

    /// The directory of a user's phone, when the digest it holds is of another one.
    fn directory_news(&self, user: UserId, held: [u8; 8]) -> Option<Vec<u8>>;

    /// The marks that a phone lacks of what supervisors have seen; none when it has all. `known` is
    /// the revision it names, none when it stands in another epoch, whose revisions are not ours.
    ///
    /// # Errors
    /// When the marks cannot be read.
    fn seen_news(
        &self,
        author: Author,
        known: Option<u64>,
    ) -> Result<Option<SeenNews>, Self::Error>;
}

/// Whether a request's cursors are of another epoch than the log's: what it pushes is not decided
/// on, since what was lost in a restore comes back first. An edit must not be refused for heads
/// that its phone is about to bring again.
#[must_use]
pub fn stands_elsewhere(request: &SyncRequest, epoch: u64) -> bool {
    request.epoch != 0 && request.epoch != epoch
}

/// The streams that a phone is told of.
struct Told<'a> {
    /// Those that its user reads.
    mine: Reach<'a>,
    /// Those that its user reads no more, and that it holds: it still hears what became of its own
    /// edits before it erases.
    leaving: BTreeSet<StreamId>,
}

impl Told<'_> {
    fn has(&self, stream: &StreamId) -> bool {
        self.mine.has(stream) || self.leaving.contains(stream)
    }
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

fn streams_told<'a, S: Served>(
    served: &'a S,
    author: Author,
    cursors: &[Cursor],
) -> Result<Told<'a>, S::Error> {
    let mine = served.directory().reach(author.user, served.now());
    let mut leaving = BTreeSet::new();
    for cursor in cursors.iter().filter(|c| !mine.has(&c.stream)) {
        if once_read(served, author, &cursor.stream) || proves_reading(served, cursor)? {
            leaving.insert(cursor.stream.clone());
        }
    }
    Ok(Told { mine, leaving })
}

/// Whether a user had a grant to read a stream, now or before.
fn once_read<S: Served>(served: &S, author: Author, stream: &StreamId) -> bool {
    let (directory, now) = (served.directory(), served.now());
    directory.grants_of(author.user).any(|g| {
        g.from <= now
            && directory.covers(g.area.as_ref(), &stream.grid)
            && g.role.readable().contains(&stream.class)
    })
}

/// Whether a cursor shows that its phone has read a stream, whatever grants say today: an area
/// that moved in the tree leaves no grant behind, and nobody guesses a prefix.
fn proves_reading<S: Served>(served: &S, cursor: &Cursor) -> Result<bool, S::Error> {
    Ok(cursor.seq > 0 && is_on_log(served, cursor)?)
}

fn is_on_log<S: Served>(served: &S, cursor: &Cursor) -> Result<bool, S::Error> {
    Ok(match served.prefix_at(&cursor.stream, cursor.seq)? {
        PrefixAt::Is(prefix) => prefix.0[..CURSOR_PREFIX_BYTES] == cursor.prefix,
        PrefixAt::Past => false,
        PrefixAt::Damaged => true,
    })
}

fn reset(stream: &StreamId, Head { seq, prefix }: Head) -> StreamReset {
    StreamReset {
        stream: stream.clone(),
        seq,
        prefix,
    }
}

/// The streams to erase: those that are not read any more, once all of them was told.
fn erase<S: Served>(
    served: &S,
    request: &SyncRequest,
    told: &Told<'_>,
    response: &SyncResponse,
) -> Result<Vec<Directive>, S::Error> {
    let resets: BTreeSet<&StreamId> = response.resets.iter().map(|r| &r.stream).collect();
    let pages: BTreeMap<&StreamId, &StreamPage> =
        response.pages.iter().map(|p| (&p.stream, p)).collect();
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

/// Where the log is damaged in streams that a phone is told of: the place before the first item of
/// each damaged run.
fn lacks<S: Served>(served: &S, told: &Told<'_>) -> Vec<Lacking> {
    let mut out: Vec<Lacking> = Vec::new();
    let mut last = None;
    for (stream, seq) in served.damage() {
        let after = seq.saturating_sub(1);
        let follows = last == Some((stream.clone(), after));
        if !follows && out.len() < MAX_LACKS && told.has(&stream) {
            out.push(Lacking {
                stream: stream.clone(),
                after,
            });
        }
        last = Some((stream, seq));
    }
    out
}
