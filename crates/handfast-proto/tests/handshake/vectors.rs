//! `tests/vectors.json` whole: every section, every entry, and none skipped in silence.

use crate::answers::{Outcome, good, judge, request};
use crate::probe::{Head, accepted_by, base, ids, refusal, values};
use handfast_proto::deflate::DeflateOptions;
use handfast_proto::error::ResponseFault;
use handfast_proto::handshake::{Accept, Answer, ClientRequest, Key, Policy, Progress, Verdict};
use serde_json::Value;
use std::sync::LazyLock;

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../vectors.json")).expect("the vectors are JSON"));

fn section(name: &str) -> &'static [Value] {
    VECTORS[name].as_array().expect("a section is a list")
}

fn text<'v>(entry: &'v Value, name: &str) -> &'v str {
    entry[name].as_str().unwrap_or_else(|| panic!("{entry} has no {name}"))
}

fn texts<'v>(entry: &'v Value, name: &str) -> Vec<&'v str> {
    entry[name].as_array().expect("a list").iter().map(|value| value.as_str().expect("text")).collect()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

fn with_key(key: impl AsRef<[u8]>) -> Head {
    base().instead("Sec-WebSocket-Key", [b"Sec-WebSocket-Key: ", key.as_ref()].concat())
}

fn accept_of(head: Head) -> String {
    let (_, answer) = accepted_by(head, &Policy::default(), &Answer::new());
    values(&answer, "Sec-WebSocket-Accept").concat()
}

#[test]
fn every_section_is_known_here() {
    let known = [
        "accept",
        "as_sent",
        "extension_offers",
        "extension_responses",
        "invalid_keys",
        "meta",
        "noncanonical_keys",
        "ok_accept_lines",
        "subprotocol_offers",
        "token_lists",
        "version_values",
        "wrong_accepts",
    ];
    let mut sections: Vec<&String> = VECTORS.as_object().expect("sections").keys().collect();
    sections.sort();
    assert_eq!(sections, known);
    assert!(known.iter().filter(|name| **name != "meta").all(|name| !section(name).is_empty()));
}

// rule: server/accept-wrong
#[test]
fn each_key_has_its_accept_on_both_sides() {
    for entry in section("accept") {
        let (key, accept) = (text(entry, "key"), text(entry, "accept"));
        let nonce: [u8; 16] = hex(text(entry, "nonce_hex")).try_into().expect("16 bytes");
        assert_eq!(Key::from_nonce(nonce).as_str(), key);
        let parsed = Key::parse(key.as_bytes()).expect("a key");
        assert!(parsed.is_canonical() && parsed.nonce() == nonce, "{entry}");
        assert_eq!(Accept::derive(&parsed).as_str(), accept);
        assert_eq!(Accept::steps(&parsed).accept.as_str(), accept);
        assert_eq!(accept_of(with_key(key)), accept);
        assert_eq!(request().start(nonce).1.expected().as_str(), accept);
    }
}

#[test]
fn each_key_line_counts_without_its_outer_blanks() {
    for entry in section("as_sent") {
        let head = base().instead("Sec-WebSocket-Key", text(entry, "field_line"));
        assert_eq!(accept_of(head), text(entry, "accept"), "{entry}");
    }
}

// rule: server/accept-over-text
#[test]
fn each_key_with_pad_bits_is_hashed_as_sent() {
    for entry in section("noncanonical_keys") {
        let key = Key::parse(text(entry, "key").as_bytes()).expect("a key");
        assert!(!key.is_canonical(), "{entry}");
        assert_eq!(key.nonce().to_vec(), hex(text(entry, "nonce_hex")));
        assert_eq!(Key::from_nonce(key.nonce()).as_str(), text(entry, "canonical_key"));
        assert_eq!(accept_of(with_key(text(entry, "key"))), text(entry, "accept_over_text"));
        assert_ne!(
            accept_of(with_key(text(entry, "key"))),
            text(entry, "accept_over_canonical_text_is_wrong")
        );
    }
}

