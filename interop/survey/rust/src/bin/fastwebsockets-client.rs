//! The client of fastwebsockets, after its documentation: connects, and ends with the connection.
//! fastwebsockets-client URL
//! A last line says how: `failed: WHY` where it did not open, `lost: WHY` or `closed: CODE` where it did.

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, OpCode, handshake};
use http_body_util::Empty;
use hyper::header::{CONNECTION, UPGRADE};
use hyper::rt::Executor;
use hyper::{Request, Uri};
use tokio::net::TcpStream;

struct Spawner;

impl<F> Executor<F> for Spawner
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).and_then(|url| url.parse::<Uri>().ok()).expect("a URL");
    let authority = url.authority().expect("a host").clone();
    let stream = TcpStream::connect(authority.as_str()).await.expect("a connection");
    let target = url.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let request = Request::get(target)
        .header("Host", authority.as_str())
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "upgrade")
        .header("Sec-WebSocket-Key", handshake::generate_key())
        .header("Sec-WebSocket-Version", "13")
        .body(Empty::<Bytes>::new())
        .expect("a request");
    let socket = match handshake::client(&Spawner, request, stream).await {
        Ok((socket, _)) => socket,
        Err(error) => return eprintln!("failed: {error}"),
    };
    let mut socket = FragmentCollector::new(socket);
    loop {
        match socket.read_frame().await {
            Ok(frame) if frame.opcode == OpCode::Close => {
                let code = frame.payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
                return eprintln!("closed: {code}");
            }
            Ok(_) => {}
            Err(error) => return eprintln!("lost: {error}"),
        }
    }
}
