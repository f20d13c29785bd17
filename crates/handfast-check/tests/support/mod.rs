//! A small strict server with a parser of its own, and one switch a rule that makes it break this rule and only this.

mod extensions;
mod request;
mod respond;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Which rule is broken, and what a request needs to know of the server.
pub struct Server {
    fault: String,
    address: SocketAddr,
    turn: AtomicUsize,
    /// Keys of those who were let in with a login.
    keys: Mutex<HashSet<String>>,
}

impl Server {
    /// The switch of this rule is on.
    pub fn breaks(&self, rule: &str) -> bool {
        self.fault == rule
    }

    /// Keeps the key of somebody who has logged in.
    fn remember(&self, key: &str) {
        self.keys.lock().expect("no holder panics").insert(key.to_owned());
    }

    fn remembers(&self, key: &str) -> bool {
        self.keys.lock().expect("no holder panics").contains(key)
    }

    /// A number that changes with each call: for answers that change from run to run.
    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

/// Starts a server that breaks this rule (none for an empty text) and gives its address.
pub async fn start(fault: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = Arc::new(Server {
        fault: fault.to_owned(),
        address,
        turn: AtomicUsize::new(0),
        keys: Mutex::default(),
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let _gone = handle(&server, stream).await;
            });
        }
    });
    address
}

async fn handle(server: &Server, mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::new();
    let outcome = request::read(server, &mut stream, &mut bytes).await?;
    let (head, rest) = match outcome {
        request::Read::Whole(head, used) => (head, bytes[used..].to_vec()),
        request::Read::Gone => return Ok(()),
        request::Read::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        request::Read::Wrong(status) => {
            return refuse(server, &mut stream, &respond::Refusal::new(status)).await;
        }
    };
    match respond::judge(server, &head) {
        Err(refusal) => refuse(server, &mut stream, &refusal).await,
        Ok(answer) => {
            if answer.sends_100 {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            }
            stream.write_all(&answer.head).await?;
            let rest = if server.breaks("server/pipelined-bytes-lost") || answer.skips_rest {
                Vec::new()
            } else {
                rest
            };
            if answer.closes_at_once {
                return stream.shutdown().await;
            }
            if answer.closes_politely {
                return stream.write_all(&[0x88, 2, 0x03, 0xF0]).await;
            }
            echo(server, &mut stream, rest).await
        }
    }
}

async fn refuse(server: &Server, stream: &mut TcpStream, refusal: &respond::Refusal) -> std::io::Result<()> {
    if let Some(bytes) = refusal.bytes(server) {
        stream.write_all(&bytes).await?;
    }
    stream.shutdown().await?;
    // What is unread when a socket closes turns the close into a reset: read it.
    let mut sink = vec![0; 64 * 1024];
    while let Ok(Ok(length)) = timeout(Duration::from_secs(2), stream.read(&mut sink)).await {
        if length == 0 {
            break;
        }
    }
    Ok(())
}

/// Echoes text, answers pings and the close.
async fn echo(server: &Server, stream: &mut TcpStream, mut bytes: Vec<u8>) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    let mut first = true;
    loop {
        while let Some((opcode, payload, used)) = frame(&bytes) {
            bytes.drain(..used);
            let reply = match opcode {
                8 => 8,
                9 => 10,
                other => other,
            };
            let mut out = vec![0x80 | reply, u8::try_from(payload.len()).expect("short frames only")];
            out.extend(payload);
            stream.write_all(&out).await?;
            if opcode == 8 {
                return stream.shutdown().await;
            }
        }
        if first && server.breaks("server/response-trailing-bytes") {
            first = false;
            match timeout(Duration::from_millis(100), stream.read(&mut buffer)).await {
                Ok(length) => bytes.extend(&buffer[..length?]),
                Err(_) => stream.write_all(b"\r\n").await?,
            }
            continue;
        }
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        bytes.extend(&buffer[..length]);
    }
}

fn frame(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let length = usize::from(bytes.get(1)? & 0x7F);
    assert!(length < 126, "the checker sends short frames only");
    let mask = bytes.get(2..6)?;
    let payload = bytes.get(6..6 + length)?;
    let payload = payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect();
    Some((bytes[0] & 0x0F, payload, 6 + length))
}
