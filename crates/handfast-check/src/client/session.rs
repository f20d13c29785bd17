//! One connection of a client to the wrong server: the case's answer, and what came back.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::case::{Case, Manner};
use crate::limits::HEAD_BYTES_MAX;
use crate::wire::frame::{self, Frame};
use crate::wire::head::{self, Head, Parsed};

/// What one connection showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// The request's bytes.
    pub(crate) request_bytes: Vec<u8>,
    /// The request, if its head came.
    pub(crate) request: Option<Head>,
    /// The answer's bytes, at most 64 KiB of them.
    pub(crate) answer: Vec<u8>,
    /// How many bytes of an endless answer were taken.
    pub(crate) taken: usize,
    /// Bytes behind the request's head before the answer was sent.
    pub(crate) early: usize,
    /// Frames that came.
    pub(crate) frames: Vec<Frame>,
    /// The client closed the connection or reset it.
    pub(crate) closed: bool,
    /// When it began, for gaps between connections.
    pub(crate) began: Option<Instant>,
    /// From the answer to the client's close, if it closed.
    pub(crate) lasted: Duration,
}

/// How a client took an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It sent frames as one does on an open socket.
    Opened,
    /// It closed.
    Failed,
    /// It did neither in time.
    Hung,
}

/// The ping that asks whether the socket is open.
const ASK: &[u8] = b"handfast";

impl Session {
    /// How the client took the answer.
    pub(crate) fn taken(&self) -> Taken {
        let opened = self.frames.iter().any(|one| match one.opcode {
            0..=2 | 9 | 10 => one.masked,
            8 => !one
                .payload
                .get(..2)
                .is_some_and(|code| !matches!(u16::from_be_bytes([code[0], code[1]]), 1000 | 1001)),
            _ => false,
        });
        if opened {
            Taken::Opened
        } else if self.closed || self.frames.iter().any(|one| one.opcode == frame::CLOSE) {
            Taken::Failed
        } else {
            Taken::Hung
        }
    }

    /// A pong with this payload came.
    pub(crate) fn ponged(&self, payload: &[u8]) -> bool {
        self.frames.iter().any(|one| one.opcode == frame::PONG && one.payload == payload)
    }

    /// The socket was shown to be open by the answer to the ping that follows the case.
    pub(crate) fn answered_later(&self) -> bool {
        self.ponged(ASK)
    }
}

/// Plays the case on this connection. `wait` is how long a reaction may take.
pub(crate) async fn play<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    case: &Case,
    mut session: Session,
    previous: &str,
    wait: Duration,
) -> Session {
    let Some(request) = session.request.clone() else { return session };
    let mut bytes = session.request_bytes.split_off(request.length.min(session.request_bytes.len()));
    // A body is no frame, whatever it looks like.
    let body = request.first("Content-Length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    if body > bytes.len() {
        read_for(stream, &mut bytes, wait, |bytes| bytes.len() >= body).await;
    }
    bytes.drain(..body.min(bytes.len()));
    let answer = case.render(&request, previous);
    session.answer = answer[..answer.len().min(64 * 1024)].to_vec();
    if case.rule == "client/reconnect-storm" {
        session.closed = true;
        return session;
    }
    let start = match case.manner {
        Manner::Late(delay) => {
            session.closed = !read_for(stream, &mut bytes, delay, |_| false).await;
            session.early = bytes.len();
            Instant::now()
        }
        _ => Instant::now(),
    };
    if let Manner::Silent = case.manner {
        session.closed = !read_for(stream, &mut bytes, wait * 6, |_| false).await;
        session.lasted = start.elapsed();
        return session;
    }
    let sent = send(stream, case, &answer, &mut session.taken).await;
    session.closed |= !sent;
    if matches!(case.manner, Manner::Endless(_)) {
        return session;
    }
    // Frames after a 101 only; a failed client does not see them.
    if is_upgrade(&answer) {
        let ask = frame::write(frame::PING, ASK, None);
        let _gone = stream.write_all(&ask).await;
        let _gone = stream.flush().await;
    } else if !answer.is_empty() {
        // A refusal ends the connection from this side, as servers do.
        let _gone = stream.shutdown().await;
    }
    let kept = case.rule == "client/failed-connection-kept";
    let limit = if kept { Duration::from_secs(10) } else { wait };
    let open = read_for(stream, &mut bytes, limit, |bytes| !kept && decided(bytes)).await;
    session.closed |= !open;
    session.lasted = start.elapsed();
    if open && decided(&bytes) {
        // Let an open client say what it came to say, then close politely.
        converse(stream, &mut bytes).await;
    }
    session.frames = frame::read_all(&bytes).0;
    session
}

