//! The one validator of opening handshakes (RFC 6455 section 4.2.1).
//!
//! It is fed a request line and fields, one by one: by the HTTP/1.1 head, and by the parts that another HTTP library has
//! read. Both feeders stand in `request.rs`. What is special to HTTP/2 and HTTP/3 stands in `stream.rs`.

use super::authority::HostPort;
use super::list::{Piece, is_token, members, trim, walk_extensions};
use super::stream::Stream;
use super::{Key, Policy};
use crate::error::{Excerpt, RequestFault};

/// The lines of a field that may stand once.
#[derive(Clone, Copy, Default)]
pub(super) struct Once<'a> {
    pub(super) lines: usize,
    pub(super) first: &'a [u8],
    differs: bool,
}

impl<'a> Once<'a> {
    fn see(&mut self, value: &'a [u8]) {
        if self.lines == 0 {
            self.first = value;
        }
        self.differs |= self.first != value;
        self.lines += 1;
    }
}

/// The lines of a list in which a word is looked for.
#[derive(Clone, Copy, Default)]
struct Words<'a> {
    lines: usize,
    /// The first line that holds anything.
    shown: &'a [u8],
    found: bool,
    malformed: bool,
}

impl<'a> Words<'a> {
    fn see(&mut self, value: &'a [u8], mut judge: impl FnMut(&'a [u8]) -> bool, wanted: &[u8]) {
        self.lines += 1;
        if self.shown.is_empty() {
            self.shown = value;
        }
        if value.eq_ignore_ascii_case(wanted) {
            self.found = true;
            return;
        }
        for member in members(value) {
            self.found |= member.eq_ignore_ascii_case(wanted);
            if !judge(member) {
                self.malformed = true;
                self.shown = value;
            }
        }
    }
}

/// Collects what the fields say; [`Examiner::finish`] gives the judgement.
pub(crate) struct Examiner<'a> {
    pub(super) policy: &'a Policy,
    pub(super) faults: Vec<RequestFault>,
    /// Over HTTP/2 and HTTP/3.
    stream: Option<Stream<'a>>,
    method: Option<&'a [u8]>,
    minor: u8,
    authority: Option<&'a [u8]>,
    pub(super) host: Once<'a>,
    upgrade: Words<'a>,
    connection: Words<'a>,
    closes: bool,
    key: Once<'a>,
    version: Once<'a>,
    origin: Once<'a>,
    content_length: Once<'a>,
    transfer_encoding: Once<'a>,
    expect: Once<'a>,
    subprotocols: Option<Vec<&'a [u8]>>,
    subprotocols_malformed: Option<&'a [u8]>,
    extension_lines: usize,
    extensions: usize,
    extensions_malformed: Option<(&'a [u8], usize)>,
    sign: bool,
}

/// A judgement.
pub(crate) struct Judged {
    /// Everything found, none of it relaxed yet.
    pub(crate) faults: Vec<RequestFault>,
    /// The key, where it is one.
    pub(crate) key: Option<Key>,
    pub(crate) expects_continue: bool,
}

/// Whether this field shows that a WebSocket is meant.
pub(crate) fn is_sign(name: &[u8], value: &[u8]) -> bool {
    const PREFIX: &[u8] = b"sec-websocket-";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        || (name.eq_ignore_ascii_case(b"upgrade") && contains(value, b"websocket"))
}

/// Whether these letters stand anywhere in the value, in any case, blanks within them ignored.
fn contains(value: &[u8], letters: &[u8]) -> bool {
    let dense: Vec<u8> = value.iter().filter(|byte| **byte != b' ').map(u8::to_ascii_lowercase).collect();
    dense.windows(letters.len()).any(|window| window == letters)
}

impl<'a> Examiner<'a> {
    /// Begins with the faults that the feeder found in the request's form.
    pub(crate) fn new(policy: &'a Policy, faults: Vec<RequestFault>) -> Self {
        Self {
            policy,
            faults,
            stream: None,
            method: None,
            minor: 1,
            authority: None,
            host: Once::default(),
            upgrade: Words::default(),
            connection: Words::default(),
            closes: false,
            key: Once::default(),
            version: Once::default(),
            origin: Once::default(),
            content_length: Once::default(),
            transfer_encoding: Once::default(),
            expect: Once::default(),
            subprotocols: None,
            subprotocols_malformed: None,
            extension_lines: 0,
            extensions: 0,
            extensions_malformed: None,
            sign: false,
        }
    }

