//! A client's checks of a 101 (RFC 6455 section 4.1, response items 2 to 6).

use super::list::{is_blank, is_token, members};
use super::stream::is_of_connection;
use super::{Accept, Accepted, Pending, ResponseHead, extension, key::BASE64};
use crate::Client;
use crate::deflate::{self, Agreed, DeflateOptions, Parameters};
use crate::error::{Excerpt, ResponseFault};
use base64::Engine;

/// What a client asked for, in any version of HTTP.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) subprotocols: Vec<Box<str>>,
    pub(crate) subprotocol_required: bool,
    pub(crate) deflate: Option<DeflateOptions>,
}

/// Adds everything that is wrong with a 101 to `faults`; what it returns counts only when that stays empty.
pub(crate) fn answer(
    pending: &Pending,
    head: &ResponseHead,
    faults: &mut Vec<ResponseFault>,
) -> Accepted<Client> {
    if head.minor_version() == 0 {
        faults.push(ResponseFault::Http10);
    }
    upgrade(head, faults);
    connection(head, faults);
    accept(pending.expected(), head, faults);
    agreed(&pending.asked, head, faults)
}

/// As [`answer`], for a 2xx to an extended CONNECT (RFC 8441 section 5): no key, no upgrade, and the rest as ever.
pub(crate) fn stream_answer(
    asked: &Asked,
    head: &ResponseHead,
    faults: &mut Vec<ResponseFault>,
) -> Accepted<Client> {
    // rule: client/h2-answer-misjudged
    let of_connection = head.fields().filter(|(name, value)| is_of_connection(name, value));
    faults.extend(of_connection.map(|(name, _)| ResponseFault::ConnectionField(Excerpt::new(name))));
    agreed(asked, head, faults)
}

fn agreed(asked: &Asked, head: &ResponseHead, faults: &mut Vec<ResponseFault>) -> Accepted<Client> {
    let subprotocol = subprotocol(asked, head, faults);
    let deflate = extensions(asked, head, faults);
    Accepted::new(subprotocol, deflate)
}

/// How often a field stands in the head, and its first value.
fn lines<'a>(head: &'a ResponseHead, name: &str) -> (usize, &'a [u8]) {
    let mut values = values(head, name);
    let first = values.next();
    (usize::from(first.is_some()) + values.count(), first.unwrap_or_default())
}

fn values<'a>(head: &'a ResponseHead, name: &str) -> impl Iterator<Item = &'a [u8]> {
    head.fields()
        .filter(move |(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value)
}

fn upgrade(head: &ResponseHead, faults: &mut Vec<ResponseFault>) {
    // rule: client/upgrade-case-refused
    faults.push(match lines(head, "upgrade") {
        (0, _) => ResponseFault::UpgradeMissing,
        (1, value) if value.eq_ignore_ascii_case(b"websocket") => return,
        (1, value) => ResponseFault::UpgradeWrong(Excerpt::new(value)),
        (lines, _) => ResponseFault::UpgradeRepeated { lines },
    });
}

fn connection(head: &ResponseHead, faults: &mut Vec<ResponseFault>) {
    // rule: client/connection-list-refused client/upgrade-case-refused
    let lists = |option: &[u8]| {
        values(head, "connection")
            .find(|value| members(value).any(|member| member.eq_ignore_ascii_case(option)))
    };
    let malformed = values(head, "connection").find(|value| members(value).any(|member| !is_token(member)));
    let (count, first) = lines(head, "connection");
    faults.push(match (malformed, lists(b"upgrade"), lists(b"close")) {
        _ if count == 0 => ResponseFault::ConnectionMissing,
        (Some(line), _, _) => ResponseFault::ConnectionWrong(Excerpt::new(line)),
        (_, None, _) => ResponseFault::ConnectionWrong(Excerpt::new(first)),
        (_, _, Some(line)) => ResponseFault::ConnectionClose(Excerpt::new(line)),
        (None, Some(_), None) => return,
    });
}

