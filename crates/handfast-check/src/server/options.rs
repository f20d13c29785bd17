//! What a server check can be told.

use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::tls::Trust;

/// The options of one run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) timeout: Duration,
    pub(crate) quiet: Duration,
    pub(crate) rate: Option<u32>,
    pub(crate) parallel: usize,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) trust: Trust,
    pub(crate) resolve: Vec<SocketAddr>,
    pub(crate) only: Vec<String>,
    pub(crate) exclude: Vec<String>,
    pub(crate) subprotocols: Vec<String>,
    pub(crate) origin: Option<String>,
    pub(crate) public: bool,
    pub(crate) serves_every_path: bool,
    pub(crate) serves_every_host: bool,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) own_this_host: bool,
    pub(crate) slow: bool,
    pub(crate) http2: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            timeout: Duration::from_secs(10),
            quiet: Duration::from_secs(2),
            rate: None,
            parallel: 16,
            headers: Vec::new(),
            trust: Trust::Platform,
            resolve: Vec::new(),
            only: Vec::new(),
            exclude: Vec::new(),
            subprotocols: Vec::new(),
            origin: None,
            public: false,
            serves_every_path: false,
            serves_every_host: false,
            credentials: None,
            own_this_host: false,
            slow: false,
            http2: false,
        }
    }
}

/// Whether one of several selections takes this rule.
pub(crate) fn selects(selection: &[String], id: &str) -> bool {
    selection.iter().any(|entry| takes(entry, id))
}

/// Whether a selection takes this rule: its id, the beginning of ids up to a `-` or `/`, or a text with `*` at its end.
pub fn takes(entry: &str, id: &str) -> bool {
    let stem = entry.strip_suffix('*').unwrap_or(entry);
    id == entry
        || entry.ends_with('*') && id.starts_with(stem)
        || id
            .strip_prefix(stem)
            .is_some_and(|rest| stem.ends_with(['/', '-']) || rest.starts_with(['/', '-']))
}

#[cfg(test)]
mod tests {
    use super::selects;

    #[test]
    fn a_selection_takes_ids_prefixes_and_stars() {
        for entry in ["server/key-length", "server/key", "server/", "server/key*", "server"] {
            assert!(selects(&[entry.to_owned()], "server/key-length"), "{entry}");
        }
        for entry in ["server/ke", "client/", "server/key-len"] {
            assert!(!selects(&[entry.to_owned()], "server/key-length"), "{entry}");
        }
    }
}