    /// The request line, where it is well formed: method, minor version, and the authority of an absolute-form target.
    pub(crate) fn line(&mut self, method: &'a [u8], minor: u8, authority: Option<&'a [u8]>) {
        self.method = Some(method);
        self.minor = minor;
        self.authority = authority;
    }

    /// What HTTP/2 and HTTP/3 have instead of a request line.
    pub(crate) fn stream(&mut self, stream: Stream<'a>) {
        self.authority = stream.authority;
        self.stream = Some(stream);
    }

    /// A field, its value trimmed of outer blanks.
    pub(crate) fn field(&mut self, name: &'a [u8], value: &'a [u8]) {
        // rule: server/field-name-case-refused server/unknown-fields-refused
        if self.stream.is_some() && super::stream::is_of_connection(name, value) {
            self.faults.push(RequestFault::ConnectionField(Excerpt::new(name)));
            return;
        }
        // The length picks the candidates, so that other fields cost one comparison of numbers.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host.see(value),
            6 if name.eq_ignore_ascii_case(b"origin") => self.origin.see(value),
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect.see(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                // rule: server/upgrade-case-refused server/upgrade-list-refused
                self.upgrade.see(value, is_protocol, b"websocket");
                self.sign = self.sign || self.upgrade.found || is_sign(name, value);
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                // rule: server/connection-case-refused server/connection-list-refused
                // rule: server/connection-several-lines-refused
                let closes = &mut self.closes;
                let judge = |member: &[u8]| {
                    *closes |= member.eq_ignore_ascii_case(b"close");
                    is_token(member)
                };
                self.connection.see(value, judge, b"upgrade");
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length.see(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding.see(value),
            17.. => self.websocket_field(name, value),
            _ => {}
        }
    }

    fn websocket_field(&mut self, name: &'a [u8], value: &'a [u8]) {
        const PREFIX: usize = "sec-websocket-".len();
        if !name[..PREFIX].eq_ignore_ascii_case(b"sec-websocket-") {
            return;
        }
        self.sign = true;
        let rest = &name[PREFIX..];
        if rest.eq_ignore_ascii_case(b"key") {
            self.key.see(value);
        } else if rest.eq_ignore_ascii_case(b"version") {
            self.version.see(value);
        } else if rest.eq_ignore_ascii_case(b"protocol") {
            // rule: server/subprotocol-lines-refused
            let offered = self.subprotocols.get_or_insert_default();
            for member in members(value) {
                if is_token(member) {
                    offered.push(member);
                } else {
                    self.subprotocols_malformed.get_or_insert(value);
                }
            }
        } else if rest.eq_ignore_ascii_case(b"extensions") {
            // rule: server/extension-lines-refused server/extension-quoted-value
            self.extension_lines += 1;
            let count = &mut self.extensions;
            let see = |piece: Piece<'_>| *count += usize::from(matches!(piece, Piece::Name(_)));
            if let Err(offset) = walk_extensions(value, see) {
                self.extensions_malformed.get_or_insert((value, offset));
            }
        }
    }

    /// Judges by every rule.
    pub(crate) fn finish(mut self) -> Judged {
        if let Some(stream) = self.stream {
            self.judge_stream(&stream);
            return Judged { faults: self.faults, key: None, expects_continue: false };
        }
        let before = self.faults.len();
        let plain = !self.sign;
        self.judge_lengths();
        self.judge_method();
        if self.minor > 0 {
            self.judge_host();
        }
        self.judge_expect();
        let mut key = None;
        if !plain {
            if self.minor == 0 {
                self.faults.push(RequestFault::HttpVersion10);
            }
            self.judge_upgrade();
            self.judge_connection();
            self.judge_version();
            key = self.judge_key();
            self.judge_subprotocols();
            self.judge_extensions();
            self.judge_origin();
        } else if before == 0 && !self.faults.iter().any(|fault| fault.status() == 405) {
            self.faults.push(RequestFault::PlainGet);
        }
        Judged { faults: self.faults, key, expects_continue: self.expect.lines > 0 && self.minor > 0 }
    }

    /// RFC 8441 sections 4 and 5: no key, no upgrade; all else as ever.
    fn judge_stream(&mut self, stream: &Stream<'a>) {
        self.judge_lengths();
        self.judge_authority(stream);
        self.judge_expect();
        if !self.sign && stream.protocol.is_none() && stream.method == b"GET" {
            if self.faults.is_empty() {
                self.faults.push(RequestFault::PlainGet);
            }
            return;
        }
        if self.judge_pseudo_fields(stream) {
            // rule: server/h2-key-required server/h2-version-unchecked
            self.judge_version();
            self.judge_subprotocols();
            self.judge_extensions();
            self.judge_origin();
        }
    }

    fn judge_method(&mut self) {
        match self.method {
            None | Some(b"GET") => {}
            Some(other) => {
                let shown = Excerpt::new(other);
                self.faults.push(if other.eq_ignore_ascii_case(b"GET") {
                    RequestFault::MethodCaseFolded(shown)
                } else {
                    RequestFault::MethodNotGet(shown)
                });
            }
        }
    }

    fn judge_lengths(&mut self) {
        // rule: server/body-as-frames
        // Where a body is announced nothing is accepted, so that its bytes reach no frame parser.
        let (length, encoding) = (self.content_length, self.transfer_encoding);
        if length.lines == 0 && encoding.lines == 0 {
            return;
        }
        let decimal = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let chunked = |value: &[u8]| {
            members(value).last().is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"))
        };
        let fault = if length.lines > 1 || (length.lines == 1 && !decimal(length.first)) {
            RequestFault::LengthConflict(Excerpt::new(length.first))
        } else if encoding.lines > 0 && (length.lines > 0 || encoding.lines > 1 || !chunked(encoding.first)) {
            RequestFault::LengthConflict(Excerpt::new(encoding.first))
        } else if encoding.lines > 0 {
            RequestFault::BodyPresent(Excerpt::new(encoding.first))
        } else if self.stream.is_some() || length.first.iter().any(|&digit| digit != b'0') {
            // A stream whose length is 0 is reset at its first frame of data (RFC 9113 section 8.1.1).
            RequestFault::BodyPresent(Excerpt::new(length.first))
        } else {
            return;
        };
        self.faults.push(fault);
    }

    fn judge_host(&mut self) {
        let host = self.host;
        let parsed = HostPort::parse(host.first);
        match host.lines {
            0 => self.faults.push(RequestFault::HostMissing),
            1 if host.first.is_empty() => self.faults.push(RequestFault::HostEmpty),
            1 if parsed.is_none() => self.faults.push(RequestFault::HostInvalid(Excerpt::new(host.first))),
            1 => {}
            lines => self.faults.push(RequestFault::HostDuplicate { lines }),
        }
        self.judge_known_host();
    }

    /// Whether this server answers to the host that is asked for.
    pub(super) fn judge_known_host(&mut self) {
        let hosts = &self.policy.hosts;
        if !hosts.is_empty()
            && let Some(asked) = self.asked_for()
            && !hosts
                .iter()
                .any(|known| known.trim_matches(['[', ']']).as_bytes().eq_ignore_ascii_case(asked.host))
        {
            self.faults.push(RequestFault::HostForeign(Excerpt::new(asked.host)));
        }
    }

    /// Host and port that the request is for: those of an absolute-form target count, not `Host`.
    fn asked_for(&self) -> Option<HostPort<'a>> {
        match self.authority {
            Some(authority) => HostPort::parse(authority),
            None if self.host.lines == 1 => HostPort::parse(self.host.first),
            None => None,
        }
    }

