//! What a probe sends: the correct request with one thing changed, as bytes.

use std::time::Duration;

use super::context::Context;
use crate::wire::bytes::{is_field, replace};
use crate::wire::frame::{self, MASK};

/// One exchange with the server, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stimulus {
    /// What is special about it, in a few words.
    pub(crate) label: String,
    /// The bytes, with `{key}` where a fresh key goes.
    pub(crate) request: Vec<u8>,
    /// The key to use instead of a fresh one.
    pub(crate) key: Option<String>,
    /// How the bytes leave.
    pub(crate) delivery: Delivery,
    /// What happens after the answer's head.
    pub(crate) follow: Follow,
    /// The request is a HEAD: its answer has no body.
    pub(crate) to_head: bool,
    /// It asks what an earlier one left behind: it leaves when those that are not late have ended.
    pub(crate) late: bool,
}

/// How bytes leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Delivery {
    /// In one write.
    #[default]
    Whole,
    /// In pieces cut at these places, with a pause between them.
    Pieces(Vec<usize>, Duration),
    /// The request, then this chunk again and again until so many bytes have left or an answer came.
    Endless(Vec<u8>, usize),
    /// The request, then one byte a second for this long.
    Drip(Duration),
}

/// What happens after the answer's head.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Follow {
    /// After a 101, a ping (and a text message where the target echoes).
    Ping,
    /// After a 101, listen in silence, then as `Ping`.
    QuietThenPing,
    /// After a 101, listen for the reaction to what was sent already.
    Listen,
    /// After a complete refusal, this request on the same connection.
    Second(Vec<u8>),
}

/// Builds a request from the correct one.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    first: Vec<u8>,
    lines: Vec<Vec<u8>>,
    before: Vec<u8>,
    after: Vec<u8>,
    line_end: &'static [u8],
    authority: String,
    target: String,
    key: Option<String>,
    delivery: Delivery,
    follow: Follow,
}

impl Request {
    /// The correct request for this target: BASE of the catalogue.
    pub(crate) fn base(context: &Context) -> Request {
        let target = &context.target;
        let mut request = Request {
            first: Vec::new(),
            lines: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            line_end: b"\r\n",
            authority: target.authority(),
            target: target.path.clone(),
            key: None,
            delivery: Delivery::Whole,
            follow: Follow::Ping,
        }
        .line("GET {target} HTTP/1.1")
        .add("Host: {authority}")
        .add("Upgrade: websocket")
        .add("Connection: Upgrade")
        .add("Sec-WebSocket-Key: {key}")
        .add("Sec-WebSocket-Version: 13");
        for (name, value) in &context.options.headers {
            if request.has(name) {
                request = request.set(name, value);
            } else {
                request = request.add(format!("{name}: {value}"));
            }
        }
        request
    }

    fn expand(&self, text: &[u8]) -> Vec<u8> {
        let text = replace(text, b"{target}", self.target.as_bytes());
        replace(&text, b"{authority}", self.authority.as_bytes())
    }

    /// The same as a request for a page.
    pub(crate) fn plain_get(self) -> Stimulus {
        ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"]
            .iter()
            .fold(self, |request, name| request.without(name))
            .named("a plain GET")
    }

    /// Another first line.
    pub(crate) fn line(mut self, line: impl AsRef<[u8]>) -> Request {
        self.first = self.expand(line.as_ref());
        self
    }

    /// One more field line at the end.
    pub(crate) fn add(mut self, line: impl AsRef<[u8]>) -> Request {
        self.lines.push(self.expand(line.as_ref()));
        self
    }

    /// One more field line right after the first line.
    pub(crate) fn add_first(mut self, line: impl AsRef<[u8]>) -> Request {
        self.lines.insert(0, self.expand(line.as_ref()));
        self
    }

    /// One more field line right before the line with this name.
    pub(crate) fn add_before(mut self, name: &str, line: impl AsRef<[u8]>) -> Request {
        let place = self.lines.iter().position(|line| is_field(line, name)).unwrap_or(0);
        self.lines.insert(place, self.expand(line.as_ref()));
        self
    }

