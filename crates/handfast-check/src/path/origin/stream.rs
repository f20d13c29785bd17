//! A stream of HTTP/2 to the script that takes it for a connection of HTTP/1.1: what the script answers is translated.

use std::mem;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, split};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::wire::h2::blocks::Field;
use crate::wire::head::{self, Body, Head, Parsed};

/// What a script says on a stream.
#[derive(Debug)]
pub(super) enum Said {
    /// An answer, and whether the stream ends with it.
    Head(Vec<Field>, bool),
    Data(Vec<u8>),
    /// The end of our side.
    End,
    /// The script ended without an answer.
    Broken,
}

/// Fields that belong to a connection of HTTP/1.1 (RFC 9113 section 8.2.2), or to its handshake (RFC 8441 section 5).
const LEFT_OUT: [&str; 6] =
    ["connection", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding", "sec-websocket-accept"];

/// Carries both ways between the script's pipe and the connection's task, until the script is at its end.
pub(super) async fn carry(
    number: u32,
    pipe: DuplexStream,
    mut came: UnboundedReceiver<Vec<u8>>,
    say: UnboundedSender<(u32, Said)>,
) {
    let (reader, mut writer) = split(pipe);
    let coming = async {
        while let Some(bytes) = came.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _gone = writer.shutdown().await;
    };
    // The connection's task may be gone: then nobody listens any more.
    let going = translate(reader, |said| drop(say.send((number, said))));
    tokio::join!(coming, going);
}

async fn translate(mut reader: ReadHalf<DuplexStream>, say: impl Fn(Said)) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    // The body that is under way, and how much of it is left where its length is known.
    let mut body: Option<Option<usize>> = None;
    loop {
        while body.is_none() {
            let Parsed::Complete(head) = head::answer(&bytes) else { break };
            bytes.drain(..head.length);
            let interim = matches!(head.status, Some(100 | 102..=199));
            let left = match head::body(&head, false) {
                Body::Length(length) if head.status != Some(101) => Some(length),
                _ => None,
            };
            let ends = !interim && left == Some(0);
            say(Said::Head(fields(&head), ends));
            if ends {
                return;
            }
            body = (!interim).then_some(left);
        }
        if let Some(left) = &mut body
            && !bytes.is_empty()
        {
            let mut data = mem::take(&mut bytes);
            if let Some(left) = left {
                data.truncate(*left);
                *left -= data.len();
            }
            say(Said::Data(data));
            if *left == Some(0) {
                return say(Said::End);
            }
        }
        match reader.read(&mut buffer).await {
            Ok(length) if length > 0 => bytes.extend(&buffer[..length]),
            _ => return say(if body.is_some() { Said::End } else { Said::Broken }),
        }
    }
}

/// The answer's fields over HTTP/2, where 200 stands for 101.
fn fields(head: &Head) -> Vec<Field> {
    let status = match head.status {
        Some(101) => 200,
        status => status.unwrap_or_default(),
    };
    let mut fields = vec![(":status".to_owned(), status.to_string())];
    for field in &head.fields {
        let name = field.name.to_ascii_lowercase();
        if !LEFT_OUT.contains(&name.as_str()) {
            fields.push((name, field.value.clone()));
        }
    }
    fields
}