fn accept(wanted: Accept, head: &ResponseHead, faults: &mut Vec<ResponseFault>) {
    // rule: client/accept-whitespace-refused
    // Values come without outer blanks; beyond that, every byte counts.
    let (count, value) = lines(head, "sec-websocket-accept");
    if count == 1 && value == wanted.as_bytes() {
        return;
    }
    let received = Excerpt::new(value);
    faults.push(if count == 0 || (count == 1 && value.is_empty()) {
        ResponseFault::AcceptMissing { wanted }
    } else if count > 1 || value.contains(&b',') {
        ResponseFault::AcceptDuplicate { received, wanted }
    } else if value.eq_ignore_ascii_case(wanted.as_bytes()) {
        ResponseFault::AcceptCaseChanged { received, wanted }
    } else if resembles(value, wanted.as_bytes()) {
        ResponseFault::AcceptTrimmed { received, wanted }
    } else {
        ResponseFault::AcceptWrong { received, wanted }
    });
}

/// Whether a wrong accept value comes from the right one: cut, lengthened, quoted, spaced, or encoded otherwise.
fn resembles(value: &[u8], wanted: &[u8; 28]) -> bool {
    let bare: Vec<u8> =
        value.iter().copied().filter(|&byte| !is_blank(byte) && !b"\"'=".contains(&byte)).collect();
    let same_bytes =
        || BASE64.decode(value).is_ok_and(|bytes| BASE64.decode(wanted).is_ok_and(|right| right == bytes));
    wanted.starts_with(value) || value.starts_with(wanted) || bare == wanted[..27] || same_bytes()
}

fn subprotocol<'a>(
    asked: &'a Asked,
    head: &ResponseHead,
    faults: &mut Vec<ResponseFault>,
) -> Option<&'a str> {
    let (count, value) = lines(head, "sec-websocket-protocol");
    if count == 0 {
        if asked.subprotocol_required && !asked.subprotocols.is_empty() {
            faults.push(ResponseFault::SubprotocolDeclined);
        }
        return None;
    }
    let offered = asked.subprotocols.iter().find(|name| name.as_bytes() == value);
    if count > 1 || value.contains(&b',') {
        faults.push(ResponseFault::SubprotocolSeveral(Excerpt::new(value)));
    } else if offered.is_none() {
        faults.push(ResponseFault::SubprotocolUnoffered(Excerpt::new(value)));
    }
    offered.map(|name| &**name)
}

/// Only what was offered may be answered, once, and as it was asked for.
fn extensions(asked: &Asked, head: &ResponseHead, faults: &mut Vec<ResponseFault>) -> Option<Agreed> {
    // rule: client/extension-lines-refused
    let list = match extension::parse(head.fields()) {
        Ok(list) => list,
        Err(extension::Broken { line, offset }) => {
            faults.push(ResponseFault::ExtensionMalformed { received: Excerpt::new(line), offset });
            return None;
        }
    };
    let received = || Excerpt::new(lines(head, "sec-websocket-extensions").1);
    let mut answers = 0;
    let mut agreed = None;
    let mut unoffered = None;
    for extension in &list {
        let Some(options) = asked.deflate.as_ref().filter(|_| extension.name == deflate::NAME) else {
            unoffered.get_or_insert(&extension.name);
            continue;
        };
        answers += 1;
        if answers > 1 {
            continue;
        }
        match Parameters::parse(extension).and_then(|answer| options.check(&answer)) {
            Ok(parameters) => agreed = Some(parameters),
            Err(fault) => faults.push(ResponseFault::DeflateParameter { fault, received: received() }),
        }
    }
    // Told once each, however long the list is.
    faults.extend(unoffered.map(|name| ResponseFault::ExtensionUnoffered(Excerpt::new(name.as_bytes()))));
    if answers > 1 {
        faults.push(ResponseFault::DeflateTwice(received()));
    }
    agreed
}
