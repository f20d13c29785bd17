//! From a name to a connected stream: all its addresses, each with a small head start (RFC 8305).

use super::{Observer, Step};
use crate::Error;
use crate::error::{Phase, Unreachable};
use crate::moment;
use crate::tcp::Tcp;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// A deadline, and how long it was when it was set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    pub(crate) after: Duration,
}

impl Deadline {
    pub(crate) fn after(after: Duration) -> Self {
        Self { at: moment::after(Instant::now(), after), after }
    }

    /// The error of what was not done in time.
    pub(crate) fn missed(&self, phase: Phase) -> Error {
        Error::Timeout { phase, after: self.after }
    }
}

/// Where a TCP connection goes to and comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) is_proxy: bool,
    pub(crate) local: Option<IpAddr>,
}

/// Connects to the first of the host's addresses that answers.
pub(crate) async fn connect(
    to: Destination<'_>,
    deadline: Deadline,
    observer: &Observer,
) -> Result<Tcp, Error> {
    let unreachable = |resolve, attempts| {
        let (host, port, is_proxy) = (to.host.to_owned(), to.port, to.is_proxy);
        Error::Unreachable(Box::new(Unreachable { host, port, is_proxy, is_unix: false, resolve, attempts }))
    };
    let addresses = addresses(to, deadline).await?.map_err(|error| unreachable(Some(error), Vec::new()))?;
    observer(Step::Resolved(&addresses));
    let begin = |address| {
        observer(Step::Connecting(address));
        dial(address, to.local)
    };
    let (address, tcp) =
        race(&addresses, begin, deadline.at).await.map_err(|attempts| unreachable(None, attempts))?;
    // It only delays small writes if it fails.
    let _ = tcp.set_nodelay(true);
    observer(Step::Connected(address));
    Ok(tcp.into())
}

/// The addresses of a host in the order in which they are to be tried; the outer error is the missed deadline.
pub(crate) async fn addresses(
    to: Destination<'_>,
    deadline: Deadline,
) -> Result<io::Result<Vec<SocketAddr>>, Error> {
    timeout_at(deadline.at, resolve(to)).await.map_err(|_| deadline.missed(Phase::Connect))
}

async fn resolve(to: Destination<'_>) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = match to.host.parse::<IpAddr>() {
        Ok(address) => vec![(address, to.port).into()],
        Err(_) => tokio::net::lookup_host((to.host, to.port)).await?.collect(),
    };
    if let Some(local) = to.local {
        addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
    }
    if addresses.is_empty() {
        let family = match to.local {
            Some(IpAddr::V4(_)) => "the name has no IPv4 address, and one is bound",
            Some(IpAddr::V6(_)) => "the name has no IPv6 address, and one is bound",
            None => "the name has no address",
        };
        return Err(io::Error::new(io::ErrorKind::NotFound, family));
    }
    Ok(interleave(&addresses))
}

/// Both families in turn, beginning with that of the first address: the resolver knows which one is to be preferred
/// (RFC 8305 section 4, with a First Address Family Count of 1).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_first = |address: &&SocketAddr| address.is_ipv6() == addresses[0].is_ipv6();
    let mut preferred = addresses.iter().filter(is_first);
    let mut other = addresses.iter().filter(|address| !is_first(address));
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(preferred.next().into_iter().chain(other.next()));
    }
    mixed
}

async fn dial(address: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(local) = local else { return TcpStream::connect(address).await };
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind((local, 0).into())?;
    socket.connect(address).await
}

/// Begins an attempt every [`STAGGER`], and at once when one fails; the first that succeeds wins and the others are dropped.
/// Otherwise the addresses that were tried, each with its error.
async fn race<T, F>(
    addresses: &[SocketAddr],
    mut begin: impl FnMut(SocketAddr) -> F,
    deadline: Instant,
) -> Result<(SocketAddr, T), Vec<(SocketAddr, io::Error)>>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.iter().copied();
    let mut running: Vec<(SocketAddr, Pin<Box<F>>)> = Vec::new();
    let mut failed = Vec::new();
    loop {
        match waiting.next() {
            Some(address) => running.push((address, Box::pin(begin(address)))),
            None if running.is_empty() => return Err(failed),
            None => {}
        }
        tokio::select! {
            biased;
            (address, result) = first(&mut running) => match result {
                Ok(connected) => return Ok((address, connected)),
                Err(error) => failed.push((address, error)),
            },
            () = sleep_until(deadline) => {
                let late = || io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
                failed.extend(running.iter().map(|(address, _)| (*address, late())));
                return Err(failed);
            }
            () = sleep(STAGGER), if waiting.len() > 0 => {}
        }
    }
}

