//! The four parameters of permessage-deflate (RFC 7692 section 7.1).

use super::NAME;
use crate::handshake::Extension;
use std::fmt;

/// What an endpoint wants of compression. It sends nothing by itself: give it to an
/// [`Answer`](crate::handshake::Answer) or a [`ClientRequest`](crate::handshake::ClientRequest).
///
/// Compression beside secrets is dangerous: where an attacker can put text into the same message as a secret, or, with
/// a kept context, into the same connection, the length of what is sent tells about the secret (CRIME, BREACH). That
/// is why it is off unless asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateOptions {
    /// How hard to compress: 1 (fast) to 9 (small).
    pub level: u8,
    /// Messages of fewer bytes are sent as they are.
    pub threshold_bytes: usize,
    /// Keep our window from message to message: smaller messages, but some 270 KiB a connection for ever.
    pub own_context: bool,
    /// Let the peer keep its window: then ours must remember it too, some 42 KiB a connection.
    pub peer_context: bool,
    /// Our window is 2 to the power of this many bytes: 9 to 15.
    pub own_window_bits: u8,
    /// The peer's window is at most 2 to the power of this many bytes: 9 to 15.
    pub peer_window_bits: u8,
}

impl Default for DeflateOptions {
    /// No context is kept: an idle connection costs no memory for compression.
    fn default() -> Self {
        Self {
            level: 1,
            threshold_bytes: 64,
            own_context: false,
            peer_context: false,
            own_window_bits: 15,
            peer_window_bits: 15,
        }
    }
}

impl DeflateOptions {
    /// Both sides keep their context where the peer agrees: the smallest messages, for the most memory.
    pub fn with_context() -> Self {
        Self { own_context: true, peer_context: true, ..Self::default() }
    }

    // rule: client/extension-offer-malformed
    /// What a client offers.
    pub(crate) fn offer(&self) -> Parameters {
        Parameters {
            server_no_context_takeover: !self.peer_context,
            client_no_context_takeover: !self.own_context,
            server_max_window_bits: (self.peer_bits() < 15).then_some(self.peer_bits()),
            client_max_window_bits: Some((self.own_bits() < 15).then_some(self.own_bits())),
        }
    }

    /// What a server answers to the first offer that it can meet, if there is one (RFC 7692 section 5).
    pub(crate) fn answer(&self, offers: &[Extension]) -> Option<(Parameters, Agreed)> {
        offers
            .iter()
            .filter(|offer| offer.name == NAME)
            .filter_map(|offer| Parameters::parse(offer).ok())
            .find_map(|offer| self.answer_one(&offer))
    }

    fn answer_one(&self, offer: &Parameters) -> Option<(Parameters, Agreed)> {
        // rule: server/deflate-server-bits-ignored
        // Raw deflate has no window of 8 bits, so an offer that demands one is declined.
        let own_bits = self.own_bits().min(offer.server_max_window_bits.unwrap_or(15));
        if own_bits < COMPRESS_BITS_MIN {
            return None;
        }
        // rule: server/deflate-client-bits-unoffered
        let peer_bits = match offer.client_max_window_bits {
            Some(hint) => self.peer_bits().min(hint.unwrap_or(15)),
            None => 15,
        };
        // rule: server/deflate-answer-malformed
        let answer = Parameters {
            // rule: server/deflate-server-takeover-ignored
            server_no_context_takeover: offer.server_no_context_takeover || !self.own_context,
            client_no_context_takeover: offer.client_no_context_takeover || !self.peer_context,
            server_max_window_bits: (own_bits < 15 || offer.server_max_window_bits.is_some())
                .then_some(own_bits),
            client_max_window_bits: (peer_bits < 15).then_some(Some(peer_bits)),
        };
        let agreed = Agreed {
            own_context: !answer.server_no_context_takeover,
            peer_context: !answer.client_no_context_takeover,
            own_window_bits: own_bits,
            peer_window_bits: peer_bits,
            level: self.level.clamp(1, 9),
            threshold_bytes: self.threshold_bytes,
        };
        Some((answer, agreed))
    }