#[test]
fn each_invalid_key_is_refused_with_400_and_with_reasons() {
    for entry in section("invalid_keys") {
        assert!(text(entry, "verdict").starts_with("must_reject"), "{entry}");
        let key = hex(text(entry, "key_hex"));
        let faults = Key::parse(&key).expect_err("no key");
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault.status() == 400), "{entry}");
        let rules: Vec<_> = faults.iter().map(|fault| fault.rule().id).collect();
        let wanted: &[&str] = match text(entry, "class") {
            "empty" => &["server/key-empty"],
            "padding" => &["server/key-padding-missing", "server/key-padding-excess", "server/key-length"],
            "alphabet" => &["server/key-alphabet", "server/key-url-safe", "server/key-list"],
            "length" => &["server/key-length", "server/key-over-long"],
            "list" => &["server/key-list"],
            "syntax" => &["server/key-alphabet", "server/key-list"],
            "whitespace" => &["server/key-inner-whitespace"],
            "control" | "fold" | "obs-text" => &["server/key-alphabet"],
            other => panic!("unknown class {other}"),
        };
        assert!(rules.iter().any(|rule| wanted.contains(rule)), "{entry}: {rules:?}");
        let refused = refusal(with_key(&key));
        assert_eq!(refused.status(), 400, "{entry}");
        if !entry["http_level"].as_bool().expect("a flag") {
            assert!(ids(&refused).iter().any(|id| id.starts_with("server/key-")), "{entry}");
        }
    }
}

/// What a client that sent this key makes of an accept line.
fn answer(key: &str, line: impl AsRef<[u8]>) -> Result<Verdict, Vec<ResponseFault>> {
    let nonce = Key::parse(key.as_bytes()).expect("a key").nonce();
    let (_, mut pending) = request().start(nonce);
    let bytes = good().instead("Sec-WebSocket-Accept", line).bytes();
    match pending.read(&bytes, &Default::default())? {
        Progress::Complete { value, .. } => Ok(value),
        Progress::Partial => panic!("a complete answer"),
    }
}

// rule: client/accept-wrong-opens
#[test]
fn each_wrong_accept_fails() {
    for entry in section("wrong_accepts") {
        assert_eq!(text(entry, "verdict"), "must_fail");
        let line = format!("Sec-WebSocket-Accept: {}", text(entry, "wrong"));
        let faults = match answer(text(entry, "key"), line) {
            Err(faults) | Ok(Verdict::Faulty(faults, _)) => faults,
            Ok(verdict) => panic!("{verdict:?} for {entry}"),
        };
        let rules: Vec<_> = faults.iter().map(|fault| fault.rule().id).collect();
        let wanted = match text(entry, "kind") {
            "empty" => "client/accept-missing-opens",
            "case-swapped" | "lower-case" | "one-letter-case" => "client/accept-case-changed-opens",
            "two-values" | "doubled" => "client/accept-duplicate-opens",
            "extra-padding"
            | "no-padding"
            | "prefix"
            | "quoted"
            | "inner-space"
            | "suffix-added"
            | "non-canonical-equal-bytes" => "client/accept-trimmed-opens",
            _ => "client/accept-wrong-opens",
        };
        assert!(rules.contains(&wanted), "{entry}: {rules:?}");
    }
}

#[test]
fn each_right_accept_line_opens() {
    for entry in section("ok_accept_lines") {
        assert_eq!(text(entry, "verdict"), "must_match");
        let verdict = answer(text(entry, "key"), text(entry, "field_line"));
        assert!(matches!(verdict, Ok(Verdict::Opened(..))), "{entry}");
    }
}

#[test]
fn each_version_is_accepted_or_refused_with_426() {
    for entry in section("version_values") {
        let lines = texts(entry, "field_lines");
        let head = lines.iter().fold(base().without("Sec-WebSocket-Version"), |head, line| head.add(line));
        if text(entry, "verdict") == "accept" {
            accepted_by(head, &Policy::default(), &Answer::new());
            continue;
        }
        // Drafts are left to judgement: this library refuses them.
        assert!(
            matches!(text(entry, "verdict"), "reject" | "reject_with_version_header" | "judgement"),
            "{entry}"
        );
        let refused = refusal(head);
        assert_eq!(refused.status(), 426, "{entry}");
        assert!(ids(&refused).iter().all(|id| id.starts_with("server/version-")), "{entry}");
        let answer = String::from_utf8(refused.to_bytes()).expect("text");
        assert_eq!(values(&answer, "Sec-WebSocket-Version"), ["13"]);
    }
}

#[test]
fn each_token_list_matches_or_not() {
    for entry in section("token_lists") {
        let name = text(entry, "header");
        let lines = texts(entry, "field_values");
        let head =
            lines.iter().fold(base().without(name), |head, value| head.add(format!("{name}: {value}")));
        match text(entry, "verdict") {
            "match" => drop(accepted_by(head, &Policy::default(), &Answer::new())),
            // `close, Upgrade` and `websocket/13` are left to judgement: this library refuses both.
            "no_match" | "judgement" => {
                let refused = refusal(head);
                assert_eq!(ids(&refused).len(), 1, "{entry}");
                assert!(ids(&refused)[0].starts_with(&format!("server/{}-", name.to_lowercase())), "{entry}");
            }
            other => panic!("unknown verdict {other}"),
        }
    }
}

