//! The network between two processes: a proxy that passes everything on, until it is told otherwise.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Everything arrives.
    Whole,
    /// Connections are closed, and new ones at once.
    Cut,
    /// Connections stay and nothing arrives; it does once the network is whole again.
    Stalled,
    /// What clients send arrives; the answers are lost, and with them their connections once the network is whole.
    AnswersLost,
    /// Connections are half closed: nothing more can be sent to the server, its answers still arrive.
    HalfClosed,
}

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Upstream {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Upstream {
    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    }
}

/// A proxy on a port of its own. A connection goes to the first of its upstreams that takes it.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    network: watch::Sender<Network>,
    upstreams: Arc<Mutex<Vec<Upstream>>>,
}

impl Proxy {
    pub(crate) async fn start(upstreams: Vec<Upstream>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let (network, seen) = watch::channel(Network::Whole);
        let upstreams = Arc::new(Mutex::new(upstreams));
        let shared = Arc::clone(&upstreams);
        // Ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, seen) = (Arc::clone(&shared), seen.clone());
                tokio::spawn(async move {
                    // A broken connection is nothing to report here.
                    let _ = pass_on(client, &shared, seen).await;
                });
            }
        });
        Self { address, network, upstreams }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Where new connections go from now on.
    pub(crate) fn lead_to(&self, upstreams: Vec<Upstream>) {
        *self.upstreams.lock().expect("nobody panics while holding it") = upstreams;
    }
}

async fn pass_on(
    client: TcpStream,
    upstreams: &Mutex<Vec<Upstream>>,
    mut network: watch::Receiver<Network>,
) -> io::Result<()> {
    let closed = || io::Error::from(io::ErrorKind::ConnectionReset);
    let at_accept = *network.wait_for(|now| *now != Network::Stalled).await.map_err(|_| closed())?;
    if at_accept == Network::Cut {
        return Ok(());
    }
    let candidates = upstreams.lock().expect("nobody panics while holding it").clone();
    let mut server = None;
    for upstream in candidates {
        if let Ok(stream) = upstream.connect().await {
            server = Some(stream);
            break;
        }
    }
    let (from_server, to_server) = tokio::io::split(server.ok_or_else(closed)?);
    let (from_client, to_client) = tokio::io::split(client);
    // When one way ends in an error, the connection does.
    tokio::try_join!(
        requests(from_client, to_server, network.clone(), at_accept),
        answers(from_server, to_client, network)
    )?;
    Ok(())
}

/// From client to server. A connection that was accepted in a half-closed network is whole.
async fn requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut network: watch::Receiver<Network>,
    at_accept: Network,
) -> io::Result<()> {
    let closed = || io::Error::from(io::ErrorKind::ConnectionReset);
    let mut buffer = vec![0; 64 << 10];
    let mut exempt = at_accept == Network::HalfClosed;
    loop {
        let now = *network.borrow_and_update();
        exempt &= now == Network::HalfClosed;
        match now {
            Network::Cut => return Err(closed()),
            Network::HalfClosed if !exempt => return to.shutdown().await,
            Network::Stalled => {
                network.changed().await.map_err(|_| closed())?;
                continue;
            }
            _ => {}
        }
        tokio::select! {
            changed = network.changed() => changed.map_err(|_| closed())?,
            read = from.read(&mut buffer) => match read? {
                0 => return to.shutdown().await,
                length => {
                    // What was on its way when the network stalled arrives when it is whole.
                    network.wait_for(|now| *now != Network::Stalled).await.map_err(|_| closed())?;
                    to.write_all(&buffer[..length]).await?;
                }
            }
        }
    }
}

/// From server to client.
async fn answers(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut network: watch::Receiver<Network>,
) -> io::Result<()> {
    let closed = || io::Error::from(io::ErrorKind::ConnectionReset);
    let mut buffer = vec![0; 64 << 10];
    let mut lost = false;
    loop {
        let now = *network.borrow_and_update();
        match now {
            Network::Cut => return Err(closed()),
            Network::Stalled => {
                network.changed().await.map_err(|_| closed())?;
                continue;
            }
            Network::AnswersLost => {}
            _ if lost => return Err(closed()),
            _ => {}
        }
        tokio::select! {
            changed = network.changed() => changed.map_err(|_| closed())?,
            read = from.read(&mut buffer) => match read? {
                0 => return to.shutdown().await,
                length => {
                    let now = *network.wait_for(|now| *now != Network::Stalled).await.map_err(|_| closed())?;
                    if now == Network::AnswersLost {
                        lost = true;
                    } else {
                        to.write_all(&buffer[..length]).await?;
                    }
                }
            }
        }
    }
}
