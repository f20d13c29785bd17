//! Faults of a server's answer, in words: what came and what was wanted, and what to change.

use super::ResponseFault;
use std::fmt;

impl fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TlsAnswer => f.write_str("The server answered with TLS, and plain HTTP was spoken to it."),
            Self::StatusLineMalformed(line) => {
                write!(f, "The answer begins with {line}, and a status line such as HTTP/1.1 101 is wanted.")
            }
            Self::Http10 => {
                f.write_str("The 101 speaks HTTP/1.0, which knows no 101, and HTTP/1.1 is wanted.")
            }
            Self::StatusNot101(status) => {
                write!(f, "The status is {status}, and only 101 opens a WebSocket.")
            }
            Self::ObsFold(line) => {
                write!(f, "The line {line} begins with a blank, which would continue the line before it.")
            }
            Self::ControlByte { byte, place } => {
                write!(
                    f,
                    "The control byte 0x{byte:02x} stands in {place}, and no control bytes but tabs are allowed."
                )
            }
            Self::BareCr(line) => write!(f, "A CR without LF stands in {line}, and only CR LF ends a line."),
            Self::BareLf(line) => write!(f, "The line {line} ends with LF alone, and CR LF is wanted."),
            Self::SpaceBeforeColon(name) => {
                write!(
                    f,
                    "A blank stands between the field name {name} and its colon, where none is allowed."
                )
            }
            Self::FieldLineMalformed(line) => {
                write!(
                    f,
                    "The line {line} is not a field: a name made of token characters, a colon and a value."
                )
            }
            Self::HeadTooLarge { bytes_max } => {
                write!(f, "The answer's head did not end within {bytes_max} bytes, the most that is read.")
            }
            Self::TooManyFields { fields_max } => {
                write!(f, "The answer has more than {fields_max} header fields, the most that are read.")
            }
            Self::TooManyInterimAnswers { answers_max } => {
                write!(f, "More than {answers_max} interim answers came, and no final one among them.")
            }
            Self::AnswerTimeout => f.write_str("The server did not answer the handshake in time."),
            Self::SwitchingStatus => {
                f.write_str("The status is 101, which HTTP/2 and HTTP/3 do not have: 200 is wanted.")
            }
            Self::StreamMalformed => f.write_str(
                "The answer is malformed in a way that HTTP/2 resets the stream for: a field of the connection, a wrong \
                 pseudo-header field, a wrong length, or a head that is too large.",
            ),
            Self::ConnectionField(name) => {
                write!(
                    f,
                    "The field {name} is about the connection, and over HTTP/2 and HTTP/3 no such field is allowed."
                )
            }
            Self::UpgradeMissing => {
                f.write_str("The Upgrade field is missing in the 101, and websocket is wanted in it.")
            }
            Self::UpgradeWrong(value) => {
                write!(f, "The Upgrade value is {value}, and exactly websocket is wanted.")
            }
            Self::UpgradeRepeated { lines } => {
                write!(f, "There are {lines} Upgrade lines in the 101, and exactly one is wanted.")
            }
            Self::ConnectionMissing => {
                f.write_str("The Connection field is missing in the 101, and upgrade is wanted in it.")
            }
            Self::ConnectionWrong(value) => {
                write!(f, "The Connection value is {value}, and upgrade is wanted in its list.")
            }
            Self::ConnectionClose(value) => {
                write!(f, "The Connection value {value} lists close, which contradicts the 101.")
            }
            Self::AcceptMissing { wanted } => {
                write!(f, "Sec-WebSocket-Accept is missing or empty, and {wanted} is wanted.")
            }
            Self::AcceptWrong { received, wanted } => write!(
                f,
                "Sec-WebSocket-Accept is {received}, and {wanted} is wanted: the server did not read this request's key."
            ),
            Self::AcceptCaseChanged { received, wanted } => write!(
                f,
                "Sec-WebSocket-Accept is {received}, and {wanted} is wanted: only the case of letters differs, and it counts."
            ),
            Self::AcceptTrimmed { received, wanted } => write!(
                f,
                "Sec-WebSocket-Accept is {received}, and {wanted} is wanted: the right value was cut, lengthened or re-encoded."
            ),
            Self::AcceptDuplicate { received, wanted } => {
                write!(
                    f,
                    "Sec-WebSocket-Accept stands twice (first: {received}), and {wanted} is wanted once."
                )
            }
            Self::SubprotocolUnoffered(name) => {
                write!(f, "The server chose the subprotocol {name}, which was not offered.")
            }
            Self::SubprotocolSeveral(value) => {
                write!(f, "The server named several subprotocols ({value}), and one at most is wanted.")
            }
            Self::SubprotocolDeclined => {
                f.write_str("The server chose none of the subprotocols offered, and one is required.")
            }
            Self::ExtensionUnoffered(name) => {
                write!(f, "The server chose the extension {name}, which was not offered.")
            }
            Self::DeflateParameter { fault, received } => {
                write!(
                    f,
                    "The answer to the offer of permessage-deflate, {received}, cannot be used: {fault}."
                )
            }
            Self::DeflateTwice(received) => {
                write!(f, "The offer of permessage-deflate is answered twice, {received}; once was wanted.")
            }
            Self::ExtensionMalformed { received, offset } => write!(
                f,
                "The Sec-WebSocket-Extensions value {received} breaks the grammar of extensions at offset {offset}."
            ),
        }
    }
}

