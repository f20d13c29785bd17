//! Every bound of what the playground keeps and waits for, and of what `serve` tells, in one table. Those of the protocol are
//! [`Limits`](handfast_proto::Limits), and hold here too.

use std::time::Duration;

/// Entries of each kind that are kept: handshakes with their frames, plays of wrong servers, caches. The oldest makes room.
pub const ENTRIES_MAX: usize = 64;

/// How long an entry is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(600);

/// Bytes of one recorded conversation, both directions together, after the request's head (128 KiB). The conversation goes
/// on beyond it, without being recorded.
pub const RECORDED_BYTES_MAX: usize = 128 << 10;

/// Pieces of one recorded conversation: reads and writes, both directions together.
pub const RECORDED_PIECES_MAX: usize = 2048;

/// Bytes of a wrong server's answer that are kept (4 KiB); the longest that is sent has no end.
pub const ANSWER_BYTES_MAX: usize = 4 << 10;

/// How long a wrong server waits for a client's reaction, six times as long where it answers nothing.
pub const REACTION_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a malformed frame may stay without a reaction, before the server closes.
pub const FRAME_TIMEOUT: Duration = Duration::from_secs(1);

/// What is told of one judgement of frames: messages, pings, pongs and the end.
pub const EVENTS_MAX: usize = 256;

/// Answers of wrong servers that are played at the same time, in all threads.
pub const PLAYS_MAX: usize = 32;

/// How long a probe of this server waits for one answer.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Refusals that are told on standard error in a second, each in a line; the others are counted.
pub const REFUSALS_A_SECOND_MAX: usize = 10;

/// Such lines that wait to be written where nobody reads standard error; the others are counted.
pub const REFUSALS_WAITING_MAX: usize = 64;

/// Bytes of a refused request's first line that are told.
pub const REFUSED_TARGET_BYTES_MAX: usize = 120;