    // rule: client/deflate-legal-answer-refused
    /// What a client makes of the server's answer to [`DeflateOptions::offer`].
    pub(crate) fn check(&self, answer: &Parameters) -> Result<Agreed, ParameterFault> {
        let offer = self.offer();
        if offer.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(ParameterFault::ServerTakeoverIgnored);
        }
        match (offer.server_max_window_bits, answer.server_max_window_bits) {
            (Some(wanted), Some(got)) if got > wanted => return Err(ParameterFault::ServerBitsIgnored),
            (Some(_), None) => return Err(ParameterFault::ServerBitsIgnored),
            _ => {}
        }
        let own_bits = match (offer.client_max_window_bits, answer.client_max_window_bits) {
            (_, None) => 15,
            (_, Some(None)) => return Err(ParameterFault::ValueMissing),
            (None, Some(Some(_))) => return Err(ParameterFault::ClientBitsUnoffered),
            (Some(_), Some(Some(bits))) => bits,
        };
        Ok(Agreed {
            own_context: self.own_context && !answer.client_no_context_takeover,
            peer_context: !answer.server_no_context_takeover,
            own_window_bits: own_bits.min(self.own_bits()),
            peer_window_bits: answer.server_max_window_bits.unwrap_or(15),
            level: self.level.clamp(1, 9),
            threshold_bytes: self.threshold_bytes,
        })
    }

    fn own_bits(&self) -> u8 {
        self.own_window_bits.clamp(COMPRESS_BITS_MIN, 15)
    }

    fn peer_bits(&self) -> u8 {
        self.peer_window_bits.clamp(COMPRESS_BITS_MIN, 15)
    }
}

/// The smallest window that raw deflate can be compressed with.
pub(super) const COMPRESS_BITS_MIN: u8 = 9;

/// The parameters of one offer, or of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The server forgets its window after each message (section 7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client does (section 7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The server's window is 2 to the power of at most this (section 7.1.2.1): 8 to 15.
    pub server_max_window_bits: Option<u8>,
    /// The client's is (section 7.1.2.2): 8 to 15, or, in an offer, there without a value.
    pub client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    // rule: server/deflate-parameter-unknown server/deflate-parameter-value server/deflate-parameter-duplicate
    /// Reads the parameters of an extension that is called [`NAME`].
    pub fn parse(extension: &Extension) -> Result<Self, ParameterFault> {
        let mut parameters = Self::default();
        let mut seen = [false; 4];
        for (name, value) in &extension.parameters {
            let value = value.as_deref();
            let (at, ()) = match name.as_str() {
                "server_no_context_takeover" => (0, parameters.server_no_context_takeover = flag(value)?),
                "client_no_context_takeover" => (1, parameters.client_no_context_takeover = flag(value)?),
                "server_max_window_bits" => (
                    2,
                    parameters.server_max_window_bits =
                        Some(bits(value.ok_or(ParameterFault::ValueMissing)?)?),
                ),
                "client_max_window_bits" => {
                    (3, parameters.client_max_window_bits = Some(value.map(bits).transpose()?))
                }
                _ => return Err(ParameterFault::Unknown),
            };
            if std::mem::replace(&mut seen[at], true) {
                return Err(ParameterFault::Repeated);
            }
        }
        Ok(parameters)
    }
}

fn flag(value: Option<&str>) -> Result<bool, ParameterFault> {
    value.map_or(Ok(true), |_| Err(ParameterFault::ValueUnexpected))
}

/// 8 to 15 in decimal without leading zeros.
fn bits(value: &str) -> Result<u8, ParameterFault> {
    match value.as_bytes() {
        [digit @ b'8'..=b'9'] => Ok(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Ok(10 + digit - b'0'),
        _ => Err(ParameterFault::Value),
    }
}

impl fmt::Display for Parameters {
    /// The element as it stands in `Sec-WebSocket-Extensions`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; server_max_window_bits={bits}")?;
        }
        match self.client_max_window_bits {
            None => Ok(()),
            Some(None) => f.write_str("; client_max_window_bits"),
            Some(Some(bits)) => write!(f, "; client_max_window_bits={bits}"),
        }
    }
}

