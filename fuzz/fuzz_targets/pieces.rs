#![no_main]

#[path = "../../crates/handfast-proto/tests/fuzz_targets/mod.rs"]
mod fuzz_targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::pieces::to_server(input));
