//! Faults of a client's opening request: which rule each breaks, and which status answers it.

use super::Excerpt;
use crate::rules::{Rule, table};

/// A client's request broke a rule of the catalogue, or the server's policy.
///
/// `Display` is one sentence that names what came and what was wanted; [`RequestFault::fix`] says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFault {
    /// The first bytes are a TLS handshake, and this port speaks plain HTTP.
    TlsHello,
    /// The first bytes are HTTP/2's preface, and this port speaks HTTP/1.1.
    Http2Preface,
    /// The first byte cannot begin an HTTP request.
    NotHttp(u8),
    /// The version in the request line is not `HTTP/1.` and one digit.
    HttpVersionMalformed(Excerpt),
    /// The parts of the request line are not separated by exactly one space.
    RequestLineSpacing(Excerpt),
    /// More empty lines stand before the request line than the one or two that are skipped.
    LeadingEmptyLines,
    /// The method is not a token.
    MethodMalformed(Excerpt),
    /// The target holds a byte that no URI may hold.
    TargetIllegalByte {
        /// The byte.
        byte: u8,
        /// Its place in the target, from 0.
        offset: usize,
    },
    /// The target holds a `#`.
    TargetFragment(Excerpt),
    /// The target is neither a path nor an absolute http or https URI with a host.
    TargetWrongForm(Excerpt),
    /// A line continues the field before it.
    ObsFold(Excerpt),
    /// A control byte other than a tab stands in a field value or in the request line.
    ControlByte {
        /// The byte.
        byte: u8,
        /// The field's name, or the line where there is none.
        place: Excerpt,
    },
    /// A CR that no LF follows.
    BareCr(Excerpt),
    /// A line that ends with LF alone.
    BareLf(Excerpt),
    /// A blank between a field's name and its colon.
    SpaceBeforeColon(Excerpt),
    /// The first line after the request line begins with a blank.
    SpaceBeforeFirstField(Excerpt),
    /// A line that is not name, colon, value.
    FieldLineMalformed(Excerpt),
    /// The request line is longer than the server reads.
    TargetTooLong {
        /// The bound of the whole head, in bytes.
        bytes_max: usize,
    },
    /// The head is longer than the server reads.
    HeadTooLarge {
        /// The bound of the whole head, in bytes.
        bytes_max: usize,
    },
    /// The head has more field lines than the server reads.
    TooManyFields {
        /// The bound, in lines.
        fields_max: usize,
    },
    /// The head did not end in time.
    HeadTimeout {
        /// What had arrived by then, in bytes.
        bytes: usize,
    },
    /// The client ended the stream in the middle of the head.
    HeadCut {
        /// What had arrived by then, in bytes.
        bytes: usize,
    },
    /// The method is another one than GET.
    MethodNotGet(Excerpt),
    /// The method is GET in other letters.
    MethodCaseFolded(Excerpt),
    /// An upgrade was asked for under HTTP/1.0.
    HttpVersion10,
    /// No `Host` field.
    HostMissing,
    /// Several `Host` lines.
    HostDuplicate {
        /// How many.
        lines: usize,
    },
    /// `Host` is not a host with an optional port.
    HostInvalid(Excerpt),
    /// `Host` is empty.
    HostEmpty,
    /// The server does not answer to this host.
    HostForeign(Excerpt),
    /// No `Upgrade` field, though the request is a handshake otherwise.
    UpgradeMissing,
    /// `Upgrade` names other protocols only.
    UpgradeOther(Excerpt),
    /// `Upgrade` holds the letters websocket, but not as a whole member.
    UpgradeSubstring(Excerpt),
    /// `Upgrade` names websocket with a version.
    UpgradeVersionSuffix(Excerpt),
    /// No `Connection` field.
    ConnectionMissing,
    /// `Connection` does not list upgrade.
    ConnectionNoUpgrade(Excerpt),
    /// `Connection` holds a longer or shorter word than upgrade.
    ConnectionSubstring(Excerpt),
    /// `Connection` lists close and upgrade.
    ConnectionCloseWithUpgrade,
    /// No `Sec-WebSocket-Key` field.
    KeyMissing,
    /// `Sec-WebSocket-Key` is empty.
    KeyEmpty,
    /// The same key on several lines.
    KeyDuplicateSame {
        /// How many.
        lines: usize,
    },
    /// Different keys on several lines.
    KeyDuplicateDifferent {
        /// How many.
        lines: usize,
    },
    /// The key is a list or has a parameter.
    KeyList(Excerpt),
    /// The key holds a byte outside base64.
    KeyAlphabet {
        /// The byte.
        byte: u8,
        /// Its place in the key, from 0.
        offset: usize,
    },
    /// The key is written in the URL-safe alphabet.
    KeyUrlSafe(Excerpt),
    /// The key's padding is missing or short.
    KeyPaddingMissing(Excerpt),
    /// The key has too much padding, or padding in a wrong place.
    KeyPaddingExcess(Excerpt),
    /// The key encodes another number of bytes than 16.
    KeyLength {
        /// How many bytes it encodes.
        bytes: usize,
    },
    /// The key is so long that it is not looked at.
    KeyOverLong {
        /// Its length in characters.
        characters: usize,
    },
    /// A blank inside the key.
    KeyInnerWhitespace(Excerpt),
    /// Unused bits of the key's last letter are set, and the operator refuses that.
    KeyPadBits(Excerpt),
    /// No `Sec-WebSocket-Version`, or an empty one.
    VersionMissing,
    /// Another version than 13.
    VersionOther(u8),
    /// Draft 7 or 8.
    VersionDraft(u8),
    /// The version is a list.
    VersionList(Excerpt),
    /// The version has leading zeros.
    VersionLeadingZero(Excerpt),
    /// The version is not a decimal number.
    VersionNotDecimal(Excerpt),
    /// The version is above 255.
    VersionOverflow(Excerpt),
    /// Several version lines.
    VersionDuplicate {
        /// How many.
        lines: usize,
    },
    /// The request announces a body.
    BodyPresent(Excerpt),
    /// `Content-Length` or `Transfer-Encoding` is invalid, or both are there.
    LengthConflict(Excerpt),
    /// `Expect` asks for something else than `100-continue`.
    ExpectUnknown(Excerpt),
    /// The page's origin is not let in.
    OriginForeign(Excerpt),
    /// `Origin` is not a serialized origin.
    OriginMalformed(Excerpt),
    /// Several origins, on one line or more.
    OriginDuplicate(Excerpt),
    /// The subprotocol offer is not a list of tokens.
    SubprotocolOfferInvalid(Excerpt),
    /// A subprotocol is offered twice.
    SubprotocolOfferDuplicate(Excerpt),
    /// The extension offer is outside the grammar.
    ExtensionOfferMalformed {
        /// The field value.
        received: Excerpt,
        /// Where the grammar is broken, in bytes from the value's start.
        offset: usize,
    },
    /// Over HTTP/2 or HTTP/3: a field that is about the connection, such as `Upgrade`.
    ConnectionField(Excerpt),
    /// Over HTTP/2 or HTTP/3: a pseudo-header field is missing or empty.
    PseudoFieldMissing(PseudoField),
    /// Over HTTP/2 or HTTP/3: `:scheme` is neither http nor https.
    SchemeUnknown(Excerpt),
    /// Over HTTP/2 or HTTP/3: no `:protocol`, so that the request asks for no WebSocket in the way of this HTTP.
    ProtocolMissing(Excerpt),
    /// Over HTTP/2 or HTTP/3: `:protocol` beside another method than CONNECT.
    ProtocolMisplaced(Excerpt),
    /// Over HTTP/2 or HTTP/3: `:protocol` names something else than websocket.
    ProtocolUnknown(Excerpt),
    /// Over HTTP/2 or HTTP/3: `Host` names another place than `:authority`.
    HostConflict(Excerpt),
    /// An ordinary request on a WebSocket endpoint.
    PlainGet,
}

