//! The accept loop: takes connections, shakes hands, and hands over to the server what came of it.

use super::{
    Guard,
    connection::{Connection, Verdict, Wire},
    register::{Guest, Stay},
    seldom::Seldom,
};
use futures::Stream;
use rustls::ServerConfig;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;

/// Connections that are ready and not yet taken by the server.
const READY: usize = 64;

/// A system that cannot give out connections (no descriptors are left, say) is asked again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// What is still read of somebody whose handshake failed, in bytes, and for how long.
const LAST_WORDS: u64 = 16 << 10;
const LINGER: Duration = Duration::from_secs(1);

pub(super) fn accept(
    listener: TcpListener,
    guard: &Guard,
) -> impl Stream<Item = io::Result<Connection>> + Send + use<> {
    let (ready, connections) = mpsc::channel(READY);
    let guard = guard.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = serve(&listener, &guard, &ready) => {}
            // The server has ended, and with it its listener.
            () = ready.closed() => {}
        }
    });
    ReceiverStream::new(connections)
}

async fn serve(listener: &TcpListener, guard: &Guard, ready: &mpsc::Sender<io::Result<Connection>>) {
    let failures = Seldom::default();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                failures.say(|times| tracing::warn!(%error, times, "a connection cannot be accepted"));
                sleep(PAUSE).await;
                continue;
            }
        };
        let Some((guest, stay)) = guard.register.admit(peer) else { continue };
        // An answer in several pieces must not wait for the other side's word on the first: that takes 40 ms.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &guard.tls else {
            let connection = introduced(Wire::Plain(stream), guest, stay, !guard.authenticates());
            let _ = ready.send(Ok(connection)).await;
            continue;
        };
        // With what the files say now.
        let config = tls.now();
        // Who has shown a certificate is no stranger.
        let is_known = guard.certified || !guard.authenticates();
        let ready = ready.clone();
        tokio::spawn(async move {
            if let Some(connection) = shake_hands(stream, peer, config, guest, stay, is_known).await {
                let _ = ready.send(Ok(connection)).await;
            }
        });
    }
}

/// A connection under TLS, unless the handshake fails, or its guest has to go before it is done.
async fn shake_hands(
    stream: TcpStream,
    peer: SocketAddr,
    config: Arc<ServerConfig>,
    guest: Guest,
    stay: Stay,
    is_known: bool,
) -> Option<Connection> {
    let mut leave = Box::pin(stay.ended());
    let shaken = tokio::select! {
        shaken = accepted(stream, config) => shaken,
        verdict = &mut leave => {
            tracing::debug!(%peer, ?verdict, "no handshake in time");
            return None;
        }
    };
    let stream = match shaken {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%peer, %error, "the handshake failed");
            return None;
        }
    };
    if is_known {
        guest.welcome();
    }
    Some(Connection::new(Wire::Tls(Box::new(stream)), guest, leave))
}

/// The handshake. When it fails, the other side hears why: a connection that is closed while something in it was not read
/// is reset, and the alert lost.
async fn accepted(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<TlsStream<TcpStream>> {
    match TlsAcceptor::from(config).accept(stream).into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, mut stream)) => {
            let _ = stream.shutdown().await;
            let mut rest = stream.take(LAST_WORDS);
            let _ = timeout(LINGER, io::copy(&mut rest, &mut io::sink())).await;
            Err(error)
        }
    }
}

fn introduced(wire: Wire, guest: Guest, stay: Stay, is_known: bool) -> Connection {
    if is_known {
        guest.welcome();
        return Connection::new(wire, guest, async { Verdict::Known });
    }
    Connection::new(wire, guest, stay.ended())
}
