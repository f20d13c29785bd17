//! Everything that the one under test can make the checker hold or wait for, besides the times of its options.

use std::time::Duration;

/// A head of HTTP/1.1 that is read. Real ones have a few kilobytes; the longest that a rule sends is shorter, too.
pub(crate) const HEAD_BYTES_MAX: usize = 256 << 10;

/// A WebSocket frame that is read: the checker asks for none that is nearly as long, so that more is garbage taken for a length.
pub(crate) const FRAME_BYTES_MAX: u64 = 16 << 20;

/// A header block of HTTP/2 before it is unpacked: as long as a head.
pub(crate) const BLOCK_BYTES_MAX: usize = HEAD_BYTES_MAX;

/// The same block unpacked, with 32 bytes for each field (RFC 9113 section 6.5.2): two bytes of a block can stand for four
/// kilobytes of a table. Twice the length leaves room for Huffman's code and for the 32 bytes.
pub(crate) const LIST_BYTES_MAX: usize = 2 * BLOCK_BYTES_MAX;

/// What is read of one connection of HTTP/2 that the checker opened. Its rules cause a few kilobytes.
pub(crate) const HTTP2_BYTES_MAX: usize = 1 << 20;

/// What is kept of an answer of a server for the report.
pub(crate) const ANSWER_KEPT_BYTES_MAX: usize = 64 << 10;

/// What is kept of what was sent to a server, so that it can be sent again: more than the largest finite head.
pub(crate) const SENT_KEPT_BYTES_MAX: usize = 2 << 20;

/// A write to a server that moves nothing for this long is given up. Longer than the pauses of any delivery.
pub(crate) const STUCK_MAX: Duration = Duration::from_secs(70);

/// A server that went away in the middle of a check is waited for so long: supervisors start a dead one again within seconds.
pub(crate) const RETURN_MAX: Duration = Duration::from_secs(5);

/// One that went away and came back more often than this is judged no further.
pub(crate) const RETURNS_MAX: usize = 8;

/// What the client in front of a device reads of one connection: some tunnels carry megabytes.
pub(crate) const LINK_BYTES_MAX: usize = 4 << 20;

/// What the origin behind a device keeps of one connection, and of one stream of HTTP/2.
pub(crate) const ORIGIN_BYTES_MAX: usize = 1 << 20;

/// The origin closes a connection that is silent for so long: longer than any tunnel that a rule leaves quiet.
pub(crate) const ORIGIN_SILENCE_MAX: Duration = Duration::from_secs(15 * 60);

/// The streams of HTTP/2 that are open at a time on one connection to the origin, those with them whose script still runs although
/// they were reset; further ones are refused.
pub(crate) const ORIGIN_STREAMS_MAX: usize = 256;

/// The requests of its scripts that the origin keeps, the latest of them: a run causes a few hundred.
pub(crate) const ORIGIN_ARRIVALS_MAX: usize = 1024;

/// What is kept of what a client under test printed last.
pub(crate) const LAST_WORDS_BYTES_MAX: usize = 400;
