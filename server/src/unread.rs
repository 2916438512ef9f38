//! What is left of a request when its answer is there already, as of one that is refused by its headers.
//!
//! What enters: a request's body, and the answer. What leaves: the same answer, once the rest of a small body was
//! read and thrown away; else it says that the connection ends. What never happens here: a connection that ends
//! after an answer which does not say so. Whoever made the next request on it could not tell whether it was acted on.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use hyper::{Request, Version};
use tokio::sync::oneshot;

/// Most bytes of a body that nobody wants which are read all the same.
const MAX_DRAINED_BYTES: usize = 64 << 10;
/// How long they may take.
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// A body that comes back when whoever it was lent to does not read it to its end.
struct Lent {
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }
    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }
    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take())
            && !body.is_end_stream()
        {
            // Nobody waits for it once the connection is gone.
            drop(back.send(body));
        }
    }
}

/// What becomes of the rest of one request.
pub(crate) struct Unread {
    rest: oneshot::Receiver<Incoming>,
    /// Whether its sender waits for leave to send the body: none is given for what nobody wants.
    waits: bool,
    ends: bool,
}

/// Lends a request's body to whoever answers it.
pub(crate) fn lend(request: Request<Incoming>) -> (Request<Body>, Unread) {
    let (back, rest) = oneshot::channel();
    let unread = Unread {
        rest,
        waits: request.headers().contains_key(EXPECT),
        // Requests of HTTP/2 end by themselves.
        ends: request.version() <= Version::HTTP_11,
    };
    let request = request.map(|body| {
        Body::new(Lent {
            body: Some(body),
            back: Some(back),
        })
    });
    (request, unread)
}

impl Unread {
    /// The answer, as it may be sent.
    pub(crate) async fn settle(mut self, mut answer: Response) -> Response {
        if self.ends
            && let Ok(rest) = self.rest.try_recv()
            && (self.waits || !drained(rest).await)
        {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(CONNECTION, close);
        }
        answer
    }
}

/// Reads a body to its end. Tells whether that came soon.
async fn drained(mut body: Incoming) -> bool {
    let to_its_end = async {
        let mut bytes = 0;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let Ok(frame) = frame else { return false };
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > MAX_DRAINED_BYTES {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(DRAINED_WITHIN, to_its_end)
        .await
        .unwrap_or(false)
}
