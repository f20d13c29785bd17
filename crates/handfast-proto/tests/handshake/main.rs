//! The opening handshake, rule by rule: each test names the rules that it holds.

mod answers;
mod client_answer;
mod client_request;
mod mutations;
mod probe;
mod server_answer;
mod server_fields;
mod server_head;
mod server_key;
mod streams;
mod vectors;
