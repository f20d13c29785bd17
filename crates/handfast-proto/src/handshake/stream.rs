//! What HTTP/2 and HTTP/3 change about a request (RFC 8441 sections 4 and 5, RFC 9113 section 8, RFC 9220).

use super::authority::HostPort;
use super::examine::Examiner;
use super::list::members;
use crate::error::{Excerpt, PseudoField, RequestFault};

/// The pseudo-header fields of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) scheme: Option<&'a [u8]>,
    pub(crate) authority: Option<&'a [u8]>,
    /// `:path`, empty where it is missing.
    pub(crate) target: &'a [u8],
    pub(crate) protocol: Option<&'a [u8]>,
}

// rule: server/h2-connection-fields
/// Whether this field is about the connection, and so must not stand in a message of a stream (RFC 9113 section 8.2.2).
pub(crate) fn is_of_connection(name: &[u8], value: &[u8]) -> bool {
    const NAMES: [&[u8]; 5] =
        [b"connection", b"upgrade", b"keep-alive", b"proxy-connection", b"transfer-encoding"];
    NAMES.iter().any(|other| name.eq_ignore_ascii_case(other))
        || (name.eq_ignore_ascii_case(b"te")
            && members(value).any(|member| !member.eq_ignore_ascii_case(b"trailers")))
}

impl<'a> Examiner<'a> {
    /// Judges what stands for a request line; whether a WebSocket is asked for at all.
    pub(super) fn judge_pseudo_fields(&mut self, stream: &Stream<'a>) -> bool {
        let shown = Excerpt::new(stream.method);
        let mut asks = true;
        match stream.protocol {
            None => self.faults.push(RequestFault::ProtocolMissing(shown)),
            Some(_) if stream.method != b"CONNECT" => {
                self.faults.push(RequestFault::ProtocolMisplaced(shown))
            }
            Some(protocol) if !protocol.eq_ignore_ascii_case(b"websocket") => {
                self.faults.push(RequestFault::ProtocolUnknown(Excerpt::new(protocol)));
                asks = false;
            }
            Some(_) => {}
        }
        let known =
            |scheme: &[u8]| [&b"http"[..], b"https"].iter().any(|one| scheme.eq_ignore_ascii_case(one));
        match stream.scheme {
            None | Some(b"") => self.missing(PseudoField::Scheme),
            Some(scheme) if !known(scheme) => {
                self.faults.push(RequestFault::SchemeUnknown(Excerpt::new(scheme)));
            }
            Some(_) => {}
        }
        if stream.authority.is_none_or(<[u8]>::is_empty) {
            self.missing(PseudoField::Authority);
        }
        if stream.target.is_empty() {
            self.missing(PseudoField::Path);
        }
        asks
    }

    fn missing(&mut self, field: PseudoField) {
        self.faults.push(RequestFault::PseudoFieldMissing(field));
    }

    // rule: server/h2-authority-tunnel
    /// Judges `:authority`, which names a host of this server and is never dialled, and the `Host` that may stand beside it. That `:authority` is there is judged elsewhere.
    pub(super) fn judge_authority(&mut self, stream: &Stream<'a>) {
        let Some(authority) = stream.authority.filter(|authority| !authority.is_empty()) else { return };
        let asked = HostPort::parse(authority);
        if asked.is_none() {
            self.faults.push(RequestFault::HostInvalid(Excerpt::new(authority)));
        }
        let default =
            if stream.scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"http")) { 80 } else { 443 };
        let place = |place: HostPort<'_>| (place.host.to_ascii_lowercase(), place.port.unwrap_or(default));
        match self.host.lines {
            0 => {}
            1 => {
                let host = HostPort::parse(self.host.first);
                if asked.is_some() && host.map(place) != asked.map(place) {
                    self.faults.push(RequestFault::HostConflict(Excerpt::new(self.host.first)));
                }
            }
            lines => self.faults.push(RequestFault::HostDuplicate { lines }),
        }
        self.judge_known_host();
    }
}
