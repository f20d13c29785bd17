//! How the server is reached, and who we say that we are.

use super::{Client, Route};
use crate::Error;
use crate::proxy::{Environment, Proxy};
use base64::Engine;
use handfast_proto::error::Misuse;
use std::net::IpAddr;
#[cfg(unix)]
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

impl Client {
    /// Sends `Authorization: Bearer` with this token (RFC 6750 section 2.1), instead of any other `Authorization`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a token that is empty or has other characters than letters, digits and `-._~+/=`.
    pub fn bearer(self, token: &str) -> Result<Self, Error> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        match !token.is_empty() && token.bytes().all(is_token) {
            true => self.authorization(&format!("Bearer {token}")),
            false => Err(Misuse::HeaderNotAllowed.into()),
        }
    }

    /// Sends `Authorization: Basic` with this user name and password (RFC 7617), instead of any other `Authorization`.
    /// They can also stand in the URI.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a colon in the user name, and for control characters.
    pub fn basic(self, user: &str, password: &str) -> Result<Self, Error> {
        match user.chars().chain(password.chars()).any(char::is_control) {
            true => Err(Misuse::HeaderNotAllowed.into()),
            false => self.basic_bytes(user.as_bytes(), password.as_bytes()),
        }
    }

    /// Sends a cookie, beside those that were added before (RFC 6265 section 4.2.1).
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] for a name that is no token, and for a value with blanks, quotes, commas, semicolons, backslashes
    /// or anything outside ASCII.
    pub fn cookie(self, name: &str, value: &str) -> Result<Self, Error> {
        let in_name = |byte: u8| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte);
        let in_value = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
        match !name.is_empty() && name.bytes().all(in_name) && value.bytes().all(in_value) {
            true => self.add_cookies(&format!("{name}={value}")),
            false => Err(Misuse::HeaderNotAllowed.into()),
        }
    }

    /// Goes through this proxy, whatever the environment says: `http://[user:password@]host:port` for HTTP's `CONNECT`
    /// (RFC 9110 section 9.3.6), `https://` for the same inside TLS with the proxy, `socks5://` for SOCKS5 (RFC 1928) with the server's name resolved here, `socks5h://` for
    /// SOCKS5 with the name resolved by the proxy. Without a scheme `http` is meant, and without a port 1080, for `https` 443, as in curl.
    /// `wss://` is encrypted inside the tunnel: the proxy cannot read it.
    ///
    /// User name and password are sent to the proxy at once (RFC 7617, RFC 1929), and to nobody else. They are
    /// encrypted on their way to an `https://` proxy only; [`Client::proxy_tls`] says which of those are trusted.
    ///
    /// # Errors
    ///
    /// [`Error::Proxy`] for a URI that cannot be used.
    pub fn proxy(mut self, uri: &str) -> Result<Self, Error> {
        self.route = Route::Proxy(Proxy::parse(uri, "as given")?);
        Ok(self)
    }

    /// Goes through the proxy that the environment names now, if it names one, as curl reads it: for `ws://` the first of
    /// `ws_proxy`, `http_proxy` and `all_proxy` that is set, for `wss://` of `wss_proxy`, `https_proxy` and `all_proxy`; each
    /// but `http_proxy` in capitals too. The values are those of [`Client::proxy`].
    ///
    /// `no_proxy` or `NO_PROXY` lists the hosts that are reached without one, with commas between them: a name stands for
    /// itself and all names that end with it behind a dot, an address for itself, `10.0.0.0/8` for a network, and `*`
    /// alone for everything.
    ///
    /// A value that cannot be used is an [`Error::Proxy`] of [`Client::connect`].
    #[must_use]
    pub fn proxy_from_env(mut self) -> Self {
        self.route = Route::Environment(Arc::new(Environment::read()));
        self
    }

    /// Connects to this Unix socket, and to no address or proxy. The URI's host still names the server in the request, and
    /// its certificate for `wss://`.
    #[cfg(unix)]
    #[must_use]
    pub fn unix(mut self, path: impl AsRef<Path>) -> Self {
        self.route = Route::Unix(path.as_ref().into());
        self
    }

    /// Connects from this address of ours. Addresses of the server (or proxy) of the other family are not tried then.
    #[must_use]
    pub fn local_address(mut self, address: IpAddr) -> Self {
        self.local = Some(address);
        self
    }

    /// Follows redirects (301, 302, 303, 307 and 308 with a `Location`), at most `max` of them and never more
    /// than [`Limits::redirects_max`](crate::Limits::redirects_max). 0, the default, follows none: browsers do not either.
    ///
    /// Each request is made anew, with a key of its own. `http` and `https` in a `Location` mean `ws` and `wss`; from `wss`
    /// to `ws` is never followed. Where scheme, host or port change, `Authorization` and `Cookie` are left out, from there
    /// to the end; all other fields are sent on, so put no secret into them. User name and password in a `Location` are
    /// not used. The proxy is chosen anew for each URI; a Unix socket stays.
    // rule: client/redirect-unsafe
    #[must_use]
    pub fn redirects(mut self, max: usize) -> Self {
        self.redirects_max = max;
        self
    }

    /// From the writing of the request to the end of the answer's head (10 s): sets
    /// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout).
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config).limits.handshake_timeout = timeout;
        self
    }

    pub(super) fn basic_bytes(self, user: &[u8], password: &[u8]) -> Result<Self, Error> {
        if user.contains(&b':') {
            return Err(Misuse::HeaderNotAllowed.into());
        }
        let pair = base64::prelude::BASE64_STANDARD.encode([user, b":".as_slice(), password].concat());
        self.authorization(&format!("Basic {pair}"))
    }

    /// How many redirects are followed.
    pub(super) fn redirects_max(&self) -> usize {
        self.redirects_max.min(self.config.limits.redirects_max)
    }

    fn authorization(mut self, value: &str) -> Result<Self, Error> {
        self.request = self.request.replace_field("Authorization", value)?;
        Ok(self)
    }

    pub(super) fn add_cookies(mut self, pairs: &str) -> Result<Self, Error> {
        let between = if self.cookies.is_empty() { "" } else { "; " };
        self.cookies.push_str(between);
        self.cookies.push_str(pairs);
        self.request = self.request.replace_field("Cookie", &self.cookies)?;
        Ok(self)
    }
}
