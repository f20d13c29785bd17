//! `handfast explain`: the catalogue of rules, for people.

use crate::args::ExplainArgs;
use crate::exit::{Exit, Failure};
use crate::output::{self, Stream, Tone};
use handfast_proto::rules::{Rule, WORDS};

/// Runs the command. A rule's id, with or without its role, shows the record; other text is searched for; when nothing
/// is found, the nearest ids are named and the command exits with [`Exit::Refused`].
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let wanted = args.text.join(" ");
    let named = by_id(&wanted);
    if !named.is_empty() {
        for (place, rule) in named.iter().enumerate() {
            if place > 0 {
                output::data("")?;
            }
            output::data(&record(rule, output::columns()))?;
        }
        return Ok(Exit::Fine);
    }
    let found = by_text(&wanted);
    if found.is_empty() {
        let near: Vec<_> = near_ids(&wanted).iter().map(|id| format!("\n  {id}")).collect();
        let hint = if near.is_empty() { String::new() } else { format!(" Near ids are:{}", near.concat()) };
        let wanted = crate::escape::text(&wanted);
        return Err(Failure::new(
            Exit::Refused,
            format!("no rule is called or mentions \"{wanted}\".{hint}"),
        ));
    }
    let width = found.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    for rule in found {
        let id = output::paint(Stream::Data, Tone::Strong, &format!("{:<width$}", rule.id));
        let level = output::paint(Stream::Data, Tone::Dim, &format!("{:<8}", rule.level.as_str()));
        output::data(&format!("{id}  {level}  {}", rule.title))?;
    }
    Ok(Exit::Fine)
}

fn by_id(wanted: &str) -> Vec<&'static Rule> {
    let wanted = wanted.trim().to_ascii_lowercase();
    let is_named = |rule: &&'static Rule| {
        rule.id == wanted || rule.id.split_once('/').is_some_and(|(_, name)| name == wanted)
    };
    Rule::all().filter(is_named).collect()
}

/// Rules that have every word of `wanted` somewhere; those with all of them in id or title come first.
fn by_text(wanted: &str) -> Vec<&'static Rule> {
    let words: Vec<String> = wanted.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Rule::all().collect();
    }
    let has_all = |text: &str| {
        let text = text.to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let (mut first, mut then) = (Vec::new(), Vec::new());
    for rule in Rule::all() {
        let head = format!("{} {}", rule.id, rule.title);
        if has_all(&head) {
            first.push(rule);
        } else if has_all(
            &[&head, rule.rule, rule.why, rule.fix, rule.source, rule.note.unwrap_or_default()].join(" "),
        ) {
            then.push(rule);
        }
    }
    first.append(&mut then);
    first
}

/// At most five ids, nearest first, by spelling.
pub fn near_ids(wanted: &str) -> Vec<&'static str> {
    let wanted = wanted.to_ascii_lowercase();
    let likeness = |id: &str| {
        let name = id.split_once('/').map_or(id, |(_, name)| name);
        f64::max(
            strsim::normalized_damerau_levenshtein(&wanted, id),
            strsim::normalized_damerau_levenshtein(&wanted, name),
        )
    };
    let mut ids: Vec<_> = Rule::all().map(|rule| (likeness(rule.id), rule.id)).collect();
    ids.retain(|(likeness, _)| *likeness >= 0.45);
    ids.sort_by(|one, other| other.0.total_cmp(&one.0));
    ids.into_iter().take(5).map(|(_, id)| id).collect()
}

