//! The bounded, strict HTTP/1.1 head: request or status line, field lines, empty line (RFC 9112 sections 2 to 5).

use super::list::{is_blank, is_token, is_token_byte, trim};
use crate::limits::LINE_FAULTS_MAX;
use crate::{Limits, error::Excerpt};
use memchr::memchr;
use std::ops::Range;

/// What an incremental reader came to. "Not yet" is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// Done. The first `used` bytes of the input were the head; what follows belongs to the connection.
    Complete {
        /// What was read.
        value: T,
        /// How many bytes of the input it took.
        used: usize,
    },
    /// More bytes are needed: call again with the same bytes and more behind them.
    Partial,
}

/// Iterates over the field lines of a head that was found well formed: name as it was spelled, value without outer blanks.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    head: &'a [u8],
    spans: std::slice::Iter<'a, Span>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(head: &'a [u8], spans: &'a [Span]) -> Self {
        Self { head, spans: spans.iter() }
    }

    /// The value of the first field of this name, compared without case.
    pub(crate) fn first(mut self, name: &str) -> Option<&'a [u8]> {
        self.find(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let span = self.spans.next()?;
        Some((&self.head[at(span.name)], &self.head[at(span.value)]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// Where a part stands in its head: from, to.
pub(crate) type Place = (u32, u32);

/// The range of a place.
pub(crate) fn at((from, to): Place) -> Range<usize> {
    from as usize..to as usize
}

/// The place of a range: heads are shorter than 4 GiB, since [`Scanner`] bounds them.
pub(crate) fn place(range: Range<usize>) -> Place {
    (range.start as u32, range.end as u32)
}

/// Where name and value of one field line stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    name: Place,
    value: Place,
}

/// Reads the lines of a head from a growing buffer, each once, as soon as it is complete.
#[derive(Debug)]
pub(crate) struct Scanner {
    begin: usize,
    start: usize,
    line_start: usize,
    scanned: usize,
    count: usize,
    empty_lines: usize,
    empty_lines_max: usize,
    lines: Lines,
}

/// What a [`Scanner`] came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    Partial,
    /// The head, its empty line included: [`Scanner::take_lines`] has what stands in it.
    Complete(Range<usize>),
    FirstLineTooLong,
    TooLarge,
    TooManyFields,
}

impl Scanner {
    /// For a head that begins at `start` of the input; that many empty lines before it are skipped.
    pub(crate) fn new(start: usize, empty_lines_max: usize) -> Self {
        Self {
            begin: start,
            start,
            line_start: start,
            scanned: start,
            count: 0,
            empty_lines: 0,
            empty_lines_max,
            lines: Lines::default(),
        }
    }

    // rule: server/head-in-pieces-refused
    /// Looks at what is new in `input`. A head also ends at an empty line without CR, so that it is answered, not awaited.
    pub(crate) fn scan(&mut self, input: &[u8], limits: &Limits) -> Scan {
        let bytes_max = limits.head_bytes_max.min(u32::MAX as usize);
        let window = &input[..input.len().min(self.begin.saturating_add(bytes_max))];
        while let Some(found) = memchr(b'\n', window.get(self.scanned..).unwrap_or_default()) {
            let end = self.scanned + found;
            let line = &window[self.line_start..end];
            self.scanned = end + 1;
            if !matches!(line, b"" | b"\r") {
                self.count += 1;
                if self.count > limits.head_fields_max.saturating_add(1) {
                    return Scan::TooManyFields;
                }
                self.lines.line(&window[self.start..], self.line_start - self.start..end - self.start);
                self.line_start = end + 1;
            } else if self.count == 0 && line == b"\r" && self.empty_lines < self.empty_lines_max {
                self.empty_lines += 1;
                self.line_start = end + 1;
                self.start = end + 1;
            } else {
                if line.is_empty() {
                    self.lines.bare_lf(line);
                }
                return Scan::Complete(self.start..end + 1);
            }
        }
        self.scanned = self.scanned.max(window.len());
        match input.len() > window.len() || window.len() - self.begin >= bytes_max {
            false => Scan::Partial,
            true if self.count == 0 => Scan::FirstLineTooLong,
            true => Scan::TooLarge,
        }
    }

    /// What was read of the head; offsets count from where it begins.
    pub(crate) fn take_lines(&mut self) -> Lines {
        std::mem::take(&mut self.lines)
    }

    /// Where the head begins: behind the empty lines that were skipped.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// How many bytes of the input were looked at.
    pub(crate) fn scanned(&self) -> usize {
        self.scanned
    }
}

/// What can be wrong with a line, in a request and in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    ObsFold(Excerpt),
    ControlByte { byte: u8, place: Excerpt },
    BareCr(Excerpt),
    BareLf(Excerpt),
    SpaceBeforeColon(Excerpt),
    SpaceBeforeFirstField(Excerpt),
    Malformed(Excerpt),
}

