//! One static a rule, and all of them in order.
//!
//! Generated from `rules/*.toml` by `cargo xtask rules`: do not edit.

use super::{Level, Rule};

/// Every rule of the catalogue, ordered by the name of its file and its place in it.
pub static ALL: [&Rule; 217] = [
    &CLIENT_REQUEST_LINE_WRONG,
    &CLIENT_URI_INVALID_USED,
    &CLIENT_HOST_WRONG,
    &CLIENT_UPGRADE_FIELDS_WRONG,
    &CLIENT_KEY_MALFORMED,
    &CLIENT_KEY_PAD_BITS,
    &CLIENT_KEY_REUSED,
    &CLIENT_VERSION_WRONG,
    &CLIENT_SUBPROTOCOL_OFFER_INVALID,
    &CLIENT_REQUEST_SYNTAX,
    &CLIENT_BODY_SENT,
    &CLIENT_DATA_BEFORE_ANSWER,
    &CLIENT_CONNECTING_IN_PARALLEL,
    &CLIENT_TLS_MISSING,
    &CLIENT_STATUS_NOT_101_OPENS,
    &CLIENT_INFORMATIONAL_REFUSED,
    &CLIENT_REDIRECT_UNSAFE,
    &CLIENT_AUTH_RETRY_UNSAFE,
    &CLIENT_STATUS_LINE_MALFORMED_OPENS,
    &CLIENT_HTTP_1_0_OPENS,
    &CLIENT_UPGRADE_MISSING_OPENS,
    &CLIENT_UPGRADE_WRONG_OPENS,
    &CLIENT_UPGRADE_CASE_REFUSED,
    &CLIENT_CONNECTION_WRONG_OPENS,
    &CLIENT_CONNECTION_LIST_REFUSED,
    &CLIENT_ACCEPT_MISSING_OPENS,
    &CLIENT_ACCEPT_WRONG_OPENS,
    &CLIENT_ACCEPT_CASE_CHANGED_OPENS,
    &CLIENT_ACCEPT_DUPLICATE_OPENS,
    &CLIENT_ACCEPT_TRIMMED_OPENS,
    &CLIENT_ACCEPT_WHITESPACE_REFUSED,
    &CLIENT_SUBPROTOCOL_UNOFFERED_OPENS,
    &CLIENT_SUBPROTOCOL_SEVERAL_OPENS,
    &CLIENT_SUBPROTOCOL_DECLINED,
    &CLIENT_HEAD_IN_PIECES_REFUSED,
    &CLIENT_GLUED_FRAMES_LOST,
    &CLIENT_MASKED_FRAME_ACCEPTED,
    &CLIENT_LENGTH_FIELDS_OBEYED,
    &CLIENT_CONTROL_BYTES_IN_HEAD,
    &CLIENT_OBS_FOLD_MISREAD,
    &CLIENT_HEAD_ENDLESS,
    &CLIENT_ANSWER_TIMEOUT,
    &CLIENT_FAILED_CONNECTION_KEPT,
    &CLIENT_RECONNECT_STORM,
    &SERVER_EXTENSION_UNOFFERED,
    &SERVER_EXTENSION_UNKNOWN_REFUSED,
    &SERVER_EXTENSION_OFFER_MALFORMED,
    &SERVER_EXTENSION_LINES_REFUSED,
    &SERVER_EXTENSION_QUOTED_VALUE,
    &SERVER_EXTENSION_EMPTY_FIELD,
    &SERVER_DEFLATE_PARAMETER_UNKNOWN,
    &SERVER_DEFLATE_PARAMETER_VALUE,
    &SERVER_DEFLATE_PARAMETER_DUPLICATE,
    &SERVER_DEFLATE_SERVER_BITS_IGNORED,
    &SERVER_DEFLATE_SERVER_TAKEOVER_IGNORED,
    &SERVER_DEFLATE_CLIENT_BITS_UNOFFERED,
    &SERVER_DEFLATE_ANSWER_MALFORMED,
    &SERVER_DEFLATE_FALLBACK_IGNORED,
    &CLIENT_EXTENSION_OFFER_MALFORMED,
    &CLIENT_EXTENSION_UNOFFERED_OPENS,
    &CLIENT_EXTENSION_ANSWER_MALFORMED_OPENS,
    &CLIENT_EXTENSION_LINES_REFUSED,
    &CLIENT_DEFLATE_ANSWER_PARAMETER_OPENS,
    &CLIENT_DEFLATE_UNASKED_LIMIT_OPENS,
    &CLIENT_DEFLATE_ANSWERED_TWICE_OPENS,
    &CLIENT_DEFLATE_LEGAL_ANSWER_REFUSED,
    &MIDDLE_TUNNEL_BEFORE_101,
    &MIDDLE_REFUSED_UPGRADE_TUNNELS,
    &MIDDLE_UNPROVEN_101_TUNNELS,
    &MIDDLE_HOP_BY_HOP_FORWARDED,
    &MIDDLE_HALF_FORWARDED,
    &MIDDLE_KEY_ALTERED,
    &MIDDLE_AMBIGUOUS_FIELDS_RESOLVED,
    &MIDDLE_MALFORMED_FORWARDED,
    &MIDDLE_HTTP_VERSION_COPIED,
    &MIDDLE_ANSWER_FIELDS_CHANGED,
    &MIDDLE_REFUSAL_CHANGED,
    &MIDDLE_INTERIM_ANSWER_MISHANDLED,
    &MIDDLE_GLUED_BYTES_LOST,
    &MIDDLE_ANSWER_CACHED,
    &MIDDLE_HANDSHAKE_REPLAYED,
    &MIDDLE_H2_TO_H1_BRIDGE,
    &MIDDLE_H1_TO_H2_BRIDGE,
    &MIDDLE_IDLE_TUNNEL_CUT,
    &SERVER_ORIGIN_FOREIGN_ACCEPTED,
    &SERVER_ORIGIN_REFUSAL_STATUS,
    &SERVER_ORIGIN_COMPARED_LOOSELY,
    &SERVER_ORIGIN_DUPLICATE,
    &SERVER_ORIGIN_ABSENT,
    &SERVER_KEY_AS_CREDENTIAL,
    &SERVER_HOST_FOREIGN,
    &SERVER_RESPONSE_SPLITTING,
    &SERVER_REFUSAL_CACHEABLE,
    &SERVER_HANDSHAKE_FLOOD,
    &CLIENT_KEY_PREDICTABLE,
    &CLIENT_ORIGIN_MISSING,
    &CLIENT_FORBIDDEN_FIELDS,
    &CLIENT_FAILURE_EXPOSED,
    &CLIENT_REQUEST_CACHEABLE,
    &SERVER_METHOD_NOT_GET,
    &SERVER_METHOD_CASE_FOLDED,
    &SERVER_METHOD_WITHOUT_ALLOW,
    &SERVER_HTTP_VERSION_1_0,
    &SERVER_HTTP_VERSION_MALFORMED,
    &SERVER_HTTP_VERSION_HIGHER_MINOR,
    &SERVER_TARGET_ABSOLUTE_FORM_REFUSED,
    &SERVER_TARGET_WRONG_FORM,
    &SERVER_TARGET_ILLEGAL_BYTES,
    &SERVER_TARGET_FRAGMENT,
    &SERVER_TARGET_UNAVAILABLE,
    &SERVER_TARGET_TOO_LONG,
    &SERVER_TARGET_8000_OCTETS,
    &SERVER_REQUEST_LINE_SPACING,
    &SERVER_LEADING_EMPTY_LINE,
    &SERVER_HOST_MISSING,
    &SERVER_HOST_DUPLICATE,
    &SERVER_HOST_INVALID,
    &SERVER_HOST_EMPTY,
    &SERVER_HOST_FORM_REFUSED,
    &SERVER_UPGRADE_MISSING,
    &SERVER_UPGRADE_OTHER,
    &SERVER_UPGRADE_SUBSTRING,
    &SERVER_UPGRADE_CASE_REFUSED,
    &SERVER_UPGRADE_LIST_REFUSED,
    &SERVER_UPGRADE_VERSION_SUFFIX,
    &SERVER_CONNECTION_MISSING,
    &SERVER_CONNECTION_NO_UPGRADE,
    &SERVER_CONNECTION_SUBSTRING,
    &SERVER_CONNECTION_CASE_REFUSED,
    &SERVER_CONNECTION_LIST_REFUSED,
    &SERVER_CONNECTION_SEVERAL_LINES_REFUSED,
    &SERVER_CONNECTION_CLOSE_WITH_UPGRADE,
    &SERVER_KEY_MISSING,
    &SERVER_KEY_EMPTY,
    &SERVER_KEY_DUPLICATE_DIFFERENT,
    &SERVER_KEY_DUPLICATE_SAME,
    &SERVER_KEY_LIST,
    &SERVER_KEY_ALPHABET,
    &SERVER_KEY_URL_SAFE,
    &SERVER_KEY_PADDING_MISSING,
    &SERVER_KEY_PADDING_EXCESS,
    &SERVER_KEY_LENGTH,
    &SERVER_KEY_OVER_LONG,
    &SERVER_KEY_INNER_WHITESPACE,
    &SERVER_KEY_OUTER_WHITESPACE_REFUSED,
    &SERVER_KEY_PAD_BITS,
    &SERVER_CORRECT_HANDSHAKE_REFUSED,
    &SERVER_ACCEPT_WRONG,
    &SERVER_ACCEPT_OVER_TEXT,
    &SERVER_ACCEPT_DUPLICATE,
    &SERVER_STATUS_LINE_MALFORMED,
    &SERVER_RESPONSE_UPGRADE_WRONG,
    &SERVER_RESPONSE_CONNECTION_WRONG,
    &SERVER_RESPONSE_CONTENT_LENGTH,
    &SERVER_RESPONSE_TRANSFER_ENCODING,
    &SERVER_RESPONSE_TRAILING_BYTES,
    &SERVER_SUBPROTOCOL_UNOFFERED,
    &SERVER_SUBPROTOCOL_SEVERAL,
    &SERVER_SUBPROTOCOL_EMPTY,
    &SERVER_SUBPROTOCOL_CASE_CHANGED,
    &SERVER_SUBPROTOCOL_OFFER_INVALID,
    &SERVER_SUBPROTOCOL_OFFER_DUPLICATE,
    &SERVER_SUBPROTOCOL_LINES_REFUSED,
    &SERVER_SUBPROTOCOL_PREFERENCE,
    &SERVER_VERSION_MISSING,
    &SERVER_VERSION_OTHER,
    &SERVER_VERSION_OTHER_UNADVERTISED,
    &SERVER_VERSION_ADVERTISED_MALFORMED,
    &SERVER_VERSION_STATUS,
    &SERVER_STATUS_426_WITHOUT_UPGRADE,
    &SERVER_VERSION_LIST,
    &SERVER_VERSION_LEADING_ZERO,
    &SERVER_VERSION_NOT_DECIMAL,
    &SERVER_VERSION_OVERFLOW,
    &SERVER_VERSION_DUPLICATE,
    &SERVER_VERSION_DRAFT,
    &SERVER_BODY_PRESENT,
    &SERVER_BODY_AS_FRAMES,
    &SERVER_LENGTH_CONFLICT,
    &SERVER_EXPECT_CONTINUE,
    &SERVER_PIPELINED_BYTES_LOST,
    &SERVER_OBS_FOLD,
    &SERVER_NUL_IN_VALUE,
    &SERVER_BARE_CR,
    &SERVER_BARE_LF,
    &SERVER_SPACE_BEFORE_COLON,
    &SERVER_SPACE_BEFORE_FIRST_FIELD,
    &SERVER_FIELD_LINE_MALFORMED,
    &SERVER_HEAD_IN_PIECES_REFUSED,
    &SERVER_FIELD_NAME_CASE_REFUSED,
    &SERVER_UNKNOWN_FIELDS_REFUSED,
    &SERVER_HEAD_TOO_LARGE,
    &SERVER_HEAD_TIMEOUT,
    &SERVER_SILENT_CLOSE,
    &SERVER_ERROR_UNFRAMED,
    &SERVER_ERROR_UNEXPLAINED,
    &SERVER_STATUS_401_WITHOUT_CHALLENGE,
    &SERVER_PLAIN_GET_UNANSWERED,
    &SERVER_H2_SETTING_INVALID,
    &SERVER_H2_SETTING_WITHDRAWN,
    &SERVER_H2_CORRECT_HANDSHAKE_REFUSED,
    &SERVER_H2_STATUS_101,
    &SERVER_H2_KEY_REQUIRED,
    &SERVER_H2_VERSION_UNCHECKED,
    &SERVER_H2_PATH_OR_SCHEME_MISSING,
    &SERVER_H2_PROTOCOL_MISPLACED,
    &SERVER_H2_PROTOCOL_UNANNOUNCED,
    &SERVER_H2_AUTHORITY_TUNNEL,
    &SERVER_H2_PROTOCOL_UNKNOWN,
    &SERVER_H2_CONNECTION_FIELDS,
    &SERVER_H2_HOST_CONFLICT,
    &SERVER_H2_ANSWER_LENGTH,
    &SERVER_H2_END_MAPPING,
    &CLIENT_H2_CONNECT_UNANNOUNCED,
    &CLIENT_H2_REQUEST_MALFORMED,
    &CLIENT_H2_ANSWER_MISJUDGED,
    &CLIENT_H2_DATA_BEFORE_ANSWER,
];

/// `client/request-line-wrong`: The request line is GET, resource name, HTTP/1.1.
pub static CLIENT_REQUEST_LINE_WRONG: Rule = Rule {
    id: "client/request-line-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) items 1 to 3; RFC 6455 section 3",
    title: "The request line is GET, resource name, HTTP/1.1",
    rule: "The method is GET, the version at least 1.1, and the target is the path (a single slash when empty) plus query, or the full http URI.",
    why: "Servers route by this line; a lost query or slash reaches the wrong service.",
    fix: "Build the target from path and query of the URI and write / for an empty path.",
    stimulus: "Connect to ws://{authority}, ws://{authority}/a%20b?x=1&y, and ws://{authority}?q; read the first line.",
    pass: "GET / HTTP/1.1, GET /a%20b?x=1&y HTTP/1.1, GET /?q HTTP/1.1.",
    fail: "Another method or version, a lost query, an empty target, or decoded escapes.",
    note: None,
};

/// `client/uri-invalid-used`: A bad WebSocket URI is refused before connecting.
pub static CLIENT_URI_INVALID_USED: Rule = Rule {
    id: "client/uri-invalid-used",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 item 1; RFC 6455 section 3",
    title: "A bad WebSocket URI is refused before connecting",
    rule: "A URI with a fragment, without a host or with another scheme fails, and no fragment is ever sent.",
    why: "A typing error would silently become a connection to somewhere else.",
    fix: "Validate scheme, host, port and fragment first.",
    stimulus: "Connect to ws://{authority}/a#b, ws:///a, ftp://{authority}/ and ws://{authority}:99999/.",
    pass: "An error and no request.",
    fail: "A request arrives, above all one with # in its target.",
    note: Some(
        "The WHATWG API also takes http and https URLs. Dropping a fragment silently and connecting without it is a remark.",
    ),
};

/// `client/host-wrong`: Host is host and non-default port, once.
pub static CLIENT_HOST_WRONG: Rule = Rule {
    id: "client/host-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 4; RFC 9112 section 3.2",
    title: "Host is host and non-default port, once",
    rule: "Exactly one Host field carries the URI's host, plus the port when it is not the default, and never the user part.",
    why: "Virtual hosts and origin checks fail, or a password ends up in server logs.",
    fix: "Derive Host from the URI; bracket IPv6; omit user information.",
    stimulus: "Connect to ws://user:secret@{host}:{port}/ and ws://[::1]:{port}/ where available.",
    pass: "Host: {host}:{port} or [::1]:{port}, one line.",
    fail: "Missing, repeated, without the port, or with user:secret in Host or target.",
    note: None,
};

/// `client/upgrade-fields-wrong`: The request names websocket and upgrade.
pub static CLIENT_UPGRADE_FIELDS_WRONG: Rule = Rule {
    id: "client/upgrade-fields-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) items 5 and 6; RFC 9110 section 7.8",
    title: "The request names websocket and upgrade",
    rule: "Upgrade holds the word websocket and Connection holds the option Upgrade.",
    why: "Without either the server answers with a web page.",
    fix: "Write Upgrade: websocket and Connection: Upgrade, without versions or quotes.",
    stimulus: "Read the request.",
    pass: "Both present as whole list members, any case.",
    fail: "A missing field, a version suffix, or only a longer word.",
    note: None,
};

/// `client/key-malformed`: The key is 16 bytes in standard base64, once.
pub static CLIENT_KEY_MALFORMED: Rule = Rule {
    id: "client/key-malformed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 7; RFC 6455 section 11.3.1",
    title: "The key is 16 bytes in standard base64, once",
    rule: "The request has one Sec-WebSocket-Key with 24 characters that decode to 16 bytes.",
    why: "Strict servers answer 400 and the product fails only with some of them.",
    fix: "Encode 16 random bytes with the standard padded alphabet.",
    stimulus: "Read the keys of 64 connections.",
    pass: "Each has 22 base64 characters and ==, in one line.",
    fail: "Another length, the URL-safe alphabet, missing padding, or two lines.",
    note: None,
};

/// `client/key-pad-bits`: The last letter of the key is A, Q, g or w.
pub static CLIENT_KEY_PAD_BITS: Rule = Rule {
    id: "client/key-pad-bits",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 4648 section 3.5; RFC 6455 section 4.1 (request) item 7; RFC 6455 erratum 3150",
    title: "The last letter of the key is A, Q, g or w",
    rule: "An encoder sets the unused low bits of the last letter to zero.",
    why: "Servers with strict decoders refuse such keys, so a client that draws random letters fails there fifteen times in sixteen.",
    fix: "Encode real bytes instead of drawing 22 random letters.",
    stimulus: "Read the keys of 64 connections.",
    pass: "Character 22 is always A, Q, g or w.",
    fail: "Any other letter there.",
    note: Some(
        "The sample in RFC 6455 section 4.1 and in the WHATWG text has the fault itself; hence must for the encoder and practice for server/key-pad-bits.",
    ),
};

/// `client/key-reused`: Every connection has a key of its own.
pub static CLIENT_KEY_REUSED: Rule = Rule {
    id: "client/key-reused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 7",
    title: "Every connection has a key of its own",
    rule: "The key is chosen anew for each connection, also for retries, redirects and repeats after a login prompt.",
    why: "A fixed key makes the accept value predictable, and a stored answer passes as fresh.",
    fix: "Draw 16 new bytes each time a request is built.",
    stimulus: "64 connections in a row, then 8 at once, then one retry after 503 and one after a 307 to another path.",
    pass: "All keys differ.",
    fail: "Any key appears twice.",
    note: Some("The randomness itself is judged by client/key-predictable."),
};

/// `client/version-wrong`: Sec-WebSocket-Version: 13, once.
pub static CLIENT_VERSION_WRONG: Rule = Rule {
    id: "client/version-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 9; RFC 6455 section 11.3.5",
    title: "Sec-WebSocket-Version: 13, once",
    rule: "The request carries one version line with the value 13.",
    why: "Servers refuse lists, drafts and repeats.",
    fix: "Write the constant 13 and let nobody append to the field.",
    stimulus: "Read the request.",
    pass: "One line, value 13.",
    fail: "Missing, repeated, a list or another number.",
    note: None,
};

/// `client/subprotocol-offer-invalid`: Offered subprotocols are unique tokens.
pub static CLIENT_SUBPROTOCOL_OFFER_INVALID: Rule = Rule {
    id: "client/subprotocol-offer-invalid",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 10; RFC 6455 section 4.3",
    title: "Offered subprotocols are unique tokens",
    rule: "Each offered name is a non-empty token and appears once; an offer that breaks this is refused by the client's API.",
    why: "Unchecked names let text with line ends into the head, and repeated ones are refused by servers.",
    fix: "Validate names when they are set, and fail with a clear error.",
    stimulus: "Ask the client to offer chat twice, an empty name, a b, a/b, and a name holding CR LF X-Injected: 1.",
    pass: "An error before connecting, or a request whose field is still a list of unique tokens.",
    fail: "The fault appears on the wire.",
    note: None,
};

/// `client/request-syntax`: The head is plain valid HTTP.
pub static CLIENT_REQUEST_SYNTAX: Rule = Rule {
    id: "client/request-syntax",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 1; RFC 9112 section 2.2; RFC 9112 section 5.2; RFC 9112 section 3",
    title: "The head is plain valid HTTP",
    rule: "Single spaces, CR LF ends, no folding, no blank before a colon, no control bytes, and one empty line at the end.",
    why: "Proxies drop or rewrite anything else, and it shows as a connection error with no reason.",
    fix: "Write the head with one small serializer that checks every name and value.",
    stimulus: "Read the raw bytes of the request, also with extra header fields set through the API, one of them holding CR LF.",
    pass: "Each line fits the grammar; the hostile value is refused by the API.",
    fail: "Any deviation, or an injected line.",
    note: None,
};

/// `client/body-sent`: The handshake has no body.
pub static CLIENT_BODY_SENT: Rule = Rule {
    id: "client/body-sent",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 9.3.1",
    title: "The handshake has no body",
    rule: "The client sends neither content nor Transfer-Encoding or a Content-Length above 0.",
    why: "Servers refuse it, or take the bytes for frames.",
    fix: "Remove body fields from the request template.",
    stimulus: "Read the request.",
    pass: "No body fields; Content-Length: 0 is a remark.",
    fail: "A body is announced.",
    note: None,
};

/// `client/data-before-answer`: Nothing is sent before the answer.
pub static CLIENT_DATA_BEFORE_ANSWER: Rule = Rule {
    id: "client/data-before-answer",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (after the request list)",
    title: "Nothing is sent before the answer",
    rule: "After its head the client waits for the server's answer before it sends any more bytes.",
    why: "Early frames are lost by some servers, and a proxy that refused the upgrade reads them as a new request.",
    fix: "Queue messages until the answer has been checked.",
    stimulus: "Read the head, wait 3 s while the program sends a message, then answer GOOD; repeat and answer 400.",
    pass: "No byte after the head until GOOD; none at all after 400.",
    fail: "Any byte before the answer.",
    note: None,
};

/// `client/connecting-in-parallel`: One handshake at a time per server address.
pub static CLIENT_CONNECTING_IN_PARALLEL: Rule = Rule {
    id: "client/connecting-in-parallel",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 item 2",
    title: "One handshake at a time per server address",
    rule: "While one connection to an address and port is connecting, further ones wait, even under another host name.",
    why: "A page could otherwise flood a server with half-open handshakes from every visitor.",
    fix: "Keep a queue per remote address; start the next when the last opened or failed.",
    stimulus: "Open 5 sockets at once to one port, some by localhost and some by 127.0.0.1; delay each answer by 1 s and count unanswered heads.",
    pass: "At most one unanswered head at any time.",
    fail: "Two or more.",
    note: Some(
        "Browsers do this; nearly no library does. Print it as a known and harmless deviation for test tools and servers' own clients.",
    ),
};

/// `client/tls-missing`: wss means verified TLS with a server name.
pub static CLIENT_TLS_MISSING: Rule = Rule {
    id: "client/tls-missing",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 item 5; RFC 6455 section 10.6",
    title: "wss means verified TLS with a server name",
    rule: "For wss the client completes a TLS handshake with SNI and a verified certificate before any HTTP byte, and fails otherwise.",
    why: "Anyone on the network could read and change the whole session.",
    fix: "Use the platform's TLS with verification on; never fall back to plain text.",
    stimulus: "Offer a self-signed certificate, one for another name, and plain HTTP on the wss port.",
    pass: "SNI present for host names; FAILS in all three, with no request sent.",
    fail: "A request arrives, or SNI is missing.",
    note: None,
};

