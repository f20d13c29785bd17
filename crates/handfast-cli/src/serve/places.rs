//! Where a fault stands in the request: the bytes that the page marks. The parser says what is wrong; this looks for the place
//! again, in the bytes as they came.

use handfast_proto::error::RequestFault;
use std::ops::Range;

/// The bytes that the fault is about; empty where something is missing, or the whole head is meant.
pub fn of(fault: &RequestFault, bytes: &[u8]) -> Vec<Range<usize>> {
    let head = Head::new(bytes);
    match fault {
        RequestFault::TlsHello | RequestFault::NotHttp(_) => only(0..bytes.len().min(1)),
        RequestFault::Http2Preface | RequestFault::RequestLineSpacing(_) => only(head.first.clone()),
        RequestFault::LeadingEmptyLines => only(0..head.first.start),
        RequestFault::MethodMalformed(_)
        | RequestFault::MethodNotGet(_)
        | RequestFault::MethodCaseFolded(_) => head.part(0),
        RequestFault::TargetIllegalByte { offset, .. } => head.part_from(1, *offset, 1),
        RequestFault::TargetFragment(_) => {
            let target = head.part(1).pop().unwrap_or_default();
            let at = bytes[target.clone()].iter().position(|byte| *byte == b'#').unwrap_or(0);
            only(target.start + at..target.end)
        }
        RequestFault::TargetWrongForm(_) | RequestFault::TargetTooLong { .. } => head.part(1),
        RequestFault::HttpVersionMalformed(_) | RequestFault::HttpVersion10 => head.part(2),
        RequestFault::ObsFold(_) => head.lines_where(|place, line| place > 0 && begins_blank(line)),
        RequestFault::SpaceBeforeFirstField(_) => {
            head.lines_where(|place, line| place == 0 && begins_blank(line))
        }
        RequestFault::FieldLineMalformed(line) => {
            head.lines_where(|_, text| text.starts_with(line.as_bytes()))
        }
        RequestFault::ControlByte { byte, .. } => head.bytes_where(|at| bytes[at] == *byte),
        RequestFault::BareCr(_) => {
            head.bytes_where(|at| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
        }
        RequestFault::BareLf(_) => {
            head.bytes_where(|at| bytes[at] == b'\n' && (at == 0 || bytes[at - 1] != b'\r'))
        }
        RequestFault::SpaceBeforeColon(_) => head.blanks_before_colons(),
        RequestFault::HostDuplicate { .. }
        | RequestFault::HostInvalid(_)
        | RequestFault::HostEmpty
        | RequestFault::HostForeign(_) => head.values(&["Host"]),
        RequestFault::UpgradeOther(_)
        | RequestFault::UpgradeSubstring(_)
        | RequestFault::UpgradeVersionSuffix(_) => head.values(&["Upgrade"]),
        RequestFault::ConnectionNoUpgrade(_)
        | RequestFault::ConnectionSubstring(_)
        | RequestFault::ConnectionCloseWithUpgrade => head.values(&["Connection"]),
        RequestFault::KeyAlphabet { offset, .. } => {
            let keys = head.values(&["Sec-WebSocket-Key"]);
            keys.iter().filter_map(|key| within(key, *offset, 1)).collect()
        }
        RequestFault::KeyEmpty
        | RequestFault::KeyDuplicateSame { .. }
        | RequestFault::KeyDuplicateDifferent { .. }
        | RequestFault::KeyList(_)
        | RequestFault::KeyUrlSafe(_)
        | RequestFault::KeyPaddingMissing(_)
        | RequestFault::KeyPaddingExcess(_)
        | RequestFault::KeyLength { .. }
        | RequestFault::KeyOverLong { .. }
        | RequestFault::KeyInnerWhitespace(_)
        | RequestFault::KeyPadBits(_) => head.values(&["Sec-WebSocket-Key"]),
        RequestFault::VersionOther(_)
        | RequestFault::VersionDraft(_)
        | RequestFault::VersionList(_)
        | RequestFault::VersionLeadingZero(_)
        | RequestFault::VersionNotDecimal(_)
        | RequestFault::VersionOverflow(_)
        | RequestFault::VersionDuplicate { .. } => head.values(&["Sec-WebSocket-Version"]),
        RequestFault::BodyPresent(_) | RequestFault::LengthConflict(_) => {
            head.values(&["Content-Length", "Transfer-Encoding"])
        }
        RequestFault::ExpectUnknown(_) => head.values(&["Expect"]),
        RequestFault::OriginForeign(_)
        | RequestFault::OriginMalformed(_)
        | RequestFault::OriginDuplicate(_) => head.values(&["Origin"]),
        RequestFault::SubprotocolOfferInvalid(_) | RequestFault::SubprotocolOfferDuplicate(_) => {
            head.values(&["Sec-WebSocket-Protocol"])
        }
        RequestFault::ExtensionOfferMalformed { offset, .. } => {
            let values = head.values(&["Sec-WebSocket-Extensions"]);
            values.iter().filter_map(|value| within(value, *offset, value.len())).collect()
        }
        // What is missing has no place, what is too much has none in particular, and the rest is of HTTP/2.
        _ => Vec::new(),
    }
}

fn only(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

/// `count` bytes from `offset` within a range, as far as they are in it.
fn within(range: &Range<usize>, offset: usize, count: usize) -> Option<Range<usize>> {
    let start = range.start.checked_add(offset)?;
    (start < range.end).then(|| start..start.saturating_add(count).min(range.end))
}

fn begins_blank(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// A head by its lines.
struct Head<'a> {
    bytes: &'a [u8],
    /// The request line, without its end.
    first: Range<usize>,
    /// The lines of the fields, without their ends, up to the empty one.
    lines: Vec<Range<usize>>,
    /// Behind the head.
    end: usize,
}

impl<'a> Head<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (mut lines, mut start, mut end) = (Vec::new(), 0, bytes.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").map_or(line, |text| text.strip_suffix(b"\r").unwrap_or(text));
            let range = start..start + text.len();
            start += line.len();
            if !text.is_empty() {
                lines.push(range);
            } else if !lines.is_empty() {
                end = start;
                break;
            }
        }
        let first = if lines.is_empty() { 0..0 } else { lines.remove(0) };
        Self { bytes, first, lines, end }
    }

    /// A word of the request line.
    fn part(&self, number: usize) -> Vec<Range<usize>> {
        let mut start = self.first.start;
        let words = self.bytes[self.first.clone()].split(|byte| *byte == b' ').map(|word| {
            let range = start..start + word.len();
            start = range.end + 1;
            range
        });
        words.filter(|word| !word.is_empty()).nth(number).into_iter().collect()
    }

    fn part_from(&self, number: usize, offset: usize, count: usize) -> Vec<Range<usize>> {
        self.part(number).iter().filter_map(|part| within(part, offset, count)).collect()
    }

    fn lines_where(&self, is: impl Fn(usize, &[u8]) -> bool) -> Vec<Range<usize>> {
        let lines = self.lines.iter().enumerate();
        lines
            .filter(|(place, line)| is(*place, &self.bytes[(*line).clone()]))
            .map(|(_, line)| line.clone())
            .collect()
    }

    fn bytes_where(&self, is: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
        (0..self.end).filter(|at| is(*at)).map(|at| at..at + 1).collect()
    }

    /// Name and colon of a field line: where the name ends, and where the value begins.
    fn split(&self, line: &Range<usize>) -> Option<(usize, usize)> {
        let colon = self.bytes[line.clone()].iter().position(|byte| *byte == b':')? + line.start;
        let name = self.bytes[line.start..colon].trim_ascii_end();
        Some((line.start + name.len(), colon + 1))
    }

    fn blanks_before_colons(&self) -> Vec<Range<usize>> {
        let splits = self.lines.iter().filter_map(|line| self.split(line));
        splits
            .filter(|(name_end, value)| name_end + 1 < *value)
            .map(|(name_end, value)| name_end..value - 1)
            .collect()
    }

    /// The values of all fields of these names, without blanks around them; an empty one has its whole line.
    fn values(&self, names: &[&str]) -> Vec<Range<usize>> {
        let values = self.lines.iter().filter_map(|line| {
            let (name_end, start) = self.split(line)?;
            let name = &self.bytes[line.start..name_end];
            names.iter().find(|wanted| name.eq_ignore_ascii_case(wanted.as_bytes()))?;
            let value = &self.bytes[start..line.end];
            let blanks = value.len() - value.trim_ascii_start().len();
            let value = value.trim_ascii();
            match value.is_empty() {
                true => Some(line.clone()),
                false => Some(start + blanks..start + blanks + value.len()),
            }
        });
        values.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handfast_proto::handshake::{Policy, Progress, RequestReader};

    const GOOD: &str = "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    /// The bytes that are marked, for each rule that is broken.
    fn marked(request: &str) -> Vec<(&'static str, Vec<String>)> {
        let policy = Policy { hosts: vec!["localhost".to_owned()], ..Policy::default() };
        let refusal = match RequestReader::new().read(request.as_bytes(), &policy) {
            Ok(Progress::Complete { value, .. }) => value.into_offer(&policy).expect_err("a fault"),
            Ok(Progress::Partial) => panic!("the head has no end"),
            Err(refusal) => refusal,
        };
        let text = |range: Range<usize>| request[range].to_owned();
        let faults = refusal.faults().iter();
        faults
            .map(|fault| (fault.rule().id, of(fault, request.as_bytes()).into_iter().map(text).collect()))
            .collect()
    }

    fn one(from: &str, to: &str) -> Vec<String> {
        let found = marked(&GOOD.replace(from, to));
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().expect("one").1
    }

    #[test]
    fn a_wrong_value_is_marked_and_nothing_around_it() {
        assert_eq!(one(": 13", ":  8 "), ["8"]);
        assert_eq!(one("dGhlIHNhbXBsZSBub25jZQ==", "AAECAwQFBgcICQoLDA0O"), ["AAECAwQFBgcICQoLDA0O"]);
        assert_eq!(one("GET", "POST"), ["POST"]);
        assert_eq!(one("HTTP/1.1", "HTTP/1.0"), ["HTTP/1.0"]);
        assert_eq!(one("Host: localhost", "hOST: rebind.example:80"), ["rebind.example:80"]);
        assert_eq!(one("Connection: Upgrade", "Connection: keep-alive"), ["keep-alive"]);
    }

    #[test]
    fn single_bytes_are_marked_by_themselves() {
        assert_eq!(one("Upgrade: websocket", "Upgrade : websocket"), [" "]);
        assert_eq!(one("/echo", "/e\"cho"), ["\""]);
        assert_eq!(one("/echo", "/echo#a"), ["#a"]);
        assert_eq!(one("\r\nHost", "\nHost"), ["\n"]);
        assert_eq!(one("\r\n\r\n", "\r\nX: a\0b\r\n\r\n"), ["\0"]);
        assert_eq!(one("dGhl", "dG!l"), ["!"]);
    }

    #[test]
    fn each_of_several_lines_is_marked() {
        assert_eq!(one("Host: localhost", "Host: a\r\nHost: localhost"), ["a", "localhost"]);
        assert_eq!(one("Host: localhost", "Host:"), ["Host:"]);
    }

    #[test]
    fn what_is_missing_has_no_place() {
        assert_eq!(one("Upgrade: websocket\r\n", ""), Vec::<String>::new());
    }
}
