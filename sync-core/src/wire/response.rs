//! The response of a sync.

use crate::admission::LogProblem;
use crate::codec::{DecodeError, Reader, put_i64, put_u64};
use crate::directory::{AreasPart, ScopeDocument};
use crate::entry::{Author, Entry, Item, PublicKey, SignKey, Signature};
use crate::ids::{Hash, IncarnationId, StreamId};
use crate::limits::{
    MAX_BODY_DECODED_BYTES, MAX_ITEMS_PER_MESSAGE, MAX_LOGS_PER_PUSH, MAX_OPS_PER_MESSAGE,
    MAX_STREAMS_PER_SYNC,
};
use crate::time::Timestamp;
use crate::wire::answer::AnswerProof;
use crate::wire::frame::{Content, frame_version, open_frame, seal_content};
use crate::wire::items::{Left, get_items, put_items};
use crate::wire::report::{ErasureNews, get_erasures, put_erasures};
use crate::wire::seen::{SeenNews, get_news, put_news};
use crate::wire::tables::{StreamNames, Table};
use crate::wire::{REPORT_WIRE_VERSION, SIGNED_WIRE_VERSION, SyncRequest};

/// A problem with a pushed device log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemNotice {
    /// The stream.
    pub stream: StreamId,
    /// The device log.
    pub incarnation: IncarnationId,
    /// What is wrong.
    pub problem: LogProblem,
}

/// Items of one stream that follow the phone's cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// The stream.
    pub stream: StreamId,
    /// The items follow this place.
    pub after: u64,
    /// The items, in order.
    pub items: Vec<Item>,
    /// Whether more follow: ask again.
    pub more: bool,
}

/// Where a stream of another epoch ends, so that the phone can see what the server lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamReset {
    /// The stream.
    pub stream: StreamId,
    /// Its newest place.
    pub seq: u64,
    /// The prefix there.
    pub prefix: Hash,
}

/// Where the server's disk lost an item that it had signed for, or all that follow each other: who
/// has them gives them back, and nobody reads on past them meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The stream.
    pub stream: StreamId,
    /// What is lost follows this place.
    pub after: u64,
}

/// What the phone is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directive {
    /// Push what is left for this stream, then erase it and say so at the next sync.
    Erase(StreamId),
    /// Erase everything.
    Wipe,
}

/// One response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncResponse {
    /// The server's log epoch.
    pub epoch: u64,
    /// The server's clock.
    pub now: Timestamp,
    /// Problems with pushed device logs.
    pub problems: Vec<ProblemNotice>,
    /// New items.
    pub pages: Vec<StreamPage>,
    /// Ends of all streams the phone follows, when its cursors were of another epoch.
    pub resets: Vec<StreamReset>,
    /// The server's signature over a receipt of all pages: their streams in this order, each up
    /// to the page's end. None when there are no pages.
    pub receipt: Option<Signature>,
    /// The directory, when the phone's digest is of another one.
    pub directory: Option<ScopeDocument>,
    /// What to do.
    pub directives: Vec<Directive>,
    /// What supervisors have seen since the revision that the request names. Never sent to a
    /// request of the first version.
    pub seen: Option<SeenNews>,
    /// Records erased since the revision that the request names. Never sent to a request of a
    /// version before the third.
    pub erasures: Option<ErasureNews>,
    /// Where streams that the phone reads are damaged at the server. Never sent to a request of a
    /// version before the fourth.
    pub lacks: Vec<Lacking>,
    /// The server's signature over all of it, as it was read; [`encode_signed`](Self::encode_signed)
    /// makes a new one. Never sent to a request of a version before the fourth.
    pub proof: Option<AnswerProof>,
}

const HAS_EPOCH: u8 = 1;
const HAS_RECEIPT: u8 = 2;
const HAS_DIRECTORY: u8 = 4;
const HAS_SEEN: u8 = 8;
const HAS_ERASURES: u8 = 16;
const HAS_PROOF: u8 = 32;
const HAS_LACKS: u8 = 64;

impl SyncResponse {
    /// Whether it changes nothing that a phone holds, at a request that brought nothing.
    #[must_use]
    pub fn says_nothing(&self, request: &SyncRequest) -> bool {
        request.says_nothing()
            && request.epoch == self.epoch
            && self.problems.is_empty()
            && self.pages.is_empty()
            && self.resets.is_empty()
            && self.directory.is_none()
            && self.directives.is_empty()
            && self.seen.is_none()
            && self.erasures.is_none()
            && self.lacks.is_empty()
    }

    /// Whether the server itself said this, to this device and to the request of these bytes. What
    /// says nothing needs no proof.
    #[must_use]
    pub fn is_proved(
        &self,
        request: &SyncRequest,
        asked: &[u8],
        asker: Author,
        server: &PublicKey,
    ) -> bool {
        let proof = self.proof.as_ref();
        self.says_nothing(request)
            || proof.is_some_and(|proof| proof.verify(server, asker.device, asked))
    }

    /// The body of the response to this request of this author, without a signature over all of it.
    #[must_use]
    pub fn encode(&self, request: &SyncRequest, asker: Author) -> Vec<u8> {
        let content = self.content(request, asker, false);
        seal_content(request.version(), &content)
    }