/// `client/status-not-101-opens`: Only 101 opens the socket.
pub static CLIENT_STATUS_NOT_101_OPENS: Rule = Rule {
    id: "client/status-not-101-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 1",
    title: "Only 101 opens the socket",
    rule: "Any other final status is handled as ordinary HTTP and never as an open WebSocket, however good the other fields look.",
    why: "A page that answers 200 for everything would be taken for a working service.",
    fix: "Check the status first.",
    stimulus: "GOOD with the status 200; repeat with 100 and close, 204, 400, 403, 404, 426, 500, 503.",
    pass: "FAILS for each; a library shows the status to its caller.",
    fail: "OPENS.",
    note: None,
};

/// `client/informational-refused`: 100 and 103 may come before 101.
pub static CLIENT_INFORMATIONAL_REFUSED: Rule = Rule {
    id: "client/informational-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 15.2; RFC 9112 section 9.2",
    title: "100 and 103 may come before 101",
    rule: "One or more interim answers before the final one are read and skipped.",
    why: "A server behind a CDN that adds early hints cannot be reached by such clients.",
    fix: "Loop over 1xx other than 101 until the final head.",
    stimulus: "HTTP/1.1 100 Continue and an empty line, then GOOD; repeat with 103 and a Link field; repeat with five of them.",
    pass: "OPENS.",
    fail: "FAILS.",
    note: Some(
        "Measured: Chromium, websockets, websocket-client, tungstenite and websocat fail. A client may bound their number.",
    ),
};

/// `client/redirect-unsafe`: Redirects may be refused; if followed, safely.
pub static CLIENT_REDIRECT_UNSAFE: Rule = Rule {
    id: "client/redirect-unsafe",
    level: Level::May,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 1; WHATWG WebSockets, establish a WebSocket connection (redirect mode error)",
    title: "Redirects may be refused; if followed, safely",
    rule: "Following 3xx is optional. A client that follows draws a new key, limits the count, stays with wss once it began with it, and drops credentials for another origin.",
    why: "An open redirect would send the user's cookies and messages to a stranger.",
    fix: "Refuse by default; if you follow, rebuild the request from scratch for the new URI.",
    stimulus: "Answer 301, 302, 307 and 308 to another port with Authorization and Cookie set; a loop of redirects; and from wss to ws.",
    pass: "FAILS; or a new request with a new key and without the credentials, at most 10 hops, none to ws.",
    fail: "The same key, credentials sent to the other port, an endless loop, or plain text after wss.",
    note: None,
};

/// `client/auth-retry-unsafe`: 401 and 407 may lead to one more try.
pub static CLIENT_AUTH_RETRY_UNSAFE: Rule = Rule {
    id: "client/auth-retry-unsafe",
    level: Level::May,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 1; RFC 9110 section 15.5.2; RFC 9110 section 15.5.8",
    title: "401 and 407 may lead to one more try",
    rule: "A client may authenticate and repeat the handshake; the repeat has a new key and answers to origin (401) and proxy (407) are not mixed up.",
    why: "Sending the proxy password to the server, or the reverse, gives it away.",
    fix: "Keep both sets of credentials apart and stop after one failure.",
    stimulus: "Answer 401 with WWW-Authenticate: Basic realm=x, then 407 with Proxy-Authenticate, on a connection without proxy.",
    pass: "FAILS; or one repeat with a new key and Authorization after 401 only.",
    fail: "An endless loop, Proxy-Authorization sent to the server, or the same key.",
    note: None,
};

/// `client/status-line-malformed-opens`: A status line outside the grammar fails.
pub static CLIENT_STATUS_LINE_MALFORMED_OPENS: Rule = Rule {
    id: "client/status-line-malformed-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (after the response list); RFC 9112 section 4",
    title: "A status line outside the grammar fails",
    rule: "An answer that does not begin with HTTP/ version, space and three digits does not open the socket.",
    why: "What is not HTTP may be an echo of some other protocol under an attacker's control.",
    fix: "Match HTTP/1.1, one space, exactly 101, then space or line end.",
    stimulus: "GOOD with the first line ICY 101 OK; repeat with HTTP/1.1 0101 x, HTTP/1.1 1010 x, HTTP/2 101 x, HTTP/1.1101 x and with leading text.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "Measured: websocket-client opens on ICY, 0101 and HTTP/2, Chromium on 0101 and HTTP/2, websockets on 0101. An absent reason phrase is not a fault here.",
    ),
};

/// `client/http-1-0-opens`: A 101 under HTTP/1.0 is refused.
pub static CLIENT_HTTP_1_0_OPENS: Rule = Rule {
    id: "client/http-1-0-opens",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 15.2; RFC 6455 section 4.2.2 item 5.1",
    title: "A 101 under HTTP/1.0 is refused",
    rule: "HTTP/1.0 knows no 1xx, so an HTTP/1.0 101 is not a valid handshake; the project refuses it.",
    why: "It shows an old proxy in the path that has not switched at all.",
    fix: "Servers write HTTP/1.1; clients require it.",
    stimulus: "GOOD with the first line HTTP/1.0 101 Switching Protocols.",
    pass: "FAILS; OPENS is noted.",
    fail: "Nothing; the choice is only noted.",
    note: Some(
        "Opened by Chromium, ws, undici, websocket-client, aiohttp and curl; refused by Firefox, websockets and tungstenite.",
    ),
};

/// `client/upgrade-missing-opens`: A 101 without Upgrade fails.
pub static CLIENT_UPGRADE_MISSING_OPENS: Rule = Rule {
    id: "client/upgrade-missing-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 2",
    title: "A 101 without Upgrade fails",
    rule: "The client fails when the answer has no Upgrade field.",
    why: "The other side has not said which protocol it switched to.",
    fix: "Require the field and check its value.",
    stimulus: "GOOD without its Upgrade line.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some("Measured 2026-11-22: curl and tokio-websockets open."),
};

/// `client/upgrade-wrong-opens`: Upgrade must be websocket and nothing else.
pub static CLIENT_UPGRADE_WRONG_OPENS: Rule = Rule {
    id: "client/upgrade-wrong-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 2; RFC 6455 section 4.2.2 item 5.2",
    title: "Upgrade must be websocket and nothing else",
    rule: "A value other than websocket, a list, a versioned name or a second Upgrade line fails the connection.",
    why: "A list means several layers were switched, and the bytes that follow are not plain frames.",
    fix: "Compare the single value case-insensitively with websocket.",
    stimulus: "GOOD with Upgrade: h2c; repeat with websockets, websocket, h2c, websocket/13, an empty value, and two lines websocket and h2c.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "Lists and second lines open in Firefox, websocket-client and curl; a second equal line is a remark. RFC 9110 section 7.8 reads a list as stacked layers.",
    ),
};

/// `client/upgrade-case-refused`: Case of names, websocket and upgrade does not matter.
pub static CLIENT_UPGRADE_CASE_REFUSED: Rule = Rule {
    id: "client/upgrade-case-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) items 2 and 3; RFC 6455 section 4.1 (last note on names); RFC 9112 section 5",
    title: "Case of names, websocket and upgrade does not matter",
    rule: "Field names and the values of Upgrade and Connection are compared without case.",
    why: "Servers and proxies write WebSocket, upgrade and lower-case names; all are right.",
    fix: "Fold ASCII case for names and for these two values, but not for the accept value.",
    stimulus: "GOOD with Upgrade: WebSocket and Connection: upgrade; repeat with all field names in lower and in upper case.",
    pass: "OPENS.",
    fail: "FAILS.",
    note: None,
};

/// `client/connection-wrong-opens`: Connection must list upgrade.
pub static CLIENT_CONNECTION_WRONG_OPENS: Rule = Rule {
    id: "client/connection-wrong-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 3",
    title: "Connection must list upgrade",
    rule: "A missing Connection field, or one without the whole option upgrade, fails the connection.",
    why: "A proxy has probably answered in the server's place and still speaks HTTP.",
    fix: "Split the option list and compare whole members.",
    stimulus: "GOOD without Connection; repeat with keep-alive, close, upgradex, not-upgrade, and keep-alive Upgrade (space).",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "ws does not look at Connection itself (Node's parser does); curl and websocat open. libwebsockets compares a prefix.",
    ),
};

/// `client/connection-list-refused`: upgrade may stand in a list or on a second line.
pub static CLIENT_CONNECTION_LIST_REFUSED: Rule = Rule {
    id: "client/connection-list-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 3; RFC 9110 section 7.6.1; RFC 9110 section 5.3",
    title: "upgrade may stand in a list or on a second line",
    rule: "The option is found among others and over several Connection lines.",
    why: "Servers behind some proxies answer keep-alive, Upgrade, and the client never connects there.",
    fix: "Read the field as a list across lines.",
    stimulus: "GOOD with Connection: keep-alive, Upgrade; repeat with two lines keep-alive and Upgrade in both orders.",
    pass: "OPENS.",
    fail: "FAILS.",
    note: Some("Measured refusals: undici, aiohttp, tungstenite, fastwebsockets, yawc, ratchet (list)."),
};

/// `client/accept-missing-opens`: A 101 without accept fails.
pub static CLIENT_ACCEPT_MISSING_OPENS: Rule = Rule {
    id: "client/accept-missing-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4",
    title: "A 101 without accept fails",
    rule: "The client fails when Sec-WebSocket-Accept is absent or empty.",
    why: "Nothing then proves that a WebSocket server read this request; it may be a cache or an echo.",
    fix: "Compute the expected value when the request is built and require it.",
    stimulus: "GOOD without its accept line; repeat with an empty value.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "fastwebsockets and Deno never check; curl opened in the run of 2026-11-22; Bun did not check before 2026.",
    ),
};

/// `client/accept-wrong-opens`: A wrong accept fails.
pub static CLIENT_ACCEPT_WRONG_OPENS: Rule = Rule {
    id: "client/accept-wrong-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4",
    title: "A wrong accept fails",
    rule: "The client fails unless the value equals the one computed from the key it sent on this connection.",
    why: "A stored answer to somebody else's handshake would be taken as the server's own.",
    fix: "Compare all 28 characters with the computed value.",
    stimulus: "GOOD with s3pPLMBiTxaQ9kYGzzhZRbK+xOo= (the sample of RFC 6455); repeat with the accept of the previous connection, the key itself, the hex of the hash, and the hash over the decoded key.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: None,
};

/// `client/accept-case-changed-opens`: Letter case of the accept value counts.
pub static CLIENT_ACCEPT_CASE_CHANGED_OPENS: Rule = Rule {
    id: "client/accept-case-changed-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4; RFC 4648 section 4",
    title: "Letter case of the accept value counts",
    rule: "A value that differs from the right one only in the case of letters is wrong.",
    why: "Ignoring case weakens the proof and hides servers that damage header values.",
    fix: "Compare bytes exactly.",
    stimulus: "GOOD with the accept in lower case; repeat in upper case, and with a single letter changed in case.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some("Jetty (2024 snapshot) and websocket-client compare without case."),
};

/// `client/accept-duplicate-opens`: Two accept lines fail.
pub static CLIENT_ACCEPT_DUPLICATE_OPENS: Rule = Rule {
    id: "client/accept-duplicate-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 11.3.3; RFC 6455 section 4.1 (after the response list)",
    title: "Two accept lines fail",
    rule: "The field must not be repeated, so a second line fails the connection, be it equal, wrong, first or last.",
    why: "An intermediary that adds its own line could vouch for a server that never answered.",
    fix: "Count the lines and require exactly one.",
    stimulus: "GOOD with the right accept twice; repeat with right then wrong, wrong then right, and both joined by a comma in one line.",
    pass: "FAILS for each.",
    fail: "OPENS for any.",
    note: Some("websocket-client, aiohttp, tungstenite and curl open for two equal lines."),
};

/// `client/accept-trimmed-opens`: Shortened or lengthened accept values fail.
pub static CLIENT_ACCEPT_TRIMMED_OPENS: Rule = Rule {
    id: "client/accept-trimmed-opens",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4",
    title: "Shortened or lengthened accept values fail",
    rule: "A value without its padding, cut short, quoted, with bytes added or blanks inside is wrong.",
    why: "Comparing only a prefix or only decoded bytes lets damaged answers through.",
    fix: "Compare the full text, not a prefix and not the decoded hash.",
    stimulus: "GOOD with the accept minus its final =; repeat with one more =, the first 20 characters, the value in double quotes, the value followed by x, a blank inside, and pad bits set in the last letter.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some("curl and websocat open without padding. Vectors: wrong_accepts."),
};

/// `client/accept-whitespace-refused`: Blanks around the accept value are ignored.
pub static CLIENT_ACCEPT_WHITESPACE_REFUSED: Rule = Rule {
    id: "client/accept-whitespace-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4; RFC 9112 section 5.1",
    title: "Blanks around the accept value are ignored",
    rule: "Leading and trailing spaces and tabs, or no blank after the colon, make no difference.",
    why: "A proxy that reformats header lines would break every connection.",
    fix: "Strip optional whitespace before comparing.",
    stimulus: "GOOD with Sec-WebSocket-Accept:{accept}; repeat with three blanks before and SP HTAB after.",
    pass: "OPENS.",
    fail: "FAILS.",
    note: Some("undici refused it when measured."),
};

/// `client/subprotocol-unoffered-opens`: A subprotocol nobody asked for fails.
pub static CLIENT_SUBPROTOCOL_UNOFFERED_OPENS: Rule = Rule {
    id: "client/subprotocol-unoffered-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 6",
    title: "A subprotocol nobody asked for fails",
    rule: "The client fails when the answer names a subprotocol that it did not offer, in exactly that spelling.",
    why: "The program would speak one language to a server that answers in another.",
    fix: "Compare the value with the list that was sent, with case.",
    stimulus: "Offer nothing and answer Sec-WebSocket-Protocol: chat; offer chat and answer superchat, Chat, and an empty value.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "gorilla, aiohttp, Beast, Firefox (nothing offered), curl and websocat open. RFC 6455 does not say whether case counts; Chat for chat is judged must by the project.",
    ),
};

/// `client/subprotocol-several-opens`: A list of subprotocols fails.
pub static CLIENT_SUBPROTOCOL_SEVERAL_OPENS: Rule = Rule {
    id: "client/subprotocol-several-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 11.3.4; RFC 6455 section 4.2.2 item 4 (subprotocol); RFC 6455 section 4.1 (after the response list)",
    title: "A list of subprotocols fails",
    rule: "The answer holds one name on one line; two lines or a comma-separated list fail the connection.",
    why: "Each side may pick another member of the list.",
    fix: "Require one line with one token.",
    stimulus: "Offer chat, superchat; answer chat, superchat on one line, then on two lines, then chat on two lines.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: None,
};

/// `client/subprotocol-declined`: No subprotocol in the answer.
pub static CLIENT_SUBPROTOCOL_DECLINED: Rule = Rule {
    id: "client/subprotocol-declined",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (subprotocol); WHATWG WebSockets, establish a WebSocket connection",
    title: "No subprotocol in the answer",
    rule: "RFC 6455 lets the server decline all offers; browsers fail the connection then. The project opens by default, tells the caller, and has a strict switch.",
    why: "The same server works from a command line and fails from a browser, and nobody knows why.",
    fix: "Servers that support an offered name answer with it; callers check the result.",
    stimulus: "Offer chat and answer GOOD without Sec-WebSocket-Protocol.",
    pass: "OPENS and reports no subprotocol, or FAILS; the choice is noted.",
    fail: "OPENS and reports chat as agreed.",
    note: Some(
        "Fails: Chromium, ws, undici, websocket-client, tungstenite. Opens: Firefox, websockets, aiohttp, curl.",
    ),
};

/// `client/head-in-pieces-refused`: The answer may come byte by byte.
pub static CLIENT_HEAD_IN_PIECES_REFUSED: Rule = Rule {
    id: "client/head-in-pieces-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1; RFC 9112 section 2.2",
    title: "The answer may come byte by byte",
    rule: "The client reads until the empty line, however the bytes arrive.",
    why: "Through slow links and proxies the head comes in several pieces.",
    fix: "Parse incrementally.",
    stimulus: "GOOD in single-byte writes 5 ms apart; repeat split inside the final CR LF CR LF.",
    pass: "OPENS.",
    fail: "FAILS or hangs.",
    note: None,
};

/// `client/glued-frames-lost`: Frames glued to the 101 are read.
pub static CLIENT_GLUED_FRAMES_LOST: Rule = Rule {
    id: "client/glued-frames-lost",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 (closing paragraph); RFC 6455 section 5.2",
    title: "Frames glued to the 101 are read",
    rule: "The server may send at once after its head, so bytes behind the empty line in the same read are frames.",
    why: "The first message of the server, often the greeting, is lost and the program waits forever.",
    fix: "Pass the rest of the read buffer to the frame parser.",
    stimulus: "GOOD and a text frame 81 02 68 69 in one write; repeat with GOOD, a ping frame and half a frame, the other half 1 s later.",
    pass: "The text hi is delivered; the ping is answered.",
    fail: "The message is lost, or the stream loses its frame boundaries.",
    note: None,
};

/// `client/masked-frame-accepted`: A masked frame from the server closes the connection.
pub static CLIENT_MASKED_FRAME_ACCEPTED: Rule = Rule {
    id: "client/masked-frame-accepted",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 5.1",
    title: "A masked frame from the server closes the connection",
    rule: "The client closes when the first frame after the handshake, or any later one, is masked.",
    why: "It is a sure sign that the client talks to an echo of itself or to a broken relay.",
    fix: "Check the mask bit of every frame and close with 1002.",
    stimulus: "GOOD, then 81 82 01 02 03 04 69 6B (hi, masked).",
    pass: "The connection closes, with or without status 1002; nothing is delivered.",
    fail: "hi is delivered.",
    note: None,
};

/// `client/length-fields-obeyed`: Content-Length in a 101 changes nothing.
pub static CLIENT_LENGTH_FIELDS_OBEYED: Rule = Rule {
    id: "client/length-fields-obeyed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.3; RFC 9110 section 15.2",
    title: "Content-Length in a 101 changes nothing",
    rule: "A 101 ends at its empty line; the client never treats following bytes as a body, whatever length or coding is stated. It may fail instead.",
    why: "Frames swallowed as a body are lost messages.",
    fix: "Ignore both fields for 1xx, or refuse the answer.",
    stimulus: "GOOD with Content-Length: 4 and the frame 81 02 68 69; repeat with Transfer-Encoding: chunked.",
    pass: "hi is delivered, or FAILS.",
    fail: "OPENS and hi is lost.",
    note: None,
};

/// `client/control-bytes-in-head`: NUL and lone CR do not pass in the answer.
pub static CLIENT_CONTROL_BYTES_IN_HEAD: Rule = Rule {
    id: "client/control-bytes-in-head",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 5.5; RFC 9112 section 2.2",
    title: "NUL and lone CR do not pass in the answer",
    rule: "A field value that holds NUL or a lone CR makes the answer invalid, or the byte counts as a space; it never ends a field.",
    why: "Otherwise a header injected into the server's answer becomes a real one.",
    fix: "Refuse such heads.",
    stimulus: "GOOD without accept and with X-A: b CR Sec-WebSocket-Accept: {accept}; repeat with NUL after {accept}.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: None,
};

/// `client/obs-fold-misread`: Folded lines in the answer are joined or refused.
pub static CLIENT_OBS_FOLD_MISREAD: Rule = Rule {
    id: "client/obs-fold-misread",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 5.2",
    title: "Folded lines in the answer are joined or refused",
    rule: "A user agent replaces a fold by spaces before it uses the value; it never reads the continuation as a field of its own.",
    why: "A hidden accept or subprotocol line would take effect.",
    fix: "Join or refuse; the project refuses by default and says so.",
    stimulus: "GOOD with X-A: b CR LF SP Sec-WebSocket-Protocol: chat; repeat with Connection: keep-alive, CR LF SP Upgrade.",
    pass: "The first OPENS without subprotocol or FAILS; the second OPENS, or FAILS as a remark.",
    fail: "chat takes effect.",
    note: Some(
        "Strictly the text is must replace, so refusing the second form breaks its letter; most libraries refuse.",
    ),
};

/// `client/head-endless`: The answer's head is bounded.
pub static CLIENT_HEAD_ENDLESS: Rule = Rule {
    id: "client/head-endless",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 9110 section 5.4; RFC 6455 section 10.4; RFC 6455 section 10.7",
    title: "The answer's head is bounded",
    rule: "The client gives up on a head that grows beyond a limit, in bytes and in fields, instead of storing it all.",
    why: "A hostile server could fill the memory of every visitor (hackney, CVE-2026-47073).",
    fix: "Bound the head at 64 KiB and 128 fields by default, and fail with a clear error.",
    stimulus: "A correct status line, then X-n: v lines without end, up to 16 MiB; repeat with one endless line; repeat with endless 103 answers.",
    pass: "FAILS before 16 MiB.",
    fail: "All 16 MiB are read and the client still waits.",
    note: None,
};

/// `client/answer-timeout`: A server that never answers is given up.
pub static CLIENT_ANSWER_TIMEOUT: Rule = Rule {
    id: "client/answer-timeout",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 9112 section 9.5; RFC 9110 section 7.5",
    title: "A server that never answers is given up",
    rule: "The client has one deadline for the whole handshake that single bytes do not extend.",
    why: "The program hangs at start-up with no error.",
    fix: "Use a deadline of 10 to 60 s and say that it ran out.",
    stimulus: "Accept and stay silent; repeat with one header byte every 5 s.",
    pass: "FAILS within 300 s; the time is noted.",
    fail: "Still waiting after 300 s.",
    note: Some(
        "Chromium waits 240 s. The quick profile of the checker asks the client for a 5 s deadline through its configuration.",
    ),
};

/// `client/failed-connection-kept`: After a failed check nothing more is read or sent.
pub static CLIENT_FAILED_CONNECTION_KEPT: Rule = Rule {
    id: "client/failed-connection-kept",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 7.1.7; RFC 6455 section 7.2.1",
    title: "After a failed check nothing more is read or sent",
    rule: "A client that fails the connection stops processing data from the server and closes it.",
    why: "A message that arrives behind a bad 101 would still reach the program.",
    fix: "Drop the buffer and close the transport as soon as a check fails.",
    stimulus: "GOOD with a wrong accept and a glued text frame hi; keep the connection open for 10 s.",
    pass: "An error, hi is not delivered, TCP closes within 10 s.",
    fail: "hi is delivered, frames are sent, or the connection stays open.",
    note: None,
};

/// `client/reconnect-storm`: Retries wait, at random and ever longer.
pub static CLIENT_RECONNECT_STORM: Rule = Rule {
    id: "client/reconnect-storm",
    level: Level::Should,
    transport: "any",
    also: None,
    source: "RFC 6455 section 7.2.3",
    title: "Retries wait, at random and ever longer",
    rule: "A client that reconnects by itself delays the first retry by a random time and backs off further each time.",
    why: "When a server restarts, all clients come back in the same second and bring it down again.",
    fix: "Use truncated exponential backoff with jitter.",
    stimulus: "For clients with automatic reconnection: accept and close 8 times; note the gaps.",
    pass: "Gaps grow and differ between two runs.",
    fail: "Equal gaps, or more than 8 tries in the first 2 s.",
    note: None,
};

/// `server/extension-unoffered`: Only offered extensions are answered.
pub static SERVER_EXTENSION_UNOFFERED: Rule = Rule {
    id: "server/extension-unoffered",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (extensions); RFC 7692 section 5",
    title: "Only offered extensions are answered",
    rule: "The answer lists no extension that the client did not offer, and no field at all when nothing was offered.",
    why: "Browsers close at once; lenient clients get compressed bytes that they cannot read.",
    fix: "Build the answer from the parsed offer, never from configuration alone.",
    stimulus: "BASE; then BASE with EXT: handfast-unknown.",
    pass: "101 without the field.",
    fail: "101 that names any extension.",
    note: None,
};

