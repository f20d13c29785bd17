//! Every bound of the protocol, in one table.

use std::time::Duration;

/// What a peer may make us hold, read or wait for. The unit of each bound is in its name.
///
/// [`Limits::default`] is right for most servers and clients; change single fields with struct update
/// syntax: `Limits { message_bytes_max: 1 << 20, ..Limits::default() }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    // rule: server/target-8000-octets
    /// The whole head of a request or an answer, in bytes (64 KiB). Beyond it: 431, or 414 for its first line.
    pub head_bytes_max: usize,
    /// Field lines of a head (128). Beyond it: 431.
    pub head_fields_max: usize,
    /// Interim (1xx) answers that a client skips before the final one (16).
    pub interim_answers_max: usize,
    /// From the resolving of the server's name to the end of the TLS handshake, with a proxy's answer in between (10 s): a client's.
    /// Beyond it the client gives up. After a redirect it begins again.
    pub connect_timeout: Duration,
    /// Redirects that a client follows at most, however many it is asked to follow (10). Beyond it the redirect is its error.
    pub redirects_max: usize,
    /// How long a client that connects again heeds a server's `Retry-After` (a day).
    pub retry_after_max: Duration,
    /// From the connection's begin to the end of the handshake (10 s), not extended by single bytes. Beyond it: 408.
    pub handshake_timeout: Duration,
    /// A whole message after unmasking and inflating, in bytes (16 MiB). Beyond it: close code 1009.
    pub message_bytes_max: usize,
    /// The payload of one frame as its header claims it, in bytes (16 MiB). Beyond it: close code 1009.
    pub frame_bytes_max: usize,
    /// Fragments of one message, empty ones included (131 072). Beyond it: close code 1008.
    pub fragments_max: usize,
    /// How many times larger than its compressed form a message may inflate beyond [`Self::inflate_free_bytes`] (100). A message
    /// that a receiver with the same limit would refuse is sent uncompressed. Not looked at are one that is sent in pieces, and, where
    /// a context is kept, a part that shrinks so in one that as a whole does not.
    pub inflate_ratio_max: usize,
    /// Inflated bytes of a message that are not judged by the ratio (64 KiB).
    pub inflate_free_bytes: usize,
    /// Pings that wait for their pong to be written (16); older ones are dropped, as RFC 6455 section 5.5.3 allows.
    /// Autobahn sends ten at once and wants ten pongs. As many pings and pongs of the program itself go beyond a full send queue,
    /// so that it can ask whether a slow peer lives. More than 255 are taken as 255.
    pub pongs_queued_max: usize,
    /// Bytes queued to be sent (1 MiB).
    pub send_queue_bytes_max: usize,
    /// What is left of a full send queue when those who wait for room go on, in bytes (256 KiB): once full, it empties in one go.
    pub send_queue_bytes_low: usize,
    /// Bytes of memory one connection may hold: read buffer, message under way, codecs and send queue together (40 MiB).
    /// Beyond it: close code 1009, and a full send queue.
    pub connection_bytes_max: usize,
    /// From the first Close frame to the end of the connection (5 s), absolute.
    pub close_timeout: Duration,
    /// How long a peer may take no byte of what waits to be written (60 s, up to twice as long). Beyond it: the connection is
    /// dropped.
    pub stall_timeout: Duration,
    /// Open connections and unanswered requests of a server (1 000 000); behind another HTTP server its open WebSockets, and only where
    /// a handle counts them. Beyond it: 503.
    pub connections_max: usize,
    /// Streams of one HTTP/2 connection to a server (1024). The client is told, and further ones are reset.
    pub streams_max: usize,
    /// What a server may send on one stream of HTTP/2 before the client reads it, in bytes (512 KiB, at most 2 GiB). More is faster
    /// over long ways, less holds less memory.
    pub stream_window_bytes: usize,
    /// What a client may send on one stream of HTTP/2 before the server reads it, in bytes (64 KiB, at most 2 GiB). Beyond it the
    /// stream is reset with FLOW_CONTROL_ERROR.
    pub server_stream_window_bytes: usize,
    /// What waits to be written of one stream of HTTP/2, beside the send queue, in bytes (64 KiB, at most 4 GiB). Beyond it the
    /// WebSocket waits.
    pub stream_send_bytes_max: usize,
    /// Connections of a server whose request head is not complete, all together (1024). Beyond it the oldest gives way, with 503:
    /// many slow heads lock nobody out.
    pub handshakes_unfinished_max: usize,
    /// How long an endpoint that has sent its last byte waits for the peer to hear it (2 s). Closing at once while the peer still
    /// sends would destroy the answer on its way.
    pub linger_timeout: Duration,
    /// Bytes that are read and thrown away meanwhile (1 MiB).
    pub linger_bytes_max: usize,
    /// Body of a server's refusal that a client reads for its error message, in bytes (64 KiB).
    pub declined_body_bytes_max: usize,
}

/// The largest payload of a control frame, in bytes: fixed by RFC 6455 section 5.5.
pub const CONTROL_PAYLOAD_BYTES_MAX: usize = 125;

/// The longest `Sec-WebSocket-Key` that is looked at, in characters; a right one has 24.
pub const KEY_CHARACTERS_MAX: usize = 1024;

/// Empty lines skipped before a request line (RFC 9112 section 2.2 asks for one).
pub const LEADING_EMPTY_LINES_MAX: usize = 2;

/// Faulty lines of one head that are told; further ones are passed over.
pub const LINE_FAULTS_MAX: usize = 16;

/// What an error keeps of a text of the peer's, in bytes.
pub const EXCERPT_BYTES_MAX: usize = 64;

// What a thread keeps for its next connection, beside what connections hold: see `BufferPool`.

/// Buffers of one read that a thread keeps spare, of 64 KiB each.
pub const SPARE_READS_MAX: usize = 16;

/// Buffers of a few small frames that a thread keeps spare, of 1280 bytes each.
pub const SPARE_FRAMES_MAX: usize = 256;

/// Send queues that a thread keeps spare.
pub const SPARE_QUEUES_MAX: usize = 256;

/// The memory of a send queue that is kept spare, in bytes; a larger one is given up.
pub const SPARE_QUEUE_BYTES_MAX: usize = 2 << 10;

/// Compressors that a thread keeps spare, and as many inflaters.
pub const SPARE_CODECS_MAX: usize = 4;

/// Buffers of large messages that a thread keeps spare, in bytes of all together (4 MiB).
pub const SPARE_LARGE_BYTES_MAX: usize = 4 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes_max: 64 << 10,
            head_fields_max: 128,
            interim_answers_max: 16,
            connect_timeout: Duration::from_secs(10),
            redirects_max: 10,
            retry_after_max: Duration::from_secs(24 * 60 * 60),
            handshake_timeout: Duration::from_secs(10),
            message_bytes_max: 16 << 20,
            frame_bytes_max: 16 << 20,
            fragments_max: 131_072,
            inflate_ratio_max: 100,
            inflate_free_bytes: 64 << 10,
            pongs_queued_max: 16,
            send_queue_bytes_max: 1 << 20,
            send_queue_bytes_low: 256 << 10,
            connection_bytes_max: 40 << 20,
            close_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(60),
            connections_max: 1_000_000,
            streams_max: 1024,
            stream_window_bytes: 512 << 10,
            server_stream_window_bytes: 64 << 10,
            stream_send_bytes_max: 64 << 10,
            handshakes_unfinished_max: 1024,
            linger_timeout: Duration::from_secs(2),
            linger_bytes_max: 1 << 20,
            declined_body_bytes_max: 64 << 10,
        }
    }
}
