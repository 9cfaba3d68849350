//! A proxy before a server that does to requests what networks and overloaded servers do.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
};

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is answered with 503 and `SlowDown`, as are the next ones: throttling comes in bursts.
    SlowDown,
    /// The connection ends in the middle of it.
    CutRequest,
    /// It is served, and the connection ends in the middle of the answer.
    CutAnswer,
    /// The connection is reset before it is read.
    Reset,
    /// The answer comes a few bytes at a time.
    Slow,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::SlowDown, Self::CutRequest, Self::CutAnswer, Self::Reset, Self::Slow];
}

/// What a proxy does to requests from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Clear,
    /// To one of so many a fault, drawn from all.
    Faults(u32),
    /// All are answered with 503.
    Overloaded,
}

/// A proxy with a thread of its own, which ends with it. Which request in their order meets what follows from its seed.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

#[derive(Debug)]
struct State {
    weather: Weather,
    random: ChaCha8Rng,
    /// Requests that the burst of throttling still meets.
    burst: u32,
    done: BTreeMap<Fault, u64>,
}

impl FaultProxy {
    /// Starts a proxy before a server.
    ///
    /// # Panics
    /// When there is no port to be had.
    #[must_use]
    pub fn start(upstream: SocketAddr, seed: u64, weather: Weather) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (listener, address) = super::listen(&runtime);
        let random = ChaCha8Rng::seed_from_u64(seed);
        let state = Arc::new(Mutex::new(State { weather, random, burst: 0, done: BTreeMap::new() }));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A broken connection is what this is about.
                    let _ = serve(client, upstream, &shared).await;
                });
            }
        });
        Self { address, state, runtime: Some(runtime) }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does.
    pub fn set(&self, weather: Weather) {
        self.state.lock().expect("nobody panics with it").weather = weather;
    }

    /// How many requests met which fault so far.
    #[must_use]
    pub fn done(&self) -> BTreeMap<Fault, u64> {
        self.state.lock().expect("nobody panics with it").done.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl State {
    /// What the next request meets, and a number for how.
    fn next(&mut self) -> (Option<Fault>, u32) {
        let how = self.random.next_u32();
        let fault = match self.weather {
            Weather::Overloaded => Some(Fault::SlowDown),
            Weather::Clear => None,
            Weather::Faults(_) if self.burst > 0 => {
                self.burst -= 1;
                Some(Fault::SlowDown)
            }
            Weather::Faults(one_of) if self.random.next_u32().is_multiple_of(one_of) => {
                let fault = Fault::ALL[self.random.next_u32() as usize % Fault::ALL.len()];
                if fault == Fault::SlowDown {
                    self.burst = how % 8;
                }
                Some(fault)
            }
            Weather::Faults(_) => None,
        };
        if let Some(fault) = fault {
            *self.done.entry(fault).or_default() += 1;
        }
        (fault, how)
    }
}

const SLOW_DOWN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code><Message>Please reduce your \
                         request rate.</Message></Error>";

/// Serves one request: the connection ends after it, so that where requests begin need not be told.
async fn serve(mut client: TcpStream, upstream: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    let _ = client.set_nodelay(true);
    let (mut request, body) = read_head(&mut client).await?;
    let (fault, how) = state.lock().expect("nobody panics with it").next();
    if fault == Some(Fault::Reset) {
        return client.set_zero_linger();
    }
    let head = request.len();
    request.resize(head + body.length, 0);
    request[head..head + body.begun.len()].copy_from_slice(&body.begun);
    client.read_exact(&mut request[head + body.begun.len()..]).await?;
    if fault == Some(Fault::SlowDown) {
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: \
             close\r\n\r\n{SLOW_DOWN}",
            SLOW_DOWN.len()
        );
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(upstream).await?;
    let _ = server.set_nodelay(true);
    if fault == Some(Fault::CutRequest) {
        let cut = 1 + how as usize % (request.len() - 1);
        return server.write_all(&request[..cut]).await;
    }
    server.write_all(&request).await?;
    let mut left = if fault == Some(Fault::CutAnswer) { how as usize % 400 } else { usize::MAX };
    let mut buffer = [0; 1 << 14];
    let piece = if fault == Some(Fault::Slow) { 100 } else { buffer.len() };
    while left > 0 {
        let most = piece.min(left);
        let read = server.read(&mut buffer[..most]).await?;
        if read == 0 {
            break;
        }
        client.write_all(&buffer[..read]).await?;
        left -= read;
        if fault == Some(Fault::Slow) {
            // This is the fault.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    client.shutdown().await
}

/// The body of a request.
struct Body {
    length: usize,
    /// What came with the head.
    begun: Vec<u8>,
}

/// Reads the head of a request, and has it ask the server to end the connection after its answer.
async fn read_head(client: &mut TcpStream) -> io::Result<(Vec<u8>, Body)> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let begun = head.split_off(end + 4);
    head.truncate(end);
    let text = String::from_utf8_lossy(&head).into_owned();
    let lines = text.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let length = text.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let head = lines.collect::<Vec<_>>().join("\r\n") + "\r\nconnection: close\r\n\r\n";
    Ok((head.into_bytes(), Body { length: length.unwrap_or(0), begun }))
}
