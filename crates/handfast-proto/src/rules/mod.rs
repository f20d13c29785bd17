//! The catalogue of handshake rules: what `rules/*.toml` says, as data.
//!
//! [`table`] is written from those files by `cargo xtask rules`; each rule is a static of its own there,
//! so that code which enforces a rule names it: [`table::SERVER_KEY_LENGTH`].

pub mod table;

/// One rule of the opening handshake. All texts are sentences for people.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable and unique: role, slash, words, such as `server/key-length`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// `h1`, `h2`, `h3` or `any`.
    pub transport: &'static str,
    /// A second transport that the rule holds for: `h3` beside a `transport` of `h2`, otherwise none.
    pub also: Option<&'static str>,
    /// Where it stands, such as `RFC 6455 section 4.2.1 item 5`.
    pub source: &'static str,
    /// The rule in a few words.
    pub title: &'static str,
    /// The rule in a sentence.
    pub rule: &'static str,
    /// What goes wrong without it.
    pub why: &'static str,
    /// What to change in an implementation that breaks it.
    pub fix: &'static str,
    /// What a probe sends.
    pub stimulus: &'static str,
    /// Which reactions are right.
    pub pass: &'static str,
    /// Which reactions are wrong.
    pub fail: &'static str,
    /// What else is known, such as who breaks it.
    pub note: Option<&'static str>,
}

/// The words in capitals that the catalogue's probes use, each with its meaning.
pub const WORDS: [(&str, &str); 12] = [
    (
        "BASE",
        "a request that keeps every rule: GET, HTTP/1.1, Host, Upgrade, Connection, a fresh key, version 13",
    ),
    ("BASE2", "a right extended CONNECT over HTTP/2 or HTTP/3, after the peer has announced it"),
    ("GOOD", "an answer that keeps every rule: 101, Upgrade, Connection, the right accept value"),
    ("ACCEPTED", "101 with the right accept value, and the WebSocket works"),
    ("REFUSED", "no 101, but a final answer of 400 or above; over HTTP/2 and HTTP/3 also a stream error"),
    ("NOT 101", "any final answer but 101, or a close"),
    ("OPENED", "a 2xx answer over HTTP/2 or HTTP/3, and the WebSocket works"),
    ("OPENS", "the client reports an open WebSocket, or sends data"),
    ("FAILS", "the client reports an error, sends no data, and closes the connection"),
    ("TUNNEL", "frames pass through the intermediary unchanged in both directions"),
    ("EXT", "the field Sec-WebSocket-Extensions"),
    ("PMD", "the extension permessage-deflate"),
];

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A standard demands it.
    Must,
    /// A standard recommends it.
    Should,
    /// A standard allows it under conditions.
    May,
    /// The standards are silent or split; this is what handfast chose.
    Practice,
}

impl Rule {
    /// All rules, ordered by the name of their file and their place in it.
    pub fn all() -> impl ExactSizeIterator<Item = &'static Rule> + Clone {
        table::ALL.iter().copied()
    }

    /// The rule with this id, compared byte by byte; none if the catalogue has no such rule.
    pub fn find(id: &str) -> Option<&'static Rule> {
        Self::all().find(|rule| rule.id == id)
    }

    /// Whether the rule holds for this transport (`h1`, `h2` or `h3`). A rule of transport `any` holds for all.
    pub fn applies_to(&self, transport: &str) -> bool {
        self.transport == "any" || self.transport == transport || self.also == Some(transport)
    }

    /// Whether the probe of the rule uses this word of [`WORDS`].
    pub fn speaks_of(&self, word: &str) -> bool {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '-';
        [self.stimulus, self.pass, self.fail].iter().any(|text| {
            text.match_indices(word).any(|(place, _)| {
                let (before, behind) = (&text[..place], &text[place + word.len()..]);
                !before.ends_with(is_part) && !behind.starts_with(is_part)
            })
        })
    }
}

impl Level {
    /// The word that the catalogue uses: `must`, `should`, `may` or `practice`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
            Level::Practice => "practice",
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_has_217_rules() {
        assert_eq!(Rule::all().len(), 217);
    }

    #[test]
    fn ids_are_unique() {
        let ids: HashSet<_> = Rule::all().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), Rule::all().len());
    }

    #[test]
    fn every_rule_is_found_by_its_id() {
        for rule in Rule::all() {
            assert!(Rule::find(rule.id).is_some_and(|found| std::ptr::eq(found, rule)), "{}", rule.id);
        }
    }

    #[test]
    fn unknown_ids_are_not_found() {
        for id in ["", "server", "server/", "server/key-lengt", "server/key-length ", "Server/key-length"] {
            assert_eq!(Rule::find(id), None, "{id:?}");
        }
    }

    #[test]
    fn a_rule_of_http_2_may_also_hold_for_http_3_and_never_for_http_1_1() {
        let shared: Vec<_> = Rule::all().filter(|rule| rule.also.is_some()).collect();
        assert_eq!(shared.len(), 18);
        for rule in shared {
            assert!(rule.applies_to("h2") && rule.applies_to("h3") && !rule.applies_to("h1"), "{}", rule.id);
        }
    }

    #[test]
    fn a_record_carries_the_words_of_its_file() {
        let rule = &table::SERVER_METHOD_NOT_GET;
        assert_eq!(rule.id, "server/method-not-get");
        assert_eq!((rule.level, rule.transport), (Level::Must, "h1"));
        assert_eq!(rule.title, "Only GET can open a WebSocket over HTTP/1.1");
    }
}
