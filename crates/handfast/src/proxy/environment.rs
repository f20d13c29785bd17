//! Proxies from environment variables, read as curl does.

use super::Proxy;
use crate::Error;
use crate::client::uri::WsUri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the environment said when it was read.
#[derive(Clone)]
pub(crate) struct Environment {
    ws: Option<Setting>,
    wss: Option<Setting>,
    no_proxy: String,
}

/// A variable's name and its value, which may hold a password.
#[derive(Clone)]
struct Setting {
    variable: &'static str,
    value: String,
}

impl Environment {
    /// Reads the process's environment. Values that are no Unicode are passed over.
    pub(crate) fn read() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    /// An empty value is none. There is no `HTTP_PROXY`: in a CGI program it is what a client sent as the field `Proxy`.
    fn from(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |variable: &str| lookup(variable).filter(|value| !value.is_empty());
        let first = |variables: &[&'static str]| {
            variables.iter().find_map(|variable| Some(Setting { variable, value: value(variable)? }))
        };
        Self {
            ws: first(&["ws_proxy", "WS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"]),
            wss: first(&["wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: value("no_proxy").or_else(|| value("NO_PROXY")).unwrap_or_default(),
        }
    }

    /// The proxy for `uri`, if there is one.
    pub(crate) fn proxy_for(&self, uri: &WsUri) -> Result<Option<Proxy>, Error> {
        let setting = if uri.is_secure { &self.wss } else { &self.ws };
        match setting {
            Some(setting) if !is_exempt(&uri.host, &self.no_proxy) => {
                Proxy::parse(&setting.value, setting.variable).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// Whether `no_proxy` names this host: names by their end at a dot, addresses alone or as a network such as `10.0.0.0/8`,
/// and a single `*` for all.
fn is_exempt(host: &str, no_proxy: &str) -> bool {
    if no_proxy == "*" {
        return true;
    }
    let mut entries = no_proxy.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    match host.parse::<IpAddr>() {
        Ok(address) => entries.any(|entry| is_in_network(address, entry)),
        Err(_) => entries.any(|entry| is_in_domain(host, entry)),
    }
}

fn is_in_domain(host: &str, entry: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    let entry = entry.strip_prefix('.').unwrap_or(entry);
    let Some(at) = host.len().checked_sub(entry.len()).filter(|_| !entry.is_empty()) else { return false };
    let (before, end) = host.as_bytes().split_at(at);
    end.eq_ignore_ascii_case(entry.as_bytes()) && matches!(before.last(), None | Some(b'.'))
}

fn is_in_network(address: IpAddr, entry: &str) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => match bits.parse::<u32>() {
            Ok(bits) => (network, Some(bits)),
            Err(_) => return false,
        },
        None => (entry, None),
    };
    let network = network.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(network);
    // As one number of 128 bits, from the left.
    let (address, network, width) = match address {
        IpAddr::V4(address) => match network.parse::<Ipv4Addr>() {
            Ok(network) => (u128::from(u32::from(address)) << 96, u128::from(u32::from(network)) << 96, 32),
            Err(_) => return false,
        },
        IpAddr::V6(address) => match network.parse::<Ipv6Addr>() {
            Ok(network) => (u128::from(address), u128::from(network), 128),
            Err(_) => return false,
        },
    };
    let bits = bits.unwrap_or(width);
    let differing = (address ^ network).leading_zeros();
    bits <= width && differing >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)], uri: &str) -> Option<String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let uri = WsUri::parse(uri).unwrap();
        Environment::from(lookup).proxy_for(&uri).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn each_scheme_has_its_variables_and_the_first_that_is_set_counts() {
        let found = Some("http://p:1".to_owned());
        for variable in ["ws_proxy", "WS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"] {
            assert_eq!(proxy(&[(variable, "p:1")], "ws://a/"), found, "{variable}");
        }
        for variable in ["wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            assert_eq!(proxy(&[(variable, "p:1")], "wss://a/"), found, "{variable}");
        }
        let both = [("ALL_PROXY", "q:2"), ("http_proxy", "p:1"), ("https_proxy", "r:3")];
        assert_eq!(proxy(&both, "ws://a/"), found);
        assert_eq!(proxy(&[("http_proxy", ""), ("all_proxy", "p:1")], "ws://a/"), found);
        assert_eq!(proxy(&[("https_proxy", "p:1")], "ws://a/"), None);
        // The variable says which servers, its value how the proxy is reached.
        #[cfg(feature = "tls")]
        assert_eq!(proxy(&[("http_proxy", "https://p")], "ws://a/"), Some("https://p:443".to_owned()));
    }

    #[test]
    fn http_proxy_in_capitals_is_not_looked_at() {
        assert_eq!(proxy(&[("HTTP_PROXY", "p:1")], "ws://a/"), None);
        assert_eq!(proxy(&[("HTTP_PROXY", "p:1")], "wss://a/"), None);
    }

    #[test]
    fn an_unusable_value_is_told_with_its_variable_and_only_where_it_is_needed() {
        let lookup = |name: &str| (name == "https_proxy").then(|| "ftp://p:1".to_owned());
        let environment = Environment::from(lookup);
        assert!(environment.proxy_for(&WsUri::parse("ws://a").unwrap()).unwrap().is_none());
        let error = environment.proxy_for(&WsUri::parse("wss://a").unwrap()).unwrap_err();
        assert!(error.to_string().contains("https_proxy"), "{error}");
    }

    #[test]
    fn no_proxy_in_small_letters_counts_before_capitals() {
        let mut variables = vec![("all_proxy", "p:1"), ("NO_PROXY", "a.example")];
        assert_eq!(proxy(&variables, "ws://a.example"), None);
        variables.push(("no_proxy", "b.example"));
        assert!(proxy(&variables, "ws://a.example").is_some());
        assert_eq!(proxy(&variables, "ws://b.example"), None);
    }

    #[test]
    fn names_match_by_their_end_at_a_dot() {
        for no_proxy in [
            "example.com",
            ".example.com",
            "example.com.",
            "EXAMPLE.com",
            "x,example.com",
            "x example.com",
            "*",
        ] {
            assert!(is_exempt("example.com", no_proxy), "{no_proxy}");
            assert!(is_exempt("www.example.com", no_proxy), "{no_proxy}");
            assert!(is_exempt("www.example.com.", no_proxy), "{no_proxy}");
        }
        for no_proxy in
            ["", ",", ".", "www.example.com", "ample.com", "example.com:80", "*.example.com", "*,x"]
        {
            assert!(!is_exempt("example.com", no_proxy), "{no_proxy}");
        }
        assert!(!is_exempt("nonexample.com", "example.com"));
    }

    #[test]
    fn addresses_match_alone_or_by_their_network() {
        for no_proxy in
            ["192.168.1.7", "x, 192.168.0.0/16", "192.168.1.6/31", "0.0.0.0/0", "192.168.1.7/32", "*"]
        {
            assert!(is_exempt("192.168.1.7", no_proxy), "{no_proxy}");
        }
        for no_proxy in
            ["192.168.1.8", "1.7", "168.1.7", "192.169.0.0/16", "192.168.1.7/33", "192.168.1.7/x", "::/0"]
        {
            assert!(!is_exempt("192.168.1.7", no_proxy), "{no_proxy}");
        }
        for no_proxy in ["2001:db8::1", "[2001:db8::1]", "2001:db8::/32", "2001:db8:0:0::/33"] {
            assert!(is_exempt("2001:db8::1", no_proxy), "{no_proxy}");
        }
        for no_proxy in ["2001:db9::/32", "2001:db8::1/129", "2001:db8::2", "0.0.0.0/0"] {
            assert!(!is_exempt("2001:db8::1", no_proxy), "{no_proxy}");
        }
    }
}
