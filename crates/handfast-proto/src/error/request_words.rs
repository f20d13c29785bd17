//! Faults of a client's opening request, in words: what came and what was wanted, and what to change.

use super::{PseudoField, RequestFault};
use std::fmt;

impl fmt::Display for RequestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TlsHello => f.write_str(
                "The first bytes are a TLS handshake, and this port speaks plain HTTP: use ws:// here, or the port of wss://.",
            ),
            Self::Http2Preface => f.write_str(
                "The first bytes are HTTP/2's preface, and this port speaks HTTP/1.1 without prior knowledge of HTTP/2.",
            ),
            Self::NotHttp(byte) => {
                write!(f, "The first byte is 0x{byte:02x}, and an HTTP request begins with a method such as GET.")
            }
            Self::HttpVersionMalformed(line) => {
                write!(f, "The request line {line} does not end with HTTP/1.1 in exactly these letters.")
            }
            Self::RequestLineSpacing(line) => {
                write!(f, "The request line {line} must be method, target and version with exactly one space between them.")
            }
            Self::LeadingEmptyLines => {
                f.write_str("More than two empty lines stand before the request line; at most two are skipped.")
            }
            Self::MethodMalformed(method) => {
                write!(f, "The method {method} holds characters that no method may hold, and GET is wanted.")
            }
            Self::TargetIllegalByte { byte, offset } => write!(
                f,
                "The request target holds the byte 0x{byte:02x} at offset {offset}, which no URI may hold unencoded."
            ),
            Self::TargetFragment(target) => {
                write!(f, "The request target {target} holds a fragment (#), which is never sent to a server.")
            }
            Self::TargetWrongForm(target) => write!(
                f,
                "The request target {target} is neither a path that begins with / nor a full http:// or https:// URI."
            ),
            Self::ObsFold(line) => {
                write!(f, "The line {line} begins with a blank, which would continue the field before it.")
            }
            Self::ControlByte { byte, place } => {
                write!(f, "The control byte 0x{byte:02x} stands in {place}, and no control bytes but tabs are allowed.")
            }
            Self::BareCr(line) => write!(f, "A CR without LF stands in {line}, and only CR LF ends a line."),
            Self::BareLf(line) => write!(f, "The line {line} ends with LF alone, and CR LF is wanted."),
            Self::SpaceBeforeColon(name) => {
                write!(f, "A blank stands between the field name {name} and its colon, where none is allowed.")
            }
            Self::SpaceBeforeFirstField(line) => {
                write!(f, "The line {line} directly after the request line begins with a blank.")
            }
            Self::FieldLineMalformed(line) => {
                write!(f, "The line {line} is not a field: a name made of token characters, a colon and a value.")
            }
            Self::TargetTooLong { bytes_max } => {
                write!(f, "The request line did not end within {bytes_max} bytes, the most that this server reads.")
            }
            Self::HeadTooLarge { bytes_max } => {
                write!(f, "The request's head did not end within {bytes_max} bytes, the most that this server reads.")
            }
            Self::TooManyFields { fields_max } => {
                write!(f, "The request has more than {fields_max} header fields, the most that this server reads.")
            }
            Self::HeadTimeout { bytes } => {
                write!(f, "The request's head did not end in time; {bytes} bytes of it had arrived.")
            }
            Self::HeadCut { bytes } => {
                write!(f, "The connection ended before the request's head did; {bytes} bytes of it had arrived.")
            }
            Self::MethodNotGet(method) => write!(f, "The method is {method}, and only GET opens a WebSocket."),
            Self::MethodCaseFolded(method) => {
                write!(f, "The method is {method}, and methods count with their case: GET is wanted.")
            }
            Self::HttpVersion10 => {
                f.write_str("The request speaks HTTP/1.0, which cannot be upgraded: HTTP/1.1 is wanted.")
            }
            Self::HostMissing => f.write_str("The Host field is missing, and exactly one is wanted."),
            Self::HostDuplicate { lines } => write!(f, "There are {lines} Host lines, and exactly one is wanted."),
            Self::HostInvalid(value) => {
                write!(f, "The Host value {value} is not a host name or address with an optional port.")
            }
            Self::HostEmpty => f.write_str("The Host field is empty, and a host name or address is wanted."),
            Self::HostForeign(value) => write!(f, "This server does not answer to the host {value}."),
            Self::UpgradeMissing => f.write_str("The Upgrade field is missing, and websocket is wanted in it."),
            Self::UpgradeOther(value) => write!(f, "The Upgrade value is {value}, and websocket is wanted in it."),
            Self::UpgradeSubstring(value) => {
                write!(f, "The Upgrade value is {value}, and websocket is wanted as a whole word of its list.")
            }
            Self::UpgradeVersionSuffix(value) => {
                write!(f, "The Upgrade value is {value}, and websocket is wanted without a version.")
            }
            Self::ConnectionMissing => f.write_str("The Connection field is missing, and upgrade is wanted in it."),
            Self::ConnectionNoUpgrade(value) => {
                write!(f, "The Connection value is {value}, and upgrade is wanted in its list.")
            }
            Self::ConnectionSubstring(value) => {
                write!(f, "The Connection value is {value}, and upgrade is wanted as a whole word of its list.")
            }
            Self::ConnectionCloseWithUpgrade => {
                f.write_str("The Connection field lists close and upgrade, which contradict each other.")
            }
            Self::KeyMissing => f.write_str("The Sec-WebSocket-Key field is missing, and exactly one is wanted."),
            Self::KeyEmpty => {
                f.write_str("The Sec-WebSocket-Key is empty, and 16 random bytes in base64 (24 characters) are wanted.")
            }
            Self::KeyDuplicateSame { lines } => {
                write!(f, "The same Sec-WebSocket-Key stands on {lines} lines, and exactly one line is wanted.")
            }
            Self::KeyDuplicateDifferent { lines } => {
                write!(f, "There are {lines} Sec-WebSocket-Key lines with different values, and exactly one is wanted.")
            }
            Self::KeyList(value) => write!(f, "The Sec-WebSocket-Key {value} is a list, and one key is wanted."),
            Self::KeyAlphabet { byte, offset } => write!(
                f,
                "The Sec-WebSocket-Key holds the byte 0x{byte:02x} ({}) at offset {offset}, which base64 does not have.",
                byte.escape_ascii()
            ),
            Self::KeyUrlSafe(value) => write!(
                f,
                "The Sec-WebSocket-Key {value} uses - or _ of the URL-safe alphabet, and + and / are wanted instead."
            ),
            Self::KeyPaddingMissing(value) => {
                write!(f, "The padding of the Sec-WebSocket-Key {value} is missing or short: it must end with ==.")
            }
            Self::KeyPaddingExcess(value) => {
                write!(f, "The Sec-WebSocket-Key {value} has = where none belongs: only its last two characters are ==.")
            }
            Self::KeyLength { bytes } => {
                let s = if *bytes == 1 { "" } else { "s" };
                write!(f, "The Sec-WebSocket-Key encodes {bytes} byte{s}, and exactly 16 are wanted.")
            }
            Self::KeyOverLong { characters } => {
                write!(f, "The Sec-WebSocket-Key has {characters} characters, and exactly 24 are wanted.")
            }
            Self::KeyInnerWhitespace(value) => {
                write!(f, "A blank stands inside the Sec-WebSocket-Key {value}, where none is allowed.")
            }
            Self::KeyPadBits(value) => write!(
                f,
                "Unused bits of the last letter of the Sec-WebSocket-Key {value} are set: A, Q, g or w is wanted before ==."
            ),
            Self::VersionMissing => f.write_str("Sec-WebSocket-Version is missing or empty, and 13 is wanted."),
            Self::VersionOther(version) => {
                write!(f, "Sec-WebSocket-Version is {version}, and this server speaks 13 only.")
            }
            Self::VersionDraft(version) => {
                write!(f, "Sec-WebSocket-Version {version} is a retired draft, and this server speaks 13 only.")
            }
            Self::VersionList(value) => {
                write!(f, "Sec-WebSocket-Version {value} is a list, and the one number 13 is wanted.")
            }
            Self::VersionLeadingZero(value) => {
                write!(f, "Sec-WebSocket-Version {value} has leading zeros, and 13 is wanted.")
            }
            Self::VersionNotDecimal(value) => {
                write!(f, "Sec-WebSocket-Version {value} is not a decimal number, and 13 is wanted.")
            }
            Self::VersionOverflow(value) => {
                write!(f, "Sec-WebSocket-Version {value} is above 255, and 13 is wanted.")
            }
            Self::VersionDuplicate { lines } => {
                write!(f, "There are {lines} Sec-WebSocket-Version lines, and exactly one is wanted.")
            }
            Self::BodyPresent(value) => {
                write!(f, "The request announces a body ({value}), and a handshake has none.")
            }
            Self::LengthConflict(value) => write!(
                f,
                "The length of the request's body is contradictory or invalid ({value}), and a handshake has no body."
            ),
            Self::ExpectUnknown(value) => {
                write!(f, "The expectation {value} is unknown; 100-continue is the only one there is.")
            }
            Self::OriginForeign(value) => {
                write!(f, "Pages of the origin {value} may not open a WebSocket here.")
            }
            Self::OriginMalformed(value) => {
                write!(f, "The Origin value {value} is not an origin such as https://app.example.")
            }
            Self::OriginDuplicate(value) => {
                write!(f, "There are several origins (the first line is {value}), and at most one is wanted.")
            }
            Self::SubprotocolOfferInvalid(value) => {
                write!(f, "The Sec-WebSocket-Protocol value {value} is not a list of subprotocol names (tokens).")
            }
            Self::SubprotocolOfferDuplicate(name) => {
                write!(f, "The subprotocol {name} is offered twice, and each name may be offered once.")
            }
            Self::ExtensionOfferMalformed { received, offset } => write!(
                f,
                "The Sec-WebSocket-Extensions value {received} breaks the grammar of extension offers at offset {offset}."
            ),
            Self::ConnectionField(name) => {
                write!(f, "The field {name} is about the connection, and over HTTP/2 and HTTP/3 no such field is allowed.")
            }
            Self::PseudoFieldMissing(field) => {
                write!(f, "{} is missing or empty, and an extended CONNECT must have it.", field.in_words())
            }
            Self::SchemeUnknown(value) => {
                write!(f, "The :scheme is {value}, and https for wss:// or http for ws:// is wanted.")
            }
            Self::ProtocolMissing(method) => write!(
                f,
                "The method is {method} without :protocol, and over HTTP/2 and HTTP/3 CONNECT with :protocol websocket is wanted."
            ),
            Self::ProtocolMisplaced(method) => {
                write!(f, "The method is {method}, and :protocol stands beside CONNECT only.")
            }
            Self::ProtocolUnknown(value) => write!(f, "The :protocol is {value}, and websocket is wanted."),
            Self::HostConflict(value) => {
                write!(f, "The Host value {value} names another place than :authority, and one place is wanted.")
            }
            Self::PlainGet => f.write_str(
                "This is a WebSocket endpoint, and an ordinary page request came: open it with a WebSocket client.",
            ),
        }
    }
}