/// What is wrong with the parameters of an offer or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterFault {
    /// A parameter that RFC 7692 does not define.
    Unknown,
    /// A parameter that stands twice.
    Repeated,
    /// Window bits that are not 8 to 15 in decimal without leading zeros.
    Value,
    /// A parameter without the value it needs.
    ValueMissing,
    /// A value on a parameter that takes none.
    ValueUnexpected,
    /// An answer with `client_max_window_bits`, which was not offered.
    ClientBitsUnoffered,
    /// An answer without the `server_max_window_bits` that was asked for, or with a larger one.
    ServerBitsIgnored,
    /// An answer without the `server_no_context_takeover` that was asked for.
    ServerTakeoverIgnored,
}

impl fmt::Display for ParameterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "it has a parameter that RFC 7692 does not define",
            Self::Repeated => "it has a parameter twice",
            Self::Value => "its window bits are not a number from 8 to 15 without leading zeros",
            Self::ValueMissing => "it has a parameter without the value it needs",
            Self::ValueUnexpected => "it has a value on a parameter that takes none",
            Self::ClientBitsUnoffered => "it has client_max_window_bits, which was not offered",
            Self::ServerBitsIgnored => {
                "it lacks the server_max_window_bits that was asked for, or has a larger one"
            }
            Self::ServerTakeoverIgnored => "it lacks the server_no_context_takeover that was asked for",
        })
    }
}