/// The lines of a head.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The first line without its line end.
    pub(crate) first: Range<usize>,
    pub(crate) spans: Vec<Span>,
    /// What is wrong with the lines, the first [`LINE_FAULTS_MAX`] of it; the first line's own grammar is not judged here.
    pub(crate) faults: Vec<LineFault>,
}

impl Lines {
    /// Reads one line that is not empty: what stands before its LF.
    fn line(&mut self, head: &[u8], line: Range<usize>) {
        let end = match head[line.end - 1] {
            b'\r' => line.end - 1,
            _ => {
                self.bare_lf(&head[line.clone()]);
                line.end
            }
        };
        if line.start > 0 {
            return self.field(head, line.start..end);
        }
        self.first = 0..end;
        self.spans.reserve(12);
        if memchr(b'\r', &head[..end]).is_some() {
            self.fault(LineFault::BareCr(Excerpt::new(&head[..end])));
        }
    }

    /// Writes a field that was read elsewhere behind `head`, and keeps it unless its name is none.
    pub(crate) fn append(&mut self, head: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        let start = head.len();
        head.extend_from_slice(name);
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        let end = head.len();
        if is_token(name) {
            self.span(head, start..start + name.len(), end - value.len()..end);
        } else {
            self.fault(LineFault::Malformed(Excerpt::new(&head[start..end])));
        }
        head.extend_from_slice(b"\r\n");
    }

    fn field(&mut self, head: &[u8], line: Range<usize>) {
        let text = &head[line.clone()];
        let name_length = text.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(text.len());
        if name_length == 0 || text.get(name_length) != Some(&b':') {
            return self.odd_field(head, line);
        }
        self.span(head, line.start..line.start + name_length, line.start + name_length + 1..line.end);
    }

    /// A line whose name is not directly followed by a colon.
    #[cold]
    fn odd_field(&mut self, head: &[u8], line: Range<usize>) {
        let text = &head[line.clone()];
        let colon = memchr(b':', text);
        let name = trim(&text[..colon.unwrap_or(0)]);
        self.fault(if is_blank(text[0]) {
            let shown = Excerpt::new(text);
            if self.spans.is_empty() {
                LineFault::SpaceBeforeFirstField(shown)
            } else {
                LineFault::ObsFold(shown)
            }
        } else if is_token(name) {
            LineFault::SpaceBeforeColon(Excerpt::new(name))
        } else {
            LineFault::Malformed(Excerpt::new(text))
        });
        if let Some(colon) = colon
            && is_token(name)
            && !is_blank(text[0])
        {
            // The head is refused; the field is kept so that its other faults are told as well.
            self.span(head, line.start..line.start + name.len(), line.start + colon + 1..line.end);
        }
    }

    fn span(&mut self, head: &[u8], name: Range<usize>, value: Range<usize>) {
        // rule: server/key-outer-whitespace-refused
        let mut value = value;
        while value.start < value.end && is_blank(head[value.start]) {
            value.start += 1;
        }
        while value.start < value.end && is_blank(head[value.end - 1]) {
            value.end -= 1;
        }
        let text = &head[value.clone()];
        if may_hold_control(text) && text.iter().any(|&byte| is_control(byte)) {
            self.control_bytes(&head[name.clone()], text);
        }
        self.spans.push(Span { name: place(name), value: place(value) });
    }

    #[cold]
    fn control_bytes(&mut self, name: &[u8], value: &[u8]) {
        if value.contains(&b'\r') {
            self.fault(LineFault::BareCr(Excerpt::new(name)));
        }
        if let Some(&byte) = value.iter().find(|&&byte| is_control(byte) && byte != b'\r') {
            self.fault(LineFault::ControlByte { byte, place: Excerpt::new(name) });
        }
    }