    fn judge_expect(&mut self) {
        if self.expect.lines > 0
            && (self.expect.differs || !self.expect.first.eq_ignore_ascii_case(b"100-continue"))
        {
            self.faults.push(RequestFault::ExpectUnknown(Excerpt::new(self.expect.first)));
        }
    }

    fn judge_upgrade(&mut self) {
        let upgrade = self.upgrade;
        if upgrade.found && !upgrade.malformed {
            return;
        }
        let shown = Excerpt::new(upgrade.shown);
        let mut names = members(upgrade.shown).filter_map(|member| member.split(|&byte| byte == b'/').next());
        self.faults.push(if upgrade.lines == 0 {
            RequestFault::UpgradeMissing
        } else if !upgrade.malformed && names.any(|name| name.eq_ignore_ascii_case(b"websocket")) {
            RequestFault::UpgradeVersionSuffix(shown)
        } else if contains(upgrade.shown, b"websocket") {
            RequestFault::UpgradeSubstring(shown)
        } else {
            RequestFault::UpgradeOther(shown)
        });
    }

    fn judge_connection(&mut self) {
        let connection = self.connection;
        if connection.found && !connection.malformed {
            if self.closes {
                self.faults.push(RequestFault::ConnectionCloseWithUpgrade);
            }
            return;
        }
        let shown = Excerpt::new(connection.shown);
        let resembles = |member: &[u8]| {
            contains(member, b"upgrade") || b"upgrade".starts_with(&member.to_ascii_lowercase())
        };
        self.faults.push(if connection.lines == 0 {
            RequestFault::ConnectionMissing
        } else if members(connection.shown).any(|member| resembles(member) && !member.contains(&b';')) {
            RequestFault::ConnectionSubstring(shown)
        } else {
            RequestFault::ConnectionNoUpgrade(shown)
        });
    }