/// `server/extension-unknown-refused`: Unknown extensions are declined, not punished.
pub static SERVER_EXTENSION_UNKNOWN_REFUSED: Rule = Rule {
    id: "server/extension-unknown-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1; RFC 6455 section 4.2.2 item 4 (extensions)",
    title: "Unknown extensions are declined, not punished",
    rule: "An offer is only an offer: a well-formed extension that the server does not know is left out of the answer and the handshake goes on.",
    why: "New browsers offer new extensions, and old servers must go on working.",
    fix: "Skip names you do not know.",
    stimulus: "BASE with EXT: handfast-unknown; a=1 ; b=x , PMD; repeat with EXT: x-webkit-deflate-frame.",
    pass: "101 with PMD or with no extension.",
    fail: "REFUSED.",
    note: Some(
        "The first value holds blanks before ; and , on purpose; RFC 6455 takes over RFC 2616's implied whitespace.",
    ),
};

/// `server/extension-offer-malformed`: A malformed offer ends the handshake.
pub static SERVER_EXTENSION_OFFER_MALFORMED: Rule = Rule {
    id: "server/extension-offer-malformed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1; RFC 6455 section 4.2.1 (lead paragraph) and item 9",
    title: "A malformed offer ends the handshake",
    rule: "An extension field outside the grammar makes the server fail the handshake at once.",
    why: "Half-parsed offers led to crashes and to endless regular expressions (CVE-2020-7662, CVE-2020-7663).",
    fix: "Parse strictly in linear time and answer 400 on error.",
    stimulus: "BASE with EXT: PMD; =1; repeat with an empty value, a lone comma, ; a, PMD; a b, PMD; a=, an unclosed quote, a quoted value with a blank inside, PMD = 1, and byte 0xE9 in a name.",
    pass: "REFUSED (400).",
    fail: "101, or no answer within 10 s.",
    note: Some(
        "Servers without extensions never read the field; their 101 breaks the letter only, so print it low.",
    ),
};

/// `server/extension-lines-refused`: Offers may be split over lines.
pub static SERVER_EXTENSION_LINES_REFUSED: Rule = Rule {
    id: "server/extension-lines-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1; RFC 6455 section 11.3.2",
    title: "Offers may be split over lines",
    rule: "Several extension lines are one list in order, and empty members are skipped.",
    why: "Clients and proxies split and join this field freely.",
    fix: "Collect all lines before parsing.",
    stimulus: "BASE with EXT: handfast-unknown and a second line EXT: PMD; repeat with one line ,, PMD ,,.",
    pass: "The same answer as for EXT: handfast-unknown, PMD on one line.",
    fail: "REFUSED, or another answer.",
    note: None,
};

/// `server/extension-quoted-value`: A quoted value equals the bare one.
pub static SERVER_EXTENSION_QUOTED_VALUE: Rule = Rule {
    id: "server/extension-quoted-value",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1; RFC 7692 section 5.2",
    title: "A quoted value equals the bare one",
    rule: "A parameter value may be a quoted string whose content is a token, with the same meaning.",
    why: "A client with a general header library quotes values and loses compression or the connection.",
    fix: "Unquote and unescape before judging the value.",
    stimulus: "BASE with EXT: PMD; server_max_window_bits=\"10\"; then with the value 10 bare.",
    pass: "The same answer for both.",
    fail: "Different answers, or REFUSED for the quoted one.",
    note: None,
};

/// `server/extension-empty-field`: No extension means no field.
pub static SERVER_EXTENSION_EMPTY_FIELD: Rule = Rule {
    id: "server/extension-empty-field",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (extensions); RFC 6455 section 4.3",
    title: "No extension means no field",
    rule: "Declining is shown by leaving the field out, not by an empty value.",
    why: "Strict clients fail on the empty list.",
    fix: "Write the field only when something was agreed.",
    stimulus: "BASE with EXT: handfast-unknown.",
    pass: "The field is absent.",
    fail: "The field is there with an empty value or only commas.",
    note: None,
};

/// `server/deflate-parameter-unknown`: A deflate offer with an unknown parameter is declined.
pub static SERVER_DEFLATE_PARAMETER_UNKNOWN: Rule = Rule {
    id: "server/deflate-parameter-unknown",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7; RFC 6455 section 9.1",
    title: "A deflate offer with an unknown parameter is declined",
    rule: "An offer that holds a parameter RFC 7692 does not define is not accepted; later offers in the list still may be.",
    why: "The client asked for something that it will not get, and both compressors drift apart.",
    fix: "Decline that offer and go to the next.",
    stimulus: "BASE with EXT: PMD; foo; repeat with foo=bar after client_max_window_bits, and with PMD; mode=0, PMD.",
    pass: "No PMD for the first two; for the third PMD or nothing.",
    fail: "PMD for an offer list in which every member has an unknown parameter, or REFUSED.",
    note: None,
};

/// `server/deflate-parameter-value`: A deflate offer with a bad value is declined.
pub static SERVER_DEFLATE_PARAMETER_VALUE: Rule = Rule {
    id: "server/deflate-parameter-value",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7; RFC 7692 section 7.1.1; RFC 7692 section 7.1.2",
    title: "A deflate offer with a bad value is declined",
    rule: "Window bits are 8 to 15 without leading zeros, server_max_window_bits has a value, and the two takeover parameters have none; any other offer is declined.",
    why: "A wrong window size shows up later as corrupt messages under load only.",
    fix: "Parse the value as decimal text and compare with 8 to 15.",
    stimulus: "BASE with EXT: PMD; server_max_window_bits and the values none, 7, 16, 0, 08, 010, -8, +10, 0xA, 10.0 and 99999999999999999999; client_max_window_bits=7, 16, 08; both takeover parameters with =1.",
    pass: "101 without PMD.",
    fail: "101 with PMD, REFUSED, or a crash.",
    note: Some(
        "undici crashed on such a value from a server (CVE-2026-2229). RFC 7692 leaves a REFUSED undefined; declining is what it asks for.",
    ),
};

/// `server/deflate-parameter-duplicate`: A parameter given twice is declined.
pub static SERVER_DEFLATE_PARAMETER_DUPLICATE: Rule = Rule {
    id: "server/deflate-parameter-duplicate",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7",
    title: "A parameter given twice is declined",
    rule: "An offer that repeats a parameter name is declined, also when the values agree.",
    why: "Each side might obey another of the two values.",
    fix: "Keep a set of the names seen in each offer.",
    stimulus: "BASE with EXT: PMD; server_max_window_bits=10; server_max_window_bits=12; repeat with equal values and with server_no_context_takeover twice.",
    pass: "101 without PMD.",
    fail: "101 with PMD.",
    note: None,
};

/// `server/deflate-server-bits-ignored`: A demand for a small server window is met or declined.
pub static SERVER_DEFLATE_SERVER_BITS_IGNORED: Rule = Rule {
    id: "server/deflate-server-bits-ignored",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7.1.2.1; RFC 7692 section 5",
    title: "A demand for a small server window is met or declined",
    rule: "When the accepted offer has server_max_window_bits, the answer has it too, with the same or a smaller value.",
    why: "A client with little memory cannot unpack larger windows and dies in the middle of the session.",
    fix: "Answer the parameter and set the compressor's window, or decline the offer.",
    stimulus: "BASE with EXT: PMD; server_max_window_bits=10; repeat with 8, 9 and 15.",
    pass: "No PMD, or PMD with server_max_window_bits of 8 up to the number asked.",
    fail: "PMD without the parameter or with a larger one.",
    note: Some(
        "gorilla ignores the parameters. zlib cannot make raw deflate with 8 bits, so declining 8 is normal.",
    ),
};

/// `server/deflate-server-takeover-ignored`: server\_no\_context\_takeover is confirmed or declined.
pub static SERVER_DEFLATE_SERVER_TAKEOVER_IGNORED: Rule = Rule {
    id: "server/deflate-server-takeover-ignored",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7.1.1.1; RFC 7692 section 5",
    title: "server_no_context_takeover is confirmed or declined",
    rule: "When the accepted offer has server_no_context_takeover, the answer has it too.",
    why: "The client throws its window away after each message and then cannot read the next.",
    fix: "Echo the parameter and reset the compressor after each message.",
    stimulus: "BASE with EXT: PMD; server_no_context_takeover.",
    pass: "No PMD, or PMD with the parameter.",
    fail: "PMD without it.",
    note: None,
};

/// `server/deflate-client-bits-unoffered`: client\_max\_window\_bits only where it was offered.
pub static SERVER_DEFLATE_CLIENT_BITS_UNOFFERED: Rule = Rule {
    id: "server/deflate-client-bits-unoffered",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7.1.2.2",
    title: "client_max_window_bits only where it was offered",
    rule: "The answer holds client_max_window_bits only if the accepted offer did; then with a value, and not above an offered one.",
    why: "Clients that cannot shrink their window must fail the connection.",
    fix: "Remember whether the offer had the parameter and its value.",
    stimulus: "BASE with EXT: PMD; then PMD; client_max_window_bits; then PMD; client_max_window_bits=10.",
    pass: "Absent in the first; absent or 8 to 15 in the second; absent or 8 to 10 in the third.",
    fail: "Present in the first, or without a value. A value above 10 in the third is a remark.",
    note: Some(
        "Ambiguity: section 7.1.2.2 describes only values up to the hint but calls the hint ignorable.",
    ),
};

/// `server/deflate-answer-malformed`: The deflate answer follows the grammar, once.
pub static SERVER_DEFLATE_ANSWER_MALFORMED: Rule = Rule {
    id: "server/deflate-answer-malformed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7; RFC 7692 section 7.1; RFC 6455 section 9.1",
    title: "The deflate answer follows the grammar, once",
    rule: "The answer has one PMD element, each parameter once, known, with a legal value, and takeover parameters without value.",
    why: "Clients must fail on anything else.",
    fix: "Generate the answer from typed values, not by editing the offer's text.",
    stimulus: "BASE with EXT: PMD; client_max_window_bits; repeat with PMD; server_max_window_bits=10, PMD and with EXT: PMD, PMD.",
    pass: "No PMD or exactly one well-formed element.",
    fail: "Two PMD elements, client_max_window_bits without value, or any other breach.",
    note: None,
};

/// `server/deflate-fallback-ignored`: The next offer is tried when the first cannot be met.
pub static SERVER_DEFLATE_FALLBACK_IGNORED: Rule = Rule {
    id: "server/deflate-fallback-ignored",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 7692 section 5; RFC 7692 section 7.1.3",
    title: "The next offer is tried when the first cannot be met",
    rule: "Several offers of the same extension are alternatives by preference; a server that cannot take the first looks at the next.",
    why: "Users lose compression although their client listed a form that the server supports.",
    fix: "Loop over the offers and take the first acceptable one.",
    stimulus: "BASE with EXT: PMD; server_max_window_bits=16, PMD; repeat with PMD; foo, PMD.",
    pass: "PMD agreed.",
    fail: "No PMD, or REFUSED, where PMD alone is agreed; reported as a remark.",
    note: None,
};

/// `client/extension-offer-malformed`: The client's own offer is well formed.
pub static CLIENT_EXTENSION_OFFER_MALFORMED: Rule = Rule {
    id: "client/extension-offer-malformed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1; RFC 7692 section 7.1",
    title: "The client's own offer is well formed",
    rule: "The offered field follows the grammar and its deflate parameters have legal values, each once per offer.",
    why: "Strict servers refuse the whole handshake.",
    fix: "Serialize the offer from typed values.",
    stimulus: "Read EXT of the request under each compression setting that the client has.",
    pass: "Absent or well formed.",
    fail: "Any breach of the grammar or of RFC 7692.",
    note: None,
};

/// `client/extension-unoffered-opens`: An extension nobody asked for fails.
pub static CLIENT_EXTENSION_UNOFFERED_OPENS: Rule = Rule {
    id: "client/extension-unoffered-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 5; RFC 7692 section 5",
    title: "An extension nobody asked for fails",
    rule: "The client fails when the answer lists an extension that it did not offer.",
    why: "It would take compressed or altered bytes for plain text.",
    fix: "Check every element of the answer against the offer.",
    stimulus: "With an offer of PMD answer EXT: handfast-unknown; PMD, handfast-unknown; x-webkit-deflate-frame; with no offer answer EXT: PMD.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "Measured: gorilla, gws, Beast, websocket-client, aiohttp, tungstenite, curl and, for an unknown name, all seven Rust clients driven on 2026-11-22 open in one form or another.",
    ),
};

/// `client/extension-answer-malformed-opens`: A malformed extension answer fails.
pub static CLIENT_EXTENSION_ANSWER_MALFORMED_OPENS: Rule = Rule {
    id: "client/extension-answer-malformed-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 9.1",
    title: "A malformed extension answer fails",
    rule: "A value outside the grammar makes the client fail at once.",
    why: "Guessing leaves both sides with different settings.",
    fix: "Parse the whole field strictly.",
    stimulus: "Offer PMD; answer EXT: PMD; =1, an empty value, a lone comma, PMD; a b, an unclosed quote, PMD PMD.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: None,
};

/// `client/extension-lines-refused`: The answer may spread extensions over lines.
pub static CLIENT_EXTENSION_LINES_REFUSED: Rule = Rule {
    id: "client/extension-lines-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.6; RFC 6455 erratum 3433 (on section 11.3.2)",
    title: "The answer may spread extensions over lines",
    rule: "Several extension lines in a 101 are one list, as the verified erratum says against the printed text of section 11.3.2.",
    why: "A correct server with two extensions would be unreachable.",
    fix: "Join the lines before parsing.",
    stimulus: "For a client that offers two extensions, answer them on two lines; for others the rule does not apply.",
    pass: "OPENS with both.",
    fail: "FAILS, or only one is in use.",
    note: Some("With PMD alone, two lines repeat it and client/deflate-answered-twice-opens applies."),
};

/// `client/deflate-answer-parameter-opens`: Illegal deflate parameters in the answer fail.
pub static CLIENT_DEFLATE_ANSWER_PARAMETER_OPENS: Rule = Rule {
    id: "client/deflate-answer-parameter-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7; RFC 7692 section 7.1",
    title: "Illegal deflate parameters in the answer fail",
    rule: "An unknown, repeated or badly valued parameter in the answer makes the client fail.",
    why: "Messages arrive corrupt, or the decompressor crashes (undici, CVE-2026-2229).",
    fix: "Validate each parameter of the answer as strictly as a server validates an offer.",
    stimulus: "Offer PMD; client_max_window_bits; answer PMD with foo, server_max_window_bits=7, =16, =08 and without value, client_max_window_bits without value, server_no_context_takeover=1, and server_no_context_takeover twice.",
    pass: "FAILS for each.",
    fail: "OPENS for any.",
    note: Some("Measured OPEN: undici, websocket-client, tungstenite, curl, websocat for most of them."),
};

/// `client/deflate-unasked-limit-opens`: Answers that ignore or exceed the offer fail.
pub static CLIENT_DEFLATE_UNASKED_LIMIT_OPENS: Rule = Rule {
    id: "client/deflate-unasked-limit-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7.1.2.2; RFC 7692 section 7.1.2.1; RFC 7692 section 7.1.1.1; RFC 7692 section 5",
    title: "Answers that ignore or exceed the offer fail",
    rule: "The client fails when client_max_window_bits comes back unoffered, or when a demanded server_max_window_bits or server_no_context_takeover is missing or larger.",
    why: "One side would keep less history than the other needs.",
    fix: "Compare the agreed parameters with the offers that were sent.",
    stimulus: "Offer PMD, answer PMD; client_max_window_bits=12. Offer PMD; server_max_window_bits=10 and answer 12, then nothing. Offer PMD; server_no_context_takeover and answer PMD alone.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some(
        "Needs a client whose offer can be configured; a case is skipped when an alternative offer makes the answer legal.",
    ),
};

/// `client/deflate-answered-twice-opens`: Two compression extensions at once fail.
pub static CLIENT_DEFLATE_ANSWERED_TWICE_OPENS: Rule = Rule {
    id: "client/deflate-answered-twice-opens",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 5",
    title: "Two compression extensions at once fail",
    rule: "An answer that accepts PMD twice, or PMD with another user of the RSV1 bit, makes the client fail.",
    why: "Nobody can tell which of the two the RSV1 bit stands for.",
    fix: "Allow one element that claims RSV1.",
    stimulus: "Offer PMD; answer EXT: PMD, PMD; repeat on two lines.",
    pass: "FAILS.",
    fail: "OPENS.",
    note: Some("ws, websocket-client, aiohttp, tungstenite, curl and websocat open."),
};

/// `client/deflate-legal-answer-refused`: Legal answers are accepted.
pub static CLIENT_DEFLATE_LEGAL_ANSWER_REFUSED: Rule = Rule {
    id: "client/deflate-legal-answer-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 7692 section 7.1.1.1; RFC 7692 section 7.1.1.2; RFC 7692 section 7.1.2.1; RFC 7692 section 7.1.2.2",
    title: "Legal answers are accepted",
    rule: "The client supports client_no_context_takeover in the answer, an answered client_max_window_bits that it offered, and the server's own server_ parameters that it did not ask for.",
    why: "Servers that save memory this way become unreachable.",
    fix: "Accept the parameters and configure compressor and decompressor accordingly.",
    stimulus: "Offer PMD; client_max_window_bits; answer PMD; client_no_context_takeover, then PMD; client_max_window_bits=9, then PMD; server_no_context_takeover; server_max_window_bits=12; echo compressed messages.",
    pass: "OPENS and echoes correctly.",
    fail: "FAILS, or garbled messages.",
    note: Some(
        "Support of an unasked server_no_context_takeover is not spelled out; reported erratum 4982 (not verified) asks for it. Judge a refusal of that form alone as a remark.",
    ),
};

/// `middle/tunnel-before-101`: No tunnel before the backend's 101.
pub static MIDDLE_TUNNEL_BEFORE_101: Rule = Rule {
    id: "middle/tunnel-before-101",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.8; RFC 9110 section 15.2.2; RFC 9112 section 6.3; RFC 9112 section 11.2",
    title: "No tunnel before the backend's 101",
    rule: "The device goes on reading HTTP from the client until the backend has answered 101; the request alone, or the wish to upgrade, switches nothing.",
    why: "Whoever can send an upgrade request could otherwise talk straight to the backend, past every filter.",
    fix: "Switch to tunnelling only on a 101 whose Upgrade matches the request.",
    stimulus: "C sends BASE and at once GET /MARK HTTP/1.1 with a Host; B withholds its answer for 2 s, then answers 404.",
    pass: "B never sees MARK as raw bytes of a tunnel; it comes as a separate, filtered request or not at all.",
    fail: "The bytes of the second request reach B before B answered.",
    note: None,
};

/// `middle/refused-upgrade-tunnels`: A refused upgrade stays HTTP.
pub static MIDDLE_REFUSED_UPGRADE_TUNNELS: Rule = Rule {
    id: "middle/refused-upgrade-tunnels",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.8; RFC 9112 section 9.2; RFC 9112 section 11.2; RFC 6455 section 4.2.2 item 4 (version)",
    title: "A refused upgrade stays HTTP",
    rule: "After any answer other than 101 the device treats further client bytes as HTTP or closes; it never leaves a raw pipe open.",
    why: "Attackers ask for version 25, get 426, and then send requests to internal paths through the pipe.",
    fix: "Read the backend's status and tear the upgrade state down when it is not 101.",
    stimulus: "C sends BASE with version 25; B answers 426 with Sec-WebSocket-Version: 13 and Content-Length: 0; C then sends GET /MARK HTTP/1.1 in a form that the device's access rules forbid.",
    pass: "C gets 426, and B sees no MARK, or sees it only after the device's own rules allowed it.",
    fail: "B receives MARK unfiltered on the same backend connection.",
    note: Some(
        "Known as WebSocket smuggling (0ang3el/websocket-smuggle). Repeat with 400, 200 and 502 as B's answer.",
    ),
};

/// `middle/unproven-101-tunnels`: A 101 is checked before it is trusted.
pub static MIDDLE_UNPROVEN_101_TUNNELS: Rule = Rule {
    id: "middle/unproven-101-tunnels",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) items 1 to 4; RFC 9110 section 7.8; RFC 9112 section 11.2",
    title: "A 101 is checked before it is trusted",
    rule: "The device opens the tunnel only after a 101 with Upgrade: websocket, the connection option and the right accept; any other 101 becomes 502.",
    why: "A backend that can be talked into answering 101, for instance by a status code from elsewhere, hands over the pipe.",
    fix: "Compute the accept from the forwarded key and compare it exactly.",
    stimulus: "B answers GOOD with a wrong accept; then without accept, without Upgrade, with Upgrade: h2c, and with 101 to a plain GET that asked for no upgrade.",
    pass: "C gets 502, or a closed connection, and no tunnel.",
    fail: "TUNNEL. For Upgrade missing, for h2c and for the unasked 101 the level is must (RFC 9110 section 7.8); for the accept it is practice.",
    note: Some(
        "No product looked at so far is known to verify the accept; HAProxy checks that a handshake has a key.",
    ),
};

/// `middle/hop-by-hop-forwarded`: Connection and the fields it names end at the device.
pub static MIDDLE_HOP_BY_HOP_FORWARDED: Rule = Rule {
    id: "middle/hop-by-hop-forwarded",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.6.1",
    title: "Connection and the fields it names end at the device",
    rule: "The device removes Connection and every field named in it, and Upgrade, and writes its own; it never lets a client delete fields it depends on.",
    why: "A client could make the device drop X-Forwarded-For or a login header by naming it in Connection.",
    fix: "Apply the named removals before adding your own fields, then write a new Connection: Upgrade when you do switch.",
    stimulus: "BASE with Connection: Upgrade, X-Secret, X-Forwarded-For and X-Secret: 1; B records the head.",
    pass: "X-Secret is gone; the device's own X-Forwarded-For is present if it normally is; one Connection field of its own.",
    fail: "X-Secret arrives, the device's field is missing, or the client's Connection value is copied.",
    note: Some(
        "Where the operator forwards Upgrade by configuration (nginx), the fields arrive rewritten; that is fine.",
    ),
};

/// `middle/half-forwarded`: All of the handshake or none of it.
pub static MIDDLE_HALF_FORWARDED: Rule = Rule {
    id: "middle/half-forwarded",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.6.1; RFC 6455 section 4.2 (lead paragraph)",
    title: "All of the handshake or none of it",
    rule: "A device that does not do upgrades removes Upgrade and passes an ordinary request; it does not answer 101 itself or forward a mixture that can succeed.",
    why: "A backend that sees half a handshake may switch while the device still speaks HTTP.",
    fix: "Decide per route: forward both fields rewritten, or answer 426 or 501 yourself.",
    stimulus: "BASE to a route without WebSocket support; B records the head and answers 200.",
    pass: "B sees neither Upgrade nor the option upgrade, and C gets 200; or C gets a 4xx or 5xx.",
    fail: "B sees Upgrade without the option, or the reverse, or C gets 101.",
    note: None,
};

/// `middle/key-altered`: The client gets the accept for its own key.
pub static MIDDLE_KEY_ALTERED: Rule = Rule {
    id: "middle/key-altered",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (response) item 4; RFC 6455 section 4.2 (lead paragraph)",
    title: "The client gets the accept for its own key",
    rule: "The device forwards the key unchanged, or ends the handshake itself with a fresh key to the backend and an accept computed for the client.",
    why: "A changed key makes every client fail with an error that points at the innocent server.",
    fix: "Treat the key as opaque text.",
    stimulus: "BASE with 32 keys, among them ones with +, / and pad bits set, and with blanks around the value.",
    pass: "C gets the accept of the trimmed text it sent.",
    fail: "Any other accept with a 101.",
    note: None,
};