#[test]
fn each_subprotocol_offer_is_judged_on_both_sides() {
    for entry in section("subprotocol_offers") {
        let id = text(entry, "id");
        let lines = texts(entry, "field_values");
        let head =
            lines.iter().fold(base(), |head, value| head.add(format!("Sec-WebSocket-Protocol: {value}")));
        match text(entry, "request_verdict") {
            "ok" => {}
            // Names that differ in case only are two names; the same name twice is refused.
            "judgement" if id == "SUBP-12" => {}
            "judgement" | "must_reject" => {
                assert_eq!(refusal(head).status(), 400, "{entry}");
                continue;
            }
            other => panic!("unknown verdict {other}"),
        }
        let names: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
        let offer = names.iter().fold(request(), |request, name| request.subprotocol(name).expect("a token"));
        for legal in entry["legal_responses"].as_array().expect("a list") {
            let legal = legal.as_str();
            let answer = Answer::new().subprotocols(legal).expect("a token");
            let (_, text) = accepted_by(head.clone(), &Policy::default(), &answer);
            assert_eq!(values(&text, "Sec-WebSocket-Protocol").first().copied(), legal, "{entry}");
            let head = match legal {
                Some(name) => good().add(format!("Sec-WebSocket-Protocol: {name}")),
                None => good(),
            };
            crate::answers::opens_to(&offer, head, legal);
        }
        // Another case than the one offered is left to judgement: this library fails it.
        for wrong in texts(entry, "illegal_responses").into_iter().chain(texts(entry, "judgement_responses"))
        {
            let outcome = judge(&offer, good().add(format!("Sec-WebSocket-Protocol: {wrong}")));
            assert!(matches!(outcome, Outcome::Failed(_)), "{entry}: {wrong}");
        }
    }
}

/// The settings with which each offer is answered.
fn settings() -> Vec<DeflateOptions> {
    let mut all = Vec::new();
    for (own_window_bits, peer_window_bits) in [(15, 15), (9, 15), (15, 9), (10, 12)] {
        for (own_context, peer_context) in [(true, true), (true, false), (false, true), (false, false)] {
            all.push(DeflateOptions {
                own_context,
                peer_context,
                own_window_bits,
                peer_window_bits,
                ..DeflateOptions::default()
            });
        }
    }
    all
}

/// Whether an answer of ours obeys the constraints of one offered element.
fn obeys(answer: &str, constraints: &Value) -> bool {
    let mut parts = answer.split(';').map(str::trim);
    assert_eq!(parts.next(), Some("permessage-deflate"));
    let parameters: Vec<(&str, Option<&str>)> = parts
        .map(|part| part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value))))
        .collect();
    let known = constraints.as_object().expect("constraints");
    parameters.iter().all(|(name, _)| known.contains_key(*name))
        && known.iter().all(|(name, constraint)| {
            let found: Vec<_> = parameters.iter().filter(|(other, _)| other == name).collect();
            let presence = constraint.as_str().or(constraint["presence"].as_str()).expect("a presence");
            let count_fits = match presence {
                "required" => found.len() == 1,
                "optional" => found.len() <= 1,
                "forbidden" => found.is_empty(),
                other => panic!("unknown presence {other}"),
            };
            let value_fits = |value: Option<&str>| match constraint["min"].as_u64() {
                None => value.is_none(),
                Some(min) => value.and_then(|value| value.parse().ok()).is_some_and(|bits: u64| {
                    let hint = constraint["hint"].as_u64().unwrap_or(15);
                    bits >= min && bits <= constraint["max"].as_u64().expect("a maximum").min(hint)
                }),
            };
            count_fits && found.iter().all(|(_, value)| value_fits(*value))
        })
}