/// What both sides agreed to, seen from this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Our window goes on from message to message.
    pub own_context: bool,
    /// The peer's does.
    pub peer_context: bool,
    /// Our window is 2 to the power of this: 8 to 15. With 8, which raw deflate cannot do, we send uncompressed.
    pub own_window_bits: u8,
    /// The peer's window is: 8 to 15.
    pub peer_window_bits: u8,
    /// As in [`DeflateOptions::level`].
    pub level: u8,
    /// As in [`DeflateOptions::threshold_bytes`].
    pub threshold_bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(parameters: &[(&str, Option<&str>)]) -> Extension {
        let owned = |text: &str| text.to_owned();
        let parameters = parameters.iter().map(|(name, value)| (owned(name), value.map(owned))).collect();
        Extension { name: owned(NAME), parameters }
    }

    fn answered(options: &DeflateOptions, offers: &[Extension]) -> Option<String> {
        options.answer(offers).map(|(answer, _)| answer.to_string())
    }

    #[test]
    fn a_demand_for_a_small_server_window_is_met_and_for_8_bits_declined() {
        // rule: server/deflate-server-bits-ignored
        let options = DeflateOptions::with_context();
        for (bits, wanted) in [
            ("8", None),
            ("9", Some("permessage-deflate; server_max_window_bits=9")),
            ("10", Some("permessage-deflate; server_max_window_bits=10")),
            ("15", Some("permessage-deflate; server_max_window_bits=15")),
        ] {
            let offer = offer(&[("server_max_window_bits", Some(bits))]);
            assert_eq!(answered(&options, &[offer]).as_deref(), wanted);
        }
    }

    #[test]
    fn server_no_context_takeover_is_confirmed() {
        // rule: server/deflate-server-takeover-ignored
        let offer = offer(&[("server_no_context_takeover", None)]);
        let (answer, agreed) = DeflateOptions::with_context().answer(&[offer]).unwrap();
        assert_eq!(answer.to_string(), "permessage-deflate; server_no_context_takeover");
        assert!(!agreed.own_context && agreed.peer_context);
    }

    #[test]
    fn client_bits_are_answered_only_where_offered_and_never_above_the_hint() {
        // rule: server/deflate-client-bits-unoffered
        let options = DeflateOptions { peer_window_bits: 12, ..DeflateOptions::with_context() };
        assert_eq!(answered(&options, &[offer(&[])]).unwrap(), "permessage-deflate");
        let valueless = offer(&[("client_max_window_bits", None)]);
        assert_eq!(
            answered(&options, &[valueless]).unwrap(),
            "permessage-deflate; client_max_window_bits=12"
        );
        let hint = offer(&[("client_max_window_bits", Some("10"))]);
        assert_eq!(answered(&options, &[hint]).unwrap(), "permessage-deflate; client_max_window_bits=10");
    }

    #[test]
    fn offers_with_unknown_repeated_or_bad_parameters_are_declined_and_the_next_is_tried() {
        // rule: server/deflate-parameter-unknown
        // rule: server/deflate-parameter-value
        // rule: server/deflate-parameter-duplicate
        // rule: server/deflate-fallback-ignored
        let bits = |value| vec![("server_max_window_bits", Some(value))];
        let mut bad: Vec<Vec<(&str, Option<&str>)>> =
            ["none", "7", "16", "0", "08", "010", "-8", "+10", "0xA", "10.0", "99999999999999999999", ""]
                .map(bits)
                .to_vec();
        bad.extend([
            vec![("foo", None)],
            vec![("client_max_window_bits", None), ("foo", Some("bar"))],
            vec![("server_max_window_bits", None)],
            vec![("client_max_window_bits", Some("7"))],
            vec![("client_max_window_bits", Some("16"))],
            vec![("client_max_window_bits", Some("08"))],
            vec![("server_no_context_takeover", Some("1"))],
            vec![("client_no_context_takeover", Some("1"))],
            vec![("server_max_window_bits", Some("10")), ("server_max_window_bits", Some("10"))],
            vec![("server_max_window_bits", Some("10")), ("server_max_window_bits", Some("12"))],
            vec![("server_no_context_takeover", None), ("server_no_context_takeover", None)],
            vec![("Server_No_Context_Takeover", None)],
        ]);
        let options = DeflateOptions::with_context();
        for parameters in bad {
            let bad = offer(&parameters);
            assert_eq!(answered(&options, std::slice::from_ref(&bad)), None, "{parameters:?}");
            assert_eq!(answered(&options, &[bad, offer(&[])]).unwrap(), "permessage-deflate");
        }
    }

    #[test]
    fn an_answer_that_ignores_or_exceeds_the_offer_is_a_fault() {
        // rule: client/deflate-unasked-limit-opens
        // rule: client/deflate-answer-parameter-opens
        let small = DeflateOptions { peer_window_bits: 10, ..DeflateOptions::with_context() };
        let answer = |parameters: &[_]| Parameters::parse(&offer(parameters)).unwrap();
        assert_eq!(small.check(&answer(&[])), Err(ParameterFault::ServerBitsIgnored));
        let larger = answer(&[("server_max_window_bits", Some("12"))]);
        assert_eq!(small.check(&larger), Err(ParameterFault::ServerBitsIgnored));
        let forgetful = DeflateOptions { peer_context: false, ..DeflateOptions::with_context() };
        assert_eq!(forgetful.check(&answer(&[])), Err(ParameterFault::ServerTakeoverIgnored));
        let valueless = answer(&[("client_max_window_bits", None)]);
        assert_eq!(DeflateOptions::with_context().check(&valueless), Err(ParameterFault::ValueMissing));
    }

    #[test]
    fn legal_answers_are_understood() {
        // rule: client/deflate-legal-answer-refused
        let options = DeflateOptions::with_context();
        let check =
            |parameters: &[_]| options.check(&Parameters::parse(&offer(parameters)).unwrap()).unwrap();
        assert!(!check(&[("client_no_context_takeover", None)]).own_context);
        assert_eq!(check(&[("client_max_window_bits", Some("9"))]).own_window_bits, 9);
        let theirs = check(&[("server_no_context_takeover", None), ("server_max_window_bits", Some("12"))]);
        assert_eq!((theirs.peer_context, theirs.peer_window_bits), (false, 12));
    }

    #[test]
    fn what_is_offered_is_well_formed() {
        // rule: client/extension-offer-malformed
        for (options, wanted) in [
            (DeflateOptions::with_context(), "permessage-deflate; client_max_window_bits"),
            (
                DeflateOptions { own_window_bits: 10, peer_window_bits: 9, ..DeflateOptions::default() },
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=9; client_max_window_bits=10",
            ),
        ] {
            assert_eq!(options.offer().to_string(), wanted);
        }
    }
}