/// The result of the attempt that ends first; it is taken out.
async fn first<F: Future>(running: &mut Vec<(SocketAddr, Pin<Box<F>>)>) -> (SocketAddr, F::Output) {
    poll_fn(|cx| {
        for at in 0..running.len() {
            if let Poll::Ready(output) = running[at].1.as_mut().poll(cx) {
                return Poll::Ready((running.remove(at).0, output));
            }
        }
        Poll::Pending
    })
    .await
}

/// RFC 8305 section 8, Connection Attempt Delay.
const STAGGER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Each address stands for how long it takes and whether it succeeds.
    async fn raced(
        plan: &[(&str, u64, bool)],
        limit_ms: u64,
    ) -> (Result<SocketAddr, usize>, Vec<(u64, SocketAddr)>, u64) {
        let started = Instant::now();
        let begun = RefCell::new(Vec::new());
        let addresses: Vec<_> = plan.iter().map(|(text, ..)| address(text)).collect();
        let begin = |address: SocketAddr| {
            begun.borrow_mut().push((u64::try_from(started.elapsed().as_millis()).unwrap(), address));
            let (_, takes, succeeds) = *plan.iter().find(|(text, ..)| text.parse() == Ok(address)).unwrap();
            async move {
                sleep(Duration::from_millis(takes)).await;
                if succeeds { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
            }
        };
        let result = race(&addresses, begin, started + Duration::from_millis(limit_ms)).await;
        let result = result.map(|(address, ())| address).map_err(|failed| failed.len());
        (result, begun.into_inner(), u64::try_from(started.elapsed().as_millis()).unwrap())
    }

    const A: &str = "[2001:db8::1]:80";
    const B: &str = "192.0.2.1:80";
    const C: &str = "192.0.2.2:80";

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_delays_the_next_by_250_ms_only() {
        let (result, begun, took) = raced(&[(A, 100_000, true), (B, 20, true), (C, 1, true)], 10_000).await;
        assert_eq!(result, Ok(address(B)));
        assert_eq!(begun, [(0, address(A)), (250, address(B))]);
        assert_eq!(took, 270);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_address_still_wins_when_it_is_first_to_connect() {
        let (result, begun, took) = raced(&[(A, 300, true), (B, 500, true)], 10_000).await;
        assert_eq!((result, begun.len(), took), (Ok(address(A)), 2, 300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_address_gives_way_at_once() {
        let (result, begun, took) = raced(&[(A, 10, false), (B, 10, false), (C, 10, true)], 10_000).await;
        assert_eq!(result, Ok(address(C)));
        assert_eq!(begun, [(0, address(A)), (10, address(B)), (20, address(C))]);
        assert_eq!(took, 30);
    }

    #[tokio::test(start_paused = true)]
    async fn every_failure_is_told_and_the_deadline_ends_what_is_left() {
        assert_eq!(raced(&[(A, 10, false), (B, 400, false)], 10_000).await.0, Err(2));
        let (result, _, took) = raced(&[(A, 10, false), (B, 100_000, true), (C, 100_000, true)], 1000).await;
        assert_eq!((result, took), (Err(3), 1000));
    }

    #[test]
    fn families_take_turns_and_the_first_stays_first() {
        let texts = |texts: &[&str]| texts.iter().map(|text| address(text)).collect::<Vec<_>>();
        let (a2, a3) = ("[2001:db8::2]:80", "[2001:db8::3]:80");
        assert_eq!(interleave(&texts(&[A, a2, a3, B])), texts(&[A, B, a2, a3]));
        assert_eq!(interleave(&texts(&[B, C, A])), texts(&[B, A, C]));
        assert_eq!(interleave(&texts(&[B])), texts(&[B]));
    }
}
