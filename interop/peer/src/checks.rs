//! What the client checks at an echo server. Prints `ok NAME` or `not ok NAME: WHY` for each, and `1..N` at the end.

use std::time::Duration;

use handfast::error::Declined;
use handfast::{
    Client, CloseCode, Config, DeflateOptions, Error, Event, Http2, Http2Connection, Message, TlsConfig,
    WebSocket,
};

use crate::Outcome;

/// The longest that one check may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs these checks against the echo server at `echo`.
pub async fn run(echo: &str, names: &[&str]) {
    for name in names {
        let outcome = match tokio::time::timeout(LIMIT, check(echo, name)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no answer for {LIMIT:?}").into()),
        };
        match outcome {
            Ok(()) => println!("ok {name}"),
            Err(error) => println!("not ok {name}: {error}"),
        }
    }
    println!("1..{}", names.len());
}

async fn check(echo: &str, name: &str) -> Outcome {
    match name {
        "text" => {
            let texts =
                ["hello".into(), "grüße 🤝".into(), "x".repeat(125), "x".repeat(126), "x".repeat(65536)];
            echoes(echo, texts.map(Message::text)).await
        }
        "empty" => echoes(echo, [Message::text(""), Message::binary(Vec::new())]).await,
        "binary" => echoes(echo, [1, 125, 126, 65535, 65536].map(|size| Message::binary(bytes(size)))).await,
        "1-mib" => echoes(echo, [Message::binary(bytes(1 << 20)), Message::text("ü".repeat(1 << 19))]).await,
        "compressed" => compressed(echo).await,
        "many-messages" => many_messages(echo).await,
        "one-connection" => one_connection(echo).await.map(drop),
        "close-each" => close_each(echo).await,
        "fragments" => fragments(&at(echo, "/fragments")).await,
        "ping" => ping(echo).await,
        "close-codes" => close_codes(echo).await,
        "subprotocol" => subprotocol(&at(echo, "/subprotocol")).await,
        "server-closes" => server_closes(&at(echo, "/close")).await.map(drop),
        "close-reason" => wanted("reason", &server_closes(&at(echo, "/close")).await?, &"see you".to_owned()),
        "unknown-path" => declined(&at(echo, "/no-such-path"), 404).await.map(drop),
        "refusal" => declined(&at(echo, "/refuse"), 403).await.map(drop),
        "refusal-fields" => refusal_fields(&at(echo, "/refuse")).await,
        _ => Err("there is no such check".into()),
    }
}

/// The same server's other path.
fn at(echo: &str, path: &str) -> String {
    echo.strip_suffix("/echo").unwrap_or(echo).to_owned() + path
}

/// Bytes that are no text and repeat only after a while.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place * 31 + place / 251 + 0x80) as u8).collect()
}

async fn open(url: &str) -> Result<WebSocket, Error> {
    let config = Config { show_pings: true, show_pongs: true, ..Config::default() };
    client(url)?.config(config).connect().await
}

/// As the environment says: through the proxy `PROXY`, over HTTP/2 and nothing else if there is `HTTP2`, trusting the authority in
/// the file `AUTHORITY`.
fn client(url: &str) -> Result<Client, Error> {
    let mut client = Client::new(url)?;
    if let Ok(proxy) = std::env::var("PROXY") {
        client = client.proxy(&proxy)?;
    }
    if std::env::var_os("HTTP2").is_some() {
        client = client.http2(Http2::Require);
    }
    if let Some(authority) = std::env::var_os("AUTHORITY") {
        client = client.tls(TlsConfig::new().add_roots_file(authority)?);
    }
    Ok(client)
}

fn wanted<T: PartialEq + std::fmt::Debug>(what: &str, came: &T, wanted: &T) -> Outcome {
    if came == wanted { Ok(()) } else { Err(format!("{what}: {wanted:?} was wanted, came: {came:?}").into()) }
}

async fn echoes(echo: &str, messages: impl IntoIterator<Item = Message>) -> Outcome {
    let mut ws = open(echo).await?;
    for message in messages {
        ws.send(message.clone()).await?;
        match ws.recv().await? {
            Some(came) if came == message => {}
            Some(came) => return Err(format!("{} bytes came back for {}", came.len(), message.len()).into()),
            None => return Err("closed before the echo".into()),
        }
    }
    Ok(ws.close(CloseCode::NORMAL, "").await?)
}

/// The server takes the offer, and what crosses the wire is smaller than the text, with and without a kept context.
async fn compressed(echo: &str) -> Outcome {
    let text = Message::text("compress me ".repeat(1000));
    for options in [DeflateOptions::default(), DeflateOptions::with_context()] {
        let mut ws = client(echo)?.deflate(options).await?;
        if ws.deflate().is_none() {
            return Err("the offer was not taken".into());
        }
        for _ in 0..3 {
            ws.send(text.clone()).await?;
            wanted("message", &ws.recv().await?, &Some(text.clone()))?;
        }
        let stats = ws.stats();
        if stats.bytes_sent.max(stats.bytes_received) > text.len() as u64 / 4 {
            return Err(format!("3 * {} bytes: {stats:?}", text.len()).into());
        }
        ws.close(CloseCode::NORMAL, "").await?;
    }
    Ok(())
}