    /// The line of this name without its line.
    pub(crate) fn without(mut self, name: &str) -> Request {
        self.lines.retain(|line| !is_field(line, name));
        self
    }

    /// The line of this name with another value.
    pub(crate) fn set(self, name: &str, value: impl AsRef<[u8]>) -> Request {
        let line = [name.as_bytes(), b": ", value.as_ref()].concat();
        self.replace(name, line)
    }

    /// Another line in the place of the line of this name.
    pub(crate) fn replace(mut self, name: &str, line: impl AsRef<[u8]>) -> Request {
        let line = self.expand(line.as_ref());
        for old in self.lines.iter_mut().filter(|line| is_field(line, name)) {
            old.clone_from(&line);
        }
        self
    }

    fn has(&self, name: &str) -> bool {
        self.lines.iter().any(|line| is_field(line, name))
    }

    /// All field lines changed by a function.
    pub(crate) fn map_lines(mut self, change: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> Request {
        self.lines = change(self.lines);
        self
    }

    /// Bytes in front of the first line.
    pub(crate) fn before(mut self, bytes: impl AsRef<[u8]>) -> Request {
        self.before = bytes.as_ref().to_vec();
        self
    }

    /// Bytes behind the empty line.
    pub(crate) fn after(mut self, bytes: impl AsRef<[u8]>) -> Request {
        self.after = bytes.as_ref().to_vec();
        self
    }

    /// Lines that end with these bytes.
    pub(crate) fn line_end(mut self, end: &'static [u8]) -> Request {
        self.line_end = end;
        self
    }

    /// This key instead of a fresh one, wherever `{key}` stands.
    pub(crate) fn key(mut self, key: &str) -> Request {
        self.key = Some(key.to_owned());
        self
    }

    /// Sent in another way.
    pub(crate) fn delivery(mut self, delivery: Delivery) -> Request {
        self.delivery = delivery;
        self
    }

    /// Sent in pieces that are cut right after each of these texts.
    pub(crate) fn cut_after(self, texts: &[&str], pause: Duration) -> Request {
        let bytes = replace(&self.bytes(), b"{key}", self.key.as_deref().unwrap_or_default().as_bytes());
        let cuts = texts
            .iter()
            .filter_map(|text| {
                let at = bytes.windows(text.len()).rposition(|window| window == text.as_bytes())?;
                Some(at + text.len())
            })
            .collect();
        self.delivery(Delivery::Pieces(cuts, pause))
    }

    /// Something else after the answer.
    pub(crate) fn follow(mut self, follow: Follow) -> Request {
        self.follow = follow;
        self
    }

    /// The bytes, `{key}` still in them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        bytes.extend(&self.first);
        bytes.extend(self.line_end);
        for line in &self.lines {
            bytes.extend(line);
            bytes.extend(self.line_end);
        }
        bytes.extend(self.line_end);
        bytes.extend(&self.after);
        bytes
    }

    /// The finished stimulus.
    pub(crate) fn named(self, label: impl Into<String>) -> Stimulus {
        Stimulus {
            label: label.into(),
            request: self.bytes(),
            key: self.key,
            delivery: self.delivery,
            follow: self.follow,
            to_head: self.first.starts_with(b"HEAD "),
            late: false,
        }
    }
}

impl Stimulus {
    /// Sent when the others have ended.
    pub(crate) fn late(self) -> Stimulus {
        Stimulus { late: true, ..self }
    }

    /// The bytes with this key in them.
    pub(crate) fn render(&self, key: &str) -> Vec<u8> {
        replace(&self.request, b"{key}", key.as_bytes())
    }
}

/// A masked text frame.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    frame::write(frame::TEXT, text.as_bytes(), Some(MASK))
}

/// A masked ping.
pub(crate) fn ping_frame(payload: &str) -> Vec<u8> {
    frame::write(frame::PING, payload.as_bytes(), Some(MASK))
}
