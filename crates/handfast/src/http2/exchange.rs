//! The client's opening handshake on a stream of HTTP/2 (RFC 8441 section 5).

use super::session::{self, Session};
use super::stream::Stream;
use crate::client::handshake::Seen;
use crate::error::{Declined, FaultyAnswer, Phase, UriFault};
use crate::linger::within;
use crate::websocket::WebSocket;
use crate::{Config, Error, Limits, Role, observe};
use h2::RecvStream;
use h2::client::ResponseFuture;
use h2::ext::Protocol;
use handfast_proto::error::{Excerpt, Misuse, ResponseFault};
use handfast_proto::handshake::{ClientRequest, PendingStream, RequestParts, ResponseHead, Verdict};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::time::Instant;

/// Opens one more WebSocket, until `deadline`.
pub(crate) async fn handshake(
    session: &Session,
    request: &ClientRequest,
    config: Arc<Config>,
    deadline: Instant,
    observer: &mut (dyn FnMut(Seen<'_>) + Send),
) -> Result<WebSocket, Error> {
    let opened = exchange(session, request, config, deadline, observer).await;
    if let Err(error) = &opened {
        observe::failed(Role::Client, error);
    }
    opened
}

async fn exchange(
    session: &Session,
    request: &ClientRequest,
    config: Arc<Config>,
    deadline: Instant,
    observer: &mut (dyn FnMut(Seen<'_>) + Send),
) -> Result<WebSocket, Error> {
    let limits = &config.limits;
    let (parts, fields, pending) = request.start_stream(session.origin.is_tls);
    let head = written_out(&parts, &fields);
    let (mut response, stream, in_use) = session.send(http_request(&parts, fields)?)?;
    observer(Seen::Sent(&head));
    let left = || deadline.saturating_duration_since(Instant::now());
    let late = || Error::Timeout { phase: Phase::Handshake, after: limits.handshake_timeout };
    // rule: client/h2-data-before-answer
    // Until there is a verdict nobody holds the sending half but this function, which drops it: the stream is reset.
    let answer = within(left(), read_answer(&mut response, &pending, limits)).await.ok_or_else(late)??;
    match answer {
        (Verdict::Opened(accepted, head), Some(receiving)) => {
            observer(Seen::Received(head.as_bytes()));
            let io = Stream::open(stream, receiving, session.origin, in_use, limits).into();
            Ok(WebSocket::client(io, accepted, head, b"", config.clone()))
        }
        (Verdict::Opened(_, head) | Verdict::Declined(head), receiving) => {
            observer(Seen::Received(head.as_bytes()));
            let mut body = (Vec::new(), false);
            if let Some(receiving) = receiving {
                // What comes in time is shown; it is no second failure when it is late.
                let _ = within(left(), read_body(receiving, &mut body, limits)).await;
            }
            let (body, is_body_complete) = body;
            Err(Error::Declined(Box::new(Declined { head, body, is_body_complete })))
        }
        (Verdict::Faulty(faults, head), _) => {
            observer(Seen::Received(head.as_bytes()));
            Err(faulty(faults, Some(head)))
        }
    }
}

/// The final answer, judged; with its stream, unless it is a 101. Other interim answers are skipped.
async fn read_answer(
    response: &mut ResponseFuture,
    pending: &PendingStream,
    limits: &Limits,
) -> Result<(Verdict, Option<RecvStream>), Error> {
    let mut interim_answers = 0;
    let answer = poll_fn(|cx| {
        loop {
            match response.poll_informational(cx) {
                Poll::Ready(Some(Ok(interim)))
                    if interim.status() == http::StatusCode::SWITCHING_PROTOCOLS =>
                {
                    return Poll::Ready(Ok(interim.map(|()| None)));
                }
                Poll::Ready(Some(Ok(_))) => interim_answers += 1,
                Poll::Ready(Some(Err(cause))) => return Poll::Ready(Err(lost(cause))),
                Poll::Ready(None) | Poll::Pending => {
                    let answer = Pin::new(&mut *response).poll(cx);
                    return answer.map(|answer| answer.map(|answer| answer.map(Some)).map_err(lost));
                }
            }
            if interim_answers > limits.interim_answers_max {
                let fault = ResponseFault::TooManyInterimAnswers { answers_max: limits.interim_answers_max };
                return Poll::Ready(Err(faulty(vec![fault], None)));
            }
        }
    })
    .await?;
    let (parts, receiving) = answer.into_parts();
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
    Ok((pending.judge(parts.status.as_u16(), fields, limits), receiving))
}

/// As much of the body as is shown, and whether that is all of it.
async fn read_body(mut receiving: RecvStream, (body, is_complete): &mut (Vec<u8>, bool), limits: &Limits) {
    loop {
        match receiving.data().await {
            Some(Ok(data)) => {
                let room = limits.declined_body_bytes_max - body.len();
                body.extend_from_slice(&data[..data.len().min(room)]);
                let released = receiving.flow_control().release_capacity(data.len());
                if data.len() > room || released.is_err() {
                    return;
                }
            }
            Some(Err(_)) => return,
            None => {
                *is_complete = true;
                return;
            }
        }
    }
}

/// What a stream that ends without an answer means.
fn lost(cause: h2::Error) -> Error {
    match cause.is_reset() && cause.is_library() {
        // rule: client/h2-answer-misjudged
        true => faulty(vec![ResponseFault::StreamMalformed], None),
        false => session::lost(cause),
    }
}

fn faulty(faults: Vec<ResponseFault>, head: Option<ResponseHead>) -> Error {
    let received = Excerpt::new(head.as_ref().map_or(b"", ResponseHead::as_bytes));
    Error::FaultyAnswer(Box::new(FaultyAnswer { faults, head, received, key: None }))
}

/// The request as the h2 crate takes it. Of a URI that was read by [`Client::new`](crate::Client::new), `http::Uri` minds the
/// length alone.
fn http_request(parts: &RequestParts<'_>, fields: Vec<(String, String)>) -> Result<http::Request<()>, Error> {
    let uri = http::Uri::builder()
        .scheme(parts.scheme.unwrap_or_default())
        .authority(parts.authority.unwrap_or_default())
        .path_and_query(parts.target)
        .build()
        .map_err(|_| UriFault::TooLong { bytes: parts.target.len() })?;
    let mut request = http::Request::new(());
    *request.method_mut() = http::Method::CONNECT;
    *request.uri_mut() = uri;
    *request.version_mut() = http::Version::HTTP_2;
    request.extensions_mut().insert(Protocol::from(parts.protocol.unwrap_or_default()));
    for (name, value) in fields {
        let name = http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| Misuse::HeaderNotAllowed)?;
        let mut value =
            http::HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Misuse::HeaderNotAllowed)?;
        // They are not kept for later streams, where one could guess at another's (RFC 7541 section 7.1).
        value.set_sensitive(name == http::header::AUTHORIZATION || name == http::header::COOKIE);
        request.headers_mut().append(name, value);
    }
    Ok(request)
}

/// The request for people: a line for each field, pseudo-header fields first.
fn written_out(parts: &RequestParts<'_>, fields: &[(String, String)]) -> Vec<u8> {
    let pseudo = [
        (":method", Some(parts.method)),
        (":protocol", parts.protocol),
        (":scheme", parts.scheme),
        (":authority", parts.authority),
        (":path", Some(parts.target)),
    ];
    let pseudo = pseudo.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut head: String =
        pseudo.chain(fields).flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    head.push_str("\r\n");
    head.into_bytes()
}
