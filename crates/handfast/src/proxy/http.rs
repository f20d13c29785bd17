//! `CONNECT`: a tunnel through an HTTP proxy (RFC 9110 section 9.3.6, RFC 6455 section 4.1 item 3).

use super::fault::ProxyFaultKind;
use super::{Credentials, Failure};
use crate::Limits;
use crate::client::body::Body;
use crate::error::{Declined, HandshakeCut};
use base64::Engine;
use bytes::{BufMut, BytesMut};
use handfast_proto::error::Excerpt;
use handfast_proto::handshake::{Progress, ResponseHead, ResponseReader};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Asks the proxy at the other end of `io` for a tunnel to `target`. Then the next byte is that server's.
pub(super) async fn connect<S>(
    io: &mut S,
    target: &str,
    credentials: Option<&Credentials>,
    limits: &Limits,
    deadline: Instant,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = BytesMut::new();
    let exchange = async {
        let request = request(target, credentials);
        let written = async {
            io.write_all(request.as_bytes()).await?;
            io.flush().await
        };
        written.await.map_err(|error| cut(&[], Some(error)))?;
        read_answer(io, &mut input, limits).await
    };
    let (head, used) = timeout_at(deadline, exchange).await.map_err(|_| Failure::Late)??;
    if (200..300).contains(&head.status()) {
        // The server behind the tunnel waits for us to speak first: bytes that are here already are not its own. Lengths in
        // this head mean nothing (RFC 9110 section 9.3.6).
        return match &input[used..] {
            [] => Ok(()),
            early => Err(ProxyFaultKind::EarlyBytes(Excerpt::new(early)).into()),
        };
    }
    let mut body = Body::new(&head, limits);
    // What comes in time is shown; it is no second failure when it is late.
    let _ = timeout_at(deadline, body.read(io, input.split_off(used))).await;
    let (body, is_body_complete) = body.finish();
    let declined = Box::new(Declined { head, body, is_body_complete });
    // rule: client/auth-retry-unsafe
    // The credentials were sent already: repeating them would change nothing.
    Err(match declined.status() {
        407 => ProxyFaultKind::AuthenticationRequired(declined).into(),
        _ => ProxyFaultKind::Declined(declined).into(),
    })
}

fn request(target: &str, credentials: Option<&Credentials>) -> String {
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((user, password)) = credentials {
        let pair = base64::prelude::BASE64_STANDARD.encode([user, b":".as_slice(), password].concat());
        head.push_str("Proxy-Authorization: Basic ");
        head.push_str(&pair);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

async fn read_answer<S: AsyncRead + Unpin>(
    io: &mut S,
    input: &mut BytesMut,
    limits: &Limits,
) -> Result<(ResponseHead, usize), Failure> {
    let mut reader = ResponseReader::new();
    loop {
        // Doubling: memory follows what arrived. The reader refuses a head beyond its limit.
        if input.capacity() == input.len() {
            input.reserve(input.len().max(1 << 10));
        }
        let room = input.capacity() - input.len();
        match io.read_buf(&mut (&mut *input).limit(room)).await {
            Ok(0) => return Err(cut(input, None)),
            Ok(_) => {}
            Err(error) => return Err(cut(input, Some(error))),
        }
        match reader.read(input, limits) {
            Ok(Progress::Complete { value, used }) => return Ok((value, used)),
            Ok(Progress::Partial) => {}
            Err(faults) => {
                let received = Excerpt::new(input);
                return Err(ProxyFaultKind::FaultyAnswer { faults, received }.into());
            }
        }
    }
}

fn cut(input: &[u8], error: Option<std::io::Error>) -> Failure {
    let (bytes, received) = (input.len(), Excerpt::new(input));
    ProxyFaultKind::Cut(Box::new(HandshakeCut { bytes, received, error })).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_the_target_twice_and_the_user_once() {
        assert_eq!(request("a:80", None), "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
        let credentials = (b"Aladdin".to_vec(), b"open sesame".to_vec());
        assert_eq!(
            request("[::1]:443", Some(&credentials)),
            "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\
             Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
        );
    }
}
