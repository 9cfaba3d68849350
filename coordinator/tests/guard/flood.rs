//! Thousands who connect and do not say who they are.

use crate::door::{Door, Kind, list};
use futures::{StreamExt, stream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use superposed::guard::Role;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};

/// Clients that have a token.
const GOOD: usize = 8;

/// How often each of them asks at least while the others are connected.
const ASKED: usize = 100;

/// A good client that waited this long was starved. (Its real wait is printed.)
const STARVED: Duration = Duration::from_secs(10);

/// Where they are, who do not say who they are; the good are at 127.0.0.1.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0);

/// One that never says who it is: silent, talking nonsense, or speaking HTTP without a token.
async fn stranger(door: &Door, number: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(ELSEWHERE).ok()?;
    let mut connection = socket.connect(door.address).await.ok()?;
    let said: &[u8] = match number % 4 {
        0 => b"",
        // The head of a handshake, never finished.
        1 => &[22, 3, 1, 2, 0, 1, 0],
        2 => b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    };
    let _ = connection.write_all(said).await;
    Some(connection)
}

/// Good clients ask while so many others connect, and while they stay. Every fourth request is over a new connection.
async fn withstand(kind: Kind, strangers: usize) {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits are known");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the soft limit may be raised");
    assert!(hard > strangers as u64 + 2_000, "this test needs more file descriptors: ulimit -Hn {}", strangers + 2_000);
    let door = Arc::new(Door::open(kind).await);
    let flooded = Arc::new(AtomicBool::new(false));
    let good: Vec<_> = (0..GOOD)
        .map(|_| {
            let (door, flooded) = (Arc::clone(&door), Arc::clone(&flooded));
            tokio::spawn(async move {
                let mut known = door.campaigns(Some(Role::Viewer));
                list(&mut known).await.expect("a viewer may look");
                let (mut waits, mut afterwards) = (Vec::new(), 0);
                while afterwards < ASKED {
                    afterwards += usize::from(flooded.load(Ordering::Relaxed));
                    let start = Instant::now();
                    if waits.len() % 4 == 0 {
                        list(&mut door.campaigns(Some(Role::Viewer))).await.expect("who is new is served");
                    } else {
                        list(&mut known).await.expect("who is known is served");
                    }
                    waits.push(start.elapsed());
                }
                waits
            })
        })
        .collect();
    let start = Instant::now();
    let connected: Vec<_> = stream::iter(0..strangers)
        .map(|number| stranger(&door, number))
        .buffer_unordered(256)
        .filter_map(async |connection| connection)
        .collect()
        .await;
    let took = start.elapsed();
    flooded.store(true, Ordering::Relaxed);
    let mut waits = Vec::new();
    for client in good {
        waits.extend(client.await.expect("every good client is served"));
    }
    assert_eq!(connected.len(), strangers, "the machine could not connect so many");
    waits.sort_unstable();
    let share = |of_thousand: usize| waits[waits.len() * of_thousand / 1_000];
    eprintln!(
        "{kind:?}: {strangers} strangers connected in {took:.1?}; {} requests of {GOOD} good clients: median {:.1?}, p99 \
         {:.1?}, longest {:.1?}",
        waits.len(),
        share(500),
        share(990),
        waits[waits.len() - 1]
    );
    assert!(waits[waits.len() - 1] < STARVED, "a good client was starved");
    list(&mut door.campaigns(Some(Role::Viewer))).await.expect("it is served on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_strangers_do_not_keep_the_others_from_being_served() {
    withstand(Kind::Tls, 2_000).await;
}

/// `cargo nextest run -p superposed --test guard --run-ignored only --no-capture ten_thousand`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "opens 10,000 connections of each kind"]
async fn ten_thousand_strangers_do_not_keep_the_others_from_being_served() {
    for kind in [Kind::Plain, Kind::Tls] {
        withstand(kind, 10_000).await;
    }
}
