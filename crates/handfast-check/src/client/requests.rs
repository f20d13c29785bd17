//! Rules about what the client sent, judged over all its requests.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::report::Verdict;
use crate::wire::head::{Head, is_token_byte};

/// A verdict, its words, and the request that decided.
pub(crate) type Judged = (Verdict, String, Option<usize>);

/// Judges all requests.
type Judge = fn(&Requests) -> Judged;

/// The rules judged here.
pub(crate) const RULES: &[(&str, Judge)] = &[
    ("client/request-line-wrong", request_line),
    ("client/host-wrong", host),
    ("client/upgrade-fields-wrong", upgrade),
    ("client/key-malformed", key_malformed),
    ("client/key-pad-bits", pad_bits),
    ("client/key-reused", key_reused),
    ("client/key-predictable", predictable),
    ("client/version-wrong", version),
    ("client/subprotocol-offer-invalid", subprotocols),
    ("client/extension-offer-malformed", extensions),
    ("client/request-syntax", syntax),
    ("client/body-sent", body),
    ("client/request-cacheable", cacheable),
];

/// All requests of a run.
pub(crate) struct Requests {
    pub(crate) heads: Vec<Head>,
    pub(crate) bytes: Vec<Vec<u8>>,
    /// The target that each request should have.
    pub(crate) targets: Vec<String>,
    /// The authority in the URL.
    pub(crate) authority: String,
}

fn pass(text: impl Into<String>) -> Judged {
    (Verdict::Pass, text.into(), Some(0))
}

impl Requests {
    /// Fails at the first request that the function finds wrong.
    fn each(&self, wrong: impl Fn(&Head) -> Option<String>) -> Judged {
        match self.heads.iter().enumerate().find_map(|(at, head)| wrong(head).map(|text| (at, text))) {
            Some((at, text)) => (Verdict::Fail, text, Some(at)),
            None => pass(format!("right in {} requests", self.heads.len())),
        }
    }

    fn keys(&self) -> Vec<&str> {
        self.heads.iter().filter_map(|head| head.first("Sec-WebSocket-Key")).collect()
    }
}

fn request_line(all: &Requests) -> Judged {
    for (at, head) in all.heads.iter().enumerate() {
        let wanted = format!("GET {} HTTP/1.1", all.targets[at]);
        if head.first_line != wanted.as_bytes() {
            return (Verdict::Fail, format!("{}, wanted {wanted}", head.line()), Some(at));
        }
    }
    pass(format!("right in {} requests", all.heads.len()))
}

fn host(all: &Requests) -> Judged {
    all.each(|head| match head.all("Host").collect::<Vec<_>>().as_slice() {
        [one] if one.eq_ignore_ascii_case(&all.authority) => None,
        [] => Some("no Host".to_owned()),
        [one] => Some(format!("Host: {one}, wanted {}", all.authority)),
        _ => Some("several Host lines".to_owned()),
    })
}

fn upgrade(all: &Requests) -> Judged {
    all.each(|head| match () {
        () if !head.lists("Upgrade", "websocket") => Some("Upgrade does not list websocket".to_owned()),
        () if !head.lists("Connection", "upgrade") => Some("Connection does not list upgrade".to_owned()),
        () => None,
    })
}

fn decode(key: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(key).ok()
}

fn key_malformed(all: &Requests) -> Judged {
    all.each(|head| match head.all("Sec-WebSocket-Key").collect::<Vec<_>>().as_slice() {
        [key] if decode(key).is_some_and(|bytes| bytes.len() == 16) => None,
        [] => Some("no key".to_owned()),
        [key] => Some(format!("the key {key} is not 16 bytes in base64")),
        _ => Some("several keys".to_owned()),
    })
}

fn pad_bits(all: &Requests) -> Judged {
    all.each(|head| {
        let key = head.first("Sec-WebSocket-Key")?;
        let last = key.chars().nth(21)?;
        (!"AQgw".contains(last))
            .then(|| format!("the key {key} ends with {last} before ==, which has unused bits set"))
    })
}

fn key_reused(all: &Requests) -> Judged {
    let mut seen = HashSet::new();
    match all.keys().iter().position(|key| !seen.insert(*key)) {
        Some(at) => (Verdict::Fail, format!("the key {} came twice", all.keys()[at]), Some(at)),
        None => pass(format!("{} different keys", seen.len())),
    }
}

