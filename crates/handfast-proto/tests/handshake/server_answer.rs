//! What a server answers: accept values, subprotocols, extensions, fields of the program, refusals.

use crate::probe::{accepted, accepted_by, base, refuses, values};
use handfast_proto::error::Misuse;
use handfast_proto::handshake::{Answer, HttpResponse, Offer, Policy};

fn offering(values: &[&str]) -> crate::probe::Head {
    values.iter().fold(base(), |head, value| head.add(format!("Sec-WebSocket-Protocol: {value}")))
}

fn answering(values: &[&str], supported: &[&str]) -> (Offer, String) {
    let answer = Answer::new().subprotocols(supported).unwrap();
    accepted_by(offering(values), &Policy::default(), &answer)
}

fn chosen(offered: &[&str], supported: &[&str]) -> Option<String> {
    let (_, text) = answering(offered, supported);
    let lines = values(&text, "Sec-WebSocket-Protocol");
    assert!(lines.len() <= 1, "{text}");
    lines.first().map(|&name| name.to_owned())
}

// rule: server/subprotocol-unoffered server/subprotocol-empty
#[test]
fn nothing_in_common_means_no_subprotocol_field() {
    assert_eq!(chosen(&[], &["chat"]), None);
    assert_eq!(chosen(&["handfast-unknown"], &["chat"]), None);
    assert_eq!(chosen(&["chat"], &[]), None);
}

// rule: server/subprotocol-several
#[test]
fn one_subprotocol_is_chosen_of_several() {
    assert_eq!(chosen(&["chat, superchat"], &["superchat", "chat"]).as_deref(), Some("superchat"));
}

// rule: server/subprotocol-preference
#[test]
fn the_order_of_the_server_decides() {
    for offered in ["chat, superchat", "superchat, chat"] {
        assert_eq!(chosen(&[offered], &["superchat", "chat"]).as_deref(), Some("superchat"));
    }
}

// rule: server/subprotocol-case-changed
#[test]
fn subprotocols_are_compared_with_case() {
    assert_eq!(chosen(&["Chat"], &["chat"]), None);
    assert_eq!(chosen(&["Chat, chat"], &["chat"]).as_deref(), Some("chat"));
}

// rule: server/subprotocol-lines-refused
#[test]
fn offers_on_several_lines_are_one_list() {
    for offered in
        [&["handfast-unknown", "chat"][..], &["handfast-unknown,chat"], &["", "chat"], &[",, chat ,"]]
    {
        assert_eq!(chosen(offered, &["chat"]).as_deref(), Some("chat"), "{offered:?}");
    }
    let (offer, _) = answering(&["a ,b", "c"], &[]);
    assert_eq!(offer.subprotocols().collect::<Vec<_>>(), ["a", "b", "c"]);
}

// rule: server/subprotocol-offer-invalid
#[test]
fn a_malformed_subprotocol_offer_is_refused_with_400() {
    for value in
        ["chat superchat", "", ",", "chat/2", "ch@t", "chat;v=1", "\"chat\"", "ch\u{e9}t", "chat, a b"]
    {
        refuses(offering(&[value]), 400, "server/subprotocol-offer-invalid");
    }
}

// rule: server/subprotocol-offer-duplicate
#[test]
fn a_subprotocol_offered_twice_is_refused_with_400() {
    refuses(offering(&["chat, x, chat"]), 400, "server/subprotocol-offer-duplicate");
    refuses(offering(&["chat", "chat"]), 400, "server/subprotocol-offer-duplicate");
    let many: Vec<String> = (0..9000).map(|number| format!("p{number}")).collect();
    accepted(offering(&[&many.join(",")]));
}

#[test]
fn a_required_subprotocol_that_is_not_offered_cannot_be_accepted() {
    let (offer, _) = answering(&["b"], &["a"]);
    let answer = Answer::new().subprotocols(["a"]).unwrap().require_subprotocol(true);
    assert_eq!(offer.accept(&answer).unwrap_err(), Misuse::SubprotocolNotOffered);
    let (accepted, _) = offer.accept(&answer.subprotocols(["b"]).unwrap()).unwrap();
    assert_eq!(accepted.subprotocol(), Some("b"));
}

#[test]
fn an_answer_supports_each_subprotocol_once_and_tokens_only() {
    for names in [&["a", "a"][..], &[""], &["a b"], &["a\r\nX: y"], &["a,b"]] {
        assert_eq!(Answer::new().subprotocols(names).unwrap_err(), Misuse::SubprotocolInvalid, "{names:?}");
    }
}

