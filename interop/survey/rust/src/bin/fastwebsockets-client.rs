//! The client of fastwebsockets, after its documentation: connects, and ends with the connection.
//! fastwebsockets-client URL

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
    let Ok((socket, _)) = handshake::client(&Spawner, request, stream).await else { return };
    let mut socket = FragmentCollector::new(socket);
    while let Ok(frame) = socket.read_frame().await {
        if frame.opcode == OpCode::Close {
            return;
        }
    }
}