async fn many_messages(echo: &str) -> Outcome {
    let mut ws = open(echo).await?;
    for number in 0..500 {
        ws.feed(format!("message {number}")).await?;
    }
    for number in 0..500 {
        let came = ws.recv().await?.and_then(|message| message.as_text().map(str::to_owned));
        wanted("message", &came, &Some(format!("message {number}")))?;
    }
    Ok(ws.close(CloseCode::NORMAL, "").await?)
}

/// A hundred WebSockets on one connection of HTTP/2, all at once.
async fn one_connection(echo: &str) -> Outcome<(Http2Connection, Vec<WebSocket>)> {
    let http2 = client(echo)?.connect_http2().await?;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(http2.open(echo).await?);
    }
    wanted("streams", &http2.streams(), &100)?;
    for (number, ws) in open.iter_mut().enumerate() {
        ws.send(format!("message {number}")).await?;
    }
    // The last one first: none waits for another.
    for (number, ws) in open.iter_mut().enumerate().rev() {
        wanted("message", &ws.recv().await?, &Some(format!("message {number}").into()))?;
    }
    Ok((http2, open))
}

/// Those close one after another, and take neither each other nor the connection with them.
async fn close_each(echo: &str) -> Outcome {
    let (http2, open) = one_connection(echo).await?;
    for mut ws in open {
        ws.close(CloseCode::NORMAL, "").await?;
    }
    wanted("streams at the end", &http2.streams(), &0)?;
    wanted("whether the connection is open", &http2.is_open(), &true)
}

/// One text arrives in several frames, with pings between them.
async fn fragments(url: &str) -> Outcome {
    let mut ws = open(url).await?;
    let (mut pings, mut text) = (0, None);
    while text.is_none() {
        match ws.recv_event().await? {
            Some(Event::Ping(payload)) => {
                wanted("ping", &&payload[..], &&b"between"[..])?;
                pings += 1;
            }
            Some(Event::Message(message)) => text = message.as_text().map(str::to_owned),
            other => return Err(format!("a message was wanted, came: {other:?}").into()),
        }
    }
    let whole = ["0", "1", "2"].map(|digit| digit.repeat(1000)).concat();
    wanted("message", &text, &Some(whole))?;
    wanted("a ping inside the message", &(pings > 0), &true)?;
    Ok(ws.close(CloseCode::NORMAL, "").await?)
}

async fn ping(echo: &str) -> Outcome {
    let mut ws = open(echo).await?;
    for payload in [String::new(), "hello".to_owned(), "x".repeat(125)] {
        ws.ping(&payload).await?;
        match ws.recv_event().await? {
            Some(Event::Pong(came)) => wanted("pong", &&came[..], &payload.as_bytes())?,
            other => return Err(format!("a pong was wanted, came: {other:?}").into()),
        }
    }
    Ok(ws.close(CloseCode::NORMAL, "").await?)
}

async fn close_codes(echo: &str) -> Outcome {
    for (code, reason) in [(1000, ""), (1000, "done"), (1001, "away"), (3000, ""), (4999, "ü")] {
        let mut ws = open(echo).await?;
        ws.close(CloseCode::new(code).map_err(Error::Misuse)?, reason).await?;
        wanted("close code", &ws.close_received().map(|close| close.code().get()), &Some(code))?;
    }
    Ok(())
}

async fn subprotocol(url: &str) -> Outcome {
    let mut ws = client(url)?.subprotocol("chat.v1")?.subprotocol("chat.v2")?.connect().await?;
    wanted("subprotocol", &ws.subprotocol(), &Some("chat.v2"))?;
    ws.close(CloseCode::NORMAL, "").await?;
    let mut ws = open(url).await?;
    wanted("subprotocol where none was offered", &ws.subprotocol(), &None)?;
    Ok(ws.close(CloseCode::NORMAL, "").await?)
}

/// The reason that the server closes with, at once, beside 4001.
async fn server_closes(url: &str) -> Outcome<String> {
    let mut ws = open(url).await?;
    if let Some(message) = ws.recv().await? {
        return Err(format!("a Close was wanted, came: {message:?}").into());
    }
    let close = ws.close_received().ok_or("the Close has no code")?;
    wanted("close code", &close.code().get(), &4001)?;
    Ok(close.reason().to_owned())
}

async fn declined(url: &str, status: u16) -> Outcome<Box<Declined>> {
    match open(url).await {
        Err(Error::Declined(declined)) => {
            wanted("status", &declined.status(), &status)?;
            Ok(declined)
        }
        Err(other) => Err(other.into()),
        Ok(_) => Err("a refusal was wanted, came a WebSocket".into()),
    }
}

async fn refusal_fields(url: &str) -> Outcome {
    let declined = declined(url, 403).await?;
    wanted("field", &declined.head().field("X-Reason"), &Some(b"interop"))?;
    wanted("body", &declined.body().trim_ascii(), &b"not for you".as_slice())
}