/// `middle/ambiguous-fields-resolved`: Repeated key or version lines are not tidied up.
pub static MIDDLE_AMBIGUOUS_FIELDS_RESOLVED: Rule = Rule {
    id: "middle/ambiguous-fields-resolved",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 11.3.1; RFC 6455 section 11.3.5; RFC 9110 section 5.3",
    title: "Repeated key or version lines are not tidied up",
    rule: "When a request repeats Key, Version or Host the device refuses it; it does not pass on one of the values as if it had been the only one.",
    why: "The device approves one value and the backend acts on another.",
    fix: "Answer 400 to repeated singleton fields.",
    stimulus: "BASE with two different keys; with versions 13 and 8; with two Host lines.",
    pass: "400 from the device, or both values reach B and B's refusal reaches C. Two Host lines: 400 only.",
    fail: "B sees a single value.",
    note: None,
};

/// `middle/malformed-forwarded`: Broken heads are refused or repaired, not passed on.
pub static MIDDLE_MALFORMED_FORWARDED: Rule = Rule {
    id: "middle/malformed-forwarded",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.2; RFC 9112 section 5.1; RFC 9112 section 5.2; RFC 9112 section 6.3; RFC 9110 section 5.5",
    title: "Broken heads are refused or repaired, not passed on",
    rule: "Folded lines, blanks before a colon, lone CR, NUL and conflicting lengths never reach the other side as they came.",
    why: "Differences in how two parties read such bytes are what request smuggling is made of.",
    fix: "Parse, then write a new head; answer 400 (502 for a bad backend answer).",
    stimulus: "BASE with each fault of server/obs-fold, nul-in-value, bare-cr, space-before-colon and length-conflict; GOOD from B with each of the first four.",
    pass: "400 or 502, or a repaired head that follows RFC 9112.",
    fail: "The faulty bytes arrive unchanged.",
    note: None,
};

/// `middle/http-version-copied`: The device speaks its own HTTP version.
pub static MIDDLE_HTTP_VERSION_COPIED: Rule = Rule {
    id: "middle/http-version-copied",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.3; RFC 9110 section 7.8",
    title: "The device speaks its own HTTP version",
    rule: "A device writes the version it conforms to; it neither raises a client's HTTP/1.0 handshake to 1.1 nor sends an upgrade to a backend as 1.0.",
    why: "An old client would get an answer that it cannot understand, or the backend ignores the upgrade.",
    fix: "Use HTTP/1.1 to the backend and drop Upgrade from 1.0 clients.",
    stimulus: "BASE as HTTP/1.0; BASE as HTTP/1.1; B records both.",
    pass: "The first arrives without Upgrade, or is refused; the second arrives as HTTP/1.1.",
    fail: "The first ends in 101, or the second arrives as HTTP/1.0 with Upgrade.",
    note: Some("nginx long sent HTTP/1.0 to backends unless proxy_http_version was set."),
};

/// `middle/answer-fields-changed`: The 101 arrives complete.
pub static MIDDLE_ANSWER_FIELDS_CHANGED: Rule = Rule {
    id: "middle/answer-fields-changed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5; RFC 6455 section 9.1; RFC 9110 section 7.6.1",
    title: "The 101 arrives complete",
    rule: "Status 101, Upgrade, Connection: Upgrade, accept, subprotocol and extension fields reach the client, each as often as the backend sent it, and nothing is added that 101 forbids.",
    why: "A lost subprotocol or extension field leaves both ends with different settings, seen only as corrupt messages.",
    fix: "Pass the end-to-end fields through and write the two hop-by-hop fields anew.",
    stimulus: "BASE with chat and PMD offered; B answers both, plus Set-Cookie twice and X-B: 1.",
    pass: "C sees all of them; no Content-Length or Transfer-Encoding, and a single accept.",
    fail: "A field is missing, changed or doubled, or a length field appears.",
    note: Some(
        "A device may remove Sec-WebSocket-Extensions from the request; it must not remove it from the answer alone.",
    ),
};

/// `middle/refusal-changed`: The backend's refusal reaches the client.
pub static MIDDLE_REFUSAL_CHANGED: Rule = Rule {
    id: "middle/refusal-changed",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.4; RFC 9110 section 7.6; RFC 9110 section 15.5.22",
    title: "The backend's refusal reaches the client",
    rule: "Status, body, Sec-WebSocket-Version and WWW-Authenticate of a refusal pass through, and for 426 the Upgrade field as well.",
    why: "The client cannot learn what to change when every refusal turns into a blank 502.",
    fix: "Forward error answers like any other answer.",
    stimulus: "B answers 426 with Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 13 and a body; repeat with 401 and WWW-Authenticate.",
    pass: "C sees status, version list, challenge and body.",
    fail: "Another status, or one of these fields is missing; a missing Upgrade on 426 breaks server/status-426-without-upgrade.",
    note: None,
};

/// `middle/interim-answer-mishandled`: 100 and 103 pass, 101 ends HTTP.
pub static MIDDLE_INTERIM_ANSWER_MISHANDLED: Rule = Rule {
    id: "middle/interim-answer-mishandled",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 15.2; RFC 9110 section 7.8",
    title: "100 and 103 pass, 101 ends HTTP",
    rule: "Interim answers are forwarded and the device waits on; after 101 it waits for no further answer and parses nothing.",
    why: "A device that treats 101 like 103 hangs, or reads frames as the final answer.",
    fix: "Handle 101 apart from the other 1xx.",
    stimulus: "B sends 103 with a Link field, then GOOD and a text frame; repeat with 100 first after Expect: 100-continue.",
    pass: "C sees 103 (or 100), then 101, then the frame.",
    fail: "The interim answer is lost (a remark for 100 that the device asked for itself), or TUNNEL does not come about.",
    note: None,
};

/// `middle/glued-bytes-lost`: Bytes next to the 101 are delivered in order.
pub static MIDDLE_GLUED_BYTES_LOST: Rule = Rule {
    id: "middle/glued-bytes-lost",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.8; RFC 6455 section 4.2.2 (closing paragraph)",
    title: "Bytes next to the 101 are delivered in order",
    rule: "Frame bytes that the backend sends in the same segment as its 101, in pieces or at once, reach the client whole and in order.",
    why: "The greeting of the server gets lost under load and clients hang.",
    fix: "Flush parser buffers into the tunnel when switching.",
    stimulus: "B sends GOOD and 64 KiB of frames in one write; repeat split at each of the last 8 bytes of the head.",
    pass: "C receives the same bytes.",
    fail: "Missing, doubled or reordered bytes.",
    note: None,
};

/// `middle/answer-cached`: A 101 is never stored.
pub static MIDDLE_ANSWER_CACHED: Rule = Rule {
    id: "middle/answer-cached",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 9111 section 3; RFC 9110 section 15.2",
    title: "A 101 is never stored",
    rule: "A cache stores final answers only, so a 101 is not kept whatever its cache fields say.",
    why: "Later visitors would get somebody else's handshake, and the service looks broken at random.",
    fix: "Exclude 1xx and upgraded requests from caching.",
    stimulus: "B answers GOOD with Cache-Control: public, max-age=3600 and an ETag; C then repeats BASE with another key, and sends a plain GET of the same path.",
    pass: "B sees each request.",
    fail: "C gets a 101 or a stored answer without B seeing the request.",
    note: None,
};

/// `middle/handshake-replayed`: One handshake, one backend request.
pub static MIDDLE_HANDSHAKE_REPLAYED: Rule = Rule {
    id: "middle/handshake-replayed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.4; RFC 9111 section 4; RFC 6455 section 10.3",
    title: "One handshake, one backend request",
    rule: "Every handshake goes to the backend on its own: it is not answered from a stored 200, not merged with a parallel one and not sent twice.",
    why: "Merged requests give two people the same answer; repeated ones log users in twice.",
    fix: "Bypass cache lookup, request collapsing and automatic retry for upgrades.",
    stimulus: "Let the device cache GET {target}; then two BASE requests in parallel with different keys; then let B close without an answer.",
    pass: "B sees exactly one request for each BASE, and each C the right accept; after the close C gets 502 or 504, and a retry, if any, only on a fresh connection and before any byte of an answer.",
    fail: "A stored answer, one request for two clients, or the wrong accept.",
    note: None,
};

/// `middle/h2-to-h1-bridge`: Extended CONNECT becomes a complete GET handshake.
pub static MIDDLE_H2_TO_H1_BRIDGE: Rule = Rule {
    id: "middle/h2-to-h1-bridge",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5; RFC 6455 section 4.1 (request) item 7; RFC 6455 section 4.1 (response) items 1 to 4; RFC 9113 section 8.3.1",
    title: "Extended CONNECT becomes a complete GET handshake",
    rule: "The device writes GET, Host from :authority, Upgrade, Connection and a fresh random key of its own, checks the backend's accept like a client, and turns only a good 101 into 200 without the accept field.",
    why: "The device is the client here; if it does not check, nobody does.",
    fix: "Generate 16 random bytes per stream and verify the answer before sending :status 200.",
    stimulus: "BASE2 to the device, B on HTTP/1.1: record the key over 16 streams, and with a key from C; then B answers with a wrong accept, 200 and 426; then frames, a close, END_STREAM and RST_STREAM on open streams.",
    pass: "A new valid key each time; 200 only for GOOD; an error status for the others; no upgrade or connection field towards C; frames pass, and each side learns of the other's end.",
    fail: "A fixed, missing or copied key, 200 for a wrong accept, status 101 on HTTP/2, or frames or an end that get lost.",
    note: Some(
        "An accept field towards C, or a changed refusal, is a remark. HAProxy 2.6 makes a key and verifies the accept, but it copies a key of C, opens on a 101 with another Upgrade, and gives C 200 where B answered 200.",
    ),
};

/// `middle/h1-to-h2-bridge`: A GET handshake becomes extended CONNECT only when it is right.
pub static MIDDLE_H1_TO_H2_BRIDGE: Rule = Rule {
    id: "middle/h1-to-h2-bridge",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 3; RFC 8441 section 5; RFC 6455 section 4.2.1; RFC 6455 section 4.2.2 item 5; RFC 9113 section 8.2.2",
    title: "A GET handshake becomes extended CONNECT only when it is right",
    rule: "The device is the server here: it checks key and version itself, uses :protocol only if the backend announced it, strips key, Upgrade and Connection, and on 2xx answers 101 with the accept for the client's key.",
    why: "On HTTP/2 no backend looks at the key, so a page could slip through without one.",
    fix: "Run the full server checks before translating.",
    stimulus: "BASE without key, with a bad key, with two, as HTTP/1.0, as POST, and with version 25 towards an HTTP/2 backend; then BASE, frames and ends; then a backend without the setting.",
    pass: "All of these are REFUSED or, for the version, decided by B; BASE itself gives 101 with {accept}; the last gives an error or HTTP/1.1 to B.",
    fail: "101 without a valid key, a wrong accept, forbidden fields at B, frames or an end that get lost, or :protocol without the setting.",
    note: Some(
        "A key that reaches B is a remark: it means nothing there. HAProxy 2.6 looks at the key's length only, takes two keys, HTTP/1.0 and POST, and refuses where the setting is missing.",
    ),
};

/// `middle/idle-tunnel-cut`: Quiet tunnels live, and pings keep them alive.
pub static MIDDLE_IDLE_TUNNEL_CUT: Rule = Rule {
    id: "middle/idle-tunnel-cut",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 9112 section 9.5; RFC 6455 section 5.5.2",
    title: "Quiet tunnels live, and pings keep them alive",
    rule: "The device keeps a tunnel open that is quiet for less than its stated limit, at least 60 s by default, and counts frames in either direction as activity.",
    why: "Chats and dashboards drop every minute with close code 1006.",
    fix: "Set the tunnel timeout apart from the request timeout.",
    stimulus: "TUNNEL, 55 s of silence, then a ping; then a ping every 20 s for 3 minutes.",
    pass: "The tunnel stays open and pongs arrive.",
    fail: "It closes earlier.",
    note: None,
};

/// `server/origin-foreign-accepted`: Foreign pages are turned away.
pub static SERVER_ORIGIN_FOREIGN_ACCEPTED: Rule = Rule {
    id: "server/origin-foreign-accepted",
    level: Level::Should,
    transport: "any",
    also: None,
    source: "RFC 6455 section 10.2; RFC 6455 section 4.2.2 item 4 (origin)",
    title: "Foreign pages are turned away",
    rule: "A server that serves certain sites only verifies Origin and refuses values that it does not expect.",
    why: "Browsers attach the victim's cookies, so any page the victim visits could read and write through the socket.",
    fix: "Keep a list of allowed origins, default to the server's own, and answer 403 to others.",
    stimulus: "BASE with Origin: {foreign}; repeat with Origin: {own}, and with a valid session cookie where one is configured.",
    pass: "REFUSED for {foreign}, ACCEPTED for {own}.",
    fail: "101 for {foreign}, unless the operator declares a public service.",
    note: Some(
        "Only gorilla, coder and Phoenix refuse by default; about twenty other peers accept any origin.",
    ),
};

/// `server/origin-refusal-status`: A refused origin gets an HTTP error.
pub static SERVER_ORIGIN_REFUSAL_STATUS: Rule = Rule {
    id: "server/origin-refusal-status",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (origin); RFC 6455 section 10.2",
    title: "A refused origin gets an HTTP error",
    rule: "A server that does not want an origin answers with an HTTP error status and aborts; 403 is what the RFC recommends.",
    why: "A 101 followed by a close looks to the page's author like a network fault.",
    fix: "Check the origin before writing the 101 and answer 403.",
    stimulus: "BASE with Origin: {foreign} to a server that checks origins.",
    pass: "4xx, 403 preferred.",
    fail: "101 followed by a close, or a close with no answer (remark).",
    note: None,
};

/// `server/origin-compared-loosely`: Origins are compared in full.
pub static SERVER_ORIGIN_COMPARED_LOOSELY: Rule = Rule {
    id: "server/origin-compared-loosely",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6454 section 5; RFC 6455 section 10.2",
    title: "Origins are compared in full",
    rule: "Scheme, host and port are compared as a whole: no prefix, suffix or substring test, and null matches nothing unless listed.",
    why: "Attackers register names that begin or end like the victim's.",
    fix: "Parse the origin and compare the triple with the list; be careful with regular expressions.",
    stimulus: "For {own} https://app.example send https://app.example.evil.example, https://evilapp.example, https://app.example@evil.example, http://app.example, https://app.example:444, null, and an empty value.",
    pass: "REFUSED for each; http instead of https may be allowed by configuration.",
    fail: "101 for any other of them.",
    note: Some(
        "gorilla compares the host only and ignores the scheme. RFC 6455 section 4.2.2 has the value lower-cased before use.",
    ),
};

/// `server/origin-duplicate`: Two Origin lines are refused.
pub static SERVER_ORIGIN_DUPLICATE: Rule = Rule {
    id: "server/origin-duplicate",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6454 section 7.3; RFC 6455 section 4.2.1 item 7",
    title: "Two Origin lines are refused",
    rule: "A request with more than one Origin line, or several origins in one value, is refused.",
    why: "A filter in front may check the first and the application the last.",
    fix: "Count the lines and answer 400 or 403 at the second.",
    stimulus: "BASE with Origin: {own} and Origin: {foreign} in both orders; repeat with both in one value, separated by a blank and by a comma.",
    pass: "REFUSED.",
    fail: "101 where a single Origin: {foreign} is refused.",
    note: Some("RFC 6454 allows a space-separated list; browsers never send one."),
};

/// `server/origin-absent`: No Origin means not a browser, and nothing more.
pub static SERVER_ORIGIN_ABSENT: Rule = Rule {
    id: "server/origin-absent",
    level: Level::Should,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 item 7; RFC 6455 section 10.1; RFC 6455 section 10.2",
    title: "No Origin means not a browser, and nothing more",
    rule: "A request without Origin is not taken for a browser's; it may be served, but it still needs the credentials that everybody needs.",
    why: "Tools and devices that send no Origin are locked out, or, worse, let in without a login.",
    fix: "Apply the origin list only to requests that have the field, and authenticate all.",
    stimulus: "BASE without Origin; repeat without credentials where the operator declares that some are needed.",
    pass: "ACCEPTED for the first unless the operator declares browsers only; REFUSED for the second.",
    fail: "101 without credentials, because Origin is missing.",
    note: None,
};

/// `server/key-as-credential`: The key authenticates nobody.
pub static SERVER_KEY_AS_CREDENTIAL: Rule = Rule {
    id: "server/key-as-credential",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 10.5; RFC 6455 section 1.3",
    title: "The key authenticates nobody",
    rule: "Key and accept show that both ends speak WebSocket; they never replace a login, a session id or a replay check.",
    why: "Anybody can compute the accept, so a system built on it stands open.",
    fix: "Use cookies, tokens, HTTP authentication or TLS certificates, and keep keys out of session stores.",
    stimulus: "Where credentials are declared as needed: the same key from two clients with different credentials, and a known key without credentials.",
    pass: "Access follows the credentials alone.",
    fail: "Access, or another user's session, follows the key.",
    note: None,
};

/// `server/host-foreign`: Unknown host names are refused.
pub static SERVER_HOST_FOREIGN: Rule = Rule {
    id: "server/host-foreign",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 item 2; RFC 9110 section 7.4; RFC 9110 section 15.5.20",
    title: "Unknown host names are refused",
    rule: "A server that knows its names refuses other Host values with 421 or 403, above all on loopback and private addresses.",
    why: "By DNS rebinding a web page can reach local services under its own name, with a matching Origin.",
    fix: "Keep a list of host names; on loopback allow localhost and its addresses only.",
    stimulus: "BASE with Host: rebind.example and Origin: http://rebind.example.",
    pass: "REFUSED.",
    fail: "101, unless the operator declares a catch-all host.",
    note: Some(
        "Item 2 asks for the server's authority and could be read as must; servers behind proxies seldom know it, so the project says practice.",
    ),
};

/// `server/response-splitting`: Input never becomes a header line of the answer.
pub static SERVER_RESPONSE_SPLITTING: Rule = Rule {
    id: "server/response-splitting",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 9110 section 5.5; RFC 9112 section 11.1; RFC 9112 section 2.2",
    title: "Input never becomes a header line of the answer",
    rule: "Nothing from the request reaches the answer's head or an HTML error page unescaped, and extra 101 fields set by the application are checked for CR, LF and NUL.",
    why: "Injected lines set cookies or forge an accept; injected markup runs in the site's name.",
    fix: "Validate names and values on output, and send errors as text/plain.",
    stimulus: "BASE with a path, subprotocol, Host and Origin holding %0d%0aX-Injected:1 and <script>; look at head and body of accepted and refused answers.",
    pass: "No X-Injected line; the text is absent, escaped, or in a text/plain body with nosniff.",
    fail: "The line appears, or the markup stands in an HTML body.",
    note: None,
};

/// `server/refusal-cacheable`: Refusals are not stored.
pub static SERVER_REFUSAL_CACHEABLE: Rule = Rule {
    id: "server/refusal-cacheable",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 9110 section 15.1; RFC 9111 section 4.2.2; RFC 9111 section 5.2.2.5",
    title: "Refusals are not stored",
    rule: "404, 405, 414 and 501 may be stored by caches unless told otherwise, so refusals of a WebSocket endpoint say Cache-Control: no-store.",
    why: "A short outage would be replayed to all visitors after it ended.",
    fix: "Add Cache-Control: no-store to every refusal and to the answer to a plain GET.",
    stimulus: "Collect the refusals of server.toml.",
    pass: "no-store, or a status that is not heuristically cacheable.",
    fail: "A cacheable status without Cache-Control; reported as a remark.",
    note: None,
};

/// `server/handshake-flood`: Half-open handshakes are limited.
pub static SERVER_HANDSHAKE_FLOOD: Rule = Rule {
    id: "server/handshake-flood",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 item 2 (notes); RFC 9112 section 9.4",
    title: "Half-open handshakes are limited",
    rule: "The number of unfinished handshakes is bounded in total and per address, and finished sockets of others go on working meanwhile.",
    why: "One machine with idle connections could shut out all users.",
    fix: "Limit unfinished heads, answer 503 with Retry-After or drop the oldest, and pause before closing.",
    stimulus: "With the operator's consent: 2,000 connections that send only the first line of BASE; meanwhile BASE every second and echoes on an open socket.",
    pass: "Echoes go on; BASE is ACCEPTED or gets 503, and again ACCEPTED within 60 s.",
    fail: "The open socket dies, or BASE is still not accepted after 60 s.",
    note: None,
};

/// `client/key-predictable`: The nonce is random.
pub static CLIENT_KEY_PREDICTABLE: Rule = Rule {
    id: "client/key-predictable",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 7; RFC 6455 section 10.3",
    title: "The nonce is random",
    rule: "The 16 bytes are drawn at random for each connection; the project requires a cryptographic generator.",
    why: "With a guessable key an attacker prepares a stored or injected 101 that passes the check.",
    fix: "Use the operating system's generator, not a seeded or time-based one.",
    stimulus: "Read 256 keys: from one process, and the first key of 32 fresh processes started together; test for repeats, constant bits, counters and the output of known generators seeded with the time.",
    pass: "No repeat and no bit position with fewer than 80 or more than 176 ones in 256.",
    fail: "A repeat, a constant bit, or a match with a known generator.",
    note: Some(
        "The RFC demands random selection; the cryptographic quality is practice. gobwas, gws, Jetty and Netty use non-cryptographic generators.",
    ),
};

/// `client/origin-missing`: Browsers send the page's origin.
pub static CLIENT_ORIGIN_MISSING: Rule = Rule {
    id: "client/origin-missing",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 8; RFC 6454 section 6.2; RFC 6454 section 7",
    title: "Browsers send the page's origin",
    rule: "A browser sends one Origin field with the serialized origin of the page that opens the socket, which the page cannot change.",
    why: "Servers have nothing else to tell the own page from a hostile one.",
    fix: "Set the field from the calling context, below the reach of scripts.",
    stimulus: "Browser: open a socket from http://localhost:{p1} and from a sandboxed frame without allow-same-origin.",
    pass: "Origin: http://localhost:{p1}; Origin: null.",
    fail: "Missing, repeated, another value, or a path in the value.",
    note: Some("Other clients may send Origin if they act for a page; it is skipped for them."),
};

/// `client/forbidden-fields`: Page scripts cannot forge a handshake.
pub static CLIENT_FORBIDDEN_FIELDS: Rule = Rule {
    id: "client/forbidden-fields",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "WHATWG Fetch, forbidden request-header; RFC 6455 section 1.3; RFC 8441 section 8",
    title: "Page scripts cannot forge a handshake",
    rule: "A browser lets no script set names beginning with Sec- or Proxy-, nor Connection, Upgrade, Host, Origin and the other forbidden names, through fetch or XMLHttpRequest.",
    why: "The server's belief that a key means a real WebSocket client rests on this alone.",
    fix: "Drop forbidden names case-insensitively in every request API.",
    stimulus: "Browser: fetch and XMLHttpRequest to the checker with Sec-WebSocket-Key, sec-websocket-version, Upgrade, Connection, Host and Origin set by script.",
    pass: "None of the values set by script arrives.",
    fail: "Any of them arrives.",
    note: None,
};

/// `client/failure-exposed`: Scripts cannot tell failures apart.
pub static CLIENT_FAILURE_EXPOSED: Rule = Rule {
    id: "client/failure-exposed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "WHATWG WebSockets, section on closing the connection (failure information not conveyed to scripts)",
    title: "Scripts cannot tell failures apart",
    rule: "A browser shows page scripts the same error and close code 1006 for a refused port, a bad name, TLS trouble and a failed handshake.",
    why: "Pages could map the visitor's home network by opening sockets to it.",
    fix: "Give details to the developer tools only.",
    stimulus: "Browser: open sockets to a closed port, to the checker answering 404, and to the checker answering a wrong accept; record events.",
    pass: "The same events and the same code in all cases.",
    fail: "A difference that a script can see, apart from timing.",
    note: Some("Libraries outside browsers should do the reverse and report the exact fault."),
};

