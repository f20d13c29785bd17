//! What a server check can be told.

use std::net::SocketAddr;
use std::time::Duration;

use crate::selection::Selection;
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
    pub(crate) rules: Selection,
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
            rules: Selection::default(),
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
