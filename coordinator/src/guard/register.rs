//! Who is connected.
//!
//! A connection is a stranger's until a request on it was authenticated (or its client certificate was). There are few places
//! for strangers, and who does not leave theirs in time loses it. **Whoever comes when all are taken is let in, and the
//! oldest stranger of the address that has most of them goes**: thousands of idle connections from somewhere do not keep
//! anybody else from coming in, and those who are known do not notice them.

use super::{Limits, seldom::Seldom};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    sync::oneshot,
    time::{Sleep, sleep},
};

/// All connections of a coordinator.
#[derive(Debug)]
pub(super) struct Register {
    limits: Limits,
    open: AtomicUsize,
    strangers: Mutex<Strangers>,
    evicted: Seldom,
    turned_away: Seldom,
}

/// Strangers by whence they come and when they came.
#[derive(Debug, Default)]
struct Strangers {
    by_address: HashMap<IpAddr, BTreeMap<u64, oneshot::Sender<()>>>,
    count: usize,
    next: u64,
}

/// One connection's entry. It ends with the connection.
#[derive(Debug)]
pub struct Guest {
    register: Arc<Register>,
    address: IpAddr,
    number: u64,
}

/// When a stranger must go.
#[derive(Debug)]
pub(super) struct Stay {
    /// Told something when its guest becomes known, and closed when its place goes to another.
    pub(super) place: oneshot::Receiver<()>,
    pub(super) patience: Sleep,
}

impl Register {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: AtomicUsize::new(0),
            strangers: Mutex::default(),
            evicted: Seldom::default(),
            turned_away: Seldom::default(),
        }
    }

    /// Enters a connection, if there is room for it.
    pub(super) fn admit(self: &Arc<Self>, peer: SocketAddr) -> Option<(Guest, Stay)> {
        let address = neighbourhood(peer.ip());
        let (place, number, evicted) = {
            let mut strangers = self.strangers();
            let full = self.open.load(Ordering::Relaxed) >= self.limits.connections;
            let evicted = if full || strangers.count >= self.limits.strangers { strangers.evict() } else { None };
            if full && evicted.is_none() {
                drop(strangers);
                self.turned_away.say(|times| {
                    tracing::warn!(times, "all connections are taken; whoever comes is turned away");
                });
                return None;
            }
            let (sender, place) = oneshot::channel();
            (place, strangers.enter(address, sender), evicted)
        };
        if let Some(from) = evicted {
            self.evicted.say(|times| {
                tracing::warn!(%from, times, "too many connect without saying who they are; the oldest had to go");
            });
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        let guest = Guest { register: Arc::clone(self), address, number };
        Some((guest, Stay { place, patience: sleep(self.limits.patience) }))
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().expect("nothing panics with it")
    }
}

impl Strangers {
    fn enter(&mut self, address: IpAddr, sender: oneshot::Sender<()>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.count += 1;
        self.by_address.entry(address).or_default().insert(number, sender);
        number
    }

    fn remove(&mut self, address: IpAddr, number: u64) -> Option<oneshot::Sender<()>> {
        let those = self.by_address.get_mut(&address)?;
        let sender = those.remove(&number);
        if those.is_empty() {
            self.by_address.remove(&address);
        }
        self.count -= usize::from(sender.is_some());
        sender
    }

    /// Lets the oldest of the address with most strangers go; returns the address.
    fn evict(&mut self) -> Option<IpAddr> {
        let (&address, those) = self.by_address.iter().max_by_key(|(_, those)| those.len())?;
        let number = *those.first_key_value()?.0;
        self.remove(address, number);
        Some(address)
    }
}

impl Guest {
    /// Somebody was authenticated on this connection: it is no stranger's any more.
    pub(super) fn welcome(&self) {
        if let Some(place) = self.register.strangers().remove(self.address, self.number) {
            let _ = place.send(());
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.register.strangers().remove(self.address, self.number);
        self.register.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What counts as one address: with IPv6, everybody has 2^64 of them.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot::error::TryRecvError;

    fn register(connections: usize, strangers: usize) -> Arc<Register> {
        Arc::new(Register::new(Limits { connections, strangers, patience: Duration::from_secs(10) }))
    }

    fn from(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().expect("an address"), 1)
    }

    #[tokio::test]
    async fn who_floods_makes_room_for_others_and_who_is_known_stays() {
        let register = register(100, 3);
        let (known, mut its_stay) = register.admit(from("10.0.0.1")).expect("room");
        known.welcome();
        assert_eq!(its_stay.place.try_recv(), Ok(()));
        let (_quiet, mut quiet) = register.admit(from("10.0.0.2")).expect("room");
        let mut flood: Vec<_> = (0..50).map(|_| register.admit(from("10.0.0.3")).expect("room")).collect();
        assert_eq!(quiet.place.try_recv(), Err(TryRecvError::Empty), "somebody else had to go for the flood");
        let stay = |(_, stay): &mut (Guest, Stay)| stay.place.try_recv() == Err(TryRecvError::Empty);
        let left: Vec<bool> = flood.iter_mut().map(stay).collect();
        assert_eq!(left.iter().position(|stays| *stays), Some(48), "the oldest go first");
        assert_eq!(register.strangers().count, 3);
        drop(flood);
        assert_eq!((register.strangers().count, register.open.load(Ordering::Relaxed)), (1, 2));
    }

    #[tokio::test]
    async fn when_all_connections_are_taken_by_the_known_others_are_turned_away() {
        let register = register(2, 2);
        let guests: Vec<_> = (0..2).map(|_| register.admit(from("10.0.0.1")).expect("room")).collect();
        guests[0].0.welcome();
        // The second goes: it is a stranger still.
        let (third, _) = register.admit(from("10.0.0.2")).expect("a stranger's place");
        third.welcome();
        drop(guests);
        let (fourth, _) = register.admit(from("10.0.0.2")).expect("room");
        fourth.welcome();
        assert!(register.admit(from("10.0.0.3")).is_none());
        drop(third);
        assert!(register.admit(from("10.0.0.3")).is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| neighbourhood(text.parse().expect("an address"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