impl PseudoField {
    fn in_words(self) -> &'static str {
        match self {
            Self::Scheme => "The pseudo-header field :scheme",
            Self::Authority => "The pseudo-header field :authority",
            Self::Path => "The pseudo-header field :path",
        }
    }
}

impl RequestFault {
    /// What the client's author should change, in one sentence.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::TlsHello => "Connect with ws:// instead of wss://, or to the port where TLS is spoken.",
            Self::Http2Preface => "Send an HTTP/1.1 request.",
            Self::NotHttp(_) | Self::MethodMalformed(_) => {
                "Begin with a request line such as GET /chat HTTP/1.1."
            }
            Self::HttpVersionMalformed(_) => "End the request line with HTTP/1.1 and CR LF.",
            Self::RequestLineSpacing(_) => {
                "Put single spaces between the three parts, and none before or after them."
            }
            Self::LeadingEmptyLines => "Begin with the request line.",
            Self::TargetIllegalByte { .. } => "Percent-encode every byte that a URI does not allow.",
            Self::TargetFragment(_) => "Cut the URI at # before it is sent.",
            Self::TargetWrongForm(_) => "Send path and query, beginning with a slash.",
            Self::ObsFold(_) => "Write each field on one line.",
            Self::ControlByte { .. } => "Remove control bytes from the value before it is sent.",
            Self::BareCr(_) | Self::BareLf(_) => {
                "End each line with CR LF, and write neither of them elsewhere."
            }
            Self::SpaceBeforeColon(_) => "Put the colon directly behind the name.",
            Self::SpaceBeforeFirstField(_) => "Begin each field line with its name.",
            Self::FieldLineMalformed(_) => {
                "Write name, colon and value, the name made of token characters only."
            }
            Self::TargetTooLong { .. } => "Shorten the path or the query.",
            Self::HeadTooLarge { .. } => "Send fewer or shorter fields; cookies are the usual cause.",
            Self::TooManyFields { .. } => "Send fewer fields.",
            Self::HeadTimeout { .. } => "Send the whole head at once.",
            Self::HeadCut { .. } => {
                "End the head with an empty line, and keep the connection open behind it."
            }
            Self::MethodNotGet(_) | Self::MethodCaseFolded(_) => "Use the method GET.",
            Self::HttpVersion10 => {
                "Send HTTP/1.1; if a proxy rewrites the request, configure it to speak HTTP/1.1 upstream."
            }
            Self::HostMissing | Self::HostEmpty => {
                "Send Host with the host of the URI, and its port unless it is the default one."
            }
            Self::HostDuplicate { .. } => "Send Host once.",
            Self::HostInvalid(_) => {
                "Send host and port only: no user, no path, no scheme, and brackets around an IPv6 address."
            }
            Self::HostForeign(_) => "Use a host name that this server is configured for.",
            Self::UpgradeMissing | Self::ConnectionMissing | Self::ConnectionNoUpgrade(_) => {
                "Send Upgrade: websocket and Connection: Upgrade; if a proxy stands between, let it forward both."
            }
            Self::UpgradeOther(_) | Self::UpgradeSubstring(_) | Self::UpgradeVersionSuffix(_) => {
                "Send Upgrade: websocket."
            }
            Self::ConnectionSubstring(_) => "Send Connection: Upgrade, with commas between options.",
            Self::ConnectionCloseWithUpgrade => "Send Connection: Upgrade without close.",
            Self::KeyMissing
            | Self::KeyEmpty
            | Self::KeyAlphabet { .. }
            | Self::KeyLength { .. }
            | Self::KeyOverLong { .. }
            | Self::KeyInnerWhitespace(_) => {
                "Encode 16 fresh random bytes with standard base64: 22 characters followed by ==."
            }
            Self::KeyDuplicateSame { .. } | Self::KeyDuplicateDifferent { .. } | Self::KeyList(_) => {
                "Send Sec-WebSocket-Key once, with one value."
            }
            Self::KeyUrlSafe(_) => "Use the standard base64 alphabet, with + and /.",
            Self::KeyPaddingMissing(_) | Self::KeyPaddingExcess(_) => {
                "Use base64 with padding: 22 characters followed by ==."
            }
            Self::KeyPadBits(_) => "Encode real bytes instead of drawing 22 random letters.",
            Self::VersionMissing
            | Self::VersionOther(_)
            | Self::VersionDraft(_)
            | Self::VersionList(_)
            | Self::VersionLeadingZero(_)
            | Self::VersionNotDecimal(_)
            | Self::VersionOverflow(_) => "Send Sec-WebSocket-Version: 13.",
            Self::VersionDuplicate { .. } => "Send Sec-WebSocket-Version once.",
            Self::BodyPresent(_) | Self::LengthConflict(_) => {
                "Send neither a body nor Transfer-Encoding, and no Content-Length but 0."
            }
            Self::ExpectUnknown(_) => "Leave Expect out.",
            Self::OriginForeign(_) => {
                "Open the page from an allowed origin, or let the server's operator allow this one."
            }
            Self::OriginMalformed(_) => "Send scheme, host and port as browsers do, or no Origin at all.",
            Self::OriginDuplicate(_) => "Send Origin once, with one origin.",
            Self::SubprotocolOfferInvalid(_) => {
                "Offer names of letters, digits and -._~!#$%&'*+^`| only, separated by commas."
            }
            Self::SubprotocolOfferDuplicate(_) => "Offer each subprotocol once.",
            Self::ExtensionOfferMalformed { .. } => {
                "Write offers as name; parameter=value, separated by commas, or leave the field out."
            }
            Self::ConnectionField(_) => {
                "Leave out Connection, Upgrade, Keep-Alive, Proxy-Connection and Transfer-Encoding."
            }
            Self::PseudoFieldMissing(_) => {
                "Send :scheme, :authority and :path with every CONNECT that has :protocol."
            }
            Self::SchemeUnknown(_) => "Send https for wss:// and http for ws://.",
            Self::ProtocolMissing(_) | Self::ProtocolMisplaced(_) => {
                "Send the method CONNECT with :protocol websocket, or speak HTTP/1.1 with Upgrade: websocket."
            }
            Self::ProtocolUnknown(_) => "Send :protocol websocket.",
            Self::HostConflict(_) => "Leave Host out, or send in it what :authority says.",
            Self::PlainGet => "Use new WebSocket(url) in a page, or a tool such as handfast connect URL.",
        }
    }
}