/// The answer looks enough like a 101 that a careless client may open on it.
fn is_upgrade(answer: &[u8]) -> bool {
    let is_status =
        |line: &[u8]| [&b"HTTP/"[..], b"ICY ", b"x HTTP/"].iter().any(|start| line.starts_with(start));
    answer
        .split(|byte| *byte == b'\n')
        .any(|line| is_status(line) && line.windows(3).any(|three| three == b"101"))
}

/// Enough came to know that the socket is open, or closing.
fn decided(bytes: &[u8]) -> bool {
    let frames = frame::read_all(bytes).0;
    frames.iter().any(|one| one.payload == ASK && one.opcode == frame::PONG || one.opcode == frame::CLOSE)
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) {
    let mut echoed = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(400) {
        let frames = frame::read_all(bytes).0;
        for one in &frames[echoed..] {
            if matches!(one.opcode, 1 | 2) && one.reserved == 0 {
                let _gone = stream.write_all(&frame::write(one.opcode, &one.payload, None)).await;
            }
        }
        echoed = frames.len();
        if frames.iter().any(|one| one.opcode == frame::CLOSE)
            || !read_for(stream, bytes, Duration::from_millis(100), |_| true).await
        {
            break;
        }
    }
    let _gone = stream.write_all(&frame::write(frame::CLOSE, &frame::close_payload(1000), None)).await;
    let _gone = stream.flush().await;
    read_for(stream, bytes, Duration::from_millis(500), |bytes| {
        frame::read_all(bytes).0.iter().any(|one| one.opcode == frame::CLOSE)
    })
    .await;
}

/// Sends the answer in the case's manner. False when the client is gone.
async fn send<S: AsyncWrite + Unpin>(stream: &mut S, case: &Case, answer: &[u8], taken: &mut usize) -> bool {
    let writing = async {
        match case.manner {
            Manner::Bytes => {
                for byte in answer {
                    stream.write_all(&[*byte]).await?;
                    stream.flush().await?;
                    sleep(Duration::from_millis(5)).await;
                }
            }
            Manner::SplitEnd => {
                let cut = answer.len().saturating_sub(2);
                stream.write_all(&answer[..cut]).await?;
                stream.flush().await?;
                sleep(Duration::from_millis(100)).await;
                stream.write_all(&answer[cut..]).await?;
            }
            Manner::HalfFrame => {
                stream.write_all(&[answer, b"\x89\x02h"].concat()).await?;
                stream.flush().await?;
                sleep(Duration::from_secs(1)).await;
                stream.write_all(b"i").await?;
            }
            Manner::Endless(line) => {
                stream.write_all(answer).await?;
                let chunk = line.repeat(8192 / line.len());
                while *taken < 16 << 20 {
                    stream.write_all(chunk.as_bytes()).await?;
                    *taken += chunk.len();
                }
            }
            Manner::Whole | Manner::Late(_) | Manner::Silent => stream.write_all(answer).await?,
        }
        stream.flush().await
    };
    matches!(timeout(Duration::from_secs(20), writing).await, Ok(Ok(())))
}

/// Reads for so long, or until enough came. False when the client closed.
async fn read_for<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes: &mut Vec<u8>,
    limit: Duration,
    enough: impl Fn(&[u8]) -> bool,
) -> bool {
    let reading = async {
        let mut buffer = [0; 16 * 1024];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return false,
                Ok(length) => bytes.extend(&buffer[..length]),
            }
            if enough(bytes) || bytes.len() > 1 << 20 {
                return true;
            }
        }
    };
    timeout(limit, reading).await.unwrap_or(true)
}

/// Reads a request's head with a deadline.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, limit: Duration) -> Session {
    let mut session = Session { began: Some(Instant::now()), ..Session::default() };
    let reading = async {
        let mut buffer = [0; 16 * 1024];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => {
                    session.closed = true;
                    return;
                }
                Ok(length) => session.request_bytes.extend(&buffer[..length]),
            }
            if let Parsed::Complete(head) = head::head(&session.request_bytes) {
                session.request = Some(head);
                return;
            }
            if session.request_bytes.len() > HEAD_BYTES_MAX || session.request_bytes.starts_with(&[0x16]) {
                return;
            }
        }
    };
    let _timed_out = timeout(limit, reading).await;
    session
}