/// `client/request-cacheable`: The handshake asks caches to stay out.
pub static CLIENT_REQUEST_CACHEABLE: Rule = Rule {
    id: "client/request-cacheable",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "WHATWG WebSockets, establish a WebSocket connection (cache mode no-store); WHATWG Fetch, HTTP-network-or-cache fetch; RFC 9111 section 5.2.1",
    title: "The handshake asks caches to stay out",
    rule: "The client sends Cache-Control: no-cache and Pragma: no-cache, as browsers do through their cache mode.",
    why: "An old proxy may otherwise answer the GET from its store.",
    fix: "Add both lines to the request by default.",
    stimulus: "Read the request.",
    pass: "Both present.",
    fail: "Absent; reported as a remark, most libraries omit them.",
    note: None,
};

/// `server/method-not-get`: Only GET can open a WebSocket over HTTP/1.1.
pub static SERVER_METHOD_NOT_GET: Rule = Rule {
    id: "server/method-not-get",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 1; RFC 6455 section 4.1 (request) item 2",
    title: "Only GET can open a WebSocket over HTTP/1.1",
    rule: "A handshake whose method is anything but GET is refused, whatever its other header fields say.",
    why: "Form posts and state-changing requests from other pages could otherwise be turned into sockets.",
    fix: "Compare the method with the exact bytes GET before reading the upgrade headers, and answer 405 with Allow: GET.",
    stimulus: "BASE with the first line POST {target} HTTP/1.1 and Content-Length: 0; repeat with HEAD, PUT, OPTIONS and XGET.",
    pass: "REFUSED; 405 is the best status. OPTIONS and HEAD may get their ordinary plain answer.",
    fail: "101 to any of these methods.",
    note: Some(
        "aiohttp, Deno, fastwebsockets, yawc and a bare hyper-tungstenite upgrade() have no method check; measured 101 for POST with the last three.",
    ),
};

/// `server/method-case-folded`: The method is compared with its case.
pub static SERVER_METHOD_CASE_FOLDED: Rule = Rule {
    id: "server/method-case-folded",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 1; RFC 9112 section 3.1",
    title: "The method is compared with its case",
    rule: "HTTP methods are case-sensitive, so get and Get are different, unknown methods and do not open a WebSocket.",
    why: "Two parties that disagree on what a method is can be played against each other by request smuggling.",
    fix: "Compare method bytes exactly; never lower-case or upper-case them first.",
    stimulus: "BASE with the first line get {target} HTTP/1.1; repeat with Get.",
    pass: "REFUSED (400, 405 or 501).",
    fail: "101.",
    note: None,
};

/// `server/method-without-allow`: A 405 names the methods that work.
pub static SERVER_METHOD_WITHOUT_ALLOW: Rule = Rule {
    id: "server/method-without-allow",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 15.5.6; RFC 9110 section 10.2.1",
    title: "A 405 names the methods that work",
    rule: "When the server answers 405 to a wrong method it lists the allowed methods in an Allow field.",
    why: "Without it the developer sees that the method is wrong but not which one is right.",
    fix: "Send Allow: GET with every 405 of a WebSocket endpoint.",
    stimulus: "BASE with the first line POST {target} HTTP/1.1 and Content-Length: 0.",
    pass: "Status 405 with an Allow field, or a status other than 405.",
    fail: "Status 405 with no Allow field.",
    note: None,
};

/// `server/http-version-1-0`: HTTP/1.0 cannot be upgraded.
pub static SERVER_HTTP_VERSION_1_0: Rule = Rule {
    id: "server/http-version-1-0",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 1; RFC 9110 section 7.8; RFC 9110 section 15.2",
    title: "HTTP/1.0 cannot be upgraded",
    rule: "The Upgrade field of an HTTP/1.0 request is ignored and no 101, or other 1xx, is sent to such a client.",
    why: "A 1.0 proxy in the path forwards Upgrade blindly and then keeps reading the frames as HTTP.",
    fix: "Require HTTP/1.1 in the request line before considering an upgrade.",
    stimulus: "BASE with the first line GET {target} HTTP/1.0.",
    pass: "NOT 101: a plain answer of the resource, 400, 426 or 505.",
    fail: "101.",
    note: Some("aiohttp, Deno, gws, uvicorn, fastwebsockets and yawc accept it."),
};

/// `server/http-version-malformed`: The version field is exactly HTTP/digit.digit.
pub static SERVER_HTTP_VERSION_MALFORMED: Rule = Rule {
    id: "server/http-version-malformed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph) and item 1; RFC 9112 section 2.3",
    title: "The version field is exactly HTTP/digit.digit",
    rule: "A request line whose version is misspelt, in lower case, of another major version or carries extra characters is refused.",
    why: "Loose version parsing lets a request mean one thing to a proxy and another to the server behind it.",
    fix: "Match the bytes HTTP/1. followed by one digit and CR LF, nothing else.",
    stimulus: "BASE with the first line ending http/1.1, HTTP/1.1x, HTTP/01.1, HTTP/1.10, HTTP/2.0, HTTP/1, or missing altogether (GET {target}).",
    pass: "REFUSED (400 or 505).",
    fail: "101 to any of them.",
    note: None,
};

/// `server/http-version-higher-minor`: HTTP/1.2 is treated like HTTP/1.1.
pub static SERVER_HTTP_VERSION_HIGHER_MINOR: Rule = Rule {
    id: "server/http-version-higher-minor",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 1; RFC 9110 section 6.2",
    title: "HTTP/1.2 is treated like HTTP/1.1",
    rule: "A higher minor version of HTTP/1 is processed as the highest minor version the server knows.",
    why: "A server pinned to the text HTTP/1.1 would break with the first client of a later minor version.",
    fix: "Accept HTTP/1.d for every d of 1 or more.",
    stimulus: "BASE with the first line GET {target} HTTP/1.2.",
    pass: "ACCEPTED, with HTTP/1.1 in the status line.",
    fail: "REFUSED.",
    note: Some("No HTTP/1.2 exists; most HTTP parsers refuse it. The checker reports it as a remark only."),
};

/// `server/target-absolute-form-refused`: A full http URI as request target is understood.
pub static SERVER_TARGET_ABSOLUTE_FORM_REFUSED: Rule = Rule {
    id: "server/target-absolute-form-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 1; RFC 9112 section 3.2.2",
    title: "A full http URI as request target is understood",
    rule: "The server accepts a request target in absolute form, takes the host from it and ignores the Host field's value.",
    why: "Some proxies and clients send the full URI; a server that chokes on it is unreachable for their users.",
    fix: "Parse absolute-form targets and route by their authority and path.",
    stimulus: "BASE with the first line GET http://{authority}{target} HTTP/1.1.",
    pass: "ACCEPTED, routed to {target}.",
    fail: "REFUSED, or routed to a resource other than {target}.",
    note: Some("A ws: scheme in the target is not described by either RFC; it is not sent by this rule."),
};

/// `server/target-wrong-form`: Asterisk and authority targets do not belong to GET.
pub static SERVER_TARGET_WRONG_FORM: Rule = Rule {
    id: "server/target-wrong-form",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph) and item 1; RFC 9112 section 3.2.3; RFC 9112 section 3.2.4",
    title: "Asterisk and authority targets do not belong to GET",
    rule: "A GET whose target is *, host:port or a path without its leading slash is refused.",
    why: "Such targets reach routers that never expected them and select the wrong handler.",
    fix: "Accept only targets that begin with / or with http:// or https://.",
    stimulus: "BASE with the first line GET * HTTP/1.1; repeat with GET {authority} HTTP/1.1 and GET chat HTTP/1.1.",
    pass: "REFUSED (400 or 404).",
    fail: "101.",
    note: None,
};

/// `server/target-illegal-bytes`: Bytes that no URI may hold are refused in the target.
pub static SERVER_TARGET_ILLEGAL_BYTES: Rule = Rule {
    id: "server/target-illegal-bytes",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph); RFC 9112 section 3.2; RFC 3986 section 2",
    title: "Bytes that no URI may hold are refused in the target",
    rule: "Raw spaces, controls, bytes above 0x7E and the characters < > and double quote in the target end in an error, not in a guess.",
    why: "Repairing a broken target silently lets an attacker slip past filters that read it unrepaired.",
    fix: "Validate the target bytes against the URI grammar and answer 400.",
    stimulus: "BASE with GET /a b HTTP/1.1; repeat with /a<b, /a HTAB b, /a followed by byte 0x01, and /a followed by bytes C3 A9.",
    pass: "REFUSED (400), or a 301 to the encoded target.",
    fail: "101, a hang of over 10 s, or a dead process.",
    note: Some(
        "RFC 9112 says SHOULD for the 400; the MUST is RFC 6455's for grammar violations. A path holding < made one Rust crate panic. Non-ASCII bytes are widely tolerated; judge them as a remark.",
    ),
};

/// `server/target-fragment`: A fragment never reaches the server.
pub static SERVER_TARGET_FRAGMENT: Rule = Rule {
    id: "server/target-fragment",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 3; RFC 6455 section 4.2.1 (lead paragraph); RFC 9112 section 3.2.1",
    title: "A fragment never reaches the server",
    rule: "A target that holds a # is not a valid resource name and is refused.",
    why: "A router that cuts at # and an access filter that does not see two different paths.",
    fix: "Treat # in a request target as an illegal byte.",
    stimulus: "BASE with GET {target}#part HTTP/1.1.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/target-unavailable`: An unknown path is an HTTP error, not a socket.
pub static SERVER_TARGET_UNAVAILABLE: Rule = Rule {
    id: "server/target-unavailable",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (resource name)",
    title: "An unknown path is an HTTP error, not a socket",
    rule: "If no service lives at the requested resource the server answers with a fitting HTTP error and opens nothing.",
    why: "A socket that opens on a mistyped path and then stays silent costs hours of debugging.",
    fix: "Route before upgrading and answer 404 for paths that have no WebSocket service.",
    stimulus: "BASE with GET /handfast-no-such-resource-{random} HTTP/1.1.",
    pass: "REFUSED, 404 preferred.",
    fail: "101, unless the operator declares that every path is served.",
    note: None,
};

/// `server/target-too-long`: A target beyond the server's limit gets 414.
pub static SERVER_TARGET_TOO_LONG: Rule = Rule {
    id: "server/target-too-long",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 3; RFC 9110 section 15.5.15",
    title: "A target beyond the server's limit gets 414",
    rule: "When the target is longer than the server will read, it answers 414 instead of truncating, hanging or resetting.",
    why: "A cut-off target can name another resource, and a silent reset hides the cause from the user.",
    fix: "Bound the request line and answer 414 when the bound is met.",
    stimulus: "BASE with a target of 65,536 letters a after the slash; then 1 MiB.",
    pass: "414, or an ordinary 404 or 101 where the server really reads targets of that length.",
    fail: "Another status that shows the limit was met (400 or 5xx), a reset without an answer, or a truncated target.",
    note: Some("431 instead of 414 is common because many parsers count the whole head: a remark."),
};

/// `server/target-8000-octets`: Request lines of 8000 octets work.
pub static SERVER_TARGET_8000_OCTETS: Rule = Rule {
    id: "server/target-8000-octets",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 3",
    title: "Request lines of 8000 octets work",
    rule: "A server supports request lines of at least 8000 octets, which matters for tokens carried in the query.",
    why: "Users whose signed URLs are a bit longer than others cannot connect and nobody sees why.",
    fix: "Set the request-line limit to 8192 bytes or more.",
    stimulus: "BASE with a target of {target}?pad= followed by letters a so that the request line has 8000 octets.",
    pass: "ACCEPTED.",
    fail: "REFUSED with 400, 414 or 431, or a reset.",
    note: None,
};

/// `server/request-line-spacing`: Exactly one space separates the parts of the request line.
pub static SERVER_REQUEST_LINE_SPACING: Rule = Rule {
    id: "server/request-line-spacing",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 3",
    title: "Exactly one space separates the parts of the request line",
    rule: "Doubled spaces, tabs, leading blanks and trailing blanks in the request line are refused, although HTTP lets a recipient be lenient.",
    why: "Each lenient parser reads such a line differently, which is the raw material of request smuggling.",
    fix: "Split the request line on single SP bytes and refuse anything else.",
    stimulus: "BASE with GET SP SP {target} SP HTTP/1.1; repeat with HTAB as separator, a leading SP, and a trailing SP.",
    pass: "REFUSED (400).",
    fail: "101: reported as a remark, because leniency is permitted.",
    note: None,
};

/// `server/leading-empty-line`: One empty line before the request is skipped.
pub static SERVER_LEADING_EMPTY_LINE: Rule = Rule {
    id: "server/leading-empty-line",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.2",
    title: "One empty line before the request is skipped",
    rule: "At least one CR LF in front of the request line is ignored.",
    why: "Old clients leave a stray line end on a reused connection, and the next handshake would fail for no visible reason.",
    fix: "Skip one or two leading CR LF pairs, with a bound, before parsing the request line.",
    stimulus: "CR LF followed by BASE.",
    pass: "ACCEPTED.",
    fail: "REFUSED.",
    note: None,
};

/// `server/host-missing`: A request with no Host gets 400.
pub static SERVER_HOST_MISSING: Rule = Rule {
    id: "server/host-missing",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 2; RFC 9112 section 3.2",
    title: "A request with no Host gets 400",
    rule: "An HTTP/1.1 handshake that lacks a Host field is answered with status 400.",
    why: "Without a host the server cannot tell which site is meant and falls back to a default the user never asked for.",
    fix: "Require one Host field before anything else and answer 400 when it is absent.",
    stimulus: "BASE without its Host line.",
    pass: "Status 400.",
    fail: "101. Any other refusal is reported as a remark: refused, but not with 400.",
    note: Some(
        "websockets for Python (issue 1246), tungstenite, tokio-websockets and axum answered 101 when measured.",
    ),
};

/// `server/host-duplicate`: Two Host lines get 400.
pub static SERVER_HOST_DUPLICATE: Rule = Rule {
    id: "server/host-duplicate",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 3.2",
    title: "Two Host lines get 400",
    rule: "A request with more than one Host line is answered with 400, even when the values agree.",
    why: "A proxy that routes by the first and a server that trusts the last can be tricked into serving the wrong site.",
    fix: "Count Host lines while parsing and answer 400 at the second.",
    stimulus: "BASE with a second line Host: {authority}; repeat with Host: other.example first, then last.",
    pass: "Status 400.",
    fail: "101.",
    note: Some("All ten Rust server set-ups measured on 2026-11-22 answered 101."),
};

/// `server/host-invalid`: A Host value outside the grammar gets 400.
pub static SERVER_HOST_INVALID: Rule = Rule {
    id: "server/host-invalid",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 3.2; RFC 9110 section 7.2",
    title: "A Host value outside the grammar gets 400",
    rule: "A Host value that is not a host with an optional port is answered with 400.",
    why: "A value such as a.example/evil ends up in links, logs and cache keys.",
    fix: "Parse the value as uri-host with an optional decimal port and refuse the rest.",
    stimulus: "BASE with Host: a b; repeat with user@{authority}, {authority}/x, [::1, {authority}:port, {authority}:-1 and http://{authority}.",
    pass: "Status 400 for each.",
    fail: "101 for any of them.",
    note: None,
};

/// `server/host-empty`: An empty Host is no authority.
pub static SERVER_HOST_EMPTY: Rule = Rule {
    id: "server/host-empty",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 2; RFC 9110 section 4.2.1",
    title: "An empty Host is no authority",
    rule: "An empty Host value is refused, since an http URI must have a host.",
    why: "An empty value often selects a catch-all site and bypasses allow-lists of host names.",
    fix: "Treat an empty or blank Host as invalid and answer 400.",
    stimulus: "BASE with the line Host: and nothing after the colon; repeat with only spaces after it.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: Some(
        "The Host grammar itself allows an empty value, for URIs that have no authority; ws and http URIs always have one.",
    ),
};

/// `server/host-form-refused`: Host with a port, in capitals or as an address is fine.
pub static SERVER_HOST_FORM_REFUSED: Rule = Rule {
    id: "server/host-form-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 2; RFC 9110 section 7.2",
    title: "Host with a port, in capitals or as an address is fine",
    rule: "A Host value that carries a port, upper-case letters or a bracketed IPv6 address is understood.",
    why: "People on another port or on IPv6 would be locked out although their client does everything right.",
    fix: "Compare host names without regard to case and split the port off properly.",
    stimulus: "BASE with the host name of {authority} in upper case; repeat with the explicit port, and with [::1]:{port} where the server listens on IPv6 loopback.",
    pass: "ACCEPTED, or a refusal with 421 or 403 where the operator declares a host allow-list that lacks the form sent.",
    fail: "REFUSED with 400.",
    note: None,
};

/// `server/upgrade-missing`: No Upgrade field, no WebSocket.
pub static SERVER_UPGRADE_MISSING: Rule = Rule {
    id: "server/upgrade-missing",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 3",
    title: "No Upgrade field, no WebSocket",
    rule: "A request that lacks Upgrade is never answered with 101, whatever Connection and the key say.",
    why: "A proxy that stripped Upgrade does not know that the connection is about to change, and goes on speaking HTTP.",
    fix: "Require the Upgrade field before reading the WebSocket fields.",
    stimulus: "BASE without its Upgrade line.",
    pass: "NOT 101; 426 with Upgrade: websocket is helpful.",
    fail: "101.",
    note: Some(
        "Skipped altogether by uWebSockets, Bun, Undertow, fastwebsockets upgrade() and yawc upgrade().",
    ),
};

/// `server/upgrade-other`: An upgrade to something else is not ours.
pub static SERVER_UPGRADE_OTHER: Rule = Rule {
    id: "server/upgrade-other",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 3; RFC 9110 section 7.8",
    title: "An upgrade to something else is not ours",
    rule: "A request that asks only for another protocol is not switched to WebSocket.",
    why: "The client would speak h2c or TLS into a WebSocket, and both sides would see garbage.",
    fix: "Look for the protocol name websocket in the Upgrade list and ignore the others.",
    stimulus: "BASE with Upgrade: h2c; repeat with Upgrade: TLS/1.0, Upgrade: Upgrade, and an empty value.",
    pass: "NOT 101 to websocket.",
    fail: "101 that names websocket.",
    note: None,
};

/// `server/upgrade-substring`: websocket is compared as a whole name.
pub static SERVER_UPGRADE_SUBSTRING: Rule = Rule {
    id: "server/upgrade-substring",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 3",
    title: "websocket is compared as a whole name",
    rule: "Values that only contain or begin with the letters websocket do not count.",
    why: "A substring test turns typing errors and probes into open sockets.",
    fix: "Split the list at commas, trim, and compare each member as a whole.",
    stimulus: "BASE with Upgrade: websockets; repeat with xwebsocket, not-websocket, web socket, and websocket inside double quotes.",
    pass: "NOT 101.",
    fail: "101.",
    note: None,
};

/// `server/upgrade-case-refused`: WebSocket in any letter case is accepted.
pub static SERVER_UPGRADE_CASE_REFUSED: Rule = Rule {
    id: "server/upgrade-case-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 3",
    title: "WebSocket in any letter case is accepted",
    rule: "The name is compared without regard to ASCII case.",
    why: "Several clients write WebSocket or WEBSOCKET and would be turned away.",
    fix: "Use an ASCII case-insensitive comparison, not a locale-aware one.",
    stimulus: "BASE with Upgrade: WebSocket; repeat with WEBSOCKET.",
    pass: "ACCEPTED.",
    fail: "NOT 101.",
    note: None,
};

/// `server/upgrade-list-refused`: websocket may be one of several offered protocols.
pub static SERVER_UPGRADE_LIST_REFUSED: Rule = Rule {
    id: "server/upgrade-list-refused",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 5; RFC 6455 section 4.2.1 item 3; RFC 9110 section 7.8",
    title: "websocket may be one of several offered protocols",
    rule: "The Upgrade field is a list, on one line or several, and websocket may stand at any place in it.",
    why: "A client that also offers h2c fails against servers that compare the whole value.",
    fix: "Treat Upgrade as a comma-separated list that may span lines.",
    stimulus: "BASE with Upgrade: h2c, websocket; repeat with websocket, h2c, and with two lines Upgrade: h2c and Upgrade: websocket.",
    pass: "ACCEPTED with Upgrade: websocket alone in the answer.",
    fail: "NOT 101.",
    note: Some(
        "A server may ignore Upgrade, so this is no violation of HTTP. ws, gobwas, wsproto, aiohttp, Jetty, websockets, tungstenite, axum, tokio-websockets and ratchet compare the whole value.",
    ),
};

/// `server/upgrade-version-suffix`: websocket/13 is not the registered name.
pub static SERVER_UPGRADE_VERSION_SUFFIX: Rule = Rule {
    id: "server/upgrade-version-suffix",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.8; RFC 8441 section 9.2; RFC 6455 section 4.2.1 item 3",
    title: "websocket/13 is not the registered name",
    rule: "HTTP lets a protocol name carry a version, but the websocket entry registers none, so a value such as websocket/13 is refused by default.",
    why: "Guessing what the suffix means would let two versions be stated that disagree with each other.",
    fix: "Clients write the bare name websocket; servers may log the odd value.",
    stimulus: "BASE with Upgrade: websocket/13.",
    pass: "REFUSED; the checker only notes the choice.",
    fail: "Nothing; 101 is reported as a remark.",
    note: Some(
        "Ambiguity: RFC 9110 has recipients match the protocol-name part, RFC 6455 asks for the value websocket.",
    ),
};

/// `server/connection-missing`: No Connection field, no WebSocket.
pub static SERVER_CONNECTION_MISSING: Rule = Rule {
    id: "server/connection-missing",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4",
    title: "No Connection field, no WebSocket",
    rule: "Upgrade without a Connection field is not acted on.",
    why: "An intermediary has probably passed on a field meant for itself, and would not switch with the server.",
    fix: "Require the option upgrade in Connection before any switch.",
    stimulus: "BASE without its Connection line.",
    pass: "NOT 101.",
    fail: "101.",
    note: None,
};

/// `server/connection-no-upgrade`: Connection must name upgrade.
pub static SERVER_CONNECTION_NO_UPGRADE: Rule = Rule {
    id: "server/connection-no-upgrade",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4; RFC 9110 section 7.6.1",
    title: "Connection must name upgrade",
    rule: "A Connection field whose options do not include upgrade does not open a WebSocket.",
    why: "This is what a proxy leaves behind that replaced Connection with its own keep-alive; frames would be lost in it.",
    fix: "Search the option list for upgrade and refuse when it is not there.",
    stimulus: "BASE with Connection: keep-alive; repeat with close, websocket, an empty value, and keep-alive; Upgrade (semicolon).",
    pass: "NOT 101.",
    fail: "101.",
    note: None,
};

/// `server/connection-substring`: upgradex is not upgrade.
pub static SERVER_CONNECTION_SUBSTRING: Rule = Rule {
    id: "server/connection-substring",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4; RFC 9110 section 7.6.1",
    title: "upgradex is not upgrade",
    rule: "Options are compared whole: neither a longer word that holds upgrade nor a prefix of it counts.",
    why: "A substring or prefix test accepts requests that every proxy in front reads differently.",
    fix: "Split at commas, trim blanks and compare each option in full length.",
    stimulus: "BASE with Connection: upgradex; repeat with xupgrade, not-upgrade, upgraded, u, keep-alive Upgrade (space), and Upgrade inside double quotes.",
    pass: "NOT 101.",
    fail: "101 to any of them.",
    note: Some(
        "libwebsockets matches any prefix (Connection: u passes); axum, hyper-tungstenite upgrade() and tokio-websockets answered 101 to not-upgrade.",
    ),
};

/// `server/connection-case-refused`: upgrade in any letter case is accepted.
pub static SERVER_CONNECTION_CASE_REFUSED: Rule = Rule {
    id: "server/connection-case-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4; RFC 9110 section 7.6.1",
    title: "upgrade in any letter case is accepted",
    rule: "Connection options are compared without regard to ASCII case.",
    why: "Clients write Upgrade, upgrade and UPGRADE; all are right.",
    fix: "Compare options ASCII case-insensitively.",
    stimulus: "BASE with Connection: upgrade; repeat with UPGRADE.",
    pass: "ACCEPTED.",
    fail: "NOT 101.",
    note: None,
};