impl ResponseFault {
    /// What the server's author, or whoever runs a proxy before it, should change, in one sentence.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::TlsAnswer => "Connect with wss:// instead of ws://.",
            Self::StatusLineMalformed(_) | Self::Http10 => "Answer with HTTP/1.1 101 Switching Protocols.",
            Self::StatusNot101(_) => "Route the path to a WebSocket service.",
            Self::ObsFold(_) => "Write each field on one line.",
            Self::ControlByte { .. } => "Remove control bytes from the value before it is sent.",
            Self::BareCr(_) | Self::BareLf(_) => {
                "End each line with CR LF, and write neither of them elsewhere."
            }
            Self::SpaceBeforeColon(_) => "Put the colon directly behind the name.",
            Self::FieldLineMalformed(_) => {
                "Write name, colon and value, the name made of token characters only."
            }
            Self::HeadTooLarge { .. } | Self::TooManyFields { .. } => "Send fewer or shorter fields.",
            Self::TooManyInterimAnswers { .. } => "Send the final answer.",
            Self::AnswerTimeout => "Answer at once; a proxy may be holding the request back.",
            Self::SwitchingStatus => "Answer an extended CONNECT with 200.",
            Self::StreamMalformed => {
                "Answer with :status first and once, without Connection and Upgrade, and with a head of ordinary size."
            }
            Self::ConnectionField(_) => {
                "Leave out Connection, Upgrade, Keep-Alive, Proxy-Connection and Transfer-Encoding."
            }
            Self::UpgradeMissing | Self::UpgradeWrong(_) | Self::UpgradeRepeated { .. } => {
                "Write Upgrade: websocket once, and let proxies forward it."
            }
            Self::ConnectionMissing | Self::ConnectionWrong(_) | Self::ConnectionClose(_) => {
                "Write Connection: Upgrade, and let proxies forward it."
            }
            Self::AcceptMissing { .. } | Self::AcceptWrong { .. } => {
                "Append the GUID to the key of this request, hash with SHA-1 and encode the 20 bytes with base64."
            }
            Self::AcceptCaseChanged { .. } | Self::AcceptTrimmed { .. } => {
                "Send the base64 of the hash unchanged: 28 characters, = at the end."
            }
            Self::AcceptDuplicate { .. } => "Write Sec-WebSocket-Accept once.",
            Self::SubprotocolUnoffered(_) | Self::SubprotocolSeveral(_) => {
                "Answer with one of the names offered, letter for letter, or leave the field out."
            }
            Self::SubprotocolDeclined => "Support one of the names offered and answer with it.",
            Self::ExtensionUnoffered(_) => "Answer with extensions from the offer only.",
            Self::DeflateParameter { .. } => {
                "Answer with parameters of RFC 7692 section 7.1, each once, and meet what the offer demands."
            }
            Self::DeflateTwice(_) => "Answer one of the offers, once.",
            Self::ExtensionMalformed { .. } => {
                "Write extensions as name; parameter=value, separated by commas."
            }
        }
    }
}