/// A pseudo-header field that an extended CONNECT cannot be without (RFC 8441 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PseudoField {
    /// `:scheme`.
    Scheme,
    /// `:authority`.
    Authority,
    /// `:path`.
    Path,
}

impl PseudoField {
    /// The field's name with its colon, such as `:path`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheme => ":scheme",
            Self::Authority => ":authority",
            Self::Path => ":path",
        }
    }
}

impl RequestFault {
    /// The rule that was broken, such as `server/key-length`.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::TlsHello | Self::Http2Preface | Self::NotHttp(_) | Self::HttpVersionMalformed(_) => {
                &table::SERVER_HTTP_VERSION_MALFORMED
            }
            Self::RequestLineSpacing(_) => &table::SERVER_REQUEST_LINE_SPACING,
            Self::LeadingEmptyLines => &table::SERVER_LEADING_EMPTY_LINE,
            Self::MethodMalformed(_) | Self::MethodNotGet(_) => &table::SERVER_METHOD_NOT_GET,
            Self::TargetIllegalByte { .. } => &table::SERVER_TARGET_ILLEGAL_BYTES,
            Self::TargetFragment(_) => &table::SERVER_TARGET_FRAGMENT,
            Self::TargetWrongForm(_) => &table::SERVER_TARGET_WRONG_FORM,
            Self::ObsFold(_) => &table::SERVER_OBS_FOLD,
            Self::ControlByte { .. } => &table::SERVER_NUL_IN_VALUE,
            Self::BareCr(_) => &table::SERVER_BARE_CR,
            Self::BareLf(_) => &table::SERVER_BARE_LF,
            Self::SpaceBeforeColon(_) => &table::SERVER_SPACE_BEFORE_COLON,
            Self::SpaceBeforeFirstField(_) => &table::SERVER_SPACE_BEFORE_FIRST_FIELD,
            Self::FieldLineMalformed(_) => &table::SERVER_FIELD_LINE_MALFORMED,
            Self::TargetTooLong { .. } => &table::SERVER_TARGET_TOO_LONG,
            Self::HeadTooLarge { .. } | Self::TooManyFields { .. } => &table::SERVER_HEAD_TOO_LARGE,
            Self::HeadTimeout { .. } | Self::HeadCut { .. } => &table::SERVER_HEAD_TIMEOUT,
            Self::MethodCaseFolded(_) => &table::SERVER_METHOD_CASE_FOLDED,
            Self::HttpVersion10 => &table::SERVER_HTTP_VERSION_1_0,
            Self::HostMissing => &table::SERVER_HOST_MISSING,
            Self::HostDuplicate { .. } => &table::SERVER_HOST_DUPLICATE,
            Self::HostInvalid(_) => &table::SERVER_HOST_INVALID,
            Self::HostEmpty => &table::SERVER_HOST_EMPTY,
            Self::HostForeign(_) => &table::SERVER_HOST_FOREIGN,
            Self::UpgradeMissing => &table::SERVER_UPGRADE_MISSING,
            Self::UpgradeOther(_) => &table::SERVER_UPGRADE_OTHER,
            Self::UpgradeSubstring(_) => &table::SERVER_UPGRADE_SUBSTRING,
            Self::UpgradeVersionSuffix(_) => &table::SERVER_UPGRADE_VERSION_SUFFIX,
            Self::ConnectionMissing => &table::SERVER_CONNECTION_MISSING,
            Self::ConnectionNoUpgrade(_) => &table::SERVER_CONNECTION_NO_UPGRADE,
            Self::ConnectionSubstring(_) => &table::SERVER_CONNECTION_SUBSTRING,
            Self::ConnectionCloseWithUpgrade => &table::SERVER_CONNECTION_CLOSE_WITH_UPGRADE,
            Self::KeyMissing => &table::SERVER_KEY_MISSING,
            Self::KeyEmpty => &table::SERVER_KEY_EMPTY,
            Self::KeyDuplicateSame { .. } => &table::SERVER_KEY_DUPLICATE_SAME,
            Self::KeyDuplicateDifferent { .. } => &table::SERVER_KEY_DUPLICATE_DIFFERENT,
            Self::KeyList(_) => &table::SERVER_KEY_LIST,
            Self::KeyAlphabet { .. } => &table::SERVER_KEY_ALPHABET,
            Self::KeyUrlSafe(_) => &table::SERVER_KEY_URL_SAFE,
            Self::KeyPaddingMissing(_) => &table::SERVER_KEY_PADDING_MISSING,
            Self::KeyPaddingExcess(_) => &table::SERVER_KEY_PADDING_EXCESS,
            Self::KeyLength { .. } => &table::SERVER_KEY_LENGTH,
            Self::KeyOverLong { .. } => &table::SERVER_KEY_OVER_LONG,
            Self::KeyInnerWhitespace(_) => &table::SERVER_KEY_INNER_WHITESPACE,
            Self::KeyPadBits(_) => &table::SERVER_KEY_PAD_BITS,
            Self::VersionMissing => &table::SERVER_VERSION_MISSING,
            Self::VersionOther(_) => &table::SERVER_VERSION_OTHER,
            Self::VersionDraft(_) => &table::SERVER_VERSION_DRAFT,
            Self::VersionList(_) => &table::SERVER_VERSION_LIST,
            Self::VersionLeadingZero(_) => &table::SERVER_VERSION_LEADING_ZERO,
            Self::VersionNotDecimal(_) => &table::SERVER_VERSION_NOT_DECIMAL,
            Self::VersionOverflow(_) => &table::SERVER_VERSION_OVERFLOW,
            Self::VersionDuplicate { .. } => &table::SERVER_VERSION_DUPLICATE,
            Self::BodyPresent(_) => &table::SERVER_BODY_PRESENT,
            Self::LengthConflict(_) => &table::SERVER_LENGTH_CONFLICT,
            Self::ExpectUnknown(_) => &table::SERVER_EXPECT_CONTINUE,
            Self::OriginForeign(_) => &table::SERVER_ORIGIN_FOREIGN_ACCEPTED,
            Self::OriginMalformed(_) => &table::SERVER_ORIGIN_COMPARED_LOOSELY,
            Self::OriginDuplicate(_) => &table::SERVER_ORIGIN_DUPLICATE,
            Self::SubprotocolOfferInvalid(_) => &table::SERVER_SUBPROTOCOL_OFFER_INVALID,
            Self::SubprotocolOfferDuplicate(_) => &table::SERVER_SUBPROTOCOL_OFFER_DUPLICATE,
            Self::ExtensionOfferMalformed { .. } => &table::SERVER_EXTENSION_OFFER_MALFORMED,
            Self::ConnectionField(_) => &table::SERVER_H2_CONNECTION_FIELDS,
            Self::PseudoFieldMissing(_) | Self::SchemeUnknown(_) => &table::SERVER_H2_PATH_OR_SCHEME_MISSING,
            Self::ProtocolMissing(_) | Self::ProtocolMisplaced(_) => &table::SERVER_H2_PROTOCOL_MISPLACED,
            Self::ProtocolUnknown(_) => &table::SERVER_H2_PROTOCOL_UNKNOWN,
            Self::HostConflict(_) => &table::SERVER_H2_HOST_CONFLICT,
            Self::PlainGet => &table::SERVER_PLAIN_GET_UNANSWERED,
        }
    }

    /// The status that answers this fault alone; where it is 426, it is 400 over HTTP/2 and HTTP/3.
    pub fn status(&self) -> u16 {
        self.answer().1
    }

    /// How telling the fault is beside others: the lowest rank gives a refusal its status.
    pub(crate) fn rank(&self) -> u8 {
        self.answer().0
    }

    /// The one mapping from a fault to its answer: rank, status.
    fn answer(&self) -> (u8, u16) {
        match self {
            Self::TlsHello
            | Self::Http2Preface
            | Self::NotHttp(_)
            | Self::HttpVersionMalformed(_)
            | Self::RequestLineSpacing(_)
            | Self::LeadingEmptyLines
            | Self::MethodMalformed(_)
            | Self::TargetIllegalByte { .. }
            | Self::TargetFragment(_)
            | Self::TargetWrongForm(_) => (0, 400),
            Self::ObsFold(_)
            | Self::ControlByte { .. }
            | Self::BareCr(_)
            | Self::BareLf(_)
            | Self::SpaceBeforeColon(_)
            | Self::SpaceBeforeFirstField(_)
            | Self::FieldLineMalformed(_) => (1, 400),
            Self::TargetTooLong { .. } => (2, 414),
            Self::HeadTooLarge { .. } | Self::TooManyFields { .. } => (2, 431),
            Self::HeadTimeout { .. } => (3, 408),
            Self::HeadCut { .. } => (3, 400),
            Self::ConnectionField(_)
            | Self::PseudoFieldMissing(_)
            | Self::SchemeUnknown(_)
            | Self::ProtocolMissing(_)
            | Self::ProtocolMisplaced(_) => (3, 400),
            Self::LengthConflict(_) => (4, 400),
            Self::ProtocolUnknown(_) => (5, 501),
            Self::MethodNotGet(_) | Self::MethodCaseFolded(_) => (5, 405),
            Self::HttpVersion10 => (6, 505),
            Self::HostMissing
            | Self::HostDuplicate { .. }
            | Self::HostInvalid(_)
            | Self::HostEmpty
            | Self::HostConflict(_) => (7, 400),
            Self::HostForeign(_) => (8, 421),
            Self::BodyPresent(_) => (9, 400),
            Self::ExpectUnknown(_) => (10, 417),
            Self::PlainGet => (11, 426),
            Self::UpgradeMissing
            | Self::UpgradeOther(_)
            | Self::UpgradeSubstring(_)
            | Self::UpgradeVersionSuffix(_) => (12, 426),
            Self::ConnectionMissing | Self::ConnectionNoUpgrade(_) | Self::ConnectionSubstring(_) => {
                (13, 426)
            }
            Self::ConnectionCloseWithUpgrade => (14, 400),
            Self::VersionMissing
            | Self::VersionOther(_)
            | Self::VersionDraft(_)
            | Self::VersionList(_)
            | Self::VersionLeadingZero(_)
            | Self::VersionNotDecimal(_)
            | Self::VersionOverflow(_)
            | Self::VersionDuplicate { .. } => (15, 426),
            Self::KeyMissing
            | Self::KeyEmpty
            | Self::KeyDuplicateSame { .. }
            | Self::KeyDuplicateDifferent { .. }
            | Self::KeyList(_)
            | Self::KeyAlphabet { .. }
            | Self::KeyUrlSafe(_)
            | Self::KeyPaddingMissing(_)
            | Self::KeyPaddingExcess(_)
            | Self::KeyLength { .. }
            | Self::KeyOverLong { .. }
            | Self::KeyInnerWhitespace(_)
            | Self::KeyPadBits(_) => (16, 400),
            Self::SubprotocolOfferInvalid(_)
            | Self::SubprotocolOfferDuplicate(_)
            | Self::ExtensionOfferMalformed { .. } => (17, 400),
            Self::OriginForeign(_) | Self::OriginMalformed(_) | Self::OriginDuplicate(_) => (18, 403),
        }
    }
}

impl std::error::Error for RequestFault {}
