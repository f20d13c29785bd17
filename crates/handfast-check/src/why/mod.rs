//! From an error text to its likely causes: the dictionary of messages and symptoms, which is data.

use std::sync::OnceLock;

use serde::Deserialize;

/// A situation that error texts point to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    /// Short and stable, such as `upgrade-missing`.
    pub id: String,
    /// What is the case, in a sentence.
    pub title: String,
    /// Texts that clients and servers print for it, in lower case.
    pub messages: Vec<String>,
    /// The server rules that tell the causes apart when they are probed: selections as [`crate::ServerCheck::only`] takes them.
    pub rules: Vec<String>,
    /// The likely causes, the likeliest first.
    #[serde(rename = "cause")]
    pub causes: Vec<Cause>,
}

/// A likely cause.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What is wrong.
    pub cause: String,
    /// What tells it from the others.
    pub probe: String,
    /// What to change.
    pub fix: String,
}

#[derive(Deserialize)]
struct Dictionary {
    situation: Vec<Situation>,
}

/// Every situation of the dictionary.
pub fn situations() -> &'static [Situation] {
    static ALL: OnceLock<Vec<Situation>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../../data/why.toml");
        toml::from_str::<Dictionary>(text).expect("a test reads the dictionary").situation
    })
}

/// The situations that this error text points to, the best first; none where the dictionary does not know it. The text may
/// hold anything around the message: a URL, a stack trace, a log line.
pub fn why(text: &str) -> Vec<&'static Situation> {
    let text = normal(text);
    let mut found: Vec<(usize, &Situation)> = situations()
        .iter()
        .filter_map(|situation| {
            let longest =
                situation.messages.iter().filter(|message| has(&text, message)).map(String::len).max()?;
            Some((longest, situation))
        })
        .collect();
    found.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    found.into_iter().map(|(_, situation)| situation).collect()
}

/// Lower case, straight quotes, single blanks.
fn normal(text: &str) -> String {
    let text = text
        .replace(['\u{2018}', '\u{2019}', '`'], "'")
        .replace(['\u{201C}', '\u{201D}'], "\"")
        .to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The message stands in the text, and a number at its end is not part of a longer one.
fn has(text: &str, message: &str) -> bool {
    let numeric =
        message.bytes().last().is_some_and(|byte| byte.is_ascii_digit()) && !message.ends_with("52");
    text.match_indices(message).any(|(at, _)| {
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = text.as_bytes();
        let longer = digit(bytes.get(at + message.len())) || at > 0 && digit(bytes.get(at - 1));
        !(numeric && longer)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use handfast_proto::rules::Rule;

    use super::*;

    #[test]
    fn the_dictionary_is_well_formed_and_its_rules_exist() {
        let mut ids = HashSet::new();
        for situation in situations() {
            assert!(ids.insert(&situation.id), "{} stands twice", situation.id);
            assert!(!situation.messages.is_empty() && !situation.causes.is_empty(), "{}", situation.id);
            for message in &situation.messages {
                assert_eq!(*message, normal(message), "{}", situation.id);
            }
            for rule in &situation.rules {
                assert!(Rule::all().any(|known| known.id.starts_with(rule.as_str())), "{rule}");
            }
        }
    }

    #[test]
    fn every_message_leads_to_its_situation() {
        for situation in situations() {
            for message in &situation.messages {
                assert!(why(message).iter().any(|found| found.id == situation.id), "{message}");
            }
        }
    }

    #[test]
    fn a_missing_upgrade_field_names_the_proxy_and_its_fix() {
        let found = why("Error during WebSocket handshake: 'Upgrade' header is missing");
        assert_eq!(found[0].id, "upgrade-missing");
        assert!(
            found[0].causes[0].cause.contains("proxy") && found[0].causes[0].fix.contains("proxy_set_header")
        );
    }

    #[test]
    fn texts_of_many_clients_are_known() {
        for (text, id) in [
            (
                "WebSocket connection to 'ws://a/' failed: Error during WebSocket handshake: Unexpected response code: 200",
                "status-200",
            ),
            ("Firefox can\u{2019}t establish a connection to the server at ws://a/.", "firefox"),
            (
                "websockets.exceptions.InvalidStatus: server rejected WebSocket connection: HTTP 403",
                "status-403",
            ),
            ("WebSocket protocol error: Key mismatch in \"Sec-WebSocket-Accept\" header", "accept-wrong"),
            ("Error: Server sent no subprotocol", "subprotocol-none"),
            ("websocket: bad handshake", "bad-handshake"),
            ("Error: Unexpected server response: 426", "status-426"),
            ("connect ECONNREFUSED ::1:8080", "refused-connection"),
            ("RangeError: Invalid WebSocket frame: MASK must be set", "unmasked-client-frame"),
            ("Invalid WebSocket frame: MASK must be clear", "masked-server-frame"),
            ("Error: getaddrinfo ENOTFOUND foo", "name-unknown"),
            ("dial tcp: lookup foo: no such host", "name-unknown"),
            ("Error: read ECONNRESET", "no-answer"),
            (
                "upstream prematurely closed connection while reading response header from upstream",
                "no-answer",
            ),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "certificate",
            ),
            ("Error: unable to verify the first certificate", "certificate"),
        ] {
            assert_eq!(why(text).first().map(|found| found.id.as_str()), Some(id), "{text}");
        }
    }

    #[test]
    fn unknown_texts_lead_nowhere() {
        assert!(why("the cat sat on the mat").is_empty());
        assert!(why("took 41006 ms").is_empty());
    }
}
