//! Any bytes behind the handshake, to either end.

use super::ends::{config, deflate_server, feed, small_limits};
use super::pair::{End, Pair};
use handfast_proto::deflate::DeflateOptions;

/// The first byte says how the rest is cut and whether compression was agreed; the rest goes to a server.
pub fn to_server(input: &[u8]) {
    let Some((&way, bytes)) = input.split_first() else { return };
    let config = || config(small_limits());
    each_cut(way, bytes, || match way & 1 {
        0 => End::server(config()),
        _ => deflate_server("permessage-deflate", DeflateOptions::with_context(), config())
            .expect("the plain offer is met"),
    });
}

/// The same to a client.
pub fn to_client(input: &[u8]) {
    let Some((&way, bytes)) = input.split_first() else { return };
    each_cut(way, bytes, || match way & 1 {
        0 => End::client(config(small_limits())),
        _ => {
            Pair::compressed(
                config(small_limits()),
                DeflateOptions::with_context(),
                DeflateOptions::with_context(),
                1,
            )
            .client
        }
    });
}

/// However the bytes are cut, the same is reported and written.
fn each_cut(way: u8, bytes: &[u8], end: impl Fn() -> End) {
    let limits = small_limits();
    let whole = feed(end(), bytes, usize::MAX, &limits);
    for step in [1, usize::from(way >> 1)] {
        assert_eq!(feed(end(), bytes, step, &limits), whole, "in pieces of {step} bytes");
    }
}