fn extending(values: &[&str]) -> crate::probe::Head {
    values.iter().fold(base(), |head, value| head.add(format!("Sec-WebSocket-Extensions: {value}")))
}

// rule: server/extension-unoffered server/extension-unknown-refused server/extension-empty-field
#[test]
fn unknown_extensions_are_declined_by_leaving_the_field_out() {
    for offered in [
        &[][..],
        &["handfast-unknown"],
        &["handfast-unknown; a=1 ; b=x , permessage-deflate"],
        &["x-webkit-deflate-frame"],
    ] {
        let text = accepted(extending(offered));
        assert!(values(&text, "Sec-WebSocket-Extensions").is_empty(), "{offered:?}: {text}");
    }
}

// rule: server/extension-offer-malformed
#[test]
fn a_malformed_extension_offer_is_refused_with_400() {
    for value in [
        "permessage-deflate; =1",
        "",
        ",",
        "; a",
        "permessage-deflate; a b",
        "permessage-deflate; a=",
        "permessage-deflate; a=\"1",
        "permessage-deflate; a=\"1 2\"",
        "permessage-deflate = 1",
        "permessage-d\u{e9}flate",
        "a; b; , c",
    ] {
        refuses(extending(&[value]), 400, "server/extension-offer-malformed");
    }
    refuses(extending(&["a", "b c"]), 400, "server/extension-offer-malformed");
}

// rule: server/extension-lines-refused server/extension-quoted-value
#[test]
fn extension_lines_are_one_list_and_quoted_values_equal_bare_ones() {
    let one = accepted_by(extending(&["a; x=10, b; y; y=2"]), &Policy::default(), &Answer::new()).0;
    let lines =
        accepted_by(extending(&["a;x=\"10\"", ",, b ;y; y=\"\\2\" ,,"]), &Policy::default(), &Answer::new())
            .0;
    assert_eq!(one.extensions(), lines.extensions());
    let names: Vec<_> = one.extensions().into_iter().map(|extension| extension.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(
        one.extensions()[1].parameters,
        [("y".to_owned(), None), ("y".to_owned(), Some("2".to_owned()))]
    );
}

// rule: server/response-splitting
#[test]
fn what_the_program_adds_to_the_101_is_checked() {
    let answer = Answer::new().field("Set-Cookie", "a=b").unwrap().field("Set-Cookie", "c=\u{e9}").unwrap();
    let (_, text) = accepted_by(base(), &Policy::default(), &answer);
    assert_eq!(values(&text, "Set-Cookie"), ["a=b", "c=\u{e9}"]);
    for (name, value) in [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\0"),
        ("X Y", "a"),
        ("", "a"),
        ("X:", "a"),
        ("Upgrade", "h2c"),
        ("connection", "close"),
        ("Sec-WebSocket-Accept", "x"),
        ("sec-websocket-extensions", "x"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
    ] {
        assert_eq!(
            Answer::new().field(name, value).unwrap_err(),
            Misuse::HeaderNotAllowed,
            "{name}: {value:?}"
        );
    }
}

// rule: server/response-splitting
#[test]
fn hostile_text_of_a_request_comes_back_escaped_in_a_text_body_only() {
    for request in [
        base().add("Origin: <script>alert(1)</script>\u{1b}[31m"),
        base().first("GET /%0d%0aX-Injected:1<script> HTTP/1.1"),
        base().instead("Host", "Host: <script>"),
        base().add("Sec-WebSocket-Protocol: <script>"),
    ] {
        // The probe checks type, nosniff and the absence of control bytes.
        let text = String::from_utf8(crate::probe::refusal(request).to_bytes()).unwrap();
        assert!(values(&text, "X-Injected").is_empty());
    }
}

// rule: server/target-unavailable
#[test]
fn an_offer_for_an_unknown_path_can_be_refused_with_a_complete_404() {
    let (offer, _) = accepted_by(base().first("GET /unknown HTTP/1.1"), &Policy::default(), &Answer::new());
    assert_eq!(offer.request().path(), "/unknown");
    let text = String::from_utf8(HttpResponse::text(404, "Nothing lives here.\n").to_bytes(false)).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 404 Not Found\r\n") && text.ends_with("\r\n\r\nNothing lives here.\n")
    );
    assert_eq!(values(&text, "Content-Length"), ["20"]);
    assert_eq!(
        (values(&text, "Connection"), values(&text, "Cache-Control")),
        (vec!["close"], vec!["no-store"])
    );
}
