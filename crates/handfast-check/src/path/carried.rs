//! Whether the frames of an open tunnel came through as they were.

use crate::finding::Finding;

/// Judges what came of what was sent: at the origin, and at the client.
pub(crate) fn carried(at_origin: (&[u8], &[u8]), at_client: (&[u8], &[u8])) -> Finding {
    let directions = [
        ("client's frames did not reach the origin", at_origin),
        ("origin's frames did not reach the client", at_client),
    ];
    match directions.into_iter().find(|(_, (came, sent))| came != sent) {
        Some((words, (came, sent))) => {
            Finding::fail(format!("the {words} as they were: {} of {} bytes", came.len(), sent.len()))
        }
        None => Finding::pass("frames passed both ways, byte for byte"),
    }
}