fn predictable(all: &Requests) -> Judged {
    let keys: Vec<Vec<u8>> =
        all.keys().into_iter().filter_map(decode).filter(|bytes| bytes.len() == 16).collect();
    // From here on a bit that never changes leaves the band below.
    const ENOUGH: usize = 50;
    if keys.len() < ENOUGH {
        return (Verdict::Inconclusive, format!("{} keys are too few to judge", keys.len()), None);
    }
    // About seven standard deviations: chance alone leaves this band once in a billion runs.
    let count = keys.len() as f64;
    let slack = 3.5 * count.sqrt();
    for bit in 0..128 {
        let ones = keys.iter().filter(|key| key[bit / 8] >> (7 - bit % 8) & 1 == 1).count() as f64;
        if (ones - count / 2.0).abs() > slack {
            return (Verdict::Fail, format!("bit {bit} is set in {ones} of {count} keys"), Some(0));
        }
    }
    pass(format!("each bit is set in about half of {count} keys"))
}

fn version(all: &Requests) -> Judged {
    all.each(|head| match head.all("Sec-WebSocket-Version").collect::<Vec<_>>().as_slice() {
        ["13"] => None,
        other => Some(format!("Sec-WebSocket-Version: {}", other.join(" | "))),
    })
}

fn subprotocols(all: &Requests) -> Judged {
    all.each(|head| {
        if head.count("Sec-WebSocket-Protocol") == 0 {
            return None;
        }
        let names: Vec<&str> =
            head.all("Sec-WebSocket-Protocol").flat_map(|line| line.split(',')).map(str::trim).collect();
        let mut seen = HashSet::new();
        names
            .iter()
            .find(|name| name.is_empty() || !name.bytes().all(is_token_byte) || !seen.insert(**name))
            .map(|name| format!("the offer {name:?} is no token, or stands twice"))
    })
}

fn extensions(all: &Requests) -> Judged {
    all.each(|head| {
        if head.count("Sec-WebSocket-Extensions") == 0 {
            return None;
        }
        let token = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
        let lines: Vec<&str> = head.all("Sec-WebSocket-Extensions").collect();
        lines.iter().flat_map(|line| line.split(',')).find_map(|offer| {
            let mut parts = offer.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let fine = token(name)
                && parts.all(|part| match part.split_once('=') {
                    None => token(part),
                    Some((key, value)) => token(key.trim()) && token(value.trim().trim_matches('"')),
                });
            (!fine).then(|| format!("the offer {offer:?} is malformed"))
        })
    })
}

fn syntax(all: &Requests) -> Judged {
    all.each(|head| (!head.odd.is_empty()).then(|| format!("the head breaks the grammar: {:?}", head.odd)))
}

fn body(all: &Requests) -> Judged {
    for (at, head) in all.heads.iter().enumerate() {
        match head.first("Content-Length") {
            Some("0") => return (Verdict::Remark, "Content-Length: 0".to_owned(), Some(at)),
            Some(length) => return (Verdict::Fail, format!("Content-Length: {length}"), Some(at)),
            None => {}
        }
        if head.count("Transfer-Encoding") > 0 {
            return (Verdict::Fail, "Transfer-Encoding".to_owned(), Some(at));
        }
    }
    pass("no body")
}

fn cacheable(all: &Requests) -> Judged {
    let asks = |head: &Head| head.lists("Cache-Control", "no-cache") && head.lists("Pragma", "no-cache");
    match all.heads.iter().position(|head| !asks(head)) {
        None => pass("Cache-Control and Pragma say no-cache"),
        Some(at) => {
            (Verdict::Remark, "without Cache-Control: no-cache and Pragma: no-cache".to_owned(), Some(at))
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::wire::head::{Parsed, head};

    /// So many requests, whose keys are made of their numbers.
    fn requests(count: usize, key: impl Fn(usize) -> [u8; 16]) -> Requests {
        let bytes = |at| {
            let key = STANDARD.encode(key(at));
            format!("GET / HTTP/1.1\r\nSec-WebSocket-Key: {key}\r\n\r\n").into_bytes()
        };
        let bytes: Vec<Vec<u8>> = (0..count).map(bytes).collect();
        let heads = bytes.iter().map(|bytes| match head(bytes) {
            Parsed::Complete(head) => head,
            _ => panic!("the head is complete"),
        });
        Requests { heads: heads.collect(), bytes, targets: Vec::new(), authority: String::new() }
    }

    #[test]
    fn the_fewest_keys_that_are_judged_show_a_bit_that_never_changes() {
        let even = |at: usize| [if at.is_multiple_of(2) { 0xFF } else { 0 }; 16];
        let stuck = |at| {
            let mut key = even(at);
            key[3] |= 4;
            key
        };
        assert_eq!(predictable(&requests(50, even)).0, Verdict::Pass);
        assert_eq!(predictable(&requests(50, stuck)).0, Verdict::Fail);
        assert_eq!(predictable(&requests(49, stuck)).0, Verdict::Inconclusive);
    }
}
