//! The bodies of the fuzz targets. `fuzz/` runs them under libFuzzer, and `corpus.rs` replays the inputs that are kept.

#![allow(dead_code, reason = "each fuzz binary runs one target")]

pub mod deflate;
pub mod extensions;
pub mod frames;
pub mod heads;
pub mod pair_of_ends;
pub mod pieces;
pub mod words;

mod ends;
#[path = "../pair/mod.rs"]
mod pair;

/// Panics where an invariant does not hold for this input.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its binary and of its corpus.
pub const TARGETS: [(&str, Target); 11] = [
    ("close_payload", words::close_payload),
    ("deflate_round_trip", deflate::round_trip),
    ("extensions", extensions::offer_and_answer),
    ("frames_to_client", frames::to_client),
    ("frames_to_server", frames::to_server),
    ("inflate", deflate::inflate),
    ("key", words::key),
    ("pair", pair_of_ends::run),
    ("pieces", pieces::to_server),
    ("request_head", heads::request),
    ("response_head", heads::response),
];