    fn judge_key(&mut self) -> Option<Key> {
        match self.key {
            Once { lines: 0, .. } => self.faults.push(RequestFault::KeyMissing),
            Once { lines: 1, first, .. } => match Key::parse(first) {
                Ok(key) if self.policy.canonical_keys && !key.is_canonical() => {
                    self.faults.push(RequestFault::KeyPadBits(Excerpt::new(first)));
                }
                Ok(key) => return Some(key),
                Err(faults) => self.faults.extend(faults),
            },
            Once { lines, differs: true, .. } => {
                self.faults.push(RequestFault::KeyDuplicateDifferent { lines });
            }
            Once { lines, .. } => self.faults.push(RequestFault::KeyDuplicateSame { lines }),
        }
        None
    }

    fn judge_version(&mut self) {
        let version = self.version;
        if version.lines == 1 && version.first == b"13" {
            return;
        }
        let value = version.first;
        let shown = || Excerpt::new(value);
        let number = || std::str::from_utf8(value).ok()?.parse::<u8>().ok();
        self.faults.push(match version.lines {
            0 => RequestFault::VersionMissing,
            1 if value.is_empty() => RequestFault::VersionMissing,
            1 if value.contains(&b',') => RequestFault::VersionList(shown()),
            1 if value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'\t'))
                && !value.iter().all(u8::is_ascii_digit) =>
            {
                RequestFault::VersionList(shown())
            }
            1 if !value.iter().all(u8::is_ascii_digit) => RequestFault::VersionNotDecimal(shown()),
            1 if value.len() > 1 && value[0] == b'0' => RequestFault::VersionLeadingZero(shown()),
            1 => match number() {
                Some(draft @ (7 | 8)) => RequestFault::VersionDraft(draft),
                Some(other) => RequestFault::VersionOther(other),
                None => RequestFault::VersionOverflow(shown()),
            },
            lines => RequestFault::VersionDuplicate { lines },
        });
    }

    fn judge_subprotocols(&mut self) {
        let Some(offered) = &mut self.subprotocols else { return };
        if let Some(line) = self.subprotocols_malformed {
            self.faults.push(RequestFault::SubprotocolOfferInvalid(Excerpt::new(line)));
        } else if offered.is_empty() {
            self.faults.push(RequestFault::SubprotocolOfferInvalid(Excerpt::new(b"")));
        }
        // Sorted, so that a long list costs no quadratic time.
        offered.sort_unstable();
        if let Some(twice) = offered.windows(2).find(|pair| pair[0] == pair[1]) {
            self.faults.push(RequestFault::SubprotocolOfferDuplicate(Excerpt::new(twice[0])));
        }
    }

    fn judge_extensions(&mut self) {
        let (line, offset) = match self.extensions_malformed {
            Some(malformed) => malformed,
            None if self.extension_lines > 0 && self.extensions == 0 => (&b""[..], 0),
            None => return,
        };
        self.faults.push(RequestFault::ExtensionOfferMalformed { received: Excerpt::new(line), offset });
    }

    fn judge_origin(&mut self) {
        let fault = match self.origin.lines {
            // rule: server/origin-absent
            0 => return,
            1 => self.policy.origin.judge(self.origin.first, self.asked_for(), self.policy.secure),
            _ => Some(RequestFault::OriginDuplicate(Excerpt::new(self.origin.first))),
        };
        self.faults.extend(fault);
    }
}

/// A protocol name with an optional version (RFC 9110 section 7.8).
fn is_protocol(member: &[u8]) -> bool {
    let mut parts = member.splitn(2, |&byte| byte == b'/');
    parts.all(|part| is_token(trim(part)))
}