    /// The body of the response to the request of these bytes, signed by the server where the
    /// request's version has that and the response says anything.
    #[must_use]
    pub fn encode_signed(
        &self,
        request: &SyncRequest,
        asked: &[u8],
        asker: Author,
        key: &SignKey,
    ) -> Vec<u8> {
        if request.version() < SIGNED_WIRE_VERSION || self.says_nothing(request) {
            return self.encode(request, asker);
        }
        let mut content = self.content(request, asker, true);
        let proof = AnswerProof::sign(key, asker.device, asked, &content.bytes);
        content.bytes.extend_from_slice(&proof.signature.0);
        seal_content(request.version(), &content)
    }

    fn content(&self, request: &SyncRequest, asker: Author, signed: bool) -> Content<'_> {
        let mut incarnations = Table::with_known(request.incarnations());
        let mut authors = Table::with_known(vec![asker]);
        let mut tail = Vec::new();
        let mut names = StreamNames::default();
        put_u64(&mut tail, self.problems.len() as u64);
        for notice in &self.problems {
            names.put(&mut tail, &notice.stream);
            put_u64(&mut tail, incarnations.place(notice.incarnation));
            let (code, expected) = notice.problem.to_wire();
            tail.push(code);
            put_u64(&mut tail, expected);
        }
        put_u64(&mut tail, self.pages.len() as u64);
        for page in &self.pages {
            names.put(&mut tail, &page.stream);
            put_u64(&mut tail, page.after << 1 | u64::from(page.more));
            put_items(
                &mut tail,
                &page.items,
                &mut incarnations,
                &mut authors,
                |item| pushed(request, &page.stream, item),
            );
        }
        put_u64(&mut tail, self.resets.len() as u64);
        for reset in &self.resets {
            names.put(&mut tail, &reset.stream);
            put_u64(&mut tail, reset.seq);
            tail.extend_from_slice(&reset.prefix.0);
        }
        put_u64(&mut tail, self.directives.len() as u64);
        for directive in &self.directives {
            match directive {
                Directive::Erase(stream) => {
                    tail.push(0);
                    names.put(&mut tail, stream);
                }
                Directive::Wipe => tail.push(1),
            }
        }
        let seen = self.seen.as_ref().filter(|_| request.seen.is_some());
        if let Some(news) = seen {
            put_news(&mut tail, news, self.now, &mut names, &mut incarnations);
        }
        let erasures = self
            .erasures
            .as_ref()
            .filter(|_| request.version() >= REPORT_WIRE_VERSION);
        if let Some(news) = erasures {
            put_erasures(&mut tail, news);
        }
        let lacks = !self.lacks.is_empty() && request.version() >= SIGNED_WIRE_VERSION;
        if lacks {
            put_u64(&mut tail, self.lacks.len() as u64);
            for lack in &self.lacks {
                names.put(&mut tail, &lack.stream);
                put_u64(&mut tail, lack.after);
            }
        }
        let mut flags = 0;
        if self.epoch != request.epoch {
            flags |= HAS_EPOCH;
        }
        if self.receipt.is_some() {
            flags |= HAS_RECEIPT;
        }
        if self.directory.is_some() {
            flags |= HAS_DIRECTORY;
        }
        if seen.is_some() {
            flags |= HAS_SEEN;
        }
        if erasures.is_some() {
            flags |= HAS_ERASURES;
        }
        if signed {
            flags |= HAS_PROOF;
        }
        if lacks {
            flags |= HAS_LACKS;
        }
        let size = self.directory.as_ref().map_or(0, ScopeDocument::size);
        let mut out = Vec::with_capacity(size + tail.len() + 256);
        out.push(flags);
        if flags & HAS_EPOCH != 0 {
            out.extend_from_slice(&self.epoch.to_be_bytes());
        }
        put_i64(&mut out, self.now.millis());
        if let Some(signature) = &self.receipt {
            out.extend_from_slice(&signature.0);
        }
        let directory = self.directory.as_ref();
        let shared = directory.and_then(|directory| put_directory(&mut out, directory));
        incarnations.put(&mut out);
        authors.put(&mut out);
        out.extend_from_slice(&tail);
        Content { bytes: out, shared }
    }

    /// Reads the response to this request. Items that the request pushed come without entry and
    /// with a zero hash.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of a body that does not decode is used.
    #[expect(
        clippy::too_many_lines,
        reason = "part after part, in the order they have on the wire"
    )]
    pub fn decode(body: &[u8], request: &SyncRequest, asker: Author) -> Result<Self, DecodeError> {
        if frame_version(body)? != request.version() {
            return Err(DecodeError::UnknownVersion);
        }
        let content = open_frame(body)?;
        let mut r = Reader::new(&content);
        let flags = r.u8()?;
        let mut known = HAS_EPOCH | HAS_RECEIPT | HAS_DIRECTORY;
        if request.seen.is_some() {
            known |= HAS_SEEN;
        }
        if request.version() >= REPORT_WIRE_VERSION {
            known |= HAS_ERASURES;
        }
        if request.version() >= SIGNED_WIRE_VERSION {
            known |= HAS_PROOF | HAS_LACKS;
        }
        if flags & !known != 0 {
            return Err(DecodeError::OutOfRange("flags"));
        }
        let epoch = if flags & HAS_EPOCH == 0 {
            request.epoch
        } else {
            u64::from_be_bytes(r.array()?)
        };
        let now = Timestamp(r.i64()?);
        let receipt = if flags & HAS_RECEIPT == 0 {
            None
        } else {
            Some(Signature(r.array()?))
        };
        let directory = if flags & HAS_DIRECTORY == 0 {
            None
        } else {
            Some(r.bytes(MAX_BODY_DECODED_BYTES)?.to_vec().into())
        };
        let incarnations = Table::get(&mut r, request.incarnations())?;
        let authors = Table::get(&mut r, vec![asker])?;
        let mut names = StreamNames::default();
        let mut left = Left {
            ops: MAX_OPS_PER_MESSAGE,
            items: MAX_ITEMS_PER_MESSAGE,
        };
        let n = r.count(MAX_LOGS_PER_PUSH, "problems")?;
        let mut problems = Vec::with_capacity(n);
        for _ in 0..n {
            let stream = names.get(&mut r)?;
            let incarnation = incarnations.at(r.u64()?)?;
            let (code, expected) = (r.u8()?, r.u64()?);
            let problem =
                LogProblem::from_wire(code, expected).ok_or(DecodeError::OutOfRange("problem"))?;
            problems.push(ProblemNotice {
                stream,
                incarnation,
                problem,
            });
        }
        let n = r.count(MAX_STREAMS_PER_SYNC, "pages")?;
        let mut pages = Vec::with_capacity(n);
        for _ in 0..n {
            let stream = names.get(&mut r)?;
            let place = r.u64()?;
            let items = get_items(&mut r, &stream, &incarnations, &authors, &mut left)?;
            pages.push(StreamPage {
                stream,
                after: place >> 1,
                items,
                more: place & 1 == 1,
            });
        }
        let n = r.count(MAX_STREAMS_PER_SYNC, "resets")?;
        let mut resets = Vec::with_capacity(n);
        for _ in 0..n {
            resets.push(StreamReset {
                stream: names.get(&mut r)?,
                seq: r.u64()?,
                prefix: Hash(r.array()?),
            });
        }
        let n = r.count(MAX_STREAMS_PER_SYNC, "directives")?;
        let mut directives = Vec::with_capacity(n);
        for _ in 0..n {
            directives.push(match r.u8()? {
                0 => Directive::Erase(names.get(&mut r)?),
                1 => Directive::Wipe,
                _ => return Err(DecodeError::OutOfRange("directive")),
            });
        }
        let seen = if flags & HAS_SEEN == 0 {
            None
        } else {
            Some(get_news(&mut r, now, &mut names, &incarnations)?)
        };
        let erasures = if flags & HAS_ERASURES == 0 {
            None
        } else {
            Some(get_erasures(&mut r)?)
        };
        let mut lacks = Vec::new();
        if flags & HAS_LACKS != 0 {
            let n = r.count(MAX_STREAMS_PER_SYNC, "damaged places")?;
            for _ in 0..n {
                lacks.push(Lacking {
                    stream: names.get(&mut r)?,
                    after: r.u64()?,
                });
            }
        }
        let proof = if flags & HAS_PROOF == 0 {
            None
        } else {
            let signed = content.len() - r.remaining();
            let signature = Signature(r.array()?);
            Some(AnswerProof::read(&content[..signed], signature))
        };
        r.finish()?;
        Ok(Self {
            epoch,
            now,
            problems,
            pages,
            resets,
            receipt,
            directory,
            directives,
            seen,
            erasures,
            lacks,
            proof,
        })
    }
}

/// Appends a directory; its areas with where they begin, when others are sent them too.
fn put_directory<'a>(
    out: &mut Vec<u8>,
    directory: &'a ScopeDocument,
) -> Option<(usize, &'a AreasPart)> {
    put_u64(out, directory.size() as u64);
    let [before, areas, after] = directory.pieces();
    out.extend_from_slice(before);
    let shared = directory.areas.as_deref().map(|areas| (out.len(), areas));
    out.extend_from_slice(areas);
    out.extend_from_slice(after);
    shared
}

/// Whether the request pushed this very entry, so that its author surely has it. A device whose
/// log forked pushed another entry of the same name: it must get the one the server has.
fn pushed(request: &SyncRequest, stream: &StreamId, item: &Item) -> bool {
    let same = |e: &Entry| e.id() == item.id && e.hash(stream) == item.entry_hash;
    request.logs.iter().any(|log| {
        log.incarnation == item.id.incarnation && log.stream == *stream && {
            let first = log.entries.first().map_or(u64::MAX, |e| e.header.seq);
            let place = usize::try_from(item.id.seq.wrapping_sub(first));
            place.is_ok_and(|i| log.entries.get(i).is_some_and(same))
        }
    })
}
