//! Which pages may open a WebSocket (RFC 6455 section 10.2, RFC 6454).

/// The server's view of `Origin`. A request without the field is let in by each: it does not come from a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OriginPolicy {
    /// Scheme-default ports applied, the origin's host and port equal the request's. The default.
    #[default]
    SameOrigin,
    /// Same origin, or one of these serialized origins, such as `https://app.example`, compared in full. `null` only if listed.
    Allow(Vec<String>),
    /// Any origin: right for public services without cookies, and only for them.
    Any,
}