/// `server/connection-list-refused`: upgrade may be one of several options.
pub static SERVER_CONNECTION_LIST_REFUSED: Rule = Rule {
    id: "server/connection-list-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4; RFC 9110 section 7.6.1; RFC 9110 section 5.6.1.2",
    title: "upgrade may be one of several options",
    rule: "The option is found at any place of the list, with or without blanks around commas and with empty members in between.",
    why: "Firefox sends keep-alive, Upgrade: a server that compares the whole value loses all its users.",
    fix: "Parse the field as a list and skip empty members, up to a sensible bound.",
    stimulus: "BASE with Connection: keep-alive, Upgrade; repeat with Upgrade,keep-alive, keep-alive HTAB, HTAB Upgrade, and ,,Upgrade,,.",
    pass: "ACCEPTED for each.",
    fail: "NOT 101 for any of them.",
    note: None,
};

/// `server/connection-several-lines-refused`: Options may be spread over several Connection lines.
pub static SERVER_CONNECTION_SEVERAL_LINES_REFUSED: Rule = Rule {
    id: "server/connection-several-lines-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 4; RFC 9110 section 5.2; RFC 9110 section 5.3",
    title: "Options may be spread over several Connection lines",
    rule: "Several Connection lines are read as one list in their order.",
    why: "Proxies that append their own line must not break the handshake, in whichever order the lines come.",
    fix: "Collect all lines of the field, not the first or the last.",
    stimulus: "BASE with two lines Connection: keep-alive and Connection: Upgrade; repeat in the other order.",
    pass: "ACCEPTED in both orders.",
    fail: "NOT 101 in either order.",
    note: Some("Measured: axum and tungstenite fail one order, tokio-websockets and ratchet the other."),
};

/// `server/connection-close-with-upgrade`: close together with upgrade is contradictory.
pub static SERVER_CONNECTION_CLOSE_WITH_UPGRADE: Rule = Rule {
    id: "server/connection-close-with-upgrade",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 9.6; RFC 6455 section 4.2.1 item 4",
    title: "close together with upgrade is contradictory",
    rule: "A request that names both close and upgrade asks for two ends at once; the project refuses it by default and the checker only notes what happens.",
    why: "One party may close after the answer while the other starts to send frames.",
    fix: "Clients send upgrade without close.",
    stimulus: "BASE with Connection: close, Upgrade.",
    pass: "REFUSED, or ACCEPTED with a socket that stays usable for an echo.",
    fail: "101 followed by a close without a close frame.",
    note: None,
};

