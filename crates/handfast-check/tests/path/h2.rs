//! The proxy's frames of HTTP/2, written and read by hand.

use std::io;

use loona_hpack::Decoder;
use tokio::io::{AsyncRead, AsyncReadExt};

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
/// SETTINGS_ENABLE_CONNECT_PROTOCOL: 1.
pub const ENABLE: [u8; 6] = [0, 8, 0, 0, 0, 1];

pub type Fields = Vec<(String, String)>;

/// A frame as it came.
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub id: u32,
    pub payload: Vec<u8>,
}

pub fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short");
    [&length.to_be_bytes()[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}

/// DATA frames with these bytes.
pub fn data(id: u32, bytes: &[u8]) -> Vec<u8> {
    bytes.chunks(16 * 1024).flat_map(|part| frame(DATA, 0, id, part)).collect()
}

/// Room for so many more bytes, on the stream and on the connection.
pub fn credit(id: u32, bytes: usize) -> Vec<u8> {
    let bytes = u32::try_from(bytes).expect("short").to_be_bytes();
    [frame(WINDOW_UPDATE, 0, 0, &bytes), frame(WINDOW_UPDATE, 0, id, &bytes)].concat()
}

/// Fields as literals.
pub fn block(fields: &[(String, String)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            assert!(text.len() < 127, "the checker's fields are short");
            bytes.push(u8::try_from(text.len()).expect("short"));
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

pub fn fields(decoder: &mut Decoder<'_>, block: &[u8]) -> Fields {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let list = decoder.decode(block).expect("the checker sends right blocks");
    list.into_iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// The value of the field with this name.
pub fn one<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// The next frame, or none at the end. What came of a frame stays in `bytes` where this is dropped.
pub async fn next(reader: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> io::Result<Option<Frame>> {
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(head) = bytes.first_chunk::<9>() {
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            let (kind, flags) = (head[3], head[4]);
            let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            if bytes.len() >= 9 + length {
                let payload = bytes.drain(..9 + length).skip(9).collect();
                return Ok(Some(Frame { kind, flags, id, payload }));
            }
        }
        match reader.read(&mut buffer).await? {
            0 => return Ok(None),
            length => bytes.extend(&buffer[..length]),
        }
    }
}