fn record(rule: &Rule, columns: usize) -> String {
    let strong = |text: &str| output::paint(Stream::Data, Tone::Strong, text);
    let dim = |text: &str| output::paint(Stream::Data, Tone::Dim, text);
    let transport = match (rule.transport, rule.also) {
        ("h1", _) => "over HTTP/1.1",
        ("h2", None) => "over HTTP/2",
        ("h2", Some(_)) => "over HTTP/2 and HTTP/3",
        ("h3", _) => "over HTTP/3",
        _ => "over every HTTP version",
    };
    let mut lines =
        vec![format!("{}  {}", strong(rule.id), dim(&format!("{}, {transport}", rule.level.as_str())))];
    lines.extend(wrap(rule.title, columns, "").iter().map(|line| strong(line)));
    lines.push(String::new());
    let rows = [
        ("Rule", rule.rule),
        ("Source", rule.source),
        ("Why", rule.why),
        ("Fix", rule.fix),
        ("Probe", rule.stimulus),
        ("Right", rule.pass),
        ("Wrong", rule.fail),
        ("Note", rule.note.unwrap_or_default()),
    ];
    for (label, text) in rows.into_iter().filter(|(_, text)| !text.is_empty()) {
        let indent = " ".repeat(INDENT);
        for (place, line) in wrap(text, columns, &indent).into_iter().enumerate() {
            match place {
                0 => lines.push(format!("  {}{}", dim(&format!("{label:<9}")), &line[INDENT..])),
                _ => lines.push(line),
            }
        }
    }
    let words: Vec<_> = WORDS.iter().filter(|(word, _)| rule.speaks_of(word)).collect();
    if !words.is_empty() {
        lines.push(String::new());
    }
    for (word, meaning) in words {
        let meaning = wrap(meaning, columns, &" ".repeat(INDENT));
        lines.push(format!("  {}{}", dim(&format!("{word:<9}")), &meaning[0][INDENT..]));
        lines.extend_from_slice(&meaning[1..]);
    }
    lines.join("\n")
}

/// Breaks `text` between words into lines of at most `columns` characters, each begun with `indent`.
fn wrap(text: &str, columns: usize, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    for word in text.split_whitespace() {
        let is_begin = line.len() == indent.len();
        if !is_begin && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, format!("{indent}{word}")));
            continue;
        }
        if !is_begin {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Columns in front of a record's texts: two blanks and the label.
const INDENT: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_with_and_without_its_role_and_in_any_case() {
        for wanted in ["server/key-length", "key-length", "Server/Key-Length "] {
            assert_eq!(by_id(wanted).iter().map(|rule| rule.id).collect::<Vec<_>>(), ["server/key-length"]);
        }
        assert_eq!(by_id("extension-offer-malformed").len(), 2, "both roles have a rule of this name");
    }

    #[test]
    fn a_search_finds_rules_with_every_word_and_titles_first() {
        let found = by_text("sixteen BYTES");
        assert!(found.iter().all(|rule| format!("{rule:?}").to_lowercase().contains("sixteen")));
        assert!(by_text("quux zyzzy").is_empty());
    }

    #[test]
    fn a_misspelt_id_brings_the_right_one_first() {
        assert_eq!(near_ids("server/key-lenght").first(), Some(&"server/key-length"));
        assert_eq!(near_ids("hots-missing").first(), Some(&"server/host-missing"));
        assert!(near_ids("ßßßßßßßßßßßßßßßßßßß").is_empty());
    }

    #[test]
    fn a_record_explains_the_words_in_capitals_that_it_uses_and_no_others() {
        let words = |id| {
            let rule = Rule::find(id).expect("a rule of the catalogue");
            WORDS.iter().filter(|(word, _)| rule.speaks_of(word)).map(|(word, _)| *word).collect::<Vec<_>>()
        };
        assert_eq!(words("server/h2-status-101"), ["BASE2"]);
        assert_eq!(words("server/key-length"), ["BASE", "REFUSED"]);
    }

    #[test]
    fn lines_are_wrapped_between_words_and_long_words_are_kept_whole() {
        assert_eq!(wrap("one two three", 9, "  "), ["  one two", "  three"]);
        assert_eq!(wrap("incomprehensibilities", 5, ""), ["incomprehensibilities"]);
    }
}
