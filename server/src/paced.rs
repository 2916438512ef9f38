//! A connection whose other end must read: what is written to it and hardly taken ends it.
//!
//! What enters: bytes on their way out. What leaves: the same, or an error once the reader takes too little for too long. What never happens here: a limit on a reader that takes what it is given, however seldom something is written.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// In each such time a reader for whom something waits must take [`MIN_READ_BYTES`].
pub(crate) const READ_WINDOW: Duration = Duration::from_secs(20);
/// What a reader must take in each [`READ_WINDOW`] while something waits.
pub(crate) const MIN_READ_BYTES: usize = 16 << 10;

/// A stream with that rule.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    inner: S,
    window: Duration,
    /// Set while something waits to be taken.
    deadline: Option<Pin<Box<Sleep>>>,
    taken: usize,
}

impl<S> Paced<S> {
    /// Puts the rule on a stream.
    pub(crate) fn new(inner: S) -> Self {
        Self::within(inner, READ_WINDOW)
    }

    fn within(inner: S, window: Duration) -> Self {
        Self {
            inner,
            window,
            deadline: None,
            taken: 0,
        }
    }

    /// What a write came to, by the rule.
    fn paced(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = written {
            if let Ok(n) = &result {
                self.taken += n;
            }
            if self.taken >= MIN_READ_BYTES {
                (self.deadline, self.taken) = (None, 0);
            }
            return Poll::Ready(result);
        }
        let window = self.window;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(window)));
        ready!(deadline.as_mut().poll(cx));
        if self.taken < MIN_READ_BYTES {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.taken = 0;
        deadline.as_mut().reset(Instant::now() + window);
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.paced(cx, written)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            // All that was written is taken.
            (self.deadline, self.taken) = (None, 0);
            return flushed;
        }
        self.paced(cx, flushed.map_ok(|()| 0)).map_ok(|_| ())
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.paced(cx, written)
    }
    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const WINDOW: Duration = Duration::from_millis(200);

    #[tokio::test(start_paused = true)]
    async fn whoever_does_not_read_is_cut_off() {
        let (near, mut far) = tokio::io::duplex(1_024);
        let mut near = Paced::within(near, WINDOW);
        let written = near.write_all(&[0; 100_000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
        // What was taken in before may still be read.
        assert!(far.read_u8().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_a_byte_now_and_then_is_cut_off_too() {
        let (near, mut far) = tokio::io::duplex(1_024);
        let mut near = Paced::within(near, WINDOW);
        tokio::spawn(async move {
            while far.read_u8().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let written = near.write_all(&[0; 100_000]).await;
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_reads_steadily_is_not() {
        let (near, mut far) = tokio::io::duplex(1_024);
        let mut near = Paced::within(near, Duration::from_secs(2));
        tokio::spawn(async move {
            let mut buf = [0; 4_096];
            while far.read_exact(&mut buf).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        near.write_all(&[0; 600_000]).await.unwrap();
    }
}