// rule: server/deflate-server-bits-ignored server/deflate-server-takeover-ignored server/deflate-client-bits-unoffered
// rule: server/deflate-answer-malformed server/deflate-parameter-unknown server/deflate-parameter-value
// rule: server/deflate-parameter-duplicate server/deflate-fallback-ignored
#[test]
fn each_extension_offer_is_refused_declined_or_answered_as_it_may_be() {
    for entry in section("extension_offers") {
        let lines = texts(entry, "field_values");
        let head =
            lines.iter().fold(base(), |head, value| head.add(format!("Sec-WebSocket-Extensions: {value}")));
        if text(entry, "syntax") == "malformed" {
            assert_eq!(text(entry, "server_decision"), "must_fail_handshake");
            let refused = refusal(head);
            assert_eq!(
                (refused.status(), ids(&refused)),
                (400, vec!["server/extension-offer-malformed"]),
                "{entry}"
            );
            continue;
        }
        let elements = entry["elements"].as_array().expect("elements");
        let (offer, plain) = accepted_by(head.clone(), &Policy::default(), &Answer::new());
        assert!(values(&plain, "Sec-WebSocket-Extensions").is_empty(), "{entry}");
        let parsed = offer.extensions();
        assert_eq!(parsed.len(), elements.len(), "{entry}");
        for (extension, element) in parsed.iter().zip(elements) {
            assert_eq!(extension.name, text(element, "name"));
            let parameters = element["params"].as_array().expect("parameters");
            assert_eq!(extension.parameters.len(), parameters.len());
            for ((name, value), wanted) in extension.parameters.iter().zip(parameters) {
                assert_eq!(
                    (Some(&**name), value.as_deref()),
                    (wanted[0].as_str(), wanted[1].as_str()),
                    "{entry}"
                );
            }
        }
        for options in settings() {
            let (_, answer) = accepted_by(head.clone(), &Policy::default(), &Answer::new().deflate(options));
            let answered = values(&answer, "Sec-WebSocket-Extensions");
            let legal = |answer: &str| {
                elements.iter().any(|element| {
                    text(element, "decision") == "acceptable"
                        && obeys(answer, &element["response_constraints"])
                })
            };
            match (text(entry, "server_decision"), answered.as_slice()) {
                ("may_accept_one_or_decline_all" | "must_decline_all" | "judgement", []) => {}
                ("may_accept_one_or_decline_all", [answer]) => assert!(legal(answer), "{entry}: {answer}"),
                (decision, other) => panic!("{decision}: {other:?} for {entry}"),
            }
        }
    }
}

/// The settings whose offer demands what this one does. Ours always has `client_max_window_bits` beside it.
fn offering(offer: &[&str]) -> ClientRequest {
    let [offer] = offer else {
        assert!(offer.is_empty(), "one offer at most: {offer:?}");
        return request();
    };
    let mut options = DeflateOptions::with_context();
    let mut parts = offer.split(';').map(str::trim);
    assert_eq!(parts.next(), Some("permessage-deflate"));
    for part in parts {
        match part.split_once('=').unwrap_or((part, "")) {
            ("server_no_context_takeover", "") => options.peer_context = false,
            ("client_no_context_takeover", "") => options.own_context = false,
            ("client_max_window_bits", "") => {}
            ("client_max_window_bits", bits) => options.own_window_bits = bits.parse().expect("bits"),
            ("server_max_window_bits", bits) => options.peer_window_bits = bits.parse().expect("bits"),
            other => panic!("unknown parameter {other:?}"),
        }
    }
    request().deflate(options)
}

// rule: client/extension-unoffered-opens client/deflate-answer-parameter-opens client/deflate-unasked-limit-opens
// rule: client/deflate-answered-twice-opens client/deflate-legal-answer-refused
#[test]
fn each_extension_answer_opens_or_fails() {
    let mut never_offered = Vec::new();
    for entry in section("extension_responses") {
        let (offer, answer) = (texts(entry, "offer"), texts(entry, "response"));
        if text(entry, "reason") == "client_max_window_bits was not offered" {
            // No offer of ours leaves it out, so that this answer is legal to it.
            never_offered.push(text(entry, "id"));
            continue;
        }
        let head =
            answer.iter().fold(good(), |head, value| head.add(format!("Sec-WebSocket-Extensions: {value}")));
        let outcome = judge(&offering(&offer), head);
        match (text(entry, "verdict"), text(entry, "id")) {
            ("must_fail", _) => assert!(matches!(outcome, Outcome::Failed(_)), "{entry}"),
            ("must_accept_or_may_refuse_if_unsupported", _) => {
                assert!(matches!(outcome, Outcome::Open(..)), "{entry}: {outcome:?}");
            }
            // A window above the hint is taken, since the hint may be ignored; a name in another case is not.
            ("judgement", "RESP-17") => assert!(matches!(outcome, Outcome::Open(..)), "{entry}: {outcome:?}"),
            ("judgement", "RESP-46") => {
                assert!(matches!(outcome, Outcome::Failed(_)), "{entry}: {outcome:?}")
            }
            other => panic!("unknown verdict {other:?}"),
        }
    }
    assert_eq!(never_offered, ["RESP-06"]);
}
