//! The catalogue of handshake rules: what `rules/*.toml` says, as data.

/// One rule of the opening handshake. All texts are sentences for people.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable and unique: role, slash, words, such as `server/key-length`.
    pub id: &'static str,
    /// How binding it is.
    pub level: Level,
    /// `h1`, `h2`, `h3` or `any`.
    pub transport: &'static str,
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
    /// All rules, ordered by file and place in it.
    pub fn all() -> &'static [Rule] {
        todo!()
    }

    /// The rule with this id.
    pub fn find(_id: &str) -> Option<&'static Rule> {
        todo!()
    }
}
