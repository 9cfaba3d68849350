//! A connection that ends when its guest has to go.

use super::register::{Guest, Stay};
use std::{
    fmt,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// What is spoken over.
#[derive(Debug)]
pub(super) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection as the server takes it. Requests carry its guest as an extension.
pub struct Connection {
    wire: Wire,
    guest: Arc<Guest>,
    /// Ends when the guest has to go. Nothing any more once it is known.
    leave: Option<Pin<Box<dyn Future<Output = Verdict> + Send>>>,
}

/// What became of a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Known,
    MustGo,
}

impl Stay {
    /// Waits until the stranger is known, or its time or its place is gone.
    pub(super) async fn ended(self) -> Verdict {
        let Self { place, patience } = self;
        tokio::select! {
            told = place => if told.is_ok() { Verdict::Known } else { Verdict::MustGo },
            () = patience => Verdict::MustGo,
        }
    }
}

impl Connection {
    pub(super) fn new(wire: Wire, guest: Guest, leave: impl Future<Output = Verdict> + Send + 'static) -> Self {
        Self { wire, guest: Arc::new(guest), leave: Some(Box::pin(leave)) }
    }

    /// Whether the guest has to go now. Who asks is woken when that changes.
    fn must_go(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(leave) = &mut self.leave else { return false };
        match leave.as_mut().poll(cx) {
            Poll::Pending => false,
            Poll::Ready(Verdict::MustGo) => {
                // Asked again, it says the same.
                self.leave = Some(Box::pin(async { Verdict::MustGo }));
                true
            }
            Poll::Ready(Verdict::Known) => {
                self.leave = None;
                false
            }
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl Connected for Connection {
    type ConnectInfo = Arc<Guest>;

    fn connect_info(&self) -> Arc<Guest> {
        Arc::clone(&self.guest)
    }
}

/// The wire, pinned.
macro_rules! wire {
    ($connection:expr, $wire:ident => $call:expr) => {
        match &mut $connection.get_mut().wire {
            Wire::Plain(stream) => {
                let $wire = Pin::new(stream);
                $call
            }
            Wire::Tls(stream) => {
                let $wire = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.must_go(cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nobody was authenticated in time")));
        }
        wire!(self, wire => wire.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        wire!(self, wire => wire.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        wire!(self, wire => wire.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.wire {
            Wire::Plain(stream) => stream.is_write_vectored(),
            Wire::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        wire!(self, wire => wire.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        wire!(self, wire => wire.poll_shutdown(cx))
    }
}