/// `server/key-missing`: No key, no WebSocket.
pub static SERVER_KEY_MISSING: Rule = Rule {
    id: "server/key-missing",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 5",
    title: "No key, no WebSocket",
    rule: "A request without Sec-WebSocket-Key is refused.",
    why: "The key is what a web page cannot forge with fetch or a form; without it any page could drive the socket.",
    fix: "Require exactly one Sec-WebSocket-Key field.",
    stimulus: "BASE without its Sec-WebSocket-Key line.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/key-empty`: An empty key is no key.
pub static SERVER_KEY_EMPTY: Rule = Rule {
    id: "server/key-empty",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 5; RFC 6455 section 4.3",
    title: "An empty key is no key",
    rule: "A key field with nothing but blanks is refused.",
    why: "The answer to an empty key is one fixed string, so a cached or scripted 101 would match it.",
    fix: "Check the length after trimming, before hashing.",
    stimulus: "BASE with the line Sec-WebSocket-Key: and no value; repeat with two spaces and one HTAB as value.",
    pass: "REFUSED (400).",
    fail: "101 (the accept of an empty key is Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=).",
    note: None,
};

/// `server/key-duplicate-different`: Two different keys are refused.
pub static SERVER_KEY_DUPLICATE_DIFFERENT: Rule = Rule {
    id: "server/key-duplicate-different",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 11.3.1; RFC 6455 section 4.2.1 item 5",
    title: "Two different keys are refused",
    rule: "A request that carries two key lines with different values is refused, not answered for one of them.",
    why: "If a proxy checks one key and the server answers the other, the proof that both saw the same request is gone.",
    fix: "Count key lines while parsing and answer 400 at the second.",
    stimulus: "BASE with a second line Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==, once after and once before {key}.",
    pass: "REFUSED (400).",
    fail: "101, whichever key it answers.",
    note: Some(
        "First wins: gorilla, Beast, uWebSockets, Netty. Last wins: gobwas, wsproto, Jetty. Joined: ws, cowboy, Deno. Refused: coder, websockets, autobahn.",
    ),
};

/// `server/key-duplicate-same`: The same key twice is refused as well.
pub static SERVER_KEY_DUPLICATE_SAME: Rule = Rule {
    id: "server/key-duplicate-same",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 11.3.1",
    title: "The same key twice is refused as well",
    rule: "The field must not be repeated at all, so a second line with an equal value is refused too.",
    why: "A repeated line shows that something in the path copies headers, and the next copy may differ.",
    fix: "Refuse on the count of lines, not on their values.",
    stimulus: "BASE with the Sec-WebSocket-Key line sent twice, unchanged.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/key-list`: The key is one value, not a list.
pub static SERVER_KEY_LIST: Rule = Rule {
    id: "server/key-list",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5",
    title: "The key is one value, not a list",
    rule: "A key value with a comma, semicolon or second value in it is refused.",
    why: "This is what two key lines look like after a proxy joined them; accepting it hides the fault.",
    fix: "Validate the whole value; never split it.",
    stimulus: "BASE with Sec-WebSocket-Key: {key}, {key}; repeat with a trailing comma, a leading comma, {key}; v=1, and {key} SP {key}.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/key-alphabet`: Characters outside base64 are refused in the key.
pub static SERVER_KEY_ALPHABET: Rule = Rule {
    id: "server/key-alphabet",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5; RFC 4648 section 4; RFC 4648 section 3.3",
    title: "Characters outside base64 are refused in the key",
    rule: "Any byte other than letters, digits, plus, slash and final padding makes the key invalid.",
    why: "A decoder that skips odd bytes lets two different keys count as one and accepts almost any text.",
    fix: "Use a decoder that refuses foreign bytes, or check the 24 characters by hand.",
    stimulus: "BASE with Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==; repeat with *, %3D%3D as padding, double quotes around the key, and byte 0xE9 inside.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: Some(
        "Section 4.2.2 says that a server need not decode the key, but 4.2.1 makes a breach of the grammar an error. Vectors: invalid_keys, class alphabet.",
    ),
};

/// `server/key-url-safe`: The URL-safe alphabet is not base64 here.
pub static SERVER_KEY_URL_SAFE: Rule = Rule {
    id: "server/key-url-safe",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5; RFC 4648 section 4",
    title: "The URL-safe alphabet is not base64 here",
    rule: "Hyphen and underscore in place of plus and slash are refused.",
    why: "A client with the wrong encoder works in one in many handshakes only by luck and fails at random elsewhere.",
    fix: "Encode keys with the standard alphabet of RFC 4648 section 4.",
    stimulus: "BASE with Sec-WebSocket-Key: --------------------_w== and with ____________________-w==.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/key-padding-missing`: The two padding characters are part of the key.
pub static SERVER_KEY_PADDING_MISSING: Rule = Rule {
    id: "server/key-padding-missing",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5",
    title: "The two padding characters are part of the key",
    rule: "A key of 22 characters without padding, or with only one =, is refused.",
    why: "Client and server may pad differently before hashing, and the accept values then never meet.",
    fix: "Send the full 24 characters; on the server require the final ==.",
    stimulus: "BASE with Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ; repeat with a single = at the end.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/key-padding-excess`: Padding elsewhere or in excess is refused.
pub static SERVER_KEY_PADDING_EXCESS: Rule = Rule {
    id: "server/key-padding-excess",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5",
    title: "Padding elsewhere or in excess is refused",
    rule: "Extra =, padding at the front or in the middle, or data after padding make the key invalid.",
    why: "Decoders stop at the first =, so hidden text could ride behind a key that looks right.",
    fix: "Allow = at positions 23 and 24 only.",
    stimulus: "BASE with dGhlIHNhbXBsZSBub25jZQ===, dGhlIHNhbXBs==ZSBub25jZQ, =dGhlIHNhbXBsZSBub25jZQ=, dGhlIHNhbXBsZSBub25jZQ==A and 24 times = as key.",
    pass: "REFUSED (400).",
    fail: "101 to any of them.",
    note: None,
};

/// `server/key-length`: The key is 16 bytes, no more and no fewer.
pub static SERVER_KEY_LENGTH: Rule = Rule {
    id: "server/key-length",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 5; RFC 6455 section 11.3.1",
    title: "The key is 16 bytes, no more and no fewer",
    rule: "A well-formed base64 value that decodes to another number of bytes than 16 is refused.",
    why: "Short keys repeat, and a repeated key makes a stale or cached answer look fresh.",
    fix: "Require 24 characters, the last two =, and decode to exactly 16 bytes.",
    stimulus: "BASE with keys of 1, 8, 15, 17, 18, 20, 24 and 32 random bytes; the 17 and 18 byte keys also have 24 characters.",
    pass: "REFUSED (400).",
    fail: "101 to any length.",
    note: Some(
        "Tension: 4.2.2 says decoding is not necessary, so a server that tests only 24 characters meets the letter of that remark but not item 5. Known bad clients: an EV charger with 32 bytes (ws issue 1571), dart-sip-ua with 8 (issue 110).",
    ),
};

/// `server/key-over-long`: A huge key is refused without harm.
pub static SERVER_KEY_OVER_LONG: Rule = Rule {
    id: "server/key-over-long",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 item 5; RFC 9110 section 5.4",
    title: "A huge key is refused without harm",
    rule: "A key of kilobytes gets a 4xx, and the server goes on serving others.",
    why: "Fixed buffers and hashing of endless input are how one request takes a server down.",
    fix: "Check the length before copying or hashing the value.",
    stimulus: "BASE with a key of 4096 letters A, then 65,536; then BASE on a new connection.",
    pass: "REFUSED with 4xx each time, and BASE afterwards is ACCEPTED.",
    fail: "101, a crash, or a later BASE that is not accepted.",
    note: None,
};

/// `server/key-inner-whitespace`: Blanks inside the key are refused.
pub static SERVER_KEY_INNER_WHITESPACE: Rule = Rule {
    id: "server/key-inner-whitespace",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 5",
    title: "Blanks inside the key are refused",
    rule: "A space or tab between the characters of the key makes it invalid, although one around it does not.",
    why: "Lenient decoders drop blanks but hash them, so both sides compute from different texts.",
    fix: "Trim only the ends, then check every byte.",
    stimulus: "BASE with Sec-WebSocket-Key: dGhlIHNh bXBsZSBub25jZQ==; repeat with HTAB inside and with a blank before the final ==.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: Some(
        "RFC 2616's implied LWS between grammar words does not reach inside the repeated characters of base64-value.",
    ),
};

/// `server/key-outer-whitespace-refused`: Blanks around the key are no part of it.
pub static SERVER_KEY_OUTER_WHITESPACE_REFUSED: Rule = Rule {
    id: "server/key-outer-whitespace-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 1.3; RFC 9112 section 5.1; RFC 9110 section 5.5",
    title: "Blanks around the key are no part of it",
    rule: "Spaces and tabs before and after the value, or none at all, are accepted and left out of the hash.",
    why: "A proxy that pads or trims header lines would break every handshake that passes through it.",
    fix: "Exclude optional whitespace when the field is parsed.",
    stimulus: "BASE with Sec-WebSocket-Key:{key} (no blank); repeat with three spaces before, HTAB before, and SP HTAB after the value.",
    pass: "ACCEPTED; the accept value is that of the trimmed text.",
    fail: "NOT 101, or an accept over the untrimmed text.",
    note: None,
};

/// `server/key-pad-bits`: Unused bits in the last letter may be set.
pub static SERVER_KEY_PAD_BITS: Rule = Rule {
    id: "server/key-pad-bits",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 4648 section 3.5; RFC 6455 section 4.1 (request) item 7, note; RFC 6455 erratum 3150",
    title: "Unused bits in the last letter may be set",
    rule: "A decoder may refuse a key whose unused low bits are not zero; the project accepts it by default, hashes the text as sent, and lets the operator refuse it.",
    why: "The sample key printed in RFC 6455 itself has such bits, so refusing it fails people who test with the standard's own example.",
    fix: "Use a decoder that permits trailing bits, and fix the client so that its last letter before == is A, Q, g or w.",
    stimulus: "BASE with Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==.",
    pass: "101 with accept OfS0wDaT5NoxF2gqm7Zj2YtetzM=, or REFUSED; both are noted.",
    fail: "101 with C/0nmHhBztSRGR1CwL6Tf4ZjwpY=, which shows that the key was decoded and encoded again (server/accept-over-text).",
    note: Some("tungstenite and sockudo-ws refused it when measured; Go, Python and ws accept it."),
};

/// `server/correct-handshake-refused`: A correct request to a live endpoint is accepted.
pub static SERVER_CORRECT_HANDSHAKE_REFUSED: Rule = Rule {
    id: "server/correct-handshake-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5; RFC 6455 section 4.2.1",
    title: "A correct request to a live endpoint is accepted",
    rule: "Where the operator says that a WebSocket service lives, BASE is answered with a complete and right 101.",
    why: "If the plain correct case fails, every other result of the checker is meaningless.",
    fix: "Start from the sample of RFC 6455 section 1.3 and compare the answer byte by byte.",
    stimulus: "BASE.",
    pass: "ACCEPTED.",
    fail: "NOT 101, no answer within 10 s, or a 101 with a fault. The run stops here.",
    note: Some(
        "A server may always decline, so this binds only endpoints declared to be open; credentials and subprotocols can be configured.",
    ),
};

/// `server/accept-wrong`: The accept value proves that this request was read.
pub static SERVER_ACCEPT_WRONG: Rule = Rule {
    id: "server/accept-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.4",
    title: "The accept value proves that this request was read",
    rule: "The 101 carries the base64 of the SHA-1 of the key text followed by the GUID that RFC 6455 section 1.3 fixes.",
    why: "Every browser drops the connection when the value is off by one character.",
    fix: "Hash the 24 key characters plus the 36 GUID characters in capitals, and encode the 20 raw bytes, not their hex.",
    stimulus: "BASE with each of 32 keys from vectors.json, accept.",
    pass: "Sec-WebSocket-Accept equals the vector's accept for every key, letter for letter.",
    fail: "The field is missing or differs in any character.",
    note: None,
};

/// `server/accept-over-text`: The hash is over the key as text.
pub static SERVER_ACCEPT_OVER_TEXT: Rule = Rule {
    id: "server/accept-over-text",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.4; RFC 6455 section 1.3",
    title: "The hash is over the key as text",
    rule: "The server hashes the characters it received, not the decoded bytes and not a re-encoded form.",
    why: "Servers that decode and encode again work with most clients and fail with a few, at random.",
    fix: "Keep the received value and feed it to SHA-1 unchanged.",
    stimulus: "BASE with the key AQIDBAUGBwgJCgsMDQ4PEC== and other vectors.json, noncanonical_keys.",
    pass: "accept_over_text of the vector, or REFUSED (server/key-pad-bits).",
    fail: "accept_over_canonical_text_is_wrong, or the hash over the 16 decoded bytes.",
    note: None,
};

/// `server/accept-duplicate`: Exactly one accept field.
pub static SERVER_ACCEPT_DUPLICATE: Rule = Rule {
    id: "server/accept-duplicate",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 11.3.3",
    title: "Exactly one accept field",
    rule: "The 101 holds one Sec-WebSocket-Accept line, not two, even with equal values.",
    why: "Framework and application each adding one makes Chrome and others drop the connection.",
    fix: "Set the field in one place and overwrite instead of appending.",
    stimulus: "BASE; count the lines whose name is Sec-WebSocket-Accept in any case.",
    pass: "One line.",
    fail: "Two or more lines.",
    note: None,
};

/// `server/status-line-malformed`: The status line is HTTP/1.1 101.
pub static SERVER_STATUS_LINE_MALFORMED: Rule = Rule {
    id: "server/status-line-malformed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.1; RFC 9112 section 4",
    title: "The status line is HTTP/1.1 101",
    rule: "The answer begins with HTTP/1.1, one space, 101 and another space, followed by an optional phrase and CR LF.",
    why: "Strict clients refuse HTTP/1.0, missing spaces or bytes in front of the status line.",
    fix: "Write HTTP/1.1 101 Switching Protocols and nothing before it.",
    stimulus: "BASE; look at the first bytes of the answer.",
    pass: "The pattern holds; any phrase or an empty one is fine.",
    fail: "HTTP/1.0, another version, leading bytes, a missing space after 101, or a line ended by a bare LF.",
    note: None,
};

/// `server/response-upgrade-wrong`: The answer says Upgrade: websocket.
pub static SERVER_RESPONSE_UPGRADE_WRONG: Rule = Rule {
    id: "server/response-upgrade-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.2; RFC 9110 section 7.8",
    title: "The answer says Upgrade: websocket",
    rule: "The 101 has one Upgrade field whose value is websocket in any letter case and nothing else.",
    why: "Clients compare the whole value and give up on lists, versions or a missing field.",
    fix: "Write the constant websocket; do not echo the request's list.",
    stimulus: "BASE, and BASE with Upgrade: h2c, websocket.",
    pass: "One line, value websocket, case ignored.",
    fail: "Missing, repeated, a list, a version suffix, or a name the client did not offer.",
    note: None,
};

/// `server/response-connection-wrong`: The answer says Connection: Upgrade.
pub static SERVER_RESPONSE_CONNECTION_WRONG: Rule = Rule {
    id: "server/response-connection-wrong",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 5.3; RFC 9110 section 7.8",
    title: "The answer says Connection: Upgrade",
    rule: "The 101 carries the connection option upgrade, and no option that contradicts it.",
    why: "Clients and proxies go back to HTTP, or close, when the option is missing.",
    fix: "Write Connection: Upgrade alone and drop keep-alive or close set by the framework.",
    stimulus: "BASE; repeat with Connection: keep-alive, Upgrade in the request.",
    pass: "The option upgrade is listed, case ignored.",
    fail: "The field is missing, lacks upgrade, or lists close.",
    note: Some(
        "Item 5.3 asks for the value Upgrade; a list such as keep-alive, Upgrade satisfies the client's check but undici, aiohttp and tungstenite refuse it, so the checker remarks on it.",
    ),
};

/// `server/response-content-length`: No Content-Length in a 101.
pub static SERVER_RESPONSE_CONTENT_LENGTH: Rule = Rule {
    id: "server/response-content-length",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 8.6",
    title: "No Content-Length in a 101",
    rule: "A 1xx answer must not carry Content-Length, not even 0.",
    why: "Proxies that believe the length swallow the first frames or wait for bytes that never come.",
    fix: "Stop the framework from adding the field to informational answers.",
    stimulus: "BASE; look for Content-Length in the 101.",
    pass: "Absent.",
    fail: "Present with any value.",
    note: Some("All ten clients measured on 2026-11-22 tolerated Content-Length: 0."),
};

/// `server/response-transfer-encoding`: No Transfer-Encoding in a 101.
pub static SERVER_RESPONSE_TRANSFER_ENCODING: Rule = Rule {
    id: "server/response-transfer-encoding",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.1",
    title: "No Transfer-Encoding in a 101",
    rule: "A 1xx answer must not carry Transfer-Encoding, and its frames are not sent in chunks.",
    why: "A client or proxy that believes the field reads frame bytes as chunk sizes.",
    fix: "Leave chunking off for the upgrade path of the framework.",
    stimulus: "BASE; look for Transfer-Encoding in the 101 and for chunk lines after it.",
    pass: "Absent, and the next bytes are a WebSocket frame or nothing.",
    fail: "Present, or chunk syntax after the head.",
    note: None,
};

/// `server/response-trailing-bytes`: After the empty line only frames follow.
pub static SERVER_RESPONSE_TRAILING_BYTES: Rule = Rule {
    id: "server/response-trailing-bytes",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.3; RFC 9110 section 15.2; RFC 6455 section 5.2",
    title: "After the empty line only frames follow",
    rule: "The first byte after the 101's empty line belongs to a WebSocket frame; there is no body, extra line end or second answer.",
    why: "One stray CR LF is read as a frame header and the client closes with a protocol error.",
    fix: "End the 101 with a single empty line and write frames straight after it.",
    stimulus: "BASE, then wait 2 s and read; then send a masked ping 89 80 and four mask bytes.",
    pass: "Nothing, or well-formed unmasked frames, then a pong.",
    fail: "Bytes that are not a valid server frame.",
    note: None,
};

/// `server/subprotocol-unoffered`: Only an offered subprotocol may be chosen.
pub static SERVER_SUBPROTOCOL_UNOFFERED: Rule = Rule {
    id: "server/subprotocol-unoffered",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (subprotocol)",
    title: "Only an offered subprotocol may be chosen",
    rule: "The answer names one of the client's offers, or has no Sec-WebSocket-Protocol field; with no offer there is no field.",
    why: "Browsers close the connection at once when a name comes back that was not asked for.",
    fix: "Choose from the intersection of both lists and send nothing when it is empty.",
    stimulus: "BASE with no Sec-WebSocket-Protocol; then with Sec-WebSocket-Protocol: handfast-unknown-{random}.",
    pass: "101 without the field; or, where the service insists on a subprotocol, REFUSED.",
    fail: "101 with a name that was not offered.",
    note: Some("Refusing because no offer suits is allowed and common (Phoenix, GraphQL servers)."),
};

/// `server/subprotocol-several`: One name, on one line.
pub static SERVER_SUBPROTOCOL_SEVERAL: Rule = Rule {
    id: "server/subprotocol-several",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (subprotocol); RFC 6455 section 4.3; RFC 6455 section 11.3.4",
    title: "One name, on one line",
    rule: "The server answers with a single subprotocol token in a single field line, never with a list.",
    why: "The two sides would start to speak different protocols, or the client gives up.",
    fix: "Send exactly the chosen name; do not echo the request's value.",
    stimulus: "BASE with Sec-WebSocket-Protocol: {a}, {b}, two names the service supports.",
    pass: "No field, or one line with one of the two names.",
    fail: "A list, two lines, or both names.",
    note: None,
};

/// `server/subprotocol-empty`: No subprotocol means no field.
pub static SERVER_SUBPROTOCOL_EMPTY: Rule = Rule {
    id: "server/subprotocol-empty",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (subprotocol)",
    title: "No subprotocol means no field",
    rule: "An empty Sec-WebSocket-Protocol value is not a way to decline; the field is left out.",
    why: "Most clients treat the empty name as an unoffered one and fail.",
    fix: "Only write the field when a name was chosen.",
    stimulus: "BASE with an offer that the service does not support; look at the 101.",
    pass: "The field is absent, or the request is REFUSED.",
    fail: "A field with an empty value.",
    note: None,
};

/// `server/subprotocol-case-changed`: The chosen name comes back letter for letter.
pub static SERVER_SUBPROTOCOL_CASE_CHANGED: Rule = Rule {
    id: "server/subprotocol-case-changed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (subprotocol)",
    title: "The chosen name comes back letter for letter",
    rule: "The answer repeats the offered name with the same case.",
    why: "Clients compare exactly and fail when Chat comes back for chat.",
    fix: "Return the client's own spelling of the match, or compare with case.",
    stimulus: "BASE with Sec-WebSocket-Protocol set to a supported name in the other letter case.",
    pass: "No field, REFUSED, or the spelling that was sent.",
    fail: "The name in a case other than the one offered.",
    note: Some(
        "RFC 6455 never says whether names are compared with case; the values are strings to be chosen from, so the project compares with case.",
    ),
};

/// `server/subprotocol-offer-invalid`: A malformed offer is an error.
pub static SERVER_SUBPROTOCOL_OFFER_INVALID: Rule = Rule {
    id: "server/subprotocol-offer-invalid",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph) and item 8; RFC 6455 section 4.3",
    title: "A malformed offer is an error",
    rule: "An offer that is empty or holds a member which is not a token makes the whole handshake invalid.",
    why: "Sloppy parsing of this field was a denial of service in ws (CVE-2021-32640) and a crash in Granian.",
    fix: "Parse the field as a non-empty list of tokens and answer 400 otherwise.",
    stimulus: "BASE with Sec-WebSocket-Protocol: chat superchat; repeat with an empty value, a lone comma, chat/2, ch@t, chat;v=1, a quoted name, and byte 0xE9 in a name.",
    pass: "REFUSED (400).",
    fail: "101, a crash, or no answer.",
    note: Some(
        "Many servers that do not use subprotocols never parse the field; their 101 breaks the letter but harms nobody, so print it below the key faults.",
    ),
};

/// `server/subprotocol-offer-duplicate`: The same name offered twice.
pub static SERVER_SUBPROTOCOL_OFFER_DUPLICATE: Rule = Rule {
    id: "server/subprotocol-offer-duplicate",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.1 (request) item 10; RFC 6455 section 4.2.1 item 8",
    title: "The same name offered twice",
    rule: "The client must not repeat a name; the server may refuse such a list or take the name once.",
    why: "A repeated name is a sign of two layers both adding the field.",
    fix: "Clients remove duplicates before sending.",
    stimulus: "BASE with Sec-WebSocket-Protocol: {a}, {a}.",
    pass: "REFUSED, or 101 with {a} once or not at all; the choice is noted.",
    fail: "101 with {a} twice.",
    note: Some(
        "Uniqueness stands in the client's section only; autobahn and ws refuse, most servers do not look.",
    ),
};

/// `server/subprotocol-lines-refused`: Offers on several lines are one list.
pub static SERVER_SUBPROTOCOL_LINES_REFUSED: Rule = Rule {
    id: "server/subprotocol-lines-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 11.3.4; RFC 9110 section 5.3",
    title: "Offers on several lines are one list",
    rule: "Several Sec-WebSocket-Protocol lines are joined in order, and blanks or their absence around commas do not matter.",
    why: "Clients that send one line per name lose their second choice, or everything.",
    fix: "Collect all lines before choosing; split at commas and trim.",
    stimulus: "BASE with two lines: Sec-WebSocket-Protocol: handfast-unknown and Sec-WebSocket-Protocol: {a}; then one line handfast-unknown,{a} without a blank.",
    pass: "101 with {a} in both cases.",
    fail: "REFUSED, or 101 without {a} where BASE with {a} alone selects it.",
    note: Some("Deno splits only at comma and blank."),
};

/// `server/subprotocol-preference`: The client's order is its preference.
pub static SERVER_SUBPROTOCOL_PREFERENCE: Rule = Rule {
    id: "server/subprotocol-preference",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 item 8; RFC 6455 section 4.1 (request) item 10",
    title: "The client's order is its preference",
    rule: "The client lists its names by preference; no text obliges the server to follow, and the project follows the client unless told otherwise.",
    why: "A newer protocol version listed first is never used when the server picks by its own habit.",
    fix: "Walk the client's list in order and take the first name you support.",
    stimulus: "BASE with {a}, {b}, then {b}, {a}.",
    pass: "The first name each time; another constant choice is noted.",
    fail: "The choice changes from one run to the next.",
    note: None,
};

/// `server/version-missing`: No version, no WebSocket.
pub static SERVER_VERSION_MISSING: Rule = Rule {
    id: "server/version-missing",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 item 6",
    title: "No version, no WebSocket",
    rule: "A handshake without Sec-WebSocket-Version is refused.",
    why: "Such a client may speak a draft whose frames look different.",
    fix: "Require the field; answer 400 or 426 and name the versions you speak.",
    stimulus: "BASE without its Sec-WebSocket-Version line; repeat with an empty value.",
    pass: "REFUSED (400 or 426).",
    fail: "101.",
    note: Some("Netty falls back to the hixie draft; uWebSockets, Bun and Deno do not look at the field."),
};

/// `server/version-other`: An unknown version ends in an HTTP error.
pub static SERVER_VERSION_OTHER: Rule = Rule {
    id: "server/version-other",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (version); RFC 6455 section 4.2.1 item 6",
    title: "An unknown version ends in an HTTP error",
    rule: "If the server does not speak the version asked for, it aborts the handshake with an HTTP error status and never sends 101.",
    why: "Frames of an unknown version would be read wrongly, and a proxy in front may already have opened a tunnel.",
    fix: "Compare the value with 13 and answer 426 otherwise.",
    stimulus: "BASE with Sec-WebSocket-Version: 25; repeat with 0, 9, 10, 11, 12, 14 and 255.",
    pass: "REFUSED.",
    fail: "101 to any of them.",
    note: Some("libwebsockets treats unknown versions as 13."),
};

/// `server/version-other-unadvertised`: The refusal names the versions that work.
pub static SERVER_VERSION_OTHER_UNADVERTISED: Rule = Rule {
    id: "server/version-other-unadvertised",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (version); RFC 6455 section 4.4; RFC 6455 section 11.3.5",
    title: "The refusal names the versions that work",
    rule: "The error for an unknown version carries Sec-WebSocket-Version with every version the server speaks.",
    why: "Without the list the client cannot retry and the user sees a dead end.",
    fix: "Send Sec-WebSocket-Version: 13 with that error.",
    stimulus: "BASE with Sec-WebSocket-Version: 25; read the header fields of the error.",
    pass: "One or more such lines whose list contains 13.",
    fail: "The field is missing, or the list lacks 13 although BASE was accepted.",
    note: Some("Absent in gws, websockets, aiohttp, cowboy and Jetty."),
};

/// `server/version-advertised-malformed`: The advertised list is made of plain numbers.
pub static SERVER_VERSION_ADVERTISED_MALFORMED: Rule = Rule {
    id: "server/version-advertised-malformed",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.3",
    title: "The advertised list is made of plain numbers",
    rule: "Each advertised version is a decimal number of 0 to 255 without leading zeros, and members are separated by commas.",
    why: "A client that parses strictly finds no usable version and gives up.",
    fix: "Write 13, or 13, 8 where drafts are really spoken.",
    stimulus: "As for server/version-other-unadvertised.",
    pass: "Every member fits the grammar.",
    fail: "Quotes, names, leading zeros, blanks as separators or an empty list.",
    note: None,
};

/// `server/version-status`: 426 says best what is wrong with the version.
pub static SERVER_VERSION_STATUS: Rule = Rule {
    id: "server/version-status",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.2 item 4 (version); RFC 6455 section 4.4",
    title: "426 says best what is wrong with the version",
    rule: "The standard leaves the status to the server and gives 426 as its example in one section and prints 400 in another; the project sends 426.",
    why: "A status of its own lets operators count version trouble apart from broken requests.",
    fix: "Answer 426 Upgrade Required.",
    stimulus: "BASE with Sec-WebSocket-Version: 25.",
    pass: "426 or 400; the choice is noted.",
    fail: "A 5xx, a 2xx or a 3xx status.",
    note: Some(
        "426: gobwas, Beast, wsproto, Netty. 400: ws, gorilla, coder, websockets, aiohttp, cowboy, autobahn.",
    ),
};

/// `server/status-426-without-upgrade`: Every 426 carries Upgrade.
pub static SERVER_STATUS_426_WITHOUT_UPGRADE: Rule = Rule {
    id: "server/status-426-without-upgrade",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 15.5.22; RFC 9110 section 7.8",
    title: "Every 426 carries Upgrade",
    rule: "An answer with status 426 names the protocol to switch to in an Upgrade field, and lists upgrade in Connection.",
    why: "Tools and people see that something must be upgraded, but not to what.",
    fix: "Add Upgrade: websocket and Connection: Upgrade to each 426.",
    stimulus: "Any request of this file that was answered with 426, and a plain GET.",
    pass: "Upgrade with websocket and Connection with upgrade, or another status.",
    fail: "426 with either field missing.",
    note: None,
};

/// `server/version-list`: A request names one version, not a list.
pub static SERVER_VERSION_LIST: Rule = Rule {
    id: "server/version-list",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 6",
    title: "A request names one version, not a list",
    rule: "A version value with a comma or a second number is refused, even if 13 is among them.",
    why: "The server picks one and the client believes another, and the frames no longer match.",
    fix: "Match the whole value against the text 13.",
    stimulus: "BASE with Sec-WebSocket-Version: 13, 8; repeat with 8, 13, 13, 13, a trailing comma, and 13 SP 13.",
    pass: "REFUSED (400 or 426).",
    fail: "101.",
    note: Some("gorilla and ASP.NET accept a list that contains 13."),
};

/// `server/version-leading-zero`: 013 is not 13.
pub static SERVER_VERSION_LEADING_ZERO: Rule = Rule {
    id: "server/version-leading-zero",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 6",
    title: "013 is not 13",
    rule: "Leading zeros are outside the version grammar and are refused.",
    why: "A filter that compares text and a server that parses numbers disagree on what passed.",
    fix: "Compare bytes; do not convert to a number.",
    stimulus: "BASE with Sec-WebSocket-Version: 013; repeat with 0013.",
    pass: "REFUSED (400 or 426).",
    fail: "101.",
    note: None,
};

/// `server/version-not-decimal`: Signs, hexadecimal and fractions are not versions.
pub static SERVER_VERSION_NOT_DECIMAL: Rule = Rule {
    id: "server/version-not-decimal",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 6",
    title: "Signs, hexadecimal and fractions are not versions",
    rule: "Values that a lenient number parser reads as 13 but that are not the two digits are refused.",
    why: "They reveal which parser runs behind the server and help to find requests that two layers read differently.",
    fix: "Compare the value with the bytes 13.",
    stimulus: "BASE with +13, -13, 0xD, 0b1101, 13.0, 1.3e1, v13, hybi-13, 13;q=1 and 13 inside double quotes.",
    pass: "REFUSED (400 or 426).",
    fail: "101 to any of them.",
    note: Some("ws coerces with JavaScript's unary plus, so 0xd, 13.0 and 1.3e1 pass."),
};

/// `server/version-overflow`: Numbers that wrap around to 13 are refused.
pub static SERVER_VERSION_OVERFLOW: Rule = Rule {
    id: "server/version-overflow",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.3; RFC 6455 section 4.2.1 item 6",
    title: "Numbers that wrap around to 13 are refused",
    rule: "A version above 255 is outside the grammar, also when cutting it to 8 or 32 bits gives 13.",
    why: "Wrapped numbers are a cheap test for unchecked arithmetic elsewhere.",
    fix: "Compare text, or parse with checked arithmetic.",
    stimulus: "BASE with 269, 4294967309 and 99999999999999999999.",
    pass: "REFUSED (400 or 426).",
    fail: "101, or a crash.",
    note: None,
};

/// `server/version-duplicate`: One version line per request.
pub static SERVER_VERSION_DUPLICATE: Rule = Rule {
    id: "server/version-duplicate",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 11.3.5",
    title: "One version line per request",
    rule: "A request that carries Sec-WebSocket-Version more than once is refused, with equal or different values.",
    why: "First-wins and last-wins readers in one chain agree to different protocols.",
    fix: "Count the lines and refuse at the second.",
    stimulus: "BASE with the version line twice; repeat with a second line of 8 after and before 13.",
    pass: "REFUSED (400 or 426).",
    fail: "101.",
    note: Some(
        "Measured 101 for 13 then 8: tungstenite, fastwebsockets, yawc, soketto, hyper-tungstenite and axum.",
    ),
};

/// `server/version-draft`: Drafts 7 and 8 are best retired.
pub static SERVER_VERSION_DRAFT: Rule = Rule {
    id: "server/version-draft",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.4; RFC 6455 section 11.6",
    title: "Drafts 7 and 8 are best retired",
    rule: "A server may really speak the drafts numbered 7 and 8; the project does not, and the checker asks for consistency between acceptance and advertisement.",
    why: "Draft clients no longer exist, while their handshake names the origin differently and slips past origin checks.",
    fix: "Speak 13 only and advertise 13 only.",
    stimulus: "BASE with Sec-WebSocket-Version: 8; repeat with 7.",
    pass: "REFUSED; or 101 where the advertised list contains that number.",
    fail: "101 for a number that the advertised list lacks.",
    note: Some(
        "Accepted by ws (8), aiohttp, cowboy and Netty (7, 8), autobahn (8). The drafts use Sec-WebSocket-Origin.",
    ),
};

/// `server/body-present`: A handshake with a body is suspicious.
pub static SERVER_BODY_PRESENT: Rule = Rule {
    id: "server/body-present",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 9.3.1; RFC 6455 section 4.2.1 item 1",
    title: "A handshake with a body is suspicious",
    rule: "A body in a GET has no meaning and may be refused; the project refuses any upgrade whose Content-Length is above 0 or that has Transfer-Encoding.",
    why: "A body between head and frames is a place to hide bytes that two parsers attribute differently.",
    fix: "Refuse with 400 and close when an upgrade request announces a body.",
    stimulus: "BASE with Content-Length: 5 and the body hello; repeat with Transfer-Encoding: chunked and a chunked hello; repeat with Content-Length: 0.",
    pass: "REFUSED for the first two; ACCEPTED for Content-Length: 0.",
    fail: "Nothing by itself; a 101 to the first two is noted and leads to server/body-as-frames.",
    note: None,
};

/// `server/body-as-frames`: Body bytes are never read as frames.
pub static SERVER_BODY_AS_FRAMES: Rule = Rule {
    id: "server/body-as-frames",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.3; RFC 9110 section 7.8",
    title: "Body bytes are never read as frames",
    rule: "Bytes that Content-Length or chunking assigns to the request belong to the request, even if the server then switches.",
    why: "A web page can control a body; read as frames it speaks in the user's name without masking.",
    fix: "Consume or refuse the announced body before the first frame is parsed.",
    stimulus: "BASE with Content-Length: 9 and as body a masked text frame 81 83 and 7 more bytes that echo abc; then nothing.",
    pass: "REFUSED, or 101 and no reaction to the body for 2 s.",
    fail: "The server echoes abc, closes with a frame error, or otherwise reacts to the body as a frame.",
    note: Some("Daphne fed request bodies to its frame parser."),
};

/// `server/length-conflict`: Contradictory body framing ends the connection.
pub static SERVER_LENGTH_CONFLICT: Rule = Rule {
    id: "server/length-conflict",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.1; RFC 9112 section 6.3",
    title: "Contradictory body framing ends the connection",
    rule: "With both Transfer-Encoding and Content-Length the connection is closed after the answer; an invalid length or a final coding other than chunked gets 400 and a close.",
    why: "This is the classic smuggling input: the next user's request can be taken over.",
    fix: "Answer 400 with Connection: close to each of these heads, before any upgrade.",
    stimulus: "BASE with Transfer-Encoding: chunked and Content-Length: 5; repeat with Content-Length: +5, with lengths 5 and 6 on two lines, and with Transfer-Encoding: chunked, identity.",
    pass: "REFUSED, and the connection closes.",
    fail: "101, or a connection that serves a further request.",
    note: None,
};

/// `server/expect-continue`: 100 comes before 101 when it was asked for.
pub static SERVER_EXPECT_CONTINUE: Rule = Rule {
    id: "server/expect-continue",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 7.8; RFC 9110 section 10.1.1",
    title: "100 comes before 101 when it was asked for",
    rule: "If an upgrade request also expects 100-continue, the project sends 100 before 101 in every case; the standard is of two minds when there is no content.",
    why: "A client that waits for 100 before it goes on would hang or misread the 101.",
    fix: "Send 100 Continue before 101, or refuse with 417.",
    stimulus: "BASE with Expect: 100-continue and no body.",
    pass: "100 followed by 101, or REFUSED.",
    fail: "A hang, or two final answers; 101 without a 100 before it is a remark.",
    note: Some(
        "RFC 9110 section 7.8 makes 100 before 101 a MUST; section 10.1.1 lets a server omit 100 when the framing shows no content. As a body is refused anyway, the milder reading sets the level and the checker only remarks.",
    ),
};

/// `server/pipelined-bytes-lost`: Bytes that arrive with the head are kept.
pub static SERVER_PIPELINED_BYTES_LOST: Rule = Rule {
    id: "server/pipelined-bytes-lost",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (after the request list); RFC 6455 section 4.2.2",
    title: "Bytes that arrive with the head are kept",
    rule: "The client must not send frames early, but a server that accepts the handshake anyway treats bytes behind the head as frames in order, and loses none.",
    why: "Lost bytes desynchronise the frame stream, and the user sees random protocol errors under load.",
    fix: "Hand the rest of the read buffer to the frame parser.",
    stimulus: "BASE and, in the same write, a masked text frame with abc.",
    pass: "101 and the echo of abc, or REFUSED.",
    fail: "101, then no echo, while a second frame sent later is echoed or misread.",
    note: Some(
        "gws and uvicorn drop the bytes, gorilla 1.5.3 and tungstenite refuse, most others keep them.",
    ),
};

/// `server/obs-fold`: Folded header lines are refused or joined, never misread.
pub static SERVER_OBS_FOLD: Rule = Rule {
    id: "server/obs-fold",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 5.2",
    title: "Folded header lines are refused or joined, never misread",
    rule: "A line that continues the one before gets 400, or the fold is replaced by spaces before the value is used.",
    why: "A folded key or Host is one value for the proxy and another for the server.",
    fix: "Answer 400 to any header line that begins with a blank.",
    stimulus: "BASE with Connection: keep-alive, CR LF SP Upgrade; repeat with Sec-WebSocket-Key: CR LF HTAB {key}, and with X-A: b CR LF SP Host: evil.example.",
    pass: "REFUSED (400); or ACCEPTED with the joined value.",
    fail: "The folded part is read as a field of its own, or the value is cut at the fold and acted on.",
    note: None,
};

/// `server/nul-in-value`: NUL in a field is refused.
pub static SERVER_NUL_IN_VALUE: Rule = Rule {
    id: "server/nul-in-value",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9110 section 5.5",
    title: "NUL in a field is refused",
    rule: "A field value that holds a NUL byte makes the request invalid, or the byte becomes a space.",
    why: "C code downstream cuts the value at the NUL and sees another host, key or cookie.",
    fix: "Refuse control bytes while scanning the head and answer 400.",
    stimulus: "BASE with X-Test: a NUL b; repeat with NUL after {key} and inside the Host value.",
    pass: "REFUSED (400); for X-Test also ACCEPTED.",
    fail: "101 when the NUL is in the key or Host.",
    note: None,
};

/// `server/bare-cr`: A lone CR does not end a line.
pub static SERVER_BARE_CR: Rule = Rule {
    id: "server/bare-cr",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.2; RFC 9110 section 5.5",
    title: "A lone CR does not end a line",
    rule: "A CR without LF makes the element invalid or is replaced by a space; it never separates fields.",
    why: "A header hidden behind a lone CR passes the proxy's filter and reaches the application.",
    fix: "Answer 400 to any CR that is not followed by LF.",
    stimulus: "BASE without its key line and with X-Test: a CR Sec-WebSocket-Key: {key} CR LF; repeat with a CR inside {key}.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: None,
};

/// `server/bare-lf`: A lone LF as line end is refused by default.
pub static SERVER_BARE_LF: Rule = Rule {
    id: "server/bare-lf",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.2",
    title: "A lone LF as line end is refused by default",
    rule: "HTTP lets a recipient take LF alone as the end of a line; the project refuses it, because intermediaries differ.",
    why: "Mixed line ends are a smuggling tool, and no real WebSocket client sends them.",
    fix: "Send CR LF; on the server answer 400 to a lone LF.",
    stimulus: "BASE with every CR LF replaced by LF; repeat with only the line after X-Test: a ended by LF.",
    pass: "REFUSED or ACCEPTED; the choice is noted.",
    fail: "No answer within 10 s, or a process that no longer serves BASE.",
    note: Some("soketto hung on it when measured; most parsers accept."),
};

/// `server/space-before-colon`: A blank between name and colon gets 400.
pub static SERVER_SPACE_BEFORE_COLON: Rule = Rule {
    id: "server/space-before-colon",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 5.1",
    title: "A blank between name and colon gets 400",
    rule: "Any header line with whitespace before its colon is answered with status 400.",
    why: "Some parsers drop such a line, some trim it, and a forged Host or key hides in the gap.",
    fix: "Allow only token characters up to the colon.",
    stimulus: "BASE with Sec-WebSocket-Key SP : {key}; repeat with HTAB, and with X-Test SP : a.",
    pass: "Status 400.",
    fail: "101. Another refusal is a remark.",
    note: None,
};

/// `server/space-before-first-field`: A blank line start after the request line is not a header.
pub static SERVER_SPACE_BEFORE_FIRST_FIELD: Rule = Rule {
    id: "server/space-before-first-field",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 2.2",
    title: "A blank line start after the request line is not a header",
    rule: "Lines that begin with a blank directly after the request line get the request refused, or are ignored entirely.",
    why: "They are another way to show two parsers two different sets of fields.",
    fix: "Answer 400 when the first header line begins with SP or HTAB.",
    stimulus: "The request line of BASE, then SP Host: evil.example CR LF, then the rest of BASE; repeat with SP Sec-WebSocket-Key: {key} as the only key line.",
    pass: "REFUSED (400); for the first form also ACCEPTED with {authority} as host.",
    fail: "The indented line takes effect as a field.",
    note: None,
};

/// `server/field-line-malformed`: Lines that are not name, colon, value are refused.
pub static SERVER_FIELD_LINE_MALFORMED: Rule = Rule {
    id: "server/field-line-malformed",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph); RFC 9112 section 2.2; RFC 9112 section 5",
    title: "Lines that are not name, colon, value are refused",
    rule: "A line without a colon, with an empty name or with illegal bytes in the name makes the request invalid.",
    why: "Skipping what one cannot parse hides faults and attacks alike.",
    fix: "Answer 400 and close.",
    stimulus: "BASE with the extra line garbage; repeat with : value, X Test: a, and X(Test): a.",
    pass: "REFUSED (400).",
    fail: "101.",
    note: Some(
        "RFC 9112 says SHOULD for the 400; grammar of parts that are no WebSocket field may be argued to lie outside RFC 6455's MUST.",
    ),
};

/// `server/head-in-pieces-refused`: The head may arrive in any number of pieces.
pub static SERVER_HEAD_IN_PIECES_REFUSED: Rule = Rule {
    id: "server/head-in-pieces-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.2.1; RFC 9112 section 2.2",
    title: "The head may arrive in any number of pieces",
    rule: "The server reads until the empty line, however the bytes are cut into packets.",
    why: "On slow mobile links the head comes in several segments, and users there would never connect.",
    fix: "Buffer and parse incrementally up to the empty line.",
    stimulus: "BASE in single-byte writes 5 ms apart; repeat split inside CR LF CR LF and inside the key.",
    pass: "ACCEPTED.",
    fail: "REFUSED, or no answer.",
    note: None,
};

/// `server/field-name-case-refused`: Field names are compared without case.
pub static SERVER_FIELD_NAME_CASE_REFUSED: Rule = Rule {
    id: "server/field-name-case-refused",
    level: Level::Must,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 4.1 (last note on names); RFC 9112 section 5",
    title: "Field names are compared without case",
    rule: "sec-websocket-key, SEC-WEBSOCKET-KEY and mixed spellings are the same field.",
    why: "HTTP/2 gateways lower-case every name, and the user behind one is locked out.",
    fix: "Fold ASCII case when looking up field names.",
    stimulus: "BASE with all names in lower case; repeat in upper case.",
    pass: "ACCEPTED.",
    fail: "NOT 101.",
    note: None,
};

/// `server/unknown-fields-refused`: Other fields and another order do not matter.
pub static SERVER_UNKNOWN_FIELDS_REFUSED: Rule = Rule {
    id: "server/unknown-fields-refused",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 6455 section 4.2.1 (lead paragraph) and item 10",
    title: "Other fields and another order do not matter",
    rule: "Unknown header fields are ignored and the order of fields is free.",
    why: "Browsers, proxies and tracing tools add fields all the time.",
    fix: "Read the fields you need and skip the rest; raise header-count limits to at least 100.",
    stimulus: "BASE with its fields in reverse order; with 40 fields X-Handfast-n: v; with X-Test holding bytes C3 A9; and with an empty X-Empty field.",
    pass: "ACCEPTED.",
    fail: "REFUSED, unless with 431 for the 40 fields (server/head-too-large).",
    note: Some(
        "For bytes above 0x7F the level is only should (RFC 9110 section 5.5). sockudo-ws, soketto and ratchet dropped the connection at 45 fields; sockudo-ws also on bytes above 0x7F.",
    ),
};

/// `server/head-too-large`: A head beyond the limit gets a 4xx.
pub static SERVER_HEAD_TOO_LARGE: Rule = Rule {
    id: "server/head-too-large",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 9110 section 5.4; RFC 6585 section 5",
    title: "A head beyond the limit gets a 4xx",
    rule: "Too long a line, too many fields or too large a head is answered with a 4xx such as 431; nothing is dropped silently and memory stays bounded.",
    why: "Without a bound one client fills the memory; with silent truncation a security field may vanish.",
    fix: "Bound line length, field count and total size, and answer 431 with Connection: close.",
    stimulus: "BASE with X-Test of 64 KiB, then 1 MiB; with 1,000, then 10,000 small fields; and with a head that never ends, up to 16 MiB.",
    pass: "4xx (431 preferred) or ACCEPTED for the finite heads; for the endless one a 4xx or close before 16 MiB.",
    fail: "5xx, 101 before the head ended, or more than 16 MiB read without a reaction.",
    note: Some(
        "gobwas and autobahn have no limit. A reset that destroys the answer on its way counts as a close: read before writing all.",
    ),
};

/// `server/head-timeout`: A head that never finishes is given up.
pub static SERVER_HEAD_TIMEOUT: Rule = Rule {
    id: "server/head-timeout",
    level: Level::Practice,
    transport: "any",
    also: None,
    source: "RFC 9110 section 15.5.9; RFC 9112 section 8; RFC 9112 section 9.5",
    title: "A head that never finishes is given up",
    rule: "A connection that does not complete its head within a bounded time is answered with 408 or closed, even when single bytes keep arriving; one whose client ends the stream in the middle of its head is answered with 400 or closed at once.",
    why: "A few thousand dripping connections lock everybody else out.",
    fix: "Start one deadline when the connection opens (10 s by default) and do not extend it per byte; nothing completes a head once the stream has ended.",
    stimulus: "The first line of BASE, then one header byte every second for 65 s.",
    pass: "408 or a close within 60 s.",
    fail: "The connection is still open after 65 s.",
    note: Some(
        "No handshake deadline in gobwas, gws with its own listener, or gorilla beyond a write deadline.",
    ),
};

/// `server/silent-close`: A refusal says something.
pub static SERVER_SILENT_CLOSE: Rule = Rule {
    id: "server/silent-close",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 10.7; RFC 6455 section 4.2.1 (lead paragraph)",
    title: "A refusal says something",
    rule: "A faulty handshake is answered with an HTTP error status instead of a bare close of the connection.",
    why: "With no answer the developer cannot tell a bad key from a dead server.",
    fix: "Write a short 4xx answer with a reason before closing.",
    stimulus: "Evaluated over all requests of this file that were not accepted.",
    pass: "Each has a complete status line and head.",
    fail: "Any close or reset with no HTTP bytes.",
    note: Some(
        "Section 4.2.1 says MUST return an error answer, 10.7 says MAY drop the connection and SHOULD return a status; the milder level is used. tungstenite, soketto and sockudo-ws close without a byte.",
    ),
};

/// `server/error-unframed`: The end of an error answer is clear.
pub static SERVER_ERROR_UNFRAMED: Rule = Rule {
    id: "server/error-unframed",
    level: Level::Should,
    transport: "h1",
    also: None,
    source: "RFC 9112 section 6.3; RFC 9112 section 9.3; RFC 9112 section 9.6",
    title: "The end of an error answer is clear",
    rule: "A refusal has Content-Length or chunking, or says Connection: close and closes; if the connection stays open the next request is served.",
    why: "Otherwise the client waits for a body that never ends, or reads the rest of it as the next answer.",
    fix: "Send Content-Length with every error, and Connection: close when you close.",
    stimulus: "BASE with version 25, then on the same connection a plain GET, unless the answer says close.",
    pass: "The body ends where announced; then a second answer, or a close that was announced.",
    fail: "An answer that never ends within 10 s or bytes beyond the announced length (both of level must), or a close that was not announced.",
    note: Some(
        "A body that ends with the close is legal but discouraged; only a server that never keeps connections open must announce the close. ratchet and tokio-websockets sent a 400 with neither Content-Length nor Connection: close.",
    ),
};

/// `server/error-unexplained`: A refusal carries a few words of explanation.
pub static SERVER_ERROR_UNEXPLAINED: Rule = Rule {
    id: "server/error-unexplained",
    level: Level::Should,
    transport: "any",
    also: None,
    source: "RFC 9110 section 15.5; RFC 9110 section 15.6",
    title: "A refusal carries a few words of explanation",
    rule: "A 4xx or 5xx answer has a body that says what is wrong and whether it is lasting.",
    why: "People read the body with curl or in the network panel long before they read an RFC.",
    fix: "Send one plain-text sentence that names the field and the fault, without echoing raw input.",
    stimulus: "Evaluated over all refusals of this file.",
    pass: "A body of at least a few bytes with a Content-Type.",
    fail: "An empty body.",
    note: None,
};

/// `server/status-401-without-challenge`: A 401 names the way to log in.
pub static SERVER_STATUS_401_WITHOUT_CHALLENGE: Rule = Rule {
    id: "server/status-401-without-challenge",
    level: Level::Must,
    transport: "any",
    also: None,
    source: "RFC 9110 section 11.6.1; RFC 9110 section 15.5.2; RFC 6455 section 4.2.2 item 2",
    title: "A 401 names the way to log in",
    rule: "Every 401 carries WWW-Authenticate with at least one challenge.",
    why: "Clients cannot know which credentials are wanted, and proxies may rewrite the answer.",
    fix: "Add WWW-Authenticate, or use 403 when there is no such scheme.",
    stimulus: "BASE without the credentials that the operator declared as needed.",
    pass: "401 with the field, or another error status.",
    fail: "401 without the field.",
    note: None,
};

/// `server/plain-get-unanswered`: A browser that just opens the URL gets a readable answer.
pub static SERVER_PLAIN_GET_UNANSWERED: Rule = Rule {
    id: "server/plain-get-unanswered",
    level: Level::Practice,
    transport: "h1",
    also: None,
    source: "RFC 6455 section 1.3; RFC 9110 section 15.5.22",
    title: "A browser that just opens the URL gets a readable answer",
    rule: "A GET with none of the upgrade fields is answered as ordinary HTTP: the page that lives there, or 426 or 404 with words a person understands.",
    why: "Somebody will paste the address into a browser, and so will every health check.",
    fix: "Answer 426 with Upgrade: websocket and one sentence of text.",
    stimulus: "GET {target} HTTP/1.1 CR LF Host: {authority} CR LF CR LF.",
    pass: "A complete answer other than 101 and 5xx.",
    fail: "101, 5xx, a hang, or a close without an answer.",
    note: None,
};

/// `server/h2-setting-invalid`: The setting that announces WebSocket is 0 or 1.
pub static SERVER_H2_SETTING_INVALID: Rule = Rule {
    id: "server/h2-setting-invalid",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 3; RFC 9220 section 3",
    title: "The setting that announces WebSocket is 0 or 1",
    rule: "SETTINGS_ENABLE_CONNECT_PROTOCOL (0x8) has no other value than 0 or 1.",
    why: "Browsers that see another value close the whole connection, with every page on it.",
    fix: "Send 1 when WebSocket over this transport is served, and leave the setting out otherwise.",
    stimulus: "Open a connection and read all SETTINGS frames for 5 s.",
    pass: "The setting is absent, 0 or 1.",
    fail: "Any other value.",
    note: None,
};

/// `server/h2-setting-withdrawn`: Once announced, always announced.
pub static SERVER_H2_SETTING_WITHDRAWN: Rule = Rule {
    id: "server/h2-setting-withdrawn",
    level: Level::Must,
    transport: "h2",
    also: None,
    source: "RFC 8441 section 3",
    title: "Once announced, always announced",
    rule: "A sender that has sent the setting with 1 never sends it with 0 later on the same connection.",
    why: "A client in the middle of opening a socket would suddenly be breaking the protocol.",
    fix: "To stop serving, answer new requests with 503 or send GOAWAY.",
    stimulus: "Keep a connection for the length of the run and record every SETTINGS frame.",
    pass: "No 0 after a 1.",
    fail: "0 after 1.",
    note: Some(
        "HTTP/3 sends SETTINGS once, so the case arises there only between a 0-RTT memory and the new value (RFC 9114 section 7.2.4.2).",
    ),
};

/// `server/h2-correct-handshake-refused`: A correct extended CONNECT is answered with 2xx.
pub static SERVER_H2_CORRECT_HANDSHAKE_REFUSED: Rule = Rule {
    id: "server/h2-correct-handshake-refused",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 4; RFC 8441 section 5; RFC 9113 section 8.5; RFC 9114 section 4.4",
    title: "A correct extended CONNECT is answered with 2xx",
    rule: "An endpoint that announces the setting and serves WebSocket answers BASE2 with a 2xx status and keeps the stream open in both directions.",
    why: "The browser has picked HTTP/2 because of the setting and does not fall back to HTTP/1.1 by itself.",
    fix: "Answer :status 200 without END_STREAM, or do not announce the setting.",
    stimulus: "BASE2, then a masked text frame in DATA.",
    pass: "OPENED; 200 is usual.",
    fail: "101, another final status, END_STREAM on the answer, or no answer within 10 s.",
    note: None,
};

/// `server/h2-status-101`: 101 does not exist here.
pub static SERVER_H2_STATUS_101: Rule = Rule {
    id: "server/h2-status-101",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 9113 section 8.6; RFC 9114 section 4.5; RFC 8441 section 1",
    title: "101 does not exist here",
    rule: "No answer on HTTP/2 or HTTP/3 uses status 101.",
    why: "Clients treat it as a malformed answer and reset the stream.",
    fix: "Branch on the transport and send 200.",
    stimulus: "BASE2.",
    pass: "Any status but 101.",
    fail: ":status 101.",
    note: None,
};

/// `server/h2-key-required`: No key is needed and none is answered.
pub static SERVER_H2_KEY_REQUIRED: Rule = Rule {
    id: "server/h2-key-required",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5",
    title: "No key is needed and none is answered",
    rule: "Sec-WebSocket-Key and Sec-WebSocket-Accept play no part: a request without the key is complete, and a key that is present changes nothing.",
    why: "A server that ports its HTTP/1.1 check refuses every browser on HTTP/2.",
    fix: "Skip the key check and the accept field when the request came by extended CONNECT.",
    stimulus: "BASE2; then BASE2 with sec-websocket-key: {key}; then with sec-websocket-key: x.",
    pass: "OPENED for the first; the same for the others, or REFUSED for the malformed one as a remark.",
    fail: "The first is refused.",
    note: Some(
        "Text: implementations do not do the processing. Whether an answered accept field is a fault is open; the checker remarks on it.",
    ),
};

/// `server/h2-version-unchecked`: Sec-WebSocket-Version is still checked.
pub static SERVER_H2_VERSION_UNCHECKED: Rule = Rule {
    id: "server/h2-version-unchecked",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5; RFC 6455 section 4.2.2 item 4 (version); RFC 6455 section 4.2.1 item 6",
    title: "Sec-WebSocket-Version is still checked",
    rule: "Version, subprotocol, extension and Origin fields keep their RFC 6455 meaning; a missing or unknown version is refused and 13 is advertised.",
    why: "Frames of another version would be misread on HTTP/2 as much as on HTTP/1.1.",
    fix: "Run the same version check for both transports and send sec-websocket-version: 13 with the error.",
    stimulus: "BASE2 with sec-websocket-version: 25; repeat without the field.",
    pass: "REFUSED, for 25 with sec-websocket-version listing 13.",
    fail: "2xx, or an error for 25 without the list.",
    note: Some("426 needs an Upgrade field, which HTTP/2 forbids, so 400 is the sound status here."),
};

/// `server/h2-path-or-scheme-missing`: Extended CONNECT needs :scheme and :path.
pub static SERVER_H2_PATH_OR_SCHEME_MISSING: Rule = Rule {
    id: "server/h2-path-or-scheme-missing",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 4; RFC 9113 section 8.1.1; RFC 9114 section 4.1.2",
    title: "Extended CONNECT needs :scheme and :path",
    rule: "A request with :protocol but without :scheme, :path or :authority, or with an empty one, is malformed.",
    why: "The server would guess the resource, and an access rule by path would be skipped.",
    fix: "Treat it as a stream error PROTOCOL_ERROR (H3_MESSAGE_ERROR), optionally after a 400.",
    stimulus: "BASE2 without :path; repeat without :scheme, without :authority, and with an empty :path.",
    pass: "RST_STREAM PROTOCOL_ERROR or H3_MESSAGE_ERROR, or 400.",
    fail: "2xx, or another client's stream is disturbed.",
    note: None,
};

/// `server/h2-protocol-misplaced`: :protocol belongs once, to CONNECT, before other fields.
pub static SERVER_H2_PROTOCOL_MISPLACED: Rule = Rule {
    id: "server/h2-protocol-misplaced",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 4; RFC 9113 section 8.3; RFC 9114 section 4.3",
    title: ":protocol belongs once, to CONNECT, before other fields",
    rule: "The pseudo-header is single-valued and only valid on CONNECT; repeated, late or on another method it makes the request malformed.",
    why: "Two readers of such a request may see a GET and a tunnel at once.",
    fix: "Validate pseudo-headers before routing and reset the stream.",
    stimulus: "BASE2 with :method GET; repeat with two :protocol fields and with :protocol after sec-websocket-version.",
    pass: "Stream error PROTOCOL_ERROR or H3_MESSAGE_ERROR, or 400.",
    fail: "2xx.",
    note: None,
};

/// `server/h2-protocol-unannounced`: Without the setting, :protocol is malformed.
pub static SERVER_H2_PROTOCOL_UNANNOUNCED: Rule = Rule {
    id: "server/h2-protocol-unannounced",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 3; RFC 9113 section 8.3; RFC 9114 section 4.3",
    title: "Without the setting, :protocol is malformed",
    rule: "A server that has not announced the setting treats a request with :protocol as malformed and never as a plain CONNECT.",
    why: "A plain CONNECT to :authority would turn the server into an open relay.",
    fix: "Refuse undefined pseudo-headers with a stream error.",
    stimulus: "To a server that did not send the setting: BASE2.",
    pass: "RST_STREAM PROTOCOL_ERROR or H3_MESSAGE_ERROR, or a 4xx or 5xx.",
    fail: "2xx, or a connection to {authority} is opened.",
    note: None,
};

/// `server/h2-authority-tunnel`: Extended CONNECT does not dial :authority.
pub static SERVER_H2_AUTHORITY_TUNNEL: Rule = Rule {
    id: "server/h2-authority-tunnel",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 4",
    title: "Extended CONNECT does not dial :authority",
    rule: "The server finds its service by :authority and :path like any request; it never opens a tunnel to the host in :authority.",
    why: "Outsiders could reach machines inside the network through the web server.",
    fix: "Handle CONNECT with :protocol in the router, not in the forward-proxy code.",
    stimulus: "BASE2 with :authority set to a listener of the checker on another port.",
    pass: "REFUSED (404, 421 or other) or OPENED by the server's own service; the listener sees no connection.",
    fail: "The listener is contacted.",
    note: None,
};

/// `server/h2-protocol-unknown`: Unknown protocols get 501.
pub static SERVER_H2_PROTOCOL_UNKNOWN: Rule = Rule {
    id: "server/h2-protocol-unknown",
    level: Level::Should,
    transport: "h3",
    also: None,
    source: "RFC 9220 section 3; RFC 9110 section 15.6.2",
    title: "Unknown protocols get 501",
    rule: "A server that announces extended CONNECT answers an unknown :protocol with 501.",
    why: "The client learns that only this protocol is missing, not the page or the server.",
    fix: "Answer 501 for each :protocol value that is not served.",
    stimulus: "BASE2 with :protocol handfast-unknown; repeat with WebSocket in capitals as a remark.",
    pass: "501.",
    fail: "2xx is a fault of level must; any other status is a remark.",
    note: Some(
        "RFC 8441 gives no status for HTTP/2; the project sends 501 there as well. Whether :protocol is compared with case is not stated.",
    ),
};

/// `server/h2-connection-fields`: Connection and Upgrade have no place here.
pub static SERVER_H2_CONNECTION_FIELDS: Rule = Rule {
    id: "server/h2-connection-fields",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5; RFC 9113 section 8.2.2; RFC 9114 section 4.2",
    title: "Connection and Upgrade have no place here",
    rule: "A request that carries connection, upgrade, keep-alive, proxy-connection or transfer-encoding is malformed, and the server sends none of them.",
    why: "Such fields become active again when a gateway turns the request into HTTP/1.1.",
    fix: "Reset the stream with PROTOCOL_ERROR (H3_MESSAGE_ERROR); strip the fields from your own answers.",
    stimulus: "BASE2 with connection: upgrade; repeat with upgrade: websocket. Also inspect the answer to BASE2.",
    pass: "Stream error or 400, and no such field in answers.",
    fail: "2xx, or such a field in an answer.",
    note: None,
};

/// `server/h2-host-conflict`: Host and :authority agree.
pub static SERVER_H2_HOST_CONFLICT: Rule = Rule {
    id: "server/h2-host-conflict",
    level: Level::Should,
    transport: "h2",
    also: None,
    source: "RFC 9113 section 8.3.1; RFC 9114 section 4.3.1",
    title: "Host and :authority agree",
    rule: "A request whose host field names another authority than :authority is treated as malformed.",
    why: "Routing by one and authorising by the other opens the wrong site.",
    fix: "Compare the two after normalising, and refuse on difference.",
    stimulus: "BASE2 with host: other.example.",
    pass: "Stream error, 400 or 421.",
    fail: "2xx.",
    note: Some(
        "On HTTP/3 both must have the same value (RFC 9114 section 4.3.1), so the level there is must.",
    ),
};

/// `server/h2-answer-length`: No content-length on the 2xx.
pub static SERVER_H2_ANSWER_LENGTH: Rule = Rule {
    id: "server/h2-answer-length",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 9110 section 8.6; RFC 9112 section 6.1; RFC 9113 section 8.5",
    title: "No content-length on the 2xx",
    rule: "A 2xx to CONNECT carries no content-length, since what follows is a tunnel.",
    why: "A gateway that counts bytes cuts the socket after that many.",
    fix: "Remove the field that the framework adds to bodiless answers.",
    stimulus: "BASE2; read the answer's fields.",
    pass: "Absent.",
    fail: "Present.",
    note: None,
};

/// `server/h2-end-mapping`: Stream ends mean what TCP ends mean.
pub static SERVER_H2_END_MAPPING: Rule = Rule {
    id: "server/h2-end-mapping",
    level: Level::Should,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5; RFC 9220 section 3; RFC 9113 section 8.5",
    title: "Stream ends mean what TCP ends mean",
    rule: "An orderly end is END_STREAM (FIN on HTTP/3); an abrupt one is RST_STREAM with CANCEL (H3_REQUEST_CANCELLED); neither touches other streams.",
    why: "Closing the whole connection for one socket cuts off every page and socket that shares it.",
    fix: "Map close and abort of the socket to the stream, never to the connection.",
    stimulus: "Three sockets on one connection: end one with a close frame, abort one with RST_STREAM CANCEL, and echo on the remaining one.",
    pass: "A close frame and END_STREAM come back; the remaining socket still echoes.",
    fail: "GOAWAY, a connection error, or the other socket stops.",
    note: None,
};

/// `client/h2-connect-unannounced`: Wait for the server's setting.
pub static CLIENT_H2_CONNECT_UNANNOUNCED: Rule = Rule {
    id: "client/h2-connect-unannounced",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 3; RFC 9113 section 8.3; RFC 9220 section 3",
    title: "Wait for the server's setting",
    rule: "A client uses extended CONNECT only after it received the setting with value 1 on that connection.",
    why: "A server without support sees a malformed request and may drop the whole connection.",
    fix: "Hold the request until SETTINGS arrived; use HTTP/1.1 when the setting is absent or 0.",
    stimulus: "A server that sends SETTINGS without 0x8, then with 0x8 = 0, then delays SETTINGS with 0x8 = 1 by 2 s.",
    pass: "No :protocol in the first two cases; in the third only after the setting.",
    fail: ":protocol before or without the setting.",
    note: Some("A 0-RTT HTTP/3 client goes by the remembered settings."),
};

/// `client/h2-request-malformed`: The request has exactly the right pseudo-headers.
pub static CLIENT_H2_REQUEST_MALFORMED: Rule = Rule {
    id: "client/h2-request-malformed",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 4; RFC 8441 section 5; RFC 9113 section 8.2; RFC 9113 section 8.2.2",
    title: "The request has exactly the right pseudo-headers",
    rule: "CONNECT with :protocol websocket, :scheme https for wss and http for ws, :path and :authority, lower-case names, sec-websocket-version 13, and no connection or upgrade.",
    why: "One extra field makes the request malformed and the stream is reset with no explanation.",
    fix: "Build the field list for this transport apart from the HTTP/1.1 head.",
    stimulus: "Accept the client's connection, announce the setting, and read its HEADERS.",
    pass: "All listed fields once, with right values; HEADERS without END_STREAM.",
    fail: "A missing, repeated or forbidden field, a capital letter in a name, scheme wss, or END_STREAM.",
    note: Some("A sec-websocket-key is useless here but not forbidden by name; remark on it."),
};

/// `client/h2-answer-misjudged`: 2xx opens, anything else does not.
pub static CLIENT_H2_ANSWER_MISJUDGED: Rule = Rule {
    id: "client/h2-answer-misjudged",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 8441 section 5; RFC 9113 section 8.5; RFC 9113 section 8.1.1; RFC 6455 section 4.1 (response) items 5 and 6",
    title: "2xx opens, anything else does not",
    rule: "The client opens on a 2xx without looking for an accept field, fails on every other final status, and still refuses unoffered subprotocols and extensions.",
    why: "A client that demands the accept field never works on HTTP/2; one that skips the other checks runs with a setup it did not ask for.",
    fix: "Share the subprotocol and extension checks and drop the key checks.",
    stimulus: "Answer :status 200 without accept; then 200 with sec-websocket-protocol: x, 200 with sec-websocket-extensions: x, 403, 101, and 200 with connection: upgrade.",
    pass: "Open for the first; failure for each of the others.",
    fail: "Any other outcome.",
    note: None,
};

/// `client/h2-data-before-answer`: No frames before the 2xx.
pub static CLIENT_H2_DATA_BEFORE_ANSWER: Rule = Rule {
    id: "client/h2-data-before-answer",
    level: Level::Must,
    transport: "h2",
    also: Some("h3"),
    source: "RFC 6455 section 4.1 (after the request list); RFC 8441 section 5",
    title: "No frames before the 2xx",
    rule: "The client sends no DATA on the stream until the final answer arrived.",
    why: "An answer such as 403 would leave user data with a server that refused it.",
    fix: "Queue outgoing messages until the handshake ended.",
    stimulus: "Accept the request and delay the answer by 2 s while the program under test sends a message.",
    pass: "No DATA with payload before the answer.",
    fail: "DATA before the answer.",
    note: None,
};