    /// Told once: a sender that ends one line so ends most of them so.
    #[cold]
    fn bare_lf(&mut self, line: &[u8]) {
        if !self.faults.iter().any(|fault| matches!(fault, LineFault::BareLf(_))) {
            self.fault(LineFault::BareLf(Excerpt::new(line)));
        }
    }

    fn fault(&mut self, fault: LineFault) {
        if self.faults.len() < LINE_FAULTS_MAX {
            self.faults.push(fault);
        }
    }
}

/// Whether a control byte, or a tab, stands in the text: eight bytes at a time.
fn may_hold_control(text: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let suspicious = |chunk: [u8; 8]| {
        let bytes = u64::from_ne_bytes(chunk);
        let deletes = bytes ^ (ONES * 0x7f);
        // A byte's high bit is set here if it is below 0x20, or 0x7f; or, by a borrow, if one beside it is.
        let below = bytes.wrapping_sub(ONES * 0x20) & !bytes;
        let equal = deletes.wrapping_sub(ONES) & !deletes;
        (below | equal) & (ONES * 0x80) != 0
    };
    let (chunks, rest) = text.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    chunks.iter().any(|chunk| suspicious(*chunk)) || suspicious(last)
}

/// A byte that no field value may hold (RFC 9110 section 5.5).
pub(crate) const fn is_control(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f)
}

// rule: server/response-splitting
/// Whether this can be written as a field: a token as name, and no control bytes in the value.
pub(crate) fn is_field(name: &str, value: &str) -> bool {
    is_token(name.as_bytes()) && !value.bytes().any(is_control)
}

/// Fields that only the handshake itself writes, or that a handshake must not have.
pub(crate) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 5] = ["connection", "upgrade", "content-length", "transfer-encoding", "trailer"];
    const PREFIX: &str = "sec-websocket-";
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(head_bytes_max: usize) -> Limits {
        Limits { head_bytes_max, head_fields_max: 3, ..Limits::default() }
    }

    #[test]
    fn the_end_is_found_at_the_same_place_whole_and_byte_by_byte() {
        for (input, end) in [
            (&b"A\r\nb: c\r\n\r\nrest"[..], 11),
            (b"A\nb: c\n\nrest", 8),
            (b"\r\n\r\nA\r\n\r\n\r\n", 9),
            (b"\r\n\r\n\r\nA\r\n", 6),
            (b"\nA", 1),
        ] {
            let whole = Scanner::new(0, 2).scan(input, &limits(99));
            assert!(matches!(&whole, Scan::Complete(head) if head.end == end), "{whole:?}");
            let mut scanner = Scanner::new(0, 2);
            let by_byte = (1..=input.len())
                .map(|length| scanner.scan(&input[..length], &limits(99)))
                .find(|scan| *scan != Scan::Partial);
            assert_eq!(by_byte, Some(whole));
        }
    }

    #[test]
    fn no_control_byte_is_overlooked_at_any_place() {
        for length in 1..20 {
            for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut text = vec![b'a'; length];
                text[at] = byte;
                assert!(may_hold_control(&text) || !is_control(byte), "{byte} at {at} of {length}");
            }
        }
        assert!(!may_hold_control(b"keep-alive, Upgrade \xc3\xa9\xff~"));
    }

    #[test]
    fn a_head_is_bounded_in_bytes_and_in_lines() {
        assert_eq!(Scanner::new(0, 2).scan(b"AAAAAAAAAA", &limits(10)), Scan::FirstLineTooLong);
        assert_eq!(Scanner::new(0, 2).scan(b"AAAAAAAAA", &limits(10)), Scan::Partial);
        assert_eq!(Scanner::new(0, 2).scan(b"A\r\nb: c\r\n\r\n", &limits(10)), Scan::TooLarge);
        assert_eq!(Scanner::new(0, 2).scan(b"A\r\nb: c\r\n\r\n", &limits(11)), Scan::Complete(0..11));
        assert_eq!(Scanner::new(0, 2).scan(b"A\r\nb\r\nb\r\nb\r\nb\r\n", &limits(99)), Scan::TooManyFields);
    }
}
