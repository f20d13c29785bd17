//! One case of the wrong server: what it answers on its path, and which reaction is right.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::expect;
use crate::wire::bytes::replace;
use crate::wire::head::Head;

/// What a client should do with the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Open the socket.
    Opens,
    /// Fail and close.
    Fails,
    /// Either; opening is worth a remark.
    FailsOrRemark,
    /// Either; failing is worth a remark.
    OpensOrRemark,
    /// Answer the glued ping `hi`.
    Hears,
    /// Answer the glued ping `hi`, or fail.
    HearsOrFails,
    /// Close, with or without a close frame, and answer nothing after it.
    Closes,
    /// Judged over the sessions by code of its own.
    Own,
}

/// What the request must have offered for the case to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    Anything,
    /// permessage-deflate.
    Deflate,
    /// permessage-deflate with `client_max_window_bits`.
    DeflateBits,
    /// permessage-deflate without `client_max_window_bits`.
    DeflateWithoutBits,
    /// No extension.
    NoExtension,
    /// A subprotocol.
    Subprotocol,
}

/// How the answer leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Whole,
    /// Single bytes, 5 ms apart.
    Bytes,
    /// Cut inside the last CR LF CR LF.
    SplitEnd,
    /// After this delay.
    Late(Duration),
    /// The bytes, then this line without end, up to 16 MiB.
    Endless(&'static str),
    /// No answer.
    Silent,
    /// The answer, then half a ping, the rest a second later.
    HalfFrame,
}

/// A case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) rule: &'static str,
    /// What is special about it, in a few words.
    pub(crate) label: String,
    pub(crate) expect: Expect,
    pub(crate) offers: Offers,
    pub(crate) manner: Manner,
    /// The answer with its placeholders.
    pub(crate) answer: Vec<u8>,
    /// Frames in the same write as the answer.
    pub(crate) glued: Vec<u8>,
}

/// The correct answer with its placeholders.
pub(crate) const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n";

impl Case {
    /// A case with the correct answer.
    pub(crate) fn good(rule: &'static str, label: &str, expect: Expect) -> Case {
        Case::answer(rule, label, expect, GOOD)
    }

    /// A case with this answer.
    pub(crate) fn answer(rule: &'static str, label: &str, expect: Expect, answer: impl AsRef<[u8]>) -> Case {
        Case {
            rule,
            label: label.to_owned(),
            expect,
            offers: Offers::Anything,
            manner: Manner::Whole,
            answer: answer.as_ref().to_vec(),
            glued: Vec::new(),
        }
    }

    pub(crate) fn offers(mut self, offers: Offers) -> Case {
        self.offers = offers;
        self
    }

    pub(crate) fn manner(mut self, manner: Manner) -> Case {
        self.manner = manner;
        self
    }

    pub(crate) fn glued(mut self, frames: &[u8]) -> Case {
        self.glued = frames.to_vec();
        self
    }

    /// The case applies to a client that sent this request.
    pub(crate) fn applies(&self, request: &Head) -> bool {
        let extensions = request.members("Sec-WebSocket-Extensions");
        let deflate = extensions.iter().find(|offer| offer.starts_with("permessage-deflate"));
        let bits = deflate.is_some_and(|offer| offer.contains("client_max_window_bits"));
        match self.offers {
            Offers::Anything => true,
            Offers::Deflate => deflate.is_some(),
            Offers::DeflateBits => bits,
            Offers::DeflateWithoutBits => deflate.is_some() && !bits,
            Offers::NoExtension => extensions.is_empty(),
            Offers::Subprotocol => request.count("Sec-WebSocket-Protocol") > 0,
        }
    }

    /// The answer to this request; `previous` is the key of an earlier connection.
    pub(crate) fn render(&self, request: &Head, previous: &str) -> Vec<u8> {
        let key = request.first("Sec-WebSocket-Key").unwrap_or_default();
        let accept = expect::accept_for(key.as_bytes());
        let digest = Sha1::digest([key.as_bytes(), expect::GUID.as_bytes()].concat());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let decoded = [STANDARD.decode(key).unwrap_or_default(), expect::GUID.as_bytes().to_vec()].concat();
        let offered: Vec<String> = request
            .all("Sec-WebSocket-Protocol")
            .flat_map(|line| line.split(','))
            .map(|name| name.trim().to_owned())
            .collect();
        let offer = offered.first().cloned().unwrap_or_default();
        let protocol =
            if offer.is_empty() { String::new() } else { format!("Sec-WebSocket-Protocol: {offer}\r\n") };
        // Base64 digits of this value end in two unused bits, which one step in the alphabet sets.
        let pad_bits: String = {
            let mut bytes = accept.clone().into_bytes();
            let last = bytes.len() - 2;
            bytes[last] += 1;
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let target = request.first_line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let again = format!("/again{}", String::from_utf8_lossy(target));
        let mut text = self.answer.clone();
        for (name, value) in [
            ("{accept}", accept.clone()),
            ("{protocol}", protocol),
            ("{key}", key.to_owned()),
            ("{hex}", hex),
            ("{decoded}", STANDARD.encode(Sha1::digest(decoded))),
            ("{previous}", expect::accept_for(previous.as_bytes())),
            ("{lower}", accept.to_ascii_lowercase()),
            ("{upper}", accept.to_ascii_uppercase()),
            ("{onecase}", one_letter(&accept)),
            ("{bare}", accept.trim_end_matches('=').to_owned()),
            ("{short}", accept[..20].to_owned()),
            ("{gap}", format!("{} {}", &accept[..14], &accept[14..])),
            ("{padbits}", pad_bits),
            ("{offer}", offer.clone()),
            ("{otherscase}", swap_case(&offer)),
            ("{again}", again),
        ] {
            text = replace(&text, name.as_bytes(), value.as_bytes());
        }
        text.extend(&self.glued);
        text
    }
}

fn swap_case(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect()
}

/// The value with its first letter in the other case.
fn one_letter(text: &str) -> String {
    let mut changed = false;
    text.chars()
        .map(|c| {
            if changed || !c.is_ascii_alphabetic() {
                return c;
            }
            changed = true;
            if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        })
        .collect()
}
