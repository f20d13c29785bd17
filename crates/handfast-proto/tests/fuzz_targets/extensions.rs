//! The grammar of extension lists, the parameters of permessage-deflate, and the server's answer to them.

use super::ends::request_with_extensions;
use handfast_proto::deflate::{DeflateOptions, NAME, Parameters};
use handfast_proto::handshake::{Answer, Extension, Offer, Policy, Progress, RequestReader};

/// The first two bytes choose what the server wants; the rest is the value of `Sec-WebSocket-Extensions`.
pub fn offer_and_answer(input: &[u8]) {
    let Some((&[own, peer], value)) = input.split_first_chunk::<2>() else { return };
    if value.iter().any(|&byte| byte == b'\n' || byte == b'\r') {
        return;
    }
    let options = DeflateOptions {
        own_window_bits: own & 15,
        peer_window_bits: peer & 15,
        own_context: own & 16 != 0,
        peer_context: peer & 16 != 0,
        ..DeflateOptions::default()
    };
    let Some(offer) = read(value) else { return };
    let list = offer.extensions();
    assert!(!list.is_empty());
    let tokens = list.iter().flat_map(|extension| {
        let values = extension.parameters.iter().filter_map(|(_, value)| value.as_ref());
        let names = extension.parameters.iter().map(|(name, _)| name);
        std::iter::once(&extension.name).chain(names).chain(values)
    });
    assert!(tokens.clone().all(|token| !token.is_empty() && token.bytes().all(is_token_byte)));

    let again = read(written(&list).as_bytes()).expect("what was understood can be written again");
    assert_eq!(again.extensions(), list);
    check_parameters(&list);

    let (accepted, response) = offer.accept(&Answer::new().deflate(options)).expect("nothing is required");
    let response = String::from_utf8(response).expect("a 101 is ASCII");
    let answers: Vec<&str> =
        response.lines().filter_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: ")).collect();
    assert_eq!(answers.len(), usize::from(accepted.deflate().is_some()));
    let [answer] = answers[..] else { return };
    let answer = read(answer.as_bytes()).expect("the answer keeps the grammar").extensions();
    let [answer] = &answer[..] else { panic!("one extension is answered") };
    let answer = Parameters::parse(answer).expect("the answer's parameters are right");
    let fits = |offer: &Extension| {
        offer.name == NAME && Parameters::parse(offer).is_ok_and(|offer| is_answer(&answer, &offer))
    };
    assert!(list.iter().any(fits), "the answer {answer} fits no offer");
    let agreed = accepted.deflate().expect("it was answered");
    assert_eq!(agreed.own_context, !answer.server_no_context_takeover);
    assert_eq!(agreed.peer_context, !answer.client_no_context_takeover);
    assert!((9..=answer.server_max_window_bits.unwrap_or(15)).contains(&agreed.own_window_bits));
    assert!((8..=15).contains(&agreed.peer_window_bits));
}

/// Whether a server may answer this to that (RFC 7692 sections 7.1.1 and 7.1.2).
fn is_answer(answer: &Parameters, offer: &Parameters) -> bool {
    let server_bits_fit = match (offer.server_max_window_bits, answer.server_max_window_bits) {
        (None, _) => true,
        (Some(most), bits) => bits.is_some_and(|bits| bits <= most),
    };
    let client_bits_fit = match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (_, None) => true,
        (None, Some(_)) | (_, Some(None)) => false,
        (Some(most), Some(Some(bits))) => bits <= most.unwrap_or(15),
    };
    let takeover_fits = answer.server_no_context_takeover || !offer.server_no_context_takeover;
    server_bits_fit && client_bits_fit && takeover_fits
}

fn check_parameters(list: &[Extension]) {
    for extension in list.iter().filter(|extension| extension.name == NAME) {
        let Ok(parameters) = Parameters::parse(extension) else { continue };
        assert!(extension.parameters.len() <= 4, "four parameters, each once");
        let again =
            read(parameters.to_string().as_bytes()).expect("parameters are written right").extensions();
        assert_eq!(Parameters::parse(&again[0]), Ok(parameters));
    }
}

/// What a server makes of this value; `None` when it refuses the request.
fn read(value: &[u8]) -> Option<Offer> {
    let policy = Policy::default();
    match RequestReader::new().read(&request_with_extensions(value), &policy) {
        Ok(Progress::Complete { value, .. }) => value.into_offer(&policy).ok(),
        Ok(Progress::Partial) => panic!("the head is whole"),
        Err(_) => None,
    }
}

/// The list as it would stand in a request; every value quoted, which means the same.
fn written(list: &[Extension]) -> String {
    let one = |extension: &Extension| {
        let parameters = extension.parameters.iter().map(|(name, value)| match value {
            Some(value) => format!(";{name} = \"{value}\""),
            None => format!("; {name}"),
        });
        extension.name.clone() + &parameters.collect::<String>()
    };
    list.iter().map(one).collect::<Vec<_>>().join(",,")
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
